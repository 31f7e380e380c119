#include "server/store/hash_table.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>
#include <vector>

namespace tagcache::testing {
namespace {

using Table = server::HashTable<uint64_t>;

uint64_t* Find(Table& table, uint64_t hash, uint64_t value) {
  auto* slot = table.Find(hash, [&](uint64_t other) { return other == value; });
  return slot == nullptr ? nullptr : &slot->value;
}

void Insert(Table& table, uint64_t hash, uint64_t value) {
  ASSERT_TRUE(table.Reserve());
  table.Insert(hash, value);
}

void Erase(Table& table, uint64_t hash, uint64_t value) {
  table.Erase(table.Find(hash, [&](uint64_t other) { return other == value; }));
  table.Shrink();
}

TEST(HashTable, VisitsTheHashesOfARangeOnceEach) {
  std::mt19937_64 random(5);
  for (const uint64_t spread : {uint64_t{1}, uint64_t{1} << 40, uint64_t{1} << 55}) {
    Table table;
    std::multimap<uint64_t, uint64_t> model;
    for (uint64_t i = 0; i < 500; ++i) {
      // Many homes at both ends, so that runs wrap around.
      const uint64_t hash = i % 2 == 0 ? (random() % 400 + 1) * spread : ~(random() % 400 * spread);
      if (hash == 0) continue;
      Insert(table, hash, i);
      model.emplace(hash, i);
      const uint64_t a = i % 5 == 0 ? 0 : hash;
      const uint64_t b = i % 7 == 0 ? UINT64_MAX : random();
      std::multimap<uint64_t, uint64_t> found;
      table.ForEachBetween(std::min(a, b), std::max(a, b),
                           [&](uint64_t each, uint64_t value) { found.emplace(each, value); });
      const auto first = model.lower_bound(std::min(a, b));
      const auto last = model.upper_bound(std::max(a, b));
      ASSERT_EQ(found.size(), static_cast<size_t>(std::distance(first, last)));
      for (auto it = first; it != last; ++it)
        ASSERT_EQ(found.count(it->first), model.count(it->first));
    }
  }
}

// Few homes and much wrapping: hashes are small, or all ones in the high bits.
TEST(HashTable, HoldsWhatAMultimapHolds) {
  for (const uint64_t seed : {1, 2, 3, 4}) {
    std::mt19937_64 random(seed);
    Table table;
    std::multimap<uint64_t, uint64_t> model;
    for (uint64_t step = 0; step < 20'000; ++step) {
      const uint64_t hash = seed % 2 ? random() % 40 + 1 : ~(random() % 40 << 8);
      const bool grow = (step / 1000) % 2 == 0;
      if (random() % 8 < (grow ? 5 : 3)) {
        Insert(table, hash, step);
        model.emplace(hash, step);
      } else if (!model.empty()) {
        auto victim = model.lower_bound(hash);
        if (victim == model.end()) victim = model.begin();
        Erase(table, victim->first, victim->second);
        model.erase(victim);
      }
      ASSERT_EQ(table.size(), model.size()) << "seed " << seed << " step " << step;
      if (step % 97 != 0) continue;
      for (const auto& [key, value] : model) {
        ASSERT_NE(Find(table, key, value), nullptr) << "seed " << seed << " step " << step;
      }
      for (uint64_t h = 1; h <= 50; ++h) {
        if (model.count(h) == 0) {
          ASSERT_EQ(table.Find(h, [](uint64_t) { return true; }), nullptr);
        }
      }
    }
  }
}

TEST(HashTable, ShrinksToItsFirstSizeWhenItEmpties) {
  Table table;
  const size_t bytes = table.bytes();
  for (uint64_t i = 1; i <= 100'000; ++i) Insert(table, i * 0x9E3779B97F4A7C15, i);
  EXPECT_GE(table.bytes(), 100'000 * sizeof(Table::Slot));
  for (uint64_t i = 1; i <= 100'000; ++i) Erase(table, i * 0x9E3779B97F4A7C15, i);
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(table.bytes(), bytes);
}

TEST(HashTable, ChurnLeavesNoTombstones) {
  Table table;
  for (uint64_t i = 1; i <= 200'000; ++i) {
    Insert(table, i * 0x9E3779B97F4A7C15, i);
    if (i > 4) Erase(table, (i - 4) * 0x9E3779B97F4A7C15, i - 4);
  }
  EXPECT_EQ(table.size(), 4u);
  EXPECT_EQ(table.capacity(), Table::kMinSlots);
}

TEST(HashTable, StaysUnderThreeQuartersFull) {
  Table table;
  for (uint64_t i = 1; i <= 10'000; ++i) {
    Insert(table, i * 0x9E3779B97F4A7C15, i);
    ASSERT_LE(table.size() * 4, table.capacity() * 3);
  }
}

}  // namespace
}  // namespace tagcache::testing
