// Shard: expiry, removal of invalidated entries, eviction, and moving entries.

#include <cassert>
#include <cstring>

#include "server/store/shard.h"

namespace tagcache::server {
namespace {

// Entries that eviction chooses among: with more of them it chooses no better (docs/store.md).
constexpr int kSamples = 16;
// How many expired and how many invalidated entries eviction removes before it chooses others.
constexpr size_t kDiscardedFirst = 16;
// How many entries are evicted under one lock, some ten microseconds.
constexpr size_t kEvictedAtOnce = 32;

// Marsaglia's xorshift64 (Journal of Statistical Software 8, 2003).
uint64_t NextRandom(uint64_t* state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

}  // namespace

// Removes expired entries, and moves others in the wheel; returns how many of both.
size_t Shard::RemoveExpired(size_t most, Step& step) {
  return wheel_.Advance(*arena_, step.now, most, [&](Entry* entry) NO_THREAD_SAFETY_ANALYSIS {
    assert(entry->IsExpired(step.now));
    Slot* slot = SlotWith(entry);
    assert(slot != nullptr);
    Discard(slot, step);
  });
}

// Removes invalidated entries; returns how many.
size_t Shard::RemoveInvalidated(size_t most, Step& step) {
  size_t removed = 0;
  for (; removed < most && tags_.any_invalidated(); ++removed) {
    Slot* slot = SlotWith(tags_.FirstInvalidated());
    assert(slot != nullptr);
    Discard(slot, step);
  }
  return removed;
}

Shard::InvalidatedPart Shard::RemoveInvalidatedBy(uint64_t number, size_t most, TimeMs now) {
  LockedStep step(mutex_, now);
  const auto done = [&]() NO_THREAD_SAFETY_ANALYSIS {
    return !tags_.any_invalidated() || tags_.tombstone()->invalidated != number;
  };
  InvalidatedPart part;
  while (part.removed < most && !done()) part.removed += RemoveInvalidated(1, step);
  part.done = done();
  part.live = tags_.LiveUntil(number);
  return part;
}

size_t Shard::RemoveExpiredAndInvalidated(size_t budget, TimeMs now) {
  LockedStep step(mutex_, now);
  leases_.Expire(now, &step.woken);
  const size_t expired = RemoveExpired(budget, step);
  return expired + RemoveInvalidated(budget - expired, step);
}

void Shard::ExpireLeases(TimeMs now) {
  LockedStep step(mutex_, now);
  leases_.Expire(now, &step.woken);
}

// Of some entries from a random place on, the one with the lowest eviction score. Among equals
// it is any one: with a fixed rule, a loop over more keys than fit would miss every time.
Shard::Slot* Shard::EvictionVictim() {
  Slot* lowest = nullptr;
  uint32_t lowest_score = 0;
  uint64_t random = NextRandom(&random_);
  size_t i = static_cast<size_t>(random % entries_.capacity());
  for (int samples = 0, equals = 0; samples < kSamples;) {
    if (++i >= entries_.capacity()) i = 0;
    Slot* slot = &entries_.at(i);
    if (*slot == 0) continue;
    ++samples;
    *slot = Frequency::Decay(*slot, epoch_);
    const uint32_t score = Frequency::EvictionScore(*slot, epoch_);
    if (lowest != nullptr && score > lowest_score) continue;
    if (lowest != nullptr && score == lowest_score) {
      if (NextRandom(&random) % static_cast<uint64_t>(++equals + 1) != 0) continue;
    } else {
      equals = 0;
    }
    lowest = slot;
    lowest_score = score;
  }
  return lowest;
}

size_t Shard::DiscardForRoom(Slot* slot, Step& step) {
  const size_t bytes = EntryIn(slot)->allocated();
  const size_t nodes = tags_.node_bytes();
  Discard(slot, step);
  return bytes + nodes - tags_.node_bytes();
}

size_t Shard::FreeInvalidated(size_t bytes, size_t most, TimeMs now) {
  LockedStep step(mutex_, now);
  size_t freed = 0;
  for (size_t removed = 0; removed < most && freed < bytes && tags_.any_invalidated(); ++removed) {
    Slot* slot = SlotWith(tags_.FirstInvalidated());
    assert(slot != nullptr);
    freed += DiscardForRoom(slot, step);
  }
  return freed;
}

size_t Shard::Evict(size_t bytes, TimeMs now) {
  LockedStep step(mutex_, now);
  RemoveExpired(kDiscardedFirst, step);
  RemoveInvalidated(kDiscardedFirst, step);
  size_t freed = step.removed.bytes();
  for (size_t i = 0; i < kEvictedAtOnce && freed < bytes && entries_.size() > 0; ++i) {
    freed += DiscardForRoom(EvictionVictim(), step);
  }
  return freed;
}

bool Shard::Relocate(Entry* entry) {
  LockedStep step(mutex_, 0);
  Slot* slot = SlotWith(entry);
  // The table's pin and the caller's.
  if (slot == nullptr || entry->pins.load(std::memory_order_acquire) != 2) return false;
  const size_t bytes = Arena::RoundedOf(entry);
  void* memory = arena_->Allocate(ObjectKind::kEntry, bytes, true);
  if (memory == nullptr) return false;
  auto* moved = static_cast<Entry*>(memory);
  // Without pins, which others may read while the object is not complete.
  constexpr size_t kPins = offsetof(Entry, pins);
  constexpr size_t kRest = kPins + sizeof entry->pins;
  std::memcpy(static_cast<char*>(memory), entry, kPins);
  std::memcpy(static_cast<char*>(memory) + kRest, reinterpret_cast<char*>(entry) + kRest,
              bytes - kRest);
  wheel_.Moved(*arena_, moved);
  tags_.Moved(moved, entry);
  EntryTable::Replace(slot, arena_->RefOf(moved));
  moved->pins.store(1, std::memory_order_release);
  // The value outside and the place in the wheel belong to the copy.
  entry->wheel_before = 0;
  entry->bits = static_cast<uint8_t>(entry->bits & ~Entry::kOutside);
  step.removed.Add(entry);
  return true;
}

}  // namespace tagcache::server
