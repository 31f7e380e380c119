#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "server/store/integer_text.h"
#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

using server::IntegerForm;
using server::ParseInteger;

TEST(Increment, AddsAndSubtracts) {
  Cache cache;
  cache.Put("k", "40");
  EXPECT_EQ(cache.Increment("k", 2).value, 42);
  EXPECT_EQ(cache.Decrement("k", 50).value, -8);
  EXPECT_EQ(cache.Get("k"), "-8");
}

TEST(Increment, AnAbsentKeyBeginsWithInitialAndItsFlags) {
  Cache cache;
  const IncrementResult result =
      cache.store.Increment({.key = "k", .by = 5, .initial = 100, .flags = 3}, cache.now);
  EXPECT_EQ(result.outcome, Outcome::kOk);
  EXPECT_EQ(result.value, 100);
  EXPECT_EQ(cache.Get("k"), "100");
  EXPECT_EQ(cache.store.Get("k", cache.now).flags(), 3u);
}

TEST(Increment, AnExpiredKeyBeginsAnewWithoutItsOldTags) {
  Cache cache;
  cache.Put("k", "7", {"t"}, 10);
  cache.Advance(10);
  EXPECT_EQ(cache.Increment("k", 1, 50).value, 50);
  EXPECT_EQ(cache.TagsOf("k"), List({}));
  EXPECT_EQ(cache.store.Meta("k", cache.now)->ttl_left_ms, std::nullopt);
}

TEST(Increment, KeepsFlagsTtlAndTags) {
  Cache cache;
  const Words tags = {"a", "b"};
  Write write{.key = "k", .value = "9", .flags = 77};
  write.ttl_ms = 100;
  write.tags = tags;
  cache.store.Put(write, WriteMode::kPut, cache.now);
  cache.Advance(40);
  EXPECT_EQ(cache.store.Increment({.key = "k", .by = 1, .flags = 1}, cache.now).value, 10);
  const auto meta = cache.store.Meta("k", cache.now);
  EXPECT_EQ(meta->flags, 77u);
  EXPECT_EQ(meta->ttl_left_ms, 60u);
  EXPECT_EQ(meta->age_ms, 0u);
  EXPECT_EQ(cache.TagsOf("k"), List({"a", "b"}));
  EXPECT_EQ(cache.InvalidateAll({"a", "b"}), 1u);
  EXPECT_EQ(cache.store.Stats().tags, 0u);
}

TEST(Increment, TakesANewTtlAndNewTagsWhereTheyAreGiven) {
  Cache cache;
  cache.Put("k", "1", {"old"}, 100);
  const Words tags = {"new", "new"};
  CounterIncrement step{.key = "k"};
  step.ttl_ms = 500;
  step.tags = tags;
  EXPECT_EQ(cache.store.Increment(step, cache.now).value, 2);
  EXPECT_EQ(cache.TagsOf("k"), List({"new"}));
  EXPECT_EQ(cache.store.Meta("k", cache.now)->ttl_left_ms, 500u);
  EXPECT_EQ(cache.InvalidateAny({"old"}), 0u);
}

TEST(Increment, AnEmptyListOfTagsTakesTheTagsOff) {
  Cache cache;
  cache.Put("k", "1", {"old"});
  CounterIncrement step{.key = "k"};
  step.tags = std::span<const std::string_view>();
  cache.store.Increment(step, cache.now);
  EXPECT_EQ(cache.TagsOf("k"), List({}));
  EXPECT_EQ(cache.store.Stats().tags, 0u);
}

TEST(Increment, WithTtlZeroCountsAndRemoves) {
  Cache cache;
  cache.Put("k", "1", {"t"});
  CounterIncrement step{.key = "k", .by = 4};
  step.ttl_ms = 0;
  EXPECT_EQ(cache.store.Increment(step, cache.now).value, 5);
  EXPECT_FALSE(cache.Has("k"));
  EXPECT_EQ(cache.store.Stats().tags, 0u);
}

TEST(Increment, GoesToBothEndsOfTheRange) {
  Cache cache;
  cache.Put("k", "9223372036854775806");
  EXPECT_EQ(cache.Increment("k", 1).value, INT64_MAX);
  cache.Put("k", "-9223372036854775807");
  EXPECT_EQ(cache.Decrement("k", 1).value, INT64_MIN);
  EXPECT_EQ(cache.Get("k"), "-9223372036854775808");
}

TEST(Increment, PastTheRangeIsAnOverflowThatChangesNothing) {
  Cache cache;
  cache.Put("k", "9223372036854775807", {"t"}, 100);
  EXPECT_EQ(cache.Increment("k", 1).outcome, Outcome::kOverflow);
  EXPECT_EQ(cache.Decrement("k", INT64_MIN).outcome, Outcome::kOverflow);
  EXPECT_EQ(cache.Get("k"), "9223372036854775807");
  cache.Put("k", "-9223372036854775808");
  EXPECT_EQ(cache.Decrement("k", 1).outcome, Outcome::kOverflow);
  EXPECT_EQ(cache.Increment("k", INT64_MIN).outcome, Outcome::kOverflow);
  EXPECT_EQ(cache.Get("k"), "-9223372036854775808");
}

TEST(Increment, SubtractingTheSmallestNumberFitsFromMinusOne) {
  Cache cache;
  cache.Put("k", "-1");
  EXPECT_EQ(cache.Decrement("k", INT64_MIN).value, INT64_MAX);
}

TEST(Increment, WhatIsNoNumberIsRefusedAndStays) {
  Cache cache;
  for (const char* text : {"", " ", "+", "-", "x", "1x", "1 2", "+-5", "-+5", "++5", "0x10", "1.0",
                           "1e5", "9223372036854775808", "-9223372036854775809"}) {
    cache.Put("k", text);
    EXPECT_EQ(cache.Increment("k", 1).outcome, Outcome::kNotAnInteger) << '"' << text << '"';
    EXPECT_EQ(cache.Get("k"), text);
  }
}

TEST(Increment, TakesWhatItWouldWriteUnlessItIsLenient) {
  Cache cache;
  for (const char* text : {"010", "10\n", " 10", "+10", "-0", "00"}) {
    cache.Put("k", text);
    EXPECT_EQ(cache.Increment("k", 1).outcome, Outcome::kNotAnInteger) << '"' << text << '"';
    EXPECT_EQ(cache.Get("k"), text);
    EXPECT_EQ(cache.store.Increment({.key = "k", .lenient = true}, cache.now).outcome,
              Outcome::kOk);
  }
  for (const char* text : {"10", "-10", "0", "-9223372036854775808"}) {
    EXPECT_TRUE(ParseInteger(text, IntegerForm::kCanonical).has_value()) << text;
  }
}

TEST(Increment, WithATtlForCreationAloneKeepsThatOfAnEntry) {
  Cache cache;
  CounterIncrement step{.key = "k"};
  step.ttl_ms = 100;
  step.ttl_at_creation = true;
  EXPECT_EQ(cache.store.Increment(step, cache.now).value, 1);
  cache.Advance(40);
  EXPECT_EQ(cache.store.Increment(step, cache.now).value, 2);
  EXPECT_EQ(cache.store.Meta("k", cache.now)->ttl_left_ms, 60u);
  step.ttl_ms = 0;
  EXPECT_EQ(cache.store.Increment(step, cache.now).value, 3);
  EXPECT_EQ(cache.store.Meta("k", cache.now)->ttl_left_ms, 60u);
  cache.Advance(60);
  EXPECT_FALSE(cache.Has("k"));
}

TEST(Increment, ReadsBlanksASignAndLeadingZeros) {
  EXPECT_EQ(ParseInteger(" 12\n", IntegerForm::kLenient), 12);
  EXPECT_EQ(ParseInteger("\t+12 ", IntegerForm::kLenient), 12);
  EXPECT_EQ(ParseInteger("\r-12\v\f", IntegerForm::kLenient), -12);
  EXPECT_EQ(ParseInteger("007", IntegerForm::kLenient), 7);
  EXPECT_EQ(ParseInteger("+9223372036854775807", IntegerForm::kLenient), INT64_MAX);
  EXPECT_EQ(ParseInteger("-9223372036854775808", IntegerForm::kLenient), INT64_MIN);
}

TEST(Increment, ANumberMayGrowAndShrinkInDigits) {
  Cache cache;
  cache.Put("k", "9");
  EXPECT_EQ(cache.Increment("k", 1).value, 10);
  EXPECT_EQ(cache.Get("k"), "10");
  EXPECT_EQ(cache.Increment("k", 999'999'999'990).value, 1'000'000'000'000);
  EXPECT_EQ(cache.Decrement("k", 999'999'999'999).value, 1);
  EXPECT_EQ(cache.Get("k"), "1");
}

}  // namespace
}  // namespace tagcache::testing
