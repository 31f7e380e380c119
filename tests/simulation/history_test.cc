// The checker of the simulation, case by case: what it must refuse and what it must allow.

#include "tests/simulation/history.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/simulation/payload.h"

namespace tagcache::simulation {
namespace {

constexpr size_t kSize = 100;

Moment At(uint64_t step) { return {step, step}; }

// One key; each step is a millisecond.
class HistoryCase : public ::testing::Test {
 protected:
  size_t Put(uint64_t write, uint64_t start, std::optional<uint64_t> end, uint32_t tags = 0,
             std::optional<uint64_t> ttl_ms = std::nullopt) {
    Effect effect;
    effect.write = write;
    effect.size = kSize;
    effect.tags = tags;
    effect.ttl_ms = ttl_ms;
    return Add(effect, start, end);
  }
  size_t Remove(uint64_t start, std::optional<uint64_t> end, uint32_t tags = 0, bool all = false) {
    Effect effect;
    effect.kind = EffectKind::kRemoval;
    effect.tags = tags;
    effect.all_tags = all;
    return Add(effect, start, end);
  }
  bool MayRead(uint64_t write, uint64_t start, uint64_t end) {
    return history_.Value(0, write, kSize, At(start), At(end)).empty();
  }
  bool MayMiss(uint64_t start, uint64_t end) {
    return history_.Miss(0, At(start), At(end)).empty();
  }

  History history_{1};

 private:
  size_t Add(Effect effect, uint64_t start, std::optional<uint64_t> end) {
    effect.start = At(start);
    const size_t index = history_.Begin(effect);
    if (end) history_.End(index, Fate::kDone, At(*end));
    return index;
  }
};

TEST_F(HistoryCase, RefusesAValueNobodyWrote) { EXPECT_FALSE(MayRead(1, 1, 2)); }

TEST_F(HistoryCase, RefusesAValueThatWasDeletedBeforeTheRead) {
  Put(1, 1, 2);
  Remove(3, 4);
  EXPECT_FALSE(MayRead(1, 5, 6));
}

TEST_F(HistoryCase, AllowsAValueThatIsDeletedDuringTheRead) {
  Put(1, 1, 2);
  Remove(3, 6);
  EXPECT_TRUE(MayRead(1, 5, 7));
}

TEST_F(HistoryCase, AllowsAValueWhoseWriteOverlapsTheDeletion) {
  Put(1, 1, 4);
  Remove(3, 5);
  EXPECT_TRUE(MayRead(1, 6, 7));
}

TEST_F(HistoryCase, RefusesAValueThatWasReplacedBeforeTheRead) {
  Put(1, 1, 2);
  Put(2, 3, 4);
  EXPECT_FALSE(MayRead(1, 5, 6));
}

TEST_F(HistoryCase, RefusesToGoBackToAnOlderValueThanOneThatWasRead) {
  Put(1, 1, 2);
  Put(2, 3, std::nullopt);  // never answered
  EXPECT_TRUE(MayRead(1, 4, 5));
  EXPECT_TRUE(MayRead(2, 6, 7));
  EXPECT_FALSE(MayRead(1, 8, 9));
}

TEST_F(HistoryCase, RefusesAValueOfARefusedWrite) {
  const size_t write = Put(1, 1, std::nullopt);
  history_.End(write, Fate::kNothing, At(2));
  EXPECT_FALSE(MayRead(1, 3, 4));
}

TEST_F(HistoryCase, RefusesAValueWhoseTagWasInvalidatedBeforeTheRead) {
  Put(1, 1, 2, 0b01);
  Remove(3, 4, 0b01);
  EXPECT_FALSE(MayRead(1, 5, 6));
}

TEST_F(HistoryCase, AllowsAValueWithoutTheInvalidatedTag) {
  Put(1, 1, 2, 0b01);
  Remove(3, 4, 0b10);
  EXPECT_TRUE(MayRead(1, 5, 6));
}

TEST_F(HistoryCase, AllowsAValueWithOnlyOneOfAllInvalidatedTags) {
  Put(1, 1, 2, 0b01);
  Remove(3, 4, 0b11, /*all=*/true);
  EXPECT_TRUE(MayRead(1, 5, 6));
}

TEST_F(HistoryCase, RefusesAValueAfterItsTime) {
  Put(1, 1, 2, 0, 10);
  EXPECT_TRUE(MayRead(1, 11, 12));
  EXPECT_FALSE(MayRead(1, 12, 13));
}

TEST_F(HistoryCase, RefusesAMissOfWhatMustBeThere) {
  Put(1, 1, 2);
  EXPECT_FALSE(MayMiss(3, 4));
}

TEST_F(HistoryCase, AllowsAMissWhereARemovalMayHaveHappened) {
  Put(1, 1, 2);
  Remove(3, std::nullopt);
  EXPECT_TRUE(MayMiss(4, 5));
}

TEST_F(HistoryCase, RefusesAMissWhereOnlyAnotherTagWasInvalidated) {
  Put(1, 1, 2, 0b01);
  Remove(3, 4, 0b10);
  EXPECT_FALSE(MayMiss(5, 6));
}

TEST_F(HistoryCase, AllowsAMissWhereALaterWriteBroughtTheInvalidatedTag) {
  Put(1, 1, 2, 0b01);
  Put(2, 3, std::nullopt, 0b10);
  Remove(4, 5, 0b10);
  EXPECT_TRUE(MayMiss(6, 7));
}

TEST_F(HistoryCase, RefusesAListingWithoutAKeyThatHasTheTag) {
  Put(1, 1, 2, 0b01);
  EXPECT_NE(history_.NotListed(0, 0b01, false, At(3), At(4)), "");
  EXPECT_EQ(history_.NotListed(0, 0b10, false, At(3), At(4)), "");
}

TEST_F(HistoryCase, RefusesAListedKeyWhoseTagWasReplaced) {
  Put(1, 1, 2, 0b01);
  Put(2, 3, 4, 0b10);
  EXPECT_NE(history_.Listed(0, 0b01, false, At(5)), "");
  EXPECT_EQ(history_.Listed(0, 0b10, false, At(5)), "");
}

TEST(CounterHistory, RefusesTheNumberOfAnotherCounter) {
  CounterHistory counter(1);
  const size_t increment = counter.Begin(1000, At(1));
  EXPECT_NE(counter.Incremented(increment, 1002, At(2)), "");
}

TEST(CounterHistory, RefusesTheSameNumberTwice) {
  CounterHistory counter(1);
  const size_t first = counter.Begin(1000, At(1));
  const size_t second = counter.Begin(1000, At(1));
  EXPECT_EQ(counter.Incremented(first, 1001, At(2)), "");
  EXPECT_NE(counter.Incremented(second, 1001, At(3)), "");
}

TEST(CounterHistory, RefusesToForgetAnAnsweredIncrement) {
  CounterHistory counter(1);
  EXPECT_EQ(counter.Incremented(counter.Begin(1000, At(1)), 1001, At(2)), "");
  EXPECT_NE(counter.Read(1, At(3), At(4)), "");
}

TEST(CounterHistory, RefusesMoreThanAllIncrementsTogether) {
  CounterHistory counter(1);
  EXPECT_NE(counter.Incremented(counter.Begin(1000, At(1)), 2001, At(2)), "");
}

TEST(CounterHistory, AllowsAnIncrementWhoseAnswerWasLost) {
  CounterHistory counter(1);
  counter.Begin(1000, At(1));
  EXPECT_EQ(counter.Incremented(counter.Begin(1000, At(2)), 2001, At(3)), "");
}

TEST(Payload, NamesItsKeyAndWrite) {
  for (const bool one_line : {false, true}) {
    for (const size_t size : {kMinPayload, kMinPayload + 1, size_t{5000}}) {
      const std::string bytes = MakePayload({3, 2, 77}, size, one_line);
      ASSERT_EQ(bytes.size(), size);
      const std::optional<Payload> payload = ReadPayload(bytes);
      ASSERT_TRUE(payload);
      EXPECT_EQ(payload->key, 3u);
      EXPECT_EQ(payload->caller, 2u);
      EXPECT_EQ(payload->write, 77u);
      EXPECT_EQ(bytes.find('\n') == std::string::npos || !one_line, true);
    }
  }
}

TEST(Payload, EveryChangedByteShows) {
  const std::string sound = MakePayload({3, 2, 77}, 300, true);
  for (size_t i = 0; i < sound.size(); ++i) {
    std::string changed = sound;
    changed[i] ^= 1;
    EXPECT_FALSE(ReadPayload(changed)) << "byte " << i;
  }
  EXPECT_FALSE(ReadPayload(sound.substr(0, sound.size() - 1)));
  EXPECT_FALSE(ReadPayload(sound + "x"));
}

}  // namespace
}  // namespace tagcache::simulation
