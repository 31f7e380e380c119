#ifndef TAGCACHE_LIBCLIENT_POOL_CONNECTION_H_
#define TAGCACHE_LIBCLIENT_POOL_CONNECTION_H_

// A transport that drives a connection machine: the blocking way to run a request.
//
// Threads: one at a time. Errors: Progress. After anything but kEvent the connection can only be
// closed.

#include <cstdint>
#include <string>

#include "libclient/machine/connection_machine.h"
#include "libclient/pool/function_ref.h"
#include "libclient/transport/transport.h"

namespace tagcache {

enum class Progress {
  kEvent,    // *event is set (never kNeedMore)
  kTimeout,  // the deadline passed
  kLost,     // the connection ended, because of lost_because()
};

// Gives the machine more to send; false: that was all. Called while the machine's output is short,
// so that a batch of any size is never in memory as a whole.
using Feeder = FunctionRef<bool(ConnectionMachine&)>;

class Connection {
 public:
  Connection(Transport transport, const MachineOptions& options, const std::string& server,
             Duration spin);

  ConnectionMachine& machine() { return machine_; }
  Transport& transport() { return transport_; }
  const std::string& server() const { return server_; }

  // A new call starts: nothing of it has been sent.
  void BeginCall();
  // Sends the machine's output and reads until the machine has an event. Reads while it writes, so
  // that neither side waits for the other with both socket buffers full. `feeder` may be empty.
  Progress Advance(TimePoint deadline, Feeder feeder, Event* event);
  // Sends what the socket takes, without waiting.
  void SendAtOnce();
  // Whether a byte left since BeginCall.
  bool sent_any() const { return sent_any_; }
  // REQUIRES: the last Advance returned kLost.
  std::string lost_because() const;

  // No request is in flight and the peer neither closed nor sent anything.
  bool LooksAlive() const { return machine_.quiescent() && transport_.LooksIdle(); }
  // A round trip without a payload. false: the connection can only be closed.
  bool Ping(TimePoint deadline);

  TimePoint opened_at;
  // In a pool: when the last call began (its end would need another reading of the clock).
  TimePoint idle_since;
  TimePoint checked_at{};     // last PING
  uint64_t epoch = 0;         // of the pool, when it was opened
  uint64_t late_counted = 0;  // late replies that are in the pool's statistics

 private:
  size_t SendSome();
  IoResult Flush(TimePoint deadline);
  IoResult ReadInto(FunctionRef<IoResult(std::span<char>)> read);
  IoResult ReadMore(TimePoint deadline);
  Progress Ended(const IoResult& result);

  Transport transport_;
  ConnectionMachine machine_;
  const std::string server_;
  const Protocol protocol_;
  const Duration spin_;
  bool sent_any_ = false;
  bool read_any_ = false;
  // Sending failed; what the server sent before it closed can still be read.
  bool write_closed_ = false;
  int write_error_ = 0;
  int error_ = 0;
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_POOL_CONNECTION_H_
