#ifndef TAGCACHE_TESTS_STORE_THREADS_CALL_RECORDER_H_
#define TAGCACHE_TESTS_STORE_THREADS_CALL_RECORDER_H_

// Makes the calls of one thread on a store, and writes down their answers and when each began and
// ended.
//
// Threads: one recorder a thread; the store and the clock are everybody's.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/store/cache.h"
#include "tests/store_threads/call_history.h"

namespace tagcache::testing {

inline constexpr TimeMs kHistoryNow = 1'000'000;
inline constexpr std::array<std::string_view, kHistoryTags> kHistoryTagNames = {"a", "b", "c"};

// Stamps must order calls, but no thread may wait for another's memory because of them, or
// ThreadSanitizer would see no race between calls that did not overlap.
#ifdef TAGCACHE_SANITIZED
inline constexpr auto kStampOrder = std::memory_order_relaxed;
#else
inline constexpr auto kStampOrder = std::memory_order_seq_cst;
#endif

// What a thread is to do next. The version of a compare is what the thread read last.
struct Task {
  enum Kind : uint8_t { kCall, kMultiGet, kMultiPut, kReclaim } kind = kCall;
  Call call;
  uint8_t keys = 0;  // kMultiGet, kMultiPut: a set
  uint16_t pause = 0;
};

inline Words TagsIn(uint8_t set) {
  Words tags;
  for (size_t t = 0; t < kHistoryTags; ++t) {
    if (set >> t & 1) tags.push_back(kHistoryTagNames[t]);
  }
  return tags;
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
        store_.RunMaintenance(16, kHistoryNow);
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
        return Note(call, [&](Call* c) { c->found = store_.Delete(key, kHistoryNow); });
      case Verb::kCompareAndDelete:
        call.version = seen_[call.key];
        return Note(call, [&](Call* c) {
          c->outcome = store_.CompareAndDelete(key, c->version, kHistoryNow);
        });
      case Verb::kGet:
        return Get(call, key);
      case Verb::kExists:
        return Note(call, [&](Call* c) { c->found = store_.Exists(key, kHistoryNow); });
      case Verb::kMeta:
        return Meta(call, key);
      case Verb::kIncrement:
        return Increment(call, key, tags);
      case Verb::kInvalidateAny:
      case Verb::kInvalidateAll:
        return Note(call, [&](Call* c) {
          c->number = store_.InvalidateTags(
              tags, c->verb == Verb::kInvalidateAll ? TagMatch::kAll : TagMatch::kAny, kHistoryNow);
        });
      case Verb::kKeysAny:
      case Verb::kKeysAll:
        return Keys(call, tags);
      case Verb::kFlush:
        return Note(call, [&](Call* c) { c->number = store_.Flush(kHistoryNow); });
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
    Note(call, [&](Call* c) { c->outcome = store_.Put(write, mode, kHistoryNow); });
  }

  void Get(const Call& call, std::string_view key) {
    EntryRef ref;
    Note(call, [&](Call*) { ref = store_.Get(key, kHistoryNow); });
    if (calls_.size() % 2 == 0) return Read(ref, &calls_.back());
    pinned_.emplace_back(calls_.size() - 1, std::move(ref));
  }
  static void Read(const EntryRef& ref, Call* call) {
    call->found = static_cast<bool>(ref);
    if (ref) call->read = Text(ref.value());
  }

  void Meta(const Call& call, std::string_view key) {
    std::optional<EntryMeta> meta;
    Note(call, [&](Call*) { meta = store_.Meta(key, kHistoryNow); });
    if (!meta.has_value()) return;
    Call* noted = &calls_.back();
    noted->found = true;
    noted->number = seen_[call.key] = meta->version;
    for (const std::string& tag : meta->tags) noted->set |= SetOf(kHistoryTagNames, tag);
  }

  void Increment(const Call& call, std::string_view key, const Words& tags) {
    server::CounterIncrement step{.key = key, .by = call.by, .initial = call.initial};
    if (call.sets_tags) step.tags = tags;
    Note(call, [&](Call* c) {
      const IncrementResult result = store_.Increment(step, kHistoryNow);
      c->outcome = result.outcome;
      c->number = static_cast<uint64_t>(result.value);
    });
  }

  void Keys(const Call& call, const Words& tags) {
    const TagMatch match = call.verb == Verb::kKeysAll ? TagMatch::kAll : TagMatch::kAny;
    KeyList page;
    Note(call, [&](Call* c) {
      page = store_.Keys(tags, match, 0, c->limit == 0 ? 100'000 : c->limit, kHistoryNow);
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
    NoteTogether(&calls, [&] { store_.MultiGet(keys, kHistoryNow, out); });
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
    NoteTogether(&calls, [&] { store_.MultiPut(writes, kHistoryNow, out); });
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

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_STORE_THREADS_CALL_RECORDER_H_
