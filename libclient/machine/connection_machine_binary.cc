// The connection machine on the binary codec: frames to events.

#include <algorithm>
#include <cassert>
#include <utility>

#include "libclient/machine/connection_machine.h"

namespace tagcache {

using protocol::FrameHeader;
using protocol::FrameState;
using protocol::Op;
using protocol::StatusCode;

namespace {

// The most that is allocated for an announced length before the bytes have arrived.
constexpr size_t kMaxReserve = 8 * 1024 * 1024;
// Flags and length in front of a GET's value.
constexpr size_t kGetHead = protocol::kMaxValueHead - 1;

constexpr std::string_view kTooLarge = "a reply is larger than this client takes";
constexpr std::string_view kBadItem = "a value in a bulk reply does not parse";
constexpr std::string_view kWrongCount = "a bulk reply does not have a value for each key";

}  // namespace

bool ConnectionMachine::NextBinary(Event* event) {
  for (;;) {
    uint64_t id = 0;
    Pending* const pending = PendingToEmit(&id);
    if (pending != nullptr && NextValue(id, *pending, event)) return true;
    assert(frame_id_ == 0 && body_left_ == 0);
    FrameHeader header;
    StatusCode error = StatusCode::kOk;
    needed_ = 0;
    if (in_.empty()) return false;
    switch (protocol::ReadFrame(in_.view(), protocol::kResponseMagic, options_.max_frame, &header,
                                &error, &needed_)) {
      case FrameState::kNeedMore:
        return false;
      case FrameState::kBad:
        return Break(event, error == StatusCode::kFrameTooLarge
                                ? "a frame is longer than was agreed"
                                : "the bytes received are no frame of this protocol");
      case FrameState::kDone:
        break;
    }
    needed_ = 0;
    in_.Consume(protocol::kHeaderSize);
    if (TakeFrame(header, event)) return true;
  }
}

bool ConnectionMachine::TakeFrame(const FrameHeader& header, Event* event) {
  if (header.id == 0) return TakeHello(header, event);
  Pending* const pending = window_.Find(header.id);
  if (pending != nullptr) return TakeReply(header, *pending, event);
  const std::string_view body(in_.data(), header.length);
  in_.Consume(header.length);
  if (!header.more) {
    ++late_replies_;
    if (abandoned_count_ > 0) --abandoned_count_;
  }
  return protocol::ClosesConnection(header.status) &&
         Break(event, WordsOf(header.status, body), header.status);
}

bool ConnectionMachine::TakeHello(const FrameHeader& header, Event* event) {
  const std::string_view body(in_.data(), header.length);
  in_.Consume(header.length);
  if (protocol::IsError(header.status)) {
    return Break(event, WordsOf(header.status, body), header.status);
  }
  if (!hello_outstanding_ || header.more || header.opcode != static_cast<uint8_t>(Op::kHello) ||
      !protocol::DecodeResponse(header.opcode, 0, header.status, body, scratch_, &response_)) {
    return Break(event, "the answer to HELLO does not parse");
  }
  if (response_.hello.max_version != protocol::kVersion) {
    return Break(event, "the server chose a protocol version that this client did not offer",
                 StatusCode::kUnsupportedVersion);
  }
  hello_outstanding_ = false;
  hello_acknowledged_ = true;
  send_max_frame_ =
      std::max(protocol::kBaseMaxFrame, std::min(response_.hello.max_frame, options_.max_frame));
  return false;
}

bool ConnectionMachine::TakeReply(const FrameHeader& header, Pending& pending, Event* event) {
  if (header.opcode != static_cast<uint8_t>(pending.op) || pending.last_frame) {
    return Break(event, "an answer does not belong to the request that has its ID");
  }
  assert(header.length <= in_.size());
  body_left_ = header.length;
  const bool bulk = pending.op == Op::kMGet;
  if (bulk && !pending.failing && !protocol::IsError(header.status)) {
    pending.last_frame = !header.more;
    if (header.id != window_.front_id()) {
      if (!HoldBody(pending, body_left_)) return Break(event, kTooLarge);
    } else {
      frame_id_ = header.id;
    }
    return false;
  }
  if (bulk && !pending.failing) {
    pending.failing = true;  // what follows is the message of the error
    pending.partial.Clear();
  }
  std::string_view body(in_.data(), header.length);
  if (header.more || !pending.partial.empty()) {
    if (!HoldBody(pending, body_left_)) return Break(event, kTooLarge);
    if (header.more) return false;
    std::swap(event_bytes_, pending.partial);
    body = event_bytes_.view();
  } else {
    in_.Consume(body_left_);
    body_left_ = 0;
  }
  if (!protocol::DecodeResponse(header.opcode, header.id, header.status, body, scratch_,
                                &response_)) {
    return Break(event, "the body of an answer does not parse");
  }
  return Finish(header.id, pending, event);
}

// Moves `n` bytes of the open frame's body to the request's own buffer.
bool ConnectionMachine::HoldBody(Pending& pending, size_t n) {
  assert(n <= body_left_ && body_left_ <= in_.size());
  protocol::Buffer& partial = pending.partial;
  if (partial.size() + n > options_.max_reply) return false;
  const bool value = protocol::CommandOf(pending.op).reply == protocol::Reply::kValue;
  if (partial.empty() && value && n >= kGetHead) {
    const size_t whole = kGetHead + protocol::LoadLittle<uint32_t>(in_.data() + kGetHead - 4);
    partial.Prepare(std::min(std::max(whole, n), kMaxReserve));
  }
  partial.Append(in_.data(), n);
  in_.Consume(n);
  body_left_ -= n;
  return true;
}

// The bulk reply whose values may be emitted now and of which there are bytes, or nullptr.
Pending* ConnectionMachine::PendingToEmit(uint64_t* id) {
  assert(frame_id_ == 0 || frame_id_ == window_.front_id());
  Pending* const front = window_.Front();
  if (front == nullptr || front->op != Op::kMGet || front->failing) return nullptr;
  *id = window_.front_id();
  return frame_id_ == 0 && front->partial.empty() && !front->last_frame ? nullptr : front;
}

// Emits the next value of a bulk reply, or its end. If it emits nothing, all that was received of
// the reply is in the buffer of its request and the frame is consumed.
bool ConnectionMachine::NextValue(uint64_t id, Pending& pending, Event* event) {
  protocol::Buffer& partial = pending.partial;
  size_t used = 0;
  for (;;) {
    const size_t body = frame_id_ == id ? body_left_ : 0;
    const bool held = !partial.empty();
    if (!held && body == 0) break;
    const std::string_view bytes = held ? partial.view() : std::string_view(in_.data(), body);
    const FrameState state = protocol::ReadValueItem(bytes, &event->item, &used);
    if (state == FrameState::kBad) return Break(event, kBadItem);
    if (state == FrameState::kDone) {
      if (pending.delivered == pending.expected) return Break(event, kWrongCount);
      if (!held) {
        in_.Consume(used);
        body_left_ -= used;
      } else if (used == bytes.size()) {
        std::swap(event_bytes_, partial);
      } else {
        partial.Consume(used);
      }
      event->kind = Event::Kind::kItem;
      event->id = id;
      event->index = pending.delivered++;
      return true;
    }
    if (used > options_.max_reply) return Break(event, kTooLarge);
    if (held && body == 0) break;
    // The end of the frame cuts the item. `used` is 0 while not even the item's head is complete.
    const size_t missing = (used > 0 ? used : protocol::kMaxValueHead) - partial.size();
    if (used > 0) partial.Prepare(std::min(missing, kMaxReserve));
    if (!HoldBody(pending, std::min(missing, body))) return Break(event, kTooLarge);
  }
  if (frame_id_ == id) frame_id_ = 0;
  if (!pending.last_frame) return false;
  if (!partial.empty() || pending.delivered != pending.expected) return Break(event, kWrongCount);
  response_ = protocol::Response();
  response_.op = pending.op;
  return Finish(id, pending, event);
}

}  // namespace tagcache
