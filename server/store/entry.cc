#include "server/store/entry.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <new>
#include <span>

#include "server/store/integer_text.h"

namespace tagcache::server {
namespace {

// How an entry is laid out.
struct Layout {
  size_t value;  // bytes of it
  bool outside;
  size_t inside;  // bytes of the object
};

Layout LayoutOf(const EntryParts& parts) {
  const size_t value = parts.value.size() + parts.more.size();
  const auto inside = [&](size_t room) {
    const size_t end =
        sizeof(Entry) + (parts.flags > UINT16_MAX ? 4 : 0) + parts.key.bytes.size() + room;
    return parts.tags == 0 ? end : (end + 7) / 8 * 8 + parts.tags * sizeof(TagLink);
  };
  const size_t whole = inside(parts.number ? std::max(value, IntegerText::kMaxSize) : value);
  if (value <= kLargestInside && whole <= kLargestObject) return {value, false, whole};
  return {value, true, inside(sizeof(char*))};
}

}  // namespace

size_t Entry::value_room() const {
  if ((bits & kOutside) != 0) return sizeof(char*);
  return (bits & kNumber) != 0 ? std::max<size_t>(value_size, IntegerText::kMaxSize) : value_size;
}

size_t Entry::allocated() const {
  const size_t inside = Arena::RoundedOf(this);
  return (bits & kOutside) != 0 ? inside + ValuePages::Rounded(value_size) : inside;
}

bool Entry::PinIfComplete() {
  uint32_t seen = pins.load(std::memory_order_acquire);
  while ((seen & ~kRemoved) != 0) {
    if (pins.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel)) return true;
  }
  return false;
}

size_t SizeOf(const EntryParts& parts) {
  const Layout layout = LayoutOf(parts);
  return Arena::Rounded(layout.inside) + (layout.outside ? ValuePages::Rounded(layout.value) : 0);
}

Entry* NewEntry(Arena& arena, const EntryParts& parts, bool urgent) {
  const auto [value_size, outside, inside] = LayoutOf(parts);
  char* value = nullptr;
  if (outside) {
    if (!urgent && !arena.budget().Fits(ValuePages::Rounded(value_size))) return nullptr;
    // These pages are fresh: under a limit as many free ones go, where there are any.
    if (arena.budget().limit() > 0) arena.ReturnIdle((value_size + kSlabBytes - 1) / kSlabBytes);
    value = arena.values().Allocate(value_size);
    if (value == nullptr) return nullptr;
  }
  void* memory = arena.Allocate(ObjectKind::kEntry, inside, urgent);
  if (memory == nullptr) {
    if (value != nullptr) arena.values().Free(value, value_size);
    return nullptr;
  }
  Entry* entry = static_cast<Entry*>(memory);
  entry->set_version(0);
  entry->value_size = static_cast<uint32_t>(value_size);
  entry->set_expires(parts.expires);
  entry->wheel_before = 0;
  entry->wheel_after = 0;
  entry->key_size = static_cast<uint16_t>(parts.key.bytes.size());
  entry->flags_low = static_cast<uint16_t>(parts.flags);
  entry->tag_count = 0;
  entry->bits = static_cast<uint8_t>((parts.flags > UINT16_MAX ? Entry::kWideFlags : 0) |
                                     (outside ? Entry::kOutside : 0) |
                                     (parts.number && !outside ? Entry::kNumber : 0));
  if (parts.flags > UINT16_MAX)
    std::memcpy(static_cast<char*>(memory) + sizeof(Entry), &parts.flags, sizeof parts.flags);
  const auto copy = [](char* to, std::string_view from) {
    if (!from.empty()) std::memcpy(to, from.data(), from.size());
  };
  copy(entry->bytes(), parts.key.bytes);
  if (outside) {
    std::memcpy(entry->inside_value(), &value, sizeof value);
    arena.budget().Add(ValuePages::Rounded(value_size));
  } else {
    value = entry->inside_value();
  }
  if (!parts.blank) copy(value, parts.value);
  if (!parts.blank) copy(value + parts.value.size(), parts.more);
  entry->pins.store(1, std::memory_order_release);
  return entry;
}

namespace {

// Frees the value of an entry without pins, if it lies outside; the caller is to free the entry.
void FreeOutside(Entry* entry) {
  if ((entry->bits & Entry::kOutside) == 0) return;
  char* value = const_cast<char*>(entry->value().data());
  Arena& arena = Arena::Of(entry);
  arena.budget().Remove(ValuePages::Rounded(entry->value_size));
  arena.values().Free(value, entry->value_size);
}

// Frees what readers had of an entry that was removed before them; the caller is to free the entry.
void FreeAfterReaders(Entry* entry) {
  Arena::Of(entry).budget().RemovePinned(entry->allocated());
  FreeOutside(entry);
  entry->pins.store(0, std::memory_order_release);
}

// true: the caller is to free the entry.
bool DropReaderPin(Entry* entry) {
  const uint32_t before = entry->pins.fetch_sub(1, std::memory_order_acq_rel);
  assert((before & ~Entry::kRemoved) > 0 && before != 1);
  if (before != (Entry::kRemoved | 1)) return false;
  FreeAfterReaders(entry);
  return true;
}

// true: the caller is to free the entry.
bool DropOwnPin(Entry* entry) {
  uint32_t pins = 1;
  if (entry->pins.compare_exchange_strong(pins, 0, std::memory_order_acq_rel)) {
    FreeOutside(entry);
    return true;
  }
  // Readers have it. It is counted first: the next pin dropped may be the last.
  Arena::Of(entry).budget().AddPinned(entry->allocated());
  const uint32_t before = entry->pins.fetch_add(Entry::kRemoved - 1, std::memory_order_acq_rel);
  assert((before & Entry::kRemoved) == 0);
  if (before != 1) return false;
  FreeAfterReaders(entry);
  return true;
}

}  // namespace

void Unpin(Entry* entry) {
  if (DropReaderPin(entry)) Arena::Free(entry);
}

bool EntryRef::removed() const {
  return (entry_->pins.load(std::memory_order_relaxed) & Entry::kRemoved) != 0;
}

void DropTablePin(Entry* entry) {
  if (DropOwnPin(entry)) Arena::Free(entry);
}

size_t Removed::bytes() const {
  size_t bytes = 0;
  for (const Entry* entry = first_; entry != nullptr; entry = Next(entry)) {
    bytes += entry->allocated();
  }
  return bytes;
}

void Removed::DropPins() {
  std::array<void*, 32> free;
  size_t count = 0;
  while (first_ != nullptr) {
    Entry* entry = first_;
    first_ = Next(entry);
    Arena& arena = Arena::Of(entry);
    if (DropOwnPin(entry)) free[count++] = entry;
    if (count == free.size() || first_ == nullptr || &Arena::Of(first_) != &arena) {
      arena.Free(std::span(free).first(count));
      count = 0;
    }
  }
}

}  // namespace tagcache::server
