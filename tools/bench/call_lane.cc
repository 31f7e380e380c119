#include <utility>

#include "tools/bench/lane.h"

namespace tagcache::bench {
namespace {

class CallLane : public Lane {
 public:
  CallLane(const BenchOptions& options, std::unique_ptr<Client> client)
      : client_(std::move(client)), keys_(options.batch), tags_(options.batch) {}

  Status Connect() override { return client_->Ping().status(); }
  size_t width() const override { return 1; }

  void Start(std::span<const CallTimes> times, Workload& workload) override {
    times_ = times.front();
    operation_ = workload.DrawOperation();
    refused_.clear();
    const bool tagged = operation_ == Operation::kSetTagged || operation_ == Operation::kInvalidate;
    for (size_t i = 0; i < keys_.size(); ++i) {
      const uint64_t number = workload.DrawKey();
      keys_[i] = workload.KeyName(number);
      if (tagged) tags_[i] = workload.TagName(number);
    }
    status_ = Send(workload);
    answered_ = std::chrono::steady_clock::now();  // a get sets it again later
  }

  void Finish(Tally& tally) override {
    uint64_t misses = 0;
    if (status_.ok() && operation_ == Operation::kGet) {
      status_ = Read(&misses);
      answered_ = std::chrono::steady_clock::now();
    }
    for (const Refusal& refusal : refused_) tally.Failed(refusal.status);
    if (!status_.ok()) return tally.Failed(status_);
    const uint64_t asked = operation_ == Operation::kInvalidate ? 1 : keys_.size();
    const uint64_t keys = asked - refused_.size();
    if (keys > 0) tally.Answered(operation_, times_, answered_, keys, misses);
  }

 private:
  Status Send(Workload& workload) {
    switch (operation_) {
      case Operation::kGet:
        if (keys_.size() == 1) return client_->StartGet(stream_, keys_[0]);
        return client_->StartMultiGet(stream_, ViewsOf(keys_));
      case Operation::kSet:
      case Operation::kSetTagged:
        return Put(workload);
      case Operation::kInvalidate:
        return client_->InvalidateTag(tags_[0]).status();
      case Operation::kDelete:
        if (keys_.size() == 1) return client_->Delete(keys_[0]).status();
        return client_->MultiDelete(ViewsOf(keys_)).status();
    }
    return {};
  }

  std::span<const std::string_view> ViewsOf(const std::vector<std::string>& names) {
    views_.assign(names.begin(), names.end());
    return views_;
  }

  Status Put(Workload& workload) {
    items_.clear();
    const std::span<const std::string_view> tags = ViewsOf(tags_);
    for (size_t i = 0; i < keys_.size(); ++i) {
      PutItem item{.key = keys_[i], .value = {workload.DrawValue()}};
      if (operation_ == Operation::kSetTagged) item.options.tags = tags.subspan(i, 1);
      items_.push_back(item);
    }
    if (items_.size() == 1) {
      return client_->Put(items_[0].key, items_[0].value, items_[0].options);
    }
    Result<PutReport> report = client_->MultiPut(items_);
    if (!report.ok()) return report.status();
    refused_ = std::move(report->refused);
    return {};
  }

  Status Read(uint64_t* misses) {
    for (;;) {
      StreamItem item;
      const Result<bool> more = stream_.Next(&item);
      if (!more.ok()) return more.status();
      if (!*more) return {};
      if (!item.found) ++*misses;
    }
  }

  const std::unique_ptr<Client> client_;
  Stream stream_;  // after the client: it is closed first
  std::vector<std::string> keys_;
  std::vector<std::string> tags_;
  std::vector<std::string_view> views_;  // of keys_ or tags_
  std::vector<PutItem> items_;
  std::vector<Refusal> refused_;
  Operation operation_ = Operation::kGet;
  CallTimes times_;
  TimePoint answered_;
  Status status_;
};

}  // namespace

std::unique_ptr<Lane> MakeCallLane(const BenchOptions& options, std::unique_ptr<Client> client) {
  return std::make_unique<CallLane>(options, std::move(client));
}

}  // namespace tagcache::bench
