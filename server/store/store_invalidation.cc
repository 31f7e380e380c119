// Store: invalidation of tags, and flush.

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "server/store/store_impl.h"

namespace tagcache::server {
namespace {

// Overdue entries that an invalidation or flush removes first, so that it does not count them.
// Where there are more a flush counts the rest as if they were live.
constexpr size_t kCatchUp = 4096;
// An invalidation or flush of so few entries gives their memory back at once.
constexpr size_t kAtOnce = 128;
// Tags that die in one step: each is looked up in every shard, with all shards locked.
constexpr size_t kTagsAStep = 64;

}  // namespace

// Removes what is over, up to kCatchUp entries, without holding any lock for long.
void Store::Impl::CatchUp(TimeMs now) {
  size_t left = kCatchUp;
  for (Shard& shard : All()) {
    while (left > 0) {
      const size_t slice = std::min(left, kSlice);
      const size_t done = shard.Expire(slice, now);
      left -= std::min(left, done);
      if (done < slice) break;
    }
  }
}

void Store::Impl::ReclaimAll(const Kill& kill, TimeMs now) {
  for (Shard& shard : All()) {
    while (shard.Reclaim(kSlice, now, &kill) == kSlice) {
    }
  }
}

void Store::Impl::ForgetKills() NO_THREAD_SAFETY_ANALYSIS {
  std::erase_if(kills, [](const std::unique_ptr<Kill>& kill) {
    return kill->nodes.load(std::memory_order_acquire) == 0;
  });
  if (kills.empty()) shared_dying = false;
}

uint64_t Store::Impl::InvalidateAny(std::span<const HashedBytes> tags,
                                    TimeMs now) NO_THREAD_SAFETY_ANALYSIS {
  ForgetKills();
  auto kill = std::make_unique<Kill>();
  kill->number = ++last_kill;
  kill->time = now;
  uint64_t entries = 0;
  size_t tags_that_share = 0;
  bool some_over = false;
  {
    Removed removed;
    AllShards lock(All());
    for (Shard& shard : All()) some_over |= !shard.ExpireAll(now, &removed);
    for (const HashedBytes& tag : tags) {
      stamps.Stamp(tag.hash, clock);
      uint64_t shared = 0;
      for (Shard& shard : All()) {
        const Shard::Count count = shard.Kill(tag, kill.get());
        entries += count.entries;
        shared += count.shared;
      }
      tags_that_share += shared > 0;
    }
  }
  if (entries == 0) return 0;
  // Only where an entry can have died of two tags, or was over, is it not yet known how many there
  // were.
  const bool may_overlap = tags_that_share > (shared_dying ? 0 : 1);
  shared_dying = shared_dying || tags_that_share > 0;
  if (may_overlap || some_over || entries <= kAtOnce) ReclaimAll(*kill, now);
  entries -= kill->not_counted.load(std::memory_order_relaxed);
  kills.push_back(std::move(kill));
  ForgetKills();
  return entries;
}

uint64_t Store::Impl::InvalidateAll(std::span<const HashedBytes> tags,
                                    TimeMs now) NO_THREAD_SAFETY_ANALYSIS {
  Removed removed;
  AllShards lock(All());
  uint64_t live = 0;
  for (const HashedBytes& tag : tags) stamps.Stamp(tag.hash, clock);
  for (Shard& shard : All()) live += shard.RemoveBearersOfAll(tags, now, &removed);
  return live;
}

uint64_t Store::InvalidateTags(std::span<const std::string_view> tags, TagMatch match, TimeMs now) {
  const std::vector<HashedBytes> distinct = impl_->Distinct(tags);
  if (distinct.empty()) return 0;
  impl_->CatchUp(now);
  MutexLock lock(impl_->invalidating);
  for (const HashedBytes& tag : distinct) {
    impl_->invalidated[tag.hash % kTagCounters].fetch_add(1, std::memory_order_relaxed);
  }
  if (match == TagMatch::kAll && distinct.size() > 1) return impl_->InvalidateAll(distinct, now);
  uint64_t live = 0;
  const std::span<const HashedBytes> all(distinct);
  for (size_t i = 0; i < all.size(); i += kTagsAStep) {
    live += impl_->InvalidateAny(all.subspan(i, std::min(kTagsAStep, all.size() - i)), now);
  }
  return live;
}

// Constant: every shard gives its tables away, with what waits to be reclaimed. How much of it is
// dead is known, since an invalidation that entries of an earlier one may have died of as well (or
// of two of its tags) reclaims its own before it is done: no entry counts as dead twice.
uint64_t Store::Flush(TimeMs now) NO_THREAD_SAFETY_ANALYSIS {
  std::vector<std::unique_ptr<Grave>> graves;
  for (size_t i = 0; i < impl_->options.shards; ++i) graves.push_back(std::make_unique<Grave>());
  impl_->CatchUp(now);
  Woken woken;
  MutexLock invalidating(impl_->invalidating);
  uint64_t live = 0;
  uint64_t buried = 0;
  {
    Removed removed;
    AllShards lock(impl_->All());
    impl_->stamps.StampFlush(impl_->clock);
    for (size_t i = 0; i < impl_->options.shards; ++i) {
      impl_->shards[i].ExpireAll(now, &removed);
      live += impl_->shards[i].Flush(graves[i].get(), &woken);
      buried += graves[i]->entries.size();
    }
    impl_->registry.Clear();
  }
  impl_->shared_dying = false;  // kills that live on have nodes in graves only
  for (std::unique_ptr<Grave>& grave : graves) {
    impl_->budget.Add(grave->entries.bytes() + grave->tags.bytes());
    if (buried <= kAtOnce) {
      impl_->Bury(*grave, SIZE_MAX);
    } else {
      MutexLock lock(impl_->graves_mutex);
      impl_->graves.push_back(std::move(grave));
    }
  }
  return live;
}

}  // namespace tagcache::server
