#include "server/store/shard.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "server/store/integer_text.h"

namespace tagcache::server {

TimeMs ExpiryOf(std::optional<uint64_t> ttl_ms, TimeMs now) {
  if (!ttl_ms.has_value()) return kNever;
  return *ttl_ms < kNever - 1 - now ? now + *ttl_ms : kNever - 1;
}

Shard::~Shard() {
  for (size_t i = 0; i < entries_.capacity(); ++i) {
    if (entries_.at(i).hash != 0) Unpin(entries_.at(i).value);
  }
}

void Shard::Attach(TagRegistry* registry, size_t index, unsigned shard_bits) {
  MutexLock lock(mutex_);
  tags_.Attach(registry);
  registry_ = registry;
  index_ = index;
  shard_bits_ = shard_bits;
}

void Shard::Prefetch(uint64_t hash) const { entries_.Prefetch(hash); }

Shard::Slot* Shard::SlotOf(const HashedBytes& key) {
  return entries_.Find(key.hash, [&](const Entry* entry) { return entry->key() == key.bytes; });
}

void Shard::PrefetchEntry(uint64_t hash) {
  entries_.Find(hash, [](const Entry* entry) {
    __builtin_prefetch(entry, 1);
    __builtin_prefetch(entry->bytes());
    return true;
  });
}

Shard::Slot* Shard::FindLive(const HashedBytes& key, TimeMs now, Removed* removed) {
  Slot* slot = SlotOf(key);
  if (slot == nullptr || !slot->value->IsOver(now)) return slot;
  ++expired_;
  Remove(slot, removed);
  return nullptr;
}

void Shard::Publish(Slot* slot, Entry* entry, Removed* removed) {
  entry->version = NextVersion();
  entry_bytes_ += entry->allocated();
  if (slot == nullptr) return entries_.Insert(entry->hash, entry);
  Take(slot, removed);
  slot->value = entry;
}

// Ends all that leads to the slot's entry but the slot.
void Shard::Take(Slot* slot, Removed* removed) {
  Entry* entry = slot->value;
  entry_bytes_ -= entry->allocated();
  tags_.Unlink(entry);
  removed->Add(entry);
}

void Shard::Remove(Slot* slot, Removed* removed) {
  Take(slot, removed);
  entries_.Erase(slot);
  entries_.Shrink();
}

bool Shard::RemoveEntry(Entry* entry, TimeMs now, Removed* removed) {
  const bool over = entry->IsOver(now);
  expired_ += over;
  Remove(entries_.Find(entry->hash, [&](const Entry* other) { return other == entry; }), removed);
  return over;
}

EntryRef Shard::Get(const HashedBytes& key, TimeMs now) {
  Removed removed;
  MutexLock lock(mutex_);
  const Slot* slot = FindLive(key, now, &removed);
  if (slot == nullptr) return EntryRef();
  slot->value->Pin();
  return EntryRef(slot->value);
}

void Shard::MultiGet(const KeysOfShard& keys, TimeMs now, std::span<EntryRef> out) {
  Removed removed;
  MutexLock lock(mutex_);
  for (const uint32_t i : keys.which) PrefetchEntry(keys.hashes[i]);
  for (size_t i = 0; i < keys.size(); ++i) {
    const Slot* slot = FindLive(keys[i], now, &removed);
    if (slot != nullptr) slot->value->Pin();
    out[keys.which[i]] = EntryRef(slot == nullptr ? nullptr : slot->value);
  }
}

Outcome Shard::PutLocked(Draft& draft, WriteMode mode, TimeMs now, Removed* removed) {
  Slot* slot = FindLive(draft.key, now, removed);
  Outcome outcome = draft.refused;
  if (outcome == Outcome::kOk && mode == WriteMode::kAdd && slot != nullptr) {
    outcome = Outcome::kExists;
  } else if (outcome == Outcome::kOk && mode == WriteMode::kReplace && slot == nullptr) {
    outcome = Outcome::kNotFound;
  } else if (outcome == Outcome::kOk && draft.entry != nullptr) {
    // The new entry is tagged before the old one is untagged: a tag both bear keeps its node.
    if (tags_.Link(draft.entry.get(), draft.tags) && (slot != nullptr || entries_.Reserve())) {
      Publish(slot, draft.entry.release(), removed);
      return Outcome::kOk;
    }
    tags_.Unlink(draft.entry.get());
    outcome = Outcome::kOutOfMemory;
  }
  // What was to be replaced is not served on: a refused put removes it, and so does one that
  // expires at once.
  if (slot != nullptr && (mode == WriteMode::kPut || outcome == Outcome::kOk)) {
    Remove(slot, removed);
  }
  return outcome;
}

Outcome Shard::Put(Draft& draft, WriteMode mode, TimeMs now) {
  Removed removed;
  MutexLock lock(mutex_);
  return PutLocked(draft, mode, now, &removed);
}

void Shard::MultiPut(std::span<const uint32_t> which, std::span<Draft> drafts, TimeMs now,
                     std::span<Outcome> outcomes) {
  Removed removed;
  MutexLock lock(mutex_);
  for (const uint32_t i : which) PrefetchEntry(drafts[i].key.hash);
  for (const uint32_t i : which) {
    outcomes[i] = PutLocked(drafts[i], WriteMode::kPut, now, &removed);
  }
}

bool Shard::DeleteLocked(const HashedBytes& key, TimeMs now, Removed* removed) {
  Slot* slot = FindLive(key, now, removed);
  if (slot == nullptr) return false;
  Remove(slot, removed);
  return true;
}

bool Shard::Delete(const HashedBytes& key, TimeMs now) {
  Removed removed;
  MutexLock lock(mutex_);
  return DeleteLocked(key, now, &removed);
}

uint64_t Shard::MultiDelete(const KeysOfShard& keys, TimeMs now) {
  Removed removed;
  MutexLock lock(mutex_);
  uint64_t deleted = 0;
  for (const uint32_t i : keys.which) PrefetchEntry(keys.hashes[i]);
  for (size_t i = 0; i < keys.size(); ++i) deleted += DeleteLocked(keys[i], now, &removed);
  return deleted;
}

bool Shard::Exists(const HashedBytes& key, TimeMs now) {
  Removed removed;
  MutexLock lock(mutex_);
  return FindLive(key, now, &removed) != nullptr;
}

bool Shard::Touch(const HashedBytes& key, std::optional<uint64_t> ttl_ms, TimeMs now) {
  Removed removed;
  MutexLock lock(mutex_);
  Slot* slot = FindLive(key, now, &removed);
  if (slot == nullptr) return false;
  if (ttl_ms == 0) {
    Remove(slot, &removed);
  } else {
    slot->value->expires = ExpiryOf(ttl_ms, now);
  }
  return true;
}

StepResult Shard::Increment(const HashedBytes& key, const Step& step,
                            std::span<const HashedBytes> tags, TimeMs now) {
  Removed removed;
  MutexLock lock(mutex_);
  Slot* slot = FindLive(key, now, &removed);
  int64_t value = step.initial;
  if (slot != nullptr) {
    const std::optional<int64_t> held = ParseInteger(slot->value->value());
    if (!held.has_value()) return {Outcome::kNotAnInteger, 0};
    const std::optional<int64_t> sum = AddStep(*held, step.by, step.subtract);
    if (!sum.has_value()) return {Outcome::kOverflow, 0};
    value = *sum;
  }
  const Outcome outcome = WriteNumber(key, step, tags, value, slot, now, &removed);
  return {outcome, outcome == Outcome::kOk ? value : 0};
}

Outcome Shard::WriteNumber(const HashedBytes& key, const Step& step,
                           std::span<const HashedBytes> tags, int64_t value, Slot* slot, TimeMs now,
                           Removed* removed) {
  if (step.ttl_ms == 0) {
    if (slot != nullptr) Remove(slot, removed);
    return Outcome::kOk;
  }
  Entry* old = slot == nullptr ? nullptr : slot->value;
  const IntegerText text(value);
  const bool keep_expiry = old != nullptr && !step.ttl_ms.has_value();
  const TimeMs expires = keep_expiry ? old->expires : ExpiryOf(step.ttl_ms, now);
  if (old != nullptr && !step.tags.has_value() && !old->IsPinned() &&
      text.view().size() <= old->value_room) {
    std::memcpy(old->value_bytes(), text.view().data(), text.view().size());
    old->value_size = static_cast<uint32_t>(text.view().size());
    old->expires = expires;
    old->written = now;
    old->version = NextVersion();
    return Outcome::kOk;
  }
  const bool keep_tags = old != nullptr && !step.tags.has_value();
  OwnedEntry entry(NewEntry({.key = key,
                             .value = text.view(),
                             .flags = old != nullptr ? old->flags : step.flags,
                             .expires = expires,
                             .written = now,
                             .value_room = IntegerText::kMaxSize,
                             .tag_slots = keep_tags ? old->tag_count : tags.size()}));
  if (entry == nullptr) return Outcome::kOutOfMemory;
  if (keep_tags) tags_.LinkLike(entry.get(), old);
  if ((!keep_tags && !tags_.Link(entry.get(), tags)) || (slot == nullptr && !entries_.Reserve())) {
    tags_.Unlink(entry.get());
    return Outcome::kOutOfMemory;
  }
  Publish(slot, entry.release(), removed);
  return Outcome::kOk;
}

std::optional<EntryMeta> Shard::Meta(const HashedBytes& key, TimeMs now) {
  Removed removed;
  MutexLock lock(mutex_);
  const Slot* slot = FindLive(key, now, &removed);
  if (slot == nullptr) return std::nullopt;
  Entry* entry = slot->value;
  EntryMeta meta;
  if (entry->expires != kNever) meta.ttl_left_ms = entry->expires - now;
  // A caller whose clock is read before another's write may be behind it.
  meta.age_ms = now > entry->written ? now - entry->written : 0;
  meta.size = entry->value_size;
  meta.version = entry->version;
  meta.flags = entry->flags;
  meta.tags.reserve(entry->tag_count);
  for (size_t i = 0; i < entry->tag_count; ++i) {
    meta.tags.emplace_back(entry->links()[i].node->name());
  }
  return meta;
}

template <typename Visit>
void Shard::ForEachBearer(std::span<const HashedBytes> tags, TagMatch match, Visit visit) {
  // The next link is read before the visit: the entry it lies in is another one.
  if (match == TagMatch::kAny) {
    for (const HashedBytes& tag : tags) {
      const TagNode* node = tags_.Find(tag);
      if (node == nullptr) continue;
      for (TagLink *link = node->first, *next; link != nullptr; link = next) {
        next = link->next;
        visit(link->entry);
      }
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
  for (TagLink *link = nodes.front()->first, *next; link != nullptr; link = next) {
    next = link->next;
    Entry* entry = link->entry;
    // The nodes stay while an entry that bears them all does; an entry that goes was the last one
    // of a node only when it was the last that could match.
    if (std::all_of(nodes.begin() + 1, nodes.end(),
                    [&](auto* node) { return Bears(entry, node); })) {
      visit(entry);
    }
  }
}

uint64_t Shard::InvalidateTags(std::span<const HashedBytes> tags, TagMatch match, TimeMs now) {
  Removed removed;
  MutexLock lock(mutex_);
  uint64_t live = 0;
  ForEachBearer(tags, match,
                [&](Entry* entry) REQUIRES(mutex_) { live += !RemoveEntry(entry, now, &removed); });
  return live;
}

bool Shard::Bearers(std::span<const HashedBytes> tags, TagMatch match, uint64_t cursor,
                    size_t limit, TimeMs now, std::vector<EntryRef>* pinned) {
  const auto by_hash = [](const Entry* a, const Entry* b) {
    return a->hash != b->hash ? a->hash < b->hash : a < b;
  };
  std::vector<Entry*> found;
  MutexLock lock(mutex_);
  ForEachBearer(tags, match, [&](Entry* entry) {
    if (entry->hash > cursor && !entry->IsOver(now)) found.push_back(entry);
  });
  if (limit == 0) return !found.empty();
  if (match == TagMatch::kAny && tags.size() > 1) {
    std::sort(found.begin(), found.end(), by_hash);
    found.erase(std::unique(found.begin(), found.end()), found.end());
  }
  bool more = false;
  if (found.size() > limit) {
    std::nth_element(found.begin(), found.begin() + (limit - 1), found.end(), by_hash);
    const uint64_t last = found[limit - 1]->hash;
    const auto end = std::partition(found.begin() + limit, found.end(),
                                    [&](const Entry* entry) { return entry->hash == last; });
    more = end != found.end();
    found.erase(end, found.end());
  }
  std::sort(found.begin(), found.end(), by_hash);
  pinned->reserve(pinned->size() + found.size());
  for (Entry* entry : found) {
    entry->Pin();
    pinned->push_back(EntryRef(entry));
  }
  return more;
}

uint64_t Shard::Flush(TimeMs now) {
  HashTable<Entry*> entries;
  TagIndex tags;  // gives its nodes back when it ends
  tags.Attach(registry_);
  {
    MutexLock lock(mutex_);
    entries_.Swap(entries);
    tags_.Swap(tags);
    entry_bytes_ = 0;
    sweep_ = 0;
  }
  // Nobody but pinned readers of bytes knows these entries any more.
  uint64_t live = 0;
  for (size_t i = 0; i < entries.capacity(); ++i) {
    if (entries.at(i).hash == 0) continue;
    Entry* entry = entries.at(i).value;
    live += !entry->IsOver(now);
    Unpin(entry);
  }
  return live;
}

Shard::Sweep Shard::ExpireSome(size_t budget, TimeMs now) {
  Removed removed;
  MutexLock lock(mutex_);
  Sweep sweep;
  while (sweep_ < entries_.capacity() && sweep.looked < budget) {
    Slot* slot = &entries_.at(sweep_);
    if (slot->hash == 0) {
      ++sweep_;
      continue;
    }
    ++sweep.looked;
    if (!slot->value->IsOver(now)) {
      ++sweep_;
      continue;
    }
    // The rest of the run moves back into this slot: look at it again.
    Take(slot, &removed);
    entries_.Erase(slot);
    ++expired_;
    ++sweep.removed;
  }
  entries_.Shrink();
  if (sweep_ >= entries_.capacity()) {
    sweep_ = 0;
    sweep.at_end = true;
  }
  return sweep;
}

void Shard::AddTo(StoreStats* stats) const {
  MutexLock lock(mutex_);
  stats->items += entries_.size();
  stats->memory += entry_bytes_ + entries_.bytes() + tags_.bytes();
  stats->expired += expired_;
}

}  // namespace tagcache::server
