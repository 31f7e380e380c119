#include "server/net/listener.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cassert>
#include <cerrno>
#include <cstdint>

namespace tagcache::server {
namespace {

constexpr int kAcceptsInATurn = 8;
// Short beside what a peer waits for a connection, long beside what an attempt costs.
constexpr uint64_t kPauseMs = 200;

bool IsLocal(const sockaddr_storage& peer) {
  if (peer.ss_family == AF_UNIX) return true;
  if (peer.ss_family == AF_INET) {
    return ntohl(reinterpret_cast<const sockaddr_in&>(peer).sin_addr.s_addr) >> 24 == 127;
  }
  const in6_addr& address = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&address)) return address.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&address);
}

}  // namespace

std::unique_ptr<Listener> Listener::Open(uv_loop_t* loop, int fd, Transport transport,
                                         ListenerUser& user, std::string* error) {
  std::unique_ptr<Listener> listener(new Listener(transport, user));
  if (const int failure = listener->socket_.Open(loop, fd); failure != 0) {
    *error = uv_strerror(failure);
    return nullptr;
  }
  uv_timer_init(loop, &listener->pause_);
  listener->pause_.data = listener.get();
  listener->socket_.Watch(true, false);
  return listener;
}

Listener::Listener(Transport transport, ListenerUser& user) : transport_(transport), user_(user) {
  socket_.SetUser(this);
}

Listener::~Listener() { assert(!socket_.open()); }

void Listener::Close() {
  if (!socket_.open()) return;
  socket_.Close();
  uv_close(reinterpret_cast<uv_handle_t*>(&pause_), nullptr);
}

void Listener::OnSocketReady(bool /*readable*/, bool /*writable*/) {
  for (int i = 0; i < kAcceptsInATurn && socket_.open(); ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    const int fd = accept4(socket_.fd(), reinterpret_cast<sockaddr*>(&peer), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      user_.OnAccepted(fd, transport_, transport_ == Transport::kUnix || IsLocal(peer));
      continue;
    }
    if (errno == EAGAIN) return;
    if (errno == EINTR || errno == ECONNABORTED) continue;  // the peer is gone already
    return Pause(errno);
  }
}

void Listener::Pause(int failure) {
  socket_.Watch(false, false);
  uv_timer_start(
      &pause_,
      [](uv_timer_t* timer) { static_cast<Listener*>(timer->data)->socket_.Watch(true, false); },
      kPauseMs, 0);
  user_.OnAcceptFailed(uv_strerror(-failure));
}

}  // namespace tagcache::server
