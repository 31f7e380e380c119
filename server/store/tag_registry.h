#ifndef TAGCACHE_SERVER_STORE_TAG_REGISTRY_H_
#define TAGCACHE_SERVER_STORE_TAG_REGISTRY_H_

// How many distinct tags the whole store holds. A tag whose entries lie in several shards has a
// node in each of them; the registry counts, for each tag, the shards that have a node, so that the
// tag counts once.
//
// Only a node that appears or vanishes changes it, not each entry. Tags are identified by their
// 64-bit hash alone: two tags with one hash count as one, which makes a number in STATS wrong by
// one and nothing else.
//
// Threads: any. Locks: a stripe's lock may be taken while shards' locks are held; nothing is locked
// under it.

#include <array>
#include <cstdint>

#include "server/store/hash_table.h"
#include "server/store/memory_budget.h"
#include "server/store/mutex.h"

namespace tagcache::server {

class TagRegistry {
 public:
  // REQUIRES: the budget outlives this.
  explicit TagRegistry(MemoryBudget& budget);
  ~TagRegistry();
  TagRegistry(const TagRegistry&) = delete;
  TagRegistry& operator=(const TagRegistry&) = delete;

  // false: there is no memory for it.
  bool Add(uint64_t tag_hash);
  void Remove(uint64_t tag_hash);
  // For a flush, of which `other` takes what is here: nothing is freed. REQUIRES: nobody else uses
  // `other`.
  void Swap(TagRegistry& other);
  // Distinct tags.
  uint64_t size() const;

 private:
  struct alignas(64) Stripe {
    mutable Mutex mutex;
    HashTable<uint64_t> shards_with GUARDED_BY(mutex);
    size_t accounted GUARDED_BY(mutex) = 0;  // bytes that the budget includes
  };
  static constexpr size_t kStripes = 64;
  // The low bits: the table of a stripe uses the top ones.
  Stripe& StripeOf(uint64_t tag_hash) { return stripes_[tag_hash % kStripes]; }

  void Account(Stripe& stripe) REQUIRES(stripe.mutex);

  MemoryBudget& budget_;
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_TAG_REGISTRY_H_
