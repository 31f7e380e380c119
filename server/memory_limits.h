#ifndef TAGCACHE_SERVER_MEMORY_LIMITS_H_
#define TAGCACHE_SERVER_MEMORY_LIMITS_H_

// The limits of the server's memory: as they were set, or worked out from the memory that the
// process may have.

#include <cstddef>
#include <cstdint>
#include <string>

namespace tagcache::server {

// The value of a limit that is worked out; "auto" as text.
inline constexpr uint64_t kAutomatic = UINT64_MAX;
// A server with a limit needs this much: for its tables, its workers and the connections, and still
// to have room for entries. Entries may take a sixteenth of it each.
inline constexpr uint64_t kLeastMemoryLimit = uint64_t{16} << 20;
inline constexpr uint64_t kLeastClientMemoryLimit = kLeastMemoryLimit / 4;

struct MemoryLimits {
  uint64_t limit = 0;         // of the server; 0: none
  uint64_t client_limit = 0;  // of what its connections hold
  uint64_t available = 0;     // what the process may have; 0: unknown
};

// Bytes that this process may have: the least of what its control groups (version 1 or 2), and
// those above them, allow, and of the machine's memory. 0: the system does not report it. `root`
// stands before the paths of /proc and /sys.
uint64_t MemoryOfProcess(const std::string& root = "");

// Works out the limits that are kAutomatic, and checks them. Returns empty, or why they are
// refused.
std::string ChooseMemoryLimits(uint64_t memory_limit, uint64_t client_memory_limit,
                               uint64_t available, MemoryLimits* limits);

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_MEMORY_LIMITS_H_
