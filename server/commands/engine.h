#ifndef TAGCACHE_SERVER_COMMANDS_ENGINE_H_
#define TAGCACHE_SERVER_COMMANDS_ENGINE_H_

// What all sessions of a process share: the store, limits, credentials, counters, the log.
//
// Threads: AddWorker before sessions run; everything else from any thread.
// Lifetime: outlives its sessions; the sink outlives the engine.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "protocol/command.h"
#include "server/commands/client_memory.h"
#include "server/commands/event_sink.h"
#include "server/commands/metrics.h"
#include "server/store/store.h"

namespace tagcache::server {

struct Call;
// Carries a command out.
using Handler = void (*)(Call& call);
// The handlers by opcode; nullptr where there is no command.
using HandlerTable = std::array<Handler, protocol::kOpCodes>;
extern const HandlerTable kHandlers;  // handlers.cc

struct EngineOptions {
  StoreOptions store;
  uint32_t max_frame = 256 * 1024;      // longest frame body accepted; at least kBaseMaxFrame
  size_t output_backlog = 1024 * 1024;  // bytes of answers a session buffers before it holds back
  // Bytes that all connections hold together; 0: no limit. Under a memory_limit entries get less
  // for it (ReservedForClients).
  size_t client_memory_limit = kClientMemoryWithoutLimit;
  size_t max_reply = 64 * 1024 * 1024;  // bytes of keys one answer may list (text codec)
  size_t max_connections = 10000;       // as it was set; Engine has the number in effect
  std::string username;                 // both empty: no credentials are needed
  std::string password;
  std::string version = "0.0.0";
  // The monotonic clock of TimeMs, in nanoseconds. It is read once for each command, for the
  // latency statistics. nullptr: all latencies are zero.
  uint64_t (*latency_clock)() = nullptr;
  const HandlerTable* handlers = &kHandlers;  // a test may replace single ones
};

class Engine {
 public:
  // `sink` may be null: then nothing is logged. The uptime is counted from `started`.
  explicit Engine(const EngineOptions& options, EventSink* sink = nullptr, TimeMs started = 0);

  const EngineOptions& options() const { return options_; }
  Store& store() { return store_; }
  ClientMemory& client_memory() { return client_memory_; }
  // REQUIRES: op is one of the enumerators.
  Handler HandlerOf(protocol::Op op) const {
    return (*options_.handlers)[static_cast<uint8_t>(op)];
  }
  TimeMs started() const { return started_; }

  bool measures_latency() const { return options_.latency_clock != nullptr; }
  uint64_t LatencyClock() const { return measures_latency() ? options_.latency_clock() : 0; }

  bool needs_credentials() const { return !options_.username.empty(); }
  // The time it takes does not depend on which byte differs.
  bool Accepts(std::string_view user, std::string_view password) const;

  // The most bytes of a message that is put together from frames (an MPUT; a single value has a
  // limit of its own).
  size_t max_message() const { return options_.store.max_value + kMessageExtra; }
  // The most bytes that one write may have besides its value, on any codec.
  size_t max_write_overhead() const;

  EventSink& events() { return *sink_; }

  // How many connections are served at once: max_connections, or fewer where the descriptors of the
  // process allow no more. REQUIRES of the setter: no session runs.
  size_t max_connections() const { return max_connections_; }
  void SetMaxConnections(size_t effective) { max_connections_ = effective; }

  // Returns the number of a new connection; it is never 0 and never the same twice.
  uint64_t NumberConnection() { return connections_.fetch_add(1, std::memory_order_relaxed) + 1; }

  // The counters of one more worker (or of one test's sessions). They live as long as the engine.
  WorkerMetrics& AddWorker() { return workers_.emplace_back(); }
  const std::deque<WorkerMetrics>& workers() const { return workers_; }

 private:
  static constexpr size_t kMessageExtra = 16 * 1024 * 1024;

  const EngineOptions options_;
  Store store_;
  ClientMemory client_memory_;
  EventSink* sink_;
  TimeMs started_;
  size_t max_connections_;
  std::deque<WorkerMetrics> workers_;
  std::atomic<uint64_t> connections_{0};
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_COMMANDS_ENGINE_H_
