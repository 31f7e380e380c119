#ifndef TAGCACHE_TESTS_STORE_THREADS_ROUND_PLANNER_H_
#define TAGCACHE_TESTS_STORE_THREADS_ROUND_PLANNER_H_

// What the threads of a round of calls do, from a seed.
//
// Threads: one at a time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <random>
#include <utility>

#include "tests/store_threads/call_recorder.h"

namespace tagcache::testing {

struct RoundSetting {
  const char* name;
  size_t shards;
  bool busy = false;  // bulk reads hold now this, now that shard's lock for long
  // RunMaintenance runs all the time; entries come and go, so slabs are emptied.
  bool maintained = false;
  bool many_tagged = false;   // tags have many entries, which an invalidation removes itself
  bool beyond_limit = false;  // with many_tagged: so many that they are removed later
  size_t calls = 0;
};

inline void PrintTo(const RoundSetting& setting, std::ostream* out) { *out << setting.name; }

class Planner {
 public:
  Planner(uint64_t seed, const RoundSetting& setting) : random_(seed), setting_(setting) {}

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
        call.at_least = setting_.beyond_limit;
        break;
      case Verb::kFlush:
        call.at_least = setting_.beyond_limit;
        break;
      case Verb::kInvalidateAll:
      case Verb::kKeysAll:
      case Verb::kKeysAny:
        if (call.tags == 0) call.tags = static_cast<uint8_t>(0b11 << Below(kHistoryTags - 1));
        // All of one tag is any of it.
        call.at_least = setting_.beyond_limit && call.verb == Verb::kInvalidateAll &&
                        std::popcount(call.tags) == 1;
        if (call.verb != Verb::kInvalidateAll && !setting_.many_tagged && Below(2) == 0) {
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
  const RoundSetting& setting_;
  size_t keys_ = kHistoryKeys;
  std::array<int, kHistoryKeys> appends_{};
};

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_STORE_THREADS_ROUND_PLANNER_H_
