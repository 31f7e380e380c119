#include "tests/hostile/observation.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

namespace tagcache::testing {
namespace {

std::string ProcPath(pid_t pid, const char* name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

}  // namespace

size_t ResidentBytesOf(pid_t pid) {
  std::ifstream file(ProcPath(pid, "statm"));
  size_t size = 0;
  size_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

size_t DescriptorsOf(pid_t pid) {
  std::error_code error;
  const std::filesystem::directory_iterator entries(ProcPath(pid, "fd"), error);
  return error ? 0 : static_cast<size_t>(std::distance(begin(entries), end(entries)));
}

std::chrono::milliseconds ProcessorTimeOf(pid_t pid) {
  std::ifstream file(ProcPath(pid, "stat"));
  std::string line;
  std::getline(file, line);
  // The second field, the name in parentheses, may hold spaces.
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return std::chrono::milliseconds((user + system) * 1000 / sysconf(_SC_CLK_TCK));
}

std::map<std::string, size_t> LinesByEvent(const std::string& log) {
  std::map<std::string, size_t> lines;
  std::istringstream text(log);
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string time;
    std::string level;
    std::string event;
    words >> time >> level >> event;
    ++lines[event];
  }
  return lines;
}

}  // namespace tagcache::testing
