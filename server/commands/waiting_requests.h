#ifndef TAGCACHE_SERVER_COMMANDS_WAITING_REQUESTS_H_
#define TAGCACHE_SERVER_COMMANDS_WAITING_REQUESTS_H_

// Requests that wait for something that another thread will do. A waiting request holds no thread
// and does not hold up the requests behind it. Today a GET_LEASE waits for the value that another
// caller computes; nothing here knows that.
//
//    session's thread                any thread                   session's thread
//    ────────────────                ──────────                   ────────────────
//    the handler calls
//    PrepareWait, gives the
//    Waiter away, calls Wait  ───>   Waiter::Wake
//                                     └─> WakeQueue::Push  ───>   WakeQueue::Take
//                                         └─> signal (libuv)       └─> Session::Wake: the handler
//                                                                      runs again; it answers, or
//                                                                      waits on
//
// A request also runs again at its deadline: Call::attempt is kDeadline then, and nobody wakes the
// request any more.
//
//              Start              woken, or cancelled at the deadline         TakeReady
//    kPrepared ─────> kWaiting ─────────────────────────────────────> kReady ──────────> kRunning
//                       ^   └─────> kOverdue ───────────────────────────^                 │
//                       │    past the deadline, about to be woken                         │
//                       └──────────────────────────── Start <──── it waits on ────────────┤
//                                                                                 Free <──┘
//
// Ownership: a WaitingRequest belongs to its session's WaitingRequests. When the session ends
// first, each request whose wait can be cancelled is freed at once; the others have been woken, and
// whoever takes them from the queue frees them. A WakeQueue is shared by its worker and the
// sessions of that worker. Threads: WaitingRequest::Wake and WakeQueue::Push may be called by any
// thread; everything else only by the worker's.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "protocol/message.h"
#include "server/store/mutex.h"
#include "server/store/store.h"

namespace tagcache::server {

class Engine;
class WaitingRequests;
class WakeQueue;

inline constexpr TimeMs kNoDeadline = UINT64_MAX;

// Why the handler of a request runs.
enum class Attempt : uint8_t {
  kFirst,     // the request has arrived
  kWoken,     // it was woken: what it waited for may have happened
  kDeadline,  // it has waited until its deadline and was not woken
};

// Ends the wait of `waiter`. Returns true if the waiter will not be woken any more, false if it has
// been woken or is about to be. Each reason to wait has such a function.
using CancelWait = bool (*)(Engine& engine, const protocol::Request& request, Waiter* waiter);

// One request that waits.
class WaitingRequest final : public Waiter {
 public:
  explicit WaitingRequest(std::shared_ptr<WakeQueue> wakes) : wakes_(std::move(wakes)) {}
  void Wake() override;

  // What was asked. Its views are valid while this object exists.
  const protocol::Request& request() const { return request_; }
  // When the handler first ran.
  TimeMs arrived() const { return arrived_; }
  // Why the handler runs again.
  Attempt attempt() const { return attempt_; }
  // The connection, as it was given to WaitingRequests. nullptr: the session has ended; delete
  // this.
  void* owner() const;
  // The next of the list that WakeQueue::Take returned. Call it before anything else is done with
  // this one.
  WaitingRequest* TakeNext() { return std::exchange(next_, nullptr); }

 private:
  friend class WaitingRequests;
  friend class WakeQueue;

  enum class State : uint8_t { kPrepared, kWaiting, kOverdue, kReady, kRunning };

  const std::shared_ptr<WakeQueue> wakes_;
  WaitingRequest* next_ = nullptr;  // in the queue, or in the list of those that are ready
  WaitingRequests* waiting_requests_ = nullptr;
  size_t place_ = 0;           // in WaitingRequests::waiting_
  protocol::Request request_;  // its key points into key_
  std::string key_;
  TimeMs arrived_ = 0;
  TimeMs until_ = 0;
  CancelWait cancel_ = nullptr;
  State state_ = State::kPrepared;
  Attempt attempt_ = Attempt::kFirst;
};

// The requests of one worker that were woken and have not run again yet. It allocates nothing.
class WakeQueue {
 public:
  // So many requests of one worker may wait at once.
  static constexpr size_t kMaxWaiting = 65'536;
  // Is called from any thread when the queue is no longer empty, under the queue's lock: it may not
  // call the queue. nullptr: whoever owns the queue looks at it by itself.
  using Signal = void (*)(void* context);

  explicit WakeQueue(Signal signal = nullptr, void* context = nullptr)
      : signal_(signal), context_(context) {}
  WakeQueue(const WakeQueue&) = delete;
  WakeQueue& operator=(const WakeQueue&) = delete;

  void Push(WaitingRequest* waiting) EXCLUDES(mutex_);
  // Returns what was pushed as a list, in the order of waking.
  WaitingRequest* Take() EXCLUDES(mutex_);
  // No signal comes after this, and a request that is woken later is freed. Call it once, at the
  // end. REQUIRES: all sessions of the queue have ended.
  void Close() EXCLUDES(mutex_);

 private:
  friend class WaitingRequests;

  Mutex mutex_;
  WaitingRequest* first_ GUARDED_BY(mutex_) = nullptr;
  WaitingRequest* last_ GUARDED_BY(mutex_) = nullptr;
  bool closed_ GUARDED_BY(mutex_) = false;
  const Signal signal_;
  void* const context_;
  size_t waiting_ = 0;  // only its worker's thread reads and writes it
};

// The waiting requests of one session.
class WaitingRequests {
 public:
  // Beyond this many a request of the session can not wait.
  static constexpr size_t kMaxWaiting = 1024;
  static constexpr size_t kUsualKey = 64;

  // `owner` is what WaitingRequest::owner returns.
  WaitingRequests(Engine& engine, std::shared_ptr<WakeQueue> wakes, void* owner);
  // REQUIRES: Clear() was called.
  ~WaitingRequests();
  WaitingRequests(const WaitingRequests&) = delete;
  WaitingRequests& operator=(const WaitingRequests&) = delete;

  // Handlers call these two through Call::PrepareWait and Call::Wait. `again` is the request when
  // it runs again, else nullptr. Prepare returns what to wake, or nullptr if no more may wait. It
  // allocates all that Start needs.
  // REQUIRES: the request has no bytes but its key.
  Waiter* Prepare(const protocol::Request& request, WaitingRequest* again, TimeMs until,
                  CancelWait cancel);
  void Start(const protocol::Request& request, WaitingRequest* again, TimeMs now);

  // It was woken: it runs again when its turn comes.
  void MakeReady(WaitingRequest* waiting, Attempt attempt = Attempt::kWoken);
  // Makes those ready whose deadline has come.
  void Expire(TimeMs now);
  // Returns the one that has been ready for longest, which runs now; nullptr if none is ready.
  WaitingRequest* TakeReady();
  // It ran again and was answered.
  void Free(WaitingRequest* waiting);

  // Ends all waits. Calls refuse(const protocol::Request&) for each.
  template <typename Refuse>
  void Clear(Refuse refuse);

  // No request's deadline comes before this.
  TimeMs next_deadline() const { return next_deadline_; }
  bool empty() const { return waiting_.empty(); }
  bool has_ready() const { return first_ready_ != nullptr; }
  // Memory of the requests that wait, with keys of the usual length.
  size_t held() const { return waiting_.size() * (sizeof(WaitingRequest) + kUsualKey); }

 private:
  friend class WaitingRequest;

  void EndWait(WaitingRequest* waiting);
  void Forget(WaitingRequest* waiting);

  Engine& engine_;
  const std::shared_ptr<WakeQueue> wakes_;
  void* const owner_;
  std::unique_ptr<WaitingRequest> spare_;  // of the next request that may wait
  std::vector<WaitingRequest*> waiting_;   // in any state but kPrepared
  WaitingRequest* first_ready_ = nullptr;
  WaitingRequest* last_ready_ = nullptr;
  TimeMs next_deadline_ = kNoDeadline;
};

template <typename Refuse>
void WaitingRequests::Clear(Refuse refuse) {
  while (!waiting_.empty()) {
    refuse(waiting_.back()->request());
    EndWait(waiting_.back());
  }
  first_ready_ = nullptr;
}

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_COMMANDS_WAITING_REQUESTS_H_
