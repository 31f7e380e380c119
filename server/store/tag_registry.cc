#include "server/store/tag_registry.h"

#include <cassert>

namespace tagcache::server {
namespace {

bool Any(uint64_t) { return true; }

}  // namespace

bool TagRegistry::Add(uint64_t tag_hash) {
  Stripe& stripe = StripeOf(tag_hash);
  MutexLock lock(stripe.mutex);
  if (auto* slot = stripe.shards_with.Find(tag_hash, Any)) {
    ++slot->value;
    return true;
  }
  if (!stripe.shards_with.Reserve()) return false;
  stripe.shards_with.Insert(tag_hash, 1);
  return true;
}

void TagRegistry::Remove(uint64_t tag_hash) {
  Stripe& stripe = StripeOf(tag_hash);
  MutexLock lock(stripe.mutex);
  auto* slot = stripe.shards_with.Find(tag_hash, Any);
  assert(slot != nullptr && slot->value > 0);
  if (--slot->value > 0) return;
  stripe.shards_with.Erase(slot);
  stripe.shards_with.Shrink();
}

void TagRegistry::Clear() {
  for (Stripe& stripe : stripes_) {
    HashTable<uint64_t> none;
    MutexLock lock(stripe.mutex);
    stripe.shards_with.Swap(none);
  }
}

TagRegistry::Sums TagRegistry::Sum() const {
  Sums sums;
  for (const Stripe& stripe : stripes_) {
    MutexLock lock(stripe.mutex);
    sums.tags += stripe.shards_with.size();
    sums.bytes += stripe.shards_with.bytes();
  }
  return sums;
}

}  // namespace tagcache::server
