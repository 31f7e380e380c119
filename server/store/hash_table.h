#ifndef TAGCACHE_SERVER_STORE_HASH_TABLE_H_
#define TAGCACHE_SERVER_STORE_HASH_TABLE_H_

// An open-addressing table from 64-bit hashes to small values: linear probing, and deletion that
// shifts the rest of the run back, so that no slots marked as deleted build up.
//
//   slots_   | hash 8 | value 8 | hash | value | ...        a slot with hash 0 is free
//             ^ home of h is slot h & mask_; four slots share a cache line
//
// The whole hash is in the slot: a lookup goes to what a slot points at only when all 64 bits
// agree, and rehashing never goes there. Bits used here are the low ones; shards use the top ones.
//
// It grows at 3/4 and halves under 1/8, so its memory follows its size in both directions.
//
// Threads: one at a time, except Prefetch. Errors: Reserve returns false when there is no memory;
// Shrink keeps the table as it is then. The constructor may throw std::bad_alloc.

#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>

namespace tagcache::server {

template <typename Value>
class HashTable {
 public:
  struct Slot {
    uint64_t hash;
    Value value;
  };
  static_assert(sizeof(Slot) == 16 && std::is_trivially_copyable_v<Slot>);
  static constexpr size_t kMinSlots = 8;

  HashTable() {
    Slot* slots = NewSlots(kMinSlots);
    if (slots == nullptr) throw std::bad_alloc();
    Set(slots, kMinSlots);
  }
  ~HashTable() { ::operator delete(slots()); }
  HashTable(const HashTable&) = delete;
  HashTable& operator=(const HashTable&) = delete;

  void Swap(HashTable& other) {
    Slot* slots_here = slots();
    const size_t capacity_here = capacity();
    Set(other.slots(), other.capacity());
    other.Set(slots_here, capacity_here);
    std::swap(size_, other.size_);
  }

  size_t size() const { return size_; }
  size_t capacity() const { return mask() + 1; }
  size_t bytes() const { return capacity() * sizeof(Slot); }
  // For iteration: slots 0 to capacity() - 1, those with hash 0 are free.
  Slot& at(size_t index) { return slots()[index]; }

  // The slot with this hash whose value satisfies `same`; nullptr when there is none. Valid until
  // the next Reserve, Erase or Shrink. REQUIRES: hash is not 0.
  template <typename Same>
  Slot* Find(uint64_t hash, Same same) {
    Slot* const all = slots();
    const size_t mask = this->mask();
    for (size_t i = hash & mask; all[i].hash != 0; i = (i + 1) & mask) {
      if (all[i].hash == hash && same(all[i].value)) return &all[i];
    }
    return nullptr;
  }

  // Makes room for one more. false: there is no memory for it.
  bool Reserve() {
    if ((size_ + 1) * 4 <= capacity() * 3) return true;
    // At least one slot stays free, or a lookup would not end.
    return Resize(capacity() * 2) || size_ + 1 < capacity();
  }
  // REQUIRES: Reserve() was true, and hash is not 0.
  void Insert(uint64_t hash, Value value) {
    assert(hash != 0 && size_ + 1 < capacity());
    Put(slots(), mask(), {hash, value});
    ++size_;
  }
  void Erase(Slot* slot) {
    assert(slot->hash != 0 && size_ > 0);
    Slot* const all = slots();
    const size_t mask = this->mask();
    size_t hole = static_cast<size_t>(slot - all);
    for (size_t i = (hole + 1) & mask; all[i].hash != 0; i = (i + 1) & mask) {
      // The slot may move into the hole unless that lies before its home.
      const size_t from_home = (i - all[i].hash) & mask;
      const size_t from_hole = (i - hole) & mask;
      if (from_home < from_hole) continue;
      all[hole] = all[i];
      hole = i;
    }
    all[hole].hash = 0;
    --size_;
  }
  // Gives memory back when the table is sparse.
  void Shrink() {
    while (capacity() > kMinSlots && size_ < capacity() / 8) {
      if (!Resize(capacity() / 2)) return;
    }
  }

  // Brings the home slot of `hash` into the cache. May be called while another thread changes the
  // table: it follows no pointer, and prefetching an address that was freed does nothing.
  void Prefetch(uint64_t hash) const { __builtin_prefetch(slots() + (hash & mask())); }

 private:
  static Slot* NewSlots(size_t capacity) {
    void* memory = ::operator new(capacity * sizeof(Slot), std::nothrow);
    if (memory != nullptr) std::memset(memory, 0, capacity * sizeof(Slot));
    return static_cast<Slot*>(memory);
  }
  static void Put(Slot* all, size_t mask, Slot slot) {
    size_t i = slot.hash & mask;
    while (all[i].hash != 0) i = (i + 1) & mask;
    all[i] = slot;
  }
  bool Resize(size_t capacity) {
    Slot* fresh = NewSlots(capacity);
    if (fresh == nullptr) return false;
    Slot* const old = slots();
    for (size_t i = 0; i <= mask(); ++i) {
      if (old[i].hash != 0) Put(fresh, capacity - 1, old[i]);
    }
    Set(fresh, capacity);
    ::operator delete(old);
    return true;
  }
  Slot* slots() const { return slots_.load(std::memory_order_relaxed); }
  size_t mask() const { return mask_.load(std::memory_order_relaxed); }
  void Set(Slot* slots, size_t capacity) {
    slots_.store(slots, std::memory_order_relaxed);
    mask_.store(capacity - 1, std::memory_order_relaxed);
  }

  // Atomic for Prefetch alone.
  std::atomic<Slot*> slots_{nullptr};
  std::atomic<size_t> mask_{0};
  size_t size_ = 0;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_HASH_TABLE_H_
