#ifndef TAGCACHE_SERVER_NET_SERVER_H_
#define TAGCACHE_SERVER_NET_SERVER_H_

// The listeners and workers of a process.
//
// Threads: one at a time, usually main. Errors: sentences.

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/commands/engine.h"
#include "server/net/listening_socket.h"
#include "server/net/worker.h"

namespace tagcache::server {

struct ServerOptions {
  std::string host = "127.0.0.1";  // empty: no TCP
  uint16_t port = 1984;            // 0: a free one
  std::string unix_socket;         // empty: none
  mode_t unix_socket_mode = 0660;
  size_t workers = 1;
  WorkerOptions worker;
};

class Server {
 public:
  // The engine outlives the server.
  Server(Engine& engine, const ServerOptions& options);
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens everywhere, and works out how many connections the descriptors allow, after raising the
  // process's soft limit of them. Returns empty or what is wrong; nothing listens then.
  std::string Open();
  // Starts the workers. REQUIRES: Open() succeeded.
  void Start();
  // Stops accepting and answers what was read. Returns at once.
  void Stop();
  // Waits until every worker has ended, which is within the shutdown time-out of Stop().
  void Join();

  // The port that was bound; 0 without TCP.
  uint16_t port() const { return port_; }
  // "127.0.0.1:1984", or empty without TCP.
  std::string tcp_address() const;
  const std::string& unix_path() const { return unix_file_.path(); }

 private:
  std::string OpenTcp();
  std::string OpenUnix();
  void LimitConnections(size_t free_descriptors);

  Engine& engine_;
  const ServerOptions options_;
  uint16_t port_ = 0;
  OpenConnections open_connections_;
  UnixSocketFile unix_file_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_SERVER_H_
