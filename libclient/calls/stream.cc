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
Status Stream::State::CheckKeys() const {
  const size_t longest = bulk_ ? keys_.longest() : key_.size();
  if (core_->options().protocol == Protocol::kBinary && longest <= kCommonKey) return {};
  if (!bulk_) return CheckKey(key_);
  for (size_t i = 0; i < keys_.size(); ++i) {
    if (Status status = CheckKey(keys_[i]); !status.ok()) return status;
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
  }
  sent_ = delivered_ = in_flight_count_ = 0;
  process_ = &core_->state();
  if (count() > 0) {
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
  while (sent_ < count() && in_flight_count_ < kWindow) {
    Request request;
    size_t keys = 1;
    if (bulk_) {
      request.op = Op::kMGet;
      request.keys = keys_.Chunk(sent_);
      keys = request.keys.size();
    } else {
      request.op = Op::kGet;
      request.key = key_;
    }
    in_flight_[in_flight_count_++] = {checkout_->machine().Send(request), sent_};
    sent_ += keys;
  }
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
    Event event;
    Outcome outcome = Await(*checkout_, call_, {}, &event);
    if (outcome.end == Outcome::End::kAnswered) {
      if (TakeEvent(event, item, &outcome)) return true;
      if (outcome.status.ok()) continue;
    } else if (outcome.end == Outcome::End::kLost && MayRepeat()) {
      ++tries_;
      process_->counters.retries.Add();
      checkout_.DiscardBroken();
      Status status = Open(true);
      if (status.ok()) continue;
      Close();
      return status;
    }
    return Fail(std::move(outcome));
  }
}

// Values that lie whole in the receive buffer need no I/O and so none of the cases of Next.
Result<size_t> Stream::State::NextItems(std::span<StreamItem> items) {
  if (open_ && in_flight_count_ > 0 && checkout_ && checkout_.of_this_process()) {
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
  if (event.kind == Event::Kind::kItem) {
    assert(in_flight_count_ > 0 && event.id == in_flight_[0].id);  // values come in order
    ++delivered_;
    item->index = in_flight_[0].first_key + event.index;
    item->found = event.item.found;
    item->value = {event.item.value, event.item.flags};
    return true;
  }
  const protocol::Response& response = *event.response;
  if (protocol::IsError(response.status)) {
    outcome->status = Refused(call_, checkout_->server(), response.status, response.message);
    return false;
  }
  assert(in_flight_count_ > 0 && event.id == in_flight_[0].id);
  in_flight_[0] = in_flight_[1];
  --in_flight_count_;
  if (bulk_) return false;
  ++delivered_;
  item->index = 0;
  item->found = response.status == StatusCode::kOk;
  item->value = {};
  if (item->found) item->value = {response.value, response.flags};
  return true;
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
  return std::move(outcome.status);
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

Result<std::vector<std::optional<Value>>> Client::MultiGet(std::span<const std::string_view> keys,
                                                           CallOptions call) {
  using R = Result<std::vector<std::optional<Value>>>;
  return Guarded<R>([&]() -> R {
    Stream stream;
    if (Status status = StartMultiGet(stream, keys, call); !status.ok()) return status;
    std::vector<std::optional<Value>> values(keys.size());
    for (std::array<StreamItem, kAtOnce> items;;) {
      const auto count = stream.NextItems(items);
      if (!count.ok()) return count.status();
      if (*count == 0) break;
      for (const StreamItem& item : std::span(items).first(*count)) {
        if (item.found) values[item.index] = Value{std::string(item.value.bytes), item.value.flags};
      }
    }
    return values;
  });
}

Result<uint64_t> Client::MultiDelete(std::span<const std::string_view> keys, CallOptions call) {
  SpanKeys source(keys);
  return MultiDelete(source, call);
}

}  // namespace tagcache
