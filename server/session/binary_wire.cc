#include "server/session/binary_wire.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace tagcache::server {
namespace {

using protocol::FrameHeader;
using protocol::FrameState;
using protocol::StatusCode;

// How many messages in several frames may be incomplete at once.
constexpr size_t kMaxAssemblies = 64;
// The front of a message that is too large: its options, the length of its key, and the key.
constexpr size_t kKeptFront = 1 + 2 + 0xFFFF;
// The small values at the front of an MGET's answer are copied until this much waits to be sent.
constexpr size_t kMaxAhead = 256 * 1024;
// How many large replies may wait at once, and how many of the largest values they may pin
// together.
constexpr size_t kMaxWaiting = 1024;
constexpr size_t kMaxPinnedValues = 16;
constexpr size_t kLeastPinnedValue = 1024 * 1024;

constexpr size_t kDefaultPage = 1000;
constexpr size_t kMaxPage = 4096;

// Commands whose body is options, the key, and a value at the end.
bool IsSingleWrite(uint8_t opcode) {
  const protocol::Command* command = protocol::FindCommand(opcode);
  return command != nullptr && protocol::HasField(*command, protocol::Field::kValue);
}

// Reads opcode and ID of the request that begins with `bytes`. false: they are no header of one.
bool ReadName(std::string_view bytes, protocol::Request* request) {
  if (bytes.size() < protocol::kHeaderSize) return false;
  if (static_cast<uint8_t>(bytes[0]) != protocol::kRequestMagic) return false;
  request->op = static_cast<protocol::Op>(static_cast<uint8_t>(bytes[1]));
  request->id = protocol::LoadLittle<uint64_t>(bytes.data() + 8);
  return true;
}

// The key of a single write, from the front of its body: options, then the key. Empty: not all of
// it is there.
std::string_view KeyAtFront(std::string_view body) {
  if (body.size() < 3) return {};
  const size_t length =
      static_cast<unsigned char>(body[1]) | static_cast<size_t>(static_cast<uint8_t>(body[2])) << 8;
  return body.size() < 3 + length ? std::string_view() : body.substr(3, length);
}

}  // namespace

BinaryWire::BinaryWire(const Engine& engine)
    : Wire({.max_page = kMaxPage, .default_page = kDefaultPage}), engine_(engine) {}

void BinaryWire::Next(std::string_view bytes, protocol::Scratch& scratch, Incoming* incoming) {
  if (current_.capacity() > 0) current_.Release(0);
  incoming->Clear();
  FrameHeader header;
  StatusCode error = StatusCode::kOk;
  const FrameState state = protocol::ReadFrame(bytes, protocol::kRequestMagic,
                                               engine_.options().max_frame, &header, &error);
  switch (state) {
    case FrameState::kNeedMore:
      return;
    case FrameState::kBad:
      incoming->request = protocol::Request();
      ReadName(bytes, &incoming->request);
      if (error == StatusCode::kFrameTooLarge) {
        detail_ = "a frame is longer than the limit max_frame, which is " +
                  std::to_string(engine_.options().max_frame);
        return Break(error, detail_, incoming);
      }
      return Break(error, "the bytes are not a frame of the binary protocol", incoming);
    case FrameState::kDone:
      break;
  }
  incoming->used = protocol::kHeaderSize + header.length;
  const std::string_view body = bytes.substr(protocol::kHeaderSize, header.length);
  if (!header.more && assemblies_.empty()) {
    return Decode(header.opcode, header.id, body, scratch, incoming);
  }
  AddPart(header, body, scratch, incoming);
}

void BinaryWire::AddPart(const FrameHeader& header, std::string_view body,
                         protocol::Scratch& scratch, Incoming* incoming) {
  incoming->request = protocol::Request();
  incoming->request.id = header.id;
  incoming->request.op = static_cast<protocol::Op>(header.opcode);
  Assembly* assembly = Find(header.id);
  if (assembly == nullptr) {
    if (!header.more) return Decode(header.opcode, header.id, body, scratch, incoming);
    if (assemblies_.size() == kMaxAssemblies) {
      return Break(StatusCode::kBadFrame, "more than 64 messages in parts are under way", incoming);
    }
    assembly = &assemblies_.emplace_back();
    assembly->id = header.id;
    assembly->opcode = header.opcode;
  } else if (assembly->opcode != header.opcode) {
    return Break(StatusCode::kBadFrame, "the opcode changes between the frames of a message",
                 incoming);
  }
  if (!Append(*assembly, body, incoming)) return;
  if (header.more) {
    incoming->kind = Incoming::Kind::kPart;
  } else {
    Complete(*assembly, scratch, incoming);
  }
}

BinaryWire::Assembly* BinaryWire::Find(uint64_t id) {
  for (Assembly& assembly : assemblies_) {
    if (assembly.id == id) return &assembly;
  }
  return nullptr;
}

bool BinaryWire::Append(Assembly& assembly, std::string_view body, Incoming* incoming) {
  assembly.size += body.size();
  if (assembly.oversize) return true;
  const size_t max_write = engine_.options().store.max_value + engine_.max_write_overhead();
  const size_t limit = IsSingleWrite(assembly.opcode) ? max_write : engine_.max_message();
  if (assembly.size > limit && IsSingleWrite(assembly.opcode)) {
    // The refusal must name the key, so the front is kept; the rest is counted and dropped.
    const size_t before = assembly.body.size();
    if (before < kKeptFront) assembly.body.Append(body.substr(0, kKeptFront - before));
    held_bytes_ -= before;
    protocol::Buffer front;
    front.Append(assembly.body.view().substr(0, kKeptFront));
    assembly.body = std::move(front);
    held_bytes_ += assembly.body.size();
    assembly.oversize = true;
    return true;
  }
  // Two of the largest messages may be under way at once, or many small ones.
  if (assembly.size > limit || held_bytes_ + body.size() > 2 * engine_.max_message()) {
    detail_ = "the messages in parts have over " + std::to_string(limit) + " bytes";
    Break(StatusCode::kMessageTooLarge, detail_, incoming);
    assembly.body.Append(body.substr(0, kKeptFront));  // the key may end in this frame
    held_bytes_ += std::min(body.size(), kKeptFront);
    incoming->request.key = KeyAtFront(assembly.body.view());
    incoming->lost_put = assembly.opcode == static_cast<uint8_t>(protocol::Op::kPut) &&
                         !incoming->request.key.empty();
    return false;
  }
  assembly.body.Append(body);
  held_bytes_ += body.size();
  return true;
}

void BinaryWire::Complete(Assembly& assembly, protocol::Scratch& scratch, Incoming* incoming) {
  const uint64_t id = assembly.id;
  const uint8_t opcode = assembly.opcode;
  const bool oversize = assembly.oversize;
  const size_t size = assembly.size;
  current_ = std::move(assembly.body);
  held_bytes_ -= current_.size();
  Drop(assembly);
  if (!oversize) return Decode(opcode, id, current_.view(), scratch, incoming);
  incoming->kind = Incoming::Kind::kOversize;
  incoming->error = StatusCode::kValueTooLarge;
  incoming->size = size;
  incoming->request.key = KeyAtFront(current_.view());
}

void BinaryWire::Drop(Assembly& assembly) {
  if (&assembly != &assemblies_.back()) std::swap(assembly, assemblies_.back());
  assemblies_.pop_back();
}

void BinaryWire::Decode(uint8_t opcode, uint64_t id, std::string_view body,
                        protocol::Scratch& scratch, Incoming* incoming) {
  if (RefuseRestricted(protocol::FindCommand(opcode), incoming)) {
    incoming->request = protocol::Request();
    incoming->request.op = static_cast<protocol::Op>(opcode);
    incoming->request.id = id;
    return;
  }
  incoming->kind =
      protocol::DecodeRequest(opcode, id, body, scratch, &incoming->request, &incoming->error,
                              &incoming->detail, protocol::Lists::kLeftInBatch)
          ? Incoming::Kind::kRequest
          : Incoming::Kind::kRefused;
}

void BinaryWire::Break(StatusCode error, std::string_view detail, Incoming* incoming) {
  incoming->kind = Incoming::Kind::kBroken;
  incoming->error = error;
  incoming->detail = detail;
}

void BinaryWire::Answer(const protocol::Request&, const protocol::Response& response,
                        protocol::Buffer& out) {
  protocol::EncodeResponse(response, max_frame_out_, out);
}

void BinaryWire::AnswerValue(const protocol::Request& request, EntryRef value, bool stale,
                             protocol::Buffer& out) {
  const auto kind = stale ? protocol::LeaseKind::kStaleValue : protocol::LeaseKind::kValue;
  if (value.value().size() > kMaxCopied) {
    return Wait(ReplyStream(request.op, request.id, {&value, 1}, kind));
  }
  protocol::FrameWriter writer(out, protocol::kResponseMagic, static_cast<uint8_t>(request.op),
                               request.id, StatusCode::kOk, max_frame_out_);
  protocol::WriteValueHead(writer, protocol::CommandOf(request.op).reply,
                           static_cast<uint8_t>(kind), value.flags(),
                           static_cast<uint32_t>(value.value().size()));
  writer.Bytes(value.value());
  writer.Finish();
}

void BinaryWire::AnswerValues(const protocol::Request& request, std::span<EntryRef> values,
                              bool last, protocol::Buffer& out) {
  assert(!answer_waits_);
  while (out.size() < kMaxAhead) {
    const size_t written = WriteValues(request.op, request.id, values, kMaxCopied, last, out);
    values = values.subspan(written);
    if (values.empty()) return;
    if (written == 0) break;
  }
  answer_waits_ = !last;
  Wait(ReplyStream(request.op, request.id, values, protocol::LeaseKind::kValue, last));
}

void BinaryWire::Wait(ReplyStream stream) {
  pinned_ += stream.pinned();
  waiting_.push_back(std::move(stream));
}

void BinaryWire::Produce(protocol::Buffer& out, Borrowed* borrowed) {
  if (turn_ >= waiting_.size()) turn_ = 0;
  assert(!waiting_.empty());
  ReplyStream& stream = waiting_[turn_];
  const size_t before = stream.pinned();
  const bool last = stream.Produce(std::min(max_frame_out_, kMaxPiece), out, borrowed);
  assert(stream.pinned() <= before && before <= pinned_);
  pinned_ -= before - stream.pinned();
  if (last) {
    if (!stream.ends_answer()) answer_waits_ = false;
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(turn_));
  } else {
    ++turn_;
  }
}

bool BinaryWire::full() const {
  const size_t value = std::max(engine_.options().store.max_value, kLeastPinnedValue);
  return waiting_.size() >= kMaxWaiting || pinned_ >= kMaxPinnedValues * value;
}

size_t BinaryWire::held() const {
  size_t bytes = current_.capacity() + waiting_.capacity() * sizeof(ReplyStream);
  for (const Assembly& assembly : assemblies_) bytes += sizeof(Assembly) + assembly.body.capacity();
  for (const ReplyStream& stream : waiting_) bytes += stream.held();
  return bytes;
}

size_t BinaryWire::CountPinnedRemoved() const {
  size_t bytes = 0;
  for (const ReplyStream& stream : waiting_) bytes += stream.CountPinnedRemoved();
  return bytes;
}

void BinaryWire::AnswerRefusal(const Incoming& incoming, std::string_view message,
                               protocol::Buffer& out) {
  protocol::Response response;
  response.op = incoming.request.op;
  response.id = incoming.request.id;
  response.status = incoming.error;
  response.message = message;
  protocol::EncodeResponse(response, max_frame_out_, out);
}

void BinaryWire::RefuseIncomplete(std::string_view tail, StatusCode status,
                                  std::string_view message, protocol::Buffer& out) {
  Incoming refused;
  refused.error = status;
  for (const Assembly& assembly : assemblies_) {
    refused.request.op = static_cast<protocol::Op>(assembly.opcode);
    refused.request.id = assembly.id;
    AnswerRefusal(refused, message, out);
  }
  const bool named = ReadName(tail, &refused.request) && Find(refused.request.id) == nullptr;
  assemblies_.clear();
  held_bytes_ = 0;
  if (named) AnswerRefusal(refused, message, out);
}

}  // namespace tagcache::server
