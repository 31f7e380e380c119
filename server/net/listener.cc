#include "server/net/listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>

namespace tagcache::server {
namespace {

constexpr int kBacklog = 1024;

int OpenSpare() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

std::unique_ptr<Listener> Listener::Open(uv_loop_t* loop, int fd, Transport transport,
                                         ListenerUser& user, std::string* error) {
  std::unique_ptr<Listener> listener(new Listener(transport, user));
  int failure = listen(fd, kBacklog) == 0 ? 0 : -errno;
  if (failure == 0) {
    failure = listener->socket_.Open(loop, fd);
  } else {
    close(fd);
  }
  if (failure != 0) {
    *error = uv_strerror(failure);
    return nullptr;
  }
  listener->socket_.Watch(true, false);
  return listener;
}

Listener::Listener(Transport transport, ListenerUser& user)
    : transport_(transport), user_(user), spare_fd_(OpenSpare()) {
  socket_.SetUser(this);
}

Listener::~Listener() {
  assert(!socket_.open());
  if (spare_fd_ >= 0) close(spare_fd_);
}

void Listener::Close() {
  if (socket_.open()) socket_.Close();
}

void Listener::OnSocketReady(bool /*readable*/, bool /*writable*/) {
  const int fd = accept4(socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) return user_.OnAccepted(fd, transport_);
  // Another worker was first, or the peer is gone already.
  if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
  if ((errno == EMFILE || errno == ENFILE) && spare_fd_ >= 0) return RefuseOne();
  user_.OnAcceptFailed(uv_strerror(-errno));
}

void Listener::RefuseOne() {
  close(spare_fd_);
  const int fd = accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) close(fd);
  spare_fd_ = OpenSpare();
}

}  // namespace tagcache::server
