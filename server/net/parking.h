#ifndef TAGCACHE_SERVER_NET_PARKING_H_
#define TAGCACHE_SERVER_NET_PARKING_H_

// Requests that wait for a value another caller computes, without holding a worker or holding up
// the requests behind them.
//
//    session's thread             any thread                      session's thread
//    ────────────────             ──────────                      ────────────────
//    GET_LEASE: the store
//    takes the Parked  ────────>  a PUT, or the lease's end:
//                                 Parked::Wake
//                                   └─> WakeQueue::Push ──────>   WakeQueue::Take
//                                       └─> signal (libuv)          └─> Session::Wake: asks the
//                                       store
//                                                                       again; answers, or waits on
//
// Ownership: a Parked belongs to its session's Parking while that knows it. When the session ends
// first, those the store gives back (CancelWait) are freed at once; the others have been woken, and
// whoever takes them from the queue frees them. A WakeQueue is shared by its worker and the
// sessions of it. Threads: Parked::Wake and WakeQueue::Push any; everything else its worker's
// alone.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "protocol/message.h"
#include "server/store/store.h"

namespace tagcache::server {

class Parking;
class WakeQueue;

inline constexpr TimeMs kNoDeadline = UINT64_MAX;

// One request that waits.
class Parked final : public Waiter {
 public:
  explicit Parked(std::shared_ptr<WakeQueue> wakes) : wakes_(std::move(wakes)) {}
  void Wake() override;

  // What was asked. Its views are valid while this is.
  protocol::Request request() const;
  TimeMs deadline() const { return deadline_; }
  // Its connection, as Parking was told; nullptr: the session is gone, delete it.
  void* owner() const;
  // The next of the list that WakeQueue::Take gave. Call it before anything is done with this one.
  Parked* TakeNext() { return std::exchange(next_, nullptr); }

 private:
  friend class Parking;
  friend class WakeQueue;

  const std::shared_ptr<WakeQueue> wakes_;
  Parked* next_ = nullptr;  // in the queue, or among the deferred
  Parking* parking_ = nullptr;
  size_t place_ = 0;  // there
  std::string key_;
  uint64_t id_ = 0;
  TimeMs deadline_ = 0;
  uint32_t lease_ms_ = 0;
  bool stale_ok_ = false;
  bool deferred_ = false;  // woken; waits for output to drain
  bool late_ = false;      // woken at its deadline: the queue is about to bring it
};

// What was woken and its worker has not seen yet. Nothing is allocated in it.
class WakeQueue {
 public:
  // Requests of one worker that may wait at once.
  static constexpr size_t kMaxParked = 65'536;
  // Called from any thread when there is something to Take(), under the queue's lock: it may not
  // call the queue. nullptr: nobody is told.
  using Signal = void (*)(void* context);

  explicit WakeQueue(Signal signal = nullptr, void* context = nullptr)
      : signal_(signal), context_(context) {}
  WakeQueue(const WakeQueue&) = delete;
  WakeQueue& operator=(const WakeQueue&) = delete;

  void Push(Parked* parked);
  // A list in the order of waking.
  Parked* Take();
  // No signal comes after this; what is woken later is freed. Call it once, at the end.
  // REQUIRES: all sessions of the queue have ended.
  void Close();

 private:
  friend class Parking;

  std::mutex mutex_;
  Parked* first_ = nullptr;
  Parked* last_ = nullptr;
  Signal signal_;
  void* const context_;
  bool closed_ = false;
  size_t parked_ = 0;  // its worker's thread alone
};

// The parked requests of one session.
class Parking {
 public:
  // Beyond this many the caller is answered at once.
  static constexpr size_t kMaxParked = 1024;

  Parking(std::shared_ptr<WakeQueue> wakes, void* owner);
  // REQUIRES: Clear() was called.
  ~Parking();
  Parking(const Parking&) = delete;
  Parking& operator=(const Parking&) = delete;

  // What to hand to Store::GetOrLease; nullptr where no more may wait. When the store took it, call
  // Park before anything else here.
  Waiter* Next(const protocol::Request& request, TimeMs deadline);
  void Park();

  // After it was woken: it was answered.
  void Free(Parked* parked);
  // After it was woken: it can not be answered before output has drained.
  void Defer(Parked* parked);
  // The one that was deferred first; nullptr: none is.
  Parked* TakeDeferred();

  // Calls answer(const Parked&) for each whose time is over, and frees it.
  template <typename Answer>
  void Expire(Store& store, TimeMs now, Answer answer);
  // The same for all, whatever their time.
  template <typename Answer>
  void Clear(Store& store, Answer answer);

  // No request's time is over before this.
  TimeMs next_deadline() const { return next_deadline_; }
  bool empty() const { return parked_.empty(); }
  bool has_deferred() const { return first_deferred_ != nullptr; }

 private:
  friend class Parked;

  void Forget(Parked* parked);

  std::shared_ptr<WakeQueue> wakes_;
  void* const owner_;
  std::unique_ptr<Parked> spare_;
  std::vector<Parked*> parked_;
  Parked* first_deferred_ = nullptr;
  Parked* last_deferred_ = nullptr;
  TimeMs next_deadline_ = kNoDeadline;
};

template <typename Answer>
void Parking::Expire(Store& store, TimeMs now, Answer answer) {
  if (now < next_deadline_) return;
  next_deadline_ = kNoDeadline;
  for (size_t i = parked_.size(); i-- > 0;) {  // Forget() puts the last one in its place
    Parked* parked = parked_[i];
    if (parked->late_ || parked->deferred_) continue;
    if (parked->deadline_ > now) {
      next_deadline_ = std::min(next_deadline_, parked->deadline_);
    } else if (store.CancelWait(parked->key_, parked)) {
      answer(std::as_const(*parked));
      Free(parked);
    } else {
      parked->late_ = true;
    }
  }
}

template <typename Answer>
void Parking::Clear(Store& store, Answer answer) {
  while (Parked* parked = TakeDeferred()) {
    answer(std::as_const(*parked));
    Free(parked);
  }
  while (!parked_.empty()) {
    Parked* parked = parked_.back();
    answer(std::as_const(*parked));
    if (store.CancelWait(parked->key_, parked)) {
      Free(parked);
    } else {
      Forget(parked);  // the queue brings it
    }
  }
}

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_PARKING_H_
