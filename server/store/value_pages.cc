#include "server/store/value_pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace tagcache::server {
namespace {

constexpr size_t kPage = 4096;
// Slots of a doubling: so a slot is at most an eighth larger than what it holds.
constexpr size_t kSteps = 8;
// Addresses, or as many as the system gives. Where they run out, values are mapped one by one.
constexpr size_t kReserve = size_t{256} << 30;
constexpr size_t kLeastReserve = size_t{64} << 20;
// A size takes addresses for so many bytes at once.
constexpr size_t kStretch = size_t{4} << 20;

// The number of a slot's size, in steps from one page on. REQUIRES: `slot` is Rounded, a slot.
constexpr size_t SizeIndex(size_t slot) {
  const size_t pages = slot / kPage;
  if (pages <= kSteps) return pages;
  const auto doublings = static_cast<size_t>(std::bit_width(pages - 1)) - std::bit_width(kSteps);
  // pages is in (8 << doublings, 16 << doublings], in steps of 1 << doublings.
  return kSteps * doublings + (pages >> doublings);
}

// The slot for a value: at most an eighth larger, and at least whole pages.
size_t SlotFor(size_t bytes) {
  const size_t pages = (bytes + kPage - 1) / kPage;
  if (pages <= kSteps) return pages * kPage;
  const size_t step = std::bit_ceil(pages) / (2 * kSteps);
  return (pages + step - 1) / step * step * kPage;
}

void* Map(size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

ValuePages::ValuePages(size_t kept) : kept_bytes_(kept) {
  static_assert(SizeIndex(kLargestSlot) < kSizes);
  void* mapping = nullptr;
  for (reserved_ = kReserve; reserved_ >= kLeastReserve; reserved_ /= 2) {
    if ((mapping = Map(reserved_)) != nullptr) break;
  }
  if (mapping == nullptr) reserved_ = 0;  // then every value is mapped by itself
  first_ = static_cast<char*>(mapping);
  // A huge page would make memory resident that was given back or never used.
  if (reserved_ > 0) madvise(first_, reserved_, MADV_NOHUGEPAGE);
}

ValuePages::~ValuePages() {
  if (reserved_ > 0) munmap(first_, reserved_);
}

size_t ValuePages::Rounded(size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

bool ValuePages::Pages::Reserve(size_t room) {
  if (room <= room_) return true;
  void* grown = ::operator new(room * sizeof *pages_, std::nothrow);
  if (grown == nullptr) return false;
  if (size_ > 0) std::memcpy(grown, pages_, size_ * sizeof *pages_);
  ::operator delete(pages_);
  pages_ = static_cast<uint32_t*>(grown);
  room_ = room;
  return true;
}

char* ValuePages::Allocate(size_t bytes) {
  if (bytes > kLargestSlot) return static_cast<char*>(Map(Rounded(bytes)));
  const size_t slot = SlotFor(bytes);
  bool full = false;
  char* value = AllocateSlot(sizes_[SizeIndex(slot)], slot, &full);
  return full ? static_cast<char*>(Map(Rounded(bytes))) : value;
}

char* ValuePages::AllocateSlot(Size& size, size_t bytes, bool* full) {
  MutexLock lock(size.mutex);
  uint32_t page;
  if (size.kept.size() > 0) {
    page = size.kept.Pop();
  } else if (size.returned.size() > 0) {
    page = size.returned.Pop();
  } else {
    if (size.fresh == size.fresh_end && !TakeAddresses(size, bytes, full)) return nullptr;
    page = size.fresh;
    size.fresh += static_cast<uint32_t>(bytes / kPage);
  }
  return first_ + size_t{page} * kPage;
}

bool ValuePages::TakeAddresses(Size& size, size_t bytes, bool* full) {
  const size_t slots = kStretch / bytes;
  if (!size.returned.Reserve(std::bit_ceil(size.slots + slots)) ||
      !size.kept.Reserve(kept_bytes_ / bytes)) {
    return false;
  }
  MutexLock lock(addresses_mutex_);
  if (reserved_ - taken_ < slots * bytes) {
    *full = true;
    return false;
  }
  size.slots += slots;
  size.fresh = static_cast<uint32_t>(taken_ / kPage);
  taken_ += slots * bytes;
  size.fresh_end = static_cast<uint32_t>(taken_ / kPage);
  return true;
}

void ValuePages::Free(char* value, size_t bytes) {
  if (!IsSlot(value)) {
    munmap(value, Rounded(bytes));
    return;
  }
  const size_t slot = SlotFor(bytes);
  Size& size = sizes_[SizeIndex(slot)];
  const auto page = static_cast<uint32_t>(static_cast<size_t>(value - first_) / kPage);
  {
    MutexLock lock(size.mutex);
    if ((size.kept.size() + 1) * slot <= kept_bytes_) {
      size.kept.Push(page);
      return;
    }
  }
  // Outside the lock: nobody else knows the slot yet.
  madvise(value, slot, MADV_DONTNEED);
  MutexLock lock(size.mutex);
  size.returned.Push(page);
}

}  // namespace tagcache::server
