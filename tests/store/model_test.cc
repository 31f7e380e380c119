// The store against a model of it: a std::map and plain loops. Random calls from a seed; the first
// answer that differs names the seed and the step.

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "server/store/integer_text.h"
#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

constexpr size_t kMaxValue = 40;
constexpr size_t kMaxTags = 3;

struct ModelEntry {
  std::string value;
  uint32_t flags = 0;
  std::optional<TimeMs> expires = {};
  TimeMs written = 0;
  std::set<std::string> tags = {};
};

class Model {
 public:
  using Entries = std::map<std::string, ModelEntry>;

  ModelEntry* Find(const std::string& key, TimeMs now) {
    const auto it = entries_.find(key);
    if (it == entries_.end()) return nullptr;
    if (!it->second.expires.has_value() || *it->second.expires > now) return &it->second;
    entries_.erase(it);
    return nullptr;
  }
  void DropExpired(TimeMs now) {
    std::erase_if(entries_, [&](const auto& item) {
      return item.second.expires.has_value() && *item.second.expires <= now;
    });
  }
  Outcome Put(const Write& write, WriteMode mode, TimeMs now) {
    const std::string key(write.key);
    const std::set<std::string> tags(write.tags.begin(), write.tags.end());
    if (write.value.size() > kMaxValue || tags.size() > kMaxTags) {
      if (mode == WriteMode::kPut) entries_.erase(key);
      return write.value.size() > kMaxValue ? Outcome::kValueTooLarge : Outcome::kTooManyTags;
    }
    const bool there = Find(key, now) != nullptr;
    if (mode == WriteMode::kAdd && there) return Outcome::kExists;
    if (mode == WriteMode::kReplace && !there) return Outcome::kNotFound;
    entries_.erase(key);
    if (write.ttl_ms == 0) return Outcome::kOk;
    ModelEntry entry{std::string(write.value), write.flags, std::nullopt, now, tags};
    if (write.ttl_ms.has_value()) entry.expires = now + *write.ttl_ms;
    entries_[key] = entry;
    return Outcome::kOk;
  }
  bool Delete(const std::string& key, TimeMs now) {
    if (Find(key, now) == nullptr) return false;
    entries_.erase(key);
    return true;
  }
  bool Touch(const std::string& key, std::optional<uint64_t> ttl_ms, TimeMs now) {
    ModelEntry* entry = Find(key, now);
    if (entry == nullptr) return false;
    entry->expires = std::nullopt;
    if (ttl_ms.has_value()) entry->expires = now + *ttl_ms;
    return true;
  }
  IncrementResult Increment(const CounterIncrement& step, TimeMs now) {
    const std::string key(step.key);
    ModelEntry* old = Find(key, now);
    int64_t value = step.initial.value_or(0);
    if (old != nullptr) {
      const auto held =
          server::ParseInteger(old->value, step.lenient ? server::IntegerForm::kLenient
                                                        : server::IntegerForm::kCanonical);
      if (!held.has_value()) return {Outcome::kNotAnInteger, 0};
      const __int128 sum = step.subtract ? static_cast<__int128>(*held) - step.by
                                         : static_cast<__int128>(*held) + step.by;
      if (sum > INT64_MAX || sum < INT64_MIN) return {Outcome::kOverflow, 0};
      value = static_cast<int64_t>(sum);
    }
    ModelEntry entry = old != nullptr ? *old : ModelEntry{.value = {}, .flags = step.flags};
    entry.value = std::to_string(value);
    entry.written = now;
    if (step.ttl_ms.has_value() && (old == nullptr || !step.ttl_at_creation)) {
      entry.expires = now + *step.ttl_ms;
    }
    if (step.tags.has_value()) entry.tags = {step.tags->begin(), step.tags->end()};
    entries_[key] = entry;
    return {Outcome::kOk, value};
  }
  std::vector<std::string> EntriesTagged(const Words& tags, TagMatch match, TimeMs now) {
    DropExpired(now);
    std::vector<std::string> keys;
    if (tags.empty()) return keys;
    for (const auto& [key, entry] : entries_) {
      size_t matching = 0;
      for (const std::string_view tag : tags) matching += entry.tags.count(std::string(tag));
      if (match == TagMatch::kAny ? matching > 0 : matching == tags.size()) keys.push_back(key);
    }
    return keys;
  }
  uint64_t Invalidate(const Words& tags, TagMatch match, TimeMs now) {
    const auto keys = EntriesTagged(tags, match, now);
    for (const std::string& key : keys) entries_.erase(key);
    return keys.size();
  }
  const Entries& entries() const { return entries_; }
  void Clear() { entries_.clear(); }

 private:
  Entries entries_;
};

class ModelRun {
 public:
  ModelRun(uint64_t seed, size_t shards)
      : random_(seed),
        cache_({.shards = shards, .seed = seed, .max_tags = kMaxTags, .max_value = kMaxValue}) {
    for (int i = 0; i < 60; ++i) keys_.push_back("key" + std::to_string(i));
    for (int i = 0; i < 6; ++i) tags_.push_back("tag" + std::to_string(i));
  }

  // One random call, and its answer compared.
  void Step() {
    if (Below(4) == 0) cache_.Advance(Below(6));
    switch (Below(24)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return PutOne();
      case 5:
      case 6:
        return PutMany();
      case 7:
      case 8:
      case 9:
        return CompareOne(AnyKey());
      case 10:
      case 11:
        return GetMany();
      case 12:
      case 13:
        return DeleteOne();
      case 14:
        return DeleteMany();
      case 15:
      case 16:
        return TouchOne();
      case 17:
      case 18:
      case 19:
        return IncrementOne();
      case 20:
        return Invalidate();
      case 21:
        return List();
      case 22:
        return SweepSome();
      default:
        return CompareAll();
    }
  }

 private:
  uint64_t Below(uint64_t n) { return random_() % n; }
  const std::string& AnyKey() { return keys_[Below(keys_.size())]; }
  Words AnyTags(size_t most) {
    Words tags;
    for (uint64_t n = Below(most + 1); n > 0; --n) tags.push_back(tags_[Below(tags_.size())]);
    return tags;
  }
  std::optional<uint64_t> AnyTtl() {
    switch (Below(4)) {
      case 0:
        return Below(3);
      case 1:
        return Below(100);
      default:
        return std::nullopt;
    }
  }
  std::string AnyValue() {
    if (Below(3) == 0) return std::string(Below(kMaxValue + 3), 'v');
    return std::to_string(static_cast<int64_t>(Below(20) == 0 ? random_() : Below(1000)));
  }

  struct Item {
    std::string value;
    Words tags;
  };
  Write AnyWrite(Item* item) {
    *item = {AnyValue(), AnyTags(Below(10) == 0 ? 6 : 3)};
    Write write{.key = AnyKey(), .value = item->value, .flags = static_cast<uint32_t>(random_())};
    write.ttl_ms = AnyTtl();
    write.tags = item->tags;
    return write;
  }
  void PutOne() {
    Item item;
    const Write write = AnyWrite(&item);
    const auto mode = static_cast<WriteMode>(Below(3));
    const Outcome expected = model_.Put(write, mode, cache_.now);
    ASSERT_EQ(cache_.store.Put(write, mode, cache_.now), expected);
    CompareOne(std::string(write.key));
  }
  void PutMany() {
    std::vector<Item> items(Below(16));
    std::vector<Write> writes;
    for (Item& item : items) writes.push_back(AnyWrite(&item));
    std::vector<Outcome> expected, outcomes(writes.size());
    for (const Write& write : writes) {
      expected.push_back(model_.Put(write, WriteMode::kPut, cache_.now));
    }
    cache_.store.MultiPut(writes, cache_.now, outcomes);
    ASSERT_EQ(outcomes, expected);
    for (const Write& write : writes) CompareOne(std::string(write.key));
  }
  void CompareOne(const std::string& key) {
    const ModelEntry* expected = model_.Find(key, cache_.now);
    Compare(key, cache_.store.Get(key, cache_.now), expected);
    ASSERT_EQ(cache_.store.Exists(key, cache_.now), expected != nullptr) << key;
    const std::optional<EntryMeta> meta = cache_.store.Meta(key, cache_.now);
    ASSERT_EQ(meta.has_value(), expected != nullptr) << key;
    if (expected == nullptr) return;
    ASSERT_EQ(meta->age_ms, cache_.now - expected->written) << key;
    ASSERT_EQ(meta->size, expected->value.size()) << key;
    ASSERT_EQ(meta->ttl_left_ms.has_value(), expected->expires.has_value()) << key;
    if (expected->expires.has_value()) {
      ASSERT_EQ(*meta->ttl_left_ms, *expected->expires - cache_.now) << key;
    }
    ASSERT_EQ(meta->tags.size(), expected->tags.size()) << key;
    ASSERT_EQ(std::set<std::string>(meta->tags.begin(), meta->tags.end()), expected->tags) << key;
  }
  void Compare(const std::string& key, const EntryRef& ref, const ModelEntry* expected) {
    ASSERT_EQ(static_cast<bool>(ref), expected != nullptr) << key;
    if (expected == nullptr) return;
    ASSERT_EQ(ref.value(), expected->value) << key;
    ASSERT_EQ(ref.flags(), expected->flags) << key;
    // Some pins are held on to, and must read the same whatever happens to the entry.
    if (held_.size() < 32 && Below(4) == 0) {
      held_.push_back({cache_.store.Get(key, cache_.now), expected->value});
    }
  }
  Words ManyKeys() {
    Words keys;
    for (uint64_t n = Below(30); n > 0; --n) keys.push_back(AnyKey());
    return keys;
  }
  void GetMany() {
    const Words keys = ManyKeys();
    std::vector<EntryRef> out(keys.size());
    cache_.store.MultiGet(keys, cache_.now, out);
    for (size_t i = 0; i < keys.size(); ++i) {
      const std::string key(keys[i]);
      Compare(key, out[i], model_.Find(key, cache_.now));
    }
  }
  void DeleteOne() {
    const std::string& key = AnyKey();
    const bool expected = model_.Delete(key, cache_.now);
    ASSERT_EQ(cache_.Delete(key), expected) << key;
  }
  void DeleteMany() {
    const Words keys = ManyKeys();
    uint64_t expected = 0;
    for (const std::string_view key : keys) expected += model_.Delete(std::string(key), cache_.now);
    ASSERT_EQ(cache_.store.MultiDelete(keys, cache_.now), expected);
  }
  void TouchOne() {
    const std::string& key = AnyKey();
    const std::optional<uint64_t> ttl = AnyTtl();
    const bool expected = model_.Touch(key, ttl, cache_.now);
    ASSERT_EQ(cache_.store.Touch(key, ttl, cache_.now), expected) << key;
    CompareOne(key);
  }
  void IncrementOne() {
    const Words tags = AnyTags(3);
    server::CounterIncrement step{.key = AnyKey(), .by = static_cast<int64_t>(Below(100))};
    if (Below(20) == 0) step.by = static_cast<int64_t>(random_());
    step.subtract = Below(2) == 0;
    step.initial = static_cast<int64_t>(Below(1000));
    step.flags = static_cast<uint32_t>(Below(100));
    if (Below(3) == 0) step.ttl_ms = AnyTtl();
    if (Below(3) == 0) step.tags = tags;
    const IncrementResult expected = model_.Increment(step, cache_.now);
    const IncrementResult result = cache_.store.Increment(step, cache_.now);
    ASSERT_EQ(result.outcome, expected.outcome) << step.key;
    ASSERT_EQ(result.value, expected.value) << step.key;
    CompareOne(std::string(step.key));
  }
  void Invalidate() {
    const Words tags = AnyTags(3);
    const auto match = static_cast<TagMatch>(Below(2));
    const uint64_t expected = model_.Invalidate(tags, match, cache_.now);
    ASSERT_EQ(cache_.store.InvalidateTags(tags, match, cache_.now), expected);
  }
  void List() {
    const Words tags = AnyTags(3);
    const auto match = static_cast<TagMatch>(Below(2));
    ASSERT_EQ(cache_.Keys(tags, match, 1 + Below(30)),
              model_.EntriesTagged(tags, match, cache_.now));
  }
  void SweepSome() {
    const size_t budget = Below(50);
    ASSERT_LE(cache_.store.RunMaintenance(budget, cache_.now), budget);
  }
  void CompareAll() {
    if (Below(40) == 0) {
      model_.DropExpired(cache_.now);
      ASSERT_EQ(cache_.store.Flush(cache_.now), model_.entries().size());
      model_.Clear();
    }
    cache_.store.RunMaintenance(SIZE_MAX, cache_.now);
    ASSERT_EQ(cache_.InvalidateAny({"no entry has this"}), 0u);
    model_.DropExpired(cache_.now);
    std::set<std::string> tags;
    for (const auto& [key, entry] : model_.entries())
      tags.insert(entry.tags.begin(), entry.tags.end());
    const StoreStats stats = cache_.store.Stats();
    ASSERT_EQ(stats.items, model_.entries().size());
    ASSERT_EQ(stats.tags, tags.size());
    for (const auto& [ref, value] : held_) ASSERT_EQ(ref.value(), value);
    if (Below(3) == 0) held_.clear();
  }

  std::mt19937_64 random_;
  Cache cache_;
  Model model_;
  std::vector<std::string> keys_;
  std::vector<std::string> tags_;
  std::vector<std::pair<EntryRef, std::string>> held_;
};

class StoreModel : public ::testing::TestWithParam<std::pair<uint64_t, size_t>> {};

TEST_P(StoreModel, AnswersAsTheStoreDoes) {
  const auto [seed, shards] = GetParam();
  ModelRun run(seed, shards);
  for (int step = 0; step < 200'000; ++step) {
    run.Step();
    ASSERT_FALSE(HasFatalFailure())
        << "seed " << seed << ", " << shards << " shards, step " << step;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreModel,
                         ::testing::Values(std::pair<uint64_t, size_t>{1, 1},
                                           std::pair<uint64_t, size_t>{2, 2},
                                           std::pair<uint64_t, size_t>{3, 16},
                                           std::pair<uint64_t, size_t>{4, 64},
                                           std::pair<uint64_t, size_t>{20240607, 128}));

}  // namespace
}  // namespace tagcache::testing
