#include "server/net/socket_watcher.h"

#include <unistd.h>

#include <cassert>

namespace tagcache::server {

SocketWatcher::~SocketWatcher() { assert(!in_loop_); }

int SocketWatcher::Open(uv_loop_t* loop, int fd) {
  assert(!in_loop_ && fd >= 0);
  const int failure = uv_poll_init(loop, &poll_, fd);
  if (failure != 0) {
    close(fd);
    return failure;
  }
  poll_.data = this;
  fd_ = fd;
  in_loop_ = true;
  return 0;
}

void SocketWatcher::Watch(bool to_read, bool to_write) {
  assert(open());
  const int events = (to_read ? UV_READABLE : 0) | (to_write ? UV_WRITABLE : 0);
  if (events == events_) return;
  events_ = events;
  if (events == 0) {
    uv_poll_stop(&poll_);
    return;
  }
  uv_poll_start(&poll_, events, [](uv_poll_t* poll, int status, int ready) {
    auto& watcher = *static_cast<SocketWatcher*>(poll->data);
    if (status == 0) {
      return watcher.user_->OnSocketReady((ready & UV_READABLE) != 0, (ready & UV_WRITABLE) != 0);
    }
    // libuv watches no longer after an error.
    watcher.events_ = 0;
    watcher.user_->OnSocketReady(true, true);
  });
}

void SocketWatcher::Close() {
  assert(open());
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), [](uv_handle_t* handle) {
    auto& watcher = *static_cast<SocketWatcher*>(handle->data);
    watcher.in_loop_ = false;
    watcher.user_->OnSocketClosed();
  });
  close(fd_);
  fd_ = -1;
}

}  // namespace tagcache::server
