#include "server/memory_limits.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string_view>

#include "server/commands/client_memory.h"

namespace tagcache::server {
namespace {

constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();
constexpr uint64_t kMi = uint64_t{1} << 20;

// The number in a file of a control group; kUnlimited where there is no file, or "max" in it.
uint64_t ReadLimit(const std::string& path) {
  std::ifstream file(path);
  uint64_t bytes = 0;
  return file >> bytes ? bytes : kUnlimited;
}

// The least limit of the group and of those above it. In a container the path may be that of
// another view of the tree: the root, which is there in any case, is the container's own then.
uint64_t LeastUpwards(const std::string& tree, std::string group, const char* file) {
  uint64_t least = kUnlimited;
  for (;;) {
    while (group.ends_with('/')) group.pop_back();
    least = std::min(least, ReadLimit(tree + group + "/" + file));
    if (group.empty()) return least;
    group.erase(std::min(group.rfind('/'), group.size()));
  }
}

uint64_t LimitOfGroups(const std::string& root) {
  const std::string tree = root + "/sys/fs/cgroup";
  uint64_t least = kUnlimited;
  std::ifstream groups(root + "/proc/self/cgroup");
  // "0::/group" of version 2; "4:cpu,memory:/group" of version 1.
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string group = line.substr(second + 1);
    if (!group.starts_with('/')) continue;
    if (controllers == ",,") {
      least = std::min(least, LeastUpwards(tree, group, "memory.max"));
    } else if (controllers.find(",memory,") != std::string::npos) {
      least = std::min(least, LeastUpwards(tree + "/memory", group, "memory.limit_in_bytes"));
    }
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
