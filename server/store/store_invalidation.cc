// Store: invalidations.

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "server/store/store_impl.h"

namespace tagcache::server {
namespace {

// An invalidation of tags or a flush that reaches at most so many entries removes them before it
// returns, and so knows their number.
constexpr size_t kRemovedAtOnce = 1024;
// How many tags are invalidated in one step: each is looked up in every shard, with all shards
// locked.
constexpr size_t kTagsPerStep = 64;

}  // namespace

// Removes the entries that the invalidation of tags left, a slice for each lock. Returns how many
// of them were live until then; nullopt: they are too many. Entries that other threads remove
// meanwhile are in the number.
std::optional<uint64_t> Store::Impl::RemoveInvalidatedBy(uint64_t number, TimeMs now) {
  size_t left = kRemovedAtOnce;
  uint64_t live = 0;
  for (Shard& shard : All()) {
    Shard::InvalidatedPart part;
    while (!part.done) {
      part = shard.RemoveInvalidatedBy(number, std::min(left, kSlice), now);
      left -= part.removed;
      if (!part.done && left == 0) return std::nullopt;
    }
    live += part.live;
  }
  return live;
}

InvalidationResult Store::Impl::InvalidateAnyTag(std::span<const HashedBytes> tags,
                                                 TimeMs now) NO_THREAD_SAFETY_ANALYSIS {
  InvalidationResult result;
  uint64_t of_one_tag = 0;  // the largest
  {
    AllShards step(All(), now);
    result.number = order.Next();
    for (const HashedBytes& tag : tags) {
      stamps.Stamp(tag.hash, clock);
      uint64_t entries = 0;
      for (Shard& shard : All()) entries += shard.InvalidateTag(tag, result.number, now);
      of_one_tag = std::max(of_one_tag, entries);
      result.entries += entries;
    }
  }
  if (result.entries > 0 && of_one_tag <= kRemovedAtOnce) {
    result.entries = RemoveInvalidatedBy(result.number, now).value_or(result.entries);
  }
  return result;
}

InvalidationResult Store::Impl::InvalidateAllTags(std::span<const HashedBytes> tags,
                                                  TimeMs now) NO_THREAD_SAFETY_ANALYSIS {
  InvalidationResult result;
  {
    AllShards step(All(), now);
    result.number = order.Next();
    for (const HashedBytes& tag : tags) stamps.Stamp(tag.hash, clock);
    for (Shard& shard : All()) {
      result.entries += shard.InvalidateTaggedWithAll(tags, result.number, step);
    }
  }
  // The number is known; few entries are removed at once all the same, as with one tag.
  if (result.entries > 0 && result.entries <= kRemovedAtOnce) {
    RemoveInvalidatedBy(result.number, now);
  }
  return result;
}

InvalidationResult Store::Impl::InvalidateTags(const Invalidation& what, TimeMs now) {
  InvalidationResult result;
  const std::vector<HashedBytes> distinct = Distinct(what.names);
  if (distinct.empty()) return result;
  MutexLock lock(invalidating);
  for (const HashedBytes& tag : distinct) {
    invalidated[tag.hash % kTagCounters].fetch_add(1, std::memory_order_relaxed);
  }
  if (what.kind == Invalidation::Kind::kAllTags && distinct.size() > 1) {
    return InvalidateAllTags(distinct, now);
  }
  const std::span<const HashedBytes> all(distinct);
  for (size_t i = 0; i < all.size(); i += kTagsPerStep) {
    const InvalidationResult step =
        InvalidateAnyTag(all.subspan(i, std::min(kTagsPerStep, all.size() - i)), now);
    result.entries += step.entries;
    result.number = step.number;
  }
  return result;
}

// The shards swap their tables for empty ones, whatever is in them.
InvalidationResult Store::Impl::Flush(TimeMs now) NO_THREAD_SAFETY_ANALYSIS {
  std::vector<std::unique_ptr<FlushedTables>> all(options.shards);
  for (std::unique_ptr<FlushedTables>& tables : all) tables = std::make_unique<FlushedTables>();
  TagRegistry flushed_registry(budget);
  InvalidationResult result;
  MutexLock lock(invalidating);
  {
    // Nothing below may fail once the tables are out of the shards.
    MutexLock flushed_lock(flushed_mutex);
    flushed.reserve(flushed.size() + all.size());
  }
  {
    AllShards step(All(), now);
    result.number = order.Next();
    stamps.StampFlush(clock);
    for (size_t i = 0; i < options.shards; ++i) shards[i].Flush(all[i].get(), step);
    registry.Swap(flushed_registry);
  }
  size_t entries = 0;
  for (const std::unique_ptr<FlushedTables>& tables : all) entries += tables->entries.size();
  for (std::unique_ptr<FlushedTables>& tables : all) {
    budget.Add(tables->bytes());
    if (entries <= kRemovedAtOnce) {
      result.entries += tables->CountLive(now);
      FreeAll(*tables);
    } else {
      result.entries += tables->LiveAtMost();
      flushed_count.fetch_add(1, std::memory_order_relaxed);
      MutexLock lock(flushed_mutex);
      flushed.push_back(std::move(tables));
    }
  }
  return result;
}

InvalidationResult Store::Invalidate(const Invalidation& what, TimeMs now) {
  switch (what.kind) {
    case Invalidation::Kind::kAnyTag:
    case Invalidation::Kind::kAllTags:
      return impl_->InvalidateTags(what, now);
    case Invalidation::Kind::kKeys:
      return impl_->InvalidateKeys(what, now);
    case Invalidation::Kind::kPrefix:
      return impl_->InvalidatePrefix(what, now);
    case Invalidation::Kind::kFlush:
      return impl_->Flush(now);
  }
  return {};
}

bool Store::Delete(std::string_view key, TimeMs now) {
  return Invalidate({.kind = Invalidation::Kind::kKeys, .names = {&key, 1}}, now).entries > 0;
}

Outcome Store::CompareAndDelete(std::string_view key, uint64_t version, TimeMs now) {
  return Invalidate({.kind = Invalidation::Kind::kKeys, .names = {&key, 1}, .version = version},
                    now)
      .outcome;
}

uint64_t Store::MultiDelete(std::span<const std::string_view> keys, TimeMs now) {
  return Invalidate({.kind = Invalidation::Kind::kKeys, .names = keys}, now).entries;
}

uint64_t Store::InvalidateTags(std::span<const std::string_view> tags, TagMatch match, TimeMs now) {
  const auto kind =
      match == TagMatch::kAll ? Invalidation::Kind::kAllTags : Invalidation::Kind::kAnyTag;
  return Invalidate({.kind = kind, .names = tags}, now).entries;
}

uint64_t Store::DeletePrefix(std::string_view prefix, uint64_t* cursor, size_t budget, TimeMs now) {
  const InvalidationResult result = Invalidate({.kind = Invalidation::Kind::kPrefix,
                                                .names = {&prefix, 1},
                                                .cursor = *cursor,
                                                .budget = budget},
                                               now);
  *cursor = result.cursor;
  return result.entries;
}

uint64_t Store::Flush(TimeMs now) { return Invalidate({}, now).entries; }

}  // namespace tagcache::server
