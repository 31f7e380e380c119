#ifndef TAGCACHE_SERVER_STORE_STORE_H_
#define TAGCACHE_SERVER_STORE_STORE_H_

// The store: keys to values with flags, tags and a time to live, sharded by key hash.
//
// Threads: every call may be made by any number of threads at once. Each is a single step between
// its beginning and its end (it is linearizable), but for these: MultiGet, MultiPut and MultiDelete
// are a step for each key; Scan, DeletePrefix, Stats and HeaviestTags go through the store piece by
// piece; of several pages each is a call of its own. Locks are held only inside a
// call (README.md).
// Time: milliseconds of a monotonic clock, handed in. An entry whose expiry is <= now is not there.
// Ownership: keys, tags and values are copied in. An EntryRef pins an entry: its bytes stay valid
// and unchanged while it lives, also after the entry was overwritten, deleted or expired. It must
// not outlive the store.
// Errors: outcomes, never exceptions (std::bad_alloc apart). A miss is an outcome.
// A refused kPut removes the key's old value: what its owner tried to replace is not served on. Not
// so kStaleToken: what is there then is newer. All other modes are conditional and leave it; so do
// Increment and Touch.
//
// The inside of this face is free to change; nothing outside this folder depends on it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tagcache::server {

using TimeMs = uint64_t;

struct StoreOptions {
  size_t shards = 64;                   // a power of two, 1 to 256
  uint64_t seed = 0;                    // of the key hash; random for each process
  size_t max_key = 1024;                // bytes, at most 4000
  size_t max_tag = 255;                 // bytes, at most 4000
  size_t max_tags = 64;                 // per entry, at most 255
  size_t max_value = 64 * 1024 * 1024;  // bytes
  size_t memory_limit = 0;              // bytes of all the store holds and its overhead; 0: none
};

enum class Outcome : uint8_t {
  kOk,
  kNotFound,
  kExists,
  kNotAnInteger,
  kOverflow,
  kKeyTooLong,
  kTagTooLong,
  kTooManyTags,
  kValueTooLarge,
  kOutOfMemory,
  kVersionMismatch,  // a compare-and-set whose entry was written since
  kStaleToken,       // a write under a lease that something overtook
};

struct Entry;  // entry.h, private
// Drops a pin; the last frees the entry.
void Unpin(Entry* entry);

// A pinned entry, or none. Movable; releasing the last pin of a removed entry frees it.
class EntryRef {
 public:
  EntryRef() = default;
  ~EntryRef() { Reset(); }
  EntryRef(EntryRef&& other) noexcept { *this = std::move(other); }
  EntryRef& operator=(EntryRef&& other) noexcept {
    std::swap(entry_, other.entry_);
    std::swap(value_, other.value_);
    std::swap(flags_, other.flags_);
    return *this;
  }
  EntryRef(const EntryRef&) = delete;
  EntryRef& operator=(const EntryRef&) = delete;

  explicit operator bool() const { return entry_ != nullptr; }
  // REQUIRES of all below: *this holds an entry.
  std::string_view value() const { return value_; }
  uint32_t flags() const { return flags_; }
  void Reset() {
    if (entry_ != nullptr) Unpin(std::exchange(entry_, nullptr));
  }

 private:
  friend class Store;
  friend class Shard;
  friend class LeaseTable;
  explicit EntryRef(Entry* pinned);
  Entry* entry_ = nullptr;
  // What it holds: the bytes do not change, nor move, while it is pinned.
  std::string_view value_;
  uint32_t flags_ = 0;
};

struct Write {
  std::string_view key;
  std::string_view value;
  uint32_t flags = 0;
  std::optional<uint64_t> ttl_ms = {};          // nullopt: never expires; 0: expires at once
  std::span<const std::string_view> tags = {};  // replaces the entry's; repeated ones count once
  // kCompareAndSet: the version the entry must have.
  uint64_t version = 0;
  // kPut only: of the lease this value was computed under; 0: none. The write is refused with
  // kStaleToken, and leaves nothing behind, when the key was written or deleted, one of `tags` was
  // invalidated, everything was flushed, or the removal of a prefix (any) begun since the token was
  // given out.
  uint64_t token = 0;
};

// kAppend and kPrepend add to the value that is there and keep its flags, tags and time to live;
// kNotFound where there is none.
enum class WriteMode : uint8_t { kPut, kAdd, kReplace, kCompareAndSet, kAppend, kPrepend };
enum class TagMatch : uint8_t { kAny, kAll };

struct CounterIncrement {
  std::string_view key;
  int64_t by = 1;
  bool subtract = false;
  int64_t initial = 1;                                         // value of a key that was absent
  uint32_t flags = 0;                                          // of a key that was absent
  std::optional<uint64_t> ttl_ms = {};                         // nullopt: kept
  std::optional<std::span<const std::string_view>> tags = {};  // nullopt: kept
};

struct IncrementResult {
  Outcome outcome = Outcome::kOk;
  int64_t value = 0;
};

struct EntryMeta {
  std::optional<uint64_t> ttl_left_ms;  // nullopt: never expires
  uint64_t age_ms = 0;                  // since the last write
  uint64_t size = 0;
  uint64_t version = 0;  // unique to each write of this store
  uint32_t flags = 0;
  std::vector<std::string> tags;
};

// Who waits for the value of a key that another computes. Wake is called once, by any thread, with
// no lock of the store held: the value is there, or the lease is free; ask again.
class Waiter {
 public:
  virtual void Wake() = 0;

 protected:
  ~Waiter() = default;
};

struct LeaseAsk {
  TimeMs lease_ms = 0;       // how long the caller may compute; then another may
  uint64_t holder = 0;       // who the caller is, for EndLeases
  bool stale_ok = false;     // where another computes, the last value will do
  Waiter* waiter = nullptr;  // to be woken where another computes; nullptr: do not wait
};

// A hit: value. Else, where another computes and it was asked for: value and stale. Else token, the
// caller has the lease; or waiting; or nothing of all that (no waiter was given, or too many wait).
struct LeaseAnswer {
  EntryRef value;
  bool stale = false;
  uint64_t token = 0;
  bool waiting = false;
};

struct TagStats {
  std::string tag;
  uint64_t keys = 0;
  uint64_t bytes = 0;          // of the entries that bear it
  uint64_t hits = 0;           // recent ones, estimated from eviction's counters of some
  uint64_t invalidations = 0;  // calls that named it; tags that share a counter are told the sum
};

struct KeyList {
  std::vector<std::string> keys;
  uint64_t cursor = 0;  // 0: that was the last page
};

struct StoreStats {
  uint64_t items = 0;    // without those that an invalidation left to be reclaimed
  uint64_t tags = 0;     // distinct tags that entries bear
  uint64_t memory = 0;   // bytes of entries, tables, tag index and leases
  uint64_t held = 0;     // the same with what lies free between entries or is about to be returned
  uint64_t expired = 0;  // entries removed because their time was over
  uint64_t evicted = 0;  // entries removed to keep to the memory limit
  uint64_t reclaimed = 0;  // entries removed after an invalidation, but those a flush took along
};

class Store {
 public:
  explicit Store(const StoreOptions& options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const StoreOptions& options() const;

  EntryRef Get(std::string_view key, TimeMs now);
  // out[i] answers keys[i]. Takes each shard's lock once. REQUIRES: out.size() == keys.size().
  void MultiGet(std::span<const std::string_view> keys, TimeMs now, std::span<EntryRef> out);

  Outcome Put(const Write& write, WriteMode mode, TimeMs now);
  // outcomes[i] answers writes[i]; a key that occurs twice holds the later one. Takes each shard's
  // lock once.
  void MultiPut(std::span<const Write> writes, TimeMs now, std::span<Outcome> outcomes);

  bool Delete(std::string_view key, TimeMs now);
  // kOk, kNotFound or kVersionMismatch.
  Outcome CompareAndDelete(std::string_view key, uint64_t version, TimeMs now);
  // How many were there. Takes each shard's lock once.
  uint64_t MultiDelete(std::span<const std::string_view> keys, TimeMs now);

  bool Exists(std::string_view key, TimeMs now);
  // nullopt: never expires from now on; 0: expires at once. false: not there.
  bool Touch(std::string_view key, std::optional<uint64_t> ttl_ms, TimeMs now);
  // Get and Touch in one increment.
  EntryRef GetAndTouch(std::string_view key, std::optional<uint64_t> ttl_ms, TimeMs now);
  IncrementResult Increment(const CounterIncrement& increment, TimeMs now);
  std::optional<EntryMeta> Meta(std::string_view key, TimeMs now);

  // How many live entries bore the tag(s). When it has returned no call sees one of them. One tag,
  // or any of several: one step for up to 64 tags, more go in several steps, one after the other;
  // and its time does not depend on how many entries there were, but where the count has to wait
  // for them to be taken out (docs/store.md).
  uint64_t InvalidateTags(std::span<const std::string_view> tags, TagMatch match, TimeMs now);

  // Keys of live entries that bear the tag(s), in the order of their hashes, `limit` a page (more
  // only where hashes collide). Start with cursor 0.
  KeyList Keys(std::span<const std::string_view> tags, TagMatch match, uint64_t cursor,
               size_t limit, TimeMs now);

  // Keys of live entries that begin with `prefix`, in the order of their hashes, looking at no more
  // than `budget` entries: a page may be empty and have a cursor. Entries that are there during the
  // whole scan are met exactly once.
  KeyList Scan(std::string_view prefix, uint64_t cursor, size_t limit, size_t budget, TimeMs now);
  // Removes the live entries that begin with `prefix`, from the cursor on, looking at no more than
  // `budget` entries; sets *cursor to where to go on, 0 at the end. How many were removed.
  // Not one step: what is written under the prefix meanwhile may stay. A call with cursor 0
  // overtakes every token given out before it, as a flush does: also of keys that are not there,
  // and, since tokens are not kept by prefix, of keys without it.
  uint64_t DeletePrefix(std::string_view prefix, uint64_t* cursor, size_t budget, TimeMs now);

  // A Get that, on a miss, gives out a lease or waits for another's.
  LeaseAnswer GetOrLease(std::string_view key, const LeaseAsk& ask, TimeMs now);
  // Afterwards the waiter is not woken for this key any more. false: Wake was called, or is about
  // to be.
  bool CancelWait(std::string_view key, Waiter* waiter);
  // The leases of this holder are free.
  void EndLeases(uint64_t holder, TimeMs now);

  // How many live entries there were. The time does not grow with their number, nor with that of
  // dead ones that wait to be reclaimed.
  uint64_t Flush(TimeMs now);

  // The work that is not anybody's request: removes entries whose time is over, takes back the
  // memory of invalidated ones, ends leases, compacts. At most about `budget` entries are touched.
  // Returns how many were; call it again soon while that is about the budget, and every few
  // milliseconds otherwise.
  size_t RunMaintenance(size_t budget, TimeMs now);
  // Bytes the process holds besides the store's (connection buffers, the allocator's waste): they
  // count towards the memory limit.
  void SetOverhead(size_t bytes);

  // Sums over the shards, each locked in turn.
  StoreStats Stats() const;
  // The `limit` tags with the most bytes, the heaviest first. Visits every tag.
  std::vector<TagStats> HeaviestTags(size_t limit) const;

  // The name of the limit an outcome speaks of and its value, for messages ("key", 1024).
  static const char* NameOf(Outcome outcome);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_STORE_H_
