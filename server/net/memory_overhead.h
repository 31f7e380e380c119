#ifndef TAGCACHE_SERVER_NET_MEMORY_OVERHEAD_H_
#define TAGCACHE_SERVER_NET_MEMORY_OVERHEAD_H_

// What the process holds in memory that nobody counts: scratch of commands that run, what the
// allocator keeps for itself. It counts towards the memory limit (Store::SetOverhead), so that the
// limit is one of the process and not of its entries.
//
// It is the resident memory less what the store and the connections count, less what the process
// had when the store was empty (code, stacks, tables of libraries).

#include <cstddef>

namespace tagcache::server {

// Bytes of the process that are in memory now; 0 where the system does not report it.
size_t ResidentBytes();

// All in bytes. `counted` is the account of the store and that of the connections; `at_start` is
// what was resident, less `counted`, when the store was empty. Memory may be counted that was never
// touched; where the result would be negative for that reason it is 0.
constexpr size_t MemoryOverhead(size_t resident, size_t counted, size_t at_start) {
  return resident > counted && resident - counted > at_start ? resident - counted - at_start : 0;
}

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_MEMORY_OVERHEAD_H_
