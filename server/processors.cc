#include "server/processors.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <thread>

#include "server/control_group.h"

namespace tagcache::server {
namespace {

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();
constexpr int kMostProcessors = 1 << 16;

// 0: the system does not say.
size_t ProcessorsOfAffinity() {
  // The mask has to be as large as the kernel's, whose size is not known.
  for (int count = 1024; count <= kMostProcessors; count *= 2) {
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> mask(
        CPU_ALLOC(static_cast<size_t>(count)), [](cpu_set_t* set) { CPU_FREE(set); });
    const size_t size = CPU_ALLOC_SIZE(static_cast<size_t>(count));
    if (mask && sched_getaffinity(0, size, mask.get()) == 0) {
      return static_cast<size_t>(CPU_COUNT_S(size, mask.get()));
    }
  }
  return 0;
}

// `quota` of every `period`, both in microseconds; a quota that is no positive number is none.
size_t Share(std::string_view quota, std::string_view period) {
  const auto number = [](std::string_view text) {
    uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  };
  const uint64_t used = number(quota);
  const uint64_t of = number(period);
  if (used == 0 || of == 0) return kNoLimit;
  return std::max<size_t>(1, used / of + (used % of != 0 ? 1 : 0));
}

size_t ShareOf(const ControlGroup& group) {
  if (!group.version2) {
    return Share(FirstLineOf(group.directory + "/cpu.cfs_quota_us"),
                 FirstLineOf(group.directory + "/cpu.cfs_period_us"));
  }
  // "200000 100000" or "max 100000"
  const std::string line = FirstLineOf(group.directory + "/cpu.max");
  const size_t space = line.find(' ');
  if (space == std::string::npos) return kNoLimit;
  return Share(line.substr(0, space), line.substr(space + 1));
}

}  // namespace

size_t ProcessorsOfControlGroup(const std::string& root) {
  size_t least = kNoLimit;
  for (const ControlGroup& group : ControlGroupsOf("cpu", root)) {
    least = std::min(least, ShareOf(group));
  }
  return least == kNoLimit ? 0 : least;
}

size_t UsableProcessors() {
  size_t usable = ProcessorsOfAffinity();
  if (usable == 0) usable = std::thread::hardware_concurrency();
  if (const size_t share = ProcessorsOfControlGroup(""); share > 0)
    usable = std::min(usable, share);
  return std::max<size_t>(1, usable);
}

}  // namespace tagcache::server
