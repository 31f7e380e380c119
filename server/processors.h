#ifndef TAGCACHE_SERVER_PROCESSORS_H_
#define TAGCACHE_SERVER_PROCESSORS_H_

// How many processors this process may use: not those of the machine, of which a container or
// `taskset` leaves it a part. More workers than that only take time from each other.

#include <cstddef>
#include <string>

namespace tagcache::server {

// The processors that the process may run on, or the share of their time that its control groups
// allow (rounded up), whichever is less. At least 1.
size_t UsableProcessors();

// The second of these two numbers alone, from the files of /proc and /sys below `root` ("" for this
// system): cpu.max (version 2) or cpu.cfs_quota_us (version 1) of the process's group and of all
// groups that contain it. 0: none of them sets a limit.
size_t ProcessorsOfControlGroup(const std::string& root);

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_PROCESSORS_H_
