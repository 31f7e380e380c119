#ifndef TAGCACHE_TESTS_SIMULATION_HISTORY_H_
#define TAGCACHE_TESTS_SIMULATION_HISTORY_H_

// Records what was asked of the cache and when, and decides whether an answer can be true.
//
// Each write, removal and touch is an effect with the interval in which the server may have carried
// it out: from the step of the request to the step of its answer. Without an answer its fate is
// unknown, and the interval stays open until the server's end of the connection is gone.
//
//     W  |-------|            a write, answered
//     D             |-----|   a removal (or a later write), answered
//     R                      |------|   a read: must not return W
//
// A read may return W unless some D lies as drawn: wholly after W and wholly before R. Intervals
// that overlap allow either order. A read that returns W proves that W had happened by then, so it
// closes W's interval. So a sequence of reads must agree on one order.
//
// Steps order everything. Milliseconds of the same clock are for times to live.

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tagcache::simulation {

struct Moment {
  uint64_t step = 0;
  uint64_t ms = 0;
};
inline constexpr Moment kOpen = {std::numeric_limits<uint64_t>::max(),
                                 std::numeric_limits<uint64_t>::max()};

enum class EffectKind : uint8_t { kWrite, kRemoval, kTouch };
enum class Fate : uint8_t { kUnknown, kDone, kNothing };

struct Effect {
  EffectKind kind = EffectKind::kWrite;
  size_t key = 0;
  uint64_t write = 0;  // kWrite: its number
  size_t size = 0;
  uint32_t flags = 0;
  // A bit for each tag. kWrite: the entry's tags. kRemoval: the tags that an entry must have, any
  // or all of them; 0 removes whatever is there.
  uint32_t tags = 0;
  bool all_tags = false;
  std::optional<uint64_t> ttl_ms;
  Moment start;
  Moment end = kOpen;
  Fate fate = Fate::kUnknown;
};

// Empty: the answer can be true. Otherwise the reason why it can not.
using Verdict = std::string;

class History {
 public:
  explicit History(size_t keys) : keys_(keys) {}

  size_t Begin(const Effect& effect) {
    effects_.push_back(effect);
    keys_[effect.key].push_back(effects_.size() - 1);
    return effects_.size() - 1;
  }
  void End(size_t index, Fate fate, Moment now) {
    Effect& effect = effects_[index];
    const bool seen = effect.fate == Fate::kDone;  // by a read, before the answer
    if (!seen || fate == Fate::kNothing) effect.fate = fate;
    if (effect.end.step > now.step) effect.end = now;
  }
  const Effect& effect(size_t index) const { return effects_[index]; }

  // A read of `key` began at `start` and was answered now with the value of `write`.
  Verdict Value(size_t key, uint64_t write, size_t size, Moment start, Moment now) {
    for (const size_t index : keys_[key]) {
      Effect& found = effects_[index];
      if (found.kind != EffectKind::kWrite || found.write != write) continue;
      if (found.size != size) return Describe(found) + " has another size";
      const Verdict verdict = Plausible(found, start);
      if (!verdict.empty()) return verdict;
      if (found.end.step > now.step) found.end = now;
      found.fate = Fate::kDone;
      return "";
    }
    return "write " + std::to_string(write) + " was never made to key " + std::to_string(key);
  }

  // A read of `key` was answered with a miss.
  Verdict Miss(size_t key, Moment start, Moment now) const {
    for (const size_t index : keys_[key]) {
      const Effect& write = effects_[index];
      if (CertainlyThere(write, start, now) && !MayHaveGone(write, now)) {
        return "a miss, but " + Describe(write) + " must be there";
      }
    }
    return "";
  }

  // EXISTS and META found something.
  Verdict Found(size_t key, Moment start) const {
    for (const size_t index : keys_[key]) {
      if (IsPossible(effects_[index], start)) return "";
    }
    return "found, but no write of key " + std::to_string(key) + " can be there";
  }
  Verdict Described(size_t key, size_t size, size_t tag_count, Moment start) const {
    for (const size_t index : keys_[key]) {
      const Effect& write = effects_[index];
      if (write.size == size && CountBits(write.tags) == tag_count && IsPossible(write, start)) {
        return "";
      }
    }
    return "no write of key " + std::to_string(key) + " that can be there is like this";
  }

  // A listing by these tags contained `key`.
  Verdict Listed(size_t key, uint32_t tags, bool all, Moment start) const {
    for (const size_t index : keys_[key]) {
      const Effect& write = effects_[index];
      if (Matches(write.tags, tags, all) && IsPossible(write, start)) return "";
    }
    return "listed, but no write of key " + std::to_string(key) + " with the tag can be there";
  }
  // A complete listing did not contain `key`.
  Verdict NotListed(size_t key, uint32_t tags, bool all, Moment start, Moment now) const {
    for (const size_t index : keys_[key]) {
      const Effect& write = effects_[index];
      if (!CertainlyThere(write, start, now) || !Matches(write.tags, tags, all)) continue;
      if (!MayHaveGone(write, now) && !MayBeReplaced(write)) {
        return "not listed, but " + Describe(write) + " has the tag and must be there";
      }
    }
    return "";
  }

  static std::string Describe(const Effect& effect) {
    return "write " + std::to_string(effect.write) + " of key " + std::to_string(effect.key) +
           " (steps " + std::to_string(effect.start.step) + "-" + EndOf(effect) + ")";
  }

 private:
  static std::string EndOf(const Effect& effect) {
    return effect.end.step == kOpen.step ? "open" : std::to_string(effect.end.step);
  }
  static size_t CountBits(uint32_t bits) { return static_cast<size_t>(__builtin_popcount(bits)); }
  static bool Matches(uint32_t tags, uint32_t wanted, bool all) {
    return all ? (tags & wanted) == wanted : (tags & wanted) != 0;
  }
  static bool Removes(const Effect& removal, const Effect& write) {
    return removal.tags == 0 || Matches(write.tags, removal.tags, removal.all_tags);
  }

  bool IsPossible(const Effect& effect, Moment start) const {
    return effect.kind == EffectKind::kWrite && Plausible(effect, start).empty();
  }

  // Whether a read that began at `start` may see `write`.
  Verdict Plausible(const Effect& write, Moment start) const {
    if (write.fate == Fate::kNothing) return Describe(write) + " was refused";
    bool touched = false;
    for (const size_t index : keys_[write.key]) {
      const Effect& other = effects_[index];
      if (&other == &write || other.fate == Fate::kNothing) continue;
      if (other.kind == EffectKind::kTouch) {
        touched |= other.end.step > write.start.step;
        continue;
      }
      if (other.fate != Fate::kDone || other.start.step <= write.end.step) continue;
      if (other.end.step >= start.step) continue;
      if (other.kind == EffectKind::kWrite) {
        return Describe(write) + " was replaced by " + Describe(other) + " before the read";
      }
      if (Removes(other, write)) {
        return Describe(write) + " was removed in steps " + std::to_string(other.start.step) + "-" +
               EndOf(other) + ", before the read";
      }
    }
    const bool answered = write.end.step != kOpen.step;
    if (write.ttl_ms && answered && !touched && start.ms >= write.end.ms + *write.ttl_ms) {
      return Describe(write) + " had expired before the read";
    }
    return "";
  }

  // `write` was carried out before `start` and has not expired by now.
  static bool CertainlyThere(const Effect& write, Moment start, Moment now) {
    return write.kind == EffectKind::kWrite && write.fate == Fate::kDone &&
           write.end.step < start.step &&
           (!write.ttl_ms || now.ms < write.start.ms + *write.ttl_ms);
  }
  static bool MayFollow(const Effect& other, const Effect& write) {
    return other.fate != Fate::kNothing && other.end.step > write.start.step;
  }
  // Whether anything may have removed the value of `write`, or of a later write to its key.
  bool MayHaveGone(const Effect& write, Moment now) const {
    for (const size_t index : keys_[write.key]) {
      const Effect& other = effects_[index];
      if (&other == &write || !MayFollow(other, write)) continue;
      switch (other.kind) {
        case EffectKind::kTouch:
          return true;
        case EffectKind::kWrite:
          if (other.ttl_ms && now.ms >= other.start.ms + *other.ttl_ms) return true;
          break;
        case EffectKind::kRemoval:
          if (MayRemoveFrom(other, write)) return true;
          break;
      }
    }
    return false;
  }
  bool MayRemoveFrom(const Effect& removal, const Effect& write) const {
    if (Removes(removal, write)) return true;
    for (const size_t index : keys_[write.key]) {
      const Effect& other = effects_[index];
      if (other.kind == EffectKind::kWrite && MayFollow(other, write) && Removes(removal, other)) {
        return true;
      }
    }
    return false;
  }
  bool MayBeReplaced(const Effect& write) const {
    for (const size_t index : keys_[write.key]) {
      const Effect& other = effects_[index];
      if (&other != &write && other.kind == EffectKind::kWrite && MayFollow(other, write)) {
        return true;
      }
    }
    return false;
  }

  std::vector<Effect> effects_;
  std::vector<std::vector<size_t>> keys_;  // indices of a key's effects
};

// A counter of the cache. Its value starts at `residue`, and increments are multiples of kStride,
// so no two counters ever have the same value.
class CounterHistory {
 public:
  static constexpr int64_t kStride = 1000;

  explicit CounterHistory(int64_t residue) : residue_(residue) {}

  size_t Begin(int64_t by, Moment start) {
    increments_.push_back({by, start, kOpen, Fate::kUnknown});
    return increments_.size() - 1;
  }
  void End(size_t index, Fate fate, Moment now) {
    increments_[index].fate = fate;
    increments_[index].end = now;
  }

  Verdict Incremented(size_t index, int64_t result, Moment now) {
    Increment& increment = increments_[index];
    if (!seen_.insert(result).second) return "two increments came to " + std::to_string(result);
    const Verdict verdict = Check(result, increment.start, increment.by);
    End(index, Fate::kDone, now);
    Remember(result, now);
    return verdict;
  }
  Verdict Read(int64_t value, Moment start, Moment now) {
    const Verdict verdict = Check(value, start, 0);
    Remember(value, now);
    return verdict;
  }

 private:
  struct Increment {
    int64_t by;
    Moment start;
    Moment end;
    Fate fate;
  };
  struct Seen {
    int64_t value;
    Moment at;
  };

  Verdict Check(int64_t value, Moment start, int64_t own) const {
    const std::string subject =
        "counter " + std::to_string(residue_) + " at " + std::to_string(value);
    if (value % kStride != residue_) return subject + ": the number of another counter";
    int64_t least = residue_ + own;
    int64_t most = residue_;
    for (const Increment& increment : increments_) {
      if (increment.fate == Fate::kNothing) continue;
      most += increment.by;
      if (increment.fate == Fate::kDone && increment.end.step < start.step) least += increment.by;
    }
    if (value < least) return subject + ": an increment that was answered before is not in it";
    if (value > most) return subject + ": more than all increments together";
    for (const Seen& seen : seen_at_) {
      if (seen.at.step < start.step && seen.value + own > value) {
        return subject + ": it was " + std::to_string(seen.value) + " before";
      }
    }
    return "";
  }
  void Remember(int64_t value, Moment now) { seen_at_.push_back({value, now}); }

  int64_t residue_;
  std::vector<Increment> increments_;
  std::vector<Seen> seen_at_;
  std::set<int64_t> seen_;
};

}  // namespace tagcache::simulation

#endif  // TAGCACHE_TESTS_SIMULATION_HISTORY_H_
