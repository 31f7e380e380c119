// Store: lists of keys by tag, scans, and removal by prefix.

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "server/store/store_impl.h"

namespace tagcache::server {
namespace {

// How often a list of keys is read because it changed meanwhile, before all shards are locked for
// it.
constexpr int kTries = 3;

}  // namespace

// Reads a page. false: what was read changed meanwhile. locked: all shards are locked.
bool Store::Impl::ListKeys(std::span<const HashedBytes> tags, TagMatch match, uint64_t cursor,
                           size_t limit, TimeMs now, bool locked, std::vector<EntryRef>* pinned,
                           bool* more) NO_THREAD_SAFETY_ANALYSIS {
  const auto with_lock = [&](Shard& shard, auto step) NO_THREAD_SAFETY_ANALYSIS {
    if (!locked) shard.mutex().Lock();
    step();
    if (!locked) shard.mutex().Unlock();
  };
  std::vector<uint64_t> before;
  std::vector<uint64_t> after;
  const size_t first = ShardOf(cursor, shard_bits);
  size_t end = first;
  pinned->clear();
  *more = false;
  for (; end < options.shards && !*more; ++end) {
    // Once the page is full, the other shards are asked only whether they have anything.
    const size_t room = limit - std::min(limit, pinned->size());
    with_lock(shards[end], [&]() NO_THREAD_SAFETY_ANALYSIS {
      shards[end].Snapshot(tags, &before);
      *more = shards[end].EntriesTagged(tags, match, cursor, room, now, pinned);
    });
  }
  if (locked) return true;
  // Nothing changed between the last snapshot of the first round and the first of the second: so
  // all that was read was there at one instant.
  for (size_t i = first; i < end; ++i) {
    with_lock(shards[i], [&]() NO_THREAD_SAFETY_ANALYSIS { shards[i].Snapshot(tags, &after); });
  }
  return before == after;
}

KeyList Store::Keys(std::span<const std::string_view> tags, TagMatch match, uint64_t cursor,
                    size_t limit, TimeMs now) {
  KeyList page;
  const std::vector<HashedBytes> distinct = impl_->Distinct(tags);
  if (distinct.empty()) return page;
  limit = std::max<size_t>(limit, 1);
  std::vector<EntryRef> pinned;
  bool more = false;
  bool whole = false;
  for (int i = 0; i < kTries && !whole; ++i) {
    whole = impl_->ListKeys(distinct, match, cursor, limit, now, false, &pinned, &more);
  }
  if (!whole) {
    pinned.clear();
    AllShards step(impl_->All(), now);
    impl_->ListKeys(distinct, match, cursor, limit, now, true, &pinned, &more);
  }
  page.keys.reserve(pinned.size());
  for (const EntryRef& ref : pinned) page.keys.emplace_back(ref.entry_->key());
  if (more) page.cursor = impl_->Hash(page.keys.back()).hash;
  return page;
}

// A cursor of a scan is the next place, counted over all shards.
KeyList Store::Scan(std::string_view prefix, uint64_t cursor, size_t limit, size_t budget,
                    TimeMs now) {
  constexpr uint64_t kPlaces = uint64_t{1} << EntryTable::kPlaceBits;
  const uint64_t end = impl_->options.shards * kPlaces;
  KeyList page;
  limit = std::max<size_t>(limit, 1);
  budget = std::max<size_t>(budget, 1);
  std::vector<EntryRef> pinned;
  std::vector<std::pair<uint64_t, const Entry*>> found;
  while (cursor < end && page.keys.size() < limit && budget > 0) {
    Shard& shard = impl_->shards[cursor / kPlaces];
    const auto from = static_cast<uint32_t>(cursor % kPlaces);
    const uint32_t width = shard.PlacesFor(std::min(budget, limit - page.keys.size()));
    const auto to = static_cast<uint32_t>(std::min<uint64_t>(kPlaces, uint64_t{from} + width));
    pinned.clear();
    found.clear();
    shard.PinPlaces(from, to, now, &pinned);
    cursor += to - from;
    budget -= std::min(budget, std::max<size_t>(pinned.size(), 1));
    for (const EntryRef& ref : pinned) {
      if (!ref.entry_->key().starts_with(prefix)) continue;
      const uint64_t hash = impl_->Hash(ref.entry_->key()).hash;
      found.emplace_back(EntryTable::PlaceOf(hash, impl_->shard_bits), ref.entry_);
    }
    std::sort(found.begin(), found.end());
    for (size_t i = 0; i < found.size(); ++i) {
      // Keys of one place are on one page.
      if (page.keys.size() >= limit && found[i].first != found[i - 1].first) {
        cursor = cursor - to + found[i].first;
        break;
      }
      page.keys.emplace_back(found[i].second->key());
    }
  }
  page.cursor = cursor < end ? cursor : 0;
  return page;
}

InvalidationResult Store::Impl::InvalidatePrefix(const Invalidation& what, TimeMs now) {
  constexpr uint64_t kPlaces = uint64_t{1} << EntryTable::kPlaceBits;
  const uint64_t end = options.shards * kPlaces;
  assert(!what.names.empty());
  InvalidationResult result = {.cursor = what.cursor};
  std::vector<EntryRef> pinned;
  size_t left = std::max<size_t>(what.budget, 1);
  // An absent key with the prefix may be about to be put under a lease.
  if (what.cursor == 0) {
    AllShards step(All(), now);
    result.number = order.Next();
    prefixes.Stamp(what.names[0], clock);
  }
  while (result.cursor < end && left > 0) {
    Shard& shard = shards[result.cursor / kPlaces];
    const auto from = static_cast<uint32_t>(result.cursor % kPlaces);
    const uint32_t width = shard.PlacesFor(std::min(left, kSlice));
    const auto to = static_cast<uint32_t>(std::min<uint64_t>(kPlaces, uint64_t{from} + width));
    pinned.clear();
    shard.PinPlaces(from, to, now, &pinned);
    result.cursor += to - from;
    left -= std::min(left, std::max<size_t>(pinned.size(), 1));
    for (const EntryRef& ref : pinned) {
      const std::string_view key = ref.entry_->key();
      if (!key.starts_with(what.names[0])) continue;
      const InvalidationResult one = shard.InvalidateEntry(Hash(key), ref.entry_, now);
      result.entries += one.entries;
      if (one.number != 0) result.number = one.number;
    }
  }
  if (result.cursor >= end) result.cursor = 0;
  return result;
}

}  // namespace tagcache::server
