#include "server/session/ordered_replies.h"

#include <algorithm>
#include <cassert>
#include <span>
#include <utility>

namespace tagcache::server {
namespace {

// Of a value, this much is lent at once. No answer waits for the next piece but those that must
// stay behind it anyway, so it is as much as a connection may send before others have their turn.
constexpr size_t kMaxLent = 1024 * 1024;
// Copied answers are kept in up to so much memory, even when most of it is free.
constexpr size_t kKeptCopied = 512 * 1024;

}  // namespace

void OrderedReplies::AddValue(EntryRef value, std::string_view end) {
  assert(value && "a miss is an answer without a value");
  assert(!value.value().empty() && copied_before_ <= copied_.size());
  pinned_ += value.value().size();
  values_.push_back({copied_.size() - copied_before_, std::move(value), end});
  copied_before_ = copied_.size();
}

void OrderedReplies::AddCopied(protocol::Buffer bytes) {
  if (!waiting()) {
    copied_ = std::move(bytes);
  } else {
    copied_.Append(bytes.view());
  }
}

void OrderedReplies::Produce(protocol::Buffer& out, Borrowed* borrowed) {
  assert(waiting());
  *borrowed = Borrowed();
  if (!values_.empty() && offset_ == values_[first_].entry.value().size()) RemoveFirst();
  if (values_.empty()) {
    MoveCopied(copied_.size(), out);
    if (copied_.empty()) copied_.Release(0);  // an idle connection holds no buffer
    return;
  }
  Value& value = values_[first_];
  const size_t moved = MoveCopied(value.copied_before, out);
  value.copied_before -= moved;
  copied_before_ -= moved;
  if (value.copied_before > 0) return;
  const std::string_view bytes = value.entry.value();
  borrowed->bytes = bytes.substr(offset_, kMaxLent);
  offset_ += borrowed->bytes.size();
  if (offset_ == bytes.size()) borrowed->end = value.end;
}

size_t OrderedReplies::CountPinnedRemoved() const {
  size_t bytes = 0;
  for (const Value& value : std::span(values_).subspan(first_)) {
    if (value.entry.removed()) bytes += value.entry.value().size();
  }
  return bytes;
}

// Moves a piece of the first `n` copied bytes. Returns how many it moved.
size_t OrderedReplies::MoveCopied(size_t n, protocol::Buffer& out) {
  assert(n <= copied_.size());
  const size_t moved = std::min<size_t>(n, kMaxPiece);
  out.Append(copied_.view().substr(0, moved));
  copied_.Consume(moved);
  copied_.Shrink(kKeptCopied);
  return moved;
}

// Sent values are erased when they are half of the list, so that each costs a constant time.
void OrderedReplies::RemoveFirst() {
  pinned_ -= offset_;
  offset_ = 0;
  values_[first_++].entry.Reset();
  if (2 * first_ < values_.size()) return;
  values_.erase(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
  assert(!values_.empty() || (pinned_ == 0 && copied_before_ == 0));
}

}  // namespace tagcache::server
