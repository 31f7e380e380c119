#ifndef TAGCACHE_SERVER_SESSION_ORDERED_REPLIES_H_
#define TAGCACHE_SERVER_SESSION_ORDERED_REPLIES_H_

// The answers of a codec that answers in the order of the requests. Small answers are copied; a
// large value is sent from its entry, which stays pinned, and what is answered after it queues up
// behind it:
//
//    out            | values_[0]     | values_[1]                  | after the last value
//   ----------------+----------------+-----------------------------+---------------------
//    "OK\nVALUE\t"  | (1 MiB) "\n"   | "NF\nVALUE\t" (2 MiB) "\n"  | "NF\nOK\n"
//
// `out` is the session's buffer; the rest waits here until Produce moves it, piece by piece. The
// copied bytes stand one after the other in one buffer, and each value knows how many of them
// precede it. A value is in the list until all of it was sent, so nothing overtakes it.
//
// Threads: one at a time, its session's. Errors: std::bad_alloc.

#include <cstddef>
#include <string_view>
#include <vector>

#include "protocol/buffer.h"
#include "server/session/wire.h"
#include "server/store/store.h"

namespace tagcache::server {

class OrderedReplies {
 public:
  // Where the copied bytes of the next answer are to be appended: `out`, or behind what waits.
  protocol::Buffer& Destination(protocol::Buffer& out) { return waiting() ? copied_ : out; }
  // Sends a value behind all bytes appended so far, and then `end`. The value is not copied. `end`
  // is a constant: it must outlive this.
  void AddValue(EntryRef value, std::string_view end);

  // Sends bytes behind all those appended so far.
  void AddCopied(protocol::Buffer bytes);

  bool waiting() const { return !values_.empty() || !copied_.empty(); }
  // As Wire::Produce: the next piece goes to `out`, and its end to *borrowed. The piece is
  // empty if the last value was already lent. REQUIRES: waiting().
  void Produce(protocol::Buffer& out, Borrowed* borrowed);

  // Bytes that wait: of values not yet sent, which are pinned, and of copied answers.
  size_t pinned() const { return pinned_; }
  size_t copied() const { return copied_.size(); }
  // Bytes of those values that the store has removed.
  size_t CountPinnedRemoved() const;
  // Bytes of the buffer and the list.
  size_t held() const { return copied_.capacity() + values_.capacity() * sizeof(Value); }
  size_t capacity() const { return copied_.capacity(); }

 private:
  struct Value {
    size_t copied_before;  // bytes of copied_ between the value before and this one
    EntryRef entry;
    std::string_view end;
  };

  size_t MoveCopied(size_t n, protocol::Buffer& out);
  void RemoveFirst();

  std::vector<Value> values_;
  size_t first_ = 0;   // values_[first_] is being sent; those before it were
  size_t offset_ = 0;  // bytes of it that Produce has lent
  size_t pinned_ = 0;
  protocol::Buffer copied_;
  size_t copied_before_ = 0;  // bytes of copied_ that stand in front of any value
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_SESSION_ORDERED_REPLIES_H_
