#ifndef TAGCACHE_SERVER_SESSION_WIRE_H_
#define TAGCACHE_SERVER_SESSION_WIRE_H_

// A codec at work on one connection: cuts requests out of the peer's bytes, and writes answers. It
// carries nothing out and knows no store but the entries it is handed to send.
//
// Threads: one at a time, its session's. Errors: std::bad_alloc from the buffers.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "protocol/buffer.h"
#include "protocol/message.h"
#include "server/commands/engine.h"
#include "server/store/store.h"

namespace tagcache::server {

// Bytes that are sent after those of the output buffer, straight from an entry.
struct Borrowed {
  std::string_view bytes;
  EntryRef pin;  // or none: the wire itself keeps the entry until Produce is called again
};

// What Wire::Next found at the front of the bytes.
struct Incoming {
  enum class Kind : uint8_t {
    kNeedMore,  // nothing complete; `used` bytes (often 0) were taken
    kPart,      // a piece of a longer message was taken; go on
    kRequest,   // `request` is to be carried out
    kRefused,   // not a request that can be carried out; `error` is its answer
    kOversize,  // a single write of `size` bytes, larger than any value may be: only op, id and key
                // of `request` are known
    kBroken,    // as kRefused, and the stream can not be trusted any more
  };
  Kind kind = Kind::kNeedMore;
  size_t used = 0;  // bytes taken from the front
  protocol::Request request;
  protocol::StatusCode error = protocol::StatusCode::kOk;
  std::string_view detail;  // of the error, for a person
  size_t size = 0;
  // kBroken: a PUT of request.key was lost; its old value must not be served on.
  bool lost_put = false;

  // All but the request, which is large: it is set anew wherever there is one to tell of.
  void Clear() {
    kind = Kind::kNeedMore;
    used = size = 0;
    error = protocol::StatusCode::kOk;
    detail = {};
    lost_put = false;
  }
};

class Wire {
 public:
  virtual ~Wire() = default;

  // Looks at the front of `bytes`. Views in *incoming are valid until the next call, and while
  // `bytes` and `scratch` are.
  virtual void Next(std::string_view bytes, protocol::Scratch& scratch, Incoming* incoming) = 0;

  // Appends an answer that holds no value.
  virtual void Answer(const protocol::Request& request, const protocol::Response& response,
                      protocol::Buffer& out) = 0;
  // Appends the value that answers GET, GET_AND_TOUCH or (there it may be a stale one) GET_LEASE,
  // now or by Produce.
  virtual void AnswerValue(const protocol::Request& request, EntryRef value, bool stale,
                           protocol::Buffer& out) = 0;
  // Appends values that answer MGET, now or by Produce. Takes the pins over. More of the same
  // answer follow, with no other call in between, unless they are the `last`.
  virtual void AnswerValues(const protocol::Request& request, std::span<EntryRef> values, bool last,
                            protocol::Buffer& out) = 0;
  // Appends the refusal of what did not become a request.
  virtual void AnswerRefusal(const Incoming& incoming, std::string_view message,
                             protocol::Buffer& out) = 0;
  // Appends the refusal of each request that came in part.
  virtual void RefuseIncomplete(std::string_view tail, protocol::StatusCode status,
                                std::string_view message, protocol::Buffer& out) = 0;

  // Whether a reply waits for Produce.
  virtual bool waiting() const = 0;
  // Appends the next piece of a reply that waits; its end may be left in *borrowed instead, and
  // then nothing is appended before that was sent, or appended. REQUIRES: waiting().
  virtual void Produce(protocol::Buffer& out, Borrowed* borrowed) = 0;
  // Replies that wait hold as much as they may: carry out nothing further.
  virtual bool full() const = 0;
  // Bytes of messages in parts held here.
  virtual size_t held_input() const = 0;

  // What HELLO agreed on. No effect on codecs without frames.
  virtual void SetMaxFrame(uint32_t max_frame) = 0;
  // The most keys one answer lists; a request without a limit gets `default_page`.
  virtual size_t max_page() const = 0;
  virtual size_t default_page() const = 0;
};

// A row of the session's codec table.
struct Codec {
  bool (*speaks)(uint8_t first_byte);
  std::unique_ptr<Wire> (*make)(const Engine& engine);
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_SESSION_WIRE_H_
