#ifndef TAGCACHE_TOOLS_BENCH_REPORT_H_
#define TAGCACHE_TOOLS_BENCH_REPORT_H_

// The result of a run, for a person or for a program.

#include <string>

#include "tools/bench/load.h"

namespace tagcache::bench {

std::string AsTable(const BenchOptions& options, const LoadResult& result);

// One JSON object. Latencies are in microseconds; "corrected_us" is there with --rate.
// tools/README.md lists its members.
std::string AsJson(const BenchOptions& options, const LoadResult& result);

}  // namespace tagcache::bench

#endif  // TAGCACHE_TOOLS_BENCH_REPORT_H_
