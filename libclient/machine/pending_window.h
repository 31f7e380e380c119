#ifndef TAGCACHE_LIBCLIENT_MACHINE_PENDING_WINDOW_H_
#define TAGCACHE_LIBCLIENT_MACHINE_PENDING_WINDOW_H_

// The requests of one connection whose reply is not complete, by ID. IDs are handed out one after
// the other, so the window is a ring: slot = ID modulo its size. A look-up costs the same with
// one and with a million of them, and nothing is allocated once the ring has its size.
//
//     slots:   . . [5] [6]  -  [8] [9] . .        - : answered out of turn
//                   ^ first_            ^ next_
//
// Threads: one at a time. Errors: std::bad_alloc when growing.

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "protocol/buffer.h"
#include "protocol/command.h"

namespace tagcache {

struct Pending {
  bool waiting = false;
  protocol::Op op = protocol::Op::kPing;
  bool failing = false;      // frames of an error were seen
  bool last_frame = false;   // all bytes of the reply were received
  uint32_t expected = 0;     // items of a bulk reply
  uint32_t delivered = 0;    // of them, so far
  protocol::Buffer partial;  // bytes of the reply that can not be emitted yet
};

class PendingWindow {
 public:
  // A new slot; its ID is next_id() - 1 afterwards.
  Pending& Push() {
    if (next_ - first_ == slots_.size()) Grow();
    Pending& slot = Slot(next_++);
    slot.waiting = true;
    slot.failing = slot.last_frame = false;
    slot.expected = slot.delivered = 0;
    return slot;
  }
  // nullptr: no such request is outstanding.
  Pending* Find(uint64_t id) {
    if (id < first_ || id >= next_) return nullptr;
    Pending& slot = Slot(id);
    return slot.waiting ? &slot : nullptr;
  }
  // The oldest outstanding request, or nullptr.
  Pending* Front() { return empty() ? nullptr : &Slot(first_); }
  void Release(Pending& slot) {
    assert(slot.waiting);
    slot.waiting = false;
    slot.partial.Release(0);
    while (first_ != next_ && !Slot(first_).waiting) ++first_;
  }
  // Gives memory back after an unusually long exchange.
  void Trim() {
    if (empty() && slots_.size() > kKept) slots_ = std::vector<Pending>();
  }

  bool empty() const { return first_ == next_; }
  uint64_t front_id() const { return first_; }
  uint64_t next_id() const { return next_; }

 private:
  static constexpr size_t kKept = 1024;

  Pending& Slot(uint64_t id) {
    assert(std::has_single_bit(slots_.size()) && next_ - first_ <= slots_.size());
    return slots_[id & (slots_.size() - 1)];
  }
  void Grow() {
    std::vector<Pending> larger(slots_.empty() ? 16 : slots_.size() * 2);
    for (uint64_t id = first_; id != next_; ++id) {
      larger[id & (larger.size() - 1)] = std::move(Slot(id));
    }
    slots_ = std::move(larger);
  }

  std::vector<Pending> slots_;  // a power of two
  uint64_t first_ = 1;          // 0 is the HELLO's
  uint64_t next_ = 1;
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_MACHINE_PENDING_WINDOW_H_
