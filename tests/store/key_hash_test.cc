#include "server/store/key_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace tagcache::testing {
namespace {

TEST(SameBytes, IsEqualityForEverySizeAndEveryByteThatDiffers) {
  for (size_t size = 0; size <= 70; ++size) {
    const std::string a(size, 'x');
    EXPECT_TRUE(server::SameBytes(a, std::string(size, 'x'))) << size;
    EXPECT_FALSE(server::SameBytes(a, std::string(size + 1, 'x'))) << size;
    for (size_t at = 0; at < size; ++at) {
      std::string b = a;
      b[at] = 'y';
      EXPECT_FALSE(server::SameBytes(a, b)) << size << " " << at;
    }
  }
}

TEST(HashOf, DependsOnBytesAndSeedAndIsNeverZero) {
  EXPECT_EQ(server::HashOf("a", 1), server::HashOf(std::string("a"), 1));
  EXPECT_NE(server::HashOf("a", 1), server::HashOf("b", 1));
  EXPECT_NE(server::HashOf("a", 1), server::HashOf("a", 2));
  EXPECT_NE(server::HashOf("", 0), 0u);
}

}  // namespace
}  // namespace tagcache::testing
