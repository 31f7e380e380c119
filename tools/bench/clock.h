#ifndef TAGCACHE_TOOLS_BENCH_CLOCK_H_
#define TAGCACHE_TOOLS_BENCH_CLOCK_H_

// The clock of a worker. Tests replace it by one of their own.

#include <chrono>
#include <thread>

namespace tagcache::bench {

using TimePoint = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() { return std::chrono::steady_clock::now(); }
  virtual void SleepUntil(TimePoint when) { std::this_thread::sleep_until(when); }
};

}  // namespace tagcache::bench

#endif  // TAGCACHE_TOOLS_BENCH_CLOCK_H_
