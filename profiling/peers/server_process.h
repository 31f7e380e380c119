#ifndef TAGCACHE_PROFILING_PEERS_SERVER_PROCESS_H_
#define TAGCACHE_PROFILING_PEERS_SERVER_PROCESS_H_

// A server of any make on a Unix socket in a directory of its own. It ends with the object, or with
// this process, and takes the directory with it.
//
// Errors: a server that does not come up, or whose socket breaks, ends the program with a message:
// a figure of half a run is none.

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tagcache::profiling {

// Prints to stderr and exits 2; a missed target exits 1.
[[noreturn]] void Fail(const std::string& why);

// The path of a program of that name (PATH, unless it has a slash), or empty.
std::string FindProgram(std::string_view name);

class ServerProcess {
 public:
  // Starts `command` and returns once it accepts on the socket. "{dir}" and "{socket}" in a word
  // stand for the directory and the socket's path.
  explicit ServerProcess(std::vector<std::string> command);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  const std::string& socket_path() const { return socket_path_; }
  size_t ResidentBytes() const;
  int Connect() const;  // a connected socket, owned by the caller

 private:
  std::string directory_;
  std::string socket_path_;
  pid_t pid_ = -1;
};

}  // namespace tagcache::profiling

#endif  // TAGCACHE_PROFILING_PEERS_SERVER_PROCESS_H_
