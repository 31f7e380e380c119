#ifndef TAGCACHE_LIBCLIENT_POOL_POOL_H_
#define TAGCACHE_LIBCLIENT_POOL_POOL_H_

// The connections of a client: at most pool_max, each used by one call at a time.
//
//             CheckOut                                CheckIn
//   call <---- idle_ (last used first) <------------------------- Checkout
//     ^------- a new one, while open_ < pool_max        |
//     ^------- waiters_ (first come, first served) <----+
//
// The connection used last is checked out first, so those that are not needed stay idle until they
// are closed. A connection that comes back while calls wait goes to the first of them, past idle_:
// a busy thread can not starve them.
//
// Each connection that open_ counts is in idle_, checked out, or being opened or closed by one
// call.
//
// Threads: any. No lock is held across I/O. Lifetime: outlives its checkouts.
// Errors: kConnection, kTimeout.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "libclient/pool/connection.h"
#include "libclient/pool/connector.h"
#include "libclient/pool/mutex.h"

namespace tagcache {

class Pool;

// A connection checked out of the pool for one call. When the checkout ends, the connection goes
// back if it is as good as new, and is closed otherwise. After a fork the connection is the
// parent's, and the child's copy of the checkout only frees its memory.
class Checkout {
 public:
  Checkout() = default;
  ~Checkout() { Return(); }
  Checkout(const Checkout&) = delete;
  Checkout& operator=(const Checkout&) = delete;

  explicit operator bool() const { return connection_ != nullptr; }
  Connection& operator*() const { return *connection_; }
  Connection* operator->() const { return connection_.get(); }
  bool of_this_process() const { return generation_ == ForkGeneration(); }

  void Return();
  // Closes the connection.
  void Discard();
  // Closes the connection because it broke, and the idle ones too, which presumably broke with it.
  void DiscardBroken();

 private:
  friend class Pool;
  // REQUIRES: it holds none.
  void Assign(Pool* pool, std::unique_ptr<Connection> connection, TimePoint checked_out_at);

  Pool* pool_ = nullptr;
  std::unique_ptr<Connection> connection_;
  TimePoint checked_out_at_;
  uint64_t generation_ = 0;
};

class Pool {
 public:
  Pool(const Options& options, Connector& connector, PoolCounters& counters);
  ~Pool();

  // Checks out a connection that seems alive. `check`: it is checked even if it was used a moment
  // ago.
  Status CheckOut(const CallContext& call, bool check, Checkout* checkout) EXCLUDES(mutex_);
  // PINGs the idle connections that are due; returns how many.
  size_t CheckIdle(const CallContext& call) EXCLUDES(mutex_);
  // Closes idle connections now, and those that are checked out when they come back.
  void CloseAll() EXCLUDES(mutex_);

 private:
  friend class Checkout;
  using Owned = std::unique_ptr<Connection>;

  // A call that waits for a connection. Guarded by the pool's mutex.
  struct Waiter {
    std::condition_variable signal;
    bool served = false;
    Owned connection;  // nullptr: it has the slot to open one
  };

  // Gives a call an idle connection, or (*connection stays null) the slot to open one.
  Status Acquire(const CallContext& call, Owned* connection) EXCLUDES(mutex_);
  bool Usable(Connection& connection, const CallContext& call, bool check);
  // Fills a slot that open_ counts already, or frees it.
  Status OpenOne(const CallContext& call, Owned* connection) EXCLUDES(mutex_);
  void OpenMinimum(const CallContext& call) EXCLUDES(mutex_);

  void CheckIn(Owned connection, TimePoint idle_since) EXCLUDES(mutex_);
  void Drop(Owned connection) EXCLUDES(mutex_);
  void CloseIdle(TimePoint opened_before) EXCLUDES(mutex_);
  // Asserts what holds whenever the mutex is free.
  void CheckCounts() const REQUIRES(mutex_);
  void FreeSlot() REQUIRES(mutex_);
  bool Serve(Owned* connection) REQUIRES(mutex_);
  void PutIdle(Owned connection) REQUIRES(mutex_);
  Owned RemoveExpired(TimePoint now) REQUIRES(mutex_);
  Owned RemoveIdle(FunctionRef<bool(const Connection&)> wanted) EXCLUDES(mutex_);

  const Options& options_;
  Connector& connector_;
  PoolCounters& counters_;

  Mutex mutex_;
  std::vector<Owned> idle_ GUARDED_BY(mutex_);  // in the order of idle_since
  std::deque<Waiter*> waiters_ GUARDED_BY(mutex_);
  size_t open_ GUARDED_BY(mutex_) = 0;  // idle, checked out, or being opened
  uint64_t epoch_ GUARDED_BY(mutex_) = 0;
  bool minimum_opened_ GUARDED_BY(mutex_) = false;
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_POOL_POOL_H_
