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
// A write that needs room frees so many times its bytes of what was flushed, and at least so many.
// What is flushed lies in slabs of other sizes, and a slab is of use to others only once all of it
// is free: until then the write exceeds the limit.
constexpr size_t kFreedForOne = 4;
constexpr size_t kLeastFreed = 2048;
// A slab is emptied when so many percent of the objects of its size are free: near the memory
// limit, and otherwise.
constexpr unsigned kSpareAtLimit = 8;
constexpr unsigned kSpare = 25;

}  // namespace

// Makes room by eviction where the memory limit asks for it. nullptr: there is no memory, or the
// entry is larger than its share of the limit.
Entry* Store::Impl::MakeEntry(const EntryParts& parts, TimeMs now) {
  Arena& arena = ArenaWith(parts.key.hash);
  Entry* entry = NewEntry(arena, parts, false);
  if (budget.limit() == 0) return entry;
  const size_t bytes = SizeOf(parts);
  if (bytes > options.memory_limit / kLargestShare) {
    if (entry != nullptr) DropTablePin(entry);
    return nullptr;
  }
  for (int i = 0; i < 3 && entry == nullptr; ++i) {
    KeepToLimit(parts.key, bytes, now);
    entry = NewEntry(arena, parts, false);
  }
  if (entry == nullptr && EmptySlab(arena, kSpareAtLimit, SIZE_MAX) > 0) {
    entry = NewEntry(arena, parts, false);
  }
  // This entry exceeds the limit, until the slabs that eviction has thinned out are emptied.
  if (entry == nullptr) entry = NewEntry(arena, parts, true);
  if (!budget.Fits(0)) KeepToLimit(parts.key, 2 * bytes, now);
  return entry;
}

// The nodes of tags that are new to the shard are allocated under its lock and whatever the limit,
// so room for them is made before.
void Store::Impl::MakeRoomForTags(const HashedBytes& key, std::span<const HashedBytes> tags,
                                  TimeMs now) {
  if (budget.limit() == 0) return;
  size_t bytes = key.bytes.size();
  for (const HashedBytes& tag : tags) bytes += TagIndex::BytesOfNew(tag.bytes);
  if (!budget.Fits(tags.empty() ? 0 : bytes)) KeepToLimit(key, 2 * bytes, now);
}

// Frees what waits to be freed, and where nothing waits evicts. A shard's lock is held for some
// entries at a time.
void Store::Impl::KeepToLimit(const HashedBytes& key, size_t bytes, TimeMs now) {
  if (FreeWaiting(key, bytes, now)) return;
  // From the key's shard. Where that has nothing left others have to evict.
  const size_t first = ShardOf(key.hash, shard_bits);
  for (size_t i = 0, freed = 0; i < options.shards && freed < bytes; ++i) {
    Shard& shard = shards[(first + i) % options.shards];
    while (freed < bytes) {
      const size_t part = shard.Evict(bytes - freed, now);
      if (part == 0) break;
      freed += part;
    }
  }
}

// Frees what was flushed, or else entries that were invalidated. false: nothing waits for that.
bool Store::Impl::FreeWaiting(const HashedBytes& key, size_t bytes, TimeMs now) {
  if (flushed_count.load(std::memory_order_relaxed) > 0) {
    FreeBudget freeing = {.bytes = kFreedForOne * std::max(bytes, kLeastFreed)};
    FreeFlushed(&freeing);
    return true;
  }
  const size_t first = ShardOf(key.hash, shard_bits);
  size_t freed = 0;
  for (size_t i = 0; i < options.shards && freed < bytes; ++i) {
    if (shards_with_invalidated.load(std::memory_order_relaxed) == 0) break;
    Shard& shard = shards[(first + i) % options.shards];
    while (freed < bytes) {
      const size_t part = shard.FreeInvalidated(bytes - freed, kSlice, now);
      if (part == 0) break;
      freed += part;
    }
  }
  return freed > 0;
}

// Moves up to `budget` entries of a sparse slab of the arena into others of their size, and
// continues with the same slab the next time, whichever arena it is in. Returns how many objects it
// checked; 0: no size is sparse enough, or another thread is doing this.
size_t Store::Impl::EmptySlab(Arena& arena, unsigned spare, size_t budget) {
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
    if (sparse_next == end) sparse->arena->Emptied(std::exchange(sparse, nullptr));
  }
  emptying.Unlock();
  return checked;
}

// true: nothing is left of the tables.
bool Store::Impl::FreeSome(FlushedTables& tables, FreeBudget* freeing) {
  if (!tables.FreeSome(freeing)) return false;
  budget.Remove(tables.bytes());
  return true;
}

void Store::Impl::FreeAll(FlushedTables& tables) {
  FreeBudget all;
  FreeSome(tables, &all);
}

// Frees some of what was flushed.
void Store::Impl::FreeFlushed(FreeBudget* freeing) {
  while (!freeing->spent()) {
    std::unique_ptr<FlushedTables> tables;
    {
      MutexLock lock(flushed_mutex);
      if (flushed.empty()) break;
      tables = std::move(flushed.back());
      flushed.pop_back();
    }
    --freeing->objects;
    if (FreeSome(*tables, freeing)) {
      flushed_count.fetch_sub(1, std::memory_order_relaxed);
      continue;
    }
    MutexLock lock(flushed_mutex);
    flushed.push_back(std::move(tables));
  }
}

// A shard that has much to do is finished before the next one. Its tables shrink on the way, each
// time under its lock; so not all shards come to that at about the same time. Leases may not wait
// for their shard's turn.
size_t Store::RunMaintenance(size_t budget, TimeMs now) {
  size_t left = budget;
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
  FreeBudget freeing = {.objects = left};
  impl_->FreeFlushed(&freeing);
  left = freeing.objects;
  const size_t turn = impl_->maintained_arena.fetch_add(1, std::memory_order_relaxed);
  Arena& arena = *impl_->arenas[turn % impl_->arenas.size()];
  const bool at_limit = !impl_->budget.Fits(impl_->budget.limit() / 16);
  while (left > 0) {
    const size_t done = impl_->EmptySlab(arena, at_limit ? kSpareAtLimit : kSpare, left);
    if (done == 0) break;
    left -= done;
  }
  // One slab at least, so that it comes to them in busy times too; and where there may be more of
  // them, the budget is spent.
  const size_t most = 1 + left / (2 * kReturnCost);
  const size_t returned = arena.ReturnIdle(most);
  left -= returned == most ? left : std::min(left, kReturnCost * returned);
  return budget - left;
}

void Store::SetOverhead(size_t bytes) { impl_->budget.SetOverhead(bytes); }

}  // namespace tagcache::server
