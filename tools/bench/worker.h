#ifndef TAGCACHE_TOOLS_BENCH_WORKER_H_
#define TAGCACHE_TOOLS_BENCH_WORKER_H_

// A thread's share of the load: it keeps some lanes busy.
//
//   while lanes are free and calls are due:  start a round on the lane that was free longest
//   else, where rounds are under way:        wait for the one that was started first
//   else:                                    sleep until the next call is due
//
// In a closed loop calls are always due. In an open loop the due times come from Arrivals. A call
// may be sent late, because all lanes were busy or the thread waited for an answer; its latency
// counts from when it was due. So a slow server can not look fast by making the generator send
// less. Calls of the warm-up that have not been sent when it ends are dropped, so the run begins
// without them.
//
// Threads: Run in one; `stop` may be set by any.

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "tools/bench/clock.h"
#include "tools/bench/lane.h"

namespace tagcache::bench {

struct Share {
  TimePoint start;          // of the warm-up
  TimePoint measured_from;  // its end
  TimePoint end;            // of a run that is bounded by time
  uint64_t requests = 0;    // of a run that is bounded by calls; 0: it is not
  double rate = 0;          // calls a second; 0: closed loop
  TimePoint first_arrival;  // of an open loop
  ArrivalKind arrivals = ArrivalKind::kPoisson;
};

class Worker {
 public:
  // `clock` stays valid.
  Worker(std::vector<std::unique_ptr<Lane>> lanes, Workload workload, Clock& clock);

  // `stop` ends it early. The tally counts what was due from measured_from on.
  void Run(const Share& share, const std::atomic<bool>& stop, Tally& tally);

 private:
  bool Over(TimePoint now) const;
  TimePoint BoundOfSleep(TimePoint now) const;
  bool Due(TimePoint now);
  void StartRound(TimePoint now);
  CallTimes NextCall(TimePoint now);
  void FinishRound(Tally& tally);
  void CountUnsent(Tally& tally);

  std::vector<std::unique_ptr<Lane>> lanes_;
  Workload workload_;
  Clock& clock_;
  Share share_;
  const std::atomic<bool>* stop_ = nullptr;
  std::optional<Arrivals> arrivals_;  // of an open loop
  uint64_t measured_ = 0;             // calls so far
  std::deque<Lane*> free_;
  std::deque<Lane*> busy_;
  std::vector<CallTimes> round_;
};

}  // namespace tagcache::bench

#endif  // TAGCACHE_TOOLS_BENCH_WORKER_H_
