#ifndef TAGCACHE_TESTS_SIMULATION_RANDOM_H_
#define TAGCACHE_TESTS_SIMULATION_RANDOM_H_

// Random numbers that are the same for the same seed with every machine and library, so a schedule
// follows from its seed alone.

#include <cstddef>
#include <cstdint>

namespace tagcache::simulation {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  // 0 .. n-1. REQUIRES: n > 0.
  size_t Below(size_t n) { return Next() % n; }
  size_t Between(size_t low, size_t high) { return low + Below(high - low + 1); }
  bool OneIn(size_t n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

}  // namespace tagcache::simulation

#endif  // TAGCACHE_TESTS_SIMULATION_RANDOM_H_
