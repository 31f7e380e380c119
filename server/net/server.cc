#include "server/net/server.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

namespace tagcache::server {

Server::Server(Engine& engine, const ServerOptions& options) : engine_(engine), options_(options) {}

Server::~Server() {
  Stop();
  Join();
}

std::string Server::Open() {
  for (size_t i = 0; i < options_.workers; ++i) {
    workers_.push_back(
        std::make_unique<Worker>(engine_, options_.worker, open_connections_, i == 0));
  }
  std::string error = options_.host.empty() ? std::string() : OpenTcp();
  if (error.empty() && !options_.unix_socket.empty()) error = OpenUnix();
  if (!error.empty()) workers_.clear();
  return error;
}

std::string Server::OpenTcp() {
  port_ = options_.port;
  if (port_ != 0) {
    if (std::string error = CheckTcpFree(options_.host, port_); !error.empty()) return error;
  }
  for (size_t i = 0; i < workers_.size(); ++i) {
    BoundSocket bound;
    std::string error = BindTcp(options_.host, &port_, options_.worker.sockets, &bound);
    if (!error.empty()) return error;
    if (i == 0) {
      const std::string clamped = FindClampedBuffer(bound.fd(), options_.worker.sockets);
      if (!clamped.empty()) {
        engine_.events().Write(Level::kWarning, "socket_buffer_cut", {{"detail", clamped}});
      }
    }
    error = workers_[i]->Listen(bound.Release(), Transport::kTcp);
    if (!error.empty()) return "listen on " + TcpAddress(options_.host, port_) + ": " + error;
  }
  return {};
}

std::string Server::OpenUnix() {
  std::string error =
      unix_file_.Bind(options_.unix_socket, options_.unix_socket_mode, options_.worker.sockets);
  if (!error.empty()) return error;
  for (const std::unique_ptr<Worker>& worker : workers_) {
    // One socket, with a descriptor for each loop: the worker that is first accepts.
    const int fd = fcntl(unix_file_.fd(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return std::string("unix_socket: ") + std::strerror(errno);
    error = worker->Listen(fd, Transport::kUnix);
    if (!error.empty()) return "listen on '" + options_.unix_socket + "': " + error;
  }
  return {};
}

void Server::Start() {
  for (const std::unique_ptr<Worker>& worker : workers_) worker->Start();
}

void Server::Stop() {
  for (const std::unique_ptr<Worker>& worker : workers_) worker->Stop();
}

void Server::Join() {
  for (const std::unique_ptr<Worker>& worker : workers_) worker->Join();
}

std::string Server::tcp_address() const {
  return options_.host.empty() ? std::string() : TcpAddress(options_.host, port_);
}

}  // namespace tagcache::server
