// The wheel by itself: an entry is reported when it expires, and not before.

#include "server/store/timing_wheel.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "server/store/entry.h"

namespace tagcache::testing {
namespace {

using server::Arena;
using server::Entry;
using server::MemoryBudget;
using server::OwnedEntry;
using server::TimeMs;
using server::TimingWheel;
using server::ValuePages;

struct Wheel {
  // The wheel does not own its entries: they are kept here until they expire.
  Entry* Add(TimeMs expires) {
    entries.emplace_back(
        server::NewEntry(arena, {.key = {"k", 1}, .value = "", .expires = expires}, true));
    wheel.Add(arena, entries.back().get(), now);
    return entries.back().get();
  }
  // The entries that expired, and how many were touched.
  std::vector<TimeMs> Advance(TimeMs to, size_t budget = SIZE_MAX) {
    std::vector<TimeMs> over;
    now = to;
    touched = wheel.Advance(arena, now, budget, [&](Entry* entry) {
      over.push_back(entry->expires());
      wheel.Remove(arena, entry);
    });
    return over;
  }

  MemoryBudget budget{0};
  ValuePages values{0};
  Arena arena{budget, values};
  std::vector<OwnedEntry> entries;
  TimingWheel wheel;
  TimeMs now = 1'000'000;
  size_t touched = 0;
};

TEST(TimingWheel, AnEntryExpiresAtItsMillisecond) {
  Wheel wheel;
  wheel.Add(wheel.now + 5);
  EXPECT_TRUE(wheel.Advance(wheel.now + 4).empty());
  EXPECT_EQ(wheel.Advance(wheel.now + 1).size(), 1u);
}

TEST(TimingWheel, AShortTimeIsNotLateBehindALongOne) {
  Wheel wheel;
  wheel.Add(wheel.now + 5 * 24 * 3'600'000);
  wheel.Advance(wheel.now + 1);
  wheel.Add(wheel.now + 10);
  EXPECT_EQ(wheel.Advance(wheel.now + 10).size(), 1u);
}

TEST(TimingWheel, WhatIsNotDueIsNotTouched) {
  Wheel wheel;
  const TimeMs due = wheel.now + 63 - wheel.now % 64;  // the last of these 64 ms
  for (int i = 0; i < 1000; ++i) wheel.Add(due);
  wheel.Add(due - 1);
  EXPECT_EQ(wheel.Advance(due - 1).size(), 1u);
  EXPECT_EQ(wheel.touched, 1u);
}

TEST(TimingWheel, TheBudgetBoundsAStepAndTheNextGoesOn) {
  Wheel wheel;
  for (int i = 0; i < 100; ++i) wheel.Add(wheel.now + 1000);
  size_t over = 0;
  for (int step = 0; step < 100 && over < 100; ++step) {
    over += wheel.Advance(1'001'000, 7).size();
    EXPECT_LE(wheel.touched, 7u);
  }
  EXPECT_EQ(over, 100u);
}

TEST(TimingWheel, TellsWhatAPlainListTells) {
  std::mt19937_64 random(3);
  for (int run = 0; run < 20; ++run) {
    Wheel wheel;
    std::multiset<TimeMs> expected;
    for (int step = 0; step < 2000; ++step) {
      if (random() % 3 != 0) {
        const TimeMs expires = wheel.now + 1 + random() % (TimeMs{1} << (1 + random() % 33));
        wheel.Add(expires);
        expected.insert(expires);
        continue;
      }
      const auto over = wheel.Advance(wheel.now + random() % (TimeMs{1} << (random() % 30)));
      const auto end = expected.upper_bound(wheel.now);
      const std::multiset<TimeMs> due(expected.begin(), end);
      ASSERT_EQ(std::multiset<TimeMs>(over.begin(), over.end()), due) << "run " << run;
      expected.erase(expected.begin(), end);
    }
    EXPECT_EQ(wheel.wheel.size(), expected.size());
  }
}

}  // namespace
}  // namespace tagcache::testing
