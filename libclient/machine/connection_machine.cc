#include "libclient/machine/connection_machine.h"

#include <algorithm>
#include <cassert>

#include "protocol/text_codec.h"

namespace tagcache {

using protocol::Op;
using protocol::StatusCode;

namespace {

constexpr size_t kReadChunk = 64 * 1024;
// A buffer keeps at most this much memory between two calls.
constexpr size_t kKeptBuffer = 512 * 1024;
constexpr size_t kKeptViews = 16 * 1024;

}  // namespace

ConnectionMachine::ConnectionMachine(const MachineOptions& options) : options_(options) {}

uint64_t ConnectionMachine::Send(const protocol::Request& request) {
  assert(!broken_);
  if (!greeted_) Greet();
  const uint64_t id = window_.next_id();
  Pending& pending = window_.Push();
  ++pending_count_;
  pending.op = request.op;
  if (options_.protocol == Protocol::kText) {
    SendLines(request, pending);
    return id;
  }
  pending.expected = static_cast<uint32_t>(request.keys.size());
  // A large value is appended a frame at a time; without this the buffer would grow under it.
  if (request.value.size() > send_max_frame_) {
    const size_t frames = request.value.size() / send_max_frame_ + 2;
    out_.Prepare(request.value.size() + request.key.size() + frames * protocol::kHeaderSize);
  }
  protocol::EncodeRequest(request, id, send_max_frame_, out_);
  return id;
}

void ConnectionMachine::Greet() {
  greeted_ = true;
  protocol::Request greeting;
  greeting.user = options_.username;
  greeting.password = options_.password;
  if (options_.protocol == Protocol::kText) {
    hello_acknowledged_ = greeting.user.empty() && greeting.password.empty();
    hello_outstanding_ = !hello_acknowledged_;
    if (hello_acknowledged_) return;
    greeting.op = Op::kAuth;
    protocol::EncodeTextRequest(greeting, out_);
    return;
  }
  hello_outstanding_ = true;
  greeting.op = Op::kHello;
  greeting.hello.features =
      protocol::kFeatureLeaseToken | (options_.busy_poll ? protocol::kFeatureBusyPoll : 0);
  greeting.hello.max_frame = options_.max_frame;
  greeting.hello.name = options_.client_name;
  protocol::EncodeRequest(greeting, protocol::kBaseMaxFrame, out_);
}

void ConnectionMachine::TakeOutput(protocol::Buffer& to) {
  if (to.empty()) {
    to = std::move(out_);  // swaps
  } else {
    to.Append(out_.view());
  }
  out_.Clear();
}

std::span<char> ConnectionMachine::ReadSpace(size_t min) {
  size_t want = std::max(min, kReadChunk);
  if (needed_ > in_.size()) want = std::max(want, needed_ - in_.size());
  char* const space = in_.Prepare(want);
  return {space, in_.space()};
}

Event ConnectionMachine::Next() {
  Event event;
  if (broken_) {
    EmitBroken(&event);
  } else {
    if (!event_bytes_.empty()) event_bytes_.Release(0);
    options_.protocol == Protocol::kBinary ? NextBinary(&event) : NextText(&event);
  }
  return event;
}

size_t ConnectionMachine::TakeItems(std::span<StreamItem> items, size_t first_key) {
  Pending* const pending = broken_ || frame_id_ == 0 ? nullptr : window_.Find(frame_id_);
  if (pending == nullptr || !pending->partial.empty()) return 0;
  assert(body_left_ <= in_.size() && pending->delivered <= pending->expected);
  std::string_view bytes(in_.data(), body_left_);
  const size_t most = std::min<size_t>(items.size(), pending->expected - pending->delivered);
  first_key += pending->delivered;
  size_t count = 0;
  protocol::ValueItem item;
  for (size_t used = 0; count < most; ++count) {
    if (protocol::ReadValueItem(bytes, &item, &used) != protocol::FrameState::kDone) break;
    bytes.remove_prefix(used);
    items[count] = {first_key + count, item.found, {item.value, item.flags}};
  }
  in_.Consume(body_left_ - bytes.size());
  body_left_ = bytes.size();
  pending->delivered += static_cast<uint32_t>(count);
  return count;
}

bool ConnectionMachine::EmitBroken(Event* event) const {
  event->kind = Event::Kind::kBroken;
  event->reason = break_reason_;
  event->status = break_status_;
  return true;
}

void ConnectionMachine::MarkBroken(std::string_view reason, StatusCode status) {
  broken_ = true;
  break_reason_ = reason;
  break_status_ = status;
}

bool ConnectionMachine::Break(Event* event, std::string_view reason, StatusCode status) {
  MarkBroken(reason, status);
  return EmitBroken(event);
}

bool ConnectionMachine::Finish(uint64_t id, Pending& pending, Event* event) {
  assert(pending_count_ > 0);
  window_.Release(pending);
  --pending_count_;
  if (frame_id_ == id) frame_id_ = 0;
  response_.id = id;
  event->kind = Event::Kind::kDone;
  event->id = id;
  event->response = &response_;
  if (protocol::ClosesConnection(response_.status)) {
    MarkBroken(WordsOf(response_.status, response_.message), response_.status);
  }
  return true;
}

void ConnectionMachine::Abandon(uint64_t id) {
  Pending* const pending = window_.Find(id);
  if (pending == nullptr || broken_) return;
  if (options_.protocol == Protocol::kText) {
    MarkBroken("the answer to an earlier request is still to come");
    return;
  }
  if (frame_id_ == id) {
    in_.Consume(body_left_);
    body_left_ = 0;
    frame_id_ = 0;
  }
  if (pending->last_frame) {
    ++late_replies_;
  } else {
    ++abandoned_count_;
  }
  window_.Release(*pending);
  --pending_count_;
}

bool ConnectionMachine::quiescent() const {
  assert((pending_count_ == 0) == window_.empty());
  return !broken_ && pending_count_ == 0 && abandoned_count_ == 0 && !hello_outstanding_ &&
         in_.empty() && out_.empty();
}

void ConnectionMachine::Trim() {
  assert(quiescent());
  in_.Release(kKeptBuffer);
  out_.Release(kKeptBuffer);
  event_bytes_.Release(0);
  window_.Trim();
  if (scratch_.views.capacity() > kKeptViews || scratch_.refused.capacity() > kKeptViews ||
      scratch_.tag_stats.capacity() > kKeptViews) {
    scratch_ = protocol::Scratch();
  }
  if (options_.protocol == Protocol::kText) event_bulk_result_ = BulkResult();
}

}  // namespace tagcache
