#include "server/store/tag_registry.h"

#include <cassert>
#include <utility>

namespace tagcache::server {
namespace {

bool Any(uint64_t) { return true; }

}  // namespace

TagRegistry::TagRegistry(MemoryBudget& budget) : budget_(budget) {
  for (Stripe& stripe : stripes_) {
    MutexLock lock(stripe.mutex);
    Account(stripe);
  }
}

TagRegistry::~TagRegistry() {
  for (Stripe& stripe : stripes_) {
    MutexLock lock(stripe.mutex);
    budget_.Remove(stripe.accounted);
  }
}

void TagRegistry::Account(Stripe& stripe) {
  const size_t bytes = stripe.shards_with.bytes();
  if (bytes > stripe.accounted) budget_.Add(bytes - stripe.accounted);
  if (bytes < stripe.accounted) budget_.Remove(stripe.accounted - bytes);
  stripe.accounted = bytes;
}

bool TagRegistry::Add(uint64_t tag_hash) {
  Stripe& stripe = StripeOf(tag_hash);
  MutexLock lock(stripe.mutex);
  if (auto* slot = stripe.shards_with.Find(tag_hash, Any)) {
    ++slot->value;
    return true;
  }
  if (!stripe.shards_with.Reserve()) return false;
  stripe.shards_with.Insert(tag_hash, 1);
  Account(stripe);
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
  Account(stripe);
}

void TagRegistry::Swap(TagRegistry& other) NO_THREAD_SAFETY_ANALYSIS {
  for (size_t i = 0; i < kStripes; ++i) {
    MutexLock lock(stripes_[i].mutex);
    stripes_[i].shards_with.Swap(other.stripes_[i].shards_with);
    std::swap(stripes_[i].accounted, other.stripes_[i].accounted);
  }
}

uint64_t TagRegistry::size() const {
  uint64_t tags = 0;
  for (const Stripe& stripe : stripes_) {
    MutexLock lock(stripe.mutex);
    tags += stripe.shards_with.size();
  }
  return tags;
}

}  // namespace tagcache::server
