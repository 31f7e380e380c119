#ifndef TAGCACHE_SERVER_NET_MEMORY_OVERHEAD_H_
#define TAGCACHE_SERVER_NET_MEMORY_OVERHEAD_H_

// What the process holds in memory besides its store: buffers of connections, entries that were
// removed and are still being sent, what the allocator keeps for itself. It counts towards the
// memory limit (Store::SetOverhead), so that the limit is one of the process and not of its
// entries.
//
// It is the resident memory less the store's own account, less what the process had when the store
// was empty (code, stacks, tables of libraries). Summing up buffers instead would miss the
// allocator's share.

#include <cstddef>

namespace tagcache::server {

// Bytes of the process that are in memory now; 0 where the system does not report it.
size_t ResidentBytes();

// All in bytes. `at_start` is what was resident, less the store's own account, when the store was
// empty. The store may count memory that was never touched; where the result would be negative for
// that reason it is 0.
constexpr size_t MemoryOverhead(size_t resident, size_t store, size_t at_start) {
  return resident > store && resident - store > at_start ? resident - store - at_start : 0;
}

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_MEMORY_OVERHEAD_H_
