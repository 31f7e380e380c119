#ifndef TAGCACHE_SERVER_STORE_ARENA_H_
#define TAGCACHE_SERVER_STORE_ARENA_H_

// The memory of entries and tag nodes: a range of addresses, cut into slabs, each slab into objects
// of one size. An object is named by a Ref of 32 bits, its offset in units of 8 bytes, which takes
// half the room of a pointer. A store that may hold more than one range has an arena for each group
// of neighbouring shards: what lies in a shard refers to nothing outside it, so a Ref means an
// object of its shard's arena.
//
//   base_   slab 0     slab 1     slab 2     ...                     32 GiB of addresses, reserved;
//   |------|----------|----------|----------|--------- ...           memory comes with the first
//   use
//           (never    | header   |
//            used)    | object   |    64 KiB a slab; all its objects have one size and one kind
//                     | object   |
//                     | ...      |
//
// Sizes are multiples of 8 up to 512 bytes, within 7 % of each other up to 4 KiB and within 13 %
// above, so an object wastes little. An empty slab may serve any size again. Beyond a small reserve
// ReturnIdle returns the memory of empty slabs to the system: not at once, as that is a system call
// for each, which on some machines stops the other cores. A sparse slab is emptied by moving its
// entries (store_upkeep.cc).
//
// Threads: any. Locks: a size's lock, and under it the pool's; nothing is locked under those.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "server/store/memory_budget.h"
#include "server/store/mutex.h"
#include "server/store/value_pages.h"

namespace tagcache::server {

using Ref = uint32_t;  // 0: none
// Refs below this name no object; lists use them for their heads.
inline constexpr Ref kFirstRef = 8192;

class Arena;

inline constexpr size_t kSlabBytes = 64 * 1024;
inline constexpr size_t kLargestObject = 16368;
inline constexpr size_t kObjectSizes = 138;

enum class ObjectKind : uint8_t { kEntry, kTagNode };

struct alignas(64) Slab {
  Arena* arena;
  Slab* previous;  // in the list of its size's slabs with free objects
  Slab* next;
  uint32_t object_bytes;
  uint16_t capacity;
  uint16_t used;
  uint16_t untouched;   // objects that were never used: the last ones
  uint16_t first_free;  // index + 1 of a free object; 0: none
  uint16_t size_class;
  bool listed;
  bool emptying;  // takes no new objects

  char* object(size_t index) { return reinterpret_cast<char*>(this + 1) + index * object_bytes; }
  static Slab* Of(const void* object) {
    return reinterpret_cast<Slab*>(reinterpret_cast<uintptr_t>(object) & ~(kSlabBytes - 1));
  }
};
static_assert(sizeof(Slab) == 64);

class Arena {
 public:
  // The most that Refs can name, bytes.
  static constexpr size_t kMostBytes = size_t{32} << 30;

  // Reserves so many addresses, or fewer where the system does not give them. Throws std::bad_alloc
  // where it gives none. REQUIRES: addresses are at most kMostBytes; budget and values outlive
  // this.
  Arena(MemoryBudget& budget, ValuePages& values, size_t addresses = kMostBytes);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // nullptr: there is no memory, or it would need another slab, which exceeds the budget. `urgent`
  // may exceed the budget. REQUIRES: bytes is 1 to kLargestObject.
  void* Allocate(ObjectKind kind, size_t bytes, bool urgent);
  static void Free(void* object) { Of(object).Free(std::span(&object, 1)); }
  // Frees objects of this arena. Neighbours in the list that have one size cost one lock.
  void Free(std::span<void* const> objects);
  // The size of the object that `bytes` are rounded up to.
  static size_t Rounded(size_t bytes);
  static size_t RoundedOf(const void* object) { return Slab::Of(object)->object_bytes; }

  template <typename T>
  T* At(Ref ref) const {
    return reinterpret_cast<T*>(base_ + uint64_t{ref} * 8);
  }
  Ref RefOf(const void* object) const {
    return static_cast<Ref>((static_cast<const char*>(object) - base_) / 8);
  }
  MemoryBudget& budget() { return budget_; }
  ValuePages& values() { return values_; }  // values outside their entries
  // Bytes of slabs in use, and of the objects in them.
  struct Bytes {
    size_t slabs = 0;
    size_t objects = 0;
  };
  Bytes Used();
  // Bytes of free slabs that are resident; the budget does not count them.
  size_t idle_bytes();
  // Returns the memory of up to `most` free slabs to the system, except for a reserve. Returns how
  // many.
  size_t ReturnIdle(size_t most);
  // The arena an object lies in.
  static Arena& Of(const void* object) { return *Slab::Of(object)->arena; }

  // Chooses a slab of entries to be emptied because its objects fit into others of its size. It
  // gets no new objects until Emptied. nullptr: no size has at least `spare` of its objects free,
  // in 1/100, and room in other slabs for what is in this one. One at a time.
  Slab* BeginEmptying(unsigned spare);
  void Emptied(Slab* slab);

 private:
  struct alignas(64) SizeClass {
    Mutex mutex;
    Slab* partial GUARDED_BY(mutex) = nullptr;
    size_t slabs GUARDED_BY(mutex) = 0;
    size_t capacity GUARDED_BY(mutex) = 0;      // objects a slab
    size_t object_bytes GUARDED_BY(mutex) = 0;  // of each
    size_t free GUARDED_BY(mutex) = 0;          // objects
  };
  static constexpr size_t kKinds = 2;

  void FreeObject(SizeClass& size, Slab* slab, void* object) REQUIRES(size.mutex);
  Slab* TakeSlab(bool urgent);
  void GiveSlab(Slab* slab);
  static void List(SizeClass& size, Slab* slab) REQUIRES(size.mutex);
  static void Unlist(SizeClass& size, Slab* slab) REQUIRES(size.mutex);

  MemoryBudget& budget_;
  ValuePages& values_;
  char* mapping_ = nullptr;
  char* base_ = nullptr;
  size_t reserved_slabs_ = 0;
  std::array<SizeClass, kObjectSizes * kKinds> sizes_;
  std::atomic<size_t> emptying_from_{0};

  Mutex pool_mutex_;
  Slab* pool_ GUARDED_BY(pool_mutex_) = nullptr;  // free and resident
  size_t pooled_ GUARDED_BY(pool_mutex_) = 0;
  // Free and not resident: their numbers.
  uint32_t* returned_ GUARDED_BY(pool_mutex_) = nullptr;
  size_t returned_count_ GUARDED_BY(pool_mutex_) = 0;
  size_t returned_room_ GUARDED_BY(pool_mutex_) = 0;
  size_t returning_ GUARDED_BY(pool_mutex_) = 0;  // on their way there
  size_t next_slab_ GUARDED_BY(pool_mutex_) = 1;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_ARENA_H_
