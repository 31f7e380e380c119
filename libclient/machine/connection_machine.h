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
// Where a value's bytes are: an event points into the receive buffer if the value lies whole in a
// received frame. A value that the end of a frame cut is assembled in a buffer of its request, so
// the frames of several replies may be interleaved in any order. Values of several MGETs in flight
// are emitted in the order of the requests; those that come too early are kept until it is their
// turn.
//
// Threads: one at a time; but Send, Output, Sent and TakeOutput touch nothing of the receive
// buffer, so bytes may be received into ReadSpace meanwhile. Ownership: views in an event are valid
// until the next call of ReadSpace, Received, Next or Trim. Errors: a broken machine emits an event
// kBroken; close its connection. Throws only std::bad_alloc; close the connection then too.

#include <cassert>
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
  // Most bytes of one reply, one value or one line that are assembled here. A server that sends
  // more breaks the machine. Memory is allocated as the bytes arrive, not for a length that was
  // announced.
  size_t max_reply = size_t{1} << 30;
};

struct Event {
  enum class Kind {
    kNeedMore,  // the bytes received so far hold no further event
    kItem,      // one value of the kValues reply to `id`
    kDone,    // the reply to `id` is complete: `response` (and for kValues, all items came before)
    kBroken,  // the stream can not be trusted, because of `reason`
  };
  Kind kind = Kind::kNeedMore;
  uint64_t id = 0;
  size_t index = 0;  // kItem: position in the request's keys
  protocol::ValueItem item;
  const protocol::Response* response = nullptr;
  std::string_view reason;
  // kBroken because of a refused HELLO or AUTH: the server's status. kItem: the server refused this
  // key alone, which only the text codec can carry, because of `reason`.
  protocol::StatusCode status = protocol::StatusCode::kOk;
};

class ConnectionMachine {
 public:
  explicit ConnectionMachine(const MachineOptions& options);

  // Encodes a request and returns its ID (request.id is ignored). On the text codec an MGET, MPUT
  // or MDELETE becomes one line a key, and their answers one reply again. REQUIRES:
  // The reply lists the lines of an MPUT and MDELETE that were refused. REQUIRES:
  // protocol::CheckRequest (or CheckTextRequest of each line) passed; !broken().
  uint64_t Send(const protocol::Request& request);

  // The bytes to be sent; `n` of them were sent.
  std::string_view Output() const { return out_.view(); }
  void Sent(size_t n) {
    assert(n <= out_.size());
    out_.Consume(n);
  }
  // Appends the bytes to be sent to `to`; they count as sent.
  void TakeOutput(protocol::Buffer& to);

  // Space of at least `min` bytes for what is received; `n` bytes were received into it.
  std::span<char> ReadSpace(size_t min);
  void Received(size_t n) { in_.Commit(n); }

  // The next event. Call until kNeedMore (or kBroken, which it then stays).
  Event Next();
  // The same for values of one bulk reply that lie whole in the receive buffer: as many as fit into
  // `items`; an index is the position in the request's keys, `first_key` added. 0: Next goes on.
  // Views are valid as those of an event.
  size_t TakeItems(std::span<StreamItem> items, size_t first_key);

  // Nobody waits for `id` any more. Binary: its answer will be dropped. Text: its answer can not be
  // distinguished from the next one, so the machine is broken.
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
  // The server's message, or the name of the status if there is none.
  static std::string_view WordsOf(protocol::StatusCode status, std::string_view message) {
    return message.empty() ? NameOf(status) : message;
  }

  // These fill the event and return true, or return false if there is none yet.
  bool Break(Event* event, std::string_view reason,
             protocol::StatusCode status = protocol::StatusCode::kOk);
  bool EmitBroken(Event* event) const;
  // The reply to `id` is in response_: ends the request and emits kDone.
  bool Finish(uint64_t id, Pending& pending, Event* event);

  // Binary codec.
  void Greet();
  bool NextBinary(Event* event);
  bool TakeFrame(const protocol::FrameHeader& header, Event* event);
  bool TakeHello(const protocol::FrameHeader& header, Event* event);
  bool TakeReply(const protocol::FrameHeader& header, Pending& pending, Event* event);
  bool HoldBody(Pending& pending, size_t n);
  Pending* PendingToEmit(uint64_t* id);
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
  // The last event's views point into it, if its value was assembled.
  protocol::Buffer event_bytes_;
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
  uint64_t frame_id_ = 0;  // the front request's if its values are in that body, otherwise 0
  size_t body_left_ = 0;   // bytes of it not emitted yet
  size_t needed_ = 0;      // bytes in in_ that would make progress

  // Text: the result so far of the bulk request at the front.
  struct BulkResult {
    int64_t number = 0;
    std::vector<protocol::RefusedItem> refused;
  };
  BulkResult bulk_result_;
  BulkResult event_bulk_result_;  // of the last kDone; its response points into it
  size_t searched_ = 0;           // bytes of in_ known to hold no LF
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_MACHINE_CONNECTION_MACHINE_H_
