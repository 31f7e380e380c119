#ifndef TAGCACHE_LIBCLIENT_POOL_MUTEX_H_
#define TAGCACHE_LIBCLIENT_POOL_MUTEX_H_

// A mutex whose use clang checks (-Wthread-safety): std::mutex of libstdc++ carries no annotations.
// GUARDED_BY names the lock that a field needs, REQUIRES the lock that a function's caller holds.

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define TAGCACHE_ANNOTATION(x) __attribute__((x))
#else
#define TAGCACHE_ANNOTATION(x)
#endif

#define CAPABILITY(name) TAGCACHE_ANNOTATION(capability(name))
#define SCOPED_CAPABILITY TAGCACHE_ANNOTATION(scoped_lockable)
#define GUARDED_BY(lock) TAGCACHE_ANNOTATION(guarded_by(lock))
#define REQUIRES(...) TAGCACHE_ANNOTATION(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) TAGCACHE_ANNOTATION(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) TAGCACHE_ANNOTATION(acquire_capability(__VA_ARGS__))
#define RELEASE(...) TAGCACHE_ANNOTATION(release_capability(__VA_ARGS__))

namespace tagcache {

class CAPABILITY("mutex") Mutex {
 public:
  void Lock() ACQUIRE() { mutex_.lock(); }
  void Unlock() RELEASE() { mutex_.unlock(); }
  std::mutex& native() { return mutex_; }

 private:
  std::mutex mutex_;
};

// Holds a mutex for a scope; may unlock and lock it again in between.
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : lock_(mutex.native()) {}
  ~MutexLock() RELEASE() {}
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  void Unlock() RELEASE() { lock_.unlock(); }
  void Lock() ACQUIRE() { lock_.lock(); }

  // Sleeps until `signal` is notified or `until` has come. The lock is held again on return.
  void Wait(std::condition_variable& signal, std::chrono::steady_clock::time_point until) {
    signal.wait_until(lock_, until);
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_POOL_MUTEX_H_
