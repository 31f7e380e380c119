#ifndef TAGCACHE_TOOLS_BENCH_WORKLOAD_H_
#define TAGCACHE_TOOLS_BENCH_WORKLOAD_H_

// What is asked for, one draw after the other: operations, keys, values, tags. From a seed, so that
// a run repeats.
//
// Threads: one at a time; a thread each, with a stream of its own.

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/bench/options.h"

namespace tagcache::bench {

class Workload {
 public:
  // `options` stays valid. `stream`: which of the streams of the seed.
  Workload(const BenchOptions& options, uint64_t stream);

  Operation DrawOperation() { return options_.mix.Choose(random_); }
  uint64_t DrawKey() { return keys_.Choose(random_); }
  std::string_view DrawValue();  // valid as long as this; no TAB, CR or LF in it
  std::string KeyName(uint64_t key) const;
  // Of the tag of that key.
  std::string TagName(uint64_t key) const;
  // Whether entries bear their tag from the start.
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
