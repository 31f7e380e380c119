// The store under several threads. Each test runs a bounded number of calls; run them under
// ThreadSanitizer as well (TAGCACHE_SANITIZE=thread).

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <random>
#include <string>
#include <thread>

#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

// Runs all at once and waits for all. A deadlock ends the program with a message instead of
// hanging it. The limit is far from what the calls take, seconds under any sanitizer, since a
// loaded machine may give them a small part of its time.
void RunTogether(const std::vector<std::function<void()>>& works) {
  std::promise<void> all_done;
  std::future<void> done = all_done.get_future();
  std::thread watch([&done] {
    if (done.wait_for(std::chrono::minutes(10)) == std::future_status::ready) return;
    std::fprintf(stderr, "the store's threads have not finished in ten minutes: deadlock\n");
    std::abort();
  });
  std::vector<std::thread> threads;
  for (const auto& work : works) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  all_done.set_value();
  watch.join();
}

// Lets the others run now and then, so that calls interleave where cores are few. Not after every
// call: on a loaded machine each yield may cost a time slice of every other process.
void YieldAfter(int calls) {
  if (calls % 16 == 0) std::this_thread::yield();
}

constexpr int kWriters = 2;
constexpr int kTags = 3;
constexpr int kAllOfFirstTwo = kTags;  // stands for entries with both tags 0 and 1
constexpr std::array<std::string_view, kTags> kTagNames = {"a", "b", "c"};

std::string KeyName(uint64_t i) { return "key" + std::to_string(i); }

// Writers count up and put into each value who wrote it, the count, and its tags. An
// invalidation notes, before it begins, how far each writer's answered writes had come: once it has
// been answered, none of those may be read again.
class Freshness {
 public:
  Freshness() {
    for (auto& of_tag : floors_) {
      for (auto& floor : of_tag) floor = 0;
    }
    for (auto& count : answered_) count = 0;
  }

  void Write(int writer, int writes) {
    std::mt19937_64 random(writer);
    for (int done = 0; done < writes;) {
      const int batch = random() % 4 == 0 ? 5 : 1;
      std::vector<std::string> keys, values;
      std::vector<Words> tags;
      std::vector<server::Write> items;
      for (int i = 0; i < batch; ++i) {
        const unsigned mask = random() % (1u << kTags);
        keys.push_back(KeyName(random() % kKeys));
        values.push_back(std::to_string(writer) + " " + std::to_string(done + i + 1) + " " +
                         std::to_string(mask));
        tags.emplace_back();
        for (int t = 0; t < kTags; ++t) {
          if (mask >> t & 1) tags.back().push_back(kTagNames[t]);
        }
      }
      for (int i = 0; i < batch; ++i) {
        items.push_back({.key = keys[i], .value = values[i], .tags = tags[i]});
      }
      if (batch == 1) {
        cache_.store.Put(items[0], WriteMode::kPut, cache_.now);
      } else {
        std::vector<Outcome> outcomes(items.size());
        cache_.store.MultiPut(items, cache_.now, outcomes);
      }
      done += batch;
      answered_[writer].store(done, std::memory_order_release);
      YieldAfter(done);
    }
  }

  void Invalidate(int seed, int times) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < times; ++i) {
      const int which = static_cast<int>(random() % (kTags + 1));
      std::array<int64_t, kWriters> before;
      for (int w = 0; w < kWriters; ++w) before[w] = answered_[w].load(std::memory_order_acquire);
      invalidated_ += which == kAllOfFirstTwo ? cache_.InvalidateAll({kTagNames[0], kTagNames[1]})
                                              : cache_.InvalidateAny({kTagNames[which]});
      for (int w = 0; w < kWriters; ++w) Raise(&floors_[which][w], before[w]);
      YieldAfter(i);
    }
  }

  void Read(int seed, int reads) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < reads; ++i) {
      std::array<std::array<int64_t, kWriters>, kTags + 1> floors;
      for (int t = 0; t <= kTags; ++t) {
        for (int w = 0; w < kWriters; ++w) floors[t][w] = floors_[t][w];
      }
      YieldAfter(i);
      if (random() % 2 == 0) {
        Check(cache_.store.Get(KeyName(random() % kKeys), cache_.now), floors);
        continue;
      }
      std::vector<std::string> names;
      for (uint64_t k = 0; k < kKeys; ++k) names.push_back(KeyName(k));
      const Words keys(names.begin(), names.end());
      std::vector<EntryRef> out(keys.size());
      cache_.store.MultiGet(keys, cache_.now, out);
      for (const EntryRef& ref : out) Check(ref, floors);
    }
  }

  Cache& cache() { return cache_; }
  int64_t read() const { return read_; }
  int64_t invalidated() const { return invalidated_; }

 private:
  static constexpr uint64_t kKeys = 12;

  static void Raise(std::atomic<int64_t>* floor, int64_t to) {
    int64_t seen = floor->load();
    while (seen < to && !floor->compare_exchange_weak(seen, to)) {
    }
  }
  template <typename Floors>
  void Check(const EntryRef& ref, const Floors& floors) {
    if (!ref) return;
    ++read_;
    int writer = 0, count = 0, mask = 0;
    const std::string value(ref.value());
    ASSERT_EQ(std::sscanf(value.c_str(), "%d %d %d", &writer, &count, &mask), 3) << value;
    for (int t = 0; t < kTags; ++t) {
      if ((mask >> t & 1) == 0) continue;
      ASSERT_GT(count, floors[t][writer]) << value << " was invalidated";
    }
    if ((mask & 3) == 3) {
      ASSERT_GT(count, floors[kAllOfFirstTwo][writer]) << value << " was invalidated";
    }
  }

  Cache cache_{{.shards = 4, .seed = 11}};
  std::array<std::array<std::atomic<int64_t>, kWriters>, kTags + 1> floors_;
  std::array<std::atomic<int64_t>, kWriters> answered_;
  std::atomic<int64_t> read_{0};
  std::atomic<int64_t> invalidated_{0};
};

// lessons 8
TEST(Threads, WhatWasInvalidatedIsNeverReadAgain) {
  Freshness freshness;
  RunTogether({[&] { freshness.Write(0, 12'000); }, [&] { freshness.Write(1, 12'000); },
               [&] { freshness.Invalidate(2, 4'000); }, [&] { freshness.Invalidate(3, 4'000); },
               [&] { freshness.Read(4, 6'000); }, [&] { freshness.Read(5, 6'000); }});
  EXPECT_GT(freshness.read(), 0);
  EXPECT_GT(freshness.invalidated(), 0);
}

// lessons 8: no entry is out of reach of its tag, whatever met whom while it was written.
TEST(Threads, EveryEntryStaysWithinReachOfItsTag) {
  Cache cache;
  const uint64_t empty = cache.store.Stats().memory;
  const auto write = [&](int seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 10'000; ++i) {
      cache.Put(KeyName(random() % 50), "v", {kTagNames[random() % kTags]});
      YieldAfter(i);
    }
  };
  const auto invalidate = [&](int seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 3'000; ++i) {
      cache.InvalidateAny({kTagNames[random() % kTags]});
      YieldAfter(i);
    }
  };
  RunTogether(
      {[&] { write(1); }, [&] { write(2); }, [&] { invalidate(3); }, [&] { invalidate(4); }});
  cache.InvalidateAny({kTagNames.begin(), kTagNames.end()});
  const StoreStats stats = cache.store.Stats();
  EXPECT_EQ(stats.items, 0u);
  EXPECT_EQ(stats.tags, 0u);
  EXPECT_EQ(stats.memory, empty);
}

// A bulk call holds the only shard's lock for long: the invalidation has to wait, not pass it by.
TEST(Threads, AnInvalidationReachesAShardThatIsBusy) {
  Cache cache({.shards = 1, .seed = 1});
  std::vector<std::string> names;
  for (int i = 0; i < 5'000; ++i) names.push_back(KeyName(i));
  const Words keys(names.begin(), names.end());
  std::atomic<bool> stop{false};
  const auto keep_busy = [&] {
    std::vector<EntryRef> out(keys.size());
    while (!stop) cache.store.MultiGet(keys, cache.now, out);
  };
  const auto invalidate = [&] {
    for (int i = 0; i < 150; ++i) {
      cache.Put("tagged", "v", {"t"});
      std::this_thread::yield();
      EXPECT_EQ(cache.InvalidateAny({"t"}), 1u);
      EXPECT_FALSE(cache.Has("tagged"));
    }
    stop = true;
  };
  RunTogether({keep_busy, keep_busy, invalidate});
}

// lessons 15
TEST(Threads, IncrementWithTagsDoesNotDeadlockWithInvalidateAndKeysOfTheTag) {
  Cache cache;
  const auto count = [&](int seed) {
    std::mt19937_64 random(seed);
    const Words tags = {"t", "u"};
    for (int i = 0; i < 5'000; ++i) {
      const std::string key = KeyName(random() % 20);
      CounterIncrement step{.key = key};
      step.tags = tags;
      EXPECT_EQ(cache.store.Increment(step, cache.now).outcome, Outcome::kOk);
      YieldAfter(i);
    }
  };
  const auto invalidate = [&](const Words& tags, TagMatch match) {
    for (int i = 0; i < 2'000; ++i) cache.store.InvalidateTags(tags, match, cache.now);
  };
  const auto list = [&] {
    for (int i = 0; i < 2'000; ++i) cache.Keys({"u", "t"}, TagMatch::kAll, 3);
  };
  RunTogether({[&] { count(1); }, [&] { count(2); },
               [&] {
                 invalidate({"t", "u"}, TagMatch::kAny);
               },
               [&] {
                 invalidate({"u", "t"}, TagMatch::kAll);
               },
               list});
  cache.InvalidateAny({"t"});
  EXPECT_EQ(cache.store.Stats().items, 0u);
}

TEST(Threads, NoIncrementIsLost) {
  Cache cache;
  cache.Put("k", "0", {"t"});
  const auto count = [&] {
    for (int i = 0; i < 30'000; ++i) cache.Increment("k", 1);
  };
  std::atomic<bool> stop{false};
  const auto read = [&] {
    int64_t last = 0;
    while (!stop) {
      const EntryRef ref = cache.store.Get("k", cache.now);
      const std::string first(ref.value());
      EXPECT_EQ(first, ref.value());
      int64_t value = 0;
      std::from_chars(first.data(), first.data() + first.size(), value);
      EXPECT_GE(value, last);
      last = value;
    }
  };
  RunTogether({[&] {
                 RunTogether({count, count, count});
                 stop = true;
               },
               read});
  EXPECT_EQ(cache.Get("k"), "90000");
}

TEST(Threads, OfManyAddsOneSucceeds) {
  Cache cache;
  std::vector<std::atomic<int>> added(2000);
  const auto add = [&] {
    for (int i = 0; i < 2000; ++i) added[i] += cache.Add(KeyName(i), "v") == Outcome::kOk;
  };
  RunTogether({add, add, add});
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(added[i], 1) << i;
}

// Values are long runs of one letter: a torn or freed one would show.
TEST(Threads, APinnedValueIsWholeWhileItsKeyIsWrittenDeletedAndFlushed) {
  Cache cache;
  std::atomic<bool> stop{false};
  const auto write = [&](int seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 10'000; ++i) {
      const std::string value(random() % 3000, static_cast<char>('a' + random() % 26));
      cache.Put(KeyName(random() % 8), value, {"t"}, random() % 3 == 0 ? 1 : 1000);
      if (random() % 16 == 0) cache.Delete(KeyName(random() % 8));
      if (random() % 64 == 0) cache.store.Flush(cache.now);
    }
  };
  const auto expire = [&] {
    while (!stop) {
      cache.store.RunMaintenance(16, cache.now + 1);
      cache.store.Stats();
    }
  };
  const auto read = [&] {
    std::vector<std::string> names;
    for (int k = 0; k < 8; ++k) names.push_back(KeyName(k));
    const Words keys(names.begin(), names.end());
    while (!stop) {
      std::vector<EntryRef> out(keys.size());
      cache.store.MultiGet(keys, cache.now, out);
      for (const EntryRef& ref : out) {
        if (!ref || ref.value().empty()) continue;
        ASSERT_EQ(ref.value().find_first_not_of(ref.value()[0]), std::string_view::npos);
      }
    }
  };
  RunTogether({[&] {
                 RunTogether({[&] { write(1); }, [&] { write(2); }});
                 stop = true;
               },
               read, expire});
}

}  // namespace
}  // namespace tagcache::testing
