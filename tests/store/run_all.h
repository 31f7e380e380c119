#ifndef TAGCACHE_TESTS_STORE_RUN_ALL_H_
#define TAGCACHE_TESTS_STORE_RUN_ALL_H_

// For tests of several threads.

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tagcache::testing {

// Ends the program with a message when it lives too long. The limit is far from what the tests
// take, since a loaded machine may give them a small part of its time.
class Watchdog {
 public:
  Watchdog() {
    watch_ = std::thread([this] {
      std::unique_lock lock(mutex_);
      if (done_.wait_for(lock, std::chrono::minutes(10), [this] { return is_done_; })) return;
      std::fprintf(stderr, "the store's threads have not finished in ten minutes: deadlock\n");
      std::abort();
    });
  }
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      is_done_ = true;
    }
    done_.notify_one();
    watch_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  bool is_done_ = false;
  std::thread watch_;
};

// Runs all at once and waits for all, under a watchdog.
inline void RunAll(const std::vector<std::function<void()>>& works) {
  Watchdog watchdog;
  std::vector<std::thread> threads;
  for (const auto& work : works) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_STORE_RUN_ALL_H_
