#ifndef TAGCACHE_SERVER_STORE_STORE_H_
#define TAGCACHE_SERVER_STORE_STORE_H_

// The store: keys to values with flags, tags and a time to live, sharded by key hash.
//
// Threads: every call may be made by any number of threads at once. Each is a single step between
// its beginning and its end (it is linearizable), except these: MultiGet, MultiPut and MultiDelete
// are a step for each key; InvalidateTags of more than 64 tags is several steps; Scan,
// DeletePrefix, Stats and RankTags go through the store piece by piece. Of several pages each
// is a call of its own. Locks are held only inside a call (README.md). Time: milliseconds of a
// monotonic clock, handed in. An entry whose expiry is <= now has expired: no call finds it.
// Ownership: keys, tags and values are copied in. An EntryRef pins an entry: its bytes stay valid
// and unchanged while it lives, also after the entry was overwritten, deleted or expired. It must
// not outlive the store.
// Errors: outcomes, never exceptions (std::bad_alloc apart). A miss is an outcome.
// A refused kPut removes the key's old value: what its owner tried to replace is not served on. A
// put refused with kStaleToken leaves the old value, which is newer. All other modes are
// conditional and leave it; so do Increment and Touch.
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

// Under a memory limit an entry may take this share of it.
inline constexpr size_t kLargestShare = 16;

struct StoreOptions {
  size_t shards = 64;                   // a power of two, 1 to 256
  uint64_t seed = 0;                    // of the key hash; random for each process
  size_t max_key = 1024;                // bytes, at most 4000
  size_t max_tag = 255;                 // bytes, at most 4000
  size_t max_tags = 64;                 // per entry, at most 255
  size_t max_value = 64 * 1024 * 1024;  // bytes
  size_t memory_limit = 0;              // bytes of all the store holds and its overhead; 0: none
  // Bytes that the store may come to use where there is no memory_limit. More are possible, up to
  // 32 GiB, but then shards share their memory unevenly.
  size_t machine_memory = size_t{16} << 30;
  size_t reserved = 0;                   // bytes of memory_limit that entries may not use
  TimeMs max_lease_ms = 10 * 60 * 1000;  // the longest lease; who asks for more gets this
  // Addresses of one arena, at most 32 GiB; tests ask for few.
  size_t arena_bytes = size_t{32} << 30;
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
  kContended,        // kAppend, kPrepend of a large value: others wrote the key each time meanwhile
};

struct Entry;  // entry.h, private
// Drops a reader's pin; the last pin frees the entry.
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
  // Whether the entry is no longer in the store, so that it is there for its readers alone.
  bool removed() const;
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
  // kPut only: the token of the lease under which this value was computed; 0: none. The write is
  // refused with kStaleToken, and leaves nothing behind, if since the token was issued the key was
  // written or deleted, one of `tags` was invalidated, everything was flushed, or the removal of a
  // prefix of the key began.
  uint64_t token = 0;
};

// kAppend and kPrepend add to the value that is there and keep its flags, tags and time to live;
// kNotFound where there is none.
enum class WriteMode : uint8_t { kPut, kAdd, kReplace, kCompareAndSet, kAppend, kPrepend };

// A kAppend or kPrepend that is carried out in parts (Store::ContinueAppend), since it copies the
// whole value. Threads: one at a time. It must not outlive the store, nor what `write` refers to.
class PartialAppend {
 public:
  PartialAppend(const Write& write, WriteMode mode) : write_(write), mode_(mode) {}
  ~PartialAppend() { Abandon(); }
  PartialAppend(const PartialAppend&) = delete;
  PartialAppend& operator=(const PartialAppend&) = delete;

 private:
  friend class Store;
  // Drops the longer entry, of which a part was made.
  void Abandon();

  const Write write_;
  const WriteMode mode_;
  int tries_ = 0;  // that others' writes have ended
  EntryRef held_;  // the entry it is made from, whose version and number of tags follow
  uint64_t version_ = 0;
  size_t tags_ = 0;
  Entry* longer_ = nullptr;  // the entry that is made
  size_t copied_ = 0;        // bytes of its value
};

enum class TagMatch : uint8_t { kAny, kAll };

struct CounterIncrement {
  std::string_view key;
  int64_t by = 1;
  bool subtract = false;
  // Value of a key that was absent; nullopt: it has none, and the outcome is kOverflow.
  std::optional<int64_t> initial = 1;
  uint32_t flags = 0;                   // of a key that was absent
  bool lenient = false;                 // the number may have blanks around it, a '+', zeros
  std::optional<uint64_t> ttl_ms = {};  // nullopt: kept
  bool ttl_at_creation = false;         // only a key that was absent gets `ttl_ms`
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

// A caller that waits for the value of a key which another caller computes. Wake is called once, by
// any thread, with no lock of the store held: the value is there, or the lease is free; ask again.
class Waiter {
 public:
  virtual void Wake() = 0;

 protected:
  ~Waiter() = default;
};

struct LeaseAsk {
  TimeMs lease_ms = 0;    // how long the caller may compute, at most max_lease_ms; then another may
  uint64_t holder = 0;    // identifies the caller: for EndLeases, and leases are counted by it
  bool stale_ok = false;  // while another computes, the last value will do
  Waiter* waiter = nullptr;  // woken after another has computed; nullptr: the caller does not wait
};

// What is set says which of five answers it is:
//
//   value            a hit
//   value and stale  the last value, while another computes
//   token            the caller has the lease
//   waiting          another computes, and the waiter will be woken
//   nothing          another computes, and no waiter was given, or too many wait
struct LeaseAnswer {
  EntryRef value;
  bool stale = false;
  uint64_t token = 0;
  bool waiting = false;
};

// A request that makes entries disappear, of any kind. It takes effect in steps, and each step has
// a number: the order in which steps took effect is the order of their numbers.
//
//   kind      names        a step is                              entries in the result
//   kAnyTag   tags         64 of the tags, over all shards        see below
//   kAllTags  tags         the whole call, over all shards        exact
//   kKeys     keys         one key                                exact
//   kPrefix   the prefix   one removed key; and before the        exact
//                          first page, to overtake lease tokens
//   kFlush    none         the whole call, over all shards        see below
//
// kAllTags of one tag is the same as kAnyTag.
//
// After the step no call sees the entries it reached. Where they are many, their memory is freed
// later, and the result does not wait for that. For kAnyTag and kFlush the number of entries is
//  - exact where a step reaches at most 1024 entries: each live one is counted once;
//  - exact too for one tag and for a flush, where no entry waits to be removed because it expired
//    or was invalidated before;
//  - otherwise never too low: an entry that waits may be counted as if it were live, and one that
//    has several of the tags may be counted once for each.
struct Invalidation {
  enum class Kind : uint8_t { kAnyTag, kAllTags, kKeys, kPrefix, kFlush };

  Kind kind = Kind::kFlush;
  std::span<const std::string_view> names = {};
  std::optional<uint64_t> version = {};  // kKeys, of one key: only while its entry has this version
  uint64_t cursor = 0;                   // kPrefix: where the page begins; 0: the first page
  size_t budget = SIZE_MAX;              // kPrefix: entries to check at most
};

struct InvalidationResult {
  Outcome outcome = Outcome::kOk;  // kKeys, of one key: kNotFound and kVersionMismatch as well
  uint64_t entries = 0;            // that were live
  uint64_t number = 0;             // of the last step; 0: there was none
  uint64_t cursor = 0;             // kPrefix: of the next page; 0: this was the last one
};

struct TagStats {
  std::string tag;
  uint64_t keys = 0;
  uint64_t bytes = 0;          // of the entries that have it
  uint64_t hits = 0;           // recent ones, estimated from the access frequency of some entries
  uint64_t invalidations = 0;  // calls that named it; tags that share a counter have their sum
};

// The tags with the most bytes, found piece by piece by Store::RankTags. Takes memory by `limit`,
// however many tags there are. Threads: one at a time.
class TagRanking {
 public:
  explicit TagRanking(size_t limit) : limit_(limit) {}

  // What one shard, or all of them, hold of one tag.
  struct Sum {
    uint64_t hash = 0;
    uint64_t keys = 0;
    uint64_t bytes = 0;
  };

  // The heaviest first. REQUIRES: RankTags returned true.
  std::vector<TagStats>& tags() { return tags_; }

 private:
  friend class Store;
  void Add(std::span<const Sum> of_shards);

  const size_t limit_;
  bool summed_ = false;         // all tags were visited
  uint64_t next_hash_ = 0;      // until then: of the tags that are visited next
  std::vector<Sum> heaviest_;   // so far: a heap, the lightest first
  std::vector<Sum> sums_;       // of one piece
  std::vector<TagStats> tags_;  // the first ones of `heaviest_`, with their names
};

struct KeyList {
  std::vector<std::string> keys;
  uint64_t cursor = 0;  // 0: that was the last page
};

struct StoreStats {
  uint64_t items = 0;      // without invalidated entries, except some after several invalidations
  uint64_t tags = 0;       // distinct tags of entries
  uint64_t memory = 0;     // bytes of entries, tables, tag index and leases
  uint64_t held = 0;       // the same with free memory between entries or about to be returned
  uint64_t expired = 0;    // entries removed because they had expired
  uint64_t evicted = 0;    // entries removed to keep to the memory limit
  uint64_t reclaimed = 0;  // entries removed after an invalidation, except by a flush
};

class Store {
 public:
  explicit Store(const StoreOptions& options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const StoreOptions& options() const;

  EntryRef Get(std::string_view key, TimeMs now);
  // out[i] answers keys[i]. A lock is held for some keys at a time, however many they are.
  // REQUIRES: out.size() == keys.size().
  void MultiGet(std::span<const std::string_view> keys, TimeMs now, std::span<EntryRef> out);

  Outcome Put(const Write& write, WriteMode mode, TimeMs now);
  // Continues a kAppend or kPrepend: copies at most `bytes`. nullopt: it is not done, and nothing
  // has changed yet. The value is made without a lock, and a write of the key meanwhile makes it
  // begin again, but not for ever: after three times a value of up to 64 KiB is made under the
  // lock, and a larger one is refused with kContended, which leaves what is there.
  std::optional<Outcome> ContinueAppend(PartialAppend* append, size_t bytes, TimeMs now);
  // outcomes[i] answers writes[i]; a key that occurs twice holds the later one. A lock is held
  // for some keys at a time.
  void MultiPut(std::span<const Write> writes, TimeMs now, std::span<Outcome> outcomes);

  // All invalidations pass through here. The calls that follow it are short forms of it.
  InvalidationResult Invalidate(const Invalidation& what, TimeMs now);
  bool Delete(std::string_view key, TimeMs now);
  // kOk, kNotFound or kVersionMismatch.
  Outcome CompareAndDelete(std::string_view key, uint64_t version, TimeMs now);
  // How many were there. A lock is held for some keys at a time.
  uint64_t MultiDelete(std::span<const std::string_view> keys, TimeMs now);

  bool Exists(std::string_view key, TimeMs now);
  // nullopt: never expires from now on; 0: expires at once. false: not there.
  bool Touch(std::string_view key, std::optional<uint64_t> ttl_ms, TimeMs now);
  // Get and Touch in one step.
  EntryRef GetAndTouch(std::string_view key, std::optional<uint64_t> ttl_ms, TimeMs now);
  IncrementResult Increment(const CounterIncrement& increment, TimeMs now);
  std::optional<EntryMeta> Meta(std::string_view key, TimeMs now);

  // Returns how many live entries had the tag(s), as good as Invalidation promises. For kAny the
  // time does not depend on how many they are, beyond about a thousand; for kAll it does.
  uint64_t InvalidateTags(std::span<const std::string_view> tags, TagMatch match, TimeMs now);
  // Returns how many live entries there were. The time does not depend on how many, beyond about a
  // thousand, nor on how many wait to be removed.
  uint64_t Flush(TimeMs now);
  // Removes the live entries whose keys begin with `prefix`, from the cursor on, checking at most
  // `budget` entries; sets *cursor to where the next page begins, to 0 at the end. Returns how many
  // were removed. Not one step: what is written under the prefix meanwhile may stay. A call with
  // cursor 0 overtakes the lease tokens of all keys with the prefix that were issued before it,
  // also of absent keys (lease_table.h).
  uint64_t DeletePrefix(std::string_view prefix, uint64_t* cursor, size_t budget, TimeMs now);

  // Keys of live entries with the tag(s), in the order of their hashes, `limit` a page (more only
  // where hashes collide). Start with cursor 0.
  KeyList Keys(std::span<const std::string_view> tags, TagMatch match, uint64_t cursor,
               size_t limit, TimeMs now);

  // Keys of live entries that begin with `prefix`, in the order of their hashes, checking at most
  // `budget` entries: a page may be empty and have a cursor. An entry that is there during the
  // whole scan is returned exactly once.
  KeyList Scan(std::string_view prefix, uint64_t cursor, size_t limit, size_t budget, TimeMs now);

  // A Get that, on a miss, grants a lease or waits for another's.
  LeaseAnswer GetOrLease(std::string_view key, const LeaseAsk& ask, TimeMs now);
  // Afterwards the waiter is not woken for this key any more. false: Wake was called, or is about
  // to be.
  bool CancelWait(std::string_view key, Waiter* waiter);
  // Ends the leases of this holder: others may have them.
  void EndLeases(uint64_t holder, TimeMs now);

  // Background maintenance: removes expired and invalidated entries, frees what was flushed, ends
  // leases, compacts. Touches at most about `budget` entries and returns how many it touched. Call
  // it again soon while that is about the budget, and every few milliseconds otherwise.
  size_t RunMaintenance(size_t budget, TimeMs now);
  // Bytes that the process holds besides the store (connection buffers, the allocator's waste):
  // they count towards the memory limit.
  void SetOverhead(size_t bytes);

  // Bytes of entries that were overwritten or removed and are still pinned by an EntryRef: memory
  // that readers hold, and not the store. The last values that leases keep are among them. Reads
  // one number.
  size_t pinned_removed_bytes() const;

  // Sums over the shards, each locked in turn.
  StoreStats Stats() const;
  // Continues to look for the heaviest tags; true: ranking->tags() are there. A call visits about
  // `budget` tags, each once for each shard that has entries with it, and holds a lock for its part
  // of them. What changes between two calls may be missed or be in it.
  bool RankTags(TagRanking* ranking, size_t budget) const;

  // The name of the limit that the outcome refers to, for messages ("key"); "" where there is none.
  static const char* NameOf(Outcome outcome);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_STORE_H_
