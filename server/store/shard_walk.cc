// Shard: calls by tag, and walks through the whole table.

#include <algorithm>
#include <cassert>
#include <utility>

#include "server/store/shard.h"

namespace tagcache::server {

template <typename Visit>
void Shard::ForEachTagged(std::span<const HashedBytes> tags, TagMatch match,
                          Visit visit) NO_THREAD_SAFETY_ANALYSIS {
  // The next link is read before the visit: the entry it lies in is another one.
  const auto for_each = [&](TagNode* node, auto each) NO_THREAD_SAFETY_ANALYSIS {
    for (Ref ref = node->first; ref != 0;) {
      const TagLink* link = tags_.LinkAt(ref);
      ref = link->after;
      each(arena_->At<Entry>(link->entry), node);
    }
  };
  if (match == TagMatch::kAny) {
    for (const HashedBytes& tag : tags) {
      if (TagNode* node = tags_.Find(tag)) for_each(node, visit);
    }
    return;
  }
  std::vector<TagNode*> nodes;
  nodes.reserve(tags.size());
  for (const HashedBytes& tag : tags) {
    TagNode* node = tags_.Find(tag);
    if (node == nullptr) return;
    nodes.push_back(node);
  }
  if (nodes.empty()) return;
  std::swap(nodes.front(), *std::min_element(nodes.begin(), nodes.end(),
                                             [](auto* a, auto* b) { return a->count < b->count; }));
  for_each(nodes.front(), [&](Entry* entry, TagNode* node) NO_THREAD_SAFETY_ANALYSIS {
    // The nodes stay while an entry that has all of their tags does; a visit that removes the last
    // entry of a node has removed the last one that could match.
    if (std::all_of(nodes.begin() + 1, nodes.end(), [&](auto* other) NO_THREAD_SAFETY_ANALYSIS {
          return tags_.IsTagged(entry, other);
        })) {
      visit(entry, node);
    }
  });
}

uint64_t Shard::InvalidateTag(const HashedBytes& tag, uint64_t number, TimeMs now) {
  TagNode* node = tags_.Find(tag);
  if (node == nullptr) return 0;
  tags_.Invalidate(node, number, now);
  ++invalidations_;
  Account();
  return node->count;
}

// Only lists are changed here, with all shards locked: the entries are removed later.
uint64_t Shard::InvalidateTaggedWithAll(std::span<const HashedBytes> tags, uint64_t number,
                                        Step& step) {
  uint64_t live = 0;
  TagNode* tombstone = nullptr;
  ForEachTagged(tags, TagMatch::kAll, [&](Entry* entry, TagNode* node) NO_THREAD_SAFETY_ANALYSIS {
    if (!IsLive(entry, step.now)) return;
    ++live;
    if (tombstone == nullptr) tombstone = tags_.MakeTombstone(number, step.now);
    if (tombstone != nullptr) return tags_.MoveToTombstone(entry, node, tombstone);
    ++reclaimed_;
    Remove(SlotWith(entry), step);
  });
  invalidations_ += live > 0 ? 1 : 0;
  Account();
  return live;
}

void Shard::Flush(FlushedTables* flushed, Step& step) {
  flushed->arena = arena_;
  flushed->tags.Attach(arena_, &context_->registry);
  entries_.Swap(flushed->entries);
  tags_.Swap(flushed->tags);
  wheel_.Clear();
  leases_.Flush(&step.woken);
  ++invalidations_;
  Account();
  assert(entries_.size() == 0 && tags_.nodes().size() == 0 && !tags_.any_invalidated());
}

void Shard::Snapshot(std::span<const HashedBytes> tags, std::vector<uint64_t>* numbers) {
  for (const HashedBytes& tag : tags) numbers->push_back(tags_.Changes(tag.hash));
  numbers->push_back(invalidations_);
}

bool Shard::EntriesTagged(std::span<const HashedBytes> tags, TagMatch match, uint64_t cursor,
                          size_t limit, TimeMs now, std::vector<EntryRef>* pinned) {
  using Found = std::pair<uint64_t, Entry*>;  // with the hash of its key
  std::vector<Found> found;
  ForEachTagged(tags, match, [&](Entry* entry, TagNode*) NO_THREAD_SAFETY_ANALYSIS {
    if (!IsLive(entry, now)) return;
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
    // A run that wraps around the table's end is visited there, not at the beginning.
    if ((entries_.HomeOf(place) > index) != (i >= capacity)) continue;
    Entry* entry = EntryIn(&slot);
    if (!IsLive(entry, now)) continue;
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

size_t Shard::tag_count() const {
  MutexLock lock(mutex_);
  return tags_.nodes().size();
}

void Shard::SumTags(uint64_t first, uint64_t last, std::vector<TagRanking::Sum>* sums) {
  MutexLock lock(mutex_);
  tags_.nodes().ForEachBetween(first, last, [&](uint64_t hash, const TagNode* node) {
    sums->push_back({.hash = hash, .keys = node->count, .bytes = node->bytes});
  });
}

bool Shard::AddHits(uint64_t tag_hash, size_t sample, TagStats* stats) {
  MutexLock lock(mutex_);
  const auto* slot = tags_.nodes().Find(tag_hash, [](const TagNode*) { return true; });
  if (slot == nullptr) return false;
  const TagNode* node = slot->value;
  stats->tag = node->name();
  uint64_t hits = 0;
  size_t count = 0;
  for (Ref ref = node->first; ref != 0 && count < sample; ++count) {
    const TagLink* link = tags_.LinkAt(ref);
    ref = link->after;
    hits += Frequency::Hits(*SlotWith(arena_->At<Entry>(link->entry)), epoch_);
  }
  stats->hits += hits * node->count / count;
  return true;
}

}  // namespace tagcache::server
