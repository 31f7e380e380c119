#ifndef TAGCACHE_SERVER_NET_ARRIVALS_H_
#define TAGCACHE_SERVER_NET_ARRIVALS_H_

// Accepted sockets on their way from the thread that accepts to the worker that serves them. Each
// has a place (open_connections.h), so there are never more of them than connections.
//
// Threads: any.

#include <uv.h>

#include <utility>
#include <vector>

#include "server/net/listening_socket.h"
#include "server/net/open_connections.h"
#include "server/net/socket_options.h"
#include "server/store/mutex.h"

namespace tagcache::server {

struct AcceptedSocket {
  BoundSocket socket;
  Transport transport = Transport::kTcp;
  Place place = Place::kNone;
};

class Arrivals {
 public:
  // `signal` wakes the worker; it is open until Close.
  explicit Arrivals(uv_async_t* signal) : signal_(signal) {}

  // false: closed, and the socket goes with `accepted`.
  bool Add(AcceptedSocket accepted) EXCLUDES(mutex_);
  std::vector<AcceptedSocket> Take() EXCLUDES(mutex_);
  // Nothing can be added from now on, and no signal follows. Returns the last ones.
  std::vector<AcceptedSocket> Close() EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  uv_async_t* const signal_;
  std::vector<AcceptedSocket> sockets_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_ARRIVALS_H_
