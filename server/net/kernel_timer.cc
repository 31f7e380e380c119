#include "server/net/kernel_timer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace tagcache::server {
namespace {

int NewTimer() {
  const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "timerfd_create");
  return fd;
}

timespec TimespecOf(TimeMs time) {
  return {.tv_sec = static_cast<time_t>(time / 1000),
          .tv_nsec = static_cast<long>(time % 1000 * 1'000'000)};
}

}  // namespace

KernelTimer::KernelTimer(uv_loop_t* loop, void (*expired)(void* data), void* data)
    : fd_(NewTimer()), expired_(expired), data_(data) {
  uv_poll_init(loop, &poll_, fd_);
  poll_.data = this;
  uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* poll, int, int) {
    auto& timer = *static_cast<KernelTimer*>(poll->data);
    uint64_t times = 0;
    if (read(timer.fd_, &times, sizeof times) == sizeof times) timer.expired_(timer.data_);
  });
}

void KernelTimer::Start(TimeMs after, TimeMs repeat) {
  const itimerspec times = {.it_interval = TimespecOf(repeat), .it_value = TimespecOf(after)};
  timerfd_settime(fd_, 0, &times, nullptr);
}

void KernelTimer::Close() {
  auto* handle = reinterpret_cast<uv_handle_t*>(&poll_);
  if (uv_is_closing(handle)) return;
  uv_poll_stop(&poll_);
  uv_close(handle, nullptr);
  close(fd_);
}

}  // namespace tagcache::server
