#include "server/store/tag_index.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace tagcache::server {

void TagIndex::Swap(TagIndex& other) {
  nodes_.Swap(other.nodes_);
  std::swap(dying_, other.dying_);
  std::swap(dead_, other.dead_);
}

bool TagIndex::Drop(size_t budget) {
  for (; dropped_ < nodes_.capacity(); ++dropped_) {
    const auto& slot = nodes_.at(dropped_);
    if (slot.hash == 0) continue;
    if (budget-- == 0) return false;
    Arena::Free(slot.value);
  }
  while (TagNode* node = dying()) {
    if (budget-- == 0) return false;
    dying_ = node->after;
    node->kill->nodes.fetch_sub(1, std::memory_order_acq_rel);
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
  return node;
}

void TagIndex::Push(Entry* entry, TagNode* node) {
  TagLink* link = &entry->links()[entry->tag_count++];
  const Ref self = arena_->RefOf(link);
  *link = {arena_->RefOf(node), 0, node->first, arena_->RefOf(entry)};
  if (node->first != 0) LinkAt(node->first)->before = self;
  node->first = self;
}

// Adds the entry, whose links are complete, to what its nodes count, or takes it away.
void TagIndex::Count(Entry* entry, int sign) {
  const auto step = static_cast<uint64_t>(sign);
  const uint64_t bytes = entry->allocated() * step;
  const auto shared = static_cast<uint32_t>(entry->tag_count > 1 ? sign : 0);
  for (size_t i = 0; i < entry->tag_count; ++i) {
    TagNode* node = NodeOf(entry->links()[i]);
    node->count += static_cast<uint32_t>(sign);
    node->shared += shared;
    node->bytes += bytes;
    if (node->kill != nullptr) dead_ += step;
    ++changes_[node->hash % changes_.size()];
  }
}

bool TagIndex::Link(Entry* entry, std::span<const HashedBytes> tags) {
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
  if (any_dying()) NoteDeath(entry);
  Count(entry, -1);
  for (size_t i = 0; i < entry->tag_count; ++i) {
    const TagLink& link = entry->links()[i];
    TagNode* node = NodeOf(link);
    if (link.after != 0) LinkAt(link.after)->before = link.before;
    (link.before != 0 ? LinkAt(link.before)->after : node->first) = link.after;
    if (node->count == 0) Free(node);
  }
  entry->tag_count = 0;
}

// An entry died of the earliest kill among its tags', and counts there once, unless it was over.
void TagIndex::NoteDeath(Entry* entry) {
  Kill* earliest = nullptr;
  for (size_t i = 0; i < entry->tag_count; ++i) {
    Kill* kill = NodeOf(entry->links()[i])->kill;
    if (kill != nullptr && (earliest == nullptr || kill->number < earliest->number)) {
      earliest = kill;
    }
  }
  if (earliest == nullptr) return;
  bool counted = entry->IsOver(earliest->time);
  for (size_t i = 0; i < entry->tag_count; ++i) {
    Kill* kill = NodeOf(entry->links()[i])->kill;
    if (kill == nullptr) continue;
    if (kill == earliest && !std::exchange(counted, true)) continue;
    kill->not_counted.fetch_add(1, std::memory_order_relaxed);
  }
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

void TagIndex::Die(TagNode* node, Kill* kill) {
  nodes_.Erase(nodes_.Find(node->hash, [&](const TagNode* other) { return other == node; }));
  nodes_.Shrink();
  registry_->Remove(node->hash);
  node->kill = kill;
  dead_ += node->count;
  kill->nodes.fetch_add(1, std::memory_order_relaxed);
  node->before = 0;
  node->after = dying_;
  if (dying_ != 0) dying()->before = arena_->RefOf(node);
  dying_ = arena_->RefOf(node);
  ++changes_[node->hash % changes_.size()];
}

void TagIndex::Free(TagNode* node) {
  if (node->kill != nullptr) {
    if (node->after != 0) arena_->At<TagNode>(node->after)->before = node->before;
    (node->before != 0 ? arena_->At<TagNode>(node->before)->after : dying_) = node->after;
    node->kill->nodes.fetch_sub(1, std::memory_order_acq_rel);
  } else {
    nodes_.Erase(nodes_.Find(node->hash, [&](const TagNode* other) { return other == node; }));
    nodes_.Shrink();
    registry_->Remove(node->hash);
  }
  Arena::Free(node);
}

bool TagIndex::IsDead(Entry* entry) const {
  if (!any_dying()) return false;
  for (size_t i = 0; i < entry->tag_count; ++i) {
    if (NodeOf(entry->links()[i])->kill != nullptr) return true;
  }
  return false;
}

bool TagIndex::Bears(Entry* entry, const TagNode* node) const {
  for (size_t i = 0; i < entry->tag_count; ++i) {
    if (NodeOf(entry->links()[i]) == node) return true;
  }
  return false;
}

}  // namespace tagcache::server
