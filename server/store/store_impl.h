#ifndef TAGCACHE_SERVER_STORE_STORE_IMPL_H_
#define TAGCACHE_SERVER_STORE_STORE_IMPL_H_

// What a Store is made of. Its calls on one key and on many are in store.cc, invalidation and flush
// in store_invalidation.cc, lists and scans in store_walk.cc, and what keeps memory within its
// limit and brings it back in store_upkeep.cc.
//
// Threads and locks: README.md.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "server/store/arena.h"
#include "server/store/entry.h"
#include "server/store/lease_table.h"
#include "server/store/memory_budget.h"
#include "server/store/mutex.h"
#include "server/store/shard.h"
#include "server/store/shard_order.h"
#include "server/store/store.h"
#include "server/store/tag_registry.h"

namespace tagcache::server {

// Entries touched while a shard's lock is held by work that is nobody's request.
inline constexpr size_t kSlice = 32;
// How many invalidations' counts are kept by tag.
inline constexpr size_t kTagCounters = 16384;

struct BatchScratch;

// Holds the locks of all shards, taken in the order of their indices.
class TAGCACHE_ANNOTATION(scoped_lockable) AllShards {
 public:
  explicit AllShards(std::span<Shard> shards) NO_THREAD_SAFETY_ANALYSIS : shards_(shards) {
    for (Shard& shard : shards_) shard.mutex().Lock();
  }
  ~AllShards() NO_THREAD_SAFETY_ANALYSIS {
    for (Shard& shard : shards_) shard.mutex().Unlock();
  }
  AllShards(const AllShards&) = delete;
  AllShards& operator=(const AllShards&) = delete;

 private:
  std::span<Shard> shards_;
};

struct Store::Impl {
  explicit Impl(const StoreOptions& asked);
  ~Impl();

  HashedBytes Hash(std::string_view bytes) const { return {bytes, HashOf(bytes, options.seed)}; }
  Shard& ShardWith(uint64_t hash) { return shards[ShardOf(hash, shard_bits)]; }
  Shard& ShardAt(size_t count) { return shards[count % options.shards]; }
  std::span<Shard> All() { return {shards.get(), options.shards}; }

  Outcome CheckTags(std::span<const std::string_view> tags) const;
  Outcome Check(const Write& write) const;
  std::vector<HashedBytes> Distinct(std::span<const std::string_view> tags) const;
  void HashTags(std::span<const std::string_view> tags, std::vector<HashedBytes>* out) const;
  void MakeDraft(const Write& write, const HashedBytes& key, TimeMs now,
                 std::vector<HashedBytes>* tags, Draft* draft);
  Outcome Append(const Write& write, const HashedBytes& key, WriteMode mode, TimeMs now);
  void HashKeys(std::span<const std::string_view> keys, BatchScratch* scratch) const;
  // Calls visit(shard, indices) for each shard of the batch in scratch->hashes.
  template <typename Visit>
  void ForEachShard(BatchScratch* scratch, Visit visit);

  // store_upkeep.cc
  Entry* MakeEntry(const EntryParts& parts, TimeMs now);
  void KeepToLimit(const HashedBytes& key, size_t bytes, TimeMs now);
  size_t EmptySlab(unsigned spare, size_t budget);
  bool Bury(Grave& grave, size_t budget);
  size_t BurySome(size_t budget);

  // store_invalidation.cc
  void CatchUp(TimeMs now);
  uint64_t InvalidateAny(std::span<const HashedBytes> tags, TimeMs now);
  uint64_t InvalidateAll(std::span<const HashedBytes> tags, TimeMs now);
  void ReclaimAll(const Kill& kill, TimeMs now);
  void ForgetKills();

  // store_walk.cc
  bool ListKeys(std::span<const HashedBytes> tags, TagMatch match, uint64_t cursor, size_t limit,
                TimeMs now, bool locked, std::vector<EntryRef>* pinned, bool* more);

  const StoreOptions options;
  const unsigned shard_bits;
  MemoryBudget budget;
  Arena arena;
  TagRegistry registry;
  EventClock clock;
  TagStamps stamps;
  const ShardContext context;
  // Invalidations by tag, for HeaviestTags; tags that share a counter are told the sum.
  const std::unique_ptr<std::atomic<uint32_t>[]> invalidated;

  // Invalidations and flushes come one after the other.
  Mutex invalidating;
  // Before the shards, whose nodes point here until they are gone.
  std::vector<std::unique_ptr<Kill>> kills GUARDED_BY(invalidating);
  std::unique_ptr<Shard[]> shards;
  std::atomic<size_t> tend_shard{0};
  std::atomic<size_t> lease_shard{0};
  bool shared_dying GUARDED_BY(invalidating) = false;  // some dying entry bore several tags
  uint64_t last_kill GUARDED_BY(invalidating) = 0;
  Mutex graves_mutex;
  std::vector<std::unique_ptr<Grave>> graves GUARDED_BY(graves_mutex);
  Mutex emptying;
  Slab* sparse GUARDED_BY(emptying) = nullptr;  // the slab that is being emptied
  size_t sparse_next GUARDED_BY(emptying) = 0;  // its objects before this one are done
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_STORE_IMPL_H_
