#ifndef TAGCACHE_TESTS_STORE_CACHE_H_
#define TAGCACHE_TESTS_STORE_CACHE_H_

// A store with a clock that tests set, and short verbs. All calls are at the time `now`.

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/store/store.h"

namespace tagcache::testing {

using server::CounterIncrement;
using server::EntryMeta;
using server::EntryRef;
using server::IncrementResult;
using server::KeyList;
using server::Outcome;
using server::Store;
using server::StoreOptions;
using server::StoreStats;
using server::TagMatch;
using server::TimeMs;
using server::Write;
using server::WriteMode;

using Words = std::vector<std::string_view>;

struct Cache {
  explicit Cache(const StoreOptions& options = {.shards = 16, .seed = 42}) : store(options) {}

  Outcome Put(std::string_view key, std::string_view value, const Words& tags = {},
              std::optional<uint64_t> ttl_ms = std::nullopt, WriteMode mode = WriteMode::kPut) {
    Write write{.key = key, .value = value};
    write.ttl_ms = ttl_ms;
    write.tags = tags;
    return store.Put(write, mode, now);
  }
  Outcome Add(std::string_view key, std::string_view value, const Words& tags = {}) {
    return Put(key, value, tags, std::nullopt, WriteMode::kAdd);
  }
  Outcome Replace(std::string_view key, std::string_view value, const Words& tags = {}) {
    return Put(key, value, tags, std::nullopt, WriteMode::kReplace);
  }
  // The value, or "(none)".
  std::string Get(std::string_view key) {
    const EntryRef ref = store.Get(key, now);
    return ref ? std::string(ref.value()) : "(none)";
  }
  bool Has(std::string_view key) { return static_cast<bool>(store.Get(key, now)); }
  bool Delete(std::string_view key) { return store.Delete(key, now); }
  IncrementResult Increment(std::string_view key, int64_t by, int64_t initial = 0) {
    return store.Increment({.key = key, .by = by, .initial = initial}, now);
  }
  IncrementResult Decrement(std::string_view key, int64_t by) {
    return store.Increment({.key = key, .by = by, .subtract = true}, now);
  }
  uint64_t InvalidateAny(const Words& tags) {
    return store.InvalidateTags(tags, TagMatch::kAny, now);
  }
  // All tags are ranked, piece by piece.
  std::vector<server::TagStats> HeaviestTags(size_t limit) {
    server::TagRanking ranking(limit);
    while (!store.RankTags(&ranking, 1024)) {
    }
    return std::move(ranking.tags());
  }
  uint64_t InvalidateAll(const Words& tags) {
    return store.InvalidateTags(tags, TagMatch::kAll, now);
  }
  // All pages, sorted.
  std::vector<std::string> Keys(const Words& tags, TagMatch match = TagMatch::kAny,
                                size_t limit = 1000) {
    std::vector<std::string> keys;
    uint64_t cursor = 0;
    do {
      KeyList page = store.Keys(tags, match, cursor, limit, now);
      keys.insert(keys.end(), page.keys.begin(), page.keys.end());
      cursor = page.cursor;
    } while (cursor != 0);
    std::sort(keys.begin(), keys.end());
    return keys;
  }
  // The entry's tags, sorted; {"(none)"} where there is no entry.
  std::vector<std::string> TagsOf(std::string_view key) {
    std::optional<EntryMeta> meta = store.Meta(key, now);
    if (!meta.has_value()) return {"(none)"};
    std::sort(meta->tags.begin(), meta->tags.end());
    return meta->tags;
  }
  void Advance(uint64_t ms) { now += ms; }

  Store store;
  TimeMs now = 1'000'000;
};

inline std::vector<std::string> List(std::initializer_list<const char*> words) {
  return {words.begin(), words.end()};
}

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_STORE_CACHE_H_
