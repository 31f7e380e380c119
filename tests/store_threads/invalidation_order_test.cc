// Invalidations of all kinds race for one entry. The one that took effect first removed it, and
// must have the lowest number.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/store/cache.h"
#include "tests/store/run_all.h"

namespace tagcache::testing {
namespace {

using server::Invalidation;
using server::InvalidationResult;
using Kind = server::Invalidation::Kind;

#ifdef TAGCACHE_SANITIZED
constexpr int kRounds = 2'000;
#else
constexpr int kRounds = 20'000;
#endif
constexpr size_t kThreads = 5;

class Race {
 public:
  InvalidationResult Invalidate(size_t thread) {
    static constexpr std::string_view kTags[] = {"a", "b"};
    static constexpr std::string_view kKey = "k";
    switch (thread) {
      case 0:
        return cache_.store.Invalidate({.kind = Kind::kAnyTag, .names = {kTags, 1}}, cache_.now);
      case 1:
        return cache_.store.Invalidate({.kind = Kind::kAllTags, .names = kTags}, cache_.now);
      case 2:
        return cache_.store.Invalidate({.kind = Kind::kKeys, .names = {&kKey, 1}}, cache_.now);
      case 3:
        return cache_.store.Invalidate({.kind = Kind::kPrefix, .names = {&kKey, 1}}, cache_.now);
      default:
        return cache_.store.Invalidate({.kind = Kind::kFlush}, cache_.now);
    }
  }

  void Run(size_t thread) {
    for (int round = 0; round < kRounds; ++round) {
      if (thread == 0) cache_.Put("k", "v", {"a", "b"});
      WaitForAll();
      results_[thread] = Invalidate(thread);
      WaitForAll();
      if (thread == 0) Check();
      WaitForAll();
    }
  }

  size_t winners() const {
    size_t winners = 0;
    for (const int wins : wins_) winners += wins > 0;
    return winners;
  }

 private:
  void WaitForAll() {
    const unsigned turn = turn_.load();
    if (arrived_.fetch_add(1) + 1 == kThreads) {
      arrived_ = 0;
      turn_.fetch_add(1);
      return;
    }
    while (turn_.load() == turn) std::this_thread::yield();
  }

  void Check() {
    size_t winner = kThreads;
    for (size_t t = 0; t < kThreads; ++t) {
      ASSERT_LE(results_[t].entries, 1u) << t;
      if (results_[t].entries == 0) continue;
      ASSERT_EQ(winner, kThreads) << t << " removed the entry as well";
      winner = t;
    }
    ASSERT_LT(winner, kThreads) << "nobody removed the entry";
    ++wins_[winner];
    for (size_t t = 0; t < kThreads; ++t) {
      // A removal by prefix that found nothing has the number of its beginning.
      if (t == winner || t == 3) continue;
      ASSERT_GT(results_[t].number, results_[winner].number) << t << " against " << winner;
    }
  }

  Cache cache_{{.shards = 16, .seed = 5}};
  std::array<InvalidationResult, kThreads> results_;
  std::array<int, kThreads> wins_{};
  std::atomic<size_t> arrived_{0};
  std::atomic<unsigned> turn_{0};
};

TEST(InvalidationOrder, OfAllKindsIsTheOrderOfTheirNumbers) {
  Race race;
  std::vector<std::function<void()>> threads;
  for (size_t t = 0; t < kThreads; ++t) threads.push_back([&race, t] { race.Run(t); });
  RunAll(threads);
  EXPECT_GE(race.winners(), 3u);  // otherwise they did not race
}

}  // namespace
}  // namespace tagcache::testing
