#ifndef TAGCACHE_SERVER_COMMANDS_CALL_H_
#define TAGCACHE_SERVER_COMMANDS_CALL_H_

// One command being carried out: what its handler is given, and what the handler fills. Handlers do
// not know which codec they serve.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/buffer.h"
#include "protocol/message.h"
#include "server/commands/engine.h"
#include "server/commands/waiting_requests.h"
#include "server/store/store.h"

namespace tagcache::server {

// Takes the values that answer an MGET as they are found, in the order asked.
class ValueSink {
 public:
  // Takes the pins over. More follow unless they are the `last`.
  virtual void SendValues(const protocol::Request& request, std::span<EntryRef> values,
                          bool last) = 0;

 protected:
  ~ValueSink() = default;
};

// What a connection knows of its peer.
struct Peer {
  std::string address;      // for the log
  std::string client_name;  // from HELLO
  uint32_t max_frame = 0;   // agreed by HELLO; 0: none was
  uint64_t number = 0;      // of the connection, in this process: who holds its leases
  uint8_t auth_failures = 0;
  bool authenticated = false;
  bool has_leased = false;  // a lease was given out to it
  bool busy_poll = false;   // it asked that its requests be polled for (HELLO)
};

// Memory that the calls of one thread reuse, one call after the other.
struct CallScratch {
  protocol::Scratch decode;
  std::vector<EntryRef> values;
  std::vector<Write> writes;
  std::vector<Outcome> outcomes;
  std::vector<protocol::RefusedItem> refused;
  std::vector<std::string> keys;
  std::vector<std::string_view> views;
  EntryMeta meta;
  std::string message;
  std::vector<TagStats> tag_stats;
  std::vector<protocol::TagUsage> tag_usage;
  std::vector<std::pair<std::string, std::string>> stats;
  std::vector<std::pair<std::string_view, std::string_view>> stat_views;
  protocol::Buffer spare_output;  // lent to the session that has something to send

  // Gives back what an unusually large call made it hold.
  void Trim();
};

struct Call {
  Call(Engine& e, WorkerMetrics& m, CallScratch& b, Peer& p, const protocol::Request& r,
       const protocol::Command& c, TimeMs t)
      : engine(e), metrics(m), scratch(b), peer(p), request(r), command(c), now(t) {
    response.op = r.op;
    response.id = r.id;
  }

  Engine& engine;
  WorkerMetrics& metrics;
  CallScratch& scratch;
  Peer& peer;
  const protocol::Request& request;
  const protocol::Command& command;
  TimeMs now;
  uint64_t earlier_requests = 0;  // of this connection
  size_t max_page = 0;
  size_t default_page = 0;

  // The answer. Views in it point into `scratch` or the request.
  protocol::Response response;
  EntryRef value;             // Reply::kValue, Reply::kLease that brings one; the wire sends it
  ValueSink* sink = nullptr;  // takes the values of Reply::kValues
  bool close = false;         // after the answer
  WaitingRequests* waiting_requests = nullptr;  // where the request may wait; nullptr: it may not
  WaitingRequest* again = nullptr;              // the request has waited, and runs again
  bool waiting = false;                         // it waits (on): there is no answer yet

  // A request that waits. Its handler hands the Waiter that PrepareWait returns to whatever will
  // wake it, and calls Wait() if that took it; it does not answer then. When the Waiter is woken,
  // and at `until`, the same handler runs again, and answers or waits on. PrepareWait returns
  // nullptr, and the request has to be answered now, if it may not wait, too many wait already, or
  // `until` has come. A command that waits has no bytes in its request but the key.
  Waiter* PrepareWait(TimeMs until, CancelWait cancel);
  void Wait();
  // Which of these times this is, and when the first was.
  Attempt attempt() const { return again == nullptr ? Attempt::kFirst : again->attempt(); }
  TimeMs arrived() const { return again == nullptr ? now : again->arrived(); }

  // Answers with an error. The message names the operation, the key, the limit.
  void Refuse(protocol::StatusCode status, std::string message);
};

// false: the key (or prefix) asked for is over the limit, and that was answered. Such a key can not
// be there, but a read of it is a mistake and not a miss.
bool KeyFits(Call& call);

// How many items the request is to be answered with at most.
size_t PageLimit(const Call& call);
// Answers with the keys in scratch.keys and the cursor, or refuses them as too many bytes.
void AnswerKeys(Call& call, uint64_t cursor);

// "PUT 'user:1'": the command and its key, as messages begin.
std::string Subject(const protocol::Command& command, std::string_view key);
// protocol/shown.h.
std::string Shown(std::string_view bytes);

// What an outcome of the store is called on the wire.
protocol::StatusCode StatusOf(Outcome outcome);
// The message for a refused write (or step) of `key`; empty for answers that are not errors.
std::string ExplainOutcome(const Call& call, Outcome outcome, std::string_view key,
                           size_t value_size, std::span<const std::string_view> tags);

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_COMMANDS_CALL_H_
