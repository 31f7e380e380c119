#include "server/commands/statistics.h"

#include <cstdio>
#include <memory>
#include <string_view>

namespace tagcache::server {
namespace {

struct NamedCounter {
  std::string_view name;
  Counter WorkerMetrics::*counter;
};

constexpr NamedCounter kCounters[] = {
    {"hits", &WorkerMetrics::hits},
    {"misses", &WorkerMetrics::misses},
    {"puts", &WorkerMetrics::puts},
    {"invalidations", &WorkerMetrics::invalidations},
    {"bytes_in", &WorkerMetrics::bytes_in},
    {"bytes_out", &WorkerMetrics::bytes_out},
    {"connections_accepted", &WorkerMetrics::connections_accepted},
    {"connections_closed", &WorkerMetrics::connections_closed},
    {"connections_kept", &WorkerMetrics::connections_kept},
    {"connections_rejected", &WorkerMetrics::connections_rejected},
    {"connections_refused", &WorkerMetrics::connections_refused},
    {"connections_closed_idle", &WorkerMetrics::connections_closed_idle},
    {"connections_closed_short", &WorkerMetrics::connections_closed_short},
    {"connections_closed_unauthenticated", &WorkerMetrics::connections_closed_unauthenticated},
    {"accept_pauses", &WorkerMetrics::accept_pauses},
    {"connections_closed_memory", &WorkerMetrics::connections_closed_memory},
    {"shm_opened", &WorkerMetrics::shm_opened},
    {"shm_refused", &WorkerMetrics::shm_refused},
    {"protocol_errors", &WorkerMetrics::protocol_errors},
    {"unknown_commands", &WorkerMetrics::unknown_commands},
    {"auth_failures", &WorkerMetrics::auth_failures},
    {"http_refused", &WorkerMetrics::http_refused},
};

uint64_t Sum(const Engine& engine, Counter WorkerMetrics::*counter) {
  uint64_t sum = 0;
  for (const WorkerMetrics& worker : engine.workers()) sum += (worker.*counter).value();
  return sum;
}

// The sums are read one after the other. `closed` comes first, so that a connection which opens and
// closes in between does not make the difference too low.
std::string Open(const Engine& engine, Counter WorkerMetrics::*opened,
                 Counter WorkerMetrics::*closed) {
  const uint64_t ended = Sum(engine, closed);
  const uint64_t begun = Sum(engine, opened);
  return std::to_string(begun > ended ? begun - ended : 0);
}

std::string LowerCase(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Nanoseconds as microseconds with three decimals: "12.345".
std::string Microseconds(uint64_t nanoseconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%llu.%03u", static_cast<unsigned long long>(nanoseconds / 1000),
                static_cast<unsigned>(nanoseconds % 1000));
  return text;
}

void AddCommand(const Engine& engine, const protocol::Command& command, StatisticsList& list) {
  uint64_t calls = 0;
  uint64_t errors = 0;
  for (const WorkerMetrics& worker : engine.workers()) {
    calls += worker.Of(command).calls.value();
    errors += worker.Of(command).errors.value();
  }
  const std::string name = LowerCase(command.name);
  list.emplace_back(name + ".calls", std::to_string(calls));
  list.emplace_back(name + ".errors", std::to_string(errors));
  if (calls == 0) return;
  // It has five kilobytes, which is much for the stack.
  auto latency = std::make_unique<HistogramSum>();
  for (const WorkerMetrics& worker : engine.workers()) {
    worker.Of(command).latency_ns.AddTo(*latency);
  }
  list.emplace_back(name + ".p50_us", Microseconds(latency->Percentile(50)));
  list.emplace_back(name + ".p95_us", Microseconds(latency->Percentile(95)));
  list.emplace_back(name + ".p99_us", Microseconds(latency->Percentile(99)));
  list.emplace_back(name + ".max_us", Microseconds(latency->max));
}

}  // namespace

void CollectStatistics(Engine& engine, TimeMs now, StatisticsList& list) {
  list.clear();
  list.emplace_back("version", engine.options().version);
  list.emplace_back("uptime_ms",
                    std::to_string(now > engine.started() ? now - engine.started() : 0));
  list.emplace_back("workers", std::to_string(engine.workers().size()));
  const StoreStats store = engine.store().Stats();
  list.emplace_back("items", std::to_string(store.items));
  list.emplace_back("tags", std::to_string(store.tags));
  list.emplace_back("memory", std::to_string(store.memory));
  list.emplace_back("memory_limit", std::to_string(engine.options().store.memory_limit));
  list.emplace_back("client_memory", std::to_string(engine.client_memory().used()));
  list.emplace_back("client_memory_limit", std::to_string(engine.client_memory().limit()));
  list.emplace_back("expired", std::to_string(store.expired));
  list.emplace_back("evicted", std::to_string(store.evicted));
  list.emplace_back("reclaimed", std::to_string(store.reclaimed));
  for (const NamedCounter& row : kCounters) {
    list.emplace_back(row.name, std::to_string(Sum(engine, row.counter)));
  }
  const EventCounts log = engine.events().Counts();
  list.emplace_back("log_lines_left_out", std::to_string(log.left_out));
  list.emplace_back("log_lines_dropped", std::to_string(log.dropped));
  list.emplace_back("log_lines_failed", std::to_string(log.failed));
  list.emplace_back("connections", Open(engine, &WorkerMetrics::connections_accepted,
                                        &WorkerMetrics::connections_closed));
  list.emplace_back("max_connections", std::to_string(engine.options().max_connections));
  list.emplace_back("max_connections_effective", std::to_string(engine.max_connections()));
  list.emplace_back("connections_shm",
                    Open(engine, &WorkerMetrics::shm_opened, &WorkerMetrics::shm_closed));
  for (const protocol::Command& command : protocol::Commands()) AddCommand(engine, command, list);
}

}  // namespace tagcache::server
