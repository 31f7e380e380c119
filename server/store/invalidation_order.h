#ifndef TAGCACHE_SERVER_STORE_INVALIDATION_ORDER_H_
#define TAGCACHE_SERVER_STORE_INVALIDATION_ORDER_H_

// Numbers the invalidations of a store, so that the order of their numbers is the order in which
// they took effect.
//
// A number is taken under the locks under which its invalidation takes effect: all shards' for tags
// and FLUSH, the key's shard's for a key. Of two invalidations that can meet in an entry one holds
// a lock that the other needs, so the one that is first has the lower number.
//
// Everything that makes an entry disappear on a caller's word takes a number: an invalidation, a
// delete, and a write that leaves nothing behind (it was refused, or it expires at once). Expiry
// and eviction take none.
//
// Threads: any.

#include <atomic>
#include <cstdint>

namespace tagcache::server {

class InvalidationOrder {
 public:
  // REQUIRES: the locks under which the invalidation takes effect are held.
  uint64_t Next() { return last_.fetch_add(1, std::memory_order_relaxed) + 1; }

 private:
  std::atomic<uint64_t> last_{0};
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_INVALIDATION_ORDER_H_
