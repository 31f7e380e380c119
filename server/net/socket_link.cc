#include "server/net/socket_link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "server/net/listening_socket.h"

namespace tagcache::server {
namespace {

// More pieces than this are written in further calls.
constexpr size_t kMostPieces = 8;

// What errno means for the transfer. The socket may also just not be ready.
Transfer Failed() {
  if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) return {};
  return {.failure = uv_strerror(-errno)};
}

}  // namespace

SocketLink::SocketLink(std::unique_ptr<SocketWatcher> socket, Transport transport, LinkUser& user)
    : socket_(std::move(socket)), user_(user), transport_(transport) {
  socket_->SetUser(this);
}

Transfer SocketLink::Read(std::span<char> space) {
  assert(!space.empty());
  const ssize_t n = recv(socket_->fd(), space.data(), space.size(), 0);
  if (n < 0) return Failed();
  return {.bytes = static_cast<size_t>(n), .ended = n == 0};
}

Transfer SocketLink::Write(std::span<const std::string_view> pieces) {
  assert(!pieces.empty() && !pieces.front().empty());
  ssize_t n = 0;
  if (pieces.size() == 1) {
    n = send(socket_->fd(), pieces[0].data(), pieces[0].size(), MSG_NOSIGNAL);
  } else {
    iovec parts[kMostPieces];
    msghdr message{};
    message.msg_iov = parts;
    for (const std::string_view piece : pieces.first(std::min(pieces.size(), kMostPieces))) {
      parts[message.msg_iovlen++] = {const_cast<char*>(piece.data()), piece.size()};
    }
    n = sendmsg(socket_->fd(), &message, MSG_NOSIGNAL);
  }
  if (n < 0) return Failed();
  return {.bytes = static_cast<size_t>(n)};
}

// While the connection is polled the loop watches all the same: it runs between two turns of
// polling, and then finds mostly nothing.
bool SocketLink::Wait(bool to_read, bool to_write, bool /*polled*/) {
  socket_->Watch(to_read, to_write);
  return true;
}

bool SocketLink::FinishWriting() { return shutdown(socket_->fd(), SHUT_WR) == 0; }

std::string SocketLink::Address() const {
  if (transport_ == Transport::kUnix) return "unix";
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getpeername(socket_->fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  char host[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
    return TcpAddress(host, ntohs(v6->sin6_port));
  }
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
  inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
  return TcpAddress(host, ntohs(v4->sin_port));
}

}  // namespace tagcache::server
