#ifndef TAGCACHE_TESTS_SERVER_RUNNING_SERVER_H_
#define TAGCACHE_TESTS_SERVER_RUNNING_SERVER_H_

// A server with its workers in this process, on a free loopback port and a Unix socket.

#include <filesystem>
#include <memory>
#include <string>

#include "server/net/server.h"
#include "tests/server/raw_client.h"
#include "tests/server/session_driver.h"

namespace tagcache::testing {

using server::Server;
using server::ServerOptions;

class Running {
 public:
  explicit Running(ServerOptions options = {}, const EngineOptions& engine_options = SmallEngine())
      : engine(engine_options, nullptr, server::Worker::Now()) {
    char name[] = "/tmp/tagcached-server-XXXXXX";
    directory_ = mkdtemp(name);
    options.port = 0;
    options.unix_socket = path();
    server = std::make_unique<Server>(engine, options);
    error = server->Open();
    if (error.empty()) server->Start();
  }
  ~Running() {
    server.reset();
    std::filesystem::remove_all(directory_);
  }
  std::string path() const { return directory_ + "/socket"; }
  RawClient Tcp() { return RawClient::Tcp(server->port()); }
  RawClient Unix() { return RawClient::Unix(path()); }
  uint64_t Count(server::Counter server::WorkerMetrics::*counter) {
    uint64_t sum = 0;
    for (const auto& worker : engine.workers()) sum += (worker.*counter).value();
    return sum;
  }

  Engine engine;
  std::unique_ptr<Server> server;
  std::string error;

 private:
  std::string directory_;
};

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_SERVER_RUNNING_SERVER_H_
