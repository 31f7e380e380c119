#ifndef TAGCACHE_PROFILING_PEERS_SERVER_PROCESS_H_
#define TAGCACHE_PROFILING_PEERS_SERVER_PROCESS_H_

// A server of any kind on a Unix socket in a directory of its own, or on a free TCP port of
// loopback. It ends with the object or with this process, and its directory is removed.
//
// Errors: a server that does not start, or whose socket breaks, ends the program with a message,
// because a figure of half a run would mean nothing.

#include <sys/types.h>

#include <chrono>
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
  // Starts `command` and returns when it accepts. "{dir}" and "{socket}" in a word stand for the
  // directory and the socket's path, and "{port}" for the port. If a word has "{port}", the server
  // is reached there and not at the socket.
  explicit ServerProcess(std::vector<std::string> command);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  const std::string& socket_path() const { return socket_path_; }
  size_t ResidentBytes() const;
  // User and system time of all its threads, in steps of 10 ms.
  std::chrono::nanoseconds CpuTime() const;
  size_t HighestResidentBytes() const;  // since the start
  int Connect() const;                  // a connected socket, owned by the caller

 private:
  size_t Status(std::string_view name) const;

  std::string directory_;
  std::string socket_path_;
  int port_ = 0;  // 0: the Unix socket
  pid_t pid_ = -1;
};

}  // namespace tagcache::profiling

#endif  // TAGCACHE_PROFILING_PEERS_SERVER_PROCESS_H_
