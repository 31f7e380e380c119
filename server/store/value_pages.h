#ifndef TAGCACHE_SERVER_STORE_VALUE_PAGES_H_
#define TAGCACHE_SERVER_STORE_VALUE_PAGES_H_

// The memory of values that are too large for a slab: whole pages, in slots of some sizes, out of
// one range of addresses.
//
//   first_  20 KiB slots    72 KiB slots    20 KiB slots    ...          addresses, reserved
//   |------|---|---|---|---|--------|--------|---|---|---|---|---- ...
//   a size gets addresses in stretches, and keeps them for ever
//
// A free slot's memory returns to the system, except for a few of each size that wait to be used
// again. So what one size frees is available at once to any other, in a slab or in a slot. A malloc
// keeps it in its heap between blocks that are still in use: with sizes that change, a heap came to
// hold the whole memory limit, and the entries next to nothing (profiling/churn).
//
// There are plenty of addresses, so those of a size are used again by the same size only. Values
// over kLargestSlot are mapped one by one.
//
// Threads: any. Locks: a size's, and under it that of the addresses; nothing is locked under those.

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

#include "server/store/mutex.h"

namespace tagcache::server {

class ValuePages {
 public:
  // `kept`: bytes of free slots of one size that stay in memory; there are some 40 sizes.
  explicit ValuePages(size_t kept);
  ~ValuePages();
  ValuePages(const ValuePages&) = delete;
  ValuePages& operator=(const ValuePages&) = delete;

  // nullptr: there is no memory. REQUIRES: bytes > 0, here and below.
  char* Allocate(size_t bytes);
  // REQUIRES: `bytes` as it was for Allocate.
  void Free(char* value, size_t bytes);
  // The memory that `bytes` take: whole pages.
  static size_t Rounded(size_t bytes);

  static constexpr size_t kLargestSlot = size_t{1} << 20;

 private:
  // A stack of slots, by their first page.
  class Pages {
   public:
    Pages() = default;
    ~Pages() { ::operator delete(pages_); }
    Pages(const Pages&) = delete;
    Pages& operator=(const Pages&) = delete;
    // false: there is no memory.
    bool Reserve(size_t room);
    size_t size() const { return size_; }
    // REQUIRES: there is room.
    void Push(uint32_t page) { pages_[size_++] = page; }
    // REQUIRES: size() > 0.
    uint32_t Pop() { return pages_[--size_]; }

   private:
    uint32_t* pages_ = nullptr;
    size_t size_ = 0;
    size_t room_ = 0;
  };

  struct alignas(64) Size {
    Mutex mutex;
    Pages kept GUARDED_BY(mutex);          // free slots that are in memory
    Pages returned GUARDED_BY(mutex);      // and those that are not
    size_t slots GUARDED_BY(mutex) = 0;    // all; `returned` has room for each
    uint32_t fresh GUARDED_BY(mutex) = 0;  // the next slot that was never used
    uint32_t fresh_end GUARDED_BY(mutex) = 0;
  };
  static constexpr size_t kSizes = 49;

  // nullptr: there is no memory, or no address left (*full).
  char* AllocateSlot(Size& size, size_t bytes, bool* full);
  bool TakeAddresses(Size& size, size_t bytes, bool* full) REQUIRES(size.mutex);
  bool IsSlot(const char* value) const { return value >= first_ && value < first_ + reserved_; }

  const size_t kept_bytes_;
  char* first_ = nullptr;
  size_t reserved_ = 0;
  std::array<Size, kSizes> sizes_;
  Mutex addresses_mutex_;
  size_t taken_ GUARDED_BY(addresses_mutex_) = 0;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_VALUE_PAGES_H_
