#ifndef TAGCACHE_LIBCLIENT_POOL_SERVER_HEALTH_H_
#define TAGCACHE_LIBCLIENT_POOL_SERVER_HEALTH_H_

// Whether a server may be connected to now: the back-off after failed connects, without I/O or a
// clock.
//
//          Failed                       now >= retry_at: one caller is let through
//   up ------------> down (retry_at) --------------------------> down, probing
//    ^                 ^                                            |      |
//    |                 +------------- Failed: longer back-off ------+      |
//    +------------------------------- Succeeded --------------------------+
//
// Threads: one at a time. Errors: none.

#include <chrono>
#include <cstdint>

namespace tagcache {

class ServerHealth {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  // Zero `backoff`: every connect is admitted. REQUIRES: backoff <= backoff_max.
  ServerHealth(Duration backoff, Duration backoff_max)
      : backoff_(backoff), backoff_max_(backoff_max) {}

  // Whether the caller may connect now. If so it calls Succeeded or Failed afterwards.
  bool Admit(TimePoint now);
  void Succeeded();
  // `random` is any number: half of the back-off depends on it, so that many clients do not come
  // back in the same instant.
  void Failed(TimePoint now, uint64_t random);

  bool down() const { return down_; }
  // When the next connect is admitted; meaningful while down.
  TimePoint retry_at() const { return retry_at_; }

 private:
  const Duration backoff_;
  const Duration backoff_max_;
  Duration next_{};
  TimePoint retry_at_{};
  bool down_ = false;
  bool probing_ = false;
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_POOL_SERVER_HEALTH_H_
