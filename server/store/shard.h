#ifndef TAGCACHE_SERVER_STORE_SHARD_H_
#define TAGCACHE_SERVER_STORE_SHARD_H_

// One shard of the store: a lock, a table of entries, and the index of their tags.
//
//   Store ── hash's top bits ──> Shard
//                                 ├─ mutex_    held for one step, alone among the shards' locks
//                                 ├─ entries_  hash -> Entry*
//                                 └─ tags_     tag  -> list through the same entries
//
// A write is one step under the lock: value, flags, tags and expiry change together, and an entry
// that leaves the table leaves the list of every tag it bears in the same step. So there is never
// an entry a tag does not reach, nor a tag that reaches an entry which no longer bears it.
//
// Threads: any. Locks: mutex_, and under it for a moment a stripe of the TagRegistry; never another
// shard's. Memory is taken before the lock and given back after it, where that is possible.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "server/store/entry.h"
#include "server/store/hash_table.h"
#include "server/store/mutex.h"
#include "server/store/store.h"
#include "server/store/tag_index.h"
#include "server/store/tag_registry.h"

namespace tagcache::server {

// A write made ready outside the lock.
struct Draft {
  HashedBytes key;
  OwnedEntry entry;  // nullptr: refused, or it expires at once
  std::span<const HashedBytes> tags;
  Outcome refused = Outcome::kOk;
};

// Some keys of a batch: those at the places `which`.
struct KeysOfShard {
  std::span<const uint32_t> which;
  std::span<const std::string_view> keys;
  std::span<const uint64_t> hashes;

  HashedBytes operator[](size_t i) const { return {keys[which[i]], hashes[which[i]]}; }
  size_t size() const { return which.size(); }
};

class alignas(64) Shard {
 public:
  Shard() = default;
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // REQUIRES: called once, before anything else; the registry outlives this.
  void Attach(TagRegistry* registry, size_t index, unsigned shard_bits);
  // Brings what a lookup of `hash` begins with into the cache. Takes no lock.
  void Prefetch(uint64_t hash) const NO_THREAD_SAFETY_ANALYSIS;

  EntryRef Get(const HashedBytes& key, TimeMs now);
  void MultiGet(const KeysOfShard& keys, TimeMs now, std::span<EntryRef> out);
  // Takes the draft's entry when the outcome is kOk.
  Outcome Put(Draft& draft, WriteMode mode, TimeMs now);
  void MultiPut(std::span<const uint32_t> which, std::span<Draft> drafts, TimeMs now,
                std::span<Outcome> outcomes);
  bool Delete(const HashedBytes& key, TimeMs now);
  uint64_t MultiDelete(const KeysOfShard& keys, TimeMs now);
  bool Exists(const HashedBytes& key, TimeMs now);
  bool Touch(const HashedBytes& key, std::optional<uint64_t> ttl_ms, TimeMs now);
  // `tags` are step.tags, hashed. REQUIRES: key and tags are within their limits.
  StepResult Increment(const HashedBytes& key, const Step& step, std::span<const HashedBytes> tags,
                       TimeMs now);
  std::optional<EntryMeta> Meta(const HashedBytes& key, TimeMs now);

  // REQUIRES for both: no tag occurs twice.
  uint64_t InvalidateTags(std::span<const HashedBytes> tags, TagMatch match, TimeMs now);
  // Pins the `limit` entries with the smallest hashes over `cursor`, and those whose hash equals
  // the last's, and appends them in that order. true: there are more.
  bool Bearers(std::span<const HashedBytes> tags, TagMatch match, uint64_t cursor, size_t limit,
               TimeMs now, std::vector<EntryRef>* pinned);

  uint64_t Flush(TimeMs now);

  struct Sweep {
    size_t looked = 0;
    size_t removed = 0;
    bool at_end = false;
  };
  // Goes on where the last sweep stopped; at the end of the table the next begins anew.
  Sweep ExpireSome(size_t budget, TimeMs now);

  // Adds this shard's items, memory and expired.
  void AddTo(StoreStats* stats) const;

 private:
  using Slot = HashTable<Entry*>::Slot;

  // The key's slot. An entry whose time is over is removed and counts as not there.
  Slot* FindLive(const HashedBytes& key, TimeMs now, Removed* removed) REQUIRES(mutex_);
  Slot* SlotOf(const HashedBytes& key) REQUIRES(mutex_);
  // A batch asks for all its entries before it looks at the first: so their cache misses overlap.
  void PrefetchEntry(uint64_t hash) REQUIRES(mutex_);
  // Puts a tagged entry into `slot`, or into a new one when that is nullptr.
  // REQUIRES: in that case entries_.Reserve() was true.
  void Publish(Slot* slot, Entry* entry, Removed* removed) REQUIRES(mutex_);
  void Take(Slot* slot, Removed* removed) REQUIRES(mutex_);
  void Remove(Slot* slot, Removed* removed) REQUIRES(mutex_);
  // true: its time was over.
  bool RemoveEntry(Entry* entry, TimeMs now, Removed* removed) REQUIRES(mutex_);
  Outcome PutLocked(Draft& draft, WriteMode mode, TimeMs now, Removed* removed) REQUIRES(mutex_);
  bool DeleteLocked(const HashedBytes& key, TimeMs now, Removed* removed) REQUIRES(mutex_);
  Outcome WriteNumber(const HashedBytes& key, const Step& step, std::span<const HashedBytes> tags,
                      int64_t value, Slot* slot, TimeMs now, Removed* removed) REQUIRES(mutex_);
  uint64_t NextVersion() REQUIRES(mutex_) { return (++writes_ << shard_bits_) | index_; }
  // Calls visit for each entry that matches; for kAny once for each tag of it that is asked for.
  // visit may remove the entry it is given.
  template <typename Visit>
  void ForEachBearer(std::span<const HashedBytes> tags, TagMatch match, Visit visit)
      REQUIRES(mutex_);

  mutable Mutex mutex_;
  HashTable<Entry*> entries_ GUARDED_BY(mutex_);
  TagIndex tags_ GUARDED_BY(mutex_);
  uint64_t entry_bytes_ GUARDED_BY(mutex_) = 0;
  uint64_t expired_ GUARDED_BY(mutex_) = 0;
  uint64_t writes_ GUARDED_BY(mutex_) = 0;
  size_t sweep_ GUARDED_BY(mutex_) = 0;  // the slot the next sweep begins at
  TagRegistry* registry_ = nullptr;
  uint64_t index_ = 0;
  unsigned shard_bits_ = 0;
};

// When an entry written now is over; nullopt: never. A time too far to count is the last that
// counts.
TimeMs ExpiryOf(std::optional<uint64_t> ttl_ms, TimeMs now);

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_SHARD_H_
