#include <utility>

#include "tagcache/batch.h"
#include "tools/bench/lane.h"

namespace tagcache::bench {
namespace {

class SubmitLane : public Lane {
 public:
  SubmitLane(const BenchOptions& options, std::unique_ptr<Client> client)
      : client_(std::move(client)), depth_(options.depth), probe_(options.key_prefix) {}

  // Client::Ping would open a connection of the pool, which Submit does not use.
  Status Connect() override {
    Batch batch;
    batch.Exists(probe_);
    const Result<Ticket> ticket = client_->Submit(batch);
    if (!ticket.ok()) return ticket.status();
    const auto results = client_->Wait(*ticket);
    return results.ok() ? results->front().status : results.status();
  }

  size_t width() const override { return depth_; }

  void Start(std::span<const CallTimes> times, Workload& workload) override {
    batch_.Clear();
    calls_.clear();
    for (const CallTimes& each : times) {
      const Operation operation = workload.DrawOperation();
      calls_.push_back({operation, each});
      Add(operation, workload);
    }
    ticket_ = client_->Submit(batch_);
  }

  void Finish(Tally& tally) override {
    if (!ticket_.ok()) return FailAll(ticket_.status(), tally);
    const auto results = client_->Wait(*ticket_);
    const TimePoint answered = std::chrono::steady_clock::now();
    if (!results.ok()) return FailAll(results.status(), tally);
    for (size_t i = 0; i < calls_.size(); ++i) {
      const BatchResult& result = (*results)[i];
      if (!result.status.ok()) {
        tally.Failed(result.status);
        continue;
      }
      const bool missed = calls_[i].operation == Operation::kGet && !result.done;
      tally.Answered(calls_[i].operation, calls_[i].times, answered, 1, missed ? 1 : 0);
    }
  }

 private:
  struct Call {
    Operation operation;
    CallTimes times;
  };

  void Add(Operation operation, Workload& workload) {
    const uint64_t number = workload.DrawKey();
    const std::string key = workload.KeyName(number);
    switch (operation) {
      case Operation::kGet:
        batch_.Get(key);
        return;
      case Operation::kSet:
        batch_.Put(key, {workload.DrawValue()});
        return;
      case Operation::kSetTagged: {
        const std::string tag = workload.TagName(number);
        const std::string_view tags[] = {tag};
        batch_.Put(key, {workload.DrawValue()}, {.tags = tags});
        return;
      }
      case Operation::kInvalidate:
        batch_.InvalidateTag(workload.TagName(number));
        return;
      case Operation::kDelete:
        batch_.Delete(key);
        return;
    }
  }

  void FailAll(const Status& status, Tally& tally) {
    for (size_t i = 0; i < calls_.size(); ++i) tally.Failed(status);
  }

  const std::unique_ptr<Client> client_;
  const size_t depth_;
  const std::string probe_;
  Batch batch_;
  std::vector<Call> calls_;
  Result<Ticket> ticket_ = Ticket{0};
};

}  // namespace

std::unique_ptr<Lane> MakeSubmitLane(const BenchOptions& options, std::unique_ptr<Client> client) {
  return std::make_unique<SubmitLane>(options, std::move(client));
}

}  // namespace tagcache::bench
