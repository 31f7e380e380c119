// STATS and FLUSH.

#include "server/commands/handlers.h"
#include "server/commands/statistics.h"

namespace tagcache::server {

void HandleStats(Call& call) {
  CallScratch& scratch = call.scratch;
  CollectStatistics(call.engine, call.now, scratch.stats);
  scratch.stat_views.assign(scratch.stats.begin(), scratch.stats.end());
  call.response.stats = scratch.stat_views;
}

void HandleFlush(Call& call) {
  call.response.number = static_cast<int64_t>(call.engine.store().Flush(call.now));
}

}  // namespace tagcache::server
