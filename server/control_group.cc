#include "server/control_group.h"

#include <fstream>
#include <sstream>

namespace tagcache::server {
namespace {

bool Names(const std::string& controllers, std::string_view name) {
  std::istringstream list(controllers);
  for (std::string controller; std::getline(list, controller, ',');) {
    if (controller == name) return true;
  }
  return false;
}

// In a container, `group` may be the path that the host sees. What is mounted is the container's
// own group then, so the walk up ends at its files.
void AddUpToTheTop(const std::string& mount, std::string group, bool version2,
                   std::vector<ControlGroup>* all) {
  for (;;) {
    while (group.ends_with('/')) group.pop_back();
    all->push_back({.directory = mount + group, .version2 = version2});
    if (group.empty()) return;
    const size_t slash = group.rfind('/');
    group.erase(slash == std::string::npos ? 0 : slash);
  }
}

}  // namespace

std::string FirstLineOf(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::vector<ControlGroup> ControlGroupsOf(std::string_view controller, const std::string& root) {
  const std::string mounts = root + "/sys/fs/cgroup";
  std::vector<ControlGroup> all;
  // A line is "number:controllers:/group". Version 2 names no controllers; where both versions are
  // in use, its mount is `unified`.
  std::ifstream lines(root + "/proc/self/cgroup");
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) {
      AddUpToTheTop(mounts, group, true, &all);
      AddUpToTheTop(mounts + "/unified", group, true, &all);
    } else if (Names(controllers, controller)) {
      AddUpToTheTop(mounts + "/" + controllers, group, false, &all);
      if (controllers != controller) {
        AddUpToTheTop(mounts + "/" + std::string(controller), group, false, &all);
      }
    }
  }
  return all;
}

}  // namespace tagcache::server
