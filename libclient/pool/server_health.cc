#include "libclient/pool/server_health.h"

#include <algorithm>
#include <cassert>

namespace tagcache {

bool ServerHealth::Admit(TimePoint now) {
  if (!down_ || backoff_ == Duration::zero()) return true;
  if (probing_ || now < retry_at_) return false;
  probing_ = true;
  return true;
}

void ServerHealth::Succeeded() {
  down_ = false;
  probing_ = false;
}

void ServerHealth::Failed(TimePoint now, uint64_t random) {
  if (backoff_ == Duration::zero()) return;
  assert(backoff_ <= backoff_max_);
  // Connects that were in progress when the server went down fail together: that is one failure.
  if (down_ && !probing_) return;
  next_ = down_ ? std::min(next_ * 2, backoff_max_) : backoff_;
  down_ = true;
  probing_ = false;
  const auto half = static_cast<uint64_t>(next_.count() / 2);
  retry_at_ = now + next_ - Duration(static_cast<int64_t>(half > 0 ? random % (half + 1) : 0));
}

}  // namespace tagcache
