#ifndef TAGCACHE_SERVER_NET_WORKER_H_
#define TAGCACHE_SERVER_NET_WORKER_H_

// One thread with one libuv loop, and the connections it serves. A connection stays on its worker.
// The first worker accepts for all of them.
//
//   Server (main thread)          Worker 0 thread            Worker 1 thread
//     Listen, Start  ---------->  uv_run: accept, read,      uv_run: read, write ...
//     Stop  -- uv_async_send -->  write, check times,
//                                 maintain the store
//                                 a new connection  -------->  uv_async_send: serve it
//                                 PUT of a key that a
//                                 GET_LEASE waits for  ----->  uv_async_send: answer it
//     Join  <-------------------  the loop is empty
//
// In its loop a worker has the sockets of its connections (link.h), the polling of those that had
// traffic lately (poller.h), those that wait for their next turn (turns.h), the deadlines of
// requests that wait (deadlines.h), and, if it is the first worker, the listeners (acceptor.h) and
// the maintenance of the store (store_maintenance.h).
//
// Threads: Listen, Start, Stop and Join from the thread that made it; Hand and connections() from
// any; all else on its own.

#include <uv.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "server/commands/engine.h"
#include "server/commands/waiting_requests.h"
#include "server/net/acceptor.h"
#include "server/net/arrivals.h"
#include "server/net/clock.h"
#include "server/net/connection.h"
#include "server/net/deadlines.h"
#include "server/net/kernel_timer.h"
#include "server/net/open_connections.h"
#include "server/net/poller.h"
#include "server/net/shm_grants.h"
#include "server/net/socket_options.h"
#include "server/net/store_maintenance.h"
#include "server/net/turns.h"

namespace tagcache::server {

struct WorkerOptions {
  size_t max_connections = 10000;           // of all workers
  size_t max_shm_connections = 256;         // of all workers
  std::chrono::microseconds busy_poll{50};  // after traffic; zero: never
  TimeMs idle_timeout = 600'000;            // 0: never
  TimeMs shutdown_timeout = 5000;
  TimeMs credentials_timeout = 5000;  // to authenticate, from the beginning of a connection
  TimeMs short_place = 2000;          // how long a connection above max_connections may last
  SocketOptions sockets;
};

class Worker final {
 public:
  // `open` is shared by all workers. The first worker also maintains the store.
  Worker(Engine& engine, const WorkerOptions& options, OpenConnections& open, bool first);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Takes over the listening socket `fd` and accepts from it, for all of the `workers`. Returns
  // empty or what is wrong. REQUIRES: it is the first worker, and the workers outlive its thread.
  std::string Listen(int fd, Transport transport, std::span<const std::unique_ptr<Worker>> workers);
  void Start();
  // Stops accepting, answers what was read, closes; within the shutdown time-out.
  void Stop();
  void Join();

  // Serves a connection that was accepted. false: the worker stops, or there is no memory; the
  // socket is closed, and the place is the caller's again.
  bool Hand(AcceptedSocket accepted);
  // How many connections it serves, or was handed.
  size_t connections() const { return count_.load(std::memory_order_relaxed); }

  // The time of the worker and its connections.
  static TimeMs Now() { return Clock::Now(); }

  // For its connections.
  Engine& engine() { return engine_; }
  WorkerMetrics& metrics() { return metrics_; }
  const WorkerOptions& options() const { return options_; }
  Poller& poller() { return poller_; }
  Deadlines& deadlines() { return deadlines_; }
  Turns& turns() { return turns_; }
  // The queue of the requests of its connections that were woken.
  const std::shared_ptr<WakeQueue>& wakes() const { return wakes_; }
  ClientMemory::Group& client_memory_group() { return client_memory_group_; }
  // Called after each turn of a connection: where the connections hold too much, the loop closes
  // those that hold the most.
  void CheckClientMemory(TimeMs now) {
    if (engine_.client_memory().NeedsWork(client_memory_group_, now)) uv_async_send(&wake_signal_);
  }
  // Space to read into. What was read is used, or copied, before anything else is read.
  std::span<char> read_buffer() { return {read_buffer_.get(), kReadBuffer}; }
  uv_loop_t* loop() { return &loop_; }
  OpenConnections& open() { return open_; }
  // Puts a connection on the worker's list. REQUIRES: it has its place in OpenConnections.
  void Add(Connection& connection);
  // Removes a connection that has closed, from the list and from its place.
  void Remove(Connection& connection);

 private:
  static constexpr size_t kReadBuffer = 256 * 1024;

  struct Loop : uv_loop_t {
    Loop() { uv_loop_init(this); }
  };

  void TakeArrivals();
  const char* Open(AcceptedSocket accepted);
  void CountClosed(Place place);
  void TakeWoken();
  void KeepClientMemory();
  void CheckTimes();
  void BeginStop();
  void ShutDownConnections();
  void CloseAll(std::string_view reason);
  void CloseHandlesWhenDone();

  Engine& engine_;
  WorkerMetrics& metrics_;
  const WorkerOptions options_;
  OpenConnections& open_;
  const ShmGrants shm_grants_;
  Loop loop_;
  uv_async_t stop_signal_;
  uv_async_t wake_signal_;
  uv_async_t arrival_signal_;
  uv_check_t stop_check_;
  uv_timer_t stop_timer_;
  std::optional<KernelTimer> check_timer_;
  std::optional<StoreMaintenance> maintenance_;  // the first worker's
  Poller poller_;
  Deadlines deadlines_;
  std::optional<Acceptor> acceptor_;  // the first worker's
  Arrivals arrivals_;
  std::atomic<size_t> count_{0};  // of the list, and of those that arrive
  Turns turns_;
  const std::unique_ptr<char[]> read_buffer_;
  const std::shared_ptr<WakeQueue> wakes_;
  ClientMemory::Group client_memory_group_;
  Connection* connections_ = nullptr;
  bool stopping_ = false;
  bool handles_closed_ = false;
  std::thread thread_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_WORKER_H_
