#ifndef TAGCACHE_TOOLS_BENCH_OPTIONS_H_
#define TAGCACHE_TOOLS_BENCH_OPTIONS_H_

// The options of a run. options.cc and --help have every name, unit and range.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "tagcache/options.h"
#include "tools/bench/arrivals.h"
#include "tools/bench/operation.h"

namespace tagcache::bench {

enum Exit : int { kDone = 0, kErrors = 1, kUsage = 2, kFailed = 3 };

struct BenchOptions {
  Options server;   // one connection a client: pool_max is 1
  std::string dsn;  // as given, for the report

  size_t connections = 50;
  size_t threads = 1;
  size_t idle_connections = 0;
  size_t depth = 1;
  size_t batch = 1;

  double rate = 0;  // calls a second, all threads together; 0: a closed loop
  ArrivalKind arrivals = ArrivalKind::kPoisson;

  Mix mix;
  uint64_t keys = 100'000;
  double skew = 0;  // of Zipf's law; 0: uniform
  uint64_t tags = 1000;
  size_t min_value = 100;  // bytes
  size_t max_value = 100;
  std::string key_prefix = "bench:";
  uint64_t seed = 1;

  double warmup = 1;      // seconds
  double seconds = 10;    // used where requests is 0
  uint64_t requests = 0;  // calls, all threads together
  bool load = true;
  bool json = false;
  bool quiet = false;

  bool closed_loop() const { return rate == 0; }
};

// nullopt: *options is set. Otherwise the exit code: help was written to `out`, or an error to
// `err`. `arguments`: without the program's name.
std::optional<int> ParseCommandLine(std::vector<std::string> arguments, BenchOptions* options,
                                    std::ostream& out, std::ostream& err);

}  // namespace tagcache::bench

#endif  // TAGCACHE_TOOLS_BENCH_OPTIONS_H_
