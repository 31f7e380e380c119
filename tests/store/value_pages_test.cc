// Memory of values that lie apart from their entries.

#include "server/store/value_pages.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace tagcache::testing {
namespace {

using server::ValuePages;

size_t ResidentPages(const char* value, size_t bytes) {
  std::vector<unsigned char> pages(bytes / 4096);
  EXPECT_EQ(mincore(const_cast<char*>(value), bytes, pages.data()), 0);
  size_t resident = 0;
  for (const unsigned char page : pages) resident += page & 1;
  return resident;
}

TEST(ValuePages, ValuesOfAnySizeKeepTheirBytes) {
  ValuePages pages(64 * 1024);
  std::mt19937_64 random(1);
  struct Held {
    size_t bytes;
    int fill;
  };
  std::map<char*, Held> held;
  for (int i = 0; i < 3000; ++i) {
    const size_t bytes = 1 + random() % (size_t{1} << (1 + random() % 21));
    char* value = pages.Allocate(bytes);
    ASSERT_NE(value, nullptr);
    const int fill = static_cast<int>(random() % 256);
    std::memset(value, fill, bytes);
    ASSERT_TRUE(held.emplace(value, Held{bytes, fill}).second) << "given out twice";
    if (held.size() < 100) continue;
    const auto it = std::next(held.begin(), static_cast<ptrdiff_t>(random() % held.size()));
    const auto [size, byte] = it->second;
    ASSERT_EQ(std::string_view(it->first, size), std::string(size, static_cast<char>(byte)));
    pages.Free(it->first, size);
    held.erase(it);
  }
  for (const auto& [value, what] : held) {
    ASSERT_EQ(std::string_view(value, what.bytes),
              std::string(what.bytes, static_cast<char>(what.fill)));
    pages.Free(value, what.bytes);
  }
}

TEST(ValuePages, AFreedValueLeavesNothingInMemory) {
  ValuePages pages(0);
  char* value = pages.Allocate(100'000);
  std::memset(value, 1, 100'000);
  EXPECT_EQ(ResidentPages(value, 102'400), 25u);
  pages.Free(value, 100'000);
  EXPECT_EQ(ResidentPages(value, 102'400), 0u);
}

TEST(ValuePages, AFewFreeSlotsOfASizeStay) {
  ValuePages pages(64 * 1024);
  std::vector<char*> values;
  for (int i = 0; i < 4; ++i) {
    values.push_back(pages.Allocate(32 * 1024));
    std::memset(values.back(), 1, 32 * 1024);
  }
  size_t resident = 0;
  for (char* value : values) pages.Free(value, 32 * 1024);
  for (const char* value : values) resident += ResidentPages(value, 32 * 1024);
  EXPECT_EQ(resident * 4096, size_t{64} * 1024);
}

TEST(ValuePages, AValueTakesWholePagesAndNoMore) {
  EXPECT_EQ(ValuePages::Rounded(1), 4096u);
  EXPECT_EQ(ValuePages::Rounded(4096), 4096u);
  EXPECT_EQ(ValuePages::Rounded(1'000'000), size_t{245} * 4096);
}

}  // namespace
}  // namespace tagcache::testing
