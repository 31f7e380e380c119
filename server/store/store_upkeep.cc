// Store: keeping to the memory limit, and background maintenance.

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "server/store/store_impl.h"

namespace tagcache::server {
namespace {

// How many entries could be removed in the time in which a slab's memory is returned to the system.
constexpr size_t kReturnCost = 32;
// Under a memory limit an entry may take this share of it.
constexpr size_t kLargestShare = 16;
// A slab is emptied when so many percent of the objects of its size are free: near the memory
// limit, and otherwise.
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
    if (entry != nullptr) DropTablePin(entry);
    return nullptr;
  }
  for (int i = 0; i < 3 && entry == nullptr; ++i) {
    KeepToLimit(parts.key, bytes, now);
    entry = NewEntry(arena, parts, false);
  }
  if (entry == nullptr && EmptySlab(kSpareAtLimit, SIZE_MAX) > 0) {
    entry = NewEntry(arena, parts, false);
  }
  // This entry exceeds the limit, until the slabs that eviction has thinned out are emptied.
  if (entry == nullptr) entry = NewEntry(arena, parts, true);
  if (!budget.Fits(0)) KeepToLimit(parts.key, 2 * bytes, now);
  return entry;
}

void Store::Impl::KeepToLimit(const HashedBytes& key, size_t bytes, TimeMs now) {
  if (ShardWith(key.hash).Evict(bytes, now) >= bytes) return;
  // This shard has nothing left, so others have to evict.
  for (size_t i = 0, freed = 0; i < options.shards && freed < bytes; ++i) {
    freed += shards[(ShardOf(key.hash, shard_bits) + i) % options.shards].Evict(bytes, now);
  }
}

// Moves up to `budget` entries of a sparse slab into others of their size, and continues with the
// same slab the next time. Returns how many objects it checked; 0: no size is sparse enough, or
// another thread is doing this.
size_t Store::Impl::EmptySlab(unsigned spare, size_t budget) {
  if (!emptying.TryLock()) return 0;
  if (sparse == nullptr) {
    sparse = arena.BeginEmptying(spare);
    sparse_next = 0;
  }
  size_t checked = 0;
  if (sparse != nullptr) {
    const size_t end = size_t{sparse->capacity} - sparse->untouched;
    for (; sparse_next < end && checked < budget; ++checked) {
      auto* entry = reinterpret_cast<Entry*>(sparse->object(sparse_next++));
      if (!entry->PinIfComplete()) continue;
      const EntryRef pin(entry);
      ShardWith(Hash(entry->key()).hash).Relocate(entry);
    }
    if (sparse_next == end) arena.Emptied(std::exchange(sparse, nullptr));
  }
  emptying.Unlock();
  return checked;
}

// Frees at most `budget` of its entries and tag nodes. true: none is left.
bool Store::Impl::FreeSome(FlushedTables& tables, size_t most) {
  if (!tables.FreeSome(arena, most)) return false;
  budget.Remove(tables.bytes());
  return true;
}

// Frees some of what was flushed. Returns how many entries and tag nodes, at most `most`.
size_t Store::Impl::FreeFlushed(size_t most) {
  size_t left = most;
  while (left > 0) {
    std::unique_ptr<FlushedTables> tables;
    {
      MutexLock lock(flushed_mutex);
      if (flushed.empty()) break;
      tables = std::move(flushed.back());
      flushed.pop_back();
    }
    const size_t work = std::min(left, tables->size() + 1);
    left -= work;
    if (FreeSome(*tables, work)) continue;
    MutexLock lock(flushed_mutex);
    flushed.push_back(std::move(tables));
  }
  return most - left;
}

// A shard that has much to do is finished before the next one. Its tables shrink on the way, each
// time under its lock; so not all shards come to that at about the same time. Leases may not wait
// for their shard's turn.
size_t Store::RunMaintenance(size_t budget, TimeMs now) {
  size_t left = budget;
  left -= std::min(left, kReturnCost * impl_->arena.ReturnIdle(1 + left / (2 * kReturnCost)));
  impl_->ShardAt(impl_->lease_shard.fetch_add(1, std::memory_order_relaxed)).ExpireLeases(now);
  for (size_t visits = 0; visits < impl_->options.shards && left > 0; ++visits) {
    Shard& shard = impl_->ShardAt(impl_->maintained_shard);
    for (size_t slice = std::min(left, kSlice); slice > 0; slice = std::min(left, kSlice)) {
      const size_t done = shard.RemoveExpiredAndInvalidated(slice, now);
      left -= std::min(left, done);
      if (done >= slice) continue;
      impl_->maintained_shard.fetch_add(1, std::memory_order_relaxed);
      break;
    }
  }
  if (left > 0) left -= impl_->FreeFlushed(left);
  const bool at_limit = !impl_->budget.Fits(impl_->budget.limit() / 16);
  while (left > 0) {
    const size_t done = impl_->EmptySlab(at_limit ? kSpareAtLimit : kSpare, left);
    if (done == 0) break;
    left -= done;
  }
  return budget - left;
}

void Store::SetOverhead(size_t bytes) { impl_->budget.SetOverhead(bytes); }

}  // namespace tagcache::server
