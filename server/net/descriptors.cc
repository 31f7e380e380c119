#include "server/net/descriptors.h"

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>

namespace tagcache::server {
namespace {

// Enough for what administrators do on a full server, few enough to cost nothing.
constexpr size_t kMostKept = 8;
// A refusal takes a round trip; so many at once answer thousands of peers in a second.
constexpr size_t kMostRejected = 64;
// Of few descriptors, one in so many is for kept places, and as many for refusals.
constexpr size_t kShare = 8;

// A loop of libuv has two, its timer one, the store's maintenance another.
constexpr size_t kOfAWorker = 4;
// The listeners, the file of the Unix socket, the signal pipe of libuv.
constexpr size_t kOfTheServer = 6;

constexpr size_t kFewestPlaces = 3;  // one of each kind

}  // namespace

size_t DescriptorLimit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<size_t>(limit.rlim_cur) : 0;
}

void RaiseDescriptorLimit(size_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
}

// poll() says of each number whether it is a descriptor. It opens none itself, as reading
// /proc/self/fd would.
size_t FreeDescriptors(size_t enough) {
  constexpr size_t kAtOnce = 256;
  const size_t limit = DescriptorLimit();
  size_t found = 0;
  for (size_t from = 0; from < limit && found < enough; from += kAtOnce) {
    pollfd numbers[kAtOnce];
    const size_t count = std::min(kAtOnce, limit - from);
    for (size_t i = 0; i < count; ++i) {
      numbers[i] = {.fd = static_cast<int>(from + i), .events = 0, .revents = 0};
    }
    if (poll(numbers, count, 0) < 0) break;
    found += static_cast<size_t>(std::count_if(numbers, numbers + count, [](const pollfd& number) {
      return (number.revents & POLLNVAL) != 0;
    }));
  }
  return std::min(found, enough);
}

PlaceLimits FitPlaces(size_t max_connections, size_t free_descriptors, size_t workers) {
  if (free_descriptors >= DescriptorsForPlaces(max_connections, workers)) {
    return {.regular = max_connections, .kept = kMostKept, .rejected = kMostRejected};
  }
  const size_t reserved = ReservedDescriptors(workers);
  if (free_descriptors < reserved + kFewestPlaces) return {};
  const size_t places = free_descriptors - reserved;
  const size_t share = std::max<size_t>(1, places / kShare);
  PlaceLimits limits = {.kept = std::min(kMostKept, share),
                        .rejected = std::min(kMostRejected, share)};
  limits.regular = std::min(max_connections, places - limits.kept - limits.rejected);
  return limits;
}

size_t DescriptorsForPlaces(size_t max_connections, size_t workers) {
  return max_connections + kMostKept + kMostRejected + ReservedDescriptors(workers);
}

size_t DescriptorsToStart(size_t workers) {
  return workers * kOfAWorker + kOfTheServer + ReservedDescriptors(workers) + kFewestPlaces;
}

std::string WhyTooFewDescriptors(size_t workers) {
  const size_t needed = DescriptorsToStart(workers);
  const size_t free = FreeDescriptors(needed);
  if (free >= needed) return {};
  return "the system allows this process " + std::to_string(DescriptorLimit()) +
         " file descriptors (RLIMIT_NOFILE), of which " + std::to_string(free) +
         " are free; with " + std::to_string(workers) + " workers the server needs at least " +
         std::to_string(needed);
}

}  // namespace tagcache::server
