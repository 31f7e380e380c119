#ifndef TAGCACHE_SERVER_COMMANDS_STATISTICS_H_
#define TAGCACHE_SERVER_COMMANDS_STATISTICS_H_

// The answer to STATS: names and values, both text. The names are listed in docs/operations.md.

#include <string>
#include <utility>
#include <vector>

#include "server/commands/engine.h"

namespace tagcache::server {

using StatisticsList = std::vector<std::pair<std::string, std::string>>;

// Sums over all workers. Any thread. The sums are not one instant's: each number is a recent one.
void CollectStatistics(Engine& engine, TimeMs now, StatisticsList& list);

// Nanoseconds as microseconds with three decimals: "12.345".
std::string Microseconds(uint64_t nanoseconds);

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_COMMANDS_STATISTICS_H_
