#ifndef TAGCACHE_SERVER_STORE_SHARD_H_
#define TAGCACHE_SERVER_STORE_SHARD_H_

// One shard of the store: a lock, a table of entries, the indexes that find those entries by tag
// and by time, and the leases of its keys.
//
//   Store ── hash's top bits ──> Shard
//                                 ├─ mutex_    held for one step
//                                 ├─ entries_  hash -> entry and its access frequency
//                                 ├─ tags_     tag  -> list through the same entries
//                                 ├─ wheel_    time -> lists through the entries that expire
//                                 └─ leases_   key  -> the caller that computes it, those that wait
//
// A write is one step under the lock: value, flags, tags and expiry change together, and an entry
// that leaves the table leaves the list of each of its tags and the wheel in the same step. So
// there is never an entry that its tags do not reach, nor a tag that reaches an entry which no
// longer has it.
//
// How an entry leaves the table: every way ends in Unlink.
//
//   a write, a delete ──────────────────────────────────────────────┐
//   a lookup that finds it expired or invalidated ──┐               │
//   RemoveExpired (wheel_) ─────────────────────────┼─> Discard ────┴─> Remove ──> Unlink
//   RemoveInvalidated (tags_) ──────────────────────┤   counts why      the slot   tags, wheel
//   Evict ──────────────────────────────────────────┘                               ^
//   a write that replaces it in its slot ───────────────────────────────────────────┘
//
// Threads: any. Locks: mutex_, and under it for a moment a stripe of the TagRegistry or a lock of
// the Arena. Two shards' locks are held together only by AllShards (store_impl.h), in the order of
// their indices. A function that REQUIRES(mutex_) is called with the lock held. Memory is allocated
// before the lock is taken and freed after it is released (step.h), where that is possible.
//
// Lookups are in shard.cc, writes in shard_write.cc, calls by tag and walks through the whole table
// in shard_walk.cc, and expiry, eviction and moving in shard_upkeep.cc.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "server/store/arena.h"
#include "server/store/entry.h"
#include "server/store/entry_table.h"
#include "server/store/flushed_tables.h"
#include "server/store/invalidation_order.h"
#include "server/store/key_hash.h"
#include "server/store/lease_table.h"
#include "server/store/mutex.h"
#include "server/store/prefix_stamps.h"
#include "server/store/step.h"
#include "server/store/store.h"
#include "server/store/tag_index.h"
#include "server/store/tag_registry.h"
#include "server/store/timing_wheel.h"

namespace tagcache::server {

// What the shards of a store have in common. Outlives them.
struct ShardContext {
  TagRegistry& registry;
  EventClock& clock;
  TagStamps& stamps;
  PrefixStamps& prefixes;
  InvalidationOrder& order;
  std::atomic<size_t>& shards_with_invalidated;
  uint64_t seed = 0;
  unsigned shard_bits = 0;
  uint64_t (*hash)(std::string_view bytes, uint64_t seed) = HashOf;  // tests choose hashes
};

// A write that is prepared outside the lock.
struct Draft {
  HashedBytes key;
  OwnedEntry entry;  // nullptr exactly where the write is refused or expires at once
  std::span<const HashedBytes> tags;
  Outcome refused = Outcome::kOk;  // why; kOk: it is not
  bool expires_at_once = false;    // the key is to have no entry afterwards
  uint64_t version = 0;            // kCompareAndSet, kAppend, kPrepend
  uint64_t token = 0;              // kPut
};

// Some keys of a batch: those at the places `which`.
struct KeysOfShard {
  std::span<const uint32_t> which;
  std::span<const std::string_view> keys;
  std::span<const uint64_t> hashes;

  HashedBytes operator[](size_t i) const { return {keys[which[i]], hashes[which[i]]}; }
  size_t size() const { return which.size(); }
};

// How many keys ahead of its turn a batch prefetches a key's entry.
inline constexpr size_t kEntriesAhead = 96;

class alignas(64) Shard {
 public:
  Shard() = default;
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // REQUIRES: called once, before anything else; context and arena outlive this.
  void Attach(const ShardContext* context, Arena* arena, size_t index);
  Mutex& mutex() TAGCACHE_ANNOTATION(lock_returned(mutex_)) { return mutex_; }
  // Prefetches the slot a lookup of `hash` begins with. Takes no lock.
  void PrefetchSlot(uint64_t hash) const NO_THREAD_SAFETY_ANALYSIS;
  // Prefetches the entries of the first kEntriesAhead of these keys, unless the lock is held.
  void PrefetchEntries(std::span<const uint32_t> which, std::span<const uint64_t> hashes);

  // Lookups.
  EntryRef Get(const HashedBytes& key, TimeMs now);
  void MultiGet(const KeysOfShard& keys, TimeMs now, std::span<EntryRef> out);
  bool Exists(const HashedBytes& key, TimeMs now);
  std::optional<EntryMeta> Meta(const HashedBytes& key, TimeMs now);
  LeaseAnswer GetOrLease(const HashedBytes& key, const LeaseAsk& ask, TimeMs now);
  bool CancelWait(const HashedBytes& key, Waiter* waiter);
  void EndLeases(uint64_t holder, TimeMs now);

  // Writes. The draft's entry is moved from when the outcome is kOk.
  Outcome Put(Draft& draft, WriteMode mode, TimeMs now);
  // Puts the first of those that `which` names, in one step; returns how many. That is all of them
  // unless they have many tags.
  size_t MultiPut(std::span<const uint32_t> which, std::span<Draft> drafts,
                  std::span<Outcome> outcomes, TimeMs now);
  // The live entry, for a write that is made from it: kAppend and kPrepend replace it by a draft
  // with its version, if it still has that version.
  struct Current {
    EntryRef entry;
    uint64_t version = 0;
    size_t tags = 0;
  };
  Current Read(const HashedBytes& key, TimeMs now);
  // Whether the live entry has that version.
  bool HasVersion(const HashedBytes& key, uint64_t version, TimeMs now);
  // kAppend and kPrepend in one step, which copies the value under the lock.
  Outcome Append(const HashedBytes& key, std::string_view more, WriteMode mode, size_t max_value,
                 TimeMs now);
  bool Touch(const HashedBytes& key, std::optional<uint64_t> ttl_ms, TimeMs now);
  EntryRef GetAndTouch(const HashedBytes& key, std::optional<uint64_t> ttl_ms, TimeMs now);
  // `tags` are increment.tags, hashed. REQUIRES: key and tags are within their limits.
  IncrementResult Increment(const HashedBytes& key, const CounterIncrement& increment,
                            std::span<const HashedBytes> tags, TimeMs now);

  // Invalidations of keys. Each removed key is a step with a number.
  // Removes the key's entry, with `version` only the one that has it. outcome: kOk, kNotFound or
  // kVersionMismatch.
  InvalidationResult InvalidateKey(const HashedBytes& key, std::optional<uint64_t> version,
                                   TimeMs now);
  InvalidationResult InvalidateKeys(const KeysOfShard& keys, TimeMs now);
  // Removes this very entry; if the key has another by now, none.
  InvalidationResult InvalidateEntry(const HashedBytes& key, const Entry* entry, TimeMs now);

  // Steps of invalidations that lock all shards. REQUIRES for all: no tag occurs twice.
  // The entries with the tag are invalidated from now on, and wait to be removed. Returns how many
  // they are; those that had expired or were invalidated before are among them.
  uint64_t InvalidateTag(const HashedBytes& tag, uint64_t number, TimeMs now) REQUIRES(mutex_);
  // The live entries that have all of the tags are invalidated from now on, and wait to be removed.
  // Returns how many they are.
  uint64_t InvalidateTaggedWithAll(std::span<const HashedBytes> tags, uint64_t number, Step& step)
      REQUIRES(mutex_);
  // Moves everything into `flushed`, invalidated entries too.
  void Flush(FlushedTables* flushed, Step& step) REQUIRES(mutex_);

  // Removes at most `most` entries that the invalidation `number`, the latest one, left.
  struct InvalidatedPart {
    size_t removed = 0;  // by this call
    bool done = false;   // none is left
    uint64_t live = 0;   // once it is done: how many of all were live until the invalidation
  };
  InvalidatedPart RemoveInvalidatedBy(uint64_t number, size_t most, TimeMs now);

  // Maintenance. Ends expired leases, removes expired entries and moves others in the wheel, and
  // then removes invalidated entries, the latest invalidation's first. Touches at most `budget`
  // entries; returns how many.
  size_t RemoveExpiredAndInvalidated(size_t budget, TimeMs now);
  void ExpireLeases(TimeMs now);
  // Removes some expired and invalidated entries, and then those with the lowest eviction scores,
  // until they and the tag nodes that went with them had `bytes`: some entries at most. Returns how
  // many bytes they had; 0: there are none.
  size_t Evict(size_t bytes, TimeMs now);
  // The same with invalidated entries alone, at most `most`.
  size_t FreeInvalidated(size_t bytes, size_t most, TimeMs now);
  // Moves the entry to another object of its size, so that its slab empties. false: it is pinned,
  // or no longer in the table. REQUIRES: the caller has pinned it.
  bool Relocate(Entry* entry);

  // Pins the live entries with the tag(s) whose hashes are over `cursor`: the `limit` smallest
  // hashes and those equal to the last, in that order. true: there are more. Snapshot appends
  // numbers that change whenever such a list does: where it gives the same numbers twice, nothing
  // changed in between.
  bool EntriesTagged(std::span<const HashedBytes> tags, TagMatch match, uint64_t cursor,
                     size_t limit, TimeMs now, std::vector<EntryRef>* pinned) REQUIRES(mutex_);
  void Snapshot(std::span<const HashedBytes> tags, std::vector<uint64_t>* numbers) REQUIRES(mutex_);

  // For a scan: pins the live entries whose places are in [from, to).
  void PinPlaces(uint32_t from, uint32_t to, TimeMs now, std::vector<EntryRef>* pinned);
  // How many places hold about `entries` entries.
  uint32_t PlacesFor(size_t entries);

  // Adds this shard's items and counts.
  void AddTo(StoreStats* stats) const;
  // How many tags have entries here that are not invalidated.
  size_t tag_count() const;
  // Appends those whose hashes are in [first, last].
  void SumTags(uint64_t first, uint64_t last, std::vector<TagRanking::Sum>* sums);
  // Adds the recent hits of the entries with the tag, estimated from the access frequency of
  // `sample` of them, and sets its name. false: it has no entries here.
  bool AddHits(uint64_t tag_hash, size_t sample, TagStats* stats);

 private:
  using Slot = EntryTable::Slot;

  uint32_t PlaceOf(uint64_t hash) const { return EntryTable::PlaceOf(hash, context_->shard_bits); }
  HashedBytes Hashed(const Entry* entry) const;
  Entry* EntryIn(const Slot* slot) const { return arena_->At<Entry>(EntryTable::RefIn(*slot)); }
  void PrefetchEntry(uint64_t hash) REQUIRES(mutex_);
  Slot* SlotOf(const HashedBytes& key) REQUIRES(mutex_);
  // nullptr: the entry is not in the table.
  Slot* SlotWith(const Entry* entry) REQUIRES(mutex_);
  // The key's slot. An entry that is expired or invalidated is discarded and counts as absent.
  Slot* FindLive(const HashedBytes& key, Step& step) REQUIRES(mutex_);
  bool IsLive(Entry* entry, TimeMs now) REQUIRES(mutex_) {
    return !entry->IsExpired(now) && !tags_.IsInvalidated(entry);
  }
  // Pins the slot's entry for the caller that asked for it. The access frequency is updated by one
  // plain store to the slot, under the lock that the lookup holds anyway, and by none where it
  // does not change: the entry has as many hits as are counted.
  EntryRef Hit(Slot* slot) REQUIRES(mutex_);

  // Removing, see above.
  void Unlink(Entry* entry, Step& step) REQUIRES(mutex_);
  void Remove(Slot* slot, Step& step) REQUIRES(mutex_);
  void Discard(Slot* slot, Step& step) REQUIRES(mutex_);
  // Removes the entry and returns the bytes it had, with those of its tags' nodes that go too.
  size_t DiscardForRoom(Slot* slot, Step& step) REQUIRES(mutex_);
  size_t RemoveExpired(size_t most, Step& step) REQUIRES(mutex_);
  size_t RemoveInvalidated(size_t most, Step& step) REQUIRES(mutex_);
  // Removes on a caller's word the key's entry, if it has one (slot is not nullptr), and numbers
  // that. Returns the number.
  uint64_t InvalidateLocked(const HashedBytes& key, Slot* slot, Step& step) REQUIRES(mutex_);

  // Puts a tagged entry into `slot`, or into a new one when that is nullptr.
  // REQUIRES: in that case entries_.Reserve() was true.
  void Publish(Slot* slot, const HashedBytes& key, Entry* entry, Step& step) REQUIRES(mutex_);
  Outcome CheckCondition(const Draft& draft, WriteMode mode, const Slot* slot) REQUIRES(mutex_);
  bool PutEntry(Slot* slot, Draft& draft, WriteMode mode, Step& step) REQUIRES(mutex_);
  Outcome PutLocked(Draft& draft, WriteMode mode, Step& step) REQUIRES(mutex_);
  void TouchLocked(Slot* slot, const HashedBytes& key, std::optional<uint64_t> ttl_ms, Step& step)
      REQUIRES(mutex_);
  void SetExpiry(Entry* entry, TimeMs expires, TimeMs now) REQUIRES(mutex_);
  Outcome WriteNumber(const HashedBytes& key, const CounterIncrement& increment,
                      std::span<const HashedBytes> tags, int64_t value, Slot* slot, Step& step)
      REQUIRES(mutex_);
  Slot* EvictionVictim() REQUIRES(mutex_);
  uint64_t NextVersion(TimeMs now) REQUIRES(mutex_);
  // Brings the budget up to date with the size of the tables, and the number of shards that have
  // invalidated entries.
  void Account() REQUIRES(mutex_);
  // Calls visit for each entry that matches, expired and invalidated ones too; for kAny once for
  // each of the tags that it has. visit may remove the entry it is given.
  template <typename Visit>
  void ForEachTagged(std::span<const HashedBytes> tags, TagMatch match, Visit visit)
      REQUIRES(mutex_);

  mutable Mutex mutex_;
  EntryTable entries_ GUARDED_BY(mutex_);
  TagIndex tags_ GUARDED_BY(mutex_);
  TimingWheel wheel_ GUARDED_BY(mutex_);
  LeaseTable leases_ GUARDED_BY(mutex_);
  size_t accounted_ GUARDED_BY(mutex_) = 0;          // bytes of tables that the budget includes
  bool has_invalidated_ GUARDED_BY(mutex_) = false;  // counted in shards_with_invalidated
  uint64_t last_version_ GUARDED_BY(mutex_) = 0;
  uint64_t expired_ GUARDED_BY(mutex_) = 0;
  uint64_t evicted_ GUARDED_BY(mutex_) = 0;
  uint64_t reclaimed_ GUARDED_BY(mutex_) = 0;
  uint64_t invalidations_ GUARDED_BY(mutex_) = 0;  // of tags with entries here, and flushes
  // Eviction: the epoch, how many entries came in it, and a source of random places.
  unsigned epoch_ GUARDED_BY(mutex_) = 0;
  size_t came_ GUARDED_BY(mutex_) = 0;
  uint64_t random_ GUARDED_BY(mutex_) = 0;
  const ShardContext* context_ = nullptr;
  Arena* arena_ = nullptr;
  uint64_t index_ = 0;
};

// When an entry written now expires; nullopt, or a time too far to count (8900 years): never.
TimeMs ExpiryOf(std::optional<uint64_t> ttl_ms, TimeMs now);

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_SHARD_H_
