#ifndef TAGCACHE_SERVER_CONTROL_GROUP_H_
#define TAGCACHE_SERVER_CONTROL_GROUP_H_

// Where the limits of this process's control groups are. A container is one; systemd makes one for
// each service.

#include <string>
#include <string_view>
#include <vector>

namespace tagcache::server {

struct ControlGroup {
  std::string directory;  // its files are here, if the group exists
  bool version2 = false;  // version 1 has other files
};

// The groups that a controller ("cpu", "memory") limits this process by: its own and all that
// contain it, of both versions. What each of them limits holds, so the least limit counts. Some of
// the directories may not exist. `root` stands before /proc and /sys; "" is this system.
std::vector<ControlGroup> ControlGroupsOf(std::string_view controller, const std::string& root);

// The first line of the file; empty if there is none.
std::string FirstLineOf(const std::string& path);

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_CONTROL_GROUP_H_
