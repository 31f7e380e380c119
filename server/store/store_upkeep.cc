// Store: keeping to the memory limit, and the work that is nobody's request.

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "server/store/store_impl.h"

namespace tagcache::server {
namespace {

// How many entries could be removed in the time that a slab's memory takes to go to the system.
constexpr size_t kReturnCost = 32;
// Under a memory limit an entry may take this share of it.
constexpr size_t kLargestShare = 16;
// Free objects of a size, in 1/100, from which on a slab is emptied: near the limit, and otherwise.
constexpr unsigned kSpareAtLimit = 8;
constexpr unsigned kSpare = 25;

}  // namespace

// Makes room by eviction where the memory limit asks for it. nullptr: there is no memory, or the
// entry is larger than its share of the limit.
Entry* Store::Impl::MakeEntry(const EntryParts& parts, TimeMs now) {
  Entry* entry = NewEntry(arena, parts, false);
  if (budget.limit() == 0) return entry;
  const size_t bytes = SizeOf(parts);
  if (bytes > budget.limit() / kLargestShare) {
    if (entry != nullptr) Unpin(entry);
    return nullptr;
  }
  for (int i = 0; i < 3 && entry == nullptr; ++i) {
    KeepToLimit(parts.key, bytes, now);
    entry = NewEntry(arena, parts, false);
  }
  if (entry == nullptr && EmptySlab(kSpareAtLimit, SIZE_MAX) > 0) {
    entry = NewEntry(arena, parts, false);
  }
  // Over the limit by this one, until the slabs that eviction has thinned out are emptied.
  if (entry == nullptr) entry = NewEntry(arena, parts, true);
  if (!budget.Fits(0)) KeepToLimit(parts.key, 2 * bytes, now);
  return entry;
}

void Store::Impl::KeepToLimit(const HashedBytes& key, size_t bytes, TimeMs now) {
  if (ShardWith(key.hash).Evict(bytes, now) >= bytes) return;
  // A shard that has nothing left: others have.
  for (size_t i = 0, freed = 0; i < options.shards && freed < bytes; ++i) {
    freed += shards[(ShardOf(key.hash, shard_bits) + i) % options.shards].Evict(bytes, now);
  }
}

// Moves up to `budget` entries of a sparse slab into others of their size, and goes on with the
// same slab the next time. How many objects it looked at; 0: no size is sparse enough, or another
// thread is at it.
size_t Store::Impl::EmptySlab(unsigned spare, size_t budget) {
  if (!emptying.TryLock()) return 0;
  if (sparse == nullptr) {
    sparse = arena.BeginEmptying(spare);
    sparse_next = 0;
  }
  size_t looked = 0;
  if (sparse != nullptr) {
    const size_t end = size_t{sparse->capacity} - sparse->untouched;
    for (; sparse_next < end && looked < budget; ++looked) {
      auto* entry = reinterpret_cast<Entry*>(sparse->object(sparse_next++));
      if (!entry->PinIfMade()) continue;
      const EntryRef pin(entry);
      ShardWith(Hash(entry->key()).hash).Relocate(entry);
    }
    if (sparse_next == end) arena.Emptied(std::exchange(sparse, nullptr));
  }
  emptying.Unlock();
  return looked;
}

// Frees up to `budget` of its entries and tags. true: nothing is left of it.
bool Store::Impl::Bury(Grave& grave, size_t budget) {
  for (; grave.next < grave.entries.capacity(); ++grave.next) {
    const EntryTable::Slot slot = grave.entries.at(grave.next);
    if (slot == 0) continue;
    if (budget-- == 0) return false;
    Unpin(arena.At<Entry>(EntryTable::RefIn(slot)));
  }
  if (!grave.tags.Drop(budget)) return false;
  this->budget.Remove(grave.entries.bytes() + grave.tags.bytes());
  return true;
}

size_t Store::Impl::BurySome(size_t budget) {
  size_t left = budget;
  while (left > 0) {
    std::unique_ptr<Grave> grave;
    {
      MutexLock lock(graves_mutex);
      if (graves.empty()) break;
      grave = std::move(graves.back());
      graves.pop_back();
    }
    const size_t work = std::min(left, grave->entries.size() + grave->tags.nodes().size() + 1);
    left -= work;
    if (Bury(*grave, work)) continue;
    MutexLock lock(graves_mutex);
    graves.push_back(std::move(grave));
  }
  return budget - left;
}

// A shard that has much to do is finished before the next one. Its tables are made smaller on the
// way, each time with its lock held: so that does not come to all shards at about the same time.
// Leases may not wait for that.
size_t Store::RunMaintenance(size_t budget, TimeMs now) {
  size_t left = budget;
  left -= std::min(left, kReturnCost * impl_->arena.ReturnIdle(1 + left / (2 * kReturnCost)));
  impl_->ShardAt(impl_->lease_shard.fetch_add(1, std::memory_order_relaxed)).ExpireLeases(now);
  for (size_t visits = 0; visits < impl_->options.shards && left > 0; ++visits) {
    Shard& shard = impl_->ShardAt(impl_->tend_shard);
    for (size_t slice = std::min(left, kSlice); slice > 0; slice = std::min(left, kSlice)) {
      const size_t done = shard.Expire(slice, now) + shard.Reclaim(slice, now);
      left -= std::min(left, done);
      if (done >= slice) continue;
      impl_->tend_shard.fetch_add(1, std::memory_order_relaxed);
      break;
    }
  }
  if (left > 0) left -= impl_->BurySome(left);
  const bool at_limit = !impl_->budget.Fits(impl_->budget.limit() / 16);
  while (left > 0) {
    const size_t done = impl_->EmptySlab(at_limit ? kSpareAtLimit : kSpare, left);
    if (done == 0) break;
    left -= done;
  }
  if (impl_->invalidating.TryLock()) {
    impl_->ForgetKills();
    impl_->invalidating.Unlock();
  }
  return budget - left;
}

void Store::SetOverhead(size_t bytes) { impl_->budget.SetOverhead(bytes); }

}  // namespace tagcache::server
