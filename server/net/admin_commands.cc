// STATS and FLUSH.

#include "server/net/handlers.h"
#include "server/net/statistics.h"

namespace tagcache::server {

void HandleStats(Call& call) {
  Workbench& bench = call.bench;
  CollectStatistics(call.engine, call.now, bench.stats);
  bench.stat_views.assign(bench.stats.begin(), bench.stats.end());
  call.response.stats = bench.stat_views;
}

void HandleFlush(Call& call) {
  call.response.number = static_cast<int64_t>(call.engine.store().Flush(call.now));
}

}  // namespace tagcache::server
