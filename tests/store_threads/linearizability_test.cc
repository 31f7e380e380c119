// Several threads on one store, round after round. The calls of a round, with their answers and
// intervals, must be explained by some order of them in which each is a single step
// (history_check.h) of a sequential cache (call_history.h), from what the round before left to what
// is there after it. What calls return as counts is part of what must be explained.
//
// MultiGet and MultiPut promise less: each key is a step of its own. Scan and DeletePrefix promise
// less too, and are not called.

#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "server/store/shard.h"
#include "server/store/shard_order.h"
#include "tests/store/cache.h"
#include "tests/store/run_all.h"
#include "tests/store_threads/call_recorder.h"
#include "tests/store_threads/history_check.h"
#include "tests/store_threads/round_planner.h"

namespace tagcache::testing {
namespace {

constexpr size_t kThreads = 4;
constexpr size_t kBulk = 300;      // keys of a bulk read
constexpr int kDisturbances = 16;  // a round, at most
constexpr int kSpins = 50'000;     // at the beginning of a round
constexpr size_t kMaxSteps = 10;   // of a thread in a round

// A sanitizer needs minutes for the million calls of all settings; without this variable in the
// environment it gets a fifth of them.
uint64_t PartOf(uint64_t calls) {
#ifdef TAGCACHE_SANITIZED
  if (std::getenv("TAGCACHE_ALL_HISTORIES") == nullptr) return calls / 5;
#endif
  return calls;
}

// Threads take turns on the processors there are. Left alone they may all stay on one, where they
// run one after the other: a round is over long before it is worth a move.
void StayOnProcessor(size_t turn) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  turn %= static_cast<size_t>(CPU_COUNT(&allowed));
  for (size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || turn-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof(one), &one);
    return;
  }
}

// Key names, in the order of their hashes.
std::vector<std::string> KeyNames(Store* store) {
  const Words tag = {"order"};
  for (size_t k = 0; k < kHistoryKeys; ++k) {
    const std::string key = "key" + std::to_string(k);
    store->Put({.key = key, .value = "v", .tags = tag}, WriteMode::kPut, kHistoryNow);
  }
  std::vector<std::string> names = store->Keys(tag, TagMatch::kAny, 0, 100, kHistoryNow).keys;
  store->Flush(kHistoryNow);
  return names;
}

// The fillers of the store, by their tags. Called while no other call runs.
class Fillers {
 public:
  Fillers(Store* store, Planner* random) : store_(*store), random_(*random) {}

  // Writes `count` more under names that were never used.
  void Add(uint8_t tags, size_t count) {
    const Words words = TagsIn(tags);
    for (size_t i = 0; i < count; ++i) {
      names_[tags].push_back("filler" + std::to_string(++last_));
      store_.Put({.key = names_[tags].back(), .value = "100", .tags = words}, WriteMode::kPut,
                 kHistoryNow);
    }
  }
  // Deletes about two of three.
  void Thin(uint8_t tags) {
    std::erase_if(names_[tags], [&](const std::string& name) {
      return random_.Below(3) != 0 && store_.Delete(name, kHistoryNow);
    });
  }
  // How many are there; forgets the others.
  size_t Count(uint8_t tags) {
    const Words keys(names_[tags].begin(), names_[tags].end());
    std::vector<EntryRef> out(keys.size());
    store_.MultiGet(keys, kHistoryNow, out);
    size_t there = 0;
    for (size_t i = 0; i < out.size(); ++i) {
      if (out[i]) names_[tags][there++].swap(names_[tags][i]);
    }
    names_[tags].resize(there);
    return there;
  }

 private:
  Store& store_;
  Planner& random_;
  std::array<std::vector<std::string>, kTagSets> names_;
  uint64_t last_ = 0;
};

// The threads of one store and their rounds. Thread 0 plans the rounds and checks them.
class Rounds {
 public:
  Rounds(const RoundSetting& setting, uint64_t seed)
      : setting_(setting),
        store_({.shards = setting.shards, .seed = seed}),
        names_(KeyNames(&store_)),
        planner_(seed, setting),
        fillers_(&store_, &planner_),
        after_(&store_, &names_, &clock_, kThreads) {
    for (uint8_t t = 0; t < kThreads; ++t) {
      recorders_.emplace_back(&store_, &names_, &clock_, t);
    }
    if (setting.busy) NameBulks(seed);
  }

  void Run() {
    std::vector<std::function<void()>> works = {[&] { Lead(); }};
    for (size_t t = 1; t < kThreads; ++t) works.push_back([this, t] { Follow(t); });
    if (setting_.maintained || setting_.busy) works.push_back([&] { Disturb(); });
    parties_ = works.size();
    RunAll(works);
  }

  uint64_t calls() const { return calls_; }
  uint64_t overlapping() const { return overlapping_; }
  size_t largest() const { return largest_; }
  const std::string& failure() const { return failure_; }

 private:
  void Lead() {
    StayOnProcessor(0);
    for (; calls_ < PartOf(setting_.calls) && failure_.empty(); ++round_number_) {
      Prepare();
      round_.fetch_add(1, std::memory_order_acq_rel);
      round_.notify_all();
      Take(0);
      while (finished_.load(std::memory_order_acquire) < parties_) std::this_thread::yield();
      Check();
    }
    stop_ = true;
    round_.fetch_add(1);
    round_.notify_all();
  }

  void Follow(size_t thread) {
    StayOnProcessor(thread);
    for (uint32_t seen = 0;;) {
      round_.wait(seen, std::memory_order_acquire);
      seen = round_.load(std::memory_order_acquire);
      if (stop_) return;
      Take(thread);
    }
  }

  // What goes on beside a round. Whoever needs the shard that a bulk read holds waits, in the
  // middle of a call of several steps too, and others overtake it.
  void Disturb() {
    std::vector<EntryRef> out(kBulk);
    for (uint32_t seen = 0, bulk = 0;;) {
      round_.wait(seen, std::memory_order_acquire);
      seen = round_.load(std::memory_order_acquire);
      if (stop_) return;
      AwaitAll();
      // A few times a round: where locks are not fair, those who are waiting would starve.
      for (int i = 0; i < kDisturbances; ++i) {
        if (finished_.load(std::memory_order_acquire) >= kThreads) break;
        if (setting_.maintained) store_.RunMaintenance(64, kHistoryNow);
        if (!setting_.busy) continue;
        const std::vector<std::string>& names = bulks_[bulk++ % kHistoryKeys];
        store_.MultiGet(Words(names.begin(), names.end()), kHistoryNow, out);
      }
      finished_.fetch_add(1, std::memory_order_acq_rel);
    }
  }

  // Names of nothing, in the shard of each key.
  void NameBulks(uint64_t seed) {
    const auto bits = static_cast<unsigned>(std::countr_zero(setting_.shards));
    const auto shard_of = [&](const std::string& name) {
      return server::ShardOf(server::HashOf(name, seed), bits);
    };
    for (size_t k = 0; k < kHistoryKeys; ++k) {
      for (size_t i = 0; bulks_[k].size() < kBulk; ++i) {
        std::string name = "nothing" + std::to_string(i);
        if (shard_of(name) == shard_of(names_[k])) bulks_[k].push_back(std::move(name));
      }
    }
  }

  // Those who are there go on running, so that they begin at once, unless it takes too long.
  void AwaitAll() {
    for (int spins = 0; arrived_.load(std::memory_order_acquire) < threads_; ++spins) {
      if (spins > kSpins) std::this_thread::yield();
    }
  }

  // A thread's part of a round.
  void Take(size_t thread) {
    if (thread < threads_) {
      arrived_.fetch_add(1, std::memory_order_acq_rel);
      AwaitAll();
      for (const Task& task : plans_[thread]) recorders_[thread].Run(task);
      recorders_[thread].ReadPinned();
    }
    finished_.fetch_add(1, std::memory_order_acq_rel);
  }

  void Prepare() {
    threads_ = planner_.Below(2) == 0 ? 2 : 2 + planner_.Below(kThreads - 1);
    arrived_ = 0;
    finished_ = 0;
    planner_.Begin(state_);
    for (size_t t = 0; t < threads_; ++t) {
      recorders_[t].Clear();
      plans_[t].clear();
      const size_t steps = 4 + planner_.Below(kMaxSteps - 3);
      for (size_t s = 0; s < steps; ++s) plans_[t].push_back(planner_.Next());
    }
    if (setting_.many_tagged) PrepareTagged();
    if (setting_.maintained && round_number_ % 64 == 0) PrepareSlabs();
  }

  // Gives tags many entries. In half of the rounds no entry has two tags.
  void PrepareTagged() {
    if (round_number_ % 256 == 0) store_.RunMaintenance(SIZE_MAX, kHistoryNow);
    if (round_number_ % 16 == 0) shared_ = !shared_;
    static constexpr std::pair<uint8_t, uint32_t> kWanted[] = {
        {0b001, 150}, {0b010, 140}, {0b011, 50}, {0b110, 20}, {0b111, 5}};
    for (const auto& [tags, few] : kWanted) {
      const uint32_t wanted = setting_.beyond_limit ? 10 * few : few;
      if (std::popcount(tags) > 1 && !shared_) continue;
      AddFillers(tags, wanted - std::min(wanted, state_.fillers[tags]));
    }
  }

  void PrepareSlabs() {
    AddFillers(0, 4'000 - std::min(4'000u, state_.fillers[0]));
    fillers_.Thin(0);
    state_.fillers[0] = static_cast<uint32_t>(fillers_.Count(0));
  }

  void AddFillers(uint8_t tags, uint32_t count) {
    fillers_.Add(tags, count);
    state_.fillers[tags] += count;
  }

  // Reads all there is, and looks for an order that explains the round and what is read.
  void Check() {
    after_.Clear();
    for (uint8_t k = 0; k < kHistoryKeys; ++k) {
      after_.Make({.verb = Verb::kGet, .key = k});
      after_.Make({.verb = Verb::kMeta, .key = k});
    }
    after_.ReadPinned();
    for (uint8_t t = 0; t < kHistoryTags; ++t) {
      after_.Make({.verb = Verb::kKeysAny, .tags = static_cast<uint8_t>(1u << t)});
    }
    for (uint8_t tags = 0; tags < kTagSets; ++tags) {
      // Those that come and go for the sake of slabs are many: now and then.
      if (state_.fillers[tags] == 0 || (tags == 0 && round_number_ % 64 != 0 && !Flushed())) {
        continue;
      }
      after_.MakeFillers(tags, fillers_.Count(tags));
    }
    std::vector<Call>& history = history_;
    history.clear();
    for (size_t t = 0; t < threads_; ++t) {
      history.insert(history.end(), recorders_[t].calls().begin(), recorders_[t].calls().end());
    }
    calls_ += history.size();
    const size_t of_round = history.size();
    history.insert(history.end(), after_.calls().begin(), after_.calls().end());
    if (!check_.IsLinearizable(state_, history)) return Fail();
    largest_ = std::max(largest_, check_.visited());
    CountOverlaps(of_round);
    BeginWith(after_.calls());
  }

  // Of the first `calls` calls, those that began while another thread's was under way.
  void CountOverlaps(size_t calls) {
    std::array<uint64_t, kThreads> last_end{};
    for (const size_t i : check_.by_begin()) {
      if (i >= calls) return;
      const Call& call = history_[i];
      for (size_t t = 0; t < kThreads; ++t) {
        if (t != call.thread && call.begin < last_end[t]) {
          ++overlapping_;
          break;
        }
      }
      last_end[call.thread] = std::max(last_end[call.thread], call.end);
    }
  }

  bool Flushed() const {
    return std::any_of(recorders_.begin(), recorders_.begin() + static_cast<ptrdiff_t>(threads_),
                       [](const Recorder& recorder) {
                         return std::any_of(
                             recorder.calls().begin(), recorder.calls().end(),
                             [](const Call& call) { return call.verb == Verb::kFlush; });
                       });
  }

  // The state that was read is the next round's.
  void BeginWith(const std::vector<Call>& read) {
    for (const Call& call : read) {
      KeyState& key = state_.keys[call.key];
      if (call.verb == Verb::kGet) {
        key = {.present = call.found, .value = call.read, .reported = key.reported};
      } else if (call.verb == Verb::kMeta && call.found) {
        key.tags = call.set;
        key.version = key.reported = call.number;
      } else if (call.verb == Verb::kFillers) {
        state_.fillers[call.tags] = static_cast<uint32_t>(call.number);
      }
    }
  }

  void Fail() {
    std::ostringstream text;
    text << setting_.name << ", round " << round_number_ << ": no order explains these calls\n";
    for (size_t k = 0; k < kHistoryKeys; ++k) {
      const KeyState& key = state_.keys[k];
      text << "before: k" << k;
      if (key.present) {
        text << " \"" << key.value.view() << "\" tags " << int{key.tags} << " version "
             << key.version;
      }
      text << "\n";
    }
    for (size_t set = 0; set < kTagSets; ++set) {
      if (state_.fillers[set] > 0)
        text << "before: " << state_.fillers[set] << " fillers " << set << "\n";
    }
    for (const size_t i : check_.by_begin()) text << "#" << i << " " << history_[i] << "\n";
    text << "the longest order that explains so many:";
    for (const size_t i : check_.longest()) text << " #" << i;
    failure_ = text.str();
  }

  const RoundSetting setting_;
  Store store_;
  const std::vector<std::string> names_;
  Planner planner_;
  Fillers fillers_;
  std::atomic<uint64_t> clock_{1};
  std::vector<Recorder> recorders_;
  Recorder after_;
  std::array<std::vector<std::string>, kHistoryKeys> bulks_;

  size_t parties_ = 0;  // the threads, and what disturbs them

  // The round: written by thread 0 while the others wait.
  size_t threads_ = 0;
  std::array<std::vector<Task>, kThreads> plans_;
  std::atomic<uint32_t> round_{0};
  std::atomic<size_t> arrived_{0};
  std::atomic<size_t> finished_{0};
  std::atomic<bool> stop_{false};

  // Of thread 0.
  uint64_t round_number_ = 0;
  bool shared_ = false;
  CacheState state_;
  HistoryCheck<CacheState, Call> check_;
  std::vector<Call> history_;
  uint64_t calls_ = 0;
  uint64_t overlapping_ = 0;
  size_t largest_ = 0;
  std::string failure_;
};

class Linearizability : public ::testing::TestWithParam<RoundSetting> {};

TEST_P(Linearizability, EveryRoundIsExplainedByAnOrderOfItsCalls) {
  // Another one each time, and printed: threads do not repeat themselves for a seed anyway.
  const uint64_t seed = std::random_device{}();
  Rounds rounds(GetParam(), seed);
  rounds.Run();
  std::printf("seed %llu: %llu calls, %llu overlapping, largest search %zu\n",
              static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(rounds.calls()),
              static_cast<unsigned long long>(rounds.overlapping()), rounds.largest());
  EXPECT_TRUE(rounds.failure().empty()) << "seed " << seed << "\n" << rounds.failure();
}

INSTANTIATE_TEST_SUITE_P(
    Settings, Linearizability,
    ::testing::Values(
        RoundSetting{.name = "OneShard", .shards = 1, .calls = 150'000},
        RoundSetting{.name = "FourShards", .shards = 4, .calls = 150'000},
        RoundSetting{.name = "FourShardsBusy", .shards = 4, .busy = true, .calls = 200'000},
        RoundSetting{.name = "SixteenShardsBusy", .shards = 16, .busy = true, .calls = 200'000},
        RoundSetting{
            .name = "FourShardsMaintained", .shards = 4, .maintained = true, .calls = 100'000},
        RoundSetting{.name = "SixteenShardsBusyAndMaintained",
                     .shards = 16,
                     .busy = true,
                     .maintained = true,
                     .calls = 100'000},
        RoundSetting{.name = "FourShardsManyTagged",
                     .shards = 4,
                     .busy = true,
                     .many_tagged = true,
                     .calls = 50'000},
        RoundSetting{.name = "SixteenShardsManyTaggedMaintained",
                     .shards = 16,
                     .maintained = true,
                     .many_tagged = true,
                     .calls = 50'000},
        RoundSetting{.name = "FourShardsBeyondTheLimit",
                     .shards = 4,
                     .busy = true,
                     .many_tagged = true,
                     .beyond_limit = true,
                     .calls = 10'000},
        RoundSetting{.name = "SixteenShardsBeyondTheLimitMaintained",
                     .shards = 16,
                     .maintained = true,
                     .many_tagged = true,
                     .beyond_limit = true,
                     .calls = 10'000}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tagcache::testing
