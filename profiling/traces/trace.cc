#include "profiling/traces/trace.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

namespace tagcache::profiling {
namespace {

// The standard engine gives the same numbers everywhere; the standard distributions do not.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  double Unit() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  Key Below(Key bound) { return static_cast<Key>(Unit() * bound); }

 private:
  std::mt19937_64 engine_;
};

class Zipf {
 public:
  Zipf(Key universe, double exponent) : cumulative_(universe) {
    double sum = 0;
    for (Key rank = 0; rank < universe; ++rank) {
      cumulative_[rank] = sum += std::pow(rank + 1.0, -exponent);
    }
  }
  Key Draw(Random& random) const {
    const double at = random.Unit() * cumulative_.back();
    return static_cast<Key>(std::upper_bound(cumulative_.begin(), cumulative_.end(), at) -
                            cumulative_.begin());
  }

 private:
  std::vector<double> cumulative_;
};

Trace Empty(std::string name, Key universe, size_t requests) {
  Trace trace;
  trace.name = std::move(name);
  trace.universe = universe;
  trace.warm_up = requests / 2;
  trace.value_size.assign(universe, kValueBytes);
  trace.requests.reserve(requests);
  return trace;
}

Trace MakeZipf(std::string name, Key universe, double exponent, const TraceSizes& sizes) {
  Trace trace = Empty(std::move(name), universe, sizes.requests);
  Random random(sizes.seed);
  const Zipf zipf(universe, exponent);
  for (size_t i = 0; i < sizes.requests; ++i) trace.requests.push_back(zipf.Draw(random));
  return trace;
}

// After each `items` Zipf requests come half as many keys in sequence, each requested only once.
Trace MakeScans(Key universe, Key items, const TraceSizes& sizes) {
  const Key most_scanned = static_cast<Key>(sizes.requests / 3 + items);
  Trace trace = Empty("zipf 0.9, scans", universe + most_scanned, sizes.requests);
  Random random(sizes.seed);
  const Zipf zipf(universe, 0.9);
  Key scanned = universe;
  while (trace.requests.size() < sizes.requests) {
    for (Key i = 0; i < items; ++i) trace.requests.push_back(zipf.Draw(random));
    for (Key i = 0; i < items / 2; ++i) trace.requests.push_back(scanned++);
  }
  trace.requests.resize(sizes.requests);
  return trace;
}

Trace MakeLoop(Key universe, const TraceSizes& sizes) {
  Trace trace = Empty("loop of 1.3", universe, sizes.requests);
  for (size_t i = 0; i < sizes.requests; ++i) {
    trace.requests.push_back(static_cast<Key>(i % universe));
  }
  return trace;
}

// Hot keys change places with keys of any rank, so that each stays hot for about 3 `items`
// requests.
Trace MakeShifting(Key universe, Key items, const TraceSizes& sizes) {
  Trace trace = Empty("zipf 0.9, shifting", universe, sizes.requests);
  Random random(sizes.seed);
  const Zipf zipf(universe, 0.9);
  std::vector<Key> key_of_rank(universe);
  std::iota(key_of_rank.begin(), key_of_rank.end(), 0);
  const Key hot = items / 10;
  const size_t requests_a_swap = 30;
  for (size_t i = 0; i < sizes.requests; ++i) {
    if (i % requests_a_swap == 0) {
      std::swap(key_of_rank[random.Below(hot)], key_of_rank[random.Below(universe)]);
    }
    trace.requests.push_back(key_of_rank[zipf.Draw(random)]);
  }
  return trace;
}

// 64 bytes to 8 KiB, with as many values in each doubling, whatever their popularity.
Trace MakeMixed(Key universe, const TraceSizes& sizes) {
  Trace trace = MakeZipf("zipf 0.9, mixed sizes", universe, 0.9, sizes);
  Random random(sizes.seed + 1);
  for (uint32_t& size : trace.value_size) {
    size = static_cast<uint32_t>(64 * std::exp2(7 * random.Unit()));
  }
  return trace;
}

}  // namespace

std::vector<Trace> MakeTraces(const TraceSizes& sizes) {
  // Eight times as many keys as the memory holds.
  const Key items = static_cast<Key>(sizes.memory / (kKeyBytes + kValueBytes + kUsualOverhead));
  const Key universe = 8 * items;
  std::vector<Trace> traces;
  traces.push_back(MakeZipf("zipf 0.7", universe, 0.7, sizes));
  traces.push_back(MakeZipf("zipf 0.9", universe, 0.9, sizes));
  traces.push_back(MakeZipf("zipf 1.1", universe, 1.1, sizes));
  traces.push_back(MakeScans(universe, items, sizes));
  traces.push_back(MakeLoop(items + items * 3 / 10, sizes));
  traces.push_back(MakeShifting(universe, items, sizes));
  // The mean value is 8128 / ln(128) = 1675 bytes, so this is about eight memories as well.
  traces.push_back(MakeMixed(universe * 5 / 8, sizes));
  return traces;
}

}  // namespace tagcache::profiling
