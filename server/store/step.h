#ifndef TAGCACHE_SERVER_STORE_STEP_H_
#define TAGCACHE_SERVER_STORE_STEP_H_

// One step of the store, and the work it leaves for the time after its locks are released.
//
//   {
//     LockedStep step(mutex_, now);   takes the lock
//     ...                             entries are removed, leases end
//   }                                 releases the lock, wakes the waiters, frees the entries
//
// Nothing is freed and nobody is woken under a shard's lock: freeing takes other locks and may call
// the system, and a waiter may call the store again. A step over several locks, one after the other
// or all at once, holds a Step that outlives them.
//
// Threads: belongs to the thread that makes the step.

#include "server/store/entry.h"
#include "server/store/lease_table.h"
#include "server/store/mutex.h"

namespace tagcache::server {

class Step {
 public:
  explicit Step(TimeMs now) : now(now) {}
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  const TimeMs now;
  Removed removed;  // entries to free
  Woken woken;      // waiters to wake, which happens first
};

// A step under one lock.
class TAGCACHE_ANNOTATION(scoped_lockable) LockedStep : public Step {
 public:
  LockedStep(Mutex& mutex, TimeMs now) TAGCACHE_ANNOTATION(acquire_capability(mutex))
      : Step(now), mutex_(mutex) {
    mutex_.Lock();
  }
  ~LockedStep() TAGCACHE_ANNOTATION(release_capability()) { mutex_.Unlock(); }

 private:
  Mutex& mutex_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_STEP_H_
