#include "server/store/tag_index.h"

#include <cstring>
#include <new>
#include <utility>

namespace tagcache::server {

TagIndex::~TagIndex() {
  for (size_t i = 0; i < nodes_.capacity(); ++i) {
    auto& slot = nodes_.at(i);
    if (slot.hash == 0) continue;
    registry_->Remove(slot.hash);
    ::operator delete(slot.value);
  }
}

void TagIndex::Swap(TagIndex& other) {
  nodes_.Swap(other.nodes_);
  std::swap(node_bytes_, other.node_bytes_);
  std::swap(registry_, other.registry_);
}

TagNode* TagIndex::Find(const HashedBytes& tag) {
  auto* slot =
      nodes_.Find(tag.hash, [&](const TagNode* node) { return node->name() == tag.bytes; });
  return slot == nullptr ? nullptr : slot->value;
}

TagNode* TagIndex::FindOrAdd(const HashedBytes& tag) {
  if (TagNode* node = Find(tag)) return node;
  if (!nodes_.Reserve()) return nullptr;
  void* memory = ::operator new(sizeof(TagNode) + tag.bytes.size(), std::nothrow);
  if (memory == nullptr) return nullptr;
  if (!registry_->Add(tag.hash)) {
    ::operator delete(memory);
    return nullptr;
  }
  TagNode* node =
      new (memory) TagNode{nullptr, tag.hash, 0, static_cast<uint32_t>(tag.bytes.size())};
  if (!tag.bytes.empty()) std::memcpy(node + 1, tag.bytes.data(), tag.bytes.size());
  nodes_.Insert(tag.hash, node);
  node_bytes_ += node->allocated();
  return node;
}

void TagIndex::Push(Entry* entry, TagNode* node) {
  TagLink* link = &entry->links()[entry->tag_count++];
  *link = {node, nullptr, node->first, entry};
  if (node->first != nullptr) node->first->previous = link;
  node->first = link;
  ++node->count;
}

bool TagIndex::Link(Entry* entry, std::span<const HashedBytes> tags) {
  for (const HashedBytes& tag : tags) {
    TagNode* node = FindOrAdd(tag);
    if (node == nullptr) return false;
    // New links go to the front, so a tag that occurs twice finds its entry there.
    if (node->first != nullptr && node->first->entry == entry) continue;
    Push(entry, node);
  }
  return true;
}

void TagIndex::LinkLike(Entry* entry, Entry* model) {
  for (size_t i = 0; i < model->tag_count; ++i) Push(entry, model->links()[i].node);
}

void TagIndex::Unlink(Entry* entry) {
  for (size_t i = 0; i < entry->tag_count; ++i) {
    const TagLink& link = entry->links()[i];
    if (link.next != nullptr) link.next->previous = link.previous;
    (link.previous != nullptr ? link.previous->next : link.node->first) = link.next;
    if (--link.node->count == 0) Free(link.node);
  }
  entry->tag_count = 0;
}

void TagIndex::Free(TagNode* node) {
  nodes_.Erase(nodes_.Find(node->hash, [&](const TagNode* other) { return other == node; }));
  nodes_.Shrink();
  node_bytes_ -= node->allocated();
  registry_->Remove(node->hash);
  ::operator delete(node);
}

bool Bears(Entry* entry, const TagNode* node) {
  for (size_t i = 0; i < entry->tag_count; ++i) {
    if (entry->links()[i].node == node) return true;
  }
  return false;
}

}  // namespace tagcache::server
