#ifndef TAGCACHE_TOOLS_BENCH_TALLY_H_
#define TAGCACHE_TOOLS_BENCH_TALLY_H_

// The results of calls: counts, latencies and errors, by operation.
//
// Threads: one at a time. Each thread has its own, and they are merged at the end; only Progress is
// read meanwhile.

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "tagcache/status.h"
#include "tools/bench/arrivals.h"
#include "tools/bench/latency_histogram.h"
#include "tools/bench/operation.h"

namespace tagcache::bench {

// The kind that an error counts as: "timeout", "server: out_of_memory", ...
std::string ErrorKind(const Status& status);

struct ErrorCount {
  uint64_t count = 0;
  std::string example;  // the first one's message
};

struct OperationTally {
  uint64_t calls = 0;  // that were answered
  uint64_t keys = 0;   // of those calls
  uint64_t misses = 0;
  LatencyHistogram service;    // from sent
  LatencyHistogram corrected;  // from due

  void Merge(const OperationTally& other);
};

struct CallTimes {
  TimePoint due;
  TimePoint sent;
};

// What a thread has done so far, for the progress line.
struct alignas(64) Progress {
  std::atomic<uint64_t> calls{0};
  std::atomic<uint64_t> keys{0};
  std::atomic<uint64_t> errors{0};
};

class Tally {
 public:
  // Calls that were due before `from` leave no count and no latency. `progress` may be nullptr.
  explicit Tally(TimePoint from = {}, Progress* progress = nullptr)
      : from_(from), progress_(progress) {}

  void Answered(Operation operation, const CallTimes& times, TimePoint answered, uint64_t keys,
                uint64_t misses);
  // Errors count whenever they happen.
  void Failed(const Status& status);
  void Unsent(uint64_t calls) { unsent_ += calls; }
  void Merge(const Tally& other);

  const OperationTally& of(Operation operation) const {
    return operations_[static_cast<size_t>(operation)];
  }
  OperationTally All() const;
  const std::map<std::string, ErrorCount>& errors() const { return errors_; }
  // Calls that were due within the run and had not been sent at its end.
  uint64_t unsent() const { return unsent_; }
  TimePoint last_answer() const { return last_answer_; }

 private:
  TimePoint from_;
  Progress* progress_;
  std::array<OperationTally, kOperations> operations_;
  std::map<std::string, ErrorCount> errors_;
  uint64_t unsent_ = 0;
  TimePoint last_answer_{};
};

}  // namespace tagcache::bench

#endif  // TAGCACHE_TOOLS_BENCH_TALLY_H_
