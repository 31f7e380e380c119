#ifndef TAGCACHE_TOOLS_BENCH_LOAD_H_
#define TAGCACHE_TOOLS_BENCH_LOAD_H_

// A whole run: it opens connections, stores keys, starts threads, prints progress, and adds up what
// the threads counted.
//
// Threads: RunLoad starts the worker threads and returns when they have ended.

#include <atomic>

#include "tools/bench/options.h"
#include "tools/bench/tally.h"

namespace tagcache::bench {

struct LoadResult {
  Tally tally;
  double seconds = 0;  // from the end of the warm-up until the last answer, or the end of the run
};

// `stop` ends the run early. Errors: why it could not begin.
Result<LoadResult> RunLoad(const BenchOptions& options, const std::atomic<bool>& stop);

}  // namespace tagcache::bench

#endif  // TAGCACHE_TOOLS_BENCH_LOAD_H_
