// What an invalidation promises: the number of entries in its result, the work it does for that,
// and the number of its step. Work is measured by counters, not by a clock.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

using server::Invalidation;
using server::InvalidationResult;
using Kind = server::Invalidation::Kind;

// So many entries a step of an invalidation removes itself, and counts exactly.
constexpr size_t kRemovedAtOnce = 1024;

void PutMany(Cache& cache, const std::string& prefix, size_t count, const Words& tags) {
  for (size_t i = 0; i < count; ++i) cache.Put(prefix + std::to_string(i), "v", tags);
}

void MaintainAll(Cache& cache) {
  while (cache.store.RunMaintenance(1'000'000, cache.now) > 0) {
  }
}

TEST(Invalidation, OfTwoTagsThatShareManyEntriesIsNotWaitedForByTheNext) {
  Cache cache;
  PutMany(cache, "both", 100'000, {"a", "b"});
  PutMany(cache, "few", 100, {"c"});
  PutMany(cache, "shared", 2'000, {"b", "d"});
  EXPECT_GE(cache.InvalidateAny({"a", "b"}), 102'000u);
  EXPECT_EQ(cache.store.Stats().reclaimed, 0u);
  EXPECT_EQ(cache.InvalidateAny({"c"}), 100u);
  EXPECT_EQ(cache.store.Stats().reclaimed, 100u);
  EXPECT_LE(cache.InvalidateAny({"d", "b"}), 2'000u);
  EXPECT_EQ(cache.store.Stats().reclaimed, 100u);
  MaintainAll(cache);
  EXPECT_EQ(cache.store.Stats().reclaimed, 102'100u);
}

TEST(Invalidation, OfAllOfSeveralTagsLeavesManyEntriesToBeRemovedAndCountsThemExactly) {
  Cache cache;
  PutMany(cache, "both", 50'000, {"a", "b"});
  PutMany(cache, "one", 3'000, {"a"});
  PutMany(cache, "other", 4'000, {"b"});
  EXPECT_EQ(cache.InvalidateAll({"a", "b"}), 50'000u);
  EXPECT_EQ(cache.store.Stats().reclaimed, 0u);
  EXPECT_FALSE(cache.store.Exists("both7", cache.now));
  EXPECT_TRUE(cache.store.Exists("one7", cache.now));
  EXPECT_EQ(cache.InvalidateAll({"a", "b"}), 0u);
  PutMany(cache, "again", 10, {"a", "b"});
  EXPECT_EQ(cache.InvalidateAll({"b", "a"}), 10u);
  MaintainAll(cache);
  EXPECT_EQ(cache.store.Stats().items, 7'000u);
  EXPECT_EQ(cache.InvalidateAny({"a"}), 3'000u);
  EXPECT_EQ(cache.InvalidateAny({"b"}), 4'000u);
}

TEST(Invalidation, OfManySmallTagsRemovesNoMoreThanTheLimitItself) {
  Cache cache;
  std::vector<std::string> names;
  for (int t = 0; t < 64; ++t) {
    names.push_back("tag" + std::to_string(t));
    PutMany(cache, names.back() + " ", 1'000, {names.back()});
  }
  EXPECT_EQ(cache.InvalidateAny({names.begin(), names.end()}), 64'000u);
  EXPECT_LE(cache.store.Stats().reclaimed, kRemovedAtOnce);
  EXPECT_EQ(cache.Keys({names.begin(), names.end()}), List({}));
}

TEST(Invalidation, CountsTheLimitExactlyAndNoEntryTwice) {
  Cache cache;
  PutMany(cache, "k", kRemovedAtOnce, {"a", "b", "c"});
  EXPECT_EQ(cache.InvalidateAny({"a", "b", "c"}), kRemovedAtOnce);
  EXPECT_EQ(cache.store.Stats().items, 0u);
  EXPECT_EQ(cache.store.Stats().tags, 0u);
}

TEST(Invalidation, OfOneLargeTagIsExactWhereNothingWaits) {
  Cache cache;
  PutMany(cache, "k", 30'000, {"a", "b"});
  EXPECT_EQ(cache.InvalidateAny({"a"}), 30'000u);
  EXPECT_EQ(cache.store.Stats().items, 0u);
  MaintainAll(cache);
  PutMany(cache, "k", 30'000, {"a", "b"});
  EXPECT_EQ(cache.store.Flush(cache.now), 30'000u);
}

// Tags of very different sizes, entries with several of them, some of which expire, and large
// invalidations whose entries are not removed for a while.
class SeededInvalidations {
 public:
  explicit SeededInvalidations(uint64_t seed) : random_(seed), cache_({.shards = 8, .seed = seed}) {
    for (size_t t = 0; t < 8; ++t) names_.push_back("tag" + std::to_string(t));
  }

  void Run(int rounds) {
    for (int round = 0; round < rounds && !::testing::Test::HasFatalFailure(); ++round) {
      Fill();
      for (int i = 0; i < 6; ++i) {
        if (Below(3) == 0) cache_.Advance(Below(20));
        if (Below(3) == 0) cache_.store.RunMaintenance(Below(500), cache_.now);
        Below(12) == 0 ? Flush() : Invalidate();
      }
    }
  }
  int exact() const { return exact_; }
  int beyond() const { return beyond_; }
  int too_high() const { return too_high_; }

 private:
  struct Tagged {
    std::set<size_t> tags;
    TimeMs expires;
  };

  uint64_t Below(uint64_t n) { return random_() % n; }
  void Fill() {
    for (uint64_t n = Below(6'000); n > 0; --n) {
      Tagged entry = {{}, UINT64_MAX};
      for (uint64_t t = Below(4); t > 0; --t) {
        // The last tag is on half of all entries, the first ones on few.
        entry.tags.insert(7 - std::min<size_t>(7, Below(1 + Below(1 + Below(40)))));
      }
      std::optional<uint64_t> ttl;
      if (Below(3) == 0) ttl = 1 + Below(30);
      if (ttl.has_value()) entry.expires = cache_.now + *ttl;
      Words tags;
      for (const size_t t : entry.tags) tags.push_back(names_[t]);
      const std::string key = "key" + std::to_string(Below(20'000));
      cache_.Put(key, "v", tags, ttl);
      model_[key] = entry;
    }
  }
  void Invalidate() {
    std::set<size_t> tags;
    for (uint64_t n = 1 + Below(3); n > 0; --n) tags.insert(Below(8));
    Words words;
    for (const size_t t : tags) words.push_back(names_[t]);
    uint64_t live = 0;
    std::erase_if(model_, [&](const auto& item) {
      const Tagged& entry = item.second;
      const bool reached =
          std::any_of(tags.begin(), tags.end(), [&](size_t t) { return entry.tags.count(t) > 0; });
      live += reached && entry.expires > cache_.now;
      return reached || entry.expires <= cache_.now;
    });
    const uint64_t removed_before = Removed();
    const uint64_t count = cache_.InvalidateAny(words);
    Compare(count, live, Removed() - removed_before);
  }
  void Flush() {
    uint64_t live = 0;
    for (const auto& item : model_) live += item.second.expires > cache_.now;
    model_.clear();
    ASSERT_GE(cache_.store.Flush(cache_.now), live);
  }
  uint64_t Removed() const {
    const StoreStats stats = cache_.store.Stats();
    return stats.reclaimed + stats.expired;
  }
  void Compare(uint64_t count, uint64_t live, uint64_t removed) {
    ASSERT_GE(count, live);
    ASSERT_LE(removed, kRemovedAtOnce);
    // The call is exact if it came to the end of its entries, which it did if it removed any and
    // less than the limit.
    if (removed > 0 && removed < kRemovedAtOnce) {
      ASSERT_EQ(count, live);
      ++exact_;
    } else if (live > kRemovedAtOnce) {
      ++beyond_;
      too_high_ += count > live;
    }
  }

  std::mt19937_64 random_;
  Cache cache_;
  std::vector<std::string> names_;
  std::map<std::string, Tagged> model_;
  int exact_ = 0;
  int beyond_ = 0;
  int too_high_ = 0;
};

class InvalidationCounts : public ::testing::TestWithParam<uint64_t> {};

TEST_P(InvalidationCounts, AreExactUpToTheLimitAndNeverTooLow) {
  SeededInvalidations run(GetParam());
  run.Run(120);
  EXPECT_GT(run.exact(), 20);
  EXPECT_GT(run.beyond(), 20);
  EXPECT_GT(run.too_high(), 0);  // otherwise nothing ever waited to be removed
}

INSTANTIATE_TEST_SUITE_P(Seeds, InvalidationCounts, ::testing::Values(1, 2, 3, 4));

class InvalidationNumbers : public ::testing::Test {
 protected:
  // The number that the next step has.
  uint64_t Next() { return cache_.store.Invalidate({}, cache_.now).number + 1; }
  InvalidationResult Invalidate(Kind kind, const Words& names,
                                std::optional<uint64_t> version = std::nullopt) {
    return cache_.store.Invalidate({.kind = kind, .names = names, .version = version}, cache_.now);
  }
  Cache cache_;
};

TEST_F(InvalidationNumbers, EachKindHasOne) {
  uint64_t last = Next() - 1;
  const auto expect_numbered = [&](const InvalidationResult& result, uint64_t entries) {
    EXPECT_EQ(result.entries, entries);
    EXPECT_GT(result.number, last);
    last = result.number;
  };
  const auto put = [&] {
    for (const char* key : {"k", "l", "m"}) cache_.Put(key, "v", {"a", "b"});
  };
  put();
  expect_numbered(Invalidate(Kind::kAnyTag, {"a"}), 3);
  put();
  expect_numbered(Invalidate(Kind::kAnyTag, {"a", "b"}), 3);
  put();
  expect_numbered(Invalidate(Kind::kAllTags, {"a", "b"}), 3);
  put();
  expect_numbered(Invalidate(Kind::kKeys, {"k"}), 1);
  expect_numbered(Invalidate(Kind::kKeys, {"l", "m", "n"}), 2);
  put();
  const uint64_t version = cache_.store.Meta("k", cache_.now)->version;
  EXPECT_EQ(Invalidate(Kind::kKeys, {"k"}, version + 1).outcome, Outcome::kVersionMismatch);
  expect_numbered(Invalidate(Kind::kKeys, {"k"}, version), 1);
  expect_numbered(Invalidate(Kind::kPrefix, {"l"}), 1);
  expect_numbered(Invalidate(Kind::kFlush, {}), 1);
}

// What finds nothing still refuses fills under older lease tokens; only a condition that fails has
// no effect at all.
TEST_F(InvalidationNumbers, ThatFindNothingHaveOneButAFailedConditionHasNone) {
  cache_.Put("k", "v");
  for (const Kind kind : {Kind::kAnyTag, Kind::kAllTags, Kind::kKeys, Kind::kPrefix}) {
    EXPECT_EQ(Invalidate(kind, {"nothing", "no"}).entries, 0u);
    EXPECT_GT(Invalidate(kind, {"nothing"}).number, 0u);
  }
  EXPECT_EQ(Invalidate(Kind::kKeys, {"k"}, 1).number, 0u);
  EXPECT_EQ(Invalidate(Kind::kKeys, {"nothing"}, 1).number, 0u);
  EXPECT_TRUE(cache_.Has("k"));
}

TEST_F(InvalidationNumbers, WritesThatLeaveNothingBehindHaveOne) {
  const std::string large(cache_.store.options().max_key + 1, 'k');
  const auto expect_numbered = [&](auto write) {
    const uint64_t next = Next();
    cache_.Put("k", "1");
    write();
    EXPECT_FALSE(cache_.Has("k"));
    EXPECT_EQ(Next(), next + 2);
  };
  expect_numbered([&] { cache_.Put("k", "2", {}, 0); });
  expect_numbered([&] { cache_.store.Touch("k", 0, cache_.now); });
  expect_numbered([&] { cache_.store.GetAndTouch("k", 0, cache_.now); });
  expect_numbered([&] { cache_.store.Increment({.key = "k", .ttl_ms = 0}, cache_.now); });
  expect_numbered([&] { cache_.Put("k", "2", {large}); });  // refused
}

TEST_F(InvalidationNumbers, ExpiryAndMaintenanceTakeNone) {
  cache_.Put("k", "v", {"a"}, 10);
  PutMany(cache_, "many", 3'000, {"b"});
  cache_.InvalidateAny({"b"});
  const uint64_t next = Invalidate(Kind::kKeys, {"none"}).number + 1;
  cache_.Advance(10);
  MaintainAll(cache_);
  EXPECT_FALSE(cache_.Has("k"));
  EXPECT_EQ(Invalidate(Kind::kKeys, {"none"}).number, next);
}

}  // namespace
}  // namespace tagcache::testing
