#include "server/net/store_maintenance.h"

#include <algorithm>

#include "server/net/clock.h"
#include "server/net/memory_overhead.h"

namespace tagcache::server {
namespace {

// When the next piece runs: while there is work left, and otherwise.
constexpr TimeMs kBusyPeriod = 1;
constexpr TimeMs kIdlePeriod = 50;
constexpr uint64_t kPieceNs = 50'000;
// How long pieces follow each other after the worker had no requests for kQuietAfter.
constexpr uint64_t kQuietTurnNs = 900'000;
constexpr TimeMs kQuietAfter = 10;
// Entries that are visited between two readings of the clock.
constexpr size_t kStep = 16;
constexpr TimeMs kReportPeriod = 100;

}  // namespace

StoreMaintenance::StoreMaintenance(Engine& engine, const WorkerMetrics& metrics, uv_loop_t* loop)
    : engine_(engine),
      metrics_(metrics),
      timer_(
          loop, [](void* data) { static_cast<StoreMaintenance*>(data)->Begin(); }, this),
      overhead_at_start_(MemoryOverhead(ResidentBytes(), engine.store().Stats().held, 0)) {
  uv_idle_init(loop, &piece_);
  piece_.data = this;
  timer_.Start(kIdlePeriod, 0);
}

void StoreMaintenance::Close() {
  timer_.Close();
  uv_close(reinterpret_cast<uv_handle_t*>(&piece_), nullptr);
}

void StoreMaintenance::Begin() {
  const TimeMs now = Clock::Now();
  ReportOverhead(now);
  if (const uint64_t bytes = metrics_.bytes_in.value(); bytes != bytes_at_traffic_) {
    bytes_at_traffic_ = bytes;
    last_traffic_ = now;
  }
  until_ns_ = Clock::Nanoseconds();
  if (now - last_traffic_ >= kQuietAfter) until_ns_ += kQuietTurnNs;
  uv_idle_start(&piece_,
                [](uv_idle_t* piece) { static_cast<StoreMaintenance*>(piece->data)->RunPiece(); });
}

void StoreMaintenance::RunPiece() {
  uint64_t time = Clock::Nanoseconds();
  const TimeMs now = time / Clock::kNanosecondsInMs;
  const uint64_t end = time + kPieceNs;
  bool more = true;
  while (more && time < end) {
    more = engine_.store().RunMaintenance(kStep, now) >= kStep;
    time = Clock::Nanoseconds();
  }
  if (more && time < until_ns_) return;
  uv_idle_stop(&piece_);
  timer_.Start(more ? kBusyPeriod : kIdlePeriod, 0);
}

void StoreMaintenance::ReportOverhead(TimeMs now) {
  if (engine_.options().store.memory_limit == 0 || now - last_report_ < kReportPeriod) return;
  last_report_ = now;
  Store& store = engine_.store();
  // What other workers store between the two readings must not be taken for overhead: as much would
  // be evicted. So the store's account is read before and after, and the larger one counts. What
  // connections hold has a limit of its own, and is no overhead.
  const ClientMemory& clients = engine_.client_memory();
  const size_t before = store.Stats().held + clients.owned();
  const size_t resident = ResidentBytes();
  const size_t counted = std::max<size_t>(before, store.Stats().held + clients.owned());
  size_t overhead = MemoryOverhead(resident, counted, overhead_at_start_);
  // Beyond their limit there are the last values that leases keep, which closing connections does
  // not free.
  if (clients.limit() > 0) overhead += std::max(clients.used(), clients.limit()) - clients.limit();
  // A connection counts its memory after its turn: what it took in the middle of one is part of one
  // measurement, and not of two.
  store.SetOverhead(std::min(overhead, last_overhead_));
  last_overhead_ = overhead;
}

}  // namespace tagcache::server
