#include "server/store/prefix_stamps.h"

#include <algorithm>

namespace tagcache::server {

void PrefixStamps::Stamp(std::string_view prefix, const EventClock& clock) {
  if (!clock.AnyIssued()) return;
  std::string kept(prefix.substr(0, kLongest));
  MutexLock lock(mutex_);
  // In the place of an earlier removal of the same prefix, or else of the oldest.
  Removal* place = &removals_[0];
  for (Removal& removal : removals_) {
    if (removal.stamp != 0 && removal.prefix == kept) {
      place = &removal;
      break;
    }
    if (removal.stamp < place->stamp) place = &removal;
  }
  if (place->prefix != kept) pushed_out_ = std::max(pushed_out_, place->stamp);
  place->prefix.swap(kept);
  place->stamp = clock.now();
  latest_.store(std::max(place->stamp, latest_.load(std::memory_order_relaxed)),
                std::memory_order_seq_cst);
}

bool PrefixStamps::Overtaken(std::string_view key, uint64_t token) const {
  if (latest_.load(std::memory_order_seq_cst) < token) return false;
  MutexLock lock(mutex_);
  if (pushed_out_ >= token) return true;
  return std::any_of(removals_.begin(), removals_.end(), [&](const Removal& removal) {
    return removal.stamp >= token && key.starts_with(removal.prefix);
  });
}

}  // namespace tagcache::server
