#include "tools/bench/workload.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace tagcache::bench {
namespace {

BenchOptions Given(std::vector<std::string> arguments) {
  BenchOptions options;
  std::ostringstream ignored;
  EXPECT_FALSE(ParseCommandLine(std::move(arguments), &options, ignored, ignored));
  return options;
}

TEST(Workload, KeysHaveOneLengthAndTheirPrefix) {
  const BenchOptions options = Given({"--key-prefix=p:", "--tags=10"});
  const Workload workload(options, 1);
  EXPECT_EQ(workload.KeyName(0), "p:0000000000");
  EXPECT_EQ(workload.KeyName(12345), "p:0000012345");
  EXPECT_EQ(workload.KeyName(281'474'976'710'655), "p:281474976710655");
  EXPECT_EQ(workload.TagName(1234), "p:tag:0000000004");
}

TEST(Workload, ValuesAreOfEverySizeOfTheRangeAndFitEitherProtocol) {
  const BenchOptions options = Given({"--value-size=3-6"});
  Workload workload(options, 1);
  std::set<size_t> sizes;
  for (int i = 0; i < 1000; ++i) {
    const std::string_view value = workload.DrawValue();
    sizes.insert(value.size());
    EXPECT_EQ(value.find_first_of("\t\r\n"), std::string_view::npos);
  }
  EXPECT_EQ(sizes, (std::set<size_t>{3, 4, 5, 6}));
}

TEST(Workload, ASeedRepeatsAndItsStreamsDiffer) {
  const BenchOptions options = Given({"--seed=5"});
  Workload one(options, 1), same(options, 1), other(options, 2);
  int differ = 0;
  for (int i = 0; i < 100; ++i) {
    const uint64_t key = one.DrawKey();
    EXPECT_EQ(key, same.DrawKey());
    differ += key != other.DrawKey();
  }
  EXPECT_GT(differ, 90);
}

TEST(Workload, EntriesAreStoredWithTheirTagsWhereTagsAreUsed) {
  const BenchOptions plain = Given({"--mix=get=1,set=1"});
  EXPECT_FALSE(Workload(plain, 1).tagged_load());
  for (const char* mix : {"--mix=get=1,invalidate=1", "--mix=set-tagged=1"}) {
    const BenchOptions tagged = Given({mix});
    EXPECT_TRUE(Workload(tagged, 1).tagged_load()) << mix;
  }
}

}  // namespace
}  // namespace tagcache::bench
