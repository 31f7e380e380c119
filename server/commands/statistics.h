#ifndef TAGCACHE_SERVER_COMMANDS_STATISTICS_H_
#define TAGCACHE_SERVER_COMMANDS_STATISTICS_H_

// The answer to STATS: names and values, both as text. docs/operations.md explains each name.

#include <string>
#include <utility>
#include <vector>

#include "server/commands/engine.h"

namespace tagcache::server {

using StatisticsList = std::vector<std::pair<std::string, std::string>>;

// Sums over all workers, from any thread. Each number is recent, but they are not all from the same
// instant.
void CollectStatistics(Engine& engine, TimeMs now, StatisticsList& list);

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_COMMANDS_STATISTICS_H_
