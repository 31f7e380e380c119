// Shard: writes, and the invalidation of keys.

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "server/store/integer_text.h"
#include "server/store/shard.h"

namespace tagcache::server {
namespace {

// An epoch of eviction ends when so many times the shard's entries came: with fewer, a scan
// makes the shard forget its hits (profiling/hitratio --simulate).
constexpr size_t kTurnoversPerEpoch = 8;
// How many expired and how many invalidated entries a write removes. The wheel touches an entry at
// most five times until it is removed. So these entries do not pile up, however fast others come,
// even if maintenance never runs.
constexpr size_t kDiscardedPerWrite = 5;
// A step of a batch ends when its entries had so many tags: each may need a node.
constexpr size_t kTagsPerStep = 128;

}  // namespace

uint64_t Shard::NextVersion(TimeMs now) {
  constexpr unsigned kShardBits = 8;
  last_version_ =
      std::max(last_version_ + (uint64_t{1} << kShardBits), now << kVersionTimeShift | index_);
  return last_version_;
}

void Shard::Publish(Slot* slot, const HashedBytes& key, Entry* entry, Step& step) {
  entry->set_version(NextVersion(step.now));
  wheel_.Add(*arena_, entry, step.now);
  const Ref ref = arena_->RefOf(entry);
  if (slot == nullptr) {
    entries_.Insert(PlaceOf(key.hash), ref, Frequency::New(entry->allocated(), epoch_));
    if (++came_ > entries_.size() * kTurnoversPerEpoch) {
      came_ = 0;
      ++epoch_;
    }
  } else {
    Unlink(EntryIn(slot), step);
    EntryTable::Replace(slot, ref);
    *slot = Frequency::Resize(*slot, entry->allocated());
  }
  Account();
}

// Whether the write may go on, given the entry that is there.
Outcome Shard::CheckCondition(const Draft& draft, WriteMode mode, const Slot* slot) {
  switch (mode) {
    case WriteMode::kPut:
      if (draft.token == 0) return Outcome::kOk;
      if (!context_->clock.Issued(draft.token) || context_->stamps.Flushed(draft.token) ||
          leases_.Overtaken(draft.key, draft.token) ||
          context_->prefixes.Overtaken(draft.key.bytes, draft.token)) {
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

// Puts the draft's entry in place. false: there is no memory for its tags or its slot.
bool Shard::PutEntry(Slot* slot, Draft& draft, WriteMode mode, Step& step) {
  Entry* entry = draft.entry.get();
  bool ready = true;
  // The new entry is tagged before the old one is untagged: a tag that both have keeps its node.
  if (mode == WriteMode::kAppend || mode == WriteMode::kPrepend) {
    entry->set_expires(EntryIn(slot)->expires());
    tags_.LinkLike(entry, EntryIn(slot));
  } else {
    ready = tags_.Link(entry, draft.tags);
  }
  if (!ready || (slot == nullptr && !entries_.Reserve())) {
    tags_.Unlink(entry);
    return false;
  }
  Publish(slot, draft.key, draft.entry.release(), step);
  leases_.Written(draft.key, context_->clock, &step.woken);
  return true;
}

Outcome Shard::PutLocked(Draft& draft, WriteMode mode, Step& step) {
  assert((draft.entry == nullptr) == (draft.refused != Outcome::kOk || draft.expires_at_once));
  Slot* slot = FindLive(draft.key, step);
  Outcome outcome = draft.refused;
  // What is refused for its size is refused whatever is there, but a plain put under a stale token
  // leaves alone what is there.
  if (outcome == Outcome::kOk || draft.token != 0) {
    const Outcome condition = CheckCondition(draft, mode, slot);
    if (condition == Outcome::kStaleToken) {
      leases_.Refused(draft.key, draft.token, step.now, &step.woken);
    }
    if (condition != Outcome::kOk) return condition;
  }
  if (draft.entry != nullptr) {
    if (PutEntry(slot, draft, mode, step)) return Outcome::kOk;
    outcome = Outcome::kOutOfMemory;
  }
  // What was to be replaced is not served on: a refused put removes it, and so does a write that
  // expires at once. A refused kPut overtakes the key's lease even where there is no entry.
  if (mode == WriteMode::kPut || (slot != nullptr && outcome == Outcome::kOk)) {
    InvalidateLocked(draft.key, slot, step);
  }
  return outcome;
}

Outcome Shard::Put(Draft& draft, WriteMode mode, TimeMs now) {
  LockedStep step(mutex_, now);
  RemoveExpired(kDiscardedPerWrite, step);
  RemoveInvalidated(kDiscardedPerWrite, step);
  return PutLocked(draft, mode, step);
}

size_t Shard::MultiPut(std::span<const uint32_t> which, std::span<Draft> drafts,
                       std::span<Outcome> outcomes, TimeMs now) {
  LockedStep step(mutex_, now);
  size_t tags = 0;
  for (size_t at = 0; at < which.size(); ++at) {
    if (tags >= kTagsPerStep) return at;
    if (at + kEntriesAhead < which.size()) {
      PrefetchEntry(drafts[which[at + kEntriesAhead]].key.hash);
    }
    const uint32_t i = which[at];
    tags += drafts[i].tags.size();
    RemoveExpired(kDiscardedPerWrite, step);
    RemoveInvalidated(kDiscardedPerWrite, step);
    outcomes[i] = PutLocked(drafts[i], WriteMode::kPut, step);
  }
  return which.size();
}

Shard::Current Shard::Read(const HashedBytes& key, TimeMs now) {
  LockedStep step(mutex_, now);
  Slot* slot = FindLive(key, step);
  if (slot == nullptr) return {};
  Current current;
  current.version = EntryIn(slot)->version();
  current.tags = EntryIn(slot)->tag_count;
  current.entry = Hit(slot);
  return current;
}

bool Shard::HasVersion(const HashedBytes& key, uint64_t version, TimeMs now) {
  LockedStep step(mutex_, now);
  const Slot* slot = FindLive(key, step);
  return slot != nullptr && EntryIn(slot)->version() == version;
}

Outcome Shard::Append(const HashedBytes& key, std::string_view more, WriteMode mode,
                      size_t max_value, TimeMs now) {
  LockedStep step(mutex_, now);
  Slot* slot = FindLive(key, step);
  if (slot == nullptr) return Outcome::kNotFound;
  const Entry* old = EntryIn(slot);
  const std::string_view held = old->value();
  if (held.size() + more.size() > max_value) return Outcome::kValueTooLarge;
  Draft draft;
  draft.key = key;
  draft.version = old->version();
  draft.entry.reset(NewEntry(*arena_,
                             {.key = key,
                              .value = mode == WriteMode::kAppend ? held : more,
                              .more = mode == WriteMode::kAppend ? more : held,
                              .flags = old->flags(),
                              .tags = old->tag_count},
                             true));
  if (draft.entry == nullptr) return Outcome::kOutOfMemory;
  return PutEntry(slot, draft, mode, step) ? Outcome::kOk : Outcome::kOutOfMemory;
}

uint64_t Shard::InvalidateLocked(const HashedBytes& key, Slot* slot, Step& step) {
  const uint64_t number = context_->order.Next();
  if (slot != nullptr) Remove(slot, step);
  leases_.Written(key, context_->clock, &step.woken);
  return number;
}

InvalidationResult Shard::InvalidateKey(const HashedBytes& key, std::optional<uint64_t> version,
                                        TimeMs now) {
  LockedStep step(mutex_, now);
  Slot* slot = FindLive(key, step);
  if (version.has_value()) {
    if (slot == nullptr) return {.outcome = Outcome::kNotFound};
    if (EntryIn(slot)->version() != *version) return {.outcome = Outcome::kVersionMismatch};
  }
  const bool found = slot != nullptr;
  return {.outcome = found ? Outcome::kOk : Outcome::kNotFound,
          .entries = found,
          .number = InvalidateLocked(key, slot, step)};
}

InvalidationResult Shard::InvalidateKeys(const KeysOfShard& keys, TimeMs now) {
  InvalidationResult result;
  LockedStep step(mutex_, now);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i + kEntriesAhead < keys.size()) PrefetchEntry(keys[i + kEntriesAhead].hash);
    Slot* slot = FindLive(keys[i], step);
    result.entries += slot != nullptr;
    result.number = InvalidateLocked(keys[i], slot, step);
  }
  return result;
}

InvalidationResult Shard::InvalidateEntry(const HashedBytes& key, const Entry* entry, TimeMs now) {
  LockedStep step(mutex_, now);
  Slot* slot = FindLive(key, step);
  if (slot == nullptr || EntryIn(slot) != entry) return {.outcome = Outcome::kNotFound};
  return {.entries = 1, .number = InvalidateLocked(key, slot, step)};
}

void Shard::SetExpiry(Entry* entry, TimeMs expires, TimeMs now) {
  wheel_.Remove(*arena_, entry);
  entry->set_expires(expires);
  wheel_.Add(*arena_, entry, now);
}

void Shard::TouchLocked(Slot* slot, const HashedBytes& key, std::optional<uint64_t> ttl_ms,
                        Step& step) {
  if (ttl_ms == 0) {
    InvalidateLocked(key, slot, step);
  } else {
    SetExpiry(EntryIn(slot), ExpiryOf(ttl_ms, step.now), step.now);
  }
}

bool Shard::Touch(const HashedBytes& key, std::optional<uint64_t> ttl_ms, TimeMs now) {
  LockedStep step(mutex_, now);
  Slot* slot = FindLive(key, step);
  if (slot == nullptr) return false;
  TouchLocked(slot, key, ttl_ms, step);
  return true;
}

EntryRef Shard::GetAndTouch(const HashedBytes& key, std::optional<uint64_t> ttl_ms, TimeMs now) {
  LockedStep step(mutex_, now);
  Slot* slot = FindLive(key, step);
  if (slot == nullptr) return EntryRef();
  EntryRef entry = Hit(slot);
  TouchLocked(slot, key, ttl_ms, step);
  return entry;
}

IncrementResult Shard::Increment(const HashedBytes& key, const CounterIncrement& increment,
                                 std::span<const HashedBytes> tags, TimeMs now) {
  LockedStep step(mutex_, now);
  RemoveExpired(kDiscardedPerWrite, step);
  RemoveInvalidated(kDiscardedPerWrite, step);
  Slot* slot = FindLive(key, step);
  int64_t value = increment.initial.value_or(0);
  if (slot == nullptr) {
    if (!increment.initial.has_value()) return {Outcome::kOverflow, 0};
  } else {
    const std::optional<int64_t> held =
        ParseInteger(EntryIn(slot)->value(),
                     increment.lenient ? IntegerForm::kLenient : IntegerForm::kCanonical);
    if (!held.has_value()) return {Outcome::kNotAnInteger, 0};
    const std::optional<int64_t> sum = AddIncrement(*held, increment.by, increment.subtract);
    if (!sum.has_value()) return {Outcome::kOverflow, 0};
    value = *sum;
  }
  const bool sets_ttl = slot == nullptr || !increment.ttl_at_creation;
  if (increment.ttl_ms == 0 && sets_ttl) {
    InvalidateLocked(key, slot, step);
    return {Outcome::kOk, value};
  }
  const Outcome outcome = WriteNumber(key, increment, tags, value, slot, step);
  if (outcome != Outcome::kOk) return {outcome, 0};
  leases_.Written(key, context_->clock, &step.woken);
  return {outcome, value};
}

Outcome Shard::WriteNumber(const HashedBytes& key, const CounterIncrement& increment,
                           std::span<const HashedBytes> tags, int64_t value, Slot* slot,
                           Step& step) {
  Entry* old = slot == nullptr ? nullptr : EntryIn(slot);
  const IntegerText text(value);
  const bool keep_expiry =
      old != nullptr && (!increment.ttl_ms.has_value() || increment.ttl_at_creation);
  const TimeMs expires = keep_expiry ? old->expires() : ExpiryOf(increment.ttl_ms, step.now);
  if (old != nullptr && !increment.tags.has_value() && !old->IsPinned() &&
      (old->bits & Entry::kNumber) != 0) {
    std::memcpy(old->inside_value(), text.view().data(), text.view().size());
    old->value_size = static_cast<uint32_t>(text.view().size());
    old->set_version(NextVersion(step.now));
    if (!keep_expiry) SetExpiry(old, expires, step.now);
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
  Publish(slot, key, entry.release(), step);
  return Outcome::kOk;
}

}  // namespace tagcache::server
