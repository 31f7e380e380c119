#ifndef TAGCACHE_SERVER_NET_SHM_GRANTS_H_
#define TAGCACHE_SERVER_NET_SHM_GRANTS_H_

// How many connections may have shared memory, and where it is counted. A worker has one for all
// its links.

#include <cstddef>

#include "server/commands/engine.h"
#include "server/net/open_connections.h"

namespace tagcache::server {

struct ShmGrants {
  ConnectionCount& open;  // of all workers
  size_t limit;           // of all workers
  WorkerMetrics& metrics;
  EventSink& events;
  ClientMemory& memory;  // where its rings are counted
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_SHM_GRANTS_H_
