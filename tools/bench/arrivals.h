#ifndef TAGCACHE_TOOLS_BENCH_ARRIVALS_H_
#define TAGCACHE_TOOLS_BENCH_ARRIVALS_H_

// When requests are due in an open loop, at a rate that does not depend on the server. Gaps are
// constant, or exponential (a Poisson process, as of independent users).
//
// Threads: one at a time. Several objects with a share of the rate each make the whole rate:
// Poisson processes add up to one, and constant ones alternate if their first arrivals do.

#include <chrono>
#include <random>

#include "tools/bench/clock.h"
#include "tools/bench/key_chooser.h"

namespace tagcache::bench {

enum class ArrivalKind { kConstant, kPoisson };

class Arrivals {
 public:
  // `rate` a second; the first is due at `first` (kConstant) or a gap after it (kPoisson).
  // REQUIRES: rate > 0.
  Arrivals(ArrivalKind kind, double rate, TimePoint first, Random& random);

  TimePoint next() const;
  void Advance(Random& random);

 private:
  double Gap(Random& random);

  ArrivalKind kind_;
  double rate_;
  TimePoint first_;
  double after_first_ = 0;  // seconds; a sum of gaps in whole nanoseconds would drift from the rate
};

}  // namespace tagcache::bench

#endif  // TAGCACHE_TOOLS_BENCH_ARRIVALS_H_
