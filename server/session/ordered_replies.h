#ifndef TAGCACHE_SERVER_SESSION_ORDERED_REPLIES_H_
#define TAGCACHE_SERVER_SESSION_ORDERED_REPLIES_H_

// The answers of a codec that answers in the order of the requests. Small answers are copied; a
// large value is sent from its entry, which stays pinned, and what is answered after it queues up
// behind it:
//
//   out             | values_[0]   | values_[1]             | after the last value
//   ----------------+--------------+------------------------+---------------------
//   "OK\nVALUE\t"   | (1 MiB)      | "\nVALUE\t" (2 MiB)    | "\nNF\nOK\n"
//
// `out` is the session's buffer; the rest waits here until Produce moves it, piece by piece. All
// copied bytes that wait stand one after the other in one buffer; each value knows how many of them
// precede it.
//
// Threads: one at a time, its session's. Errors: std::bad_alloc.

#include <cstddef>
#include <vector>

#include "protocol/buffer.h"
#include "server/session/wire.h"
#include "server/store/store.h"

namespace tagcache::server {

class OrderedReplies {
 public:
  // Where copied bytes of the next answer are to be appended: `out`, or behind what waits.
  protocol::Buffer& Destination(protocol::Buffer& out) { return waiting() ? copied_ : out; }
  // Sends a value behind all bytes appended so far. Its bytes are not copied.
  void AddValue(EntryRef value);

  bool waiting() const { return !values_.empty() || !copied_.empty(); }
  // Moves the next piece to `out`, or leaves its end in *borrowed: send that before the next call.
  // REQUIRES: waiting().
  void Produce(protocol::Buffer& out, Borrowed* borrowed);

  // Bytes that wait: those pinned and those copied.
  size_t pinned() const { return pinned_; }
  size_t copied() const { return copied_.size(); }

 private:
  struct Value {
    size_t copied_before;  // bytes of copied_ between the value before and this one
    EntryRef entry;
  };

  size_t MoveCopied(size_t n, protocol::Buffer& out);
  void RemoveFirst();

  std::vector<Value> values_;
  size_t first_ = 0;   // of values_, those before it were sent
  size_t offset_ = 0;  // bytes sent of the first value
  size_t pinned_ = 0;  // bytes of values not yet sent
  protocol::Buffer copied_;
  size_t copied_before_ = 0;  // bytes of copied_ that stand in front of some value
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_SESSION_ORDERED_REPLIES_H_
