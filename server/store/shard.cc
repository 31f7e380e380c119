#include "server/store/shard.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "server/store/integer_text.h"

namespace tagcache::server {
namespace {

// Entries that eviction chooses among: with more of them it chooses no better (docs/store.md).
constexpr int kSamples = 16;
// An epoch of eviction is over when so many times the shard's entries came: fewer make hits be
// forgotten during a scan (profiling/hitratio --simulate).
constexpr size_t kTurnoversPerEpoch = 8;
// What eviction removes of the entries that are gone anyway, before it looks for others.
constexpr size_t kGoneFirst = 16;
// What a write touches of them. The wheel touches an entry at most five times until it is removed:
// so they do not pile up, however fast entries come and whoever else has no time for them.
constexpr size_t kGoneAWrite = 5;

// Overdue entries that are removed while all shards are locked, of each.
constexpr size_t kMostLate = 16;

// Marsaglia's xorshift64 (Journal of Statistical Software 8, 2003).
uint64_t NextRandom(uint64_t* state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

}  // namespace

TimeMs ExpiryOf(std::optional<uint64_t> ttl_ms, TimeMs now) {
  if (!ttl_ms.has_value()) return kNever;
  return *ttl_ms < kNever - now ? now + *ttl_ms : kNever;
}

Shard::~Shard() {
  for (size_t i = 0; i < entries_.capacity(); ++i) {
    if (entries_.at(i) != 0) Unpin(EntryIn(&entries_.at(i)));
  }
  tags_.Drop(SIZE_MAX);
}

void Shard::Attach(const ShardContext* context, size_t index) {
  MutexLock lock(mutex_);
  context_ = context;
  arena_ = &context->arena;
  index_ = index;
  last_version_ = index;  // the first one too tells its shard, whatever the clock shows
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

HashedBytes Shard::Hashed(const Entry* entry) const {
  return {entry->key(), context_->hash(entry->key(), context_->seed)};
}

Shard::Slot* Shard::SlotOf(const HashedBytes& key) {
  return entries_.Find(PlaceOf(key.hash), [&](Ref ref) {
    return SameBytes(arena_->At<Entry>(ref)->key(), key.bytes);
  });
}

Shard::Slot* Shard::SlotWith(const Entry* entry) {
  const Ref self = arena_->RefOf(entry);
  return entries_.Find(PlaceOf(Hashed(entry).hash), [&](Ref ref) { return ref == self; });
}

void Shard::PrefetchEntry(uint64_t hash) {
  entries_.Find(PlaceOf(hash), [&](Ref ref) {
    const char* entry = arena_->At<char>(ref);
    __builtin_prefetch(entry, 1);
    __builtin_prefetch(entry + 64);
    return true;
  });
}

Shard::Slot* Shard::FindLive(const HashedBytes& key, TimeMs now, Removed* removed) {
  Slot* slot = SlotOf(key);
  if (slot == nullptr) return nullptr;
  Entry* entry = EntryIn(slot);
  if (!IsGone(entry, now)) return slot;
  CountGone(entry, now);
  Remove(slot, removed);
  return nullptr;
}

void Shard::CountGone(Entry* entry, TimeMs now) {
  ++(tags_.IsDead(entry) || !entry->IsOver(now) ? reclaimed_ : expired_);
}

EntryRef Shard::Hit(Slot* slot) {
  const Slot hit = Heat::Hit(*slot, epoch_);
  if (hit != *slot) *slot = hit;
  Entry* entry = EntryIn(slot);
  entry->Pin();
  return EntryRef(entry);
}

uint64_t Shard::NextVersion(TimeMs now) {
  constexpr unsigned kShardBits = 8;
  last_version_ = std::max(last_version_ + (uint64_t{1} << kShardBits), now << 24 | index_);
  return last_version_;
}

// Tells the budget what the tables take.
void Shard::Account() {
  const size_t bytes = entries_.bytes() + tags_.bytes() + leases_.bytes();
  if (bytes > accounted_) arena_->budget().Add(bytes - accounted_);
  if (bytes < accounted_) arena_->budget().Remove(accounted_ - bytes);
  accounted_ = bytes;
}

void Shard::Publish(Slot* slot, const HashedBytes& key, Entry* entry, TimeMs now,
                    Removed* removed) {
  entry->set_version(NextVersion(now));
  wheel_.Add(*arena_, entry, now);
  const Ref ref = arena_->RefOf(entry);
  if (slot == nullptr) {
    entries_.Insert(PlaceOf(key.hash), ref, Heat::New(entry->allocated(), epoch_));
    if (++came_ > entries_.size() * kTurnoversPerEpoch) {
      came_ = 0;
      ++epoch_;
    }
  } else {
    Take(EntryIn(slot), removed);
    EntryTable::Replace(slot, ref);
    *slot = Heat::Resize(*slot, entry->allocated());
  }
  Account();
}

// Ends all that leads to the entry but its slot.
void Shard::Take(Entry* entry, Removed* removed) {
  tags_.Unlink(entry);
  wheel_.Remove(*arena_, entry);
  removed->Add(*arena_, entry);
}

void Shard::Remove(Slot* slot, Removed* removed) {
  Take(EntryIn(slot), removed);
  entries_.Erase(slot);
  entries_.Shrink();
  Account();
}

EntryRef Shard::Get(const HashedBytes& key, TimeMs now) {
  Removed removed;
  MutexLock lock(mutex_);
  Slot* slot = FindLive(key, now, &removed);
  return slot == nullptr ? EntryRef() : Hit(slot);
}

void Shard::MultiGet(const KeysOfShard& keys, TimeMs now, std::span<EntryRef> out) {
  Removed removed;
  MutexLock lock(mutex_);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i + kEntriesAhead < keys.size()) PrefetchEntry(keys[i + kEntriesAhead].hash);
    Slot* slot = FindLive(keys[i], now, &removed);
    out[keys.which[i]] = slot == nullptr ? EntryRef() : Hit(slot);
  }
}

// Whether the write may go on, given what is there.
Outcome Shard::Allowed(const Draft& draft, WriteMode mode, const Slot* slot) {
  switch (mode) {
    case WriteMode::kPut:
      if (draft.token == 0) return Outcome::kOk;
      if (!context_->clock.Gave(draft.token) || context_->stamps.Flushed(draft.token) ||
          leases_.Overtaken(draft.key, draft.token)) {
        return Outcome::kStaleToken;
      }
      for (const HashedBytes& tag : draft.tags) {
        if (context_->stamps.Overtaken(tag.hash, draft.token)) return Outcome::kStaleToken;
      }
      return Outcome::kOk;
    case WriteMode::kAdd:
      return slot == nullptr ? Outcome::kOk : Outcome::kExists;
    case WriteMode::kReplace:
      return slot == nullptr ? Outcome::kNotFound : Outcome::kOk;
    case WriteMode::kCompareAndSet:
    case WriteMode::kAppend:
    case WriteMode::kPrepend:
      if (slot == nullptr) return Outcome::kNotFound;
      return EntryIn(slot)->version() == draft.version ? Outcome::kOk : Outcome::kVersionMismatch;
  }
  return Outcome::kOk;
}

// An entry that is over or dead.
void Shard::TakeOut(Entry* entry, TimeMs now, Removed* removed) {
  CountGone(entry, now);
  Remove(SlotWith(entry), removed);
}

// Of those that are over and of the dead ones, each. How many bytes they had.
size_t Shard::RemoveGone(size_t most, TimeMs now, Removed* removed) {
  size_t freed = 0;
  const auto remove = [&](Entry* entry) NO_THREAD_SAFETY_ANALYSIS {
    freed += entry->allocated();
    TakeOut(entry, now, removed);
  };
  wheel_.Advance(*arena_, now, most, remove);
  for (size_t i = 0; i < most && tags_.any_dying(); ++i) {
    remove(arena_->At<Entry>(tags_.LinkAt(tags_.dying()->first)->entry));
  }
  return freed;
}

Outcome Shard::PutLocked(Draft& draft, WriteMode mode, TimeMs now, Removed* removed, Woken* woken) {
  Slot* slot = FindLive(draft.key, now, removed);
  Outcome outcome = draft.refused;
  // What is refused for its size is refused whatever is there, but a plain put under a token that
  // is stale leaves what is there alone.
  if (outcome == Outcome::kOk || draft.token != 0) {
    const Outcome allowed = Allowed(draft, mode, slot);
    if (allowed == Outcome::kStaleToken) leases_.Refused(draft.key, draft.token, now, woken);
    if (allowed != Outcome::kOk) return allowed;
  }
  if (outcome == Outcome::kOk && draft.entry != nullptr) {
    Entry* entry = draft.entry.get();
    const bool keeps = mode == WriteMode::kAppend || mode == WriteMode::kPrepend;
    bool ready = true;
    // The new entry is tagged before the old one is untagged: a tag both bear keeps its node.
    if (keeps) {
      entry->set_expires(EntryIn(slot)->expires());
      tags_.LinkLike(entry, EntryIn(slot));
    } else {
      ready = tags_.Link(entry, draft.tags);
    }
    if (ready && (slot != nullptr || entries_.Reserve())) {
      Publish(slot, draft.key, draft.entry.release(), now, removed);
      leases_.Written(draft.key, context_->clock, woken);
      return Outcome::kOk;
    }
    tags_.Unlink(entry);
    outcome = Outcome::kOutOfMemory;
  }
  // What was to be replaced is not served on: a refused put removes it, and so does one that
  // expires at once.
  if (slot != nullptr && (mode == WriteMode::kPut || outcome == Outcome::kOk)) {
    Remove(slot, removed);
    leases_.Written(draft.key, context_->clock, woken);
  } else if (mode == WriteMode::kPut) {
    leases_.Written(draft.key, context_->clock, woken);
  }
  return outcome;
}

Outcome Shard::Put(Draft& draft, WriteMode mode, TimeMs now) {
  Removed removed;
  Woken woken;
  MutexLock lock(mutex_);
  RemoveGone(kGoneAWrite, now, &removed);
  return PutLocked(draft, mode, now, &removed, &woken);
}

void Shard::MultiPut(std::span<const uint32_t> which, std::span<Draft> drafts, TimeMs now,
                     std::span<Outcome> outcomes, Removed* removed) {
  Woken woken;
  MutexLock lock(mutex_);
  RemoveGone(kGoneAWrite * which.size(), now, removed);
  for (size_t at = 0; at < which.size(); ++at) {
    if (at + kEntriesAhead < which.size())
      PrefetchEntry(drafts[which[at + kEntriesAhead]].key.hash);
    const uint32_t i = which[at];
    outcomes[i] = PutLocked(drafts[i], WriteMode::kPut, now, removed, &woken);
  }
}

Shard::Current Shard::Read(const HashedBytes& key, TimeMs now) {
  Removed removed;
  MutexLock lock(mutex_);
  Slot* slot = FindLive(key, now, &removed);
  if (slot == nullptr) return {};
  Current current;
  current.version = EntryIn(slot)->version();
  current.tags = EntryIn(slot)->tag_count;
  current.entry = Hit(slot);
  return current;
}

bool Shard::DeleteLocked(const HashedBytes& key, TimeMs now, Removed* removed, Woken* woken) {
  Slot* slot = FindLive(key, now, removed);
  if (slot != nullptr) Remove(slot, removed);
  leases_.Written(key, context_->clock, woken);
  return slot != nullptr;
}

bool Shard::Delete(const HashedBytes& key, TimeMs now) {
  Removed removed;
  Woken woken;
  MutexLock lock(mutex_);
  return DeleteLocked(key, now, &removed, &woken);
}

Outcome Shard::CompareAndDelete(const HashedBytes& key, uint64_t version, TimeMs now) {
  Removed removed;
  Woken woken;
  MutexLock lock(mutex_);
  Slot* slot = FindLive(key, now, &removed);
  if (slot == nullptr) return Outcome::kNotFound;
  if (EntryIn(slot)->version() != version) return Outcome::kVersionMismatch;
  Remove(slot, &removed);
  leases_.Written(key, context_->clock, &woken);
  return Outcome::kOk;
}

uint64_t Shard::MultiDelete(const KeysOfShard& keys, TimeMs now) {
  Removed removed;
  Woken woken;
  MutexLock lock(mutex_);
  uint64_t deleted = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i + kEntriesAhead < keys.size()) PrefetchEntry(keys[i + kEntriesAhead].hash);
    deleted += DeleteLocked(keys[i], now, &removed, &woken);
  }
  return deleted;
}

bool Shard::DeleteEntry(const HashedBytes& key, const Entry* entry, TimeMs now) {
  Removed removed;
  Woken woken;
  MutexLock lock(mutex_);
  Slot* slot = FindLive(key, now, &removed);
  if (slot == nullptr || EntryIn(slot) != entry) return false;
  Remove(slot, &removed);
  leases_.Written(key, context_->clock, &woken);
  return true;
}

bool Shard::Exists(const HashedBytes& key, TimeMs now) {
  Removed removed;
  MutexLock lock(mutex_);
  return FindLive(key, now, &removed) != nullptr;
}

void Shard::TouchLocked(Slot* slot, const HashedBytes& key, std::optional<uint64_t> ttl_ms,
                        TimeMs now, Removed* removed, Woken* woken) {
  if (ttl_ms == 0) {
    Remove(slot, removed);
    leases_.Written(key, context_->clock, woken);
    return;
  }
  Entry* entry = EntryIn(slot);
  wheel_.Remove(*arena_, entry);
  entry->set_expires(ExpiryOf(ttl_ms, now));
  wheel_.Add(*arena_, entry, now);
}

bool Shard::Touch(const HashedBytes& key, std::optional<uint64_t> ttl_ms, TimeMs now) {
  Removed removed;
  Woken woken;
  MutexLock lock(mutex_);
  Slot* slot = FindLive(key, now, &removed);
  if (slot == nullptr) return false;
  TouchLocked(slot, key, ttl_ms, now, &removed, &woken);
  return true;
}

EntryRef Shard::GetAndTouch(const HashedBytes& key, std::optional<uint64_t> ttl_ms, TimeMs now) {
  Removed removed;
  Woken woken;
  MutexLock lock(mutex_);
  Slot* slot = FindLive(key, now, &removed);
  if (slot == nullptr) return EntryRef();
  EntryRef entry = Hit(slot);
  TouchLocked(slot, key, ttl_ms, now, &removed, &woken);
  return entry;
}

IncrementResult Shard::Increment(const HashedBytes& key, const CounterIncrement& increment,
                                 std::span<const HashedBytes> tags, TimeMs now) {
  Removed removed;
  Woken woken;
  MutexLock lock(mutex_);
  RemoveGone(kGoneAWrite, now, &removed);
  Slot* slot = FindLive(key, now, &removed);
  int64_t value = increment.initial;
  if (slot != nullptr) {
    const std::optional<int64_t> held = ParseInteger(EntryIn(slot)->value());
    if (!held.has_value()) return {Outcome::kNotAnInteger, 0};
    const std::optional<int64_t> sum = AddIncrement(*held, increment.by, increment.subtract);
    if (!sum.has_value()) return {Outcome::kOverflow, 0};
    value = *sum;
  }
  const Outcome outcome = WriteNumber(key, increment, tags, value, slot, now, &removed);
  if (outcome != Outcome::kOk) return {outcome, 0};
  leases_.Written(key, context_->clock, &woken);
  return {outcome, value};
}

Outcome Shard::WriteNumber(const HashedBytes& key, const CounterIncrement& increment,
                           std::span<const HashedBytes> tags, int64_t value, Slot* slot, TimeMs now,
                           Removed* removed) {
  if (increment.ttl_ms == 0) {
    if (slot != nullptr) Remove(slot, removed);
    return Outcome::kOk;
  }
  Entry* old = slot == nullptr ? nullptr : EntryIn(slot);
  const IntegerText text(value);
  const bool keep_expiry = old != nullptr && !increment.ttl_ms.has_value();
  const TimeMs expires = keep_expiry ? old->expires() : ExpiryOf(increment.ttl_ms, now);
  if (old != nullptr && !increment.tags.has_value() && !old->IsPinned() &&
      (old->bits & Entry::kNumber) != 0) {
    std::memcpy(old->inside_value(), text.view().data(), text.view().size());
    old->value_size = static_cast<uint32_t>(text.view().size());
    old->set_version(NextVersion(now));
    if (!keep_expiry) {
      wheel_.Remove(*arena_, old);
      old->set_expires(expires);
      wheel_.Add(*arena_, old, now);
    }
    return Outcome::kOk;
  }
  const bool keep_tags = old != nullptr && !increment.tags.has_value();
  OwnedEntry entry(NewEntry(*arena_,
                            {.key = key,
                             .value = text.view(),
                             .flags = old != nullptr ? old->flags() : increment.flags,
                             .expires = expires,
                             .number = true,
                             .tags = keep_tags ? old->tag_count : tags.size()},
                            true));
  if (entry == nullptr) return Outcome::kOutOfMemory;
  if (keep_tags) tags_.LinkLike(entry.get(), old);
  if ((!keep_tags && !tags_.Link(entry.get(), tags)) || (slot == nullptr && !entries_.Reserve())) {
    tags_.Unlink(entry.get());
    return Outcome::kOutOfMemory;
  }
  Publish(slot, key, entry.release(), now, removed);
  return Outcome::kOk;
}

std::optional<EntryMeta> Shard::Meta(const HashedBytes& key, TimeMs now) {
  Removed removed;
  MutexLock lock(mutex_);
  const Slot* slot = FindLive(key, now, &removed);
  if (slot == nullptr) return std::nullopt;
  Entry* entry = EntryIn(slot);
  EntryMeta meta;
  if (entry->expires() != kNever) meta.ttl_left_ms = entry->expires() - now;
  // A caller whose clock is read before another's write may be behind it.
  const TimeMs written = entry->version() >> 24;
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
  Removed removed;
  MutexLock lock(mutex_);
  LeaseAnswer answer;
  EntryRef stale;
  if (Slot* slot = SlotOf(key)) {
    Entry* entry = EntryIn(slot);
    if (!IsGone(entry, now)) {
      answer.value = Hit(slot);
      return answer;
    }
    entry->Pin();
    stale = EntryRef(entry);
    CountGone(entry, now);
    Remove(slot, &removed);
  }
  answer = leases_.Ask(key, ask, std::move(stale), context_->clock, now);
  Account();
  return answer;
}

bool Shard::CancelWait(const HashedBytes& key, Waiter* waiter) {
  MutexLock lock(mutex_);
  return leases_.Cancel(key, waiter);
}

void Shard::EndLeases(uint64_t holder, TimeMs now) {
  Woken woken;
  MutexLock lock(mutex_);
  leases_.EndHolder(holder, now, &woken);
}

size_t Shard::Reclaim(size_t budget, TimeMs now, const server::Kill* only) {
  Removed removed;
  MutexLock lock(mutex_);
  size_t reclaimed = 0;
  for (; reclaimed < budget; ++reclaimed) {
    const TagNode* node = tags_.dying();
    if (node == nullptr || (only != nullptr && node->kill != only)) break;
    Entry* entry = arena_->At<Entry>(tags_.LinkAt(node->first)->entry);
    TakeOut(entry, now, &removed);
  }
  return reclaimed;
}

void Shard::ExpireLeases(TimeMs now) {
  Woken woken;
  MutexLock lock(mutex_);
  leases_.Expire(now, &woken);
}

size_t Shard::Expire(size_t budget, TimeMs now) {
  Removed removed;
  Woken woken;
  MutexLock lock(mutex_);
  leases_.Expire(now, &woken);
  return wheel_.Advance(*arena_, now, budget, [&](Entry* entry) NO_THREAD_SAFETY_ANALYSIS {
    TakeOut(entry, now, &removed);
  });
}

bool Shard::ExpireAll(TimeMs now, Removed* removed) {
  const size_t touched =
      wheel_.Advance(*arena_, now, kMostLate,
                     [&](Entry* entry) NO_THREAD_SAFETY_ANALYSIS { TakeOut(entry, now, removed); });
  return touched < kMostLate;
}

// Of some entries from a random place on, the one least worth keeping. Among equals any: a rule
// there makes a loop that does not fit miss always.
Shard::Slot* Shard::LeastWorth() {
  Slot* least = nullptr;
  uint32_t least_worth = 0;
  uint64_t random = NextRandom(&random_);
  size_t i = static_cast<size_t>(random % entries_.capacity());
  for (int samples = 0, equals = 0; samples < kSamples;) {
    if (++i >= entries_.capacity()) i = 0;
    Slot* slot = &entries_.at(i);
    if (*slot == 0) continue;
    ++samples;
    *slot = Heat::Age(*slot, epoch_);
    const uint32_t worth = Heat::Worth(*slot, epoch_);
    if (least != nullptr && worth > least_worth) continue;
    if (least != nullptr && worth == least_worth) {
      if (NextRandom(&random) % static_cast<uint64_t>(++equals + 1) != 0) continue;
    } else {
      equals = 0;
    }
    least = slot;
    least_worth = worth;
  }
  return least;
}

size_t Shard::Evict(size_t bytes, TimeMs now) {
  Removed removed;
  MutexLock lock(mutex_);
  size_t freed = RemoveGone(kGoneFirst, now, &removed);
  while (freed < bytes && entries_.size() > 0) {
    Slot* slot = LeastWorth();
    Entry* entry = EntryIn(slot);
    freed += entry->allocated();
    if (IsGone(entry, now)) {
      CountGone(entry, now);
    } else {
      ++evicted_;
    }
    Remove(slot, &removed);
  }
  return freed;
}

bool Shard::Relocate(Entry* entry) {
  Removed removed;
  MutexLock lock(mutex_);
  Slot* slot = SlotWith(entry);
  // The table's pin and the caller's.
  if (slot == nullptr || entry->pins.load(std::memory_order_acquire) != 2) return false;
  const size_t bytes = Arena::RoundedOf(entry);
  void* memory = arena_->Allocate(ObjectKind::kEntry, bytes, true);
  if (memory == nullptr) return false;
  auto* moved = static_cast<Entry*>(memory);
  // pins apart, which others may read of an object that is not made yet.
  constexpr size_t kPins = offsetof(Entry, pins);
  constexpr size_t kRest = kPins + sizeof entry->pins;
  std::memcpy(static_cast<char*>(memory), entry, kPins);
  std::memcpy(static_cast<char*>(memory) + kRest, reinterpret_cast<char*>(entry) + kRest,
              bytes - kRest);
  wheel_.Moved(*arena_, moved);
  tags_.Moved(moved, entry);
  EntryTable::Replace(slot, arena_->RefOf(moved));
  moved->pins.store(1, std::memory_order_release);
  // What lies outside belongs to the copy.
  entry->bits = static_cast<uint8_t>(entry->bits & ~Entry::kOutside);
  removed.Add(*arena_, entry);
  return true;
}

template <typename Visit>
void Shard::ForEachBearer(std::span<const HashedBytes> tags, TagMatch match,
                          Visit visit) NO_THREAD_SAFETY_ANALYSIS {
  // The next link is read before the visit: the entry it lies in is another one.
  const auto for_each = [&](const TagNode* node, auto each) NO_THREAD_SAFETY_ANALYSIS {
    for (Ref ref = node->first; ref != 0;) {
      const TagLink* link = tags_.LinkAt(ref);
      ref = link->after;
      each(arena_->At<Entry>(link->entry));
    }
  };
  if (match == TagMatch::kAny) {
    for (const HashedBytes& tag : tags) {
      if (const TagNode* node = tags_.Find(tag)) for_each(node, visit);
    }
    return;
  }
  std::vector<const TagNode*> nodes;
  nodes.reserve(tags.size());
  for (const HashedBytes& tag : tags) {
    const TagNode* node = tags_.Find(tag);
    if (node == nullptr) return;
    nodes.push_back(node);
  }
  if (nodes.empty()) return;
  std::swap(nodes.front(), *std::min_element(nodes.begin(), nodes.end(),
                                             [](auto* a, auto* b) { return a->count < b->count; }));
  for_each(nodes.front(), [&](Entry* entry) NO_THREAD_SAFETY_ANALYSIS {
    // The nodes stay while an entry that bears them all does; an entry that goes was the last one
    // of a node only when it was the last that could match.
    if (std::all_of(nodes.begin() + 1, nodes.end(), [&](auto* node) NO_THREAD_SAFETY_ANALYSIS {
          return tags_.Bears(entry, node);
        })) {
      visit(entry);
    }
  });
}

Shard::Count Shard::Kill(const HashedBytes& tag, server::Kill* kill) {
  TagNode* node = tags_.Find(tag);
  if (node == nullptr) return {};
  const Count count = {node->count, node->shared};
  tags_.Die(node, kill);
  ++kills_;
  Account();
  return count;
}

uint64_t Shard::RemoveBearersOfAll(std::span<const HashedBytes> tags, TimeMs now,
                                   Removed* removed) {
  uint64_t live = 0;
  ForEachBearer(tags, TagMatch::kAll, [&](Entry* entry) NO_THREAD_SAFETY_ANALYSIS {
    live += !IsGone(entry, now);
    ++reclaimed_;
    Remove(SlotWith(entry), removed);
  });
  return live;
}

void Shard::Look(std::span<const HashedBytes> tags, std::vector<uint64_t>* seen) {
  for (const HashedBytes& tag : tags) seen->push_back(tags_.Changes(tag.hash));
  seen->push_back(kills_);
}

bool Shard::Bearers(std::span<const HashedBytes> tags, TagMatch match, uint64_t cursor,
                    size_t limit, TimeMs now, std::vector<EntryRef>* pinned) {
  using Found = std::pair<uint64_t, Entry*>;  // the hash, and whose it is
  std::vector<Found> found;
  ForEachBearer(tags, match, [&](Entry* entry) NO_THREAD_SAFETY_ANALYSIS {
    if (IsGone(entry, now)) return;
    const uint64_t hash = Hashed(entry).hash;
    if (hash > cursor) found.emplace_back(hash, entry);
  });
  if (limit == 0) return !found.empty();
  if (match == TagMatch::kAny && tags.size() > 1) {
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
  }
  bool more = false;
  if (found.size() > limit) {
    const auto last = found.begin() + static_cast<ptrdiff_t>(limit - 1);
    std::nth_element(found.begin(), last, found.end());
    const auto end = std::partition(last + 1, found.end(),
                                    [&](const Found& other) { return other.first == last->first; });
    more = end != found.end();
    found.erase(end, found.end());
  }
  std::sort(found.begin(), found.end());
  pinned->reserve(pinned->size() + found.size());
  for (const Found& each : found) {
    each.second->Pin();
    pinned->push_back(EntryRef(each.second));
  }
  return more;
}

void Shard::PinPlaces(uint32_t from, uint32_t to, TimeMs now, std::vector<EntryRef>* pinned) {
  MutexLock lock(mutex_);
  const size_t capacity = entries_.capacity();
  const size_t last_home = entries_.HomeOf(to - 1);
  for (size_t i = entries_.HomeOf(from); i < 2 * capacity; ++i) {
    const size_t index = i < capacity ? i : i - capacity;
    const Slot slot = entries_.at(index);
    if (slot == 0) {
      if (i >= last_home) return;
      continue;
    }
    const uint32_t place = EntryTable::PlaceIn(slot);
    if (place < from || place >= to) continue;
    // A run that goes over the table's end is met at its end, not at the beginning.
    if ((entries_.HomeOf(place) > index) != (i >= capacity)) continue;
    Entry* entry = EntryIn(&slot);
    if (IsGone(entry, now)) continue;
    entry->Pin();
    pinned->push_back(EntryRef(entry));
  }
}

uint32_t Shard::PlacesFor(size_t entries) {
  constexpr uint64_t kPlaces = uint64_t{1} << EntryTable::kPlaceBits;
  MutexLock lock(mutex_);
  if (entries_.size() <= entries) return kPlaces;
  return static_cast<uint32_t>(std::max<uint64_t>(1, entries * kPlaces / entries_.size()));
}

uint64_t Shard::Flush(Grave* grave, Woken* woken) {
  grave->tags.Attach(arena_, &context_->registry);
  entries_.Swap(grave->entries);
  tags_.Swap(grave->tags);
  wheel_.Clear();
  leases_.Flush(woken);
  ++kills_;
  Account();
  return grave->entries.size() - grave->tags.dead();
}

uint64_t Shard::HitsOf(const HashedBytes& tag, size_t looked) {
  MutexLock lock(mutex_);
  const TagNode* node = tags_.Find(tag);
  if (node == nullptr) return 0;
  uint64_t hits = 0;
  size_t count = 0;
  for (Ref ref = node->first; ref != 0 && count < looked; ++count) {
    const TagLink* link = tags_.LinkAt(ref);
    ref = link->after;
    hits += Heat::Hits(*SlotWith(arena_->At<Entry>(link->entry)), epoch_);
  }
  return hits * node->count / count;
}

void Shard::AddTo(StoreStats* stats) const {
  MutexLock lock(mutex_);
  stats->items += entries_.size() - std::min<uint64_t>(entries_.size(), tags_.dead());
  stats->expired += expired_;
  stats->evicted += evicted_;
  stats->reclaimed += reclaimed_;
}

}  // namespace tagcache::server
