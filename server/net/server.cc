#include "server/net/server.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "server/net/descriptors.h"

namespace tagcache::server {
namespace {

// What the program that runs the server may have open besides it.
constexpr size_t kDescriptorsOfOthers = 64;

}  // namespace

Server::Server(Engine& engine, const ServerOptions& options) : engine_(engine), options_(options) {}

Server::~Server() {
  Stop();
  Join();
}

std::string Server::Open() {
  const size_t workers = options_.workers;
  const size_t places = DescriptorsForPlaces(options_.worker.max_connections, workers);
  RaiseDescriptorLimit(places + DescriptorsToStart(workers) + kDescriptorsOfOthers);
  if (std::string error = WhyTooFewDescriptors(workers); !error.empty()) return error;
  for (size_t i = 0; i < workers; ++i) {
    workers_.push_back(
        std::make_unique<Worker>(engine_, options_.worker, open_connections_, i == 0));
  }
  std::string error = options_.host.empty() ? std::string() : OpenTcp();
  if (error.empty() && !options_.unix_socket.empty()) error = OpenUnix();
  if (!error.empty()) {
    workers_.clear();
    return error;
  }
  LimitConnections(FreeDescriptors(places));
  return {};
}

// Everything else that the process needs is open by now.
void Server::LimitConnections(size_t free_descriptors) {
  const size_t wanted = options_.worker.max_connections;
  PlaceLimits& limits = open_connections_.limits;
  limits = FitPlaces(wanted, free_descriptors, options_.workers);
  engine_.SetMaxConnections(limits.regular);
  if (limits.regular >= wanted) return;
  engine_.events().Write(Level::kWarning, "few_descriptors",
                         {{"limit", DescriptorLimit()},
                          {"max_connections", wanted},
                          {"max_connections_effective", limits.regular}});
}

std::string Server::OpenTcp() {
  port_ = options_.port;
  BoundSocket listening;
  std::string error = ListenTcp(options_.host, &port_, options_.worker.sockets, &listening);
  if (!error.empty()) return error;
  const std::string clamped = FindClampedBuffer(listening.fd(), options_.worker.sockets);
  if (!clamped.empty()) {
    engine_.events().Write(Level::kWarning, "socket_buffer_cut", {{"detail", clamped}});
  }
  error = workers_.front()->Listen(listening.Release(), Transport::kTcp, workers_);
  return error.empty() ? error : "listen on " + tcp_address() + ": " + error;
}

std::string Server::OpenUnix() {
  std::string error =
      unix_file_.Listen(options_.unix_socket, options_.unix_socket_mode, options_.worker.sockets);
  if (!error.empty()) return error;
  // The file keeps a descriptor of its own: it has to listen until the file is removed.
  const int fd = fcntl(unix_file_.fd(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return std::string("unix_socket: ") + std::strerror(errno);
  error = workers_.front()->Listen(fd, Transport::kUnix, workers_);
  return error.empty() ? error : "listen on '" + options_.unix_socket + "': " + error;
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
