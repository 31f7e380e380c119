#include "server/store/tag_index.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>
#include <utility>

namespace tagcache::server {

void TagIndex::Swap(TagIndex& other) {
  nodes_.Swap(other.nodes_);
  std::swap(tombstones_, other.tombstones_);
  std::swap(invalidated_at_least_, other.invalidated_at_least_);
  std::swap(node_bytes_, other.node_bytes_);
}

bool TagIndex::FreeNodes(FreeBudget* budget) {
  for (; freed_ < nodes_.capacity(); ++freed_) {
    const auto& slot = nodes_.at(freed_);
    if (slot.hash == 0) continue;
    if (budget->spent()) return false;
    budget->Spend(Arena::RoundedOf(slot.value));
    Arena::Free(slot.value);
  }
  while (TagNode* node = tombstone()) {
    if (budget->spent()) return false;
    budget->Spend(Arena::RoundedOf(node));
    tombstones_ = node->after;
    Arena::Free(node);
  }
  return true;
}

TagNode* TagIndex::Find(const HashedBytes& tag) {
  auto* slot =
      nodes_.Find(tag.hash, [&](const TagNode* node) { return node->name() == tag.bytes; });
  return slot == nullptr ? nullptr : slot->value;
}

TagNode* TagIndex::FindOrAdd(const HashedBytes& tag) {
  if (TagNode* node = Find(tag)) return node;
  if (!nodes_.Reserve()) return nullptr;
  void* memory = arena_->Allocate(ObjectKind::kTagNode, sizeof(TagNode) + tag.bytes.size(), true);
  if (memory == nullptr) return nullptr;
  if (!registry_->Add(tag.hash)) {
    Arena::Free(memory);
    return nullptr;
  }
  TagNode* node = new (memory) TagNode{};
  node->hash = tag.hash;
  node->name_size = static_cast<uint32_t>(tag.bytes.size());
  if (!tag.bytes.empty()) std::memcpy(node + 1, tag.bytes.data(), tag.bytes.size());
  nodes_.Insert(tag.hash, node);
  node_bytes_ += Arena::RoundedOf(node);
  return node;
}

void TagIndex::Push(Entry* entry, TagNode* node) {
  assert(node->invalidated == 0);
  TagLink* link = &entry->links()[entry->tag_count++];
  link->entry = arena_->RefOf(entry);
  PushLink(link, node);
}

// At the front of the node's list.
void TagIndex::PushLink(TagLink* link, TagNode* node) {
  const Ref self = arena_->RefOf(link);
  *link = {arena_->RefOf(node), 0, node->first, link->entry};
  if (node->first != 0) LinkAt(node->first)->before = self;
  node->first = self;
}

void TagIndex::RemoveLink(const TagLink& link) {
  if (link.after != 0) LinkAt(link.after)->before = link.before;
  (link.before != 0 ? LinkAt(link.before)->after : NodeOf(link)->first) = link.after;
}

// Adds the entry, whose links are complete, to the counts of its nodes, or subtracts it.
void TagIndex::Count(Entry* entry, int sign) {
  const uint64_t bytes = entry->allocated() * static_cast<uint64_t>(sign);
  for (size_t i = 0; i < entry->tag_count; ++i) {
    TagNode* node = NodeOf(entry->links()[i]);
    assert(sign > 0 || node->count > 0);
    node->count += static_cast<uint32_t>(sign);
    node->bytes += bytes;
    ++changes_[node->hash % changes_.size()];
  }
}

bool TagIndex::Link(Entry* entry, std::span<const HashedBytes> tags) {
  assert(entry->tag_count == 0);
  bool linked = true;
  for (const HashedBytes& tag : tags) {
    TagNode* node = FindOrAdd(tag);
    linked = node != nullptr;
    if (!linked) break;
    // New links go to the front, so a tag that occurs twice finds its entry there.
    if (node->first != 0 && LinkAt(node->first)->entry == arena_->RefOf(entry)) continue;
    Push(entry, node);
  }
  if (entry->tag_count > 0) Count(entry, 1);
  return linked;
}

void TagIndex::LinkLike(Entry* entry, Entry* model) {
  for (size_t i = 0; i < model->tag_count; ++i) Push(entry, NodeOf(model->links()[i]));
  if (entry->tag_count > 0) Count(entry, 1);
}

void TagIndex::Unlink(Entry* entry) {
  if (entry->tag_count == 0) return;
  if (any_invalidated()) CountInvalidated(entry);
  Count(entry, -1);
  for (size_t i = 0; i < entry->tag_count; ++i) {
    const TagLink& link = entry->links()[i];
    TagNode* node = NodeOf(link);
    RemoveLink(link);
    if (node->count == 0) Free(node);
  }
  entry->tag_count = 0;
  assert(any_invalidated() || invalidated_at_least_ == 0);
}

// The number of the first invalidation that reached the entry; 0: none did.
uint64_t TagIndex::FirstInvalidationOf(Entry* entry) const {
  uint64_t first = 0;
  for (size_t i = 0; i < entry->tag_count; ++i) {
    const uint64_t number = NodeOf(entry->links()[i])->invalidated;
    if (number != 0 && (first == 0 || number < first)) first = number;
  }
  return first;
}

void TagIndex::CountInvalidated(Entry* entry) {
  const uint64_t first = FirstInvalidationOf(entry);
  if (first == 0) return;
  if (invalidated_at_least_ > 0) --invalidated_at_least_;
  if (first == latest_.number && !entry->IsExpired(latest_.time)) ++latest_.live;
}

void TagIndex::Moved(Entry* entry, Entry* old) {
  const Ref self = arena_->RefOf(entry);
  for (size_t i = 0; i < entry->tag_count; ++i) {
    TagLink& link = entry->links()[i];
    const Ref ref = arena_->RefOf(&link);
    link.entry = self;
    if (link.after != 0) LinkAt(link.after)->before = ref;
    (link.before != 0 ? LinkAt(link.before)->after : NodeOf(link)->first) = ref;
  }
  old->tag_count = 0;
}

void TagIndex::Invalidate(TagNode* node, uint64_t number, TimeMs now) {
  assert(node->invalidated == 0 && node->count > 0);
  Erase(node);
  // Its entries may be among those that are invalidated already.
  invalidated_at_least_ = std::max<uint64_t>(invalidated_at_least_, node->count);
  PushTombstone(node, number, now);
}

void TagIndex::PushTombstone(TagNode* node, uint64_t number, TimeMs now) {
  assert(number >= latest_.number);
  if (number != latest_.number) latest_ = {number, now, 0};
  node->invalidated = number;
  node->before = 0;
  node->after = tombstones_;
  if (tombstones_ != 0) tombstone()->before = arena_->RefOf(node);
  tombstones_ = arena_->RefOf(node);
  ++changes_[node->hash % changes_.size()];
}

TagNode* TagIndex::MakeTombstone(uint64_t number, TimeMs now) {
  void* memory = arena_->Allocate(ObjectKind::kTagNode, sizeof(TagNode), true);
  if (memory == nullptr) return nullptr;
  TagNode* node = new (memory) TagNode{};
  node_bytes_ += Arena::RoundedOf(node);
  PushTombstone(node, number, now);
  return node;
}

void TagIndex::MoveToTombstone(Entry* entry, TagNode* from, TagNode* tombstone) {
  assert(from->invalidated == 0 && tombstone->invalidated != 0 && IsTagged(entry, from));
  TagLink* link = entry->links();
  while (NodeOf(*link) != from) ++link;
  RemoveLink(*link);
  --from->count;
  from->bytes -= entry->allocated();
  ++changes_[from->hash % changes_.size()];
  PushLink(link, tombstone);
  ++tombstone->count;
  tombstone->bytes += entry->allocated();
  invalidated_at_least_ = std::max<uint64_t>(invalidated_at_least_, tombstone->count);
  if (from->count == 0) Free(from);
}

// Takes the node out of the table.
void TagIndex::Erase(TagNode* node) {
  auto* slot = nodes_.Find(node->hash, [&](const TagNode* other) { return other == node; });
  assert(slot != nullptr);
  nodes_.Erase(slot);
  nodes_.Shrink();
  registry_->Remove(node->hash);
}

void TagIndex::Free(TagNode* node) {
  assert(node->first == 0 && node->bytes == 0);
  if (node->invalidated != 0) {
    if (node->after != 0) arena_->At<TagNode>(node->after)->before = node->before;
    (node->before != 0 ? arena_->At<TagNode>(node->before)->after : tombstones_) = node->after;
  } else {
    Erase(node);
  }
  assert(node_bytes_ >= Arena::RoundedOf(node));
  node_bytes_ -= Arena::RoundedOf(node);
  Arena::Free(node);
}

bool TagIndex::IsTagged(Entry* entry, const TagNode* node) const {
  for (size_t i = 0; i < entry->tag_count; ++i) {
    if (NodeOf(entry->links()[i]) == node) return true;
  }
  return false;
}

}  // namespace tagcache::server
