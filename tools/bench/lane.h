#ifndef TAGCACHE_TOOLS_BENCH_LANE_H_
#define TAGCACHE_TOOLS_BENCH_LANE_H_

// A client with one connection, and at most one round of calls under way on it.
//
//   SubmitLane   up to `depth` single commands, as one batch of Client::Submit and Client::Wait
//   CallLane     one call as programs make it. A get is a Stream between Start and Finish, so many
//                lanes of a thread may have one under way; a write blocks within Start
//
// Threads: one at a time. Errors: counted in the tally.

#include <memory>
#include <span>
#include <vector>

#include "tagcache/client.h"
#include "tools/bench/options.h"
#include "tools/bench/tally.h"
#include "tools/bench/workload.h"

namespace tagcache::bench {

class Lane {
 public:
  virtual ~Lane() = default;
  // Opens the connection, so that the run does not measure that.
  virtual Status Connect() = 0;
  // How many calls a round may have.
  virtual size_t width() const = 0;
  // Draws a call for each of `times` and sends them. REQUIRES: times.size() is 1 to width().
  virtual void Start(std::span<const CallTimes> times, Workload& workload) = 0;
  // Waits for what Start sent. REQUIRES: Start was called since the last Finish.
  virtual void Finish(Tally& tally) = 0;
};

std::unique_ptr<Lane> MakeSubmitLane(const BenchOptions& options, std::unique_ptr<Client> client);
std::unique_ptr<Lane> MakeCallLane(const BenchOptions& options, std::unique_ptr<Client> client);

// The lane that suits the options: a CallLane where a round is one call and each thread has one
// connection, or where the calls are bulk calls.
Result<std::unique_ptr<Lane>> MakeLane(const BenchOptions& options);

}  // namespace tagcache::bench

#endif  // TAGCACHE_TOOLS_BENCH_LANE_H_
