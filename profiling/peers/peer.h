#ifndef TAGCACHE_PROFILING_PEERS_PEER_H_
#define TAGCACHE_PROFILING_PEERS_PEER_H_

// A running cache server and one connection to it that works in batches: libtagcache's bulk calls,
// RESP pipelined, memcached's text protocol pipelined.
//
// Threads: one at a time for each. Errors: as ServerProcess.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "profiling/peers/server_process.h"

namespace tagcache::profiling {

struct PeerItem {
  std::string_view key;
  std::string_view value;
  std::span<const std::string_view> tags = {};  // tagcached only
};

class Peer {
 public:
  virtual ~Peer() = default;
  // Returns how many were stored. A ttl of zero never expires.
  virtual size_t Put(std::span<const PeerItem> items, std::chrono::seconds ttl) = 0;
  // found[i] answers keys[i]. REQUIRES: found->size() == keys.size().
  virtual void Get(std::span<const std::string_view> keys, std::vector<bool>* found) = 0;
  // How many items the server has, by its own count.
  virtual uint64_t Items() = 0;
  virtual const ServerProcess& process() const = 0;
};

struct PeerOptions {
  size_t memory = 0;          // bytes, as the server itself counts them; zero: without a limit
  std::string eviction = {};  // Redis: the name of its policy
};

// nullptr where the program is not installed.
std::unique_ptr<Peer> StartTagcached(const std::string& program, const PeerOptions& options);
std::unique_ptr<Peer> StartRedis(const PeerOptions& options);
std::unique_ptr<Peer> StartMemcached(const PeerOptions& options);

}  // namespace tagcache::profiling

#endif  // TAGCACHE_PROFILING_PEERS_PEER_H_
