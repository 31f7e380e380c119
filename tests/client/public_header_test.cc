// What a program can and can not write with tagcache/client.h, which it includes alone.

#include <gtest/gtest.h>

#include <type_traits>

#include "tagcache/client.h"

namespace tagcache {
namespace {

// `if (client->Add(...))` could mean that the call worked, or that the key was added.
static_assert(!std::is_constructible_v<bool, Result<bool>>);
static_assert(!std::is_constructible_v<bool, Result<uint64_t>>);
static_assert(
    std::is_same_v<decltype(std::declval<Client>().Wait(Ticket())->front().status), Status>);

TEST(PublicHeader, WaitNeedsNoOtherHeader) {
  const auto client = Client::Create({});
  ASSERT_TRUE(client.ok());
  const Result<std::vector<BatchResult>> results = (*client)->Wait(Ticket());
  EXPECT_EQ(results.status().code(), ErrorCode::kUsage);
}

TEST(PublicHeader, ResultOfAnOkStatusIsAnError) {
  const Result<int> result{Status()};
  EXPECT_FALSE(result.ok());
  EXPECT_FALSE(result.status().ok());
  EXPECT_EQ(result.status().code(), ErrorCode::kUsage);
}

}  // namespace
}  // namespace tagcache
