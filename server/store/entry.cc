#include "server/store/entry.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace tagcache::server {

size_t Entry::LinksAt(size_t key_size, size_t value_room) {
  constexpr size_t kAlign = alignof(TagLink);
  return (sizeof(Entry) + key_size + value_room + kAlign - 1) / kAlign * kAlign;
}

Entry* NewEntry(const EntryParts& parts) {
  const size_t room = std::max(parts.value_room, parts.value.size());
  const size_t size =
      Entry::LinksAt(parts.key.bytes.size(), room) + parts.tag_slots * sizeof(TagLink);
  void* memory = ::operator new(size, std::nothrow);
  if (memory == nullptr) return nullptr;
  Entry* entry = new (memory) Entry;
  entry->pins.store(1, std::memory_order_relaxed);
  entry->flags = parts.flags;
  entry->hash = parts.key.hash;
  entry->expires = parts.expires;
  entry->written = parts.written;
  entry->version = 0;
  entry->key_size = static_cast<uint32_t>(parts.key.bytes.size());
  entry->value_size = static_cast<uint32_t>(parts.value.size());
  entry->value_room = static_cast<uint32_t>(room);
  entry->tag_slots = static_cast<uint16_t>(parts.tag_slots);
  entry->tag_count = 0;
  char* bytes = entry->bytes();
  if (!parts.key.bytes.empty()) {
    std::memcpy(bytes, parts.key.bytes.data(), parts.key.bytes.size());
  }
  if (!parts.value.empty()) {
    std::memcpy(bytes + parts.key.bytes.size(), parts.value.data(), parts.value.size());
  }
  return entry;
}

void Unpin(Entry* entry) {
  // A last pin needs no read-modify-write: nobody is left who could add or drop another.
  if (entry->pins.load(std::memory_order_acquire) != 1 &&
      entry->pins.fetch_sub(1, std::memory_order_acq_rel) != 1) {
    return;
  }
  entry->~Entry();
  ::operator delete(entry);
}

Removed::~Removed() {
  while (first_ != nullptr) {
    Entry* entry = first_;
    first_ = entry->removed;
    Unpin(entry);
  }
}

std::string_view EntryRef::value() const { return entry_->value(); }

uint32_t EntryRef::flags() const { return entry_->flags; }

void EntryRef::Reset() {
  if (entry_ != nullptr) Unpin(std::exchange(entry_, nullptr));
}

}  // namespace tagcache::server
