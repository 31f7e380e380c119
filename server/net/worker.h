#ifndef TAGCACHE_SERVER_NET_WORKER_H_
#define TAGCACHE_SERVER_NET_WORKER_H_

// One thread with one libuv loop, its own TCP listener, and the connections it accepted. A
// connection stays on its worker.
//
//   Server (main thread)          Worker 0 thread            Worker 1 thread
//     Listen, Start  ---------->  uv_run: accept, read,      uv_run: ...
//     Stop  -- uv_async_send -->  write, check times,
//                                 maintain the store
//                                 PUT of a key that a
//                                 GET_LEASE waits for  ----->  uv_async_send: answer it
//     Join  <-------------------  the loop is empty
//
// In its loop a worker has listeners (listener.h), the sockets of its connections (link.h), the
// polling of those that had traffic lately (poller.h), those that wait for their next turn
// (turns.h), the deadlines of requests that wait
// (deadlines.h), and, if it is the first worker, the maintenance of the store
// (store_maintenance.h).
//
// Threads: Listen, Start, Stop and Join from the thread that made it; all else on its own.

#include <uv.h>

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
#include "server/net/clock.h"
#include "server/net/connection.h"
#include "server/net/deadlines.h"
#include "server/net/kernel_timer.h"
#include "server/net/listener.h"
#include "server/net/listening_socket.h"
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
  SocketOptions sockets;
};

class Worker final : private ListenerUser {
 public:
  // `open` is shared by all workers. The first worker also maintains the store.
  Worker(Engine& engine, const WorkerOptions& options, OpenConnections& open, bool first);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Takes over the bound socket `fd` and listens. Returns empty or what is wrong.
  std::string Listen(int fd, Transport transport);
  void Start();
  // Stops accepting, answers what was read, closes; within the shutdown time-out.
  void Stop();
  void Join();

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
  // Space to read into. What was read is used, or copied, before anything else is read.
  std::span<char> read_buffer() { return {read_buffer_.get(), kReadBuffer}; }
  uv_loop_t* loop() { return &loop_; }
  // Puts a connection on the worker's list. REQUIRES: it is counted in OpenConnections.
  void Add(Connection& connection);
  // Removes a connection that has closed, from the list and from the count.
  void Remove(Connection& connection);

 private:
  static constexpr size_t kReadBuffer = 256 * 1024;

  struct Loop : uv_loop_t {
    Loop() { uv_loop_init(this); }
  };

  // ListenerUser:
  void OnAccepted(int fd, Transport transport) override;
  void OnAcceptFailed(const char* reason) override;

  const char* Open(BoundSocket socket, Transport transport, bool rejected);
  void CountClosed();
  void ReportRejected(TimeMs now);
  void TakeWoken();
  void CheckTimes();
  void BeginStop();
  void ShutDownConnections();
  void CloseAll(std::string_view reason);
  void CloseListeners();
  void CloseHandlesWhenDone();

  Engine& engine_;
  WorkerMetrics& metrics_;
  const WorkerOptions options_;
  OpenConnections& open_;
  const ShmGrants shm_grants_;
  Loop loop_;
  uv_async_t stop_signal_;
  uv_async_t wake_signal_;
  uv_check_t stop_check_;
  uv_timer_t stop_timer_;
  std::optional<KernelTimer> check_timer_;
  std::optional<StoreMaintenance> maintenance_;  // the first worker's
  Poller poller_;
  Deadlines deadlines_;
  Turns turns_;
  std::unique_ptr<Listener> tcp_;
  std::unique_ptr<Listener> unix_;
  const std::unique_ptr<char[]> read_buffer_;
  const std::shared_ptr<WakeQueue> wakes_;
  Connection* connections_ = nullptr;
  TimeMs last_report_ = 0;
  uint64_t unreported_ = 0;  // connections rejected since the last report
  bool stopping_ = false;
  bool handles_closed_ = false;
  std::thread thread_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_WORKER_H_
