#include "tools/bench/worker.h"

#include <sys/prctl.h>

#include <algorithm>
#include <utility>

namespace tagcache::bench {

Worker::Worker(std::vector<std::unique_ptr<Lane>> lanes, Workload workload, Clock& clock)
    : lanes_(std::move(lanes)), workload_(std::move(workload)), clock_(clock) {
  for (const std::unique_ptr<Lane>& lane : lanes_) free_.push_back(lane.get());
}

void Worker::Run(const Share& share, const std::atomic<bool>& stop, Tally& tally) {
  share_ = share;
  stop_ = &stop;
  // The system may round a sleep up by the timer slack, 50 us by default: more than a round trip.
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  if (share.rate > 0) {
    arrivals_.emplace(share.arrivals, share.rate, share.first_arrival, workload_.random());
  }
  clock_.SleepUntil(share.start);
  for (;;) {
    const TimePoint now = clock_.Now();
    const bool over = Over(now);
    if (!over && !free_.empty() && Due(now)) {
      StartRound(now);
    } else if (!busy_.empty()) {
      FinishRound(tally);
    } else if (over) {
      break;
    } else {
      clock_.SleepUntil(std::min(arrivals_->next(), BoundOfSleep(now)));
    }
  }
  CountUnsent(tally);
}

// A sleep is cut so that `stop` is seen.
TimePoint Worker::BoundOfSleep(TimePoint now) const {
  const TimePoint soon = now + std::chrono::milliseconds(100);
  return share_.requests > 0 ? soon : std::min(soon, share_.end);
}

bool Worker::Over(TimePoint now) const {
  if (stop_->load(std::memory_order_relaxed)) return true;
  return share_.requests > 0 ? measured_ >= share_.requests : now >= share_.end;
}

bool Worker::Due(TimePoint now) {
  if (!arrivals_) return true;
  if (now >= share_.measured_from) {
    while (arrivals_->next() < share_.measured_from) arrivals_->Advance(workload_.random());
  }
  return arrivals_->next() <= now;
}

void Worker::StartRound(TimePoint now) {
  Lane* lane = free_.front();
  round_.clear();
  do {
    round_.push_back(NextCall(now));
  } while (round_.size() < lane->width() && !Over(now) && Due(now));
  free_.pop_front();
  busy_.push_back(lane);
  lane->Start(round_, workload_);
}

CallTimes Worker::NextCall(TimePoint now) {
  CallTimes times{now, now};
  if (arrivals_) {
    times.due = arrivals_->next();
    arrivals_->Advance(workload_.random());
  }
  if (times.due >= share_.measured_from) ++measured_;
  return times;
}

void Worker::FinishRound(Tally& tally) {
  Lane* lane = busy_.front();
  busy_.pop_front();
  lane->Finish(tally);
  free_.push_back(lane);
}

// Counts calls that were due before the end and were not sent, because the server or the generator
// was too slow for the rate. Without this count the worst latencies would be missing from the
// report.
void Worker::CountUnsent(Tally& tally) {
  if (!arrivals_ || share_.requests > 0) return;
  const TimePoint until = std::min(share_.end, clock_.Now());
  uint64_t unsent = 0;
  for (; arrivals_->next() < until; arrivals_->Advance(workload_.random())) {
    if (arrivals_->next() >= share_.measured_from) ++unsent;
  }
  tally.Unsent(unsent);
}

}  // namespace tagcache::bench
