#ifndef TAGCACHE_TOOLS_BENCH_KEY_CHOOSER_H_
#define TAGCACHE_TOOLS_BENCH_KEY_CHOOSER_H_

// Draws key numbers, uniformly or by Zipf's law: key k (from 0) with a probability proportional to
// 1 / (k+1)^s, so that key 0 is drawn most often. It takes constant memory, and constant time on
// average, whatever the number of keys is.
//
// Threads: one at a time, with a generator each.

#include <cstdint>
#include <random>

namespace tagcache::bench {

using Random = std::mt19937_64;

class KeyChooser {
 public:
  // `skew` 0 is uniform. REQUIRES: keys > 0, skew >= 0.
  KeyChooser(uint64_t keys, double skew);

  uint64_t Choose(Random& random) const;  // below keys

 private:
  double Mass(double x) const;
  double Where(double mass) const;
  uint64_t ChooseByZipf(Random& random) const;

  uint64_t keys_;
  double skew_;
  double lowest_ = 0;   // of the area that points are drawn from
  double highest_ = 0;  // likewise
};

}  // namespace tagcache::bench

#endif  // TAGCACHE_TOOLS_BENCH_KEY_CHOOSER_H_
