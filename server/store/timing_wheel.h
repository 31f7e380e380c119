#ifndef TAGCACHE_SERVER_STORE_TIMING_WHEEL_H_
#define TAGCACHE_SERVER_STORE_TIMING_WHEEL_H_

// The entries of one shard that expire, by time: a hierarchical timing wheel (Varghese and Lauck,
// SOSP 1987, scheme 7).
//
//   level 0   64 buckets of  1 ms      the next 64 ms
//   level 1   64 buckets of 64 ms      the next  4 s
//   level 2   64 buckets of  4 s       the next  4 min
//   level 3   64 buckets of  4 min     the next  5 h
//   level 4   64 buckets of  5 h       the next 12 days; what is later waits in its last bucket
//
// When the clock comes to a bucket of a higher level its entries move down; so an entry is touched
// at most once a level before it is due, however many others there are, and not in between. A
// bucket is a list through the entries (entry.h, wheel_before and wheel_after). The lowest level is
// as fine as the clock: an Advance that had budget to spare leaves no expired entry.
//
// Threads: belongs to its shard's lock.

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "server/store/entry.h"

namespace tagcache::server {

class TimingWheel {
 public:
  void Add(const Arena& arena, Entry* entry, TimeMs now) {
    if (entry->expires() == kNever) return;
    if (size_ == 0) tick_ = std::max(tick_, now);
    Link(arena, entry, BucketOf(entry->expires()));
    ++size_;
  }
  // An entry that is in no wheel is left alone.
  void Remove(const Arena& arena, Entry* entry) {
    if (entry->wheel_before == 0) return;
    assert(size_ > 0);
    Unlink(arena, entry);
    --size_;
  }
  // For an entry that was copied: `entry` takes the place of the original, whose links it has.
  void Moved(const Arena& arena, Entry* entry);

  // Advances towards `now`: calls expired(entry) for each entry that has expired, which must remove
  // the entry from the wheel, and moves others down. Touches at most `budget` entries; returns how
  // many.
  template <typename Expired>
  size_t Advance(const Arena& arena, TimeMs now, size_t budget, Expired expired);

  // No entry is in it. The clock stays.
  void Clear() {
    heads_.fill(0);
    occupied_.fill(0);
    size_ = 0;
  }
  size_t size() const { return size_; }

 private:
  static constexpr unsigned kLevelBits = 6;  // a level has 64 buckets
  static constexpr unsigned kLevels = 5;
  static constexpr size_t kBuckets = size_t{1} << kLevelBits;
  static_assert(kLevels * kBuckets < kFirstRef);

  size_t BucketOf(TimeMs expires) const;
  void Link(const Arena& arena, Entry* entry, size_t bucket);
  void Unlink(const Arena& arena, Entry* entry);
  TimeMs NextTick() const;
  // Moves down what the clock has come to. false: the budget ended it.
  bool Cascade(const Arena& arena, size_t budget, size_t* touched);

  std::array<Ref, kLevels * kBuckets> heads_{};
  std::array<uint64_t, kLevels> occupied_{};  // a bit for each bucket that is not empty
  size_t size_ = 0;
  TimeMs tick_ = 0;  // all before it is done
};

inline size_t TimingWheel::BucketOf(TimeMs expires) const {
  uint64_t due = std::max(expires, tick_);
  constexpr uint64_t kSpan = uint64_t{1} << (kLevels * kLevelBits);
  for (unsigned level = 0; level < kLevels; ++level) {
    const unsigned shift = level * kLevelBits;
    if ((due >> shift) - (tick_ >> shift) < kBuckets) {
      return level * kBuckets + ((due >> shift) & (kBuckets - 1));
    }
  }
  due = tick_ + kSpan - (uint64_t{1} << ((kLevels - 1) * kLevelBits));
  return (kLevels - 1) * kBuckets + ((due >> ((kLevels - 1) * kLevelBits)) & (kBuckets - 1));
}

inline void TimingWheel::Link(const Arena& arena, Entry* entry, size_t bucket) {
  const Ref self = arena.RefOf(entry);
  const Ref first = heads_[bucket];
  entry->wheel_before = static_cast<Ref>(bucket + 1);
  entry->wheel_after = first;
  if (first != 0) arena.At<Entry>(first)->wheel_before = self;
  heads_[bucket] = self;
  occupied_[bucket / kBuckets] |= uint64_t{1} << (bucket % kBuckets);
}

inline void TimingWheel::Unlink(const Arena& arena, Entry* entry) {
  const Ref before = entry->wheel_before;
  const Ref after = entry->wheel_after;
  (before >= kFirstRef ? arena.At<Entry>(before)->wheel_after : heads_[before - 1]) = after;
  if (after != 0) {
    arena.At<Entry>(after)->wheel_before = before;
  } else if (before < kFirstRef) {
    const size_t bucket = before - 1;
    occupied_[bucket / kBuckets] &= ~(uint64_t{1} << (bucket % kBuckets));
  }
  entry->wheel_before = 0;
  entry->wheel_after = 0;
}

inline void TimingWheel::Moved(const Arena& arena, Entry* entry) {
  const Ref before = entry->wheel_before;
  if (before == 0) return;
  const Ref self = arena.RefOf(entry);
  (before >= kFirstRef ? arena.At<Entry>(before)->wheel_after : heads_[before - 1]) = self;
  if (entry->wheel_after != 0) arena.At<Entry>(entry->wheel_after)->wheel_before = self;
}

// The next millisecond at which there may be something to do.
inline TimeMs TimingWheel::NextTick() const {
  for (unsigned level = 0; level < kLevels; ++level) {
    if (occupied_[level] == 0) continue;
    const unsigned shift = level * kLevelBits;
    const uint64_t next = (tick_ >> shift) + 1;
    const uint64_t ahead = occupied_[level] >> (next % kBuckets);
    if (next % kBuckets != 0 && ahead != 0) {
      return (next + static_cast<unsigned>(std::countr_zero(ahead))) << shift;
    }
    // What is left of this level comes in its next round.
    return ((tick_ >> (shift + kLevelBits)) + 1) << (shift + kLevelBits);
  }
  return kNever;
}

inline bool TimingWheel::Cascade(const Arena& arena, size_t budget, size_t* touched) {
  for (unsigned level = kLevels - 1; level > 0; --level) {
    const unsigned shift = level * kLevelBits;
    if ((tick_ & ((uint64_t{1} << shift) - 1)) != 0) continue;
    const size_t bucket = level * kBuckets + ((tick_ >> shift) & (kBuckets - 1));
    while (heads_[bucket] != 0) {
      if ((*touched)++ == budget) return false;
      Entry* entry = arena.At<Entry>(heads_[bucket]);
      Unlink(arena, entry);
      Link(arena, entry, BucketOf(entry->expires()));  // never this one
    }
  }
  return true;
}

template <typename Expired>
size_t TimingWheel::Advance(const Arena& arena, TimeMs now, size_t budget, Expired expired) {
  const uint64_t end = now + 1;
  if (size_ == 0) {
    if (tick_ < end) tick_ = end;
    return 0;
  }
  size_t touched = 0;
  // Never beyond `end`: what is added next may be due before what is there.
  for (; tick_ < end; tick_ = std::min(NextTick(), end)) {
    if (!Cascade(arena, budget, &touched)) return budget;
    const size_t bucket = tick_ & (kBuckets - 1);
    while (heads_[bucket] != 0) {
      if (touched++ == budget) return budget;
      Entry* entry = arena.At<Entry>(heads_[bucket]);
      expired(entry);
      assert(entry->wheel_before == 0);
    }
    if (size_ == 0) {
      tick_ = end;
      return touched;
    }
  }
  return touched;
}

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_TIMING_WHEEL_H_
