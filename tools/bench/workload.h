#ifndef TAGCACHE_TOOLS_BENCH_WORKLOAD_H_
#define TAGCACHE_TOOLS_BENCH_WORKLOAD_H_

// Draws operations, keys, values and tags at random from a seed, so that a run can be repeated.
//
// Threads: one at a time; each thread has its own, with a stream of its own.

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/bench/options.h"

namespace tagcache::bench {

class Workload {
 public:
  // `options` stays valid. `stream` selects one of the seed's random streams.
  Workload(const BenchOptions& options, uint64_t stream);

  Operation DrawOperation() { return options_.mix.Choose(random_); }
  uint64_t DrawKey() { return keys_.Choose(random_); }
  std::string_view DrawValue();  // valid as long as this; no TAB, CR or LF in it
  std::string KeyName(uint64_t key) const;
  // Of the tag of that key.
  std::string TagName(uint64_t key) const;
  // Whether the entries that are stored before the run have their tag.
  bool tagged_load() const;

  Random& random() { return random_; }

 private:
  std::string Name(std::string_view kind, uint64_t number) const;

  const BenchOptions& options_;
  Random random_;
  KeyChooser keys_;
  std::string bytes_;
};

}  // namespace tagcache::bench

#endif  // TAGCACHE_TOOLS_BENCH_WORKLOAD_H_
