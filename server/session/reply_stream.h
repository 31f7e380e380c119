#ifndef TAGCACHE_SERVER_SESSION_REPLY_STREAM_H_
#define TAGCACHE_SERVER_SESSION_REPLY_STREAM_H_

// A reply of values that is produced a frame at a time. It pins the entries it still has to send;
// small values are copied when their frame is made, and large ones are sent from the entry.
//
// Threads: one at a time, its session's.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "protocol/binary_codec.h"
#include "protocol/buffer.h"
#include "server/session/wire.h"
#include "server/store/store.h"

namespace tagcache::server {

// Appends a frame of an MGET reply and drops the pins of its values: the first of these, up to a
// frame of kBaseMaxFrame, or to one over `largest` bytes. Returns how many; 0: none, and no frame
// (unless there are no values at all). The reply goes on unless these are all, and its `last`.
size_t WriteValues(protocol::Op op, uint64_t id, std::span<EntryRef> values, size_t largest,
                   bool last, protocol::Buffer& out);

class ReplyStream {
 public:
  // Takes the pins over. `kind` is what the value that answers a GET_LEASE is.
  ReplyStream(protocol::Op op, uint64_t id, std::span<EntryRef> values,
              protocol::LeaseKind kind = protocol::LeaseKind::kValue);
  // Takes more of them over. Returns their bytes. REQUIRES: Produce was not called yet.
  size_t Add(std::span<EntryRef> values);

  // Appends one frame with a body of at most `max_body` bytes, whose end may be left in *borrowed:
  // send that before the next call. true: it was the last. REQUIRES: max_body >= kBaseMaxFrame; not
  // called after it returned true.
  bool Produce(uint32_t max_body, protocol::Buffer& out, Borrowed* borrowed);

  // Bytes of entries not yet sent, which it pins.
  size_t pinned() const { return pinned_; }

 private:
  protocol::Op op_;
  protocol::Reply reply_;
  protocol::LeaseKind kind_;
  uint64_t id_;
  std::vector<EntryRef> values_;
  size_t next_ = 0;         // values_[next_] is being sent
  size_t offset_ = 0;       // bytes of it that were
  bool head_sent_ = false;  // its head was
  size_t pinned_ = 0;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_SESSION_REPLY_STREAM_H_
