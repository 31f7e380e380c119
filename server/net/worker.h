#ifndef TAGCACHE_SERVER_NET_WORKER_H_
#define TAGCACHE_SERVER_NET_WORKER_H_

// One thread with one libuv loop, its own TCP listener, and the connections it accepted. A
// connection stays on its worker.
//
//   Server (main thread)          Worker 0 thread            Worker 1 thread
//     Listen, Start  ---------->  uv_run: accept, read,      uv_run: ...
//     Stop  -- uv_async_send -->  write, sweep, tend
//                                 PUT of a key that a
//                                 GET_LEASE waits for  ----->  uv_async_send: answer it
//     Join  <-------------------  the loop is empty
//
// Polling: connections that asked for it are looked at in turns of kPollTurn, between which the
// loop looks at everything else, until each was quiet for WorkerOptions::busy_poll. With nobody to
// poll the worker sleeps in the loop.
//
// Threads: Listen, Start, Stop and Join from the thread that made it; all else on its own.

#include <uv.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/commands/engine.h"
#include "server/commands/waiting_requests.h"
#include "server/net/connection.h"
#include "server/net/kernel_timer.h"
#include "server/net/socket_options.h"

namespace tagcache::server {

// Of all workers.
struct OpenConnections {
  std::atomic<size_t> all{0};
  std::atomic<size_t> shm{0};  // those of them that have shared memory
};

struct WorkerOptions {
  size_t max_connections = 10000;           // of all workers
  size_t max_shm_connections = 256;         // of all workers
  std::chrono::microseconds busy_poll{50};  // after traffic; zero: never
  TimeMs idle_timeout = 600'000;            // 0: never
  TimeMs shutdown_timeout = 5000;
  SocketOptions sockets;
};

class Worker {
 public:
  // `open` is shared by all workers. The first worker also tends the store: removes
  // expired entries, keeps to the memory limit.
  Worker(Engine& engine, const WorkerOptions& options, OpenConnections& open, bool first);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Takes the bound descriptor over and listens. Returns empty or what is wrong.
  std::string Listen(int fd, Transport transport);
  void Start();
  // Stops accepting, answers what was read, closes; within the shutdown time-out.
  void Stop();
  void Join();

  // For its connections.
  Engine& engine() { return engine_; }
  WorkerMetrics& metrics() { return metrics_; }
  const WorkerOptions& options() const { return options_; }
  uv_loop_t* loop() { return &loop_; }
  uv_buf_t read_buffer() { return uv_buf_init(read_buffer_.get(), kReadBuffer); }
  bool stopping() const { return stopping_; }
  // Of the monotonic clock: never 0.
  static uint64_t Nanoseconds();
  static constexpr uint64_t kNanosecondsInMs = 1'000'000;
  static TimeMs Now();
  void Remove(Connection& connection);
  // Where requests of its connections are woken to.
  const std::shared_ptr<WakeQueue>& wakes() const { return wakes_; }
  // When the connection's CheckDeadlines is called; kNoDeadline: not at all.
  void SetDeadline(Connection& connection, TimeMs deadline);
  // Looks at the connection without the loop until it was quiet for WorkerOptions::busy_poll.
  // false: it does not.
  bool Poll(Connection& connection);
  // Looks at it in a turn of its own, after the loop had its.
  void PollOnce(Connection& connection);
  // false: max_shm_connections has been reached.
  bool TakeShmPlace();
  void GiveShmPlace() { open_.shm.fetch_sub(1, std::memory_order_relaxed); }

 private:
  static constexpr unsigned kReadBuffer = 256 * 1024;

  // A listener: its handle, and the worker it belongs to.
  struct Listener {
    union {
      uv_tcp_t tcp;
      uv_pipe_t pipe;
    } handle;
    Transport transport;
    bool open = false;
    uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle); }
  };

  static void OnConnection(uv_stream_t* server, int status);
  void Accept(Listener& listener);
  void Add(Connection& connection);
  void ReportRejected(TimeMs now);
  void TakeWoken();
  void CheckDeadlines();
  void StartWaitTimer();
  void PollAll();
  void EndPolling(Connection& connection);
  void Sweep();
  void BeginTending();
  void TendPiece();
  void AccountMemory(TimeMs now);
  void BeginStop();
  void ShutDownConnections();
  void CloseAll(std::string_view reason);
  void CloseHandlesWhenDone();

  Engine& engine_;
  WorkerMetrics& metrics_;
  const WorkerOptions options_;
  OpenConnections& open_;
  const bool first_;
  uv_loop_t loop_;
  uv_async_t stop_signal_;
  uv_async_t wake_signal_;
  uv_check_t stop_check_;
  std::optional<KernelTimer> sweep_timer_;
  std::optional<KernelTimer> tend_timer_;  // of the first worker
  uv_timer_t stop_timer_;
  uv_timer_t wait_timer_;
  uv_idle_t poll_turn_;   // active while there is somebody to poll
  uv_idle_t tend_piece_;  // active during a turn of tending
  Listener tcp_;
  Listener unix_;
  std::unique_ptr<char[]> read_buffer_;
  Connection* connections_ = nullptr;
  std::vector<Connection*> polled_;
  const std::shared_ptr<WakeQueue> wakes_;
  std::set<std::pair<TimeMs, Connection*>> deadlines_;  // of those that wait
  TimeMs last_report_ = 0;
  TimeMs last_account_ = 0;
  std::chrono::steady_clock::time_point tend_until_;
  TimeMs last_traffic_ = 0;        // when bytes_in was last seen to have grown,
  uint64_t bytes_at_traffic_ = 0;  // and what it was then
  size_t memory_at_start_ = 0;     // of the process besides the store, when that was empty
  uint64_t unreported_ = 0;        // rejected since the last report
  bool stopping_ = false;
  bool handles_closed_ = false;
  std::thread thread_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_WORKER_H_
