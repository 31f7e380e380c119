#include "server/session/reply_stream.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tagcache::server {

using protocol::FrameWriter;
using protocol::Reply;

size_t WriteValues(protocol::Op op, uint64_t id, std::span<EntryRef> values, size_t largest,
                   bool last, protocol::Buffer& out) {
  if (!values.empty() && values[0] && values[0].value().size() > largest) return 0;
  FrameWriter writer(out, protocol::kResponseMagic, static_cast<uint8_t>(op), id,
                     protocol::StatusCode::kOk, protocol::kBaseMaxFrame);
  size_t room = protocol::kBaseMaxFrame;
  size_t written = 0;
  for (EntryRef& value : values) {
    protocol::ValueItem item;
    if (value) item = {true, value.flags(), value.value()};
    const size_t size = protocol::kMaxValueHead + item.value.size();
    if (item.value.size() > largest || size > room) break;
    protocol::WriteValueItem(writer, item);
    value.Reset();
    room -= size;
    ++written;
  }
  writer.Finish(!last || written < values.size());
  return written;
}

ReplyStream::ReplyStream(protocol::Op op, uint64_t id, std::span<EntryRef> values,
                         protocol::LeaseKind kind, bool ends_answer)
    : op_(op),
      reply_(protocol::CommandOf(op).reply),
      kind_(kind),
      ends_answer_(ends_answer),
      id_(id) {
  values_.reserve(values.size());
  for (EntryRef& value : values) {
    if (value) pinned_ += value.value().size();
    values_.push_back(std::move(value));
  }
}

size_t ReplyStream::CountPinnedRemoved() const {
  size_t bytes = 0;
  for (const EntryRef& value : std::span(values_).subspan(next_)) {
    if (value && value.removed()) bytes += value.value().size();
  }
  return bytes;
}

bool ReplyStream::Produce(uint32_t max_body, protocol::Buffer& out, Borrowed* borrowed) {
  assert(max_body >= protocol::kBaseMaxFrame);
  assert(values_.empty() || next_ < values_.size());
  FrameWriter writer(out, protocol::kResponseMagic, static_cast<uint8_t>(op_), id_,
                     protocol::StatusCode::kOk, max_body);
  size_t room = max_body;
  *borrowed = Borrowed();
  while (next_ < values_.size() && room >= protocol::kMaxValueHead && borrowed->bytes.empty()) {
    EntryRef& value = values_[next_];
    const std::string_view bytes = value ? value.value() : std::string_view();
    if (!head_sent_) {
      const bool found = static_cast<bool>(value);
      protocol::WriteValueHead(writer, reply_, found ? static_cast<uint8_t>(kind_) : 0,
                               found ? value.flags() : 0, static_cast<uint32_t>(bytes.size()));
      head_sent_ = true;
      room -= found ? protocol::kMaxValueHead : 1;
    }
    const std::string_view piece = bytes.substr(offset_, room);
    if (piece.size() > kMaxCopied) {
      borrowed->bytes = piece;
    } else {
      writer.Bytes(piece);
    }
    offset_ += piece.size();
    room -= piece.size();
    pinned_ -= piece.size();
    if (offset_ < bytes.size()) break;
    if (borrowed->bytes.empty()) {
      value.Reset();
    } else {
      borrowed->pin = std::move(value);
    }
    ++next_;
    offset_ = 0;
    head_sent_ = false;
  }
  const bool last = next_ == values_.size();
  assert(!last || pinned_ == 0);
  writer.Finish(!last || !ends_answer_, borrowed->bytes.size());
  return last;
}

}  // namespace tagcache::server
