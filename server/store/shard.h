#ifndef TAGCACHE_SERVER_STORE_SHARD_H_
#define TAGCACHE_SERVER_STORE_SHARD_H_

// One shard of the store: a lock, a table of entries, and what knows those entries by tag, by time
// and by lease.
//
//   Store ── hash's top bits ──> Shard
//                                 ├─ mutex_    held for one step
//                                 ├─ entries_  hash -> entry, and what eviction knows of it
//                                 ├─ tags_     tag  -> list through the same entries
//                                 ├─ wheel_    time -> lists through those that expire
//                                 └─ leases_   key  -> who computes it, who waits
//
// A write is one step under the lock: value, flags, tags and expiry change together, and an entry
// that leaves the table leaves the list of every tag it bears and the wheel in the same increment.
// So there is never an entry a tag does not reach, nor a tag that reaches an entry which no longer
// bears it.
//
// Threads: any. Locks: mutex_, and under it for a moment a stripe of the TagRegistry or a lock of
// the Arena. Two shards' locks are held together only by AllShards (store_impl.h), in the order of
// their indices. What is REQUIRES(mutex()) is called with the lock held. Memory is taken before the
// lock and given back after it, where that is possible.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "server/store/arena.h"
#include "server/store/entry.h"
#include "server/store/entry_table.h"
#include "server/store/key_hash.h"
#include "server/store/lease_table.h"
#include "server/store/mutex.h"
#include "server/store/store.h"
#include "server/store/tag_index.h"
#include "server/store/tag_registry.h"
#include "server/store/timing_wheel.h"

namespace tagcache::server {

// What the shards of a store have in common. Outlives them.
struct ShardContext {
  Arena& arena;
  TagRegistry& registry;
  EventClock& clock;
  TagStamps& stamps;
  uint64_t seed = 0;
  unsigned shard_bits = 0;
  uint64_t (*hash)(std::string_view bytes, uint64_t seed) = HashOf;  // tests choose hashes
};

// A write made ready outside the lock.
struct Draft {
  HashedBytes key;
  OwnedEntry entry;  // nullptr: refused, or it expires at once
  std::span<const HashedBytes> tags;
  Outcome refused = Outcome::kOk;
  uint64_t version = 0;  // kCompareAndSet, kAppend, kPrepend
  uint64_t token = 0;    // kPut
};

// Some keys of a batch: those at the places `which`.
struct KeysOfShard {
  std::span<const uint32_t> which;
  std::span<const std::string_view> keys;
  std::span<const uint64_t> hashes;

  HashedBytes operator[](size_t i) const { return {keys[which[i]], hashes[which[i]]}; }
  size_t size() const { return which.size(); }
};

// The entries of a shard that was flushed, on their way out.
struct Grave {
  EntryTable entries;
  TagIndex tags;
  size_t next = 0;  // slot
  std::unique_ptr<Grave> other;
};

// How many keys ahead of its turn a batch asks for a key's entry.
inline constexpr size_t kEntriesAhead = 96;

class alignas(64) Shard {
 public:
  Shard() = default;
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // REQUIRES: called once, before anything else; the context outlives this.
  void Attach(const ShardContext* context, size_t index);
  Mutex& mutex() TAGCACHE_ANNOTATION(lock_returned(mutex_)) { return mutex_; }
  // Asks for the slot a lookup of `hash` begins with. Takes no lock.
  void PrefetchSlot(uint64_t hash) const NO_THREAD_SAFETY_ANALYSIS;
  // Asks for the entries of the first kEntriesAhead of these keys, unless the lock is held.
  void PrefetchEntries(std::span<const uint32_t> which, std::span<const uint64_t> hashes);

  EntryRef Get(const HashedBytes& key, TimeMs now);
  void MultiGet(const KeysOfShard& keys, TimeMs now, std::span<EntryRef> out);
  // Takes the draft's entry when the outcome is kOk.
  Outcome Put(Draft& draft, WriteMode mode, TimeMs now);
  // The same for those that `which` names; what they replace goes to `removed`.
  void MultiPut(std::span<const uint32_t> which, std::span<Draft> drafts, TimeMs now,
                std::span<Outcome> outcomes, Removed* removed);
  // The live entry, for a write that is made from it: kAppend and kPrepend put a draft in its place
  // that has its version, if it still has that.
  struct Current {
    EntryRef entry;
    uint64_t version = 0;
    size_t tags = 0;
  };
  Current Read(const HashedBytes& key, TimeMs now);
  bool Delete(const HashedBytes& key, TimeMs now);
  Outcome CompareAndDelete(const HashedBytes& key, uint64_t version, TimeMs now);
  uint64_t MultiDelete(const KeysOfShard& keys, TimeMs now);
  bool Exists(const HashedBytes& key, TimeMs now);
  bool Touch(const HashedBytes& key, std::optional<uint64_t> ttl_ms, TimeMs now);
  EntryRef GetAndTouch(const HashedBytes& key, std::optional<uint64_t> ttl_ms, TimeMs now);
  // `tags` are increment.tags, hashed. REQUIRES: key and tags are within their limits.
  IncrementResult Increment(const HashedBytes& key, const CounterIncrement& increment,
                            std::span<const HashedBytes> tags, TimeMs now);
  std::optional<EntryMeta> Meta(const HashedBytes& key, TimeMs now);

  LeaseAnswer GetOrLease(const HashedBytes& key, const LeaseAsk& ask, TimeMs now);
  bool CancelWait(const HashedBytes& key, Waiter* waiter);
  void EndLeases(uint64_t holder, TimeMs now);

  // Removes dead entries, the latest kill's first, or only that of `only`; at most `budget`.
  // Returns how many.
  size_t Reclaim(size_t budget, TimeMs now, const server::Kill* only = nullptr);
  // Removes entries whose time is over, and moves others in the wheel; touches at most `budget`.
  // Returns how many. Passes on leases whose time is over, which ExpireLeases does alone.
  size_t Expire(size_t budget, TimeMs now);
  void ExpireLeases(TimeMs now);
  // Removes some entries that are over or dead, and then those least worth keeping, until they were
  // `bytes` or there are none. Returns how many bytes.
  size_t Evict(size_t bytes, TimeMs now);
  // Moves the entry to another object of its size, so that its slab empties; false: it is pinned,
  // or no longer in the table. REQUIRES: the caller has pinned it.
  bool Relocate(Entry* entry);

  // Pins the live entries that bear the tag(s), with a hash over `cursor`; the `limit` smallest
  // hashes and those equal to the last, in that order. true: there are more. Look appends what the
  // answer rests on: the same numbers twice mean that nothing changed in between.
  bool Bearers(std::span<const HashedBytes> tags, TagMatch match, uint64_t cursor, size_t limit,
               TimeMs now, std::vector<EntryRef>* pinned) REQUIRES(mutex_);
  void Look(std::span<const HashedBytes> tags, std::vector<uint64_t>* seen) REQUIRES(mutex_);

  // For a scan: pins the live entries whose places are in [from, to).
  void PinPlaces(uint32_t from, uint32_t to, TimeMs now, std::vector<EntryRef>* pinned);
  // How many places hold about `entries` entries.
  uint32_t PlacesFor(size_t entries);
  // true: it was this very entry, and it is removed.
  bool DeleteEntry(const HashedBytes& key, const Entry* entry, TimeMs now);

  // Steps of an invalidation. REQUIRES for all: no tag occurs twice.
  // Removes what became over since an Expire, a few entries at most: all shards are locked. false:
  // there may be more.
  bool ExpireAll(TimeMs now, Removed* removed) REQUIRES(mutex_);
  struct Count {
    uint64_t entries = 0;
    uint64_t shared = 0;
  };
  // The node dies of `kill`. Returns what its entries were.
  Count Kill(const HashedBytes& tag, server::Kill* kill) REQUIRES(mutex_);
  // Removes the live entries that bear all of the tags.
  uint64_t RemoveBearersOfAll(std::span<const HashedBytes> tags, TimeMs now, Removed* removed)
      REQUIRES(mutex_);
  // Moves all there is into the grave, what waits to be reclaimed too. Returns how many live
  // entries it were. REQUIRES: no entry is dead twice.
  uint64_t Flush(Grave* grave, Woken* woken) REQUIRES(mutex_);

  // Adds this shard's items and counts.
  void AddTo(StoreStats* stats) const;
  // Calls visit(node) for each living tag.
  template <typename Visit>
  void ForEachTag(Visit visit) {
    MutexLock lock(mutex_);
    auto& nodes = tags_.nodes();
    for (size_t i = 0; i < nodes.capacity(); ++i) {
      if (nodes.at(i).hash != 0) visit(*nodes.at(i).value);
    }
  }
  // Hits of the entries that bear the tag, as eviction counts them, of at most `looked` entries.
  uint64_t HitsOf(const HashedBytes& tag, size_t looked);

 private:
  using Slot = EntryTable::Slot;

  uint32_t PlaceOf(uint64_t hash) const { return EntryTable::PlaceOf(hash, context_->shard_bits); }
  HashedBytes Hashed(const Entry* entry) const;
  Entry* EntryIn(const Slot* slot) const { return arena_->At<Entry>(EntryTable::RefIn(*slot)); }
  Slot* SlotOf(const HashedBytes& key) REQUIRES(mutex_);
  Slot* SlotWith(const Entry* entry) REQUIRES(mutex_);
  // The key's slot. An entry that is over or dead is removed and counts as not there.
  Slot* FindLive(const HashedBytes& key, TimeMs now, Removed* removed) REQUIRES(mutex_);
  bool IsGone(Entry* entry, TimeMs now) REQUIRES(mutex_) {
    return entry->IsOver(now) || tags_.IsDead(entry);
  }
  void CountGone(Entry* entry, TimeMs now) REQUIRES(mutex_);
  // A pin on the slot's entry, which was asked for. What eviction keeps of the hit is one plain
  // store to the slot, under the lock the lookup holds anyway, and none when it changes nothing:
  // the entry has as many hits as are counted.
  EntryRef Hit(Slot* slot) REQUIRES(mutex_);
  void PrefetchEntry(uint64_t hash) REQUIRES(mutex_);
  // Puts a tagged entry into `slot`, or into a new one when that is nullptr.
  // REQUIRES: in that case entries_.Reserve() was true.
  void Publish(Slot* slot, const HashedBytes& key, Entry* entry, TimeMs now, Removed* removed)
      REQUIRES(mutex_);
  void Take(Entry* entry, Removed* removed) REQUIRES(mutex_);
  void Remove(Slot* slot, Removed* removed) REQUIRES(mutex_);
  void TakeOut(Entry* entry, TimeMs now, Removed* removed) REQUIRES(mutex_);
  size_t RemoveGone(size_t most, TimeMs now, Removed* removed) REQUIRES(mutex_);
  Outcome Allowed(const Draft& draft, WriteMode mode, const Slot* slot) REQUIRES(mutex_);
  void Account() REQUIRES(mutex_);
  Outcome PutLocked(Draft& draft, WriteMode mode, TimeMs now, Removed* removed, Woken* woken)
      REQUIRES(mutex_);
  bool DeleteLocked(const HashedBytes& key, TimeMs now, Removed* removed, Woken* woken)
      REQUIRES(mutex_);
  void TouchLocked(Slot* slot, const HashedBytes& key, std::optional<uint64_t> ttl_ms, TimeMs now,
                   Removed* removed, Woken* woken) REQUIRES(mutex_);
  Outcome WriteNumber(const HashedBytes& key, const CounterIncrement& increment,
                      std::span<const HashedBytes> tags, int64_t value, Slot* slot, TimeMs now,
                      Removed* removed) REQUIRES(mutex_);
  Slot* LeastWorth() REQUIRES(mutex_);
  uint64_t NextVersion(TimeMs now) REQUIRES(mutex_);
  // Calls visit for each entry that matches, dead or over ones too; for kAny once for each tag of
  // it that is asked for. visit may remove the entry it is given.
  template <typename Visit>
  void ForEachBearer(std::span<const HashedBytes> tags, TagMatch match, Visit visit)
      REQUIRES(mutex_);

  mutable Mutex mutex_;
  EntryTable entries_ GUARDED_BY(mutex_);
  TagIndex tags_ GUARDED_BY(mutex_);
  TimingWheel wheel_ GUARDED_BY(mutex_);
  LeaseTable leases_ GUARDED_BY(mutex_);
  size_t accounted_ GUARDED_BY(mutex_) = 0;  // bytes of tables that the budget knows of
  uint64_t last_version_ GUARDED_BY(mutex_) = 0;
  uint64_t expired_ GUARDED_BY(mutex_) = 0;
  uint64_t evicted_ GUARDED_BY(mutex_) = 0;
  uint64_t reclaimed_ GUARDED_BY(mutex_) = 0;
  uint64_t kills_ GUARDED_BY(mutex_) = 0;
  // Eviction: the epoch, what came in it, and a source of random places.
  unsigned epoch_ GUARDED_BY(mutex_) = 0;
  size_t came_ GUARDED_BY(mutex_) = 0;
  uint64_t random_ GUARDED_BY(mutex_) = 0;
  const ShardContext* context_ = nullptr;
  Arena* arena_ = nullptr;
  uint64_t index_ = 0;
};

// When an entry written now is over; nullopt, or a time too far to count (8900 years): never.
TimeMs ExpiryOf(std::optional<uint64_t> ttl_ms, TimeMs now);
}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_SHARD_H_
