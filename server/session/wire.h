#ifndef TAGCACHE_SERVER_SESSION_WIRE_H_
#define TAGCACHE_SERVER_SESSION_WIRE_H_

// A codec at work on one connection: it cuts requests out of the peer's bytes and writes answers.
// It carries nothing out, and of the store it knows only the entries it is handed to send.
// docs/adding-a-codec.md walks through a real one.
//
// What a codec remembers of a request: Next may store any number in Request::id, and that number
// comes back with the answer. The binary codec keeps the peer's request ID there; a codec that has
// more to remember keeps it in a table of its own and stores the place. A request that was answered
// at once comes back whole. Of one that had to wait (WaitingRequest) only these come back: op, id,
// key, lease_ms, stale_ok.
//
// Threads: one at a time, its session's. Errors: std::bad_alloc from the buffers.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/buffer.h"
#include "protocol/message.h"
#include "server/store/store.h"

namespace tagcache::server {

// Values up to this size are copied into the output; larger ones are sent from their entry.
inline constexpr size_t kMaxCopied = 16 * 1024;
// The most that one call of Produce appends or lends where answers alternate. With the low-water
// mark of the session this bounds how far a small answer can stand behind large ones.
inline constexpr uint32_t kMaxPiece = 128 * 1024;

// Bytes that are sent after those of the output buffer, straight from an entry.
struct Borrowed {
  std::string_view bytes;  // never empty while `end` is not
  std::string_view end;    // constant bytes that follow them
  EntryRef pin;            // or none: the wire itself keeps the entry until Produce is called again
};

// What Wire::Next found at the front of the bytes.
struct Incoming {
  enum class Kind : uint8_t {
    kNeedMore,  // nothing complete; `used` bytes (often 0) were consumed
    kPart,      // a piece of a longer message was consumed; call Next again
    kRequest,   // `request` is to be carried out
    kRefused,   // not a request that can be carried out; `error` is its answer
    kOversize,  // a single write of `size` bytes, larger than any value may be: only op, id and key
                // of `request` are known
    kBroken,    // as kRefused, and the stream can not be trusted any more
  };
  Kind kind = Kind::kNeedMore;
  size_t used = 0;  // bytes consumed from the front
  protocol::Request request;
  protocol::StatusCode error = protocol::StatusCode::kOk;
  std::string_view detail;  // of the error, for a person
  size_t size = 0;
  // kRefused and kBroken: a PUT of request.key was lost; its old value must no longer be served.
  bool lost_put = false;

  // Clears everything but the request, which is large: whoever reports a request sets it anew.
  void Clear() {
    kind = Kind::kNeedMore;
    used = size = 0;
    error = protocol::StatusCode::kOk;
    detail = {};
    lost_put = false;
  }
};

// What a session must know of a codec.
struct WireTraits {
  // Answers leave in the order of the requests. No request may wait then, since the answers behind
  // it would have to wait, too. REQUIRES: while waiting(), answers are queued and `out` is left
  // alone.
  bool in_order = false;
  // The most keys one answer lists; a request without a limit gets `default_page`.
  size_t max_page = SIZE_MAX;
  size_t default_page = SIZE_MAX;
};

class Wire {
 public:
  explicit Wire(const WireTraits& traits) : traits_(traits) {}
  virtual ~Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  const WireTraits& traits() const { return traits_; }

  // Reads the front of `bytes`. Views in *incoming are valid until the next call, and while `bytes`
  // and `scratch` are.
  virtual void Next(std::string_view bytes, protocol::Scratch& scratch, Incoming* incoming) = 0;

  // The request that Next returned was carried out: its views are not used any more.
  virtual void RequestDone() {}

  // Appends an answer that holds no value.
  virtual void Answer(const protocol::Request& request, const protocol::Response& response,
                      protocol::Buffer& out) = 0;
  // Appends the value that answers GET, GET_AND_TOUCH or GET_LEASE (only there it may be stale),
  // now or by Produce.
  virtual void AnswerValue(const protocol::Request& request, EntryRef value, bool stale,
                           protocol::Buffer& out) = 0;
  // Appends values that answer MGET, now or by Produce, and takes ownership of the pins. More of
  // the same answer follow, with other answers in between, unless they are the `last`.
  // REQUIRES: !answer_waits().
  virtual void AnswerValues(const protocol::Request& request, std::span<EntryRef> values, bool last,
                            protocol::Buffer& out) = 0;
  // The values of an answer that is not complete wait for Produce; the next must not precede them.
  virtual bool answer_waits() const { return false; }
  // Keeps keys of a list that Answer completes. false: the codec cannot carry one of them; a
  // refusal follows. REQUIRES: max_page has no limit.
  virtual bool AnswerKeys(std::span<const std::string_view>) {
    assert(false);
    return false;
  }
  // Appends the refusal of bytes that did not become a request.
  virtual void AnswerRefusal(const Incoming& incoming, std::string_view message,
                             protocol::Buffer& out) = 0;
  // Appends the refusal of each request of which only a part has arrived. `tail` is the input that
  // Next has not consumed.
  virtual void RefuseIncomplete(std::string_view tail, protocol::StatusCode status,
                                std::string_view message, protocol::Buffer& out) = 0;

  // Whether an answer waits for Produce.
  virtual bool waiting() const = 0;
  // Appends the next piece of an answer that waits, of about kMaxPiece bytes at most. The end of
  // the piece may be left in *borrowed instead; the session then sends or copies it before it calls
  // Produce again. REQUIRES: waiting().
  virtual void Produce(protocol::Buffer& out, Borrowed* borrowed) = 0;
  // The answers that wait hold as much as they may: the session carries out nothing further, and
  // stops reading, until some of them are sent.
  virtual bool full() const = 0;
  // Bytes of incomplete messages held here.
  virtual size_t held_input() const { return 0; }
  // Bytes of answers copied into buffers of the codec's own.
  virtual size_t held_output() const { return 0; }
  // Of those buffers, the memory.
  virtual size_t output_capacity() const { return 0; }

  // All memory of the codec's own that grows with what the peer sends or does not read.
  virtual size_t held() const { return held_input() + held_output(); }
  // Bytes of the entries that wait to be sent, as far as that is still to be done.
  virtual size_t pinned() const { return 0; }
  // Bytes of those of them that the store has removed. Visits all of them.
  virtual size_t CountPinnedRemoved() const { return 0; }

  // What HELLO agreed on. Codecs without frames ignore it.
  virtual void SetMaxFrame(uint32_t) {}

  // The peer has not shown its credentials: of all commands only those with kBeforeAuth are
  // decoded; any other is kRefused with kAuthRequired.
  void SetRestricted(bool restricted) { restricted_ = restricted; }

 protected:
  // Refuses a request for `command` (nullptr: there is none) if the peer may not ask for it.
  bool RefuseRestricted(const protocol::Command* command, Incoming* incoming) const {
    if (!restricted_) return false;
    if (command != nullptr && (command->traits & protocol::kBeforeAuth) != 0) return false;
    incoming->kind = Incoming::Kind::kRefused;
    incoming->error = protocol::StatusCode::kAuthRequired;
    incoming->request.op = command != nullptr ? command->op : protocol::Op{};
    return true;
  }

 private:
  const WireTraits traits_;
  bool restricted_ = false;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_SESSION_WIRE_H_
