#ifndef TAGCACHE_SERVER_SESSION_REPLY_STREAM_H_
#define TAGCACHE_SERVER_SESSION_REPLY_STREAM_H_

// A reply of values in the binary codec, produced a frame at a time. It pins the entries it still
// has to send. Small values are copied when their frame is made; large ones are sent from the
// entry.
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

// Appends one frame of an MGET reply: as many of `values`, from the front, as fit into a frame of
// kBaseMaxFrame, up to the first that is larger than `largest` bytes. Drops the pins of those and
// returns how many they are. When the first value is too large it returns 0 and appends no frame.
// The frame ends the reply when it holds all of `values` and these are the `last`.
size_t WriteValues(protocol::Op op, uint64_t id, std::span<EntryRef> values, size_t largest,
                   bool last, protocol::Buffer& out);

class ReplyStream {
 public:
  // Takes ownership of the pins. `kind` is that of a value which answers GET_LEASE. More of the
  // answer follow the last frame unless `ends_answer`.
  ReplyStream(protocol::Op op, uint64_t id, std::span<EntryRef> values,
              protocol::LeaseKind kind = protocol::LeaseKind::kValue, bool ends_answer = true);

  // Appends one frame with a body of at most `max_body` bytes, whose end may be left in *borrowed:
  // send that before the next call. true: this was the last frame. REQUIRES: max_body >=
  // kBaseMaxFrame; not called after it returned true.
  bool Produce(uint32_t max_body, protocol::Buffer& out, Borrowed* borrowed);

  bool ends_answer() const { return ends_answer_; }
  // Bytes of entries not yet sent, which it pins.
  size_t pinned() const { return pinned_; }
  // Bytes of those that the store has removed.
  size_t CountPinnedRemoved() const;
  // Bytes of its list of them.
  size_t held() const { return values_.capacity() * sizeof(EntryRef); }

 private:
  protocol::Op op_;
  protocol::Reply reply_;
  protocol::LeaseKind kind_;
  bool ends_answer_;
  uint64_t id_;
  std::vector<EntryRef> values_;
  size_t next_ = 0;         // values_[next_] is being sent
  size_t offset_ = 0;       // bytes of it that were sent
  bool head_sent_ = false;  // its flags and length were sent
  size_t pinned_ = 0;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_SESSION_REPLY_STREAM_H_
