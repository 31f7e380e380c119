// The checker of histories, on histories made by hand: those a cache may show are accepted, those
// it may not are refused.

#include "tests/store_threads/history_check.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/store_threads/call_history.h"

namespace tagcache::testing {
namespace {

constexpr uint8_t kA = 1;
constexpr uint8_t kB = 2;

struct Register {
  int value = 0;
  bool operator==(const Register&) const = default;
  uint64_t Hash() const { return static_cast<uint64_t>(value); }
};
struct Access {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool writes = false;
  int value = 0;
};
bool Apply(Register* state, const Access& access) {
  if (access.writes) state->value = access.value;
  return state->value == access.value;
}
bool IsRead(const Access& access) { return !access.writes; }
bool OfRegister(const std::vector<Access>& accesses) {
  return HistoryCheck<Register, Access>().IsLinearizable({}, accesses);
}

TEST(HistoryCheck, TakesCallsThatFollowEachOtherInTheirOrder) {
  EXPECT_TRUE(OfRegister({}));
  EXPECT_TRUE(OfRegister({{1, 2, true, 7}, {3, 4, false, 7}}));
  EXPECT_FALSE(OfRegister({{1, 2, true, 7}, {3, 4, false, 0}}));
  EXPECT_FALSE(OfRegister({{3, 4, true, 7}, {1, 2, false, 7}}));
}

TEST(HistoryCheck, TakesCallsAtOnceInAnyOrder) {
  EXPECT_TRUE(OfRegister({{1, 10, true, 7}, {2, 3, false, 0}, {4, 5, false, 7}}));
  EXPECT_FALSE(OfRegister({{1, 10, true, 7}, {2, 3, false, 7}, {4, 5, false, 0}}));
  EXPECT_TRUE(OfRegister({{1, 10, true, 7}, {2, 6, false, 7}, {4, 5, false, 0}}));
}

// The order of two writes at once is one for all readers.
TEST(HistoryCheck, TwoReadersDoNotSeeTwoOrders) {
  const std::vector<Access> writes = {{1, 20, true, 1}, {2, 21, true, 2}};
  std::vector<Access> history = writes;
  history.insert(history.end(), {{3, 4, false, 1}, {7, 8, false, 2}, {9, 10, false, 2}});
  EXPECT_TRUE(OfRegister(history));
  history.back().value = 1;
  EXPECT_FALSE(OfRegister(history));
}

// A read that fits now is ordered at once: the writes after it are still tried in every order.
TEST(HistoryCheck, GoesBackWhereAnOrderLeadsNowhere) {
  std::vector<Access> history = {{1, 20, true, 1},  {2, 21, true, 2},  {3, 22, true, 3},
                                 {4, 23, false, 0}, {5, 24, false, 3}, {6, 25, false, 1},
                                 {30, 31, false, 2}};
  EXPECT_TRUE(OfRegister(history));
  history.push_back({32, 33, false, 1});
  HistoryCheck<Register, Access> check;
  EXPECT_FALSE(check.IsLinearizable({}, history));
  EXPECT_EQ(check.longest().size(), 7u);
}

// Though the first write, put first, would change nothing.
TEST(HistoryCheck, AWriteOfWhatIsThereMayComeLater) {
  EXPECT_TRUE(OfRegister({{1, 20, true, 0}, {2, 3, true, 1}, {30, 31, false, 0}}));
  EXPECT_TRUE(OfRegister({{1, 20, true, 0}, {2, 3, true, 1}, {30, 31, false, 1}}));
  EXPECT_FALSE(OfRegister({{4, 20, true, 0}, {2, 3, true, 1}, {30, 31, false, 1}}));
}

// One history of a cache, call after call or, with At, at given times.
class OfCache {
 public:
  OfCache& Then(Call call) {
    call.begin = ++now_;
    call.end = ++now_;
    calls_.push_back(call);
    return *this;
  }
  OfCache& At(uint64_t begin, uint64_t end, Call call) {
    call.begin = begin;
    call.end = end;
    calls_.push_back(call);
    now_ = std::max(now_, end);
    return *this;
  }
  bool IsLinearizable(const CacheState& initial = {}) const {
    return HistoryCheck<CacheState, Call>().IsLinearizable(initial, calls_);
  }

 private:
  uint64_t now_ = 1000;
  std::vector<Call> calls_;
};

Call Put(uint8_t key, std::string_view value, uint8_t tags = 0) {
  return {.verb = Verb::kPut, .key = key, .tags = tags, .value = value};
}
Call Get(uint8_t key, std::string_view value) {
  return {.verb = Verb::kGet, .key = key, .found = true, .read = value};
}
Call Miss(uint8_t key) { return {.verb = Verb::kGet, .key = key}; }
Call Meta(uint8_t key, uint64_t version, uint8_t tags = 0) {
  return {.verb = Verb::kMeta, .key = key, .found = true, .number = version, .set = tags};
}
Call Invalidate(uint8_t tags, uint64_t count, Verb verb = Verb::kInvalidateAny) {
  return {.verb = verb, .tags = tags, .number = count};
}
Call Keys(uint8_t tags, uint8_t keys, Verb verb = Verb::kKeysAny) {
  return {.verb = verb, .tags = tags, .set = keys};
}
Call Add(uint8_t key, Outcome outcome) {
  return {.verb = Verb::kAdd, .key = key, .value = Text("n"), .outcome = outcome};
}
Call CompareAndSet(uint8_t key, uint64_t version, Outcome outcome) {
  return {.verb = Verb::kCompareAndSet,
          .key = key,
          .value = Text("c"),
          .version = version,
          .outcome = outcome};
}
Call Increment(uint8_t key, int64_t by, int64_t answer) {
  return {.verb = Verb::kIncrement,
          .key = key,
          .sets_tags = false,
          .by = by,
          .initial = 100,
          .number = static_cast<uint64_t>(answer)};
}

TEST(CallHistory, ReadsWhatWasWritten) {
  EXPECT_TRUE(OfCache().Then(Miss(0)).Then(Put(0, "1")).Then(Get(0, "1")).IsLinearizable());
  EXPECT_FALSE(OfCache().Then(Put(0, "1")).Then(Get(0, "2")).IsLinearizable());
  EXPECT_FALSE(OfCache().Then(Put(0, "1")).Then(Miss(0)).IsLinearizable());
  EXPECT_FALSE(OfCache().Then(Put(0, "1")).Then(Get(1, "1")).IsLinearizable());
}

TEST(CallHistory, AnInvalidationTakesAllBearersAtOnce) {
  OfCache torn;
  torn.Then(Put(0, "1", kA)).Then(Put(1, "2", kA));
  torn.At(2000, 3000, Invalidate(kA, 2)).At(2001, 2002, Miss(0)).At(2003, 2004, Get(1, "2"));
  EXPECT_FALSE(torn.IsLinearizable());
  OfCache whole;
  whole.Then(Put(0, "1", kA)).Then(Put(1, "2", kA));
  whole.At(2000, 3000, Invalidate(kA, 2)).At(2001, 2002, Get(0, "1")).At(2003, 2004, Miss(1));
  EXPECT_TRUE(whole.IsLinearizable());
}

TEST(CallHistory, AnInvalidationsCountIsExplained) {
  for (const uint64_t count : {0, 1, 2, 3}) {
    OfCache one;
    one.Then(Put(0, "1", kA)).Then(Put(1, "2", kA | kB)).Then(Put(2, "3", kB)).Then(Put(3, "4"));
    OfCache both = one, all = one, flush = one;
    EXPECT_EQ(one.Then(Invalidate(kA, count)).IsLinearizable(), count == 2);
    EXPECT_EQ(both.Then(Invalidate(kA | kB, count)).IsLinearizable(), count == 3);
    EXPECT_EQ(all.Then(Invalidate(kA | kB, count, Verb::kInvalidateAll)).IsLinearizable(),
              count == 1);
    EXPECT_FALSE(flush.Then({.verb = Verb::kFlush, .number = count}).IsLinearizable());
  }
}

TEST(CallHistory, FillersCount) {
  CacheState initial;
  initial.fillers[kA] = 200;
  initial.fillers[kA | kB] = 30;
  initial.fillers[0] = 1;
  const auto of = [&](const Call& call) {
    return OfCache().Then(Put(0, "1", kA)).Then(call).IsLinearizable(initial);
  };
  EXPECT_TRUE(of(Invalidate(kA, 231)));
  EXPECT_FALSE(of(Invalidate(kA, 1)));
  EXPECT_TRUE(of(Invalidate(kB, 30)));
  EXPECT_TRUE(of({.verb = Verb::kFlush, .number = 232}));
  EXPECT_TRUE(of({.verb = Verb::kFillers, .tags = kA, .number = 200}));
  EXPECT_FALSE(of({.verb = Verb::kFillers, .tags = kA, .number = 201}));
}

TEST(CallHistory, AStaleEntryIsRefused) {
  OfCache history;
  history.At(1, 10, Put(0, "1", kA)).At(2, 12, Invalidate(kA, 0)).At(20, 21, Get(0, "1"));
  EXPECT_TRUE(history.IsLinearizable());
  OfCache counted;
  counted.At(1, 10, Put(0, "1", kA)).At(2, 12, Invalidate(kA, 1)).At(20, 21, Get(0, "1"));
  EXPECT_FALSE(counted.IsLinearizable());
  OfCache later;
  later.At(1, 10, Put(0, "1", kA)).At(11, 12, Invalidate(kA, 0)).At(20, 21, Get(0, "1"));
  EXPECT_FALSE(later.IsLinearizable());
}

TEST(CallHistory, KeysAreOfOneMoment) {
  OfCache history;
  history.Then(Put(0, "1", kA));
  history.At(2000, 3000, Keys(kA, 0b11));
  history.At(2001, 2002, {.verb = Verb::kDelete, .key = 0, .found = true});
  history.At(2003, 2004, Put(1, "2", kA));
  EXPECT_FALSE(history.IsLinearizable());
  for (const uint8_t keys : {0b00, 0b01, 0b10}) {
    OfCache other;
    other.Then(Put(0, "1", kA)).At(2000, 3000, Keys(kA, keys));
    other.At(2001, 2002, {.verb = Verb::kDelete, .key = 0, .found = true});
    other.At(2003, 2004, Put(1, "2", kA));
    EXPECT_TRUE(other.IsLinearizable());
  }
}

TEST(CallHistory, KeysByTagsAndByThePage) {
  const auto of = [](const Call& call) {
    return OfCache()
        .Then(Put(0, "1", kA))
        .Then(Put(2, "1", kA | kB))
        .Then(Put(3, "1", kB))
        .Then(call)
        .IsLinearizable();
  };
  EXPECT_TRUE(of(Keys(kA | kB, 0b1101)));
  EXPECT_FALSE(of(Keys(kA | kB, 0b1100)));
  EXPECT_TRUE(of(Keys(kA | kB, 0b0100, Verb::kKeysAll)));
  Call page = Keys(kA | kB, 0b0101);
  page.limit = 2;
  EXPECT_FALSE(of(page));
  page.found = true;
  EXPECT_TRUE(of(page));
  page.limit = 3;
  EXPECT_FALSE(of(page));
}

TEST(CallHistory, ConditionalWrites) {
  EXPECT_TRUE(OfCache().Then(Add(0, Outcome::kOk)).Then(Add(0, Outcome::kExists)).IsLinearizable());
  OfCache twice;
  twice.At(1, 10, Add(0, Outcome::kOk)).At(2, 11, Add(0, Outcome::kOk));
  EXPECT_FALSE(twice.IsLinearizable());
  EXPECT_TRUE(OfCache()
                  .Then(Put(0, "1", kA))
                  .Then({.verb = Verb::kAppend, .key = 0, .value = Text("x")})
                  .Then(Get(0, "1x"))
                  .Then(Meta(0, 5, kA))
                  .IsLinearizable());
  EXPECT_FALSE(
      OfCache().Then(Put(0, "1")).Then({.verb = Verb::kReplace, .key = 1}).IsLinearizable());
}

TEST(CallHistory, VersionsAreOfOneWrite) {
  OfCache written;
  written.Then(Put(0, "1")).Then(Meta(0, 5));
  const auto after = [&](const Call& first, const Call& second) {
    return OfCache(written).Then(first).Then(second).IsLinearizable();
  };
  EXPECT_TRUE(after(Meta(0, 5), CompareAndSet(0, 5, Outcome::kOk)));
  EXPECT_FALSE(after(Meta(0, 6), Meta(0, 6)));
  EXPECT_FALSE(after(Put(0, "1"), Meta(0, 5)));
  EXPECT_FALSE(after(Put(0, "1"), CompareAndSet(0, 5, Outcome::kOk)));
  EXPECT_TRUE(after(Put(0, "1"), CompareAndSet(0, 5, Outcome::kVersionMismatch)));
  EXPECT_FALSE(after(CompareAndSet(0, 5, Outcome::kOk), CompareAndSet(0, 5, Outcome::kOk)));
  OfCache both = written;
  both.At(2000, 2010, CompareAndSet(0, 5, Outcome::kOk));
  both.At(2001, 2011, CompareAndSet(0, 5, Outcome::kOk));
  EXPECT_FALSE(both.IsLinearizable());
  // The version is that of the second write: it must not be given to the first one too soon.
  EXPECT_TRUE(OfCache()
                  .At(1, 10, Put(0, "1"))
                  .At(2, 11, Put(0, "1"))
                  .At(3, 12, Meta(0, 5))
                  .At(20, 21, CompareAndSet(0, 5, Outcome::kOk))
                  .IsLinearizable());
}

// Adding nothing makes a new version.
TEST(CallHistory, AWriteThatChangesOnlyTheVersionHasItsPlace) {
  OfCache history;
  history.Then(Put(0, "4")).At(2000, 2010, Increment(0, 0, 4)).At(2001, 2005, Meta(0, 5));
  EXPECT_TRUE(OfCache(history).At(2020, 2021, Meta(0, 6)).IsLinearizable());
  EXPECT_TRUE(OfCache(history).At(2020, 2021, Meta(0, 5)).IsLinearizable());
  EXPECT_FALSE(OfCache(history).At(2020, 2021, Meta(0, 4)).IsLinearizable());
}

TEST(CallHistory, NoIncrementIsLost) {
  OfCache lost;
  lost.At(1, 10, Increment(0, 1, 100)).At(2, 11, Increment(0, 1, 100));
  EXPECT_FALSE(lost.IsLinearizable());
  OfCache kept;
  kept.At(1, 10, Increment(0, 2, 102)).At(2, 11, Increment(0, 1, 100)).At(12, 13, Get(0, "102"));
  EXPECT_TRUE(kept.IsLinearizable());
}

}  // namespace
}  // namespace tagcache::testing
