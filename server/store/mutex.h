#ifndef TAGCACHE_SERVER_STORE_MUTEX_H_
#define TAGCACHE_SERVER_STORE_MUTEX_H_

// std::mutex with the annotations that let clang check, at compile time (-Wthread-safety), that
// what is GUARDED_BY a mutex is touched only under it. Other compilers see no annotation.

#include <mutex>

#if defined(__clang__)
#define TAGCACHE_ANNOTATION(x) __attribute__((x))
#else
#define TAGCACHE_ANNOTATION(x)
#endif

#define GUARDED_BY(mutex) TAGCACHE_ANNOTATION(guarded_by(mutex))
#define REQUIRES(...) TAGCACHE_ANNOTATION(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) TAGCACHE_ANNOTATION(locks_excluded(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS TAGCACHE_ANNOTATION(no_thread_safety_analysis)

namespace tagcache::server {

class TAGCACHE_ANNOTATION(capability("mutex")) Mutex {
 public:
  void Lock() TAGCACHE_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  bool TryLock() TAGCACHE_ANNOTATION(try_acquire_capability(true)) { return mutex_.try_lock(); }
  void Unlock() TAGCACHE_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

// Holds a mutex for its scope.
class TAGCACHE_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) TAGCACHE_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() TAGCACHE_ANNOTATION(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_MUTEX_H_
