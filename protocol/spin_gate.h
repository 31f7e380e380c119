#ifndef TAGCACHE_PROTOCOL_SPIN_GATE_H_
#define TAGCACHE_PROTOCOL_SPIN_GATE_H_

// Decides whether to spin before sleeping. Spinning that ends in sleep wastes a core: after
// kPatience failures in a row it is skipped, first for a few turns, then for twice as many each
// time it fails again, up to kMostLeftOut. One success resets all of this. So an end whose peer is
// always late spins in less than 2 % of its turns.
//
// Threads: one at a time. No clock, no allocation.

#include <algorithm>
#include <cstdint>

namespace tagcache::protocol {

class SpinGate {
 public:
  static constexpr uint32_t kPatience = 8;
  static constexpr uint32_t kFirstLeftOut = 4;
  static constexpr uint32_t kMostLeftOut = 64;

  // Whether to spin this turn. Report how it ended when the answer was yes.
  bool Open() {
    if (left_out_ == 0) return true;
    --left_out_;
    return false;
  }
  void Report(bool paid) {
    if (paid) {
      failures_ = 0;
      next_ = kFirstLeftOut;
      return;
    }
    if (failures_ < kPatience && ++failures_ < kPatience) return;
    left_out_ = next_;
    next_ = std::min(next_ * 2, kMostLeftOut);
  }

 private:
  uint32_t failures_ = 0;  // in a row
  uint32_t left_out_ = 0;  // turns that are still without spinning
  uint32_t next_ = kFirstLeftOut;
};

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_SPIN_GATE_H_
