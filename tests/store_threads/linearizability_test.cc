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
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "server/store/shard.h"
#include "server/store/shard_order.h"
#include "tests/store/cache.h"
#include "tests/store/run_all.h"
#include "tests/store_threads/call_history.h"
#include "tests/store_threads/history_check.h"

namespace tagcache::testing {
namespace {

constexpr TimeMs kNow = 1'000'000;
constexpr size_t kThreads = 4;
constexpr size_t kBulk = 300;      // keys of a bulk read
constexpr int kDisturbances = 16;  // a round, at most
constexpr int kSpins = 50'000;     // at the beginning of a round
constexpr size_t kMaxSteps = 10;   // of a thread in a round
constexpr std::array<std::string_view, kHistoryTags> kTagNames = {"a", "b", "c"};

// Stamps must order calls, but no thread may wait for another's memory because of them, or
// ThreadSanitizer would see no race between calls that did not overlap.
#ifdef TAGCACHE_SANITIZED
constexpr auto kStampOrder = std::memory_order_relaxed;
#else
constexpr auto kStampOrder = std::memory_order_seq_cst;
#endif

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

struct Setting {
  const char* name;
  size_t shards;
  bool busy = false;          // bulk reads hold now this, now that shard's lock for long
  bool tended = false;        // Tend runs all the time; entries come and go, so slabs are emptied
  bool many_bearers = false;  // so many that the entries of an invalidation are reclaimed later
  size_t calls = 0;
};

// What a thread is to do next. The version of a compare is what the thread read last.
struct Task {
  enum Kind : uint8_t { kCall, kMultiGet, kMultiPut, kReclaim } kind = kCall;
  Call call;
  uint8_t keys = 0;  // kMultiGet, kMultiPut: a set
  uint16_t pause = 0;
};

Words TagsIn(uint8_t set) {
  Words tags;
  for (size_t t = 0; t < kHistoryTags; ++t) {
    if (set >> t & 1) tags.push_back(kTagNames[t]);
  }
  return tags;
}

// Key names, in the order of their hashes.
std::vector<std::string> KeyNames(Store* store) {
  const Words tag = {"order"};
  for (size_t k = 0; k < kHistoryKeys; ++k) {
    const std::string key = "key" + std::to_string(k);
    store->Put({.key = key, .value = "v", .tags = tag}, WriteMode::kPut, kNow);
  }
  std::vector<std::string> names = store->Keys(tag, TagMatch::kAny, 0, 100, kNow).keys;
  store->Flush(kNow);
  return names;
}

class Recorder {
 public:
  Recorder(Store* store, const std::vector<std::string>* names, std::atomic<uint64_t>* clock,
           uint8_t thread)
      : store_(*store), names_(*names), clock_(*clock), thread_(thread) {}

  const std::vector<Call>& calls() const { return calls_; }
  void Clear() { calls_.clear(); }

  // Reads what Get pinned: now that others have written, too, it is what it was.
  void ReadPinned() {
    for (const auto& [call, ref] : pinned_) Read(ref, &calls_[call]);
    pinned_.clear();
  }

  void Run(const Task& task) {
    for (int i = 0; i < task.pause; ++i) {
      std::atomic_signal_fence(std::memory_order_seq_cst);  // or the loop would go
    }
    switch (task.kind) {
      case Task::kCall:
        return Make(task.call);
      case Task::kMultiGet:
        return MultiGet(task.keys);
      case Task::kMultiPut:
        return MultiPut(task);
      case Task::kReclaim:
        store_.Tend(16, kNow);
        return;
    }
  }

  // Makes the call and notes it with its answer.
  void Make(Call call) {
    const std::string_view key = names_[call.key];
    const Words tags = TagsIn(call.tags);
    call.thread = thread_;
    switch (call.verb) {
      case Verb::kPut:
        return Write(call, tags, WriteMode::kPut);
      case Verb::kAdd:
        return Write(call, tags, WriteMode::kAdd);
      case Verb::kReplace:
        return Write(call, tags, WriteMode::kReplace);
      case Verb::kCompareAndSet:
        call.version = seen_[call.key];
        return Write(call, tags, WriteMode::kCompareAndSet);
      case Verb::kAppend:
        return Write(call, {}, WriteMode::kAppend);
      case Verb::kDelete:
        return Note(call, [&](Call* c) { c->found = store_.Delete(key, kNow); });
      case Verb::kCompareAndDelete:
        call.version = seen_[call.key];
        return Note(call,
                    [&](Call* c) { c->outcome = store_.CompareAndDelete(key, c->version, kNow); });
      case Verb::kGet:
        return Get(call, key);
      case Verb::kExists:
        return Note(call, [&](Call* c) { c->found = store_.Exists(key, kNow); });
      case Verb::kMeta:
        return Meta(call, key);
      case Verb::kIncrement:
        return Increment(call, key, tags);
      case Verb::kInvalidateAny:
      case Verb::kInvalidateAll:
        return Note(call, [&](Call* c) {
          c->number = store_.InvalidateTags(
              tags, c->verb == Verb::kInvalidateAll ? TagMatch::kAll : TagMatch::kAny, kNow);
        });
      case Verb::kKeysAny:
      case Verb::kKeysAll:
        return Keys(call, tags);
      case Verb::kFlush:
        return Note(call, [&](Call* c) { c->number = store_.Flush(kNow); });
      case Verb::kFillers:
        return;
    }
  }

  void MakeFillers(uint8_t tags, uint64_t count) {
    Note({.verb = Verb::kFillers, .thread = thread_, .tags = tags},
         [&](Call* c) { c->number = count; });
  }

 private:
  template <typename Do>
  void Note(const Call& call, Do make) {
    calls_.push_back(call);
    Call* noted = &calls_.back();
    noted->begin = clock_.fetch_add(1, kStampOrder);
    make(noted);
    noted->end = clock_.fetch_add(1, kStampOrder);
  }

  void Write(const Call& call, const Words& tags, WriteMode mode) {
    server::Write write{.key = names_[call.key], .value = call.value.view(), .tags = tags};
    write.version = call.version;
    Note(call, [&](Call* c) { c->outcome = store_.Put(write, mode, kNow); });
  }

  void Get(const Call& call, std::string_view key) {
    EntryRef ref;
    Note(call, [&](Call*) { ref = store_.Get(key, kNow); });
    if (calls_.size() % 2 == 0) return Read(ref, &calls_.back());
    pinned_.emplace_back(calls_.size() - 1, std::move(ref));
  }
  static void Read(const EntryRef& ref, Call* call) {
    call->found = static_cast<bool>(ref);
    if (ref) call->read = Text(ref.value());
  }

  void Meta(const Call& call, std::string_view key) {
    std::optional<EntryMeta> meta;
    Note(call, [&](Call*) { meta = store_.Meta(key, kNow); });
    if (!meta.has_value()) return;
    Call* noted = &calls_.back();
    noted->found = true;
    noted->number = seen_[call.key] = meta->version;
    for (const std::string& tag : meta->tags) noted->set |= SetOf(kTagNames, tag);
  }

  void Increment(const Call& call, std::string_view key, const Words& tags) {
    server::Step step{.key = key, .by = call.by, .initial = call.initial};
    if (call.sets_tags) step.tags = tags;
    Note(call, [&](Call* c) {
      const StepResult result = store_.Increment(step, kNow);
      c->outcome = result.outcome;
      c->number = static_cast<uint64_t>(result.value);
    });
  }

  void Keys(const Call& call, const Words& tags) {
    const TagMatch match = call.verb == Verb::kKeysAll ? TagMatch::kAll : TagMatch::kAny;
    KeyList page;
    Note(call, [&](Call* c) {
      page = store_.Keys(tags, match, 0, c->limit == 0 ? 100'000 : c->limit, kNow);
    });
    Call* noted = &calls_.back();
    noted->found = page.cursor != 0;
    for (const std::string& key : page.keys) {
      const uint8_t known = SetOf(names_, key);
      // A key that is there twice would be no set: then the number is off.
      noted->number += known == 0 || (noted->set & known) != 0;
      noted->set |= known;
    }
  }

  void MultiGet(uint8_t set) {
    Words keys;
    std::vector<Call> calls;
    for (uint8_t k = 0; k < kHistoryKeys; ++k) {
      if ((set >> k & 1) == 0) continue;
      keys.push_back(names_[k]);
      calls.push_back({.verb = Verb::kGet, .thread = thread_, .key = k});
    }
    std::vector<EntryRef> out(keys.size());
    NoteTogether(&calls, [&] { store_.MultiGet(keys, kNow, out); });
    for (size_t i = 0; i < out.size(); ++i) Read(out[i], &calls_[calls_.size() - out.size() + i]);
  }

  void MultiPut(const Task& task) {
    const Words tags = TagsIn(task.call.tags);
    std::vector<server::Write> writes;
    std::vector<Call> calls;
    for (uint8_t k = 0; k < kHistoryKeys; ++k) {
      if ((task.keys >> k & 1) == 0) continue;
      writes.push_back({.key = names_[k], .value = task.call.value.view(), .tags = tags});
      calls.push_back(task.call);
      calls.back().verb = Verb::kPut;
      calls.back().thread = thread_;
      calls.back().key = k;
    }
    std::vector<Outcome> out(writes.size());
    NoteTogether(&calls, [&] { store_.MultiPut(writes, kNow, out); });
    for (size_t i = 0; i < out.size(); ++i) {
      calls_[calls_.size() - out.size() + i].outcome = out[i];
    }
  }

  // One interval, but for the numbers, which no two calls share.
  template <typename Do>
  void NoteTogether(std::vector<Call>* calls, Do make) {
    for (Call& call : *calls) call.begin = clock_.fetch_add(1, kStampOrder);
    make();
    for (Call& call : *calls) call.end = clock_.fetch_add(1, kStampOrder);
    calls_.insert(calls_.end(), calls->begin(), calls->end());
  }

  template <typename Names>
  static uint8_t SetOf(const Names& names, std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? 0 : static_cast<uint8_t>(1u << (found - names.begin()));
  }

  Store& store_;
  const std::vector<std::string>& names_;
  std::atomic<uint64_t>& clock_;
  const uint8_t thread_;
  std::array<uint64_t, kHistoryKeys> seen_{};  // versions
  std::vector<Call> calls_;
  std::vector<std::pair<size_t, EntryRef>> pinned_;  // and which call's answer it is
};

// What threads do in a round.
class Planner {
 public:
  Planner(uint64_t seed, const Setting& setting) : random_(seed), setting_(setting) {}

  size_t Below(size_t n) { return random_() % n; }

  // Whether the key's value may be made longer: a text holds only so much.
  void Begin(const CacheState& state) {
    keys_ = 3 + Below(kHistoryKeys - 2);
    for (size_t k = 0; k < kHistoryKeys; ++k) appends_[k] = state.keys[k].value.size > 12 ? 0 : 10;
  }

  Task Next() {
    Task task;
    Call& call = task.call;
    call.key = static_cast<uint8_t>(Below(keys_));
    call.tags = static_cast<uint8_t>(1 + Below(kTagSets - 1));
    if (Below(2) == 0) call.tags &= static_cast<uint8_t>(1u << Below(kHistoryTags));
    call.value = Text(static_cast<int64_t>(Below(1'000)));
    task.pause = Below(4) == 0 ? static_cast<uint16_t>(Below(300)) : 0;
    call.verb = AnyVerb();
    switch (call.verb) {
      case Verb::kIncrement:
        call.by = static_cast<int64_t>(Below(20)) - 10;
        call.initial = static_cast<int64_t>(Below(1'000));
        call.sets_tags = Below(2) == 0;
        if (!call.sets_tags) call.tags = 0;
        break;
      case Verb::kAppend:
        if (appends_[call.key] == 0) {
          call.verb = Verb::kPut;
          break;
        }
        --appends_[call.key];
        call.value = Text(std::string(1, static_cast<char>('a' + Below(26))));
        break;
      case Verb::kInvalidateAny:
        // Tags may all have been masked out above.
        if (call.tags == 0) call.tags = static_cast<uint8_t>(1u << Below(kHistoryTags));
        break;
      case Verb::kInvalidateAll:
      case Verb::kKeysAll:
      case Verb::kKeysAny:
        if (call.tags == 0) call.tags = static_cast<uint8_t>(0b11 << Below(kHistoryTags - 1));
        if (call.verb != Verb::kInvalidateAll && !setting_.many_bearers && Below(2) == 0) {
          call.limit = static_cast<uint8_t>(1 + Below(3));
        }
        break;
      case Verb::kGet:
        if (Below(4) == 0) Batch(Task::kMultiGet, &task);
        break;
      case Verb::kPut:
        if (Below(8) == 0) Batch(Task::kMultiPut, &task);
        break;
      case Verb::kFillers:
        task.kind = Task::kReclaim;
        break;
      default:
        break;
    }
    return task;
  }

 private:
  void Batch(Task::Kind kind, Task* task) {
    task->kind = kind;
    while (std::popcount(task->keys) < 3) task->keys |= static_cast<uint8_t>(1u << Below(keys_));
  }

  Verb AnyVerb() {
    static constexpr std::pair<Verb, int> kWeights[] = {
        {Verb::kPut, 22},          {Verb::kAdd, 5},           {Verb::kReplace, 5},
        {Verb::kCompareAndSet, 7}, {Verb::kAppend, 5},        {Verb::kDelete, 5},
        {Verb::kGet, 12},          {Verb::kExists, 3},        {Verb::kCompareAndDelete, 3},
        {Verb::kMeta, 7},          {Verb::kIncrement, 9},     {Verb::kInvalidateAny, 7},
        {Verb::kKeysAny, 3},       {Verb::kInvalidateAll, 3}, {Verb::kKeysAll, 2},
        {Verb::kFlush, 1},         {Verb::kFillers, 1}};
    static constexpr int kSum = [] {
      int sum = 0;
      for (const auto& [verb, weight] : kWeights) sum += weight;
      return sum;
    }();
    int dice = static_cast<int>(Below(kSum));
    for (const auto& [verb, weight] : kWeights) {
      if ((dice -= weight) < 0) return verb;
    }
    return Verb::kGet;
  }

  std::mt19937_64 random_;
  const Setting& setting_;
  size_t keys_ = kHistoryKeys;
  std::array<int, kHistoryKeys> appends_{};
};

// The fillers of the store, by the tags they bear. Called while no other call runs.
class Fillers {
 public:
  Fillers(Store* store, Planner* random) : store_(*store), random_(*random) {}

  // Writes `count` more under names that were never used.
  void Add(uint8_t tags, size_t count) {
    const Words words = TagsIn(tags);
    for (size_t i = 0; i < count; ++i) {
      names_[tags].push_back("filler" + std::to_string(++last_));
      store_.Put({.key = names_[tags].back(), .value = "100", .tags = words}, WriteMode::kPut,
                 kNow);
    }
  }
  // Deletes about two of three.
  void Thin(uint8_t tags) {
    std::erase_if(names_[tags], [&](const std::string& name) {
      return random_.Below(3) != 0 && store_.Delete(name, kNow);
    });
  }
  // How many are there; forgets the others.
  size_t Count(uint8_t tags) {
    const Words keys(names_[tags].begin(), names_[tags].end());
    std::vector<EntryRef> out(keys.size());
    store_.MultiGet(keys, kNow, out);
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
  Rounds(const Setting& setting, uint64_t seed)
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
    if (setting_.tended || setting_.busy) works.push_back([&] { Disturb(); });
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
        if (setting_.tended) store_.Tend(64, kNow);
        if (!setting_.busy) continue;
        const std::vector<std::string>& names = bulks_[bulk++ % kHistoryKeys];
        store_.MultiGet(Words(names.begin(), names.end()), kNow, out);
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
    if (setting_.many_bearers) PrepareBearers();
    if (setting_.tended && round_number_ % 64 == 0) PrepareSlabs();
  }

  // Those of one tag are more than are reclaimed within the call. In half of the rounds none bears
  // two tags: then nothing need be reclaimed for the count.
  void PrepareBearers() {
    if (round_number_ % 256 == 0) store_.Tend(SIZE_MAX, kNow);
    if (round_number_ % 16 == 0) shared_ = !shared_;
    static constexpr std::pair<uint8_t, uint32_t> kWanted[] = {
        {0b001, 150}, {0b010, 140}, {0b011, 50}, {0b110, 20}, {0b111, 5}};
    for (const auto& [tags, wanted] : kWanted) {
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
        key = {.present = call.found, .value = call.read, .told = key.told};
      } else if (call.verb == Verb::kMeta && call.found) {
        key.tags = call.set;
        key.version = key.told = call.number;
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

  const Setting setting_;
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

void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

class Linearizability : public ::testing::TestWithParam<Setting> {};

TEST_P(Linearizability, EveryRoundIsExplainedByAnOrderOfItsCalls) {
  // Another one each time, and told: threads do not repeat themselves for a seed anyway.
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
        Setting{.name = "OneShard", .shards = 1, .calls = 150'000},
        Setting{.name = "FourShards", .shards = 4, .calls = 150'000},
        Setting{.name = "FourShardsBusy", .shards = 4, .busy = true, .calls = 200'000},
        Setting{.name = "SixteenShardsBusy", .shards = 16, .busy = true, .calls = 200'000},
        Setting{.name = "FourShardsTended", .shards = 4, .tended = true, .calls = 100'000},
        Setting{.name = "SixteenShardsBusyAndTended",
                .shards = 16,
                .busy = true,
                .tended = true,
                .calls = 100'000},
        Setting{.name = "FourShardsManyBearers",
                .shards = 4,
                .busy = true,
                .many_bearers = true,
                .calls = 50'000},
        Setting{.name = "SixteenShardsManyBearersTended",
                .shards = 16,
                .tended = true,
                .many_bearers = true,
                .calls = 50'000}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tagcache::testing
