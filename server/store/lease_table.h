#ifndef TAGCACHE_SERVER_STORE_LEASE_TABLE_H_
#define TAGCACHE_SERVER_STORE_LEASE_TABLE_H_

// Leases: which caller computes an absent key, which ones wait for it, and which changes overtook
// the computation.
//
// A token is a point in time of the store's event clock. Writes, deletes, invalidations and flushes
// do not move the clock. They store its time, as a stamp, where a PUT with a token checks it:
//
//    clock          7          8                        9
//    ───────────────┼──────────┼────────────────────────┼───────────>
//        stamp 7 ───┘ token 8 ─┘   stamp 8: overtakes   └─ token 9
//                                  token 8, not token 9
//
//    EventClock   one a store           the last token
//    TagStamps    one a store           65,536 stamps by tag hash, and one for flushes
//    PrefixStamps one a store           the latest removals of prefixes (prefix_stamps.h)
//    LeaseTable   one a shard           2048 stamps by key hash, and at most 128 records
//
// All keys (tags) whose hashes fall on a stamp share it. So a token may be refused for what
// happened to another key, but is never accepted in spite of what happened to its own. While the
// key has a record, which is until its lease ends, the check of the key itself is exact.
//
// Nothing is kept for each token: one that is never used costs nothing. When records run out, the
// holder that has most of them loses its oldest to a holder that has fewer: who takes many leases
// takes none from others. Where the caller itself has most, it gets a token all the same, but
// callers that come later do not wait for its value.
//
// Threads: EventClock and TagStamps any; a LeaseTable under its shard's lock.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "server/store/entry.h"
#include "server/store/store.h"

namespace tagcache::server {

// A clock that moves with each token. It begins at a random point, so the tokens of an earlier
// process are refused: that one of them is a token of this process as well has a chance of one in
// 2^62 for each token issued.
class EventClock {
 public:
  // `seed`: StoreOptions::seed, which differs from process to process.
  explicit EventClock(uint64_t seed);

  // A new token: not 0, and higher than all stamps made so far.
  uint64_t Issue() { return now_.fetch_add(1, std::memory_order_seq_cst) + 1; }
  // The stamp of an event that happens now.
  uint64_t now() const { return now_.load(std::memory_order_seq_cst); }
  // false: there is no token yet that an event could overtake.
  bool AnyIssued() const { return now_.load(std::memory_order_relaxed) != begin_; }
  // Whether Issue() of this clock returned the token.
  bool Issued(uint64_t token) const { return token > begin_ && token <= now(); }

 private:
  uint64_t begin_;
  std::atomic<uint64_t> now_;
};

// When tags were last invalidated, and when everything was flushed. An event is
// stamped before its work begins. So a PUT, which checks under its shard's lock, either sees the
// stamp or is done before the work comes to its shard.
class TagStamps {
 public:
  static constexpr size_t kStamps = 65'536;

  TagStamps();
  ~TagStamps();
  TagStamps(const TagStamps&) = delete;
  TagStamps& operator=(const TagStamps&) = delete;

  void Stamp(uint64_t tag_hash, const EventClock& clock);
  // Overtakes every token given out so far.
  void StampFlush(const EventClock& clock);

  // Whether the tag (or one that shares its stamp) was invalidated since the token was issued.
  bool Overtaken(uint64_t tag_hash, uint64_t token) const;
  bool Flushed(uint64_t token) const;

  // Bytes of memory allocated; pages that were never stamped are not resident.
  static constexpr size_t bytes() { return kStamps * sizeof(uint64_t); }

 private:
  uint64_t* stamps_;  // accessed atomically; nullptr: there was no memory, flush_ has all events
  std::atomic<uint64_t> flush_{0};
};

struct LeaseRecord;

// Waiters to wake and records to free. The destructor does both: it runs after the lock is released
// (step.h).
class Woken {
 public:
  Woken() = default;
  ~Woken() {
    if (ended_ != nullptr || !passed_.empty()) WakeAll();
  }
  Woken(const Woken&) = delete;
  Woken& operator=(const Woken&) = delete;

 private:
  friend class LeaseTable;
  void WakeAll();
  LeaseRecord* ended_ = nullptr;  // all waiters of these are woken
  std::list<Waiter*> passed_;     // one waiter for each lease that ended without a value
};

class LeaseTable {
 public:
  static constexpr size_t kStamps = 2048;
  static constexpr size_t kMaxRecords = 128;
  static constexpr size_t kMaxWaiters = 1024;  // a record
  // Bytes of values that records keep for callers to whom a stale one will do.
  static constexpr size_t kMaxStale = 256 * 1024;
  // A lease that ended without a value is kept this long for the waiter that was woken; then the
  // next one is woken.
  static constexpr TimeMs kPassTime = 200;

  LeaseTable();
  ~LeaseTable();
  LeaseTable(const LeaseTable&) = delete;
  LeaseTable& operator=(const LeaseTable&) = delete;

  // Called after a miss. `stale`: the expired or invalidated entry of the key, or none.
  LeaseAnswer Ask(const HashedBytes& key, const LeaseAsk& ask, EntryRef stale, EventClock& clock,
                  TimeMs now, Woken* woken);
  // Whether the key, or one that shares its stamp, was written or deleted since the token was
  // issued. Tags, flushes and tokens of another process are not checked.
  bool Overtaken(const HashedBytes& key, uint64_t token) const;
  // The key was written or deleted, or was absent when it was deleted: its lease ends, its waiters
  // are woken. This is one comparison while the shard has never issued a token.
  void Written(const HashedBytes& key, const EventClock& clock, Woken* woken) {
    if (state_ != nullptr) End(key, clock, woken);
  }

  // Each lease whose time has run out passes to a waiter, or ends where there is none.
  void Expire(TimeMs now, Woken* woken);
  // The same as if the time of this holder's leases had run out.
  void EndHolder(uint64_t holder, TimeMs now, Woken* woken);
  // A PUT with this token was refused: the same as if the time of its lease had run out.
  void Refused(const HashedBytes& key, uint64_t token, TimeMs now, Woken* woken);
  // true: the waiter was waiting, and will not be woken.
  bool Cancel(const HashedBytes& key, Waiter* waiter);
  // All leases end, all waiters are woken. (The tokens are refused by TagStamps::StampFlush.)
  void Flush(Woken* woken);

  size_t records() const;
  // Bytes held, the stale values included.
  size_t bytes() const;

 private:
  struct State;

  void End(const HashedBytes& key, const EventClock& clock, Woken* woken);
  size_t Find(const HashedBytes& key) const;
  LeaseRecord* Add(const HashedBytes& key, uint64_t holder, Woken* woken);
  // Removes a record in favour of another holder. false: `holder` has as many as any other.
  bool Displace(uint64_t holder, Woken* woken);
  void Remove(size_t place, Woken* woken);
  void Pass(size_t place, TimeMs now, Woken* woken);
  void KeepStale(LeaseRecord& record, EntryRef stale);

  std::unique_ptr<State> state_;  // nullptr until the first token
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_LEASE_TABLE_H_
