#ifndef TAGCACHE_TESTS_SUPPORT_SERVER_PROCESS_H_
#define TAGCACHE_TESTS_SUPPORT_SERVER_PROCESS_H_

// A real tagcached on a free loopback port and a Unix socket. It is stopped by its process id.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace tagcache::testing {

// What the process may use, and what it finds at its start.
struct ProcessBounds {
  uint64_t descriptors = 0;  // RLIMIT_NOFILE, soft and hard; 0: this program's
  // RLIMIT_FSIZE; 0: none. stdout and stderr are a file that has all but a kilobyte of it already.
  // (Segments of shared memory are files, too: with less than a mebibyte there are none.)
  uint64_t file_bytes = 0;
  // Descriptors 0, 1 and 2 are closed: nothing can be logged to stderr.
  bool close_standard = false;
  // stdout and stderr. The pipe has room for a page: nobody read what is in it before.
  enum class Output { kFile, kUnreadPipe, kFullDisk } output = Output::kFile;
};

class ServerProcess {
 public:
  // Starts the server and waits until it listens. `flags` go on its command line; `port` 0 takes a
  // free one (give port() to restart on the same). Aborts the test program when it does not come
  // up.
  explicit ServerProcess(std::vector<std::string> flags = {}, int port = 0,
                         const ProcessBounds& bounds = {});
  ~ServerProcess();  // ends it by SIGKILL
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  int port() const { return port_; }
  const std::string& socket_path() const { return socket_path_; }
  std::string tcp_dsn() const;
  std::string unix_dsn() const;
  std::string shm_dsn() const;
  pid_t pid() const { return pid_; }
  // What the server wrote to stdout and stderr so far.
  std::string Log() const;

  void Signal(int signal);  // SIGSTOP, SIGCONT, SIGTERM, ...
  // Waits for its end. Returns the exit code, or -signal, or -1000 if it still runs at the time
  // limit.
  int Wait(std::chrono::milliseconds limit = std::chrono::seconds(10));
  void Kill();  // sends SIGKILL and waits

 private:
  pid_t pid_ = -1;
  int port_ = 0;
  std::string directory_;
  std::string socket_path_;
  std::string log_path_;
  int unread_pipe_ = -1;  // its reading end
};

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_SUPPORT_SERVER_PROCESS_H_
