// An entry that was removed or invalidated or has expired, in whatever way, is absent for every
// call, also before its memory is freed.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

void PutMany(Cache& cache) {
  for (int i = 0; i < 2'000; ++i) cache.Put("many" + std::to_string(i), "1", {"a"});
}

struct Way {
  const char* name;
  std::function<void(Cache&)> go;
};

// The entry "k" has the tags a, b and c, 1000 ms to live and version `version_`.
class Absent : public ::testing::TestWithParam<Way> {
 protected:
  Absent() {
    // Others have one of its tags, before it and after it, and stay.
    cache_.Put("before", "1", {"c"});
    const Words tags = {"a", "b", "c"};
    cache_.store.Put({.key = "k", .value = "1", .flags = 7, .ttl_ms = 1'000, .tags = tags},
                     WriteMode::kPut, cache_.now);
    cache_.Put("after", "1", {"c"});
    version_ = cache_.store.Meta("k", cache_.now)->version;
    pinned_ = cache_.store.Get("k", cache_.now);
    GetParam().go(cache_);
  }
  ~Absent() override { EXPECT_EQ(pinned_.value(), "1"); }

  Outcome PutAs(WriteMode mode) {
    Write write = {.key = "k", .value = "2"};
    write.version = version_;
    return cache_.store.Put(write, mode, cache_.now);
  }

  Cache cache_;
  uint64_t version_ = 0;
  EntryRef pinned_;
};

TEST_P(Absent, ForReads) {
  EXPECT_FALSE(cache_.store.Get("k", cache_.now));
  const Words keys = {"k", "k"};
  std::vector<EntryRef> out(2);
  cache_.store.MultiGet(keys, cache_.now, out);
  EXPECT_FALSE(out[0]);
  EXPECT_FALSE(out[1]);
  EXPECT_FALSE(cache_.store.Exists("k", cache_.now));
  EXPECT_FALSE(cache_.store.Meta("k", cache_.now).has_value());
}

TEST_P(Absent, ForExists) { EXPECT_FALSE(cache_.store.Exists("k", cache_.now)); }
TEST_P(Absent, ForMeta) { EXPECT_FALSE(cache_.store.Meta("k", cache_.now).has_value()); }

TEST_P(Absent, ForTouch) {
  EXPECT_FALSE(cache_.store.Touch("k", std::nullopt, cache_.now));
  EXPECT_FALSE(cache_.Has("k"));
}

TEST_P(Absent, ForGetAndTouch) {
  EXPECT_FALSE(cache_.store.GetAndTouch("k", std::nullopt, cache_.now));
  EXPECT_FALSE(cache_.Has("k"));
}

TEST_P(Absent, ForAdd) {
  EXPECT_EQ(PutAs(WriteMode::kAdd), Outcome::kOk);
  EXPECT_EQ(cache_.Get("k"), "2");
}

TEST_P(Absent, ForWritesToWhatIsThere) {
  for (const WriteMode mode :
       {WriteMode::kReplace, WriteMode::kAppend, WriteMode::kPrepend, WriteMode::kCompareAndSet}) {
    EXPECT_EQ(PutAs(mode), Outcome::kNotFound) << static_cast<int>(mode);
    EXPECT_FALSE(cache_.Has("k"));
  }
}

TEST_P(Absent, ForAppend) { EXPECT_EQ(PutAs(WriteMode::kAppend), Outcome::kNotFound); }
TEST_P(Absent, ForCompareAndSet) {
  EXPECT_EQ(PutAs(WriteMode::kCompareAndSet), Outcome::kNotFound);
}

TEST_P(Absent, ForIncrementThatKeepsTagsAndTimeToLive) {
  EXPECT_EQ(cache_.Increment("k", 1, 50).value, 50);
  EXPECT_EQ(cache_.TagsOf("k"), List({}));
  const std::optional<EntryMeta> meta = cache_.store.Meta("k", cache_.now);
  EXPECT_EQ(meta->ttl_left_ms, std::nullopt);
  EXPECT_EQ(meta->flags, 0u);
  EXPECT_EQ(cache_.InvalidateAny({"a", "b"}), 0u);
  EXPECT_EQ(cache_.Get("k"), "50");
}

TEST_P(Absent, ForDelete) { EXPECT_FALSE(cache_.Delete("k")); }
TEST_P(Absent, ForMultiDelete) {
  const Words keys = {"k", "k"};
  EXPECT_EQ(cache_.store.MultiDelete(keys, cache_.now), 0u);
}
TEST_P(Absent, ForCompareAndDelete) {
  EXPECT_EQ(cache_.store.CompareAndDelete("k", version_, cache_.now), Outcome::kNotFound);
}
TEST_P(Absent, ForDeletePrefix) {
  uint64_t cursor = 0;
  EXPECT_EQ(cache_.store.DeletePrefix("k", &cursor, 1'000, cache_.now), 0u);
}
TEST_P(Absent, ForScan) {
  EXPECT_EQ(cache_.store.Scan("k", 0, 10, 1'000, cache_.now).keys, List({}));
}

TEST_P(Absent, ForLists) {
  EXPECT_EQ(cache_.Keys({"a"}), List({}));
  EXPECT_EQ(cache_.Keys({"b"}), List({}));
  EXPECT_EQ(cache_.Keys({"b", "c"}, TagMatch::kAll), List({}));
  const auto keys = cache_.Keys({"a", "c"});
  EXPECT_EQ(std::count(keys.begin(), keys.end(), "k"), 0);
}

TEST_P(Absent, ForInvalidations) {
  EXPECT_EQ(cache_.InvalidateAny({"a"}), 0u);
  EXPECT_EQ(cache_.InvalidateAll({"b", "c"}), 0u);
  EXPECT_EQ(cache_.InvalidateAny({"b"}), 0u);
}

TEST_P(Absent, ForTheCountOfATagOthersHave) {
  const uint64_t others = cache_.Has("before") + cache_.Has("after");
  EXPECT_EQ(cache_.InvalidateAny({"a", "b", "c"}), others);
}

TEST_P(Absent, ForFlush) {
  const uint64_t others = cache_.Has("before") + cache_.Has("after");
  EXPECT_EQ(cache_.store.Flush(cache_.now), others);
}

TEST_P(Absent, ForItsSuccessorWithoutTags) {
  cache_.Put("k", "2");
  EXPECT_EQ(cache_.TagsOf("k"), List({}));
  cache_.InvalidateAny({"a", "b", "c"});
  cache_.InvalidateAll({"a", "b"});
  cache_.store.RunMaintenance(SIZE_MAX, cache_.now);
  cache_.Advance(2'000);
  cache_.store.RunMaintenance(SIZE_MAX, cache_.now);
  EXPECT_EQ(cache_.Get("k"), "2");
}

TEST_P(Absent, ForItsSuccessorWithTheSameTags) {
  cache_.Put("k", "2", {"a", "b", "c"});
  EXPECT_EQ(cache_.Get("k"), "2");
  cache_.store.RunMaintenance(SIZE_MAX, cache_.now);
  EXPECT_EQ(cache_.Get("k"), "2");
  EXPECT_EQ(cache_.Keys({"a", "b"}, TagMatch::kAll), List({"k"}));
  EXPECT_EQ(cache_.InvalidateAny({"b"}), 1u);
  EXPECT_FALSE(cache_.Has("k"));
  EXPECT_EQ(cache_.InvalidateAny({"a"}), 0u);
}

// The memory of the old one may be freed after the new one was invalidated.
TEST_P(Absent, ManyTimesOver) {
  for (int i = 0; i < 200; ++i) {
    cache_.Put("k", "2", {"a", "b"});
    if (i % 3 == 0) cache_.store.RunMaintenance(1, cache_.now);
    ASSERT_EQ(cache_.InvalidateAny({i % 2 == 0 ? "a" : "b"}), 1u);
    ASSERT_FALSE(cache_.Has("k"));
    ASSERT_EQ(cache_.Keys({"a", "b"}), List({}));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ways, Absent,
    ::testing::Values(
        Way{"Deleted", [](Cache& cache) { cache.Delete("k"); }},
        Way{"Expired", [](Cache& cache) { cache.Advance(1'000); }},
        Way{"Swept",
            [](Cache& cache) {
              cache.Advance(1'000);
              cache.store.RunMaintenance(SIZE_MAX, cache.now);
            }},
        Way{"TouchedToItsEnd", [](Cache& cache) { cache.store.Touch("k", 0, cache.now); }},
        Way{"GotAndTouchedToItsEnd",
            [](Cache& cache) { cache.store.GetAndTouch("k", 0, cache.now); }},
        Way{"PutToItsEnd",
            [](Cache& cache) {
              cache.Put("k", "2", {"a", "b", "c"}, 0);
            }},
        Way{"InvalidatedByOne", [](Cache& cache) { cache.InvalidateAny({"a"}); }},
        Way{"InvalidatedByAll",
            [](Cache& cache) {
              cache.InvalidateAll({"a", "c"});
            }},
        Way{"InvalidatedWithOthers", [](Cache& cache) { cache.InvalidateAny({"c"}); }},
        Way{"InvalidatedTwice",
            [](Cache& cache) {
              cache.InvalidateAny({"b"});
              cache.InvalidateAny({"a", "c"});
            }},
        Way{"InvalidatedWithMoreThanAreRemovedAtOnce",
            [](Cache& cache) {
              PutMany(cache);
              cache.InvalidateAny({"a"});
            }},
        Way{"InvalidatedTwiceWithMoreThanAreRemovedAtOnce",
            [](Cache& cache) {
              PutMany(cache);
              cache.InvalidateAny({"a"});
              cache.InvalidateAny({"b"});
            }},
        Way{"InvalidatedAndReclaimed",
            [](Cache& cache) {
              cache.InvalidateAny({"a"});
              cache.store.RunMaintenance(SIZE_MAX, cache.now);
            }},
        Way{"InvalidatedAndExpired",
            [](Cache& cache) {
              cache.InvalidateAny({"a"});
              cache.Advance(1'000);
            }},
        Way{"Flushed", [](Cache& cache) { cache.store.Flush(cache.now); }},
        Way{"DeletedByPrefix",
            [](Cache& cache) {
              uint64_t cursor = 0;
              cache.store.DeletePrefix("k", &cursor, 1'000, cache.now);
            }}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tagcache::testing
