#ifndef TAGCACHE_SERVER_NET_DESCRIPTORS_H_
#define TAGCACHE_SERVER_NET_DESCRIPTORS_H_

// How many connections the file descriptors of the process allow.
//
//   the limit of the system (RLIMIT_NOFILE)
//   +--------------+---------+---------------------------+------+----------+
//   | open already | reserve | connections               | kept | rejected |
//   +--------------+---------+---------------------------+------+----------+
//     loops, timers,           max_connections in effect
//     listeners, log
//
// A connection has one descriptor, over shared memory too. What every connection may have is worked
// out once at start, so that accepting never meets the limit of the system: a connection for which
// there is no descriptor could not even be refused.
//
// Threads: any.

#include <cstddef>
#include <string>

namespace tagcache::server {

// The soft limit of the process.
size_t DescriptorLimit();
// Raises the soft limit to `wanted`, as far as the hard limit allows.
void RaiseDescriptorLimit(size_t wanted);
// How many descriptors can still be opened; counts no further than `enough`.
size_t FreeDescriptors(size_t enough);

// How many connections there may be, by what they get (open_connections.h).
struct PlaceLimits {
  size_t regular = 0;
  size_t kept = 0;      // above `regular`, for peers of this machine
  size_t rejected = 0;  // above `regular`, to answer a refusal
};

// Descriptors that are needed for a moment only: a log that is opened again, a file of /proc that
// is read, the memory that each worker may be making for a client, a connection that is refused.
constexpr size_t ReservedDescriptors(size_t workers) { return 6 + workers; }

// With `free_descriptors` after everything else is open. regular is 0 where they do not suffice for
// one connection of each kind.
PlaceLimits FitPlaces(size_t max_connections, size_t free_descriptors, size_t workers);
// What FitPlaces needs for all of max_connections.
size_t DescriptorsForPlaces(size_t max_connections, size_t workers);

// The least that a server needs, with one connection of each kind.
size_t DescriptorsToStart(size_t workers);
// Returns empty, or why the descriptors do not suffice to start: a sentence.
std::string WhyTooFewDescriptors(size_t workers);

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_DESCRIPTORS_H_
