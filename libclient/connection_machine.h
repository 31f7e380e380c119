#ifndef TAGCACHE_LIBCLIENT_CONNECTION_MACHINE_H_
#define TAGCACHE_LIBCLIENT_CONNECTION_MACHINE_H_

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
// Threads: one at a time. Ownership: views in an event are valid until the next call.
// Errors: a broken machine says so by an event; close its connection. Throws only std::bad_alloc.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>

#include "protocol/binary_codec.h"
#include "protocol/buffer.h"
#include "protocol/message.h"
#include "tagcache/options.h"

namespace tagcache {

struct MachineOptions {
  Protocol protocol = Protocol::kBinary;
  std::string client_name;
  std::string username;
  std::string password;
  uint32_t max_frame = 256 * 1024;  // longest frame body accepted, bytes; at least kBaseMaxFrame
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

  // Room of at least `min` bytes for what is received, and how much was.
  std::span<char> ReadSpace(size_t min);
  void Received(size_t n);

  // The next event. Call until kNeedMore (or kBroken, which it then stays).
  Event Next();

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

 private:
  struct Pending {
    uint64_t id = 0;
    // ... (the implementation's)
  };
  MachineOptions options_;
  protocol::Buffer in_;
  protocol::Buffer out_;
  std::deque<Pending> waiting_;
  size_t pending_count_ = 0;
  uint64_t late_replies_ = 0;
  bool broken_ = false;
  bool hello_acknowledged_ = false;
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_CONNECTION_MACHINE_H_
