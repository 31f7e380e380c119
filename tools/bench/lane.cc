#include "tools/bench/lane.h"

#include <utility>

namespace tagcache::bench {

Result<std::unique_ptr<Lane>> MakeLane(const BenchOptions& options) {
  Result<std::unique_ptr<Client>> client = Client::Create(options.server);
  if (!client.ok()) return client.status();
  const bool alone = options.depth == 1 && options.connections == options.threads;
  if (alone || options.batch > 1) return MakeCallLane(options, std::move(*client));
  return MakeSubmitLane(options, std::move(*client));
}

}  // namespace tagcache::bench
