#include "server/store/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>

namespace tagcache::server {
namespace {

constexpr size_t kObjectRoom = kSlabBytes - sizeof(Slab);
constexpr size_t kLeastReserve = size_t{64} << 20;
// Free slabs that stay resident.
constexpr size_t kKeptSlabs = 32;

// The object sizes: exact to 8 bytes up to 512, in steps of 1/16 to 1/32 up to 1 KiB, and above
// such that a slab holds a whole number of them.
struct SizeTable {
  std::array<uint16_t, kObjectSizes> bytes{};
  std::array<uint8_t, kLargestObject / 8 + 1> class_of{};  // by size in units of 8, rounded up

  constexpr SizeTable() {
    size_t count = 0;
    for (size_t size = 24; size <= 512; size += 8) bytes[count++] = static_cast<uint16_t>(size);
    for (size_t size = 544; size <= 1024; size += 32) bytes[count++] = static_cast<uint16_t>(size);
    for (size_t a_slab = kObjectRoom / 1032; a_slab >= 4; --a_slab) {
      bytes[count++] = static_cast<uint16_t>(kObjectRoom / a_slab / 8 * 8);
    }
    size_t at = 0;
    for (size_t units = 0; units < class_of.size(); ++units) {
      while (bytes[at] < units * 8) ++at;
      class_of[units] = static_cast<uint8_t>(at);
    }
  }
};
constexpr SizeTable kSizeTable;
static_assert(kSizeTable.bytes[kSizeTable.class_of.back()] >= kLargestObject);

size_t ClassOf(size_t bytes) { return kSizeTable.class_of[(bytes + 7) / 8]; }

uint16_t& NextFree(char* object) { return *reinterpret_cast<uint16_t*>(object); }

}  // namespace

Arena::Arena(MemoryBudget& budget, ValuePages& values, size_t addresses)
    : budget_(budget), values_(values) {
  size_t reserve = addresses / kSlabBytes * kSlabBytes;
  assert(reserve > 0 && reserve <= kMostBytes);
  const size_t least = std::min(reserve, kLeastReserve);
  void* mapping = MAP_FAILED;
  for (; reserve >= least; reserve /= 2) {
    mapping = mmap(nullptr, reserve + kSlabBytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping != MAP_FAILED) break;
  }
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  mapping_ = static_cast<char*>(mapping);
  const auto address = reinterpret_cast<uintptr_t>(mapping);
  base_ = mapping_ + ((address + kSlabBytes - 1) / kSlabBytes * kSlabBytes - address);
  reserved_slabs_ = reserve / kSlabBytes;
  // Huge pages would make memory resident that was given back or never used.
  if (budget_.limit() > 0) madvise(mapping_, reserve + kSlabBytes, MADV_NOHUGEPAGE);
}

Arena::~Arena() {
  const Bytes used = Used();
  assert(used.objects == 0);
  budget_.Remove(used.slabs);
  munmap(mapping_, reserved_slabs_ * kSlabBytes + kSlabBytes);
  std::free(returned_);
}

size_t Arena::Rounded(size_t bytes) { return kSizeTable.bytes[ClassOf(bytes)]; }

void Arena::List(SizeClass& size, Slab* slab) {
  slab->previous = nullptr;
  slab->next = size.partial;
  if (size.partial != nullptr) size.partial->previous = slab;
  size.partial = slab;
  slab->listed = true;
}

void Arena::Unlist(SizeClass& size, Slab* slab) {
  (slab->previous != nullptr ? slab->previous->next : size.partial) = slab->next;
  if (slab->next != nullptr) slab->next->previous = slab->previous;
  slab->listed = false;
}

void* Arena::Allocate(ObjectKind kind, size_t bytes, bool urgent) {
  const size_t size_class = ClassOf(bytes);
  const size_t index = static_cast<size_t>(kind) * kObjectSizes + size_class;
  SizeClass& size = sizes_[index];
  MutexLock lock(size.mutex);
  Slab* slab = size.partial;
  if (slab == nullptr) {
    slab = TakeSlab(urgent);
    if (slab == nullptr) return nullptr;
    // Zeros mean that there is no entry yet (entry.h, pins).
    std::memset(static_cast<void*>(slab), 0, kSlabBytes);
    new (slab) Slab{};
    slab->arena = this;
    slab->object_bytes = kSizeTable.bytes[size_class];
    slab->capacity = static_cast<uint16_t>(kObjectRoom / slab->object_bytes);
    slab->untouched = slab->capacity;
    slab->size_class = static_cast<uint16_t>(index);
    ++size.slabs;
    size.capacity = slab->capacity;
    size.object_bytes = slab->object_bytes;
    size.free += slab->capacity;
    List(size, slab);
  }
  char* object;
  if (slab->first_free != 0) {
    object = slab->object(slab->first_free - 1u);
    slab->first_free = NextFree(object);
  } else {
    object = slab->object(slab->capacity - size_t{slab->untouched});
    --slab->untouched;
  }
  --size.free;
  if (++slab->used == slab->capacity) Unlist(size, slab);
  return object;
}

void Arena::Free(std::span<void* const> objects) {
  while (!objects.empty()) {
    const size_t size_class = Slab::Of(objects[0])->size_class;
    SizeClass& size = sizes_[size_class];
    MutexLock lock(size.mutex);
    do {
      FreeObject(size, Slab::Of(objects[0]), objects[0]);
      objects = objects.subspan(1);
    } while (!objects.empty() && Slab::Of(objects[0])->size_class == size_class);
  }
}

void Arena::FreeObject(SizeClass& size, Slab* slab, void* object) {
  assert(slab->arena == this && slab->used > 0 && size.free < size.slabs * size.capacity);
  assert((static_cast<char*>(object) - slab->object(0)) % slab->object_bytes == 0);
  NextFree(static_cast<char*>(object)) = slab->first_free;
  slab->first_free = static_cast<uint16_t>(
      (static_cast<char*>(object) - slab->object(0)) / slab->object_bytes + 1);
  ++size.free;
  --slab->used;
  if (slab->emptying) return;
  if (!slab->listed) List(size, slab);
  // The last slab of a size stays, so that a size whose only objects come and go costs nothing.
  if (slab->used > 0 || size.partial->next == nullptr) return;
  Unlist(size, slab);
  --size.slabs;
  size.free -= slab->capacity;
  GiveSlab(slab);
}

Slab* Arena::TakeSlab(bool urgent) {
  if (!urgent && !budget_.Fits(kSlabBytes)) return nullptr;
  MutexLock lock(pool_mutex_);
  Slab* slab = nullptr;
  if (pool_ != nullptr) {
    slab = pool_;
    pool_ = slab->next;
    --pooled_;
  } else if (returned_count_ > 0) {
    slab = reinterpret_cast<Slab*>(base_ + size_t{returned_[--returned_count_]} * kSlabBytes);
  } else if (next_slab_ < reserved_slabs_) {
    slab = reinterpret_cast<Slab*>(base_ + next_slab_++ * kSlabBytes);
  } else {
    return nullptr;
  }
  budget_.Add(kSlabBytes);
  return slab;
}

void Arena::GiveSlab(Slab* slab) {
  assert(slab->used == 0);
  budget_.Remove(kSlabBytes);
  MutexLock lock(pool_mutex_);
  slab->next = pool_;
  pool_ = slab;
  ++pooled_;
}

size_t Arena::ReturnIdle(size_t most) {
  size_t returned = 0;
  for (; returned < most; ++returned) {
    Slab* slab;
    {
      MutexLock lock(pool_mutex_);
      if (pooled_ <= kKeptSlabs) break;
      if (returned_count_ + returning_ == returned_room_) {
        const size_t room = std::max<size_t>(1024, returned_room_ * 2);
        void* grown = std::realloc(returned_, room * sizeof *returned_);
        if (grown == nullptr) break;
        returned_ = static_cast<uint32_t*>(grown);
        returned_room_ = room;
      }
      slab = pool_;
      pool_ = slab->next;
      --pooled_;
      ++returning_;
    }
    // The system call takes long, so no lock is held meanwhile.
    madvise(slab, kSlabBytes, MADV_DONTNEED);
    MutexLock lock(pool_mutex_);
    --returning_;
    returned_[returned_count_++] =
        static_cast<uint32_t>((reinterpret_cast<char*>(slab) - base_) / kSlabBytes);
  }
  return returned;
}

size_t Arena::idle_bytes() {
  MutexLock lock(pool_mutex_);
  return pooled_ * kSlabBytes;
}

Arena::Bytes Arena::Used() {
  Bytes used;
  for (SizeClass& size : sizes_) {
    MutexLock lock(size.mutex);
    used.slabs += size.slabs * kSlabBytes;
    used.objects += (size.slabs * size.capacity - size.free) * size.object_bytes;
  }
  return used;
}

Slab* Arena::BeginEmptying(unsigned spare) {
  constexpr size_t kChecked = 32;
  const size_t from = emptying_from_.load(std::memory_order_relaxed);
  for (size_t i = 0; i < kObjectSizes; ++i) {
    const size_t index = (from + i) % kObjectSizes;
    SizeClass& size = sizes_[static_cast<size_t>(ObjectKind::kEntry) * kObjectSizes + index];
    MutexLock lock(size.mutex);
    if (size.partial == nullptr || size.partial->next == nullptr) continue;
    const size_t all = size.slabs * size.partial->capacity;
    if (size.free * 100 < all * spare) continue;
    Slab* sparsest = size.partial;
    size_t checked = 0;
    for (Slab* slab = size.partial; slab != nullptr && checked < kChecked;
         slab = slab->next, ++checked) {
      if (slab->used < sparsest->used) sparsest = slab;
    }
    // The other slabs must have room for what moves out.
    if (size.free - (sparsest->capacity - sparsest->used) < sparsest->used) continue;
    Unlist(size, sparsest);
    sparsest->emptying = true;
    emptying_from_.store(index, std::memory_order_relaxed);
    return sparsest;
  }
  return nullptr;
}

void Arena::Emptied(Slab* slab) {
  SizeClass& size = sizes_[slab->size_class];
  MutexLock lock(size.mutex);
  slab->emptying = false;
  if (slab->used > 0) {
    if (slab->used < slab->capacity) List(size, slab);
    return;
  }
  --size.slabs;
  size.free -= slab->capacity;
  GiveSlab(slab);
}

}  // namespace tagcache::server
