#ifndef TAGCACHE_SERVER_COMMANDS_CALL_H_
#define TAGCACHE_SERVER_COMMANDS_CALL_H_

// One command that is being carried out: what its handler is given, and what the handler fills in.
// A handler does not know which codec the request came by.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/buffer.h"
#include "protocol/message.h"
#include "server/commands/engine.h"
#include "server/commands/turn.h"
#include "server/commands/waiting_requests.h"
#include "server/store/store.h"

namespace tagcache::server {

// Receives an answer in parts, as they are found.
class PartSink {
 public:
  // Values of an MGET, in the order of its keys. Takes ownership of the pins. More values follow
  // unless `last` is true. REQUIRES: !Full(), except for the first.
  virtual void SendValues(const protocol::Request& request, std::span<EntryRef> values,
                          bool last) = 0;
  // Keys of a list; the answer's Response holds the last of them. false: the codec cannot carry
  // one of them, and the command is to be refused. Only codecs call for it whose answers list more
  // than one page.
  virtual bool SendKeys(std::span<const std::string> keys) = 0;
  // What was sent waits for the peer to read: a command that has more to send goes on later.
  virtual bool Full() const = 0;

 protected:
  ~PartSink() = default;
};

// What the server knows about the peer of a connection.
struct Peer {
  std::string address;      // for the log
  std::string client_name;  // from HELLO
  uint32_t max_frame = 0;   // agreed on by HELLO; 0: there was no HELLO
  uint64_t number = 0;      // of the connection, in this process; the store knows leases by it
  uint8_t auth_failures = 0;
  bool authenticated = false;
  bool has_leased = false;  // it was given a lease
  bool busy_poll = false;   // its HELLO asked the worker to poll for its requests
};

// Memory that the calls of one thread reuse one after another.
struct CallScratch {
  protocol::Scratch decode;
  std::vector<EntryRef> values;
  std::vector<Write> writes;
  std::vector<Outcome> outcomes;
  Progress progress;  // of the command that is being carried out
  std::vector<std::string> keys;
  std::vector<std::string_view> views;
  EntryMeta meta;
  std::string message;
  std::vector<protocol::TagUsage> tag_usage;
  std::vector<std::pair<std::string, std::string>> stats;
  std::vector<std::pair<std::string_view, std::string_view>> stat_views;
  protocol::Buffer spare_output;  // a session uses it while it has something to send

  // Frees the lists that an unusually large call made grow.
  void Trim();
};

struct Call {
  Call(Engine& engine, WorkerMetrics& metrics, CallScratch& scratch, Peer& peer,
       const protocol::Request& request, const protocol::Command& command, TimeMs now)
      : engine(engine),
        metrics(metrics),
        scratch(scratch),
        peer(peer),
        request(request),
        command(command),
        now(now) {
    response.op = request.op;
    response.id = request.id;
  }

  Engine& engine;
  WorkerMetrics& metrics;
  CallScratch& scratch;
  Peer& peer;
  const protocol::Request& request;
  const protocol::Command& command;
  TimeMs now;
  uint64_t earlier_requests = 0;  // of this connection
  size_t max_page = 0;            // the most items an answer may list,
  size_t default_page = 0;        // and how many it lists if the request names no limit

  // The answer. Views in it point into `scratch` or the request.
  protocol::Response response;
  EntryRef value;            // the value of Reply::kValue, or of a Reply::kLease that has one
  PartSink* sink = nullptr;  // receives the values of Reply::kValues, and pages of keys
  bool close = false;        // after the answer
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

  // A command that goes on in later turns. Progress is cleared when the handler runs for the first
  // time, unless a command that has no use for it.
  Progress& Begin();
  bool TurnIsOver() const { return turn != nullptr && turn->IsOverAt(engine.LatencyClock()); }
  // The handler returns without an answer, and runs again in a later turn.
  void GoOn() { goes_on = true; }
  const Turn* turn = nullptr;   // of the connection; nullptr: it has no end
  Progress* earlier = nullptr;  // of the turns before; nullptr: the handler runs for the first time
  bool goes_on = false;

  // Answers with an error. The message names the operation, the key and the limit.
  void Refuse(protocol::StatusCode status, std::string message);
};

// Returns false if the request's key (or prefix) is longer than max_key, and has refused it then.
// No entry can have such a key, but to read it is an error and not a miss.
bool KeyFits(Call& call);

// The most items that the answer may list.
size_t PageLimit(const Call& call);
// Adds the keys to the `bytes` that the answer lists. false: they are too many, and it was refused.
bool KeysFit(Call& call, std::span<const std::string> keys, size_t* bytes);
// Answers with the keys in scratch.keys and the cursor, or refuses if they have too many bytes,
// with `bytes` of keys that were sent before.
void AnswerKeys(Call& call, uint64_t cursor, size_t bytes = 0);

// "PUT 'user:1'": the command and its key. Messages begin with it.
std::string Subject(const protocol::Command& command, std::string_view key);
// A key, tag or name between the quotes of a message (protocol/shown.h).
std::string Shown(std::string_view bytes);

// The status on the wire for an outcome of the store.
protocol::StatusCode StatusOf(Outcome outcome);
// The message for a refused write of `key`; empty for an outcome that is not an error.
std::string ExplainOutcome(const Call& call, Outcome outcome, std::string_view key,
                           size_t value_size, std::span<const std::string_view> tags);

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_COMMANDS_CALL_H_
