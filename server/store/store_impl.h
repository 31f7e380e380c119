#ifndef TAGCACHE_SERVER_STORE_STORE_IMPL_H_
#define TAGCACHE_SERVER_STORE_STORE_IMPL_H_

// The parts of a Store. Its calls on one key and on many are in store.cc, invalidations in
// store_invalidation.cc, lists and scans in store_walk.cc, and what keeps memory within its limit
// and frees it in store_upkeep.cc.
//
// Threads and locks: README.md.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "server/store/arena.h"
#include "server/store/entry.h"
#include "server/store/flushed_tables.h"
#include "server/store/invalidation_order.h"
#include "server/store/lease_table.h"
#include "server/store/memory_budget.h"
#include "server/store/mutex.h"
#include "server/store/prefix_stamps.h"
#include "server/store/shard.h"
#include "server/store/shard_order.h"
#include "server/store/step.h"
#include "server/store/store.h"
#include "server/store/tag_registry.h"

namespace tagcache::server {

// How many entries a step of background work, or of an invalidation's, touches under a shard's
// lock.
inline constexpr size_t kSlice = 32;
// Counters of invalidations by tag.
inline constexpr size_t kTagCounters = 16384;

struct BatchScratch;

// A step over all shards: holds their locks, taken in the order of their indices.
class TAGCACHE_ANNOTATION(scoped_lockable) AllShards : public Step {
 public:
  AllShards(std::span<Shard> shards, TimeMs now) NO_THREAD_SAFETY_ANALYSIS : Step(now),
                                                                             shards_(shards) {
    for (Shard& shard : shards_) shard.mutex().Lock();
  }
  ~AllShards() NO_THREAD_SAFETY_ANALYSIS {
    for (Shard& shard : shards_) shard.mutex().Unlock();
  }

 private:
  std::span<Shard> shards_;
};

struct Store::Impl {
  explicit Impl(const StoreOptions& asked);
  ~Impl();

  HashedBytes Hash(std::string_view bytes) const { return {bytes, HashOf(bytes, options.seed)}; }
  Shard& ShardWith(uint64_t hash) { return shards[ShardOf(hash, shard_bits)]; }
  Shard& ShardAt(size_t count) { return shards[count % options.shards]; }
  Arena& ArenaAt(size_t shard) { return *arenas[shard * arenas.size() / options.shards]; }
  Arena& ArenaWith(uint64_t hash) { return ArenaAt(ShardOf(hash, shard_bits)); }
  std::span<Shard> All() { return {shards.get(), options.shards}; }

  Outcome CheckTags(std::span<const std::string_view> tags) const;
  Outcome Check(const Write& write) const;
  std::vector<HashedBytes> Distinct(std::span<const std::string_view> tags) const;
  void HashTags(std::span<const std::string_view> tags, std::vector<HashedBytes>* out) const;
  void MakeDraft(const Write& write, const HashedBytes& key, TimeMs now,
                 std::vector<HashedBytes>* tags, Draft* draft);
  InvalidationResult InvalidateKeys(const Invalidation& what, TimeMs now);
  void HashKeys(std::span<const std::string_view> keys, BatchScratch* scratch) const;
  static size_t WriteBytes(const Write& write);
  void PutPiece(std::span<const Write> writes, TimeMs now, std::span<Outcome> outcomes);
  // Calls visit(shard, indices) for each visit of the piece of a batch in scratch->hashes.
  template <typename Visit>
  void ForEachVisit(BatchScratch* scratch, Visit visit);

  // store_append.cc
  std::optional<Outcome> BeginAppend(PartialAppend* append, const HashedBytes& key, TimeMs now);

  // store_upkeep.cc
  Entry* MakeEntry(const EntryParts& parts, TimeMs now);
  void MakeRoomForTags(const HashedBytes& key, std::span<const HashedBytes> tags, TimeMs now);
  void KeepToLimit(const HashedBytes& key, size_t bytes, TimeMs now);
  bool FreeWaiting(const HashedBytes& key, size_t bytes, TimeMs now);
  size_t EmptySlab(Arena& arena, unsigned spare, size_t budget);
  bool FreeSome(FlushedTables& tables, FreeBudget* freeing);
  void FreeAll(FlushedTables& tables);
  void FreeFlushed(FreeBudget* freeing);

  // store_invalidation.cc
  InvalidationResult InvalidateTags(const Invalidation& what, TimeMs now);
  InvalidationResult InvalidateAnyTag(std::span<const HashedBytes> tags, TimeMs now)
      REQUIRES(invalidating);
  InvalidationResult InvalidateAllTags(std::span<const HashedBytes> tags, TimeMs now)
      REQUIRES(invalidating);
  std::optional<uint64_t> RemoveInvalidatedBy(uint64_t number, TimeMs now) REQUIRES(invalidating);
  InvalidationResult Flush(TimeMs now);

  // store_walk.cc
  bool ListKeys(std::span<const HashedBytes> tags, TagMatch match, uint64_t cursor, size_t limit,
                TimeMs now, bool locked, std::vector<EntryRef>* pinned, bool* more);
  InvalidationResult InvalidatePrefix(const Invalidation& what, TimeMs now);

  // tag_ranking.cc
  bool NameTags(std::vector<TagRanking::Sum>* heaviest, size_t budget, std::vector<TagStats>* tags);

  const StoreOptions options;
  const unsigned shard_bits;
  MemoryBudget budget;
  ValuePages values;
  std::vector<std::unique_ptr<Arena>> arenas;  // one for each group of neighbouring shards
  TagRegistry registry;
  EventClock clock;
  TagStamps stamps;
  PrefixStamps prefixes;
  InvalidationOrder order;
  // Shards in which invalidated entries wait to be removed.
  std::atomic<size_t> shards_with_invalidated{0};
  const ShardContext context;
  // Invalidations by tag, for RankTags; tags that share a counter have their sum.
  const std::unique_ptr<std::atomic<uint32_t>[]> invalidated;

  std::unique_ptr<Shard[]> shards;
  std::atomic<size_t> maintained_shard{0};
  std::atomic<size_t> lease_shard{0};
  std::atomic<size_t> maintained_arena{0};
  // Invalidations of tags and flushes go one after the other.
  Mutex invalidating;
  Mutex flushed_mutex;
  std::vector<std::unique_ptr<FlushedTables>> flushed GUARDED_BY(flushed_mutex);
  std::atomic<size_t> flushed_count{0};  // of all tables that are not yet freed
  Mutex emptying;
  Slab* sparse GUARDED_BY(emptying) = nullptr;  // the slab that is being emptied
  size_t sparse_next GUARDED_BY(emptying) = 0;  // its objects before this one are done
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_STORE_IMPL_H_
