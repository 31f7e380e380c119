// Lessons 10. The race that leases end: a caller misses, reads the old row from the database, the
// row changes and is invalidated, and the caller stores what it read.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

using server::LeaseAnswer;

constexpr size_t kKeys = 3;
constexpr uint64_t kLease = 20;

std::string KeyOf(size_t i) { return "key" + std::to_string(i); }
std::string TagOf(size_t i) { return "tag" + std::to_string(i); }

struct Totals {
  uint64_t stale_reads = 0;
  uint64_t hits = 0;
  uint64_t fills = 0;
  uint64_t refused = 0;
};

// Callers and updates whose steps are dealt out at random, in one thread: the same for a seed.
class Schedule {
 public:
  Schedule(uint64_t seed, bool with_tokens) : random_(seed), with_tokens_(with_tokens) {}

  void Run(size_t steps, Totals* totals) {
    totals_ = totals;
    for (size_t i = 0; i < steps; ++i) {
      const size_t who = random_() % (callers_.size() + 2);
      if (who < callers_.size()) {
        StepOf(callers_[who]);
      } else if (who == callers_.size()) {
        Update();
      } else {
        cache_.Advance(random_() % 4);
        cache_.store.RunMaintenance(100, cache_.now);
      }
    }
  }

 private:
  struct Caller {
    int step = 0;
    size_t key = 0;
    uint64_t token = 0;
    uint64_t row = 0;
  };

  void StepOf(Caller& caller) {
    switch (caller.step) {
      case 0:
        return Ask(caller);
      case 1:
        caller.row = database_[caller.key];
        caller.step = 2;
        return;
      default:
        return Fill(caller);
    }
  }

  void Ask(Caller& caller) {
    caller.key = random_() % kKeys;
    const LeaseAnswer answer = cache_.store.GetOrLease(
        KeyOf(caller.key), {.lease_ms = kLease, .holder = random_() % 4 + 1}, cache_.now);
    if (answer.value) {
      ++totals_->hits;
      totals_->stale_reads += std::stoull(std::string(answer.value.value())) < floor_[caller.key];
    }
    caller.token = with_tokens_ ? answer.token : 0;
    if (answer.token != 0) caller.step = 1;
  }

  void Fill(Caller& caller) {
    caller.step = 0;
    const std::string value = std::to_string(caller.row);
    const std::string tag = TagOf(caller.key);
    const Words tags = {"all", tag};
    Write write{.key = "", .value = value, .tags = tags, .token = caller.token};
    const std::string key = KeyOf(caller.key);
    write.key = key;
    const Outcome outcome = cache_.store.Put(write, WriteMode::kPut, cache_.now);
    ++(outcome == Outcome::kOk ? totals_->fills : totals_->refused);
  }

  // The row changes; at a later step what is cached of it is invalidated.
  void Update() {
    if (!changed_) {
      updated_ = random_() % kKeys;
      ++database_[updated_];
      changed_ = true;
      return;
    }
    changed_ = false;
    const uint64_t row = database_[updated_];
    const std::string key = KeyOf(updated_), tag = TagOf(updated_);
    switch (random_() % 6) {
      case 0:
        cache_.Delete(key);
        break;
      case 1:
        cache_.store.Flush(cache_.now);
        break;
      case 2:
        cache_.InvalidateAll({"all", tag});
        break;
      case 3:
        cache_.Put(key, std::to_string(row), {"all", tag});
        break;
      case 4:
        cache_.store.EndLeases(random_() % 4 + 1, cache_.now);
        [[fallthrough]];
      default:
        cache_.InvalidateAny({tag});
        break;
    }
    floor_[updated_] = row;
  }

  std::mt19937_64 random_;
  const bool with_tokens_;
  Cache cache_{{.shards = 4, .seed = 42}};
  std::array<Caller, 5> callers_;
  std::array<uint64_t, kKeys> database_{};
  std::array<uint64_t, kKeys> floor_{};
  bool changed_ = false;
  size_t updated_ = 0;
  Totals* totals_ = nullptr;
};

TEST(LeaseRace, NoScheduleMakesAStaleRead) {
  Totals totals;
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    Schedule(seed, true).Run(300, &totals);
    ASSERT_EQ(totals.stale_reads, 0u) << "seed " << seed;
  }
  EXPECT_GT(totals.hits, 100'000u);
  EXPECT_GT(totals.fills, 10'000u);
  EXPECT_GT(totals.refused, 10'000u);
}

// The schedules are ones in which the race happens.
TEST(LeaseRace, WithoutTokensTheSameSchedulesDo) {
  Totals totals;
  for (uint64_t seed = 1; seed <= 100; ++seed) Schedule(seed, false).Run(300, &totals);
  EXPECT_GT(totals.stale_reads, 100u);
}

// The same in threads. What a read may return is known by what was invalidated before it began.
TEST(LeaseRace, NoThreadReadsWhatWasInvalidatedBeforeItBegan) {
  std::atomic<uint64_t> stale_reads{0}, fills{0}, refused{0};
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Store store({.shards = 4, .seed = seed});
    std::array<std::atomic<uint64_t>, kKeys> database{}, floor{};
    std::atomic<int> updaters{1};
    const auto call = [&](uint64_t salt) {
      std::mt19937_64 random(seed * 100 + salt);
      while (updaters.load() > 0) {
        const size_t i = random() % kKeys;
        const std::string key = KeyOf(i), tag = TagOf(i);
        const uint64_t least = floor[i].load();
        const LeaseAnswer answer =
            store.GetOrLease(key, {.lease_ms = kLease, .holder = salt}, 1000);
        if (answer.value && std::stoull(std::string(answer.value.value())) < least) ++stale_reads;
        if (answer.token == 0) {
          std::this_thread::yield();
          continue;
        }
        const std::string value = std::to_string(database[i].load());
        std::this_thread::yield();
        const Words tags = {"all", tag};
        const Write write{.key = key, .value = value, .tags = tags, .token = answer.token};
        ++(store.Put(write, WriteMode::kPut, 1000) == Outcome::kOk ? fills : refused);
      }
    };
    std::vector<std::thread> callers;
    for (uint64_t salt = 1; salt <= 3; ++salt) callers.emplace_back(call, salt);
    std::mt19937_64 random(seed);
    // On until the callers had their turns: a busy machine may start them late.
    const auto had_turns = [&] { return fills.load() > 10 * seed && refused.load() > 0; };
    for (int step = 0; step < 150 || (step < 100'000 && !had_turns()); ++step) {
      const size_t i = random() % kKeys;
      const std::string key = KeyOf(i), tag = TagOf(i);
      const Words tags = {tag}, both = {"all", tag};
      const uint64_t row = ++database[i];
      switch (random() % 8) {
        case 0:
          store.Flush(1000);
          break;
        case 1:
          store.Delete(key, 1000);
          break;
        case 2:
          store.InvalidateTags(both, TagMatch::kAll, 1000);
          break;
        default:
          store.InvalidateTags(tags, TagMatch::kAny, 1000);
          break;
      }
      floor[i].store(row);
      if (step % 8 == 0) store.RunMaintenance(10, 1000);
      std::this_thread::yield();
    }
    --updaters;
    for (std::thread& caller : callers) caller.join();
  }
  EXPECT_EQ(stale_reads.load(), 0u);
  EXPECT_GT(fills.load(), 100u);
  EXPECT_GT(refused.load(), 0u);
}

TEST(LeaseRace, ATokenOfAnotherProcessIsRefused) {
  Cache before({.shards = 4, .seed = 1}), after({.shards = 4, .seed = 2});
  const server::LeaseAsk ask{.lease_ms = kLease, .holder = 1};
  const uint64_t token = before.store.GetOrLease("k", ask, before.now).token;
  after.store.GetOrLease("k", ask, after.now);
  const Write write{.key = "k", .value = "v", .token = token};
  EXPECT_EQ(after.store.Put(write, WriteMode::kPut, after.now), Outcome::kStaleToken);
  EXPECT_EQ(before.store.Put(write, WriteMode::kPut, before.now), Outcome::kOk);
}

TEST(LeaseRace, ATagThatNobodyHadSeenIsInvalidatedAllTheSame) {
  Cache cache;
  const server::LeaseAsk ask{.lease_ms = kLease, .holder = 1};
  const uint64_t token = cache.store.GetOrLease("k", ask, cache.now).token;
  EXPECT_EQ(cache.InvalidateAny({"new"}), 0u);
  cache.Advance(10 * kLease);
  const Words tags = {"other", "new"}, others = {"other"};
  EXPECT_EQ(cache.store.Put({.key = "k", .value = "v", .tags = tags, .token = token},
                            WriteMode::kPut, cache.now),
            Outcome::kStaleToken);
  EXPECT_FALSE(cache.Has("k"));
  EXPECT_EQ(cache.store.Put({.key = "k", .value = "v", .tags = others, .token = token},
                            WriteMode::kPut, cache.now),
            Outcome::kOk);
}

TEST(LeaseRace, ARefusedPutLeavesTheNewerValue) {
  Cache cache;
  const uint64_t token =
      cache.store.GetOrLease("k", {.lease_ms = kLease, .holder = 1}, cache.now).token;
  cache.Put("k", "newer");
  EXPECT_EQ(
      cache.store.Put({.key = "k", .value = "late", .token = token}, WriteMode::kPut, cache.now),
      Outcome::kStaleToken);
  EXPECT_EQ(cache.Get("k"), "newer");
}

TEST(LeaseRace, ADeleteOfAKeyThatIsNotThereCountsToo) {
  Cache cache;
  const uint64_t token =
      cache.store.GetOrLease("k", {.lease_ms = kLease, .holder = 1}, cache.now).token;
  EXPECT_FALSE(cache.Delete("k"));
  EXPECT_EQ(
      cache.store.Put({.key = "k", .value = "late", .token = token}, WriteMode::kPut, cache.now),
      Outcome::kStaleToken);
  EXPECT_FALSE(cache.Has("k"));
}

class LeaseAndPrefix : public ::testing::Test {
 protected:
  uint64_t Ask(std::string_view key) {
    return cache_.store.GetOrLease(key, {.lease_ms = kLease, .holder = 1}, cache_.now).token;
  }
  Outcome Fill(std::string_view key, uint64_t token) {
    return cache_.store.Put({.key = key, .value = "late", .token = token}, WriteMode::kPut,
                            cache_.now);
  }
  void DeletePrefix(uint64_t* cursor, size_t budget) {
    cache_.store.DeletePrefix("page:", cursor, budget, cache_.now);
  }

  Cache cache_;
  uint64_t cursor_ = 0;
};

TEST_F(LeaseAndPrefix, RemovingAPrefixOvertakesTokensOfItsAbsentKeys) {
  const uint64_t token = Ask("page:1");
  DeletePrefix(&cursor_, 1'000'000);
  ASSERT_EQ(cursor_, 0u);
  EXPECT_EQ(Fill("page:1", token), Outcome::kStaleToken);
  EXPECT_FALSE(cache_.Has("page:1"));
  const uint64_t next = Ask("page:1");
  ASSERT_NE(next, 0u);
  EXPECT_EQ(Fill("page:1", next), Outcome::kOk);
}

TEST_F(LeaseAndPrefix, RemovingAPrefixLeavesTheTokensOfOtherKeys) {
  const uint64_t token = Ask("user:1");
  DeletePrefix(&cursor_, 1'000'000);
  EXPECT_EQ(Fill("user:1", token), Outcome::kOk);
}

TEST_F(LeaseAndPrefix, NoLeaseIsLongerThanTheStoreAllows) {
  constexpr uint64_t kWeeks = uint64_t{49} * 24 * 3'600 * 1'000;
  const auto ask = [&](uint64_t holder) {
    return cache_.store.GetOrLease("k", {.lease_ms = kWeeks, .holder = holder}, cache_.now).token;
  };
  ASSERT_NE(ask(1), 0u);
  cache_.Advance(10 * 60 * 1'000 - 1);
  EXPECT_EQ(ask(2), 0u);
  cache_.Advance(1);
  EXPECT_NE(ask(2), 0u);
}

// It begins with the first page: a token of before is refused from then on, whatever page its key
// belongs to, and one that was given out since holds.
TEST_F(LeaseAndPrefix, OnlyTheFirstPageOvertakes) {
  const uint64_t before = Ask("page:1");
  DeletePrefix(&cursor_, 1);
  ASSERT_NE(cursor_, 0u);
  const uint64_t since = Ask("page:2");
  DeletePrefix(&cursor_, 1);
  EXPECT_EQ(Fill("page:1", before), Outcome::kStaleToken);
  EXPECT_EQ(Fill("page:2", since), Outcome::kOk);
}

}  // namespace
}  // namespace tagcache::testing
