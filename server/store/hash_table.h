#ifndef TAGCACHE_SERVER_STORE_HASH_TABLE_H_
#define TAGCACHE_SERVER_STORE_HASH_TABLE_H_

// An open-addressing table from 64-bit hashes to small values: linear probing, and deletion that
// shifts the rest of the run back, so that no slots marked as deleted build up.
//
//   slots_   | hash 8 | value 8 | hash | value | ...        a slot with hash 0 is free
//             ^ home of h is slot h >> shift_; four slots share a cache line
//
// The whole hash is in the slot: a lookup goes to what a slot points at only when all 64 bits
// agree, and rehashing never goes there. Homes are the top bits of the hash, so slots are nearly in
// the order of hashes: a walk in that order visits several tables side by side (tag_ranking.cc).
//
// It grows at 3/4 and halves under 1/8, so its memory follows its size in both directions.
//
// Threads: one at a time. Errors: Reserve returns false when there is no memory;
// Shrink keeps the table as it is then. The constructor may throw std::bad_alloc.

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

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
    slots_ = NewSlots(kMinSlots);
    if (slots_ == nullptr) throw std::bad_alloc();
  }
  ~HashTable() { ::operator delete(slots_); }
  HashTable(const HashTable&) = delete;
  HashTable& operator=(const HashTable&) = delete;

  void Swap(HashTable& other) {
    std::swap(slots_, other.slots_);
    std::swap(shift_, other.shift_);
    std::swap(size_, other.size_);
  }

  size_t size() const { return size_; }
  size_t capacity() const { return size_t{1} << (64 - shift_); }
  size_t bytes() const { return capacity() * sizeof(Slot); }
  // For iteration: slots 0 to capacity() - 1, those with hash 0 are free.
  Slot& at(size_t index) { return slots_[index]; }

  // Calls visit(hash, value) for each slot whose hash is in [first, last].
  template <typename Visit>
  void ForEachBetween(uint64_t first, uint64_t last, Visit visit) const {
    const size_t capacity = this->capacity();
    const size_t last_home = Home(last);
    for (size_t i = Home(first); i < 2 * capacity; ++i) {
      const bool wrapped = i >= capacity;
      const Slot& slot = slots_[wrapped ? i - capacity : i];
      if (slot.hash == 0) {
        if (i >= last_home) return;
        continue;
      }
      // A run that wraps around the table's end is visited there, not at the beginning.
      if (slot.hash < first || slot.hash > last) continue;
      if ((Home(slot.hash) > (wrapped ? i - capacity : i)) == wrapped) visit(slot.hash, slot.value);
    }
  }

  // The slot with this hash whose value satisfies `same`; nullptr when there is none. Valid until
  // the next Reserve, Erase or Shrink. REQUIRES: hash is not 0.
  template <typename Same>
  Slot* Find(uint64_t hash, Same same) {
    Slot* const all = slots_;
    const size_t mask = capacity() - 1;
    for (size_t i = Home(hash); all[i].hash != 0; i = (i + 1) & mask) {
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
    Put(slots_, shift_, {hash, value});
    ++size_;
  }
  void Erase(Slot* slot) {
    assert(slot->hash != 0 && size_ > 0);
    Slot* const all = slots_;
    const size_t mask = capacity() - 1;
    size_t hole = static_cast<size_t>(slot - all);
    for (size_t i = (hole + 1) & mask; all[i].hash != 0; i = (i + 1) & mask) {
      // The slot may move into the hole unless that lies before its home.
      const size_t from_home = (i - Home(all[i].hash)) & mask;
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

 private:
  size_t Home(uint64_t hash) const { return hash >> shift_; }
  static Slot* NewSlots(size_t capacity) {
    void* memory = ::operator new(capacity * sizeof(Slot), std::nothrow);
    if (memory != nullptr) std::memset(memory, 0, capacity * sizeof(Slot));
    return static_cast<Slot*>(memory);
  }
  static void Put(Slot* all, unsigned shift, Slot slot) {
    const size_t mask = (size_t{1} << (64 - shift)) - 1;
    size_t i = slot.hash >> shift;
    while (all[i].hash != 0) i = (i + 1) & mask;
    all[i] = slot;
  }
  bool Resize(size_t capacity) {
    Slot* fresh = NewSlots(capacity);
    if (fresh == nullptr) return false;
    const unsigned shift = ShiftOf(capacity);
    for (size_t i = 0; i < this->capacity(); ++i) {
      if (slots_[i].hash != 0) Put(fresh, shift, slots_[i]);
    }
    ::operator delete(slots_);
    slots_ = fresh;
    shift_ = shift;
    return true;
  }
  static unsigned ShiftOf(size_t capacity) {
    return 64 - static_cast<unsigned>(std::countr_zero(capacity));
  }

  Slot* slots_ = nullptr;
  unsigned shift_ = ShiftOf(kMinSlots);
  size_t size_ = 0;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_HASH_TABLE_H_
