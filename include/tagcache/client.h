#ifndef TAGCACHE_CLIENT_H_
#define TAGCACHE_CLIENT_H_

// The client: a pool of connections to one TagCache server, and every command as a call.
//
// Threads: a Client may be used by any number of threads at once. It has none of its own, but for a
// helper while a host's name is looked up; all signals are blocked there. A Stream and a Batch
// belong to one thread at a time. Deadlines: each call has one, counted from its start, that covers
// waiting for a connection, connecting, writing and reading (Options::timeout, or
// CallOptions::timeout where given). Errors: returned, never thrown. Whether a write happened is
// unknown after kTimeout, and after kConnection if bytes had been sent. The library repeats only
// requests that are idempotent, or of which no byte was sent. Not an error: a miss. Fork: a child
// process that uses a Client made before the fork gets connections of its own; the parent's sockets
// are closed in the child and never written to. A Stream or Ticket of the parent fails in the child
// with kConnection. Bytes: keys, tags and values are bytes; empty ones are allowed (a text-protocol
// client refuses what that protocol cannot carry, with kUsage).

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

struct CallOptions {
  std::chrono::milliseconds timeout{0};  // zero: Options::timeout
  // What messages name the call. Empty: the library's own name of it. It outlives the call.
  std::string_view operation = {};
};

// Time to live of a write: kDefaultTtl is Options::default_ttl; zero milliseconds never expires.
// Any other negative time, as a subtraction may give, is refused with kUsage.
using Ttl = std::chrono::milliseconds;
inline constexpr Ttl kDefaultTtl = Ttl::min();
inline constexpr Ttl kNeverExpires{0};

struct WriteOptions {
  Ttl ttl = kDefaultTtl;
  // The entry's tags from now on, in one atomic step with the value. Empty: none.
  std::span<const std::string_view> tags = {};
  // The token of the lease under which the value was computed (see Client::GetOrLease); 0: none.
  // Only a Put takes one, alone or in a batch; elsewhere it is kUsage. The server refuses the Put
  // with ServerError::kStaleToken, and leaves the cache as it is, if since the token was given out
  // the key was written or deleted, one of `tags` was invalidated, or everything was flushed. The
  // library never repeats such a Put.
  uint64_t token = 0;
};

// The result of a write or removal that names the version it expects.
enum class Compared : uint8_t {
  kDone,
  kNotFound,  // there is no such key any more
  kChanged,   // the entry has another version, and stays as it is
};

struct LeaseOptions {
  // How long this caller may take to compute the value. After that the server gives the lease to
  // the next caller that asks. 1 ms to 49 days.
  std::chrono::milliseconds lease{10'000};
  // How long to wait for the value if another caller is computing it; zero: not at all. The call
  // may take its time-out and this time together.
  std::chrono::milliseconds wait{0};
  // If another caller is computing the value, return the last one at once if it is still there.
  bool stale_ok = false;
};

// The result of GetOrLease. With a value: a hit. With a token: this caller has the lease, and
// computes the value and Puts it with the token. With neither: another caller is computing the
// value, and the time to wait has passed.
struct Leased {
  std::optional<Value> value;
  bool stale = false;  // the value is the last one, and another caller is computing the next
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

// The reports of bulk calls. `refused` lists the items for which the call of one key would have
// returned an error (a key over the server's limit, a key that the protocol cannot carry), each
// with that error, in the order of the items. The other items are done.
struct PutReport {
  size_t stored = 0;
  std::vector<Refusal> refused;
};

struct GetReport {
  // In the order of the keys; nullopt for a miss and for a refused key.
  std::vector<std::optional<Value>> values;
  std::vector<Refusal> refused;
};

struct DeleteReport {
  uint64_t deleted = 0;  // how many of the keys had an entry
  std::vector<Refusal> refused;
};

struct IncrementOptions {
  int64_t by = 1;
  // The value that a missing key gets. Not given: `by` (Increment) or -by (Decrement).
  std::optional<int64_t> initial = {};
  // The TTL that a missing key gets: not given, Options::default_ttl. An entry that is there keeps
  // its own, so that a counter counts within a fixed window, unless `touch` sets this one anew. The
  // text protocol cannot say "only at creation": it refuses a TTL without `touch` (kUsage), and
  // sets Options::default_ttl anew with each step.
  std::optional<Ttl> ttl = {};
  bool touch = false;
  // Replace the entry's tags. Not given: the entry keeps them.
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
  uint64_t bytes = 0;  // of the entries that have it
  uint64_t hits = 0;   // recent reads of those entries, estimated
  // Calls that named the tag since the server started; tags can share a counter (docs/store.md).
  uint64_t invalidations = 0;
};

using StatList = std::vector<std::pair<std::string, std::string>>;

// Counts since the client was made. Exact while no call is in progress.
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
  uint64_t late_replies = 0;  // answers that came after their call had ended; dropped
  uint64_t pool_waits = 0;    // calls that had to wait for a connection
  uint64_t tickets_open = 0;  // now: submitted and not waited for
};

// A sequence of keys that a caller provides some at a time, without copying them. REQUIRES: views
// stay valid until the next call to Next; Next neither throws nor leaves by a long jump.
class KeySource {
 public:
  virtual ~KeySource() = default;
  virtual size_t size() const = 0;
  // Fills `keys` from the front and returns how many there were; 0 only after the last one.
  virtual size_t Next(std::span<std::string_view> keys) = 0;
};

struct StreamItem {
  size_t index = 0;  // position of the key in the call
  bool found = false;
  ValueView value;  // borrowed: valid until the next call on the stream
  // In a bulk get, the error that a get of this key alone would have returned; nullptr: none. The
  // item is not found then. Borrowed like the value.
  const Status* error = nullptr;
};

// The values of one get or bulk get, read one at a time. Nothing is copied between the receive
// buffer and the caller. Between two calls no library code is on the stack, so a caller may leave
// by a long jump and Close() later. Reusable: Start* closes what was open.
class Stream {
 public:
  Stream();
  ~Stream();  // closes
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;

  // Reads the next item, in the order of the keys. false: there are no more, and the connection is
  // back in its pool. An error ends the stream.
  Result<bool> Next(StreamItem* item);
  // Reads as many items as have been received, up to items.size(), and waits for at least one.
  // Returns how many; 0: there are no more. The items are borrowed until the next call on the
  // stream. REQUIRES: items is not empty.
  Result<size_t> NextItems(std::span<StreamItem> items);

  // Ends the stream. A connection with an unread answer is closed, never reused.
  void Close();

  struct State;  // libclient/, private

 private:
  friend class Client;
  std::unique_ptr<State> state_;
};

// The result of one command of a Batch (batch.h). For a miss, or an ADD of a key that existed,
// `status` is ok and `done` is false.
struct BatchResult {
  Status status;
  bool done = false;           // found, stored, deleted, ...
  std::optional<Value> value;  // GET
  int64_t number = 0;          // INCREMENT, DECREMENT: the value; INVALIDATE_TAG: the count
};

// A batch in flight; see Client::Submit. 0 is no ticket.
using Ticket = uint64_t;
// Tickets of one client that have not been waited for.
inline constexpr size_t kMaxTickets = 4096;

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
  // false: there was no such key.
  Result<bool> Delete(std::string_view key, CallOptions call = {});
  Result<bool> Exists(std::string_view key, CallOptions call = {});
  // Sets the entry's time to live; kNeverExpires: it has none. false: there is no such key.
  Result<bool> Touch(std::string_view key, Ttl ttl, CallOptions call = {});
  // The new value. A key that was absent is created with type kInteger. Errors: kServer with
  // kNotAnInteger or kOverflow; the entry stays as it was.
  Result<int64_t> Increment(std::string_view key, const IncrementOptions& options = {},
                            CallOptions call = {});
  Result<int64_t> Decrement(std::string_view key, const IncrementOptions& options = {},
                            CallOptions call = {});
  Result<std::optional<Meta>> GetMeta(std::string_view key, CallOptions call = {});
  // Get and Touch in one step. nullopt: a miss.
  Result<std::optional<Value>> GetAndTouch(std::string_view key, Ttl ttl, CallOptions call = {});

  // Writes, or removes, the entry if it still has this version (Meta::version). Not an error: that
  // it has another one. Never repeated: after a lost connection it is unknown whether it happened.
  Result<Compared> CompareAndSet(std::string_view key, uint64_t version, ValueView value,
                                 const WriteOptions& options = {}, CallOptions call = {});
  Result<Compared> CompareAndDelete(std::string_view key, uint64_t version, CallOptions call = {});

  // Adds bytes at the end, or at the front, of the entry's value; its flags, tags and time to live
  // stay. false: there is no such key. Never repeated.
  Result<bool> Append(std::string_view key, std::string_view bytes, CallOptions call = {});
  Result<bool> Prepend(std::string_view key, std::string_view bytes, CallOptions call = {});

  // A Get that on a miss gives one of the callers a lease, so that one alone computes the value.
  // The lease ends when the value is Put, when its time has passed, or when the connection on which
  // it was given out ends. See WriteOptions::token for what the token protects from.
  Result<Leased> GetOrLease(std::string_view key, const LeaseOptions& lease = {},
                            CallOptions call = {});

  // Bulk calls do for each item what the call of one key does, and a refused item changes nothing
  // for the others: see the reports. An error of the call itself means that the exchange failed,
  // and that an unknown part of the items is done.
  Result<GetReport> MultiGet(std::span<const std::string_view> keys, CallOptions call = {});
  // The key of a refused item has no entry afterwards, unless a later item of the call stored it.
  Result<PutReport> MultiPut(std::span<const PutItem> items, CallOptions call = {});
  Result<DeleteReport> MultiDelete(KeySource& keys, CallOptions call = {});
  Result<DeleteReport> MultiDelete(std::span<const std::string_view> keys, CallOptions call = {});

  // Start reading without copies: see Stream.
  Status StartGet(Stream& stream, std::string_view key, CallOptions call = {});
  Status StartMultiGet(Stream& stream, KeySource& keys, CallOptions call = {});
  Status StartMultiGet(Stream& stream, std::span<const std::string_view> keys,
                       CallOptions call = {});

  // Invalidate the entries that have the tag, any or all of the tags, or one of the keys. Once this
  // has returned, no reader anywhere sees one of them. The result is how many there were: exact for
  // about a thousand entries, and for more of one tag while the server has nothing to reclaim;
  // otherwise never too low.
  Result<uint64_t> InvalidateTag(std::string_view tag, CallOptions call = {});
  Result<uint64_t> InvalidateTags(std::span<const std::string_view> tags, TagMode mode,
                                  CallOptions call = {});
  Result<uint64_t> InvalidateKeys(std::span<const std::string_view> keys, CallOptions call = {});

  // Keys of the entries with the tag(s), at most about `limit` a page (0: the server's page size).
  // A key that has the tag during all pages is in at least one of them. Start with cursor 0.
  Result<KeyPage> KeysByTag(std::string_view tag, uint64_t cursor = 0, uint32_t limit = 0,
                            CallOptions call = {});
  Result<KeyPage> Search(std::span<const std::string_view> tags, TagMode mode, uint64_t cursor = 0,
                         uint32_t limit = 0, CallOptions call = {});

  // Keys that begin with `prefix`, byte for byte and whatever follows it ("shop" has "shop2:a"
  // too), in no order, at most about `limit` a page (0: the server's page size). A page may be
  // empty although its cursor is not 0. A key that exists during all pages is in exactly one of
  // them. Start with cursor 0.
  Result<KeyPage> Scan(std::string_view prefix, uint64_t cursor = 0, uint32_t limit = 0,
                       CallOptions call = {});
  // Removes the entries whose keys begin with `prefix` and returns how many. It takes many small
  // requests, one after the other, within the one deadline of the call. An error means that an
  // unknown part was removed. An entry that is written meanwhile may stay.
  Result<uint64_t> DeletePrefix(std::string_view prefix, CallOptions call = {});

  // The tags whose entries have the most bytes, the heaviest first, at most `limit` of them (0: the
  // server's page size). With Options::prefix only those that begin with it are returned. The
  // server visits every tag that it has.
  Result<std::vector<TagUsage>> HeaviestTags(uint32_t limit = 0, CallOptions call = {});

  // Server statistics as name and value, in the server's order (docs/operations.md).
  Result<StatList> Stats(CallOptions call = {});
  // Removes every entry of the server, whatever the prefix, and returns how many there were.
  Result<uint64_t> Flush(CallOptions call = {});
  // Makes a round trip and returns how long it took.
  Result<std::chrono::nanoseconds> Ping(CallOptions call = {});

  // Runs a batch of mixed commands in one exchange. There is one result for each command, in the
  // order in which they were added. An error means that the exchange failed as a whole.
  Result<std::vector<BatchResult>> Run(const Batch& batch, CallOptions call = {});

  // Sends a batch and returns at once. Several batches may be in flight on one shared connection,
  // and their answers may come in any order. Wait returns when this ticket's answers are complete
  // or its deadline (counted from Submit) has passed; a late answer is counted and dropped. Each
  // ticket is waited for once, by any thread, and keeps its batch in memory until then: with
  // kMaxTickets of them Submit is refused with kUsage. Errors of Wait: as Run; kUsage for an
  // unknown ticket.
  Result<Ticket> Submit(const Batch& batch, CallOptions call = {});
  Result<std::vector<BatchResult>> Wait(Ticket ticket);

  // PINGs each connection that was idle for Options::health_check (all idle ones when that is zero)
  // and closes those that fail. Returns how many were checked. For callers with a scheduler of
  // their own.
  size_t CheckIdleConnections();

  PoolStats pool_stats() const;

  // Closes idle connections now, and those in use when their calls end. The client stays usable.
  void CloseConnections();

 private:
  explicit Client(std::unique_ptr<ClientCore> core);
  std::unique_ptr<ClientCore> core_;
};

}  // namespace tagcache

#endif  // TAGCACHE_CLIENT_H_
