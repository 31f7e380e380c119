#include "server/store/lease_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "server/store/prefix_stamps.h"

namespace tagcache::testing {
namespace {

using server::EntryRef;
using server::EventClock;
using server::HashedBytes;
using server::LeaseAnswer;
using server::LeaseTable;
using server::TagStamps;
using server::TimeMs;
using server::Woken;

struct Sleeper final : server::Waiter {
  void Wake() override { ++woken; }
  int woken = 0;
};

// A table with a clock of both kinds, and short verbs. The hash of a key is any, but its own.
struct Table {
  static uint64_t HashOf(const std::string& key) { return std::hash<std::string>()(key) | 1; }
  static HashedBytes Key(const std::string& key) { return {key, HashOf(key)}; }

  LeaseAnswer Ask(const std::string& key, Sleeper* sleeper = nullptr, uint64_t holder = 1) {
    Woken woken;
    return leases.Ask(Key(key), {.lease_ms = 1000, .holder = holder, .waiter = sleeper}, EntryRef(),
                      clock, now, &woken);
  }
  uint64_t Lease(const std::string& key, uint64_t holder = 1) {
    return Ask(key, nullptr, holder).token;
  }
  bool Overtaken(const std::string& key, uint64_t token) {
    return leases.Overtaken(Key(key), token);
  }
  void Write(const std::string& key) {
    Woken woken;
    leases.Written(Key(key), clock, &woken);
  }
  void Advance(TimeMs ms) {
    now += ms;
    Woken woken;
    leases.Expire(now, &woken);
  }
  void EndHolder(uint64_t holder) {
    Woken woken;
    leases.EndHolder(holder, now, &woken);
  }
  bool Cancel(const std::string& key, Sleeper* sleeper) { return leases.Cancel(Key(key), sleeper); }

  EventClock clock{7};
  LeaseTable leases;
  TimeMs now = 1000;
};

TEST(LeaseTable, TheFirstGetsATokenAndTheOthersWait) {
  Table table;
  Sleeper sleeper;
  EXPECT_NE(table.Lease("a"), 0u);
  const LeaseAnswer later = table.Ask("a", &sleeper);
  EXPECT_EQ(later.token, 0u);
  EXPECT_TRUE(later.waiting);
  const LeaseAnswer unwilling = table.Ask("a");
  EXPECT_EQ(unwilling.token, 0u);
  EXPECT_FALSE(unwilling.waiting);
  EXPECT_NE(table.Lease("b"), 0u);
}

TEST(LeaseTable, AWriteWakesAllWhoWaitOnceAndEndsTheLease) {
  Table table;
  std::array<Sleeper, 5> sleepers;
  table.Lease("a");
  for (Sleeper& sleeper : sleepers) table.Ask("a", &sleeper);
  table.Write("b");
  EXPECT_EQ(sleepers[0].woken, 0);
  table.Write("a");
  table.Write("a");
  for (const Sleeper& sleeper : sleepers) EXPECT_EQ(sleeper.woken, 1);
  EXPECT_NE(table.Lease("a"), 0u);
}

TEST(LeaseTable, AWakingComesAfterTheLock) {
  Table table;
  Sleeper sleeper;
  table.Lease("a");
  table.Ask("a", &sleeper);
  {
    Woken woken;
    table.leases.Written(Table::Key("a"), table.clock, &woken);
    EXPECT_EQ(sleeper.woken, 0);
  }
  EXPECT_EQ(sleeper.woken, 1);
}

TEST(LeaseTable, ATokenIsOvertakenByAWriteAndNotByOneBeforeIt) {
  Table table;
  const uint64_t first = table.Lease("a");
  EXPECT_FALSE(table.Overtaken("a", first));
  table.Write("a");
  EXPECT_TRUE(table.Overtaken("a", first));
  const uint64_t second = table.Lease("a");
  EXPECT_TRUE(table.Overtaken("a", first));
  EXPECT_FALSE(table.Overtaken("a", second));
}

TEST(LeaseTable, ATokenIsGoodAfterItsLeaseRanOutUntilTheKeyIsWritten) {
  Table table;
  const uint64_t token = table.Lease("a");
  table.Advance(1000);
  EXPECT_EQ(table.leases.records(), 0u);
  EXPECT_FALSE(table.Overtaken("a", token));
  table.Write("a");
  EXPECT_TRUE(table.Overtaken("a", token));
}

TEST(LeaseTable, TheTimeOfALeasePassesItToOneWaiterAfterTheOther) {
  Table table;
  std::array<Sleeper, 2> sleepers;
  const uint64_t token = table.Lease("a");
  for (Sleeper& sleeper : sleepers) table.Ask("a", &sleeper);
  table.Advance(999);
  EXPECT_EQ(sleepers[0].woken, 0);
  table.Advance(1);
  EXPECT_EQ(sleepers[0].woken, 1);
  EXPECT_EQ(sleepers[1].woken, 0);
  // It comes back and has the lease: the other waits on.
  EXPECT_GT(table.Ask("a", &sleepers[0]).token, token);
  table.Advance(999);
  EXPECT_EQ(sleepers[1].woken, 0);
  table.Advance(1);
  EXPECT_EQ(sleepers[1].woken, 1);
}

TEST(LeaseTable, AWaiterThatDoesNotComeBackHoldsNobodyUp) {
  Table table;
  std::array<Sleeper, 2> sleepers;
  table.Lease("a");
  for (Sleeper& sleeper : sleepers) table.Ask("a", &sleeper);
  table.EndHolder(1);
  EXPECT_EQ(sleepers[0].woken, 1);
  table.Advance(LeaseTable::kPassTime);
  EXPECT_EQ(sleepers[1].woken, 1);
  table.Advance(LeaseTable::kPassTime);
  EXPECT_EQ(table.leases.records(), 0u);
}

TEST(LeaseTable, TheDeathOfAHolderEndsItsLeasesAndNoOther) {
  Table table;
  Sleeper of_one, of_two;
  table.Lease("a", 1);
  table.Lease("b", 2);
  table.Ask("a", &of_one, 3);
  table.Ask("b", &of_two, 3);
  table.EndHolder(1);
  EXPECT_EQ(of_one.woken, 1);
  EXPECT_EQ(of_two.woken, 0);
  EXPECT_TRUE(table.Ask("b", &of_one, 4).waiting);
}

TEST(LeaseTable, ARefusedWritePassesItsLeaseAndNoOther) {
  Table table;
  Sleeper sleeper;
  const uint64_t old_token = table.Lease("a");
  table.Advance(1000);
  const uint64_t token = table.Lease("a");
  table.Ask("a", &sleeper);
  {
    Woken woken;
    table.leases.Refused(Table::Key("a"), old_token, table.now, &woken);
  }
  EXPECT_EQ(sleeper.woken, 0);
  {
    Woken woken;
    table.leases.Refused(Table::Key("a"), token, table.now, &woken);
  }
  EXPECT_EQ(sleeper.woken, 1);
  EXPECT_NE(table.Lease("a"), 0u);
}

TEST(LeaseTable, ACancelledWaiterIsNotWoken) {
  Table table;
  Sleeper sleeper;
  table.Lease("a");
  table.Ask("a", &sleeper);
  EXPECT_FALSE(table.Cancel("b", &sleeper));
  EXPECT_TRUE(table.Cancel("a", &sleeper));
  EXPECT_FALSE(table.Cancel("a", &sleeper));
  table.Write("a");
  EXPECT_EQ(sleeper.woken, 0);
  table.Lease("a");
  table.Ask("a", &sleeper);
  table.Write("a");
  EXPECT_FALSE(table.Cancel("a", &sleeper));
}

TEST(LeaseTable, AFlushEndsEveryLease) {
  Table table;
  Sleeper sleeper;
  table.Lease("a");
  table.Lease("b");
  table.Ask("b", &sleeper);
  {
    Woken woken;
    table.leases.Flush(&woken);
  }
  EXPECT_EQ(sleeper.woken, 1);
  EXPECT_EQ(table.leases.records(), 0u);
}

TEST(LeaseTable, BeyondItsRecordsTokensAreGivenWithoutWaiting) {
  Table table;
  for (size_t i = 0; i < LeaseTable::kMaxRecords; ++i) table.Lease("k" + std::to_string(i));
  const size_t bytes = table.leases.bytes();
  uint64_t last = 0;
  for (int i = 0; i < 100'000; ++i) {
    Sleeper sleeper;
    const LeaseAnswer answer = table.Ask("more" + std::to_string(i), &sleeper);
    ASSERT_GT(answer.token, last);
    ASSERT_FALSE(answer.waiting);
    last = answer.token;
  }
  EXPECT_EQ(table.leases.bytes(), bytes);
  EXPECT_LT(bytes, 50'000u);
  EXPECT_EQ(table.leases.records(), LeaseTable::kMaxRecords);
  // Such a token is as good as any.
  EXPECT_FALSE(table.Overtaken("more99999", last));
  table.Write("more99999");
  EXPECT_TRUE(table.Overtaken("more99999", last));
}

// Lessons 31. Who takes all records loses one to each who has fewer: nobody else's key gets two
// holders for it.
TEST(LeaseTable, WhoTakesManyTakesNoneFromOthers) {
  Table table;
  constexpr uint64_t kGreedy = 1'000;
  const uint64_t oldest = table.Lease("greedy0", kGreedy);
  Sleeper displaced;
  table.Ask("greedy0", &displaced, 5);
  for (int i = 1; i < 20'000; ++i) {
    ASSERT_NE(table.Lease("greedy" + std::to_string(i), kGreedy), 0u);
  }
  for (uint64_t holder = 1; holder <= 100; ++holder) {
    const std::string key = "key" + std::to_string(holder);
    ASSERT_NE(table.Lease(key, holder), 0u);
    Sleeper sleeper;
    EXPECT_TRUE(table.Ask(key, &sleeper, holder + 1).waiting) << "one holder, and the others wait";
    table.Cancel(key, &sleeper);
  }
  EXPECT_EQ(table.leases.records(), LeaseTable::kMaxRecords);
  EXPECT_EQ(displaced.woken, 1);
  EXPECT_FALSE(table.Overtaken("greedy0", oldest)) << "its token is as good as before";
  EXPECT_NE(table.Lease("greedy0", 5), 0u);
}

TEST(PrefixStamps, OvertakeKeysWithThePrefixAlone) {
  EventClock clock(3);
  server::PrefixStamps prefixes;
  const uint64_t before = clock.Issue();
  prefixes.Stamp("page:", clock);
  const uint64_t after = clock.Issue();
  EXPECT_TRUE(prefixes.Overtaken("page:1", before));
  EXPECT_FALSE(prefixes.Overtaken("page:1", after));
  EXPECT_FALSE(prefixes.Overtaken("pages", before));
  EXPECT_FALSE(prefixes.Overtaken("", before));
  const std::string long_prefix(500, 'x');
  prefixes.Stamp(long_prefix, clock);
  EXPECT_TRUE(prefixes.Overtaken(long_prefix + "1", after));
  prefixes.Stamp("", clock);
  EXPECT_TRUE(prefixes.Overtaken("any", after));
}

// What is pushed out overtakes every token from before it, and none after it.
TEST(PrefixStamps, ForgetNoneAndAreExactForTheLatest) {
  EventClock clock(3);
  server::PrefixStamps prefixes;
  std::vector<uint64_t> tokens;
  const auto prefix_of = [](size_t i) { return "p" + std::to_string(i) + ":"; };
  constexpr size_t kMost = server::PrefixStamps::kPrefixes;
  for (size_t i = 0; i < 3 * kMost; ++i) {
    tokens.push_back(clock.Issue());
    for (int again = 0; again < 3; ++again) prefixes.Stamp(prefix_of(i), clock);
    for (size_t j = 0; j <= i; ++j) {
      for (size_t of = 0; of <= i; of += 7) {
        // Removed at or after the token was issued.
        const bool overtaken = prefixes.Overtaken(prefix_of(of), tokens[j]);
        if (of >= j) {
          ASSERT_TRUE(overtaken) << i << " " << j << " " << of;
        } else if (i - j < kMost) {
          ASSERT_FALSE(overtaken) << i << " " << j << " " << of;
        }
      }
    }
  }
}

TEST(LeaseTable, OverTheBoundOfWaitersNobodyMoreWaits) {
  Table table;
  table.Lease("a");
  std::deque<Sleeper> sleepers(LeaseTable::kMaxWaiters);
  for (Sleeper& sleeper : sleepers) ASSERT_TRUE(table.Ask("a", &sleeper).waiting);
  Sleeper one_more;
  const LeaseAnswer answer = table.Ask("a", &one_more);
  EXPECT_FALSE(answer.waiting);
  EXPECT_EQ(answer.token, 0u);
  table.Write("a");
  EXPECT_EQ(one_more.woken, 0);
  for (const Sleeper& sleeper : sleepers) ASSERT_EQ(sleeper.woken, 1);
}

TEST(LeaseTable, AStaleValueIsForThoseWhoAskAndForAsLongAsTheLease) {
  server::Store store({.shards = 1, .seed = 1});
  store.Put({.key = "a", .value = "old"}, server::WriteMode::kPut, 1);
  Table table;
  const server::LeaseAsk ask{.lease_ms = 1000, .stale_ok = true};
  const auto lease = [&](EntryRef stale) {
    Woken woken;
    return table.leases.Ask(Table::Key("a"), ask, std::move(stale), table.clock, table.now, &woken);
  };
  const LeaseAnswer first = lease(store.Get("a", 1));
  EXPECT_NE(first.token, 0u);
  EXPECT_FALSE(first.value);
  store.Flush(1);
  for (int i = 0; i < 2; ++i) {
    const LeaseAnswer later = lease(EntryRef());
    ASSERT_TRUE(later.value);
    EXPECT_TRUE(later.stale);
    EXPECT_EQ(later.value.value(), "old");
    EXPECT_EQ(later.token, 0u);
  }
  EXPECT_FALSE(table.Ask("a").value);
  table.Write("a");
  EXPECT_NE(lease(EntryRef()).token, 0u);
  EXPECT_FALSE(lease(EntryRef()).value);
}

TEST(LeaseTable, KeepsStaleValuesUpToItsBoundInBytes) {
  server::Store store({.shards = 1, .seed = 1});
  const std::string half(LeaseTable::kMaxStale / 2, 'v');
  store.Put({.key = "v", .value = half}, server::WriteMode::kPut, 1);
  Table table;
  const auto stale_of = [&](const std::string& key) {
    const server::LeaseAsk ask{.lease_ms = 1000, .stale_ok = true};
    Woken woken;
    table.leases.Ask(Table::Key(key), ask, store.Get("v", 1), table.clock, table.now, &woken);
    return static_cast<bool>(
        table.leases.Ask(Table::Key(key), ask, EntryRef(), table.clock, table.now, &woken).value);
  };
  EXPECT_TRUE(stale_of("a"));
  EXPECT_TRUE(stale_of("b"));
  EXPECT_FALSE(stale_of("c"));
  table.Write("a");
  EXPECT_TRUE(stale_of("d"));
}

TEST(LeaseTable, HoldsNothingBeforeTheFirstToken) {
  Table table;
  table.Write("a");
  EXPECT_EQ(table.leases.bytes(), 0u);
  EXPECT_FALSE(table.clock.AnyIssued());
  EXPECT_TRUE(table.Overtaken("a", table.clock.now() + 1));
}

TEST(EventClock, TokensOfAnotherProcessAreNotItsOwn) {
  EventClock here(1), there(2);
  const uint64_t token = here.Issue();
  EXPECT_TRUE(here.Issued(token));
  EXPECT_FALSE(here.Issued(token + 1));
  EXPECT_FALSE(here.Issued(token - 1));
  EXPECT_FALSE(here.Issued(0));
  for (int i = 0; i < 1000; ++i) there.Issue();
  EXPECT_FALSE(there.Issued(token));
  EXPECT_LT(token, uint64_t{1} << 62);
}

TEST(TagStamps, OvertakeTheTokensBeforeThemAndNoOther) {
  EventClock clock(3);
  TagStamps stamps;
  stamps.Stamp(5, clock);
  const uint64_t first = clock.Issue();
  EXPECT_FALSE(stamps.Overtaken(5, first));
  stamps.Stamp(5, clock);
  const uint64_t second = clock.Issue();
  EXPECT_TRUE(stamps.Overtaken(5, first));
  EXPECT_FALSE(stamps.Overtaken(5, second));
  EXPECT_FALSE(stamps.Overtaken(uint64_t{1} << 30, first));
  EXPECT_FALSE(stamps.Flushed(second));
  stamps.StampFlush(clock);
  EXPECT_TRUE(stamps.Flushed(second));
  EXPECT_FALSE(stamps.Flushed(clock.Issue()));
}

// How often what happens to other tags overtakes a token: what docs/leases.md says.
TEST(TagStamps, AreSharedByAsManyTagsAsTheDocumentSays) {
  std::mt19937_64 random(11);
  EventClock clock(3);
  TagStamps stamps;
  const uint64_t token = clock.Issue();
  for (int i = 0; i < 656; ++i) stamps.Stamp(random(), clock);
  int refused = 0;
  for (int i = 0; i < 100'000; ++i) refused += stamps.Overtaken(random(), token) ? 1 : 0;
  EXPECT_NEAR(refused, 1000, 150);  // 656 / 65536: one in a hundred
}

// What the table must do, kept for every key and every token apart.
class Model {
 public:
  static constexpr size_t kKeys = 6;

  explicit Model(uint64_t seed) : random_(seed) {}

  void Run(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      Step();
      Check();
    }
  }

 private:
  struct Lease {
    uint64_t token = 0;
    uint64_t holder = 0;
    TimeMs end = 0;
    std::vector<Sleeper*> waiters;
  };

  std::string Key(size_t i) { return "key" + std::to_string(i); }

  void Step() {
    const size_t i = random_() % kKeys;
    switch (random_() % 12) {
      case 0:
      case 1:
      case 2:
      case 3:
        return Ask(i, random_() % 4);
      case 4:
        return Write(i);
      case 5:
        return Retry();
      case 6:
        return Cancel(i);
      case 7:
        return EndHolder(random_() % 4);
      case 8:
        return Refuse(i);
      case 9:
        if (random_() % 20 != 0) return;
        return Flush();
      default:
        return Advance(random_() % 400);
    }
  }

  void Ask(size_t i, uint64_t holder) {
    Sleeper* sleeper = random_() % 3 == 0 ? nullptr : &sleepers_.emplace_back();
    AskAs(i, holder, sleeper);
  }
  void AskAs(size_t i, uint64_t holder, Sleeper* sleeper) {
    const LeaseAnswer answer = table_.Ask(Key(i), sleeper, holder);
    const auto found = leases_.find(i);
    if (found == leases_.end() || found->second.token == 0 || found->second.end <= table_.now) {
      ASSERT_NE(answer.token, 0u);
      Lease& lease = leases_[i];
      lease.token = answer.token;
      lease.holder = holder;
      lease.end = table_.now + 1000;
      tokens_[answer.token] = {i, false};
      return;
    }
    ASSERT_EQ(answer.token, 0u);
    ASSERT_EQ(answer.waiting, sleeper != nullptr);
    if (sleeper != nullptr) found->second.waiters.push_back(sleeper);
  }
  void Write(size_t i) {
    for (auto& [token, state] : tokens_) state.second |= state.first == i;
    if (leases_.count(i) != 0) WakeAll(i);
    table_.Write(Key(i));
  }
  void WakeAll(size_t i) {
    for (Sleeper* sleeper : leases_[i].waiters) expected_[sleeper] = 1;
    leases_.erase(i);
  }
  void Pass(size_t i) {
    Lease& lease = leases_[i];
    if (lease.waiters.empty()) {
      leases_.erase(i);
      return;
    }
    expected_[lease.waiters[0]] = 1;
    passed_.push_back({i, lease.waiters[0]});
    lease.waiters.erase(lease.waiters.begin());
    lease.token = 0;
    lease.end = table_.now + LeaseTable::kPassTime;
  }
  // One that was woken comes back, as a new waiter.
  void Retry() {
    if (passed_.empty()) return;
    const size_t i = passed_.back().first;
    passed_.pop_back();
    AskAs(i, random_() % 4, &sleepers_.emplace_back());
  }
  void Cancel(size_t i) {
    const auto found = leases_.find(i);
    if (found == leases_.end() || found->second.waiters.empty()) return;
    std::vector<Sleeper*>& waiters = found->second.waiters;
    const size_t place = random_() % waiters.size();
    ASSERT_TRUE(table_.Cancel(Key(i), waiters[place]));
    waiters.erase(waiters.begin() + static_cast<std::ptrdiff_t>(place));
  }
  void EndHolder(uint64_t holder) {
    for (size_t i = 0; i < kKeys; ++i) {
      const auto found = leases_.find(i);
      if (found == leases_.end()) continue;
      if (found->second.token != 0 && found->second.holder == holder) Pass(i);
    }
    table_.EndHolder(holder);
  }
  void Refuse(size_t i) {
    const auto found = leases_.find(i);
    if (found == leases_.end() || found->second.token == 0) return;
    const uint64_t token = found->second.token;
    Pass(i);
    Woken woken;
    table_.leases.Refused(Table::Key(Key(i)), token, table_.now, &woken);
  }
  void Flush() {
    for (size_t i = 0; i < kKeys; ++i) {
      if (leases_.count(i) != 0) WakeAll(i);
    }
    Woken woken;
    table_.leases.Flush(&woken);
  }
  void Advance(TimeMs ms) {
    table_.now += ms;
    for (size_t i = 0; i < kKeys; ++i) {
      const auto found = leases_.find(i);
      if (found != leases_.end() && found->second.end <= table_.now) Pass(i);
    }
    table_.Advance(0);
  }

  void Check() {
    ASSERT_EQ(table_.leases.records(), leases_.size());
    for (Sleeper& sleeper : sleepers_) {
      const auto found = expected_.find(&sleeper);
      ASSERT_EQ(sleeper.woken, found == expected_.end() ? 0 : 1);
    }
    for (const auto& [token, state] : tokens_) {
      const bool overtaken = table_.Overtaken(Key(state.first), token);
      if (state.second) {
        ASSERT_TRUE(overtaken) << "token " << token;
      }
      const auto lease = leases_.find(state.first);
      if (lease != leases_.end() && lease->second.token == token) {
        ASSERT_FALSE(overtaken);
      }
    }
  }

  std::mt19937_64 random_;
  Table table_;
  std::map<size_t, Lease> leases_;
  std::map<uint64_t, std::pair<size_t, bool>> tokens_;  // key, and whether it was written since
  std::deque<Sleeper> sleepers_;
  std::map<Sleeper*, int> expected_;
  std::vector<std::pair<size_t, Sleeper*>> passed_;
};

TEST(LeaseTable, DoesWhatAModelOfEachTokenDoes) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Model(seed).Run(250);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace tagcache::testing
