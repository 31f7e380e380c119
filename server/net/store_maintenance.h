#ifndef TAGCACHE_SERVER_NET_STORE_MAINTENANCE_H_
#define TAGCACHE_SERVER_NET_STORE_MAINTENANCE_H_

// Runs the store's background maintenance (Store::RunMaintenance) in the loop of one worker, and
// reports to the store how much memory the rest of the process holds.
//
//   timer -> Begin -> piece -> turn of the loop -> piece ... -> nothing left, or time for requests:
//     ^                                                         the timer is set anew
//     '-------------------------------------------------------------'
//
// A piece takes some tens of microseconds. While the worker has requests, one piece runs for each
// timer: a client on the same core may run only once this thread sleeps. When there were none for a
// while, pieces follow each other.
//
// Threads: its loop's.

#include <uv.h>

#include <cstddef>
#include <cstdint>

#include "server/commands/engine.h"
#include "server/net/kernel_timer.h"

namespace tagcache::server {

class StoreMaintenance {
 public:
  // `metrics` are those of the worker whose loop this is. REQUIRES: the store is empty.
  StoreMaintenance(Engine& engine, const WorkerMetrics& metrics, uv_loop_t* loop);
  // REQUIRES: Close was called, and the loop has run since.
  ~StoreMaintenance() = default;
  StoreMaintenance(const StoreMaintenance&) = delete;
  StoreMaintenance& operator=(const StoreMaintenance&) = delete;

  void Close();

 private:
  void Begin();
  void RunPiece();
  void ReportOverhead(TimeMs now);

  Engine& engine_;
  const WorkerMetrics& metrics_;
  KernelTimer timer_;
  uv_idle_t piece_;                // active from Begin until the timer is set again
  uint64_t until_ns_ = 0;          // pieces follow each other until then
  TimeMs last_traffic_ = 0;        // when bytes_in was last found to have grown,
  uint64_t bytes_at_traffic_ = 0;  // and its value then
  TimeMs last_report_ = 0;
  size_t last_overhead_ = 0;
  const size_t overhead_at_start_;  // memory of the process besides the store, when that was empty
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_STORE_MAINTENANCE_H_
