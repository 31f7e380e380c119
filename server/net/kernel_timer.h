#ifndef TAGCACHE_SERVER_NET_KERNEL_TIMER_H_
#define TAGCACHE_SERVER_NET_KERNEL_TIMER_H_

// A timer that the kernel keeps (timerfd), for what every worker does periodically. While a
// uv_timer is active, the kernel sets up and removes a timer for each sleep of the loop, which
// costs a twentieth of a small request.
//
// Threads: its loop's. Errors: the constructor throws std::system_error where the process has no
// descriptor left.

#include <uv.h>

#include "server/store/store.h"

namespace tagcache::server {

class KernelTimer {
 public:
  KernelTimer(uv_loop_t* loop, void (*expired)(void* data), void* data);
  // REQUIRES: Close was called, and the loop has run since.
  ~KernelTimer() = default;
  KernelTimer(const KernelTimer&) = delete;
  KernelTimer& operator=(const KernelTimer&) = delete;

  // Calls expired(data) after `after` milliseconds and then every `repeat`; 0: once.
  // REQUIRES: after > 0.
  void Start(TimeMs after, TimeMs repeat);
  // Calls it no more, and lets the loop end.
  void Close();

 private:
  const int fd_;
  void (*const expired_)(void* data);
  void* const data_;
  uv_poll_t poll_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_KERNEL_TIMER_H_
