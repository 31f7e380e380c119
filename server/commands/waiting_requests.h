#ifndef TAGCACHE_SERVER_COMMANDS_WAITING_REQUESTS_H_
#define TAGCACHE_SERVER_COMMANDS_WAITING_REQUESTS_H_

// Requests that wait for a value another caller computes, without holding a worker or holding up
// the requests behind them.
//
//    session's thread             any thread                      session's thread
//    ────────────────             ──────────                      ────────────────
//    GET_LEASE: the store
//    takes the WaitingRequest  ────────>  a PUT, or the lease's end:
//                                 WaitingRequest::Wake
//                                   └─> WakeQueue::Push ──────>   WakeQueue::Take
//                                       └─> signal (libuv)          └─> Session::Wake: asks the
//                                       store
//                                                                       again; answers, or waits on
//
// Ownership: a WaitingRequest belongs to its session's WaitingRequests while that knows it. When
// the session ends first, those the store gives back (CancelWait) are freed at once; the others
// have been woken, and whoever takes them from the queue frees them. A WakeQueue is shared by its
// worker and the sessions of it. Threads: WaitingRequest::Wake and WakeQueue::Push any; everything
// else its worker's alone.

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

class WaitingRequests;
class WakeQueue;

inline constexpr TimeMs kNoDeadline = UINT64_MAX;

// One request that waits.
class WaitingRequest final : public Waiter {
 public:
  explicit WaitingRequest(std::shared_ptr<WakeQueue> wakes) : wakes_(std::move(wakes)) {}
  void Wake() override;

  // What was asked. Its views are valid while this is.
  protocol::Request request() const;
  TimeMs deadline() const { return deadline_; }
  // Its connection, as WaitingRequests was told; nullptr: the session is gone, delete it.
  void* owner() const;
  // The next of the list that WakeQueue::Take gave. Call it before anything is done with this one.
  WaitingRequest* TakeNext() { return std::exchange(next_, nullptr); }

 private:
  friend class WaitingRequests;
  friend class WakeQueue;

  const std::shared_ptr<WakeQueue> wakes_;
  WaitingRequest* next_ = nullptr;  // in the queue, or among the deferred
  WaitingRequests* waiting_requests_ = nullptr;
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

  void Push(WaitingRequest* waiting);
  // A list in the order of waking.
  WaitingRequest* Take();
  // No signal comes after this; what is woken later is freed. Call it once, at the end.
  // REQUIRES: all sessions of the queue have ended.
  void Close();

 private:
  friend class WaitingRequests;

  std::mutex mutex_;
  WaitingRequest* first_ = nullptr;
  WaitingRequest* last_ = nullptr;
  Signal signal_;
  void* const context_;
  bool closed_ = false;
  size_t parked_ = 0;  // its worker's thread alone
};

// The waiting requests of one session.
class WaitingRequests {
 public:
  // Beyond this many the caller is answered at once.
  static constexpr size_t kMaxParked = 1024;

  WaitingRequests(std::shared_ptr<WakeQueue> wakes, void* owner);
  // REQUIRES: Clear() was called.
  ~WaitingRequests();
  WaitingRequests(const WaitingRequests&) = delete;
  WaitingRequests& operator=(const WaitingRequests&) = delete;

  // What to hand to Store::GetOrLease; nullptr where no more may wait. When the store took it, call
  // Park before anything else here.
  Waiter* Next(const protocol::Request& request, TimeMs deadline);
  void Park();

  // After it was woken: it was answered.
  void Free(WaitingRequest* waiting);
  // After it was woken: it can not be answered before output has drained.
  void Defer(WaitingRequest* waiting);
  // The one that was deferred first; nullptr: none is.
  WaitingRequest* TakeDeferred();

  // Calls answer(const WaitingRequest&) for each whose time is over, and frees it.
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
  friend class WaitingRequest;

  void Forget(WaitingRequest* waiting);

  std::shared_ptr<WakeQueue> wakes_;
  void* const owner_;
  std::unique_ptr<WaitingRequest> spare_;
  std::vector<WaitingRequest*> parked_;
  WaitingRequest* first_deferred_ = nullptr;
  WaitingRequest* last_deferred_ = nullptr;
  TimeMs next_deadline_ = kNoDeadline;
};

template <typename Answer>
void WaitingRequests::Expire(Store& store, TimeMs now, Answer answer) {
  if (now < next_deadline_) return;
  next_deadline_ = kNoDeadline;
  for (size_t i = parked_.size(); i-- > 0;) {  // Forget() puts the last one in its place
    WaitingRequest* waiting = parked_[i];
    if (waiting->late_ || waiting->deferred_) continue;
    if (waiting->deadline_ > now) {
      next_deadline_ = std::min(next_deadline_, waiting->deadline_);
    } else if (store.CancelWait(waiting->key_, waiting)) {
      answer(std::as_const(*waiting));
      Free(waiting);
    } else {
      waiting->late_ = true;
    }
  }
}

template <typename Answer>
void WaitingRequests::Clear(Store& store, Answer answer) {
  while (WaitingRequest* waiting = TakeDeferred()) {
    answer(std::as_const(*waiting));
    Free(waiting);
  }
  while (!parked_.empty()) {
    WaitingRequest* waiting = parked_.back();
    answer(std::as_const(*waiting));
    if (store.CancelWait(waiting->key_, waiting)) {
      Free(waiting);
    } else {
      Forget(waiting);  // the queue brings it
    }
  }
}

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_COMMANDS_WAITING_REQUESTS_H_
