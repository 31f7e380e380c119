// Millions of calls at random over many keys and tags, with time going by. What is read must be
// what was written under that key; and once all entries are removed, their memory is freed.

#include <gtest/gtest.h>

#include <charconv>
#include <cstdio>
#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

#ifdef TAGCACHE_SANITIZED
constexpr int kSlower = 25;
#else
constexpr int kSlower = 1;
#endif

constexpr uint64_t kKeys = 200'000;
constexpr uint64_t kTags = 100'000;

// A word and a number, without an allocation.
class Name {
 public:
  Name() = default;
  Name(char letter, uint64_t number) : text_{letter} {
    size_ = std::to_chars(text_ + 1, text_ + sizeof(text_), number).ptr - text_;
  }
  operator std::string_view() const { return {text_, size_}; }  // NOLINT: a name is a text

 private:
  char text_[24] = {};
  size_t size_ = 0;
};

// RunMaintenance, until there is nothing left to do.
void MaintainAll(Cache* cache) {
  // Twice nothing: a call may end where the next one finds work again.
  for (int calls = 0, idle = 0; idle < 2; ++calls) {
    idle = cache->store.RunMaintenance(100'000, cache->now) == 0 ? idle + 1 : 0;
    ASSERT_LT(calls, 100'000) << "RunMaintenance always finds something to do";
  }
}

class Churn {
 public:
  Churn(const StoreOptions& options, uint64_t seed)
      : cache_(options), random_(seed), empty_(cache_.store.Stats()) {}

  void Run(uint64_t calls) {
    for (uint64_t i = 0; i < calls && !::testing::Test::HasFatalFailure(); ++i) {
      if (i % 64 == 0) cache_.Advance(1);
      if (i % 256 == 0) cache_.store.RunMaintenance(200, cache_.now);
      CallOne();
    }
    for (const auto& [ref, text] : held_) ASSERT_EQ(ref.value(), text);
  }

  // Whatever way all went: nothing is left.
  void ExpectEmpty(const char* way) {
    held_.clear();
    MaintainAll(&cache_);
    const StoreStats stats = cache_.store.Stats();
    EXPECT_EQ(stats.items, 0u) << way;
    EXPECT_EQ(stats.tags, 0u) << way;
    EXPECT_EQ(stats.memory, empty_.memory) << way;
  }

  Cache& cache() { return cache_; }
  uint64_t hits() const { return hits_; }
  uint64_t invalidated() const { return invalidated_; }

 private:
  uint64_t Below(uint64_t n) { return random_() % n; }
  Name AnyKey() { return Name('k', Below(kKeys)); }
  // Some are on many entries, most on a few.
  Name AnyTag() { return Name('t', Below(2) == 0 ? Below(kTags) : Below(1 + Below(kTags))); }
  std::optional<uint64_t> AnyTtl() {
    const uint64_t dice = Below(10);
    if (dice == 0) return std::nullopt;
    return dice < 5 ? 1 + Below(1'000) : 1 + Below(100'000);
  }
  Words AnyTags(uint64_t most) {
    Words tags;
    const uint64_t count = Below(most + 1);
    for (uint64_t t = 0; t < count; ++t) tags.push_back(tag_names_[t] = AnyTag());
    return tags;
  }

  void CallOne() {
    const uint64_t dice = Below(100);
    if (dice < 40) {
      Put();
    } else if (dice < 65) {
      Get();
    } else if (dice < 75) {
      Count();
    } else if (dice < 82) {
      cache_.store.Touch(AnyKey(), AnyTtl(), cache_.now);
    } else if (dice < 90) {
      cache_.Delete(AnyKey());
    } else if (dice < 97) {
      const Words tags = AnyTags(2);
      invalidated_ += cache_.store.InvalidateTags(
          tags, Below(2) == 0 ? TagMatch::kAny : TagMatch::kAll, cache_.now);
    } else if (dice < 98) {
      const Words tags = AnyTags(2);
      cache_.store.Keys(tags, TagMatch::kAny, 0, 20, cache_.now);
    } else {
      PutMany();
    }
  }
  // Mostly small, some of many pages.
  std::string_view ValueOf(std::string_view key) {
    const uint64_t dice = Below(1'000);
    const size_t size = dice == 0 ? Below(40'000) : dice < 50 ? Below(3'000) : Below(120);
    value_.assign(key);
    value_ += ' ';
    value_.resize(std::max(value_.size(), size), static_cast<char>('a' + size % 26));
    return value_;
  }
  void Put() {
    const Name key = AnyKey();
    const uint64_t dice = Below(10);
    const WriteMode mode = dice < 8    ? WriteMode::kPut
                           : dice == 8 ? WriteMode::kAdd
                                       : WriteMode::kReplace;
    const Outcome outcome = cache_.Put(key, ValueOf(key), AnyTags(4), AnyTtl(), mode);
    ASSERT_TRUE(outcome == Outcome::kOk || mode != WriteMode::kPut);
  }
  void PutMany() {
    std::vector<Name> keys;
    for (int i = 0; i < 20; ++i) keys.push_back(AnyKey());
    std::vector<std::string> values;
    for (const Name& key : keys) values.emplace_back(ValueOf(key));
    std::vector<Write> writes;
    const Words tags = AnyTags(4);
    for (size_t i = 0; i < keys.size(); ++i) {
      writes.push_back({.key = keys[i], .value = values[i], .tags = tags});
      writes[i].ttl_ms = AnyTtl();
    }
    std::vector<Outcome> outcomes(writes.size());
    cache_.store.MultiPut(writes, cache_.now, outcomes);
    for (const Outcome outcome : outcomes) ASSERT_EQ(outcome, Outcome::kOk);
  }
  void Get() {
    const Name key = AnyKey();
    EntryRef ref = cache_.store.Get(key, cache_.now);
    if (!ref) return;
    ++hits_;
    ASSERT_EQ(ref.value().substr(0, ref.value().find(' ')), std::string_view(key));
    // Some are kept: they must stay what they are while their neighbours go.
    if (Below(200) != 0) return;
    std::string text(ref.value());
    held_.emplace_back(std::move(ref), std::move(text));
    if (held_.size() <= 1'000) return;
    ASSERT_EQ(held_.front().first.value(), held_.front().second);
    held_.pop_front();
  }
  // Counters have keys of their own.
  void Count() {
    const Name key('n', Below(kKeys / 8));
    CounterIncrement step = {.key = key, .by = static_cast<int64_t>(Below(1'000'000))};
    const Words tags = AnyTags(2);
    if (Below(4) == 0) step.tags = tags;
    if (Below(4) == 0) step.ttl_ms = AnyTtl();
    ASSERT_EQ(cache_.store.Increment(step, cache_.now).outcome, Outcome::kOk);
  }

  Cache cache_;
  std::mt19937_64 random_;
  const StoreStats empty_;
  Name tag_names_[4];
  std::string value_;
  std::deque<std::pair<EntryRef, std::string>> held_;
  uint64_t hits_ = 0;
  uint64_t invalidated_ = 0;
};

TEST(Churn, LeavesNothingBehindHoweverAllOfItGoes) {
  constexpr uint64_t kCalls = 10'000'000 / kSlower / 4;
  Churn churn({.shards = 64, .seed = 20}, 20);
  Cache& cache = churn.cache();

  churn.Run(kCalls);
  for (uint64_t t = 0; t < kTags; ++t) {
    const Name tag('t', t);
    cache.InvalidateAny({tag});
    if (t % 1024 == 0) cache.store.RunMaintenance(10'000, cache.now);
  }
  const std::string_view untagged[] = {"k", "n"};
  for (const std::string_view prefix : untagged) {
    uint64_t cursor = 0;
    do {
      cache.store.DeletePrefix(prefix, &cursor, 10'000, cache.now);
    } while (cursor != 0);
  }
  churn.ExpectEmpty("invalidated");

  churn.Run(kCalls);
  for (uint64_t k = 0; k < kKeys; ++k) {
    for (const char letter : {'k', 'n'}) {
      const Name key(letter, k);
      const std::optional<EntryMeta> meta = cache.store.Meta(key, cache.now);
      if (meta.has_value() && !meta->ttl_left_ms.has_value()) {
        ASSERT_TRUE(cache.store.Touch(key, 1'000, cache.now));
      }
    }
  }
  cache.Advance(100'001);
  churn.ExpectEmpty("expired");

  churn.Run(kCalls);
  cache.store.Flush(cache.now);
  churn.ExpectEmpty("flushed");

  // Now all calls have been made.
  churn.Run(kCalls);
  for (uint64_t k = 0; k < kKeys; ++k) {
    cache.Delete(Name('k', k));
    cache.Delete(Name('n', k));
  }
  churn.ExpectEmpty("deleted");

  EXPECT_GT(churn.hits(), kCalls / 20);
  EXPECT_GT(churn.invalidated(), kCalls / 100);
}

}  // namespace
}  // namespace tagcache::testing
