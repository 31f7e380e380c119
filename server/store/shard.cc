#include "server/store/shard.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "server/store/shard_order.h"

namespace tagcache::server {

TimeMs ExpiryOf(std::optional<uint64_t> ttl_ms, TimeMs now) {
  if (!ttl_ms.has_value()) return kNever;
  return *ttl_ms < kNever - now ? now + *ttl_ms : kNever;
}

Shard::~Shard() {
  for (size_t i = 0; i < entries_.capacity(); ++i) {
    if (entries_.at(i) != 0) DropTablePin(EntryIn(&entries_.at(i)));
  }
  FreeBudget all;
  tags_.FreeNodes(&all);
  arena_->budget().Remove(accounted_);
}

void Shard::Attach(const ShardContext* context, Arena* arena, size_t index) {
  MutexLock lock(mutex_);
  context_ = context;
  arena_ = arena;
  index_ = index;
  last_version_ = index;  // the first one too has its shard in it, whatever the clock shows
  random_ = (context->seed ^ (index + 1) * 0x9E3779B97F4A7C15) | 1;
  tags_.Attach(arena_, &context->registry);
  Account();
}

void Shard::PrefetchSlot(uint64_t hash) const { entries_.Prefetch(PlaceOf(hash)); }

void Shard::PrefetchEntries(std::span<const uint32_t> which, std::span<const uint64_t> hashes) {
  if (!mutex_.TryLock()) return;
  for (const uint32_t i : which.first(std::min(which.size(), kEntriesAhead))) {
    PrefetchEntry(hashes[i]);
  }
  mutex_.Unlock();
}

void Shard::PrefetchEntry(uint64_t hash) {
  entries_.Find(PlaceOf(hash), [&](Ref ref) {
    const char* entry = arena_->At<char>(ref);
    __builtin_prefetch(entry, 1);
    __builtin_prefetch(entry + 64);
    return true;
  });
}

HashedBytes Shard::Hashed(const Entry* entry) const {
  return {entry->key(), context_->hash(entry->key(), context_->seed)};
}

Shard::Slot* Shard::SlotOf(const HashedBytes& key) {
  assert(ShardOf(key.hash, context_->shard_bits) == index_);
  return entries_.Find(PlaceOf(key.hash), [&](Ref ref) {
    return SameBytes(arena_->At<Entry>(ref)->key(), key.bytes);
  });
}

Shard::Slot* Shard::SlotWith(const Entry* entry) {
  const Ref self = arena_->RefOf(entry);
  return entries_.Find(PlaceOf(Hashed(entry).hash), [&](Ref ref) { return ref == self; });
}

Shard::Slot* Shard::FindLive(const HashedBytes& key, Step& step) {
  Slot* slot = SlotOf(key);
  if (slot == nullptr || IsLive(EntryIn(slot), step.now)) return slot;
  Discard(slot, step);
  return nullptr;
}

EntryRef Shard::Hit(Slot* slot) {
  const Slot hit = Frequency::Hit(*slot, epoch_);
  if (hit != *slot) *slot = hit;
  Entry* entry = EntryIn(slot);
  entry->Pin();
  return EntryRef(entry);
}

void Shard::Account() {
  const size_t bytes = entries_.bytes() + tags_.bytes() + leases_.bytes();
  if (bytes > accounted_) arena_->budget().Add(bytes - accounted_);
  if (bytes < accounted_) arena_->budget().Remove(accounted_ - bytes);
  accounted_ = bytes;
  if (has_invalidated_ != tags_.any_invalidated()) {
    has_invalidated_ = !has_invalidated_;
    context_->shards_with_invalidated.fetch_add(has_invalidated_ ? 1 : SIZE_MAX,
                                                std::memory_order_relaxed);
  }
  assert(wheel_.size() <= entries_.size());
  assert(tags_.invalidated_at_least() <= entries_.size());
}

// After this only the slot leads to the entry.
void Shard::Unlink(Entry* entry, Step& step) {
  tags_.Unlink(entry);
  wheel_.Remove(*arena_, entry);
  step.removed.Add(entry);
}

void Shard::Remove(Slot* slot, Step& step) {
  Unlink(EntryIn(slot), step);
  entries_.Erase(slot);
  entries_.Shrink();
  Account();
}

// Removes an entry because it was invalidated, because it expired, or else to make room, and counts
// which of these it was.
void Shard::Discard(Slot* slot, Step& step) {
  Entry* entry = EntryIn(slot);
  if (tags_.IsInvalidated(entry)) {
    ++reclaimed_;
  } else if (entry->IsExpired(step.now)) {
    ++expired_;
  } else {
    ++evicted_;
  }
  Remove(slot, step);
}

EntryRef Shard::Get(const HashedBytes& key, TimeMs now) {
  LockedStep step(mutex_, now);
  Slot* slot = FindLive(key, step);
  return slot == nullptr ? EntryRef() : Hit(slot);
}

void Shard::MultiGet(const KeysOfShard& keys, TimeMs now, std::span<EntryRef> out) {
  LockedStep step(mutex_, now);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i + kEntriesAhead < keys.size()) PrefetchEntry(keys[i + kEntriesAhead].hash);
    Slot* slot = FindLive(keys[i], step);
    out[keys.which[i]] = slot == nullptr ? EntryRef() : Hit(slot);
  }
}

bool Shard::Exists(const HashedBytes& key, TimeMs now) {
  LockedStep step(mutex_, now);
  return FindLive(key, step) != nullptr;
}

std::optional<EntryMeta> Shard::Meta(const HashedBytes& key, TimeMs now) {
  LockedStep step(mutex_, now);
  const Slot* slot = FindLive(key, step);
  if (slot == nullptr) return std::nullopt;
  Entry* entry = EntryIn(slot);
  EntryMeta meta;
  if (entry->expires() != kNever) meta.ttl_left_ms = entry->expires() - now;
  // A caller whose clock is read before another's write may be behind it.
  const TimeMs written = entry->version() >> kVersionTimeShift;
  meta.age_ms = now > written ? now - written : 0;
  meta.size = entry->value_size;
  meta.version = entry->version();
  meta.flags = entry->flags();
  meta.tags.reserve(entry->tag_count);
  for (size_t i = 0; i < entry->tag_count; ++i) {
    meta.tags.emplace_back(tags_.NodeOf(entry->links()[i])->name());
  }
  return meta;
}

LeaseAnswer Shard::GetOrLease(const HashedBytes& key, const LeaseAsk& ask, TimeMs now) {
  LockedStep step(mutex_, now);
  LeaseAnswer answer;
  EntryRef stale;
  if (Slot* slot = SlotOf(key)) {
    Entry* entry = EntryIn(slot);
    if (IsLive(entry, now)) {
      answer.value = Hit(slot);
      return answer;
    }
    entry->Pin();
    stale = EntryRef(entry);
    Discard(slot, step);
  }
  answer = leases_.Ask(key, ask, std::move(stale), context_->clock, now, &step.woken);
  Account();
  return answer;
}

bool Shard::CancelWait(const HashedBytes& key, Waiter* waiter) {
  MutexLock lock(mutex_);
  return leases_.Cancel(key, waiter);
}

void Shard::EndLeases(uint64_t holder, TimeMs now) {
  LockedStep step(mutex_, now);
  leases_.EndHolder(holder, now, &step.woken);
}

void Shard::AddTo(StoreStats* stats) const {
  MutexLock lock(mutex_);
  stats->items += entries_.size() - tags_.invalidated_at_least();
  stats->expired += expired_;
  stats->evicted += evicted_;
  stats->reclaimed += reclaimed_;
}

}  // namespace tagcache::server
