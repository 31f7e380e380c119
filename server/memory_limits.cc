#include "server/memory_limits.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

#include "server/commands/client_memory.h"
#include "server/control_group.h"

namespace tagcache::server {
namespace {

constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();
constexpr uint64_t kMi = uint64_t{1} << 20;

// The least limit of the control groups of this process.
uint64_t LimitOfGroups(const std::string& root) {
  uint64_t least = kUnlimited;
  for (const ControlGroup& group : ControlGroupsOf("memory", root)) {
    const std::string line =
        FirstLineOf(group.directory + (group.version2 ? "/memory.max" : "/memory.limit_in_bytes"));
    uint64_t bytes = 0;  // "max", where there is no limit, is no number
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), bytes);
    if (error == std::errc() && end == line.data() + line.size()) least = std::min(least, bytes);
  }
  return least;
}

uint64_t MemoryOfMachine() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return kUnlimited;
  return static_cast<uint64_t>(pages) * static_cast<uint64_t>(page);
}

}  // namespace

uint64_t MemoryOfProcess(const std::string& root) {
  const uint64_t least = std::min(LimitOfGroups(root), MemoryOfMachine());
  return least == kUnlimited ? 0 : least;
}

std::string ChooseMemoryLimits(uint64_t memory_limit, uint64_t client_memory_limit,
                               uint64_t available, MemoryLimits* limits) {
  limits->available = available;
  limits->limit = memory_limit;
  if (memory_limit == kAutomatic) {
    limits->limit = available == 0 ? 0 : std::max(available / 2 / kMi * kMi, kLeastMemoryLimit);
  } else if (memory_limit != 0 && memory_limit < kLeastMemoryLimit) {
    return "memory_limit: " + std::to_string(memory_limit) +
           " was given, and a server needs more; allowed: auto, 0 for no limit, or at least " +
           std::to_string(kLeastMemoryLimit);
  }
  limits->client_limit = client_memory_limit;
  if (client_memory_limit == kAutomatic) {
    limits->client_limit = DefaultClientMemoryLimit(limits->limit);
  } else if (limits->limit != 0 && client_memory_limit > limits->limit / 2) {
    return "client_memory_limit: " + std::to_string(client_memory_limit) +
           " was given; allowed: auto, or at most half of memory_limit, which is " +
           std::to_string(limits->limit);
  }
  return {};
}

}  // namespace tagcache::server
