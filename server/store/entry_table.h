#ifndef TAGCACHE_SERVER_STORE_ENTRY_TABLE_H_
#define TAGCACHE_SERVER_STORE_ENTRY_TABLE_H_

// From the hash of a key to its entry, and what eviction knows of it, in 8 bytes a slot:
//
//    63                    32 31              12 11       6 5     3 2     0
//   +------------------------+------------------+----------+-------+-------+
//   | Ref of the entry       | place (20 bits)  | hits     | epoch | size  |
//   +------------------------+------------------+----------+-------+-------+
//
// The place is taken from the hash under the shard's bits, and a slot's home is place * capacity /
// 2^20. So the capacity may be any number: the table grows by a quarter when it is 7/8 full, and
// shrinks when it is less than 2/5 full. A table is rebuilt in order and without reading the
// entries, and slots are nearly in the order of hashes, in which a scan's cursor counts. Linear
// probing; deletion shifts the rest of the run back, so no slot is ever marked as deleted.
//
// A lookup goes to an entry only where all 20 bits agree.
//
// Threads: one at a time, except Prefetch. Errors: Reserve returns false when there is no memory;
// Shrink keeps the table as it is then. The constructor may throw std::bad_alloc.

#include <algorithm>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include "server/store/arena.h"
#include "server/store/memory_budget.h"

namespace tagcache::server {

// How often an entry is accessed, and its size in powers of two: what eviction knows of it, in the
// lowest 12 bits of its slot. Hits are counted since the entry came, and halved once for each epoch
// that passed without one.
class Frequency {
 public:
  static constexpr unsigned kEpochs = 8;
  static constexpr uint32_t kMostHits = 63;

  static uint64_t New(size_t bytes, unsigned epoch) {
    return uint64_t{epoch % kEpochs} << 3 | SizeBits(bytes);
  }
  // The slot after a hit in this epoch.
  static uint64_t Hit(uint64_t slot, unsigned epoch) {
    const uint32_t hits = std::min(Hits(slot, epoch) + 1, kMostHits);
    return (slot & ~uint64_t{0xFF8}) | uint64_t{hits} << 6 | uint64_t{epoch % kEpochs} << 3;
  }
  // The slot's entry was replaced by one of another size.
  static uint64_t Resize(uint64_t slot, size_t bytes) {
    return (slot & ~uint64_t{7}) | SizeBits(bytes);
  }
  static uint32_t Hits(uint64_t slot, unsigned epoch) {
    const unsigned halvings = (epoch - static_cast<unsigned>(slot >> 3)) % kEpochs;
    return (static_cast<uint32_t>(slot >> 6) & kMostHits) >> halvings;
  }
  // The slot with its hits halved up to this epoch. Needed now and then, since the numbers of
  // epochs wrap around after kEpochs.
  static uint64_t Decay(uint64_t slot, unsigned epoch) {
    return (slot & ~uint64_t{0xFF8}) | uint64_t{Hits(slot, epoch)} << 6 |
           uint64_t{epoch % kEpochs} << 3;
  }
  // What a byte of the entry contributes to the hit rate, comparable among slots: hits over size.
  // The entry with the lowest score is evicted.
  static uint32_t EvictionScore(uint64_t slot, unsigned epoch) {
    return (2 * Hits(slot, epoch) + 1) << (7 - (slot & 7));
  }

 private:
  // 0: up to 64 bytes, ... 7: over 4 KiB.
  static uint64_t SizeBits(size_t bytes) {
    const int width = std::bit_width((bytes - 1) / 64);
    return static_cast<uint64_t>(std::min(width, 7));
  }
};

class EntryTable {
 public:
  using Slot = uint64_t;  // 0: free
  static constexpr size_t kMinSlots = 8;
  static constexpr unsigned kPlaceBits = 20;

  EntryTable() {
    Slot* slots = NewSlots(kMinSlots);
    if (slots == nullptr) throw std::bad_alloc();
    Set(slots, kMinSlots);
  }
  ~EntryTable() { ::operator delete(slots()); }
  EntryTable(const EntryTable&) = delete;
  EntryTable& operator=(const EntryTable&) = delete;

  void Swap(EntryTable& other) {
    Slot* slots_here = slots();
    const size_t capacity_here = capacity();
    Set(other.slots(), other.capacity());
    other.Set(slots_here, capacity_here);
    std::swap(size_, other.size_);
  }

  static Ref RefIn(Slot slot) { return static_cast<Ref>(slot >> 32); }
  static uint32_t PlaceIn(Slot slot) { return static_cast<uint32_t>(slot) >> 12; }
  // The bits of a hash that stand for its place, where `shard_bits` at the top choose the shard.
  static uint32_t PlaceOf(uint64_t hash, unsigned shard_bits) {
    return static_cast<uint32_t>((hash << shard_bits) >> (64 - kPlaceBits));
  }

  size_t size() const { return size_; }
  size_t capacity() const { return capacity_.load(std::memory_order_relaxed); }
  size_t bytes() const { return capacity() * sizeof(Slot); }
  Slot& at(size_t index) { return slots()[index]; }
  size_t HomeOf(uint32_t place) const { return Home(place, capacity()); }

  // The slot of this place whose Ref satisfies `same`; nullptr when there is none. Valid until the
  // next Reserve, Erase or Shrink.
  template <typename Same>
  Slot* Find(uint32_t place, Same same) {
    Slot* const all = slots();
    const size_t capacity = this->capacity();
    size_t i = Home(place, capacity);
    while (all[i] != 0) {
      if (PlaceIn(all[i]) == place && same(RefIn(all[i]))) return &all[i];
      if (++i == capacity) i = 0;
    }
    return nullptr;
  }

  // Makes room for one more. false: there is no memory for it.
  bool Reserve() {
    if ((size_ + 1) * 8 <= capacity() * 7) return true;
    // At least one slot stays free, or a lookup would not end.
    return Resize(capacity() + capacity() / 4 + kMinSlots) || size_ + 1 < capacity();
  }
  // REQUIRES: Reserve() was true, ref is not 0.
  void Insert(uint32_t place, Ref ref, uint64_t frequency) {
    assert(ref != 0 && size_ + 1 < capacity());
    Put(slots(), capacity(), uint64_t{ref} << 32 | uint64_t{place} << 12 | frequency);
    ++size_;
  }
  static void Replace(Slot* slot, Ref ref) { *slot = (*slot & UINT32_MAX) | uint64_t{ref} << 32; }
  void Erase(Slot* slot) {
    assert(*slot != 0 && size_ > 0);
    Slot* const all = slots();
    const size_t capacity = this->capacity();
    size_t hole = static_cast<size_t>(slot - all);
    size_t i = hole;
    while (true) {
      if (++i == capacity) i = 0;
      if (all[i] == 0) break;
      // The slot may move into the hole unless that lies before its home.
      const size_t home = Home(PlaceIn(all[i]), capacity);
      if (Distance(home, i, capacity) < Distance(hole, i, capacity)) continue;
      all[hole] = all[i];
      hole = i;
    }
    all[hole] = 0;
    --size_;
  }
  // Gives memory back when the table is sparse.
  void Shrink() {
    if (capacity() > kMinSlots && size_ * 5 < capacity() * 2) {
      Resize(std::max(kMinSlots, size_ + size_ / 4 + 1));
    }
  }

  // Brings the home slot of a place into the cache. May be called while another thread changes the
  // table: it follows no pointer, and prefetching an address that was freed does nothing.
  void Prefetch(uint32_t place) const { __builtin_prefetch(slots() + Home(place, capacity())); }

 private:
  static size_t Home(uint32_t place, size_t capacity) {
    return static_cast<size_t>((uint64_t{place} * capacity) >> kPlaceBits);
  }
  static size_t Distance(size_t from, size_t to, size_t capacity) {
    return to >= from ? to - from : to + capacity - from;
  }
  static Slot* NewSlots(size_t capacity) {
    void* memory = ::operator new(capacity * sizeof(Slot), std::nothrow);
    if (memory != nullptr) std::memset(memory, 0, capacity * sizeof(Slot));
    return static_cast<Slot*>(memory);
  }
  static void Put(Slot* all, size_t capacity, Slot slot) {
    size_t i = Home(PlaceIn(slot), capacity);
    while (all[i] != 0) {
      if (++i == capacity) i = 0;
    }
    all[i] = slot;
  }
  bool Resize(size_t capacity) {
    Slot* fresh = NewSlots(capacity);
    if (fresh == nullptr) return false;
    Slot* const old = slots();
    for (size_t i = 0; i < this->capacity(); ++i) {
      if (old[i] != 0) Put(fresh, capacity, old[i]);
    }
    Set(fresh, capacity);
    ::operator delete(old);
    return true;
  }
  Slot* slots() const { return slots_.load(std::memory_order_relaxed); }
  void Set(Slot* slots, size_t capacity) {
    slots_.store(slots, std::memory_order_relaxed);
    capacity_.store(capacity, std::memory_order_relaxed);
  }

  // Atomic for Prefetch alone.
  std::atomic<Slot*> slots_{nullptr};
  std::atomic<size_t> capacity_{0};
  size_t size_ = 0;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_ENTRY_TABLE_H_
