#include "server/net/memory_overhead.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <memory>

namespace tagcache::testing {
namespace {

using server::MemoryOverhead;
using server::ResidentBytes;

TEST(MemoryOverhead, IsWhatTheStoreAndTheStartDoNotExplain) {
  EXPECT_EQ(MemoryOverhead(1000, 600, 100), 300u);
  EXPECT_EQ(MemoryOverhead(1000, 0, 0), 1000u);
  EXPECT_EQ(MemoryOverhead(1000, 900, 100), 0u);
}

// The store counts tables that were allocated and not touched yet; they are not resident.
TEST(MemoryOverhead, IsNoneWhereTheStoreAndTheStartExplainMoreThanIsResident) {
  constexpr size_t kMost = std::numeric_limits<size_t>::max();
  EXPECT_EQ(MemoryOverhead(1000, 1001, 0), 0u);
  EXPECT_EQ(MemoryOverhead(1000, 950, 100), 0u);
  EXPECT_EQ(MemoryOverhead(0, 0, 0), 0u);
  EXPECT_EQ(MemoryOverhead(0, 1000, 1000), 0u) << "the system does not report it";
  EXPECT_EQ(MemoryOverhead(1000, 10, kMost), 0u);
  EXPECT_EQ(MemoryOverhead(kMost, 0, 1), kMost - 1);
}

TEST(ResidentBytes, GrowWithMemoryThatIsTouched) {
  const size_t before = ResidentBytes();
  EXPECT_GT(before, 0u);
  constexpr size_t kSize = 64 << 20;
  const std::unique_ptr<char[]> block(new char[kSize]);
  std::memset(block.get(), 1, kSize);
  EXPECT_GT(ResidentBytes(), before + kSize / 2) << static_cast<int>(block[kSize / 2]);
}

}  // namespace
}  // namespace tagcache::testing
