// Streams: values pulled one at a time, straight from the receive buffer.

#include <algorithm>
#include <cassert>
#include <utility>

#include "libclient/calls/stream_state.h"

namespace tagcache {

using protocol::Op;
using protocol::Request;
using protocol::StatusCode;

namespace {

constexpr size_t kCommonKey = 1024;  // far below what the protocol carries
constexpr size_t kAtOnce = 64;       // values returned by one call

}  // namespace

Status Stream::State::StartGet(ClientCore& core, std::string_view key, CallOptions options) {
  Close();
  core_ = &core;
  bulk_ = false;
  const std::string& prefix = core.options().prefix;
  key_.assign(prefix);
  key_.append(key);
  call_ = core.Begin("get", std::string_view(key_).substr(prefix.size()), options);
  return Open(false);
}

Status Stream::State::StartMultiGet(ClientCore& core, KeySource& keys, CallOptions options) {
  Close();
  core_ = &core;
  bulk_ = true;
  call_ = core.Begin("mget", options);
  keys_.Clear();
  keys_.Reserve(keys.size());
  keys_.AddAll(core.options().prefix, keys);
  return Open(false);
}

// The common case: any bytes are a key, if they are not too many.
Status Stream::State::CheckKeys() {
  unsendable_.clear();
  alone_over_ = SIZE_MAX;
  const size_t longest = bulk_ ? keys_.longest() : key_.size();
  if (core_->options().protocol == Protocol::kBinary && longest <= kCommonKey) return {};
  if (!bulk_) return CheckKey(key_);
  for (size_t i = 0; i < keys_.size(); ++i) {
    Status status = CheckKey(keys_[i]);
    if (!status.ok()) unsendable_.push_back({i, std::move(status)});
  }
  return {};
}

Status Stream::State::CheckKey(std::string_view key) const {
  Request request;
  request.op = Op::kGet;
  request.key = key;
  CallContext call = call_;
  call.key = key.substr(core_->options().prefix.size());
  call.has_key = true;
  return CheckExpressible(call, core_->options().protocol, request);
}

Status Stream::State::Open(bool check) {
  if (!check) {
    if (Status status = CheckKeys(); !status.ok()) return status;
    tries_ = 0;
    lost_ = Status();
  }
  sent_ = delivered_ = in_flight_count_ = 0;
  process_ = &core_->state();
  if (count() > unsendable_.size()) {
    Status status = process_->pool.CheckOut(call_, check, &checkout_);
    if (!status.ok()) return status;
    SendWindow();
    // The server works on it while the caller prepares for the first item.
    checkout_->SendAtOnce();
  }
  open_ = true;
  return {};
}

void Stream::State::SendWindow() {
  const auto next_unsendable = [this] {
    return std::lower_bound(unsendable_.begin(), unsendable_.end(), sent_,
                            [](const Refusal& refusal, size_t key) { return refusal.index < key; });
  };
  while (sent_ < count() && in_flight_count_ < kWindow) {
    InFlight& next = in_flight_[in_flight_count_++];
    next = {0, sent_, 1, {}};
    const auto unsendable = next_unsendable();
    const size_t end = unsendable == unsendable_.end() ? count() : unsendable->index;
    if (end == sent_) {
      next.error = unsendable->status;
      ++sent_;
      continue;
    }
    Request request;
    if (bulk_) {
      request.op = Op::kMGet;
      request.keys = keys_.Chunk(sent_, end, alone_over_);
      next.keys = request.keys.size();
    } else {
      request.op = Op::kGet;
      request.key = key_;
    }
    next.id = checkout_->machine().Send(request);
    sent_ += next.keys;
  }
}

void Stream::State::PopFront() {
  assert(in_flight_count_ > 0);
  std::move(in_flight_.begin() + 1, in_flight_.end(), in_flight_.begin());
  --in_flight_count_;
}

// true: *item is set. The front request is a key that is refused.
bool Stream::State::DeliverError(StreamItem* item) {
  if (in_flight_count_ == 0 || in_flight_[0].id != 0) return false;
  item_error_ = std::move(in_flight_[0].error);
  *item = {in_flight_[0].first_key, false, {}, &item_error_};
  PopFront();
  ++delivered_;
  return true;
}

Result<bool> Stream::State::Next(StreamItem* item) {
  if (!open_) return false;
  if (checkout_ && !checkout_.of_this_process()) {
    Close();
    return MakeError(ErrorCode::kConnection, call_, "",
                     "the stream belongs to the parent process of a fork");
  }
  for (;;) {
    if (in_flight_count_ == 0 && sent_ == count()) {
      Close();
      return false;
    }
    SendWindow();
    if (DeliverError(item)) return true;
    Event event;
    Outcome outcome = Await(*checkout_, call_, {}, &event);
    if (outcome.end == Outcome::End::kAnswered) {
      if (TakeEvent(event, item, &outcome)) return true;
      if (outcome.status.ok()) continue;
    } else if (outcome.end == Outcome::End::kLost && MayRepeat()) {
      ++tries_;
      process_->counters.retries.Add();
      if (checkout_->sent_any()) lost_ = std::move(outcome.status);
      checkout_.DiscardBroken();
      Status status = Open(true);
      if (status.ok()) continue;
      Close();
      return AfterLost(std::move(status), lost_);
    }
    return Fail(std::move(outcome));
  }
}

// Values that lie whole in the receive buffer need no I/O and so none of the cases of Next.
Result<size_t> Stream::State::NextItems(std::span<StreamItem> items) {
  if (open_ && in_flight_count_ > 0 && in_flight_[0].id != 0 && checkout_.of_this_process()) {
    const size_t count = checkout_->machine().TakeItems(items, in_flight_[0].first_key);
    delivered_ += count;
    if (count > 0) return count;
  }
  Result<bool> more = Next(&items[0]);
  if (!more.ok()) return more.status();
  return size_t{*more};
}

bool Stream::State::MayRepeat() const {
  return delivered_ == 0 && tries_ < core_->options().retries &&
         std::chrono::steady_clock::now() < call_.deadline;
}

// true: *item is set.
bool Stream::State::TakeEvent(const Event& event, StreamItem* item, Outcome* outcome) {
  assert(in_flight_count_ > 0);
  if (event.kind == Event::Kind::kItem) {
    assert(event.id == in_flight_[0].id);  // values come in order
    *item = {in_flight_[0].first_key + event.index, event.item.found, {}, nullptr};
    item->value = {event.item.value, event.item.flags};
    if (event.status != StatusCode::kOk) {
      item_error_ = RefusedKey(item->index, event.status, event.reason);
      item->error = &item_error_;
      if (!IsOfOneItem(event.status)) outcome->status = item_error_;
    }
    if (outcome->status.ok()) ++delivered_;
    return outcome->status.ok();
  }
  const protocol::Response& response = *event.response;
  if (protocol::IsError(response.status)) {
    if (bulk_ && IsOfOneItem(response.status)) {
      SendRefusedAgain(event.id, response.status, response.message);
    } else {
      outcome->status = Refused(call_, checkout_->server(), response.status, response.message);
    }
    return false;
  }
  assert(event.id == in_flight_[0].id);
  PopFront();
  if (bulk_) return false;
  ++delivered_;
  *item = {0, response.status == StatusCode::kOk, {}, nullptr};
  if (item->found) item->value = {response.value, response.flags};
  return true;
}

Status Stream::State::RefusedKey(size_t index, StatusCode status, std::string_view message) const {
  CallContext call = call_;
  call.key = keys_[index].substr(core_->options().prefix.size());
  call.has_key = true;
  SentParts sent;
  sent.key = keys_[index];
  return Refused(call, checkout_->server(), status, message, sent);
}

void Stream::State::SendRefusedAgain(uint64_t id, StatusCode status, std::string_view message) {
  size_t at = 0;
  while (at < in_flight_count_ && in_flight_[at].id != id) ++at;
  assert(at < in_flight_count_);
  InFlight& refused = in_flight_[at];
  if (refused.keys == 1) {
    refused.error = RefusedKey(refused.first_key, status, message);
    refused.id = 0;
    return;
  }
  // Values come in the order of the requests: what was sent behind it is sent again behind it.
  for (size_t i = at + 1; i < in_flight_count_; ++i) {
    if (in_flight_[i].id != 0) checkout_->machine().Abandon(in_flight_[i].id);
  }
  in_flight_count_ = at;
  sent_ = refused.first_key;
  alone_over_ = AloneOverAfter(keys_.Span(sent_, refused.keys));
}

Status Stream::State::Fail(Outcome outcome) {
  if (outcome.end == Outcome::End::kTimeout) process_->counters.timeouts.Add();
  if (outcome.end == Outcome::End::kLost) {
    checkout_.DiscardBroken();
  } else if (outcome.end != Outcome::End::kAnswered ||
             outcome.status.server_error() == ServerError::kShuttingDown) {
    checkout_.Discard();
  }
  Close();
  return AfterLost(std::move(outcome.status), lost_);
}

void Stream::State::Close() {
  if (!open_ && !checkout_) return;
  open_ = false;
  checkout_.Return();
  keys_.Trim();
}

void Stream::State::Abort() {
  checkout_.Discard();
  Close();
}

Stream::Stream() = default;
Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;

Result<bool> Stream::Next(StreamItem* item) {
  if (state_ == nullptr) return false;
  return Guarded<Result<bool>>([&] {
    try {
      return state_->Next(item);
    } catch (...) {
      state_->Abort();
      throw;
    }
  });
}

Result<size_t> Stream::NextItems(std::span<StreamItem> items) {
  if (state_ == nullptr) return size_t{0};
  return Guarded<Result<size_t>>([&] {
    try {
      return state_->NextItems(items);
    } catch (...) {
      state_->Abort();
      throw;
    }
  });
}

void Stream::Close() {
  if (state_ != nullptr) state_->Close();
}

Status Client::StartGet(Stream& stream, std::string_view key, CallOptions call) {
  return Guarded<Status>([&] {
    if (stream.state_ == nullptr) stream.state_ = std::make_unique<Stream::State>();
    return stream.state_->StartGet(*core_, key, call);
  });
}

Status Client::StartMultiGet(Stream& stream, KeySource& keys, CallOptions call) {
  return Guarded<Status>([&] {
    if (stream.state_ == nullptr) stream.state_ = std::make_unique<Stream::State>();
    return stream.state_->StartMultiGet(*core_, keys, call);
  });
}

namespace {

class SpanKeys final : public KeySource {
 public:
  explicit SpanKeys(std::span<const std::string_view> keys) : left_(keys) {}
  size_t size() const override { return left_.size(); }
  size_t Next(std::span<std::string_view> keys) override {
    const auto next = left_.first(std::min(keys.size(), left_.size()));
    std::copy(next.begin(), next.end(), keys.begin());
    left_ = left_.subspan(next.size());
    return next.size();
  }

 private:
  std::span<const std::string_view> left_;
};

}  // namespace

Status Client::StartMultiGet(Stream& stream, std::span<const std::string_view> keys,
                             CallOptions call) {
  SpanKeys source(keys);
  return StartMultiGet(stream, source, call);
}

Result<GetReport> Client::MultiGet(std::span<const std::string_view> keys, CallOptions call) {
  return Guarded<Result<GetReport>>([&]() -> Result<GetReport> {
    Stream stream;
    if (Status status = StartMultiGet(stream, keys, call); !status.ok()) return status;
    GetReport report;
    report.values.resize(keys.size());
    for (std::array<StreamItem, kAtOnce> items;;) {
      const auto count = stream.NextItems(items);
      if (!count.ok()) return count.status();
      if (*count == 0) break;
      for (const StreamItem& item : std::span(items).first(*count)) {
        if (item.error != nullptr) report.refused.push_back({item.index, *item.error});
        if (!item.found) continue;
        report.values[item.index] = Value{std::string(item.value.bytes), item.value.flags};
      }
    }
    return report;
  });
}

Result<DeleteReport> Client::MultiDelete(std::span<const std::string_view> keys, CallOptions call) {
  SpanKeys source(keys);
  return MultiDelete(source, call);
}

}  // namespace tagcache
