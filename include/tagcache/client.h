#ifndef TAGCACHE_CLIENT_H_
#define TAGCACHE_CLIENT_H_

// The client: a pool of connections to one TagCache server, and every command as a call.
//
// Threads: a Client may be used by any number of threads at once; it has none of its own. A Stream
// and a Batch belong to one thread at a time.
// Deadlines: each call has one, counted from its start, that covers waiting for a connection,
// connecting, writing and reading (Options::timeout, or CallOptions::timeout where given).
// Errors: returned, never thrown. Whether a write happened is unknown after kTimeout and after
// kConnection once bytes had left; only idempotent requests are sent again on their own.
// Not an error: a miss.
// Fork: a child process that uses a Client made before the fork gets connections of its own; the
// parent's sockets are closed in the child and never written to. A Stream or Ticket of the parent
// fails in the child with kConnection.
// Bytes: keys, tags and values are bytes; empty ones are allowed (a text-protocol client refuses
// what that protocol cannot carry, with kUsage).

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tagcache/options.h"
#include "tagcache/status.h"
#include "tagcache/value.h"

namespace tagcache {

class Batch;
class ClientCore;  // libclient/, private
struct BatchResult;

struct CallOptions {
  std::chrono::milliseconds timeout{0};  // zero: Options::timeout
};

// Time to live of a write: kDefault is Options::default_ttl; zero milliseconds never expires.
using Ttl = std::chrono::milliseconds;
inline constexpr Ttl kDefaultTtl{-1};
inline constexpr Ttl kNeverExpires{0};

struct WriteOptions {
  Ttl ttl = kDefaultTtl;
  // The entry's tags from now on, in one atomic step with the value. Empty: none.
  std::span<const std::string_view> tags = {};
  // Put alone, and a batch's (kUsage elsewhere): of the lease the value was computed under, see
  // Client::GetOrLease. 0: none. The Put is refused with ServerError::kStaleToken when the key was
  // written or deleted, one of `tags` was invalidated or everything was flushed since the token was
  // given out; what is there then stays. Such a Put is not sent again on its own.
  uint64_t token = 0;
};

// What a write or removal under the condition of a version came to.
enum class Compared : uint8_t {
  kDone,
  kNotFound,  // there is no such key any more
  kChanged,   // the entry was written since that version; it is as it was
};

struct LeaseOptions {
  // How long this caller may compute; then another one may. 1 ms to 49 days.
  std::chrono::milliseconds lease{10'000};
  // How long to wait for the value where another computes it; zero: not at all. The call may take
  // that much longer than its time-out says.
  std::chrono::milliseconds wait{0};
  // Where another computes, the last value will do, if there still is one.
  bool stale_ok = false;
};

// A hit: value. Else a token: this caller is to compute the value and to Put it with the token.
// Else neither: another computes, and the time to wait is over.
struct Leased {
  std::optional<Value> value;
  bool stale = false;  // the value is the last one, and another computes the next
  uint64_t token = 0;
};

struct PutItem {
  std::string_view key = {};
  ValueView value = {};
  WriteOptions options = {};
};

struct Refusal {
  size_t index = 0;  // into the items of the call
  Status status;
};

struct PutReport {
  size_t stored = 0;
  std::vector<Refusal> refused;  // items that are not stored, and why
};

struct IncrementOptions {
  int64_t by = 1;
  // Value of a key that was absent. Not given: `by` (INCREMENT) or -by (DECREMENT).
  std::optional<int64_t> initial = {};
  // Given: replaces the entry's TTL or tags. Not given: kept.
  std::optional<Ttl> ttl = {};
  std::optional<std::span<const std::string_view>> tags = {};
};

struct Meta {
  std::optional<std::chrono::milliseconds> ttl_left;  // none: never expires
  std::chrono::milliseconds age{0};                   // since the last write
  uint64_t size = 0;                                  // of the value, bytes
  uint64_t version = 0;                               // changes with each write of the entry
  uint32_t flags = 0;
  std::vector<std::string> tags;
};

enum class TagMode : uint8_t { kAny = 0, kAll = 1 };

struct KeyPage {
  std::vector<std::string> keys;
  uint64_t cursor = 0;  // for the next call; 0: that was the last page
};

struct TagUsage {
  std::string tag;
  uint64_t keys = 0;
  uint64_t bytes = 0;  // of the entries that bear it
  uint64_t hits = 0;   // recent ones of such entries, estimated
  // Calls that named the tag since the server started; tags can share a counter (docs/store.md).
  uint64_t invalidations = 0;
};

using StatList = std::vector<std::pair<std::string, std::string>>;

// What happened in the pool since the client was made. Relaxed counters, exact when idle.
struct PoolStats {
  uint64_t connections_opened = 0;
  uint64_t connections_open = 0;  // now
  uint64_t connect_failures = 0;
  uint64_t connections_reused = 0;
  uint64_t health_checks = 0;
  uint64_t health_check_failures = 0;
  uint64_t fail_fast = 0;  // calls refused at once because the server was known to be down
  uint64_t retries = 0;
  uint64_t timeouts = 0;
  uint64_t late_replies = 0;  // answers nobody waited for any more; dropped
  uint64_t pool_waits = 0;    // calls that had to wait for a connection
};

// Keys handed over by handfuls, in place. REQUIRES: views stay valid until the next call to Next;
// Next neither throws nor leaves by a long jump.
class KeySource {
 public:
  virtual ~KeySource() = default;
  virtual size_t size() const = 0;
  // Fills `keys` from the front; how many that were, 0 only after the last one.
  virtual size_t Next(std::span<std::string_view> keys) = 0;
};

struct StreamItem {
  size_t index = 0;  // position of the key in the call
  bool found = false;
  ValueView value;  // borrowed: valid until the next call on the stream
};

// The values of one get or bulk get, pulled one at a time: nothing is copied between the receive
// buffer and the caller, and between two calls no library code is on the stack (so a caller may
// leave by a long jump and Close() later). Reusable: Start* closes what was open.
class Stream {
 public:
  Stream();
  ~Stream();  // closes
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;

  // The next item, in the order asked. false: all were delivered, and the connection is back in its
  // pool. An error ends the stream.
  Result<bool> Next(StreamItem* item);
  // The same for as many items as were received, up to items.size() (at least 1); how many that
  // was. 0: all were delivered. They are borrowed until the next call on the stream.
  Result<size_t> NextItems(std::span<StreamItem> items);

  // Gives up what was not read. The connection is not reused with an answer under way.
  void Close();

  struct State;  // libclient/, private

 private:
  friend class Client;
  std::unique_ptr<State> state_;
};

// A request under way; see Client::SubmitGet. 0 is no ticket.
using Ticket = uint64_t;

class Client {
 public:
  // Makes a client; opens nothing until it is first used. Errors: kUsage for a bad option.
  static Result<std::unique_ptr<Client>> Create(const Options& options);
  // Closes every connection. REQUIRES: no call, Stream or Ticket is in progress.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const Options& options() const;

  // nullopt: a miss.
  Result<std::optional<Value>> Get(std::string_view key, CallOptions call = {});
  Status Put(std::string_view key, ValueView value, const WriteOptions& options = {},
             CallOptions call = {});
  // false: the key existed (Add), or did not (Replace); nothing was written.
  Result<bool> Add(std::string_view key, ValueView value, const WriteOptions& options = {},
                   CallOptions call = {});
  Result<bool> Replace(std::string_view key, ValueView value, const WriteOptions& options = {},
                       CallOptions call = {});
  // false: there was none.
  Result<bool> Delete(std::string_view key, CallOptions call = {});
  Result<bool> Exists(std::string_view key, CallOptions call = {});
  // Sets the time to live; kNeverExpires removes it. false: there is no such key.
  Result<bool> Touch(std::string_view key, Ttl ttl, CallOptions call = {});
  // The value after the step. Errors: kServer with kNotAnInteger or kOverflow; the entry is as it
  // was. A key that was absent is created with type kInteger.
  Result<int64_t> Increment(std::string_view key, const IncrementOptions& options = {},
                            CallOptions call = {});
  Result<int64_t> Decrement(std::string_view key, const IncrementOptions& options = {},
                            CallOptions call = {});
  Result<std::optional<Meta>> GetMeta(std::string_view key, CallOptions call = {});
  // Get and Touch in one step. nullopt: a miss.
  Result<std::optional<Value>> GetAndTouch(std::string_view key, Ttl ttl, CallOptions call = {});

  // Writes, or removes, the entry if its version still is this one (Meta::version). Not an error:
  // that it is not. Never sent twice: after a lost connection it is unknown whether it happened.
  Result<Compared> CompareAndSet(std::string_view key, uint64_t version, ValueView value,
                                 const WriteOptions& options = {}, CallOptions call = {});
  Result<Compared> CompareAndDelete(std::string_view key, uint64_t version, CallOptions call = {});

  // Adds bytes at the end, or at the front, of the value that is there; its flags, tags and time to
  // live stay. false: there is no such key. Never sent twice.
  Result<bool> Append(std::string_view key, std::string_view bytes, CallOptions call = {});
  Result<bool> Prepend(std::string_view key, std::string_view bytes, CallOptions call = {});

  // A Get whose miss is given to one of the callers that ask, so that one alone computes the value.
  // The lease is free again when the value was Put, when its time is over, and when the connection
  // it was given out on ends. See WriteOptions::token for what the token protects from.
  Result<Leased> GetOrLease(std::string_view key, const LeaseOptions& lease = {},
                            CallOptions call = {});

  // In the order asked; nullopt where it missed.
  Result<std::vector<std::optional<Value>>> MultiGet(std::span<const std::string_view> keys,
                                                     CallOptions call = {});
  // Stores what can be stored; what was refused is in the report, and left nothing of its key
  // behind. An error means that the connection failed and an unknown part was stored.
  Result<PutReport> MultiPut(std::span<const PutItem> items, CallOptions call = {});
  // How many were there.
  Result<uint64_t> MultiDelete(KeySource& keys, CallOptions call = {});
  Result<uint64_t> MultiDelete(std::span<const std::string_view> keys, CallOptions call = {});

  // Without copies: see Stream.
  Status StartGet(Stream& stream, std::string_view key, CallOptions call = {});
  Status StartMultiGet(Stream& stream, KeySource& keys, CallOptions call = {});
  Status StartMultiGet(Stream& stream, std::span<const std::string_view> keys,
                       CallOptions call = {});

  // How many entries bore the tag(s). Once this has returned no reader anywhere sees one of them.
  Result<uint64_t> InvalidateTag(std::string_view tag, CallOptions call = {});
  Result<uint64_t> InvalidateTags(std::span<const std::string_view> tags, TagMode mode,
                                  CallOptions call = {});
  Result<uint64_t> InvalidateKeys(std::span<const std::string_view> keys, CallOptions call = {});

  // Keys that bear the tag(s), at most about `limit` a page (0: the server's page size). A key that
  // bears the tag during all pages is in at least one of them. Start with cursor 0.
  Result<KeyPage> KeysByTag(std::string_view tag, uint64_t cursor = 0, uint32_t limit = 0,
                            CallOptions call = {});
  Result<KeyPage> Search(std::span<const std::string_view> tags, TagMode mode, uint64_t cursor = 0,
                         uint32_t limit = 0, CallOptions call = {});

  // Keys that begin with `prefix`, in no order, at most about `limit` a page (0: the server's page
  // size). A page may be empty though its cursor says that there are more. A key that is there
  // during all pages is in exactly one of them. Start with cursor 0.
  Result<KeyPage> Scan(std::string_view prefix, uint64_t cursor = 0, uint32_t limit = 0,
                       CallOptions call = {});
  // Removes the entries whose keys begin with `prefix`; how many. In many small requests, one after
  // the other, within the one deadline of the call: an error means that an unknown part was
  // removed. What is written meanwhile may stay.
  Result<uint64_t> DeletePrefix(std::string_view prefix, CallOptions call = {});

  // The tags whose entries have the most bytes, the heaviest first, at most `limit` of them (0: the
  // server's page size). With Options::prefix: those of them that are this client's. Visits every
  // tag of the server.
  Result<std::vector<TagUsage>> HeaviestTags(uint32_t limit = 0, CallOptions call = {});

  // Server statistics as name and value, in the server's order (docs/operations.md).
  Result<StatList> Stats(CallOptions call = {});
  // Drops every entry; how many there were.
  Result<uint64_t> Flush(CallOptions call = {});
  // A round trip; how long it took.
  Result<std::chrono::nanoseconds> Ping(CallOptions call = {});

  // Runs a batch of mixed commands in one exchange. The results are in the order they were added,
  // one each; an error here means the exchange failed as a whole. The batch is left as it is.
  Result<std::vector<BatchResult>> Run(const Batch& batch, CallOptions call = {});

  // Sends a batch and returns at once; several may be under way on one shared connection, and their
  // answers may come in any order. Wait returns when this ticket's answers are complete or its
  // deadline (counted from Submit) has passed; a late answer is counted and dropped. Each ticket is
  // waited for once, by any thread. Errors of Wait: as Run; kUsage for an unknown ticket.
  Result<Ticket> Submit(const Batch& batch, CallOptions call = {});
  Result<std::vector<BatchResult>> Wait(Ticket ticket);

  // PINGs each idle connection that has idled for Options::health_check (all of them when that is
  // zero) and closes those that fail. For callers with a scheduler of their own. Returns how many
  // were checked.
  size_t CheckIdleConnections();

  PoolStats pool_stats() const;

  // Closes idle connections now and those in use when they come back. The client stays usable.
  void CloseConnections();

 private:
  explicit Client(std::unique_ptr<ClientCore> core);
  std::unique_ptr<ClientCore> core_;
};

}  // namespace tagcache

#endif  // TAGCACHE_CLIENT_H_
