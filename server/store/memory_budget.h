#ifndef TAGCACHE_SERVER_STORE_MEMORY_BUDGET_H_
#define TAGCACHE_SERVER_STORE_MEMORY_BUDGET_H_

// What a store holds in memory and what it may hold. Everything that allocates memory by the page
// or by the table is added here; what lies inside a slab is counted with its slab.
//
// Threads: any; the sums are relaxed, as nothing is ordered by them.

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>

namespace tagcache::server {

class MemoryBudget {
 public:
  // limit 0: none.
  explicit MemoryBudget(size_t limit) : limit_(limit) {}
  // REQUIRES: all that was added was removed.
  ~MemoryBudget() { assert(used() == 0 && pinned() == 0); }
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  void Add(size_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void Remove(size_t bytes) {
    [[maybe_unused]] const size_t before = used_.fetch_sub(bytes, std::memory_order_relaxed);
    assert(before >= bytes);
  }
  size_t used() const { return used_.load(std::memory_order_relaxed); }
  size_t limit() const { return limit_; }

  // Bytes of entries that are in no table any more but are still pinned by readers. They are part
  // of used() too.
  void AddPinned(size_t bytes) { pinned_.fetch_add(bytes, std::memory_order_relaxed); }
  void RemovePinned(size_t bytes) {
    [[maybe_unused]] const size_t before = pinned_.fetch_sub(bytes, std::memory_order_relaxed);
    assert(before >= bytes);
  }
  size_t pinned() const { return pinned_.load(std::memory_order_relaxed); }

  // Memory of the process that is not the store's but counts towards the limit.
  void SetOverhead(size_t bytes) { overhead_.store(bytes, std::memory_order_relaxed); }

  // Whether `more` bytes fit. What readers hold has a limit of its own, and costs no entry.
  bool Fits(size_t more) const {
    if (limit_ == 0) return true;
    const size_t all = used();
    const size_t pinned = std::min(this->pinned(), all);
    return all - pinned + overhead_.load(std::memory_order_relaxed) + more <= limit_;
  }

 private:
  const size_t limit_;
  std::atomic<size_t> used_{0};
  std::atomic<size_t> overhead_{0};
  std::atomic<size_t> pinned_{0};
};

// How much of what waits to be freed is to be freed.
struct FreeBudget {
  size_t objects = SIZE_MAX;
  size_t bytes = SIZE_MAX;

  bool spent() const { return objects == 0 || bytes == 0; }
  void Spend(size_t freed) {
    --objects;
    bytes -= std::min(bytes, freed);
  }
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_MEMORY_BUDGET_H_
