#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>

#include "tests/store/cache.h"
#include "tests/store/run_all.h"

namespace tagcache::testing {
namespace {

#ifdef TAGCACHE_SANITIZED
constexpr int kSlower = 10;
#else
constexpr int kSlower = 1;
#endif

// What else the write says is not looked at.
Outcome Lengthen(Cache* cache, std::string_view key, std::string_view more, WriteMode mode) {
  const Words tags = {"ignored"};
  Write write = {.key = key, .value = more, .flags = 99, .ttl_ms = 7, .tags = tags};
  return cache->store.Put(write, mode, cache->now);
}
Outcome Append(Cache* cache, std::string_view key, std::string_view more) {
  return Lengthen(cache, key, more, WriteMode::kAppend);
}
Outcome Prepend(Cache* cache, std::string_view key, std::string_view more) {
  return Lengthen(cache, key, more, WriteMode::kPrepend);
}

TEST(Append, AddsToTheValueAndKeepsTheRest) {
  Cache cache;
  const Words tags = {"a", "b"};
  cache.store.Put(
      {.key = "k", .value = "middle", .flags = 0x12345678, .ttl_ms = 1'000, .tags = tags},
      WriteMode::kPut, cache.now);
  cache.Advance(400);
  EXPECT_EQ(Append(&cache, "k", "+end"), Outcome::kOk);
  EXPECT_EQ(Prepend(&cache, "k", "start+"), Outcome::kOk);
  const EntryRef ref = cache.store.Get("k", cache.now);
  EXPECT_EQ(ref.value(), "start+middle+end");
  EXPECT_EQ(ref.flags(), 0x12345678u);
  EXPECT_EQ(cache.TagsOf("k"), List({"a", "b"}));
  const std::optional<EntryMeta> meta = cache.store.Meta("k", cache.now);
  EXPECT_EQ(meta->ttl_left_ms, 600u);
  EXPECT_EQ(meta->age_ms, 0u);
  EXPECT_EQ(meta->size, 16u);
  EXPECT_EQ(cache.InvalidateAny({"ignored"}), 0u);
  EXPECT_EQ(cache.InvalidateAll({"b", "a"}), 1u);
  EXPECT_FALSE(cache.Has("k"));
}

TEST(Append, KeepsThatItNeverExpires) {
  Cache cache;
  cache.Put("k", "v");
  EXPECT_EQ(Append(&cache, "k", "w"), Outcome::kOk);
  EXPECT_EQ(cache.store.Meta("k", cache.now)->ttl_left_ms, std::nullopt);
  cache.Advance(1'000'000);
  EXPECT_EQ(cache.Get("k"), "vw");
}

TEST(Append, FindsNothingWhereThereIsNone) {
  Cache cache;
  for (const WriteMode mode : {WriteMode::kAppend, WriteMode::kPrepend}) {
    EXPECT_EQ(Lengthen(&cache, "k", "v", mode), Outcome::kNotFound);
    EXPECT_FALSE(cache.Has("k"));
    cache.Put("k", "v", {}, 10);
    cache.Advance(10);
    EXPECT_EQ(Lengthen(&cache, "k", "v", mode), Outcome::kNotFound);
    EXPECT_FALSE(cache.Has("k"));
  }
  EXPECT_EQ(cache.Keys({"ignored"}), List({}));
}

TEST(Append, OneThatIsTooLargeLeavesTheEntry) {
  Cache cache({.shards = 1, .max_value = 10});
  cache.Put("k", "12345678", {"t"}, 1'000);
  const uint64_t version = cache.store.Meta("k", cache.now)->version;
  for (const WriteMode mode : {WriteMode::kAppend, WriteMode::kPrepend}) {
    EXPECT_EQ(Lengthen(&cache, "k", "abc", mode), Outcome::kValueTooLarge);
    EXPECT_EQ(Lengthen(&cache, "k", "far longer than the limit", mode), Outcome::kValueTooLarge);
  }
  EXPECT_EQ(cache.Get("k"), "12345678");
  EXPECT_EQ(cache.store.Meta("k", cache.now)->version, version);
  EXPECT_EQ(Append(&cache, "k", "90"), Outcome::kOk);
  EXPECT_EQ(cache.Get("k"), "1234567890");
  EXPECT_EQ(cache.InvalidateAny({"t"}), 1u);
}

TEST(Append, OfNothingChangesNoByte) {
  Cache cache;
  cache.Put("k", "", {"t"});
  EXPECT_EQ(Append(&cache, "k", ""), Outcome::kOk);
  EXPECT_EQ(cache.Get("k"), "");
  EXPECT_EQ(Prepend(&cache, "k", "v"), Outcome::kOk);
  EXPECT_EQ(cache.Get("k"), "v");
}

// Every size an entry may have, and every step from one kind of place for its value to another.
TEST(Append, GrowsThroughAllSizes) {
  Cache cache;
  std::string expected;
  cache.Put("k", "", {"a", "b", "c"}, 100'000);
  for (int i = 0; expected.size() < 40'000; ++i) {
    const std::string more(1 + i % 37 * (i % 5), static_cast<char>('a' + i % 26));
    const bool append = i % 3 != 0;
    expected = append ? expected + more : more + expected;
    ASSERT_EQ(append ? Append(&cache, "k", more) : Prepend(&cache, "k", more), Outcome::kOk);
    ASSERT_EQ(cache.Get("k"), expected);
  }
  EXPECT_EQ(cache.TagsOf("k"), List({"a", "b", "c"}));
  EXPECT_EQ(cache.store.Meta("k", cache.now)->ttl_left_ms, 100'000u);
  EXPECT_EQ(cache.InvalidateAll({"a", "b", "c"}), 1u);
}

TEST(Append, TakesTheValueItIsAddedTo) {
  Cache cache;
  for (const size_t size : {3, 3'000, 30'000}) {
    cache.Put("k", std::string(size, 'v'));
    const EntryRef ref = cache.store.Get("k", cache.now);
    EXPECT_EQ(Append(&cache, "k", ref.value()), Outcome::kOk);
    EXPECT_EQ(ref.value(), std::string(size, 'v'));
    EXPECT_EQ(cache.Get("k"), std::string(2 * size, 'v'));
  }
}

TEST(Append, ToACounterMakesALongerNumber) {
  Cache cache;
  cache.Increment("k", 1, 12);
  EXPECT_EQ(Append(&cache, "k", "5"), Outcome::kOk);
  EXPECT_EQ(cache.Increment("k", 1).value, 126);
  EXPECT_EQ(Prepend(&cache, "k", "-9"), Outcome::kOk);
  EXPECT_EQ(cache.Increment("k", 1).value, -9125);
  EXPECT_EQ(Append(&cache, "k", "x"), Outcome::kOk);
  EXPECT_EQ(cache.Increment("k", 1).outcome, Outcome::kNotAnInteger);
  EXPECT_EQ(cache.Get("k"), "-9125x");
}

// Lessons 27. Whatever others write meanwhile, it ends: in parts, a write comes after each of them.
TEST(Append, OfALargeValueThatOthersKeepWritingIsRefused) {
  Cache cache;
  const std::string more(3'000'000, 'm');
  cache.Put("k", "short");
  server::PartialAppend append({.key = "k", .value = more}, WriteMode::kAppend);
  std::optional<Outcome> outcome;
  int parts = 0;
  for (; !outcome.has_value(); ++parts) {
    ASSERT_LT(parts, 20);
    outcome = cache.store.ContinueAppend(&append, 1'000'000, cache.now);
    cache.Put("k", "written");
  }
  EXPECT_EQ(outcome, Outcome::kContended);
  EXPECT_EQ(cache.Get("k"), "written");
}

TEST(Append, OfASmallValueThatOthersKeepWritingIsStored) {
  Cache cache;
  const std::string more(30'000, 'm');
  cache.Put("k", "short");
  server::PartialAppend append({.key = "k", .value = more}, WriteMode::kPrepend);
  std::optional<Outcome> outcome;
  for (int parts = 0; !outcome.has_value(); ++parts) {
    ASSERT_LT(parts, 20);
    if (parts > 0) cache.Put("k", "written", {"t"});
    outcome = cache.store.ContinueAppend(&append, 10'000, cache.now);
  }
  EXPECT_EQ(outcome, Outcome::kOk);
  EXPECT_EQ(cache.Get("k"), more + "written");
  EXPECT_EQ(cache.InvalidateAny({"t"}), 1u);
}

TEST(Append, InPartsIsOneStep) {
  Cache cache;
  const std::string more(250'000, 'm');
  for (const WriteMode mode : {WriteMode::kAppend, WriteMode::kPrepend}) {
    cache.Put("k", "held", {"t"});
    server::PartialAppend append({.key = "k", .value = more}, mode);
    int parts = 1;
    while (!cache.store.ContinueAppend(&append, 100'000, cache.now).has_value()) {
      EXPECT_EQ(cache.Get("k"), "held");
      ++parts;
    }
    EXPECT_EQ(parts, 3);
    EXPECT_EQ(cache.Get("k"), mode == WriteMode::kAppend ? "held" + more : more + "held");
    EXPECT_EQ(cache.TagsOf("k"), List({"t"}));
  }
  server::PartialAppend abandoned({.key = "k", .value = more}, WriteMode::kAppend);
  EXPECT_FALSE(cache.store.ContinueAppend(&abandoned, 1'000, cache.now).has_value());
}

TEST(Append, OfManyThreadsLosesNothing) {
  Cache cache;
  cache.Put("k", "", {"t"});
  const int times = 1'500 / kSlower;
  const auto add = [&](char letter) {
    for (int i = 0; i < times; ++i) {
      const std::string word = letter + std::to_string(i) + " ";
      ASSERT_EQ(i % 2 == 0 ? Append(&cache, "k", word) : Prepend(&cache, "k", word), Outcome::kOk);
    }
  };
  RunAll({[&] { add('a'); }, [&] { add('b'); }, [&] { add('c'); }});
  std::istringstream words(cache.Get("k"));
  std::multiset<std::string> seen;
  for (std::string word; words >> word;) seen.insert(word);
  EXPECT_EQ(seen.size(), 3u * times);
  for (const char letter : {'a', 'b', 'c'}) {
    for (int i = 0; i < times; ++i) {
      ASSERT_EQ(seen.count(letter + std::to_string(i)), 1u);
    }
  }
  EXPECT_EQ(cache.InvalidateAny({"t"}), 1u);
}

}  // namespace
}  // namespace tagcache::testing
