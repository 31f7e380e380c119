#include "server/net/arrivals.h"

namespace tagcache::server {

// The signal is sent under the lock: Close ends it.
bool Arrivals::Add(AcceptedSocket accepted) {
  const MutexLock lock(mutex_);
  if (closed_) return false;
  sockets_.push_back(std::move(accepted));
  uv_async_send(signal_);
  return true;
}

std::vector<AcceptedSocket> Arrivals::Take() {
  const MutexLock lock(mutex_);
  return std::exchange(sockets_, {});
}

std::vector<AcceptedSocket> Arrivals::Close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  return std::exchange(sockets_, {});
}

}  // namespace tagcache::server
