#ifndef TAGCACHE_LIBCLIENT_MACHINE_CONNECTION_MACHINE_H_
#define TAGCACHE_LIBCLIENT_MACHINE_CONNECTION_MACHINE_H_

// The client's side of one connection, without I/O: requests go in and bytes come out; bytes go in
// and events come out. A socket and a simulated network drive the same machine.
//
//            Send(request)                          Next() -> event
//   caller ----------------> [ encode ] out_  in_ [ decode ] ----------------> caller
//                                        |    ^
//                            Output/Sent v    | ReadSpace/Received
//                                       transport
//
// Binary codec: the first Output holds a HELLO in front of the first request, so that the handshake
// costs no round trip. Each request has an ID; answers come in any order; an answer whose ID nobody
// waits for is counted and dropped. Text codec: answers come in the order of the requests, and the
// machine is broken by Abandon.
//
// What is told of where: a value whose bytes lie whole in a received frame is told from the receive
// buffer, in place. What a frame's end cut is put together in its request's own buffer, so replies
// may be interleaved at will.
//
// Threads: one at a time; but Send, Output, Sent and TakeOutput touch nothing of the receive
// buffer, so bytes may be received into ReadSpace meanwhile. Ownership: views in an event are valid
// until the next call of ReadSpace, Received, Next or Trim. Errors: a broken machine says so by an
// event; close its connection. Throws only std::bad_alloc; close the connection then too.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libclient/machine/pending_window.h"
#include "protocol/binary_codec.h"
#include "protocol/buffer.h"
#include "protocol/message.h"
#include "tagcache/client.h"
#include "tagcache/options.h"

namespace tagcache {

struct MachineOptions {
  Protocol protocol = Protocol::kBinary;
  std::string client_name;
  std::string username;
  std::string password;
  bool busy_poll = false;           // ask the server to poll for the requests of this connection
  uint32_t max_frame = 256 * 1024;  // longest frame body accepted, bytes; at least kBaseMaxFrame
  // Most bytes of one reply, one value or one line that are put together here. A server that sends
  // more breaks the machine. Memory is taken as the bytes arrive, never on a server's word.
  size_t max_reply = size_t{1} << 30;
  // Values of several MGETs under way are told in the order of the requests; those that come too
  // early are kept until it is their turn.
  bool ordered_values = false;
};

struct Event {
  enum class Kind {
    kNeedMore,  // nothing more can be told from the bytes received so far
    kItem,      // one value of the kValues reply to `id`
    kDone,    // the reply to `id` is complete: `response` (and for kValues, all items came before)
    kBroken,  // the stream can not be trusted; `reason` says why
  };
  Kind kind = Kind::kNeedMore;
  uint64_t id = 0;
  size_t index = 0;  // kItem: position in the request's keys
  protocol::ValueItem item;
  const protocol::Response* response = nullptr;
  std::string_view reason;
  // kBroken because of a refused HELLO or AUTH: the server's status.
  protocol::StatusCode status = protocol::StatusCode::kOk;
};

class ConnectionMachine {
 public:
  explicit ConnectionMachine(const MachineOptions& options);

  // Encodes a request and returns its ID (request.id is ignored). On the text codec an MGET, MPUT
  // or MDELETE becomes one line a key, and their answers one reply again. REQUIRES:
  // protocol::CheckRequest (or CheckTextRequest of each line) passed; !broken().
  uint64_t Send(const protocol::Request& request);

  // Bytes to be sent, and how many of them were.
  std::string_view Output() const { return out_.view(); }
  void Sent(size_t n) { out_.Consume(n); }
  // Appends the bytes to be sent to `to`; they count as sent.
  void TakeOutput(protocol::Buffer& to);

  // Room of at least `min` bytes for what is received, and how much was.
  std::span<char> ReadSpace(size_t min);
  void Received(size_t n) { in_.Commit(n); }

  // The next event. Call until kNeedMore (or kBroken, which it then stays).
  Event Next();
  // The same for values of one bulk reply that lie whole in the receive buffer: as many as fit into
  // `items`; an index is the position in the request's keys, `first_key` added. 0: Next goes on.
  // Views are valid as those of an event.
  size_t TakeItems(std::span<StreamItem> items, size_t first_key);

  // Nobody waits for `id` any more. Its answer will be dropped (binary), or can not be told from
  // the next one (text: the machine is broken).
  void Abandon(uint64_t id);

  bool broken() const { return broken_; }
  // Requests sent whose reply is not complete, abandoned ones not counted.
  size_t pending() const { return pending_count_; }
  // No reply or part of one is outstanding, abandoned ones included, and no byte is held: the
  // connection is as good as new.
  bool quiescent() const;
  uint64_t late_replies() const { return late_replies_; }
  bool hello_acknowledged() const { return hello_acknowledged_; }
  // Gives memory back after unusually long messages. REQUIRES: quiescent().
  void Trim();

 private:
  void MarkBroken(std::string_view reason, protocol::StatusCode status = protocol::StatusCode::kOk);
  // A server's words, or its status in words where it has none.
  static std::string_view WordsOf(protocol::StatusCode status, std::string_view message) {
    return message.empty() ? NameOf(status) : message;
  }

  // These fill a new event with what they come to, and say whether they came to anything.
  bool Break(Event* event, std::string_view reason,
             protocol::StatusCode status = protocol::StatusCode::kOk);
  bool TellBroken(Event* event) const;
  // The reply to `id` is in response_: forgets the request and tells.
  bool Finish(uint64_t id, Pending& pending, Event* event);

  // Binary codec.
  void Greet();
  bool NextBinary(Event* event);
  bool TakeFrame(const protocol::FrameHeader& header, Event* event);
  bool TakeHello(const protocol::FrameHeader& header, Event* event);
  bool TakeReply(const protocol::FrameHeader& header, Pending& pending, Event* event);
  bool HoldBody(Pending& pending, size_t n);
  Pending* TellablePending(uint64_t* id);
  bool NextValue(uint64_t id, Pending& pending, Event* event);

  // Text codec.
  void SendLines(const protocol::Request& request, Pending& pending);
  bool NextText(Event* event);
  bool TakeBulkLine(Pending& pending, Event* event);
  bool FinishBulk(Pending& pending, Event* event);

  const MachineOptions options_;
  protocol::Buffer in_;
  protocol::Buffer out_;
  PendingWindow window_;
  protocol::Scratch scratch_;
  protocol::Response response_;
  protocol::Buffer told_;  // what views of the last event point into, when it was put together
  size_t pending_count_ = 0;
  size_t abandoned_count_ = 0;
  uint64_t late_replies_ = 0;
  bool broken_ = false;
  bool greeted_ = false;
  bool hello_outstanding_ = false;  // text: the AUTH
  bool hello_acknowledged_ = false;
  std::string break_reason_;
  protocol::StatusCode break_status_ = protocol::StatusCode::kOk;

  // Binary: the frame whose body is at the front of in_.
  uint32_t send_max_frame_ = protocol::kBaseMaxFrame;
  uint64_t frame_id_ = 0;
  size_t body_left_ = 0;  // bytes of it not told yet
  size_t needed_ = 0;     // bytes in in_ that would make progress

  // Text: what the lines of the bulk reply at the front came to so far.
  struct Fold {
    int64_t number = 0;
    protocol::StatusCode status = protocol::StatusCode::kOk;
    std::string message;
    std::vector<protocol::RefusedItem> refused;
  };
  Fold fold_;
  Fold told_fold_;       // of the last kDone; its response points into it
  size_t searched_ = 0;  // bytes of in_ known to hold no LF
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_MACHINE_CONNECTION_MACHINE_H_
