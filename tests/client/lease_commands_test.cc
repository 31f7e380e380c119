// Leases against a real server.

#include <gtest/gtest.h>

#include "tagcache/batch.h"
#include "tests/client/commands.h"

namespace tagcache::testing {
namespace {

class LeaseCommands : public Commands {};

INSTANTIATE_TEST_SUITE_P(Ways, LeaseCommands, AllWays());

TEST_P(LeaseCommands, AMissLeasesTheKeyToOneWhoAsks) {
  if (text()) {
    EXPECT_EQ(client_->GetOrLease("k").status().code(), ErrorCode::kUsage);
    return;
  }
  const auto first = client_->GetOrLease("k");
  ASSERT_TRUE(first.ok()) << first.status().message();
  EXPECT_NE(first->token, 0u);
  EXPECT_FALSE(first->value);
  const auto second = client_->GetOrLease("k");
  EXPECT_EQ(second->token, 0u);
  EXPECT_FALSE(second->value);
  ASSERT_TRUE(client_->Put("k", {"v", 3}, {.token = first->token}).ok());
  const auto third = client_->GetOrLease("k");
  ASSERT_TRUE(third->value);
  EXPECT_EQ(third->value->bytes, "v");
  EXPECT_EQ(third->value->flags, 3u);
  EXPECT_FALSE(third->stale);
}

TEST_P(LeaseCommands, WhatWasComputedBeforeAnInvalidationIsNotStoredUnderTheLease) {
  if (text()) GTEST_SKIP() << "the binary protocol's alone";
  const Names tags = {"t"};
  const auto leased = client_->GetOrLease("k");
  ASSERT_NE(leased->token, 0u);
  ASSERT_TRUE(client_->InvalidateTag("t").ok());
  const Status status = client_->Put("k", {"old"}, {.tags = tags, .token = leased->token});
  EXPECT_EQ(status.code(), ErrorCode::kServer);
  EXPECT_EQ(status.server_error(), ServerError::kStaleToken);
  EXPECT_EQ(Got("k"), "(miss)");
}

TEST_P(LeaseCommands, LargeValuesOfALeaseComeBackWhole) {
  if (text()) GTEST_SKIP() << "the binary protocol's alone";
  for (const size_t size : {16 * 1024, 65536, 1 << 20}) {
    const std::string value(size, 'x');
    ASSERT_TRUE(client_->Put("large", {value, 5}).ok());
    const auto leased = client_->GetOrLease("large");
    ASSERT_TRUE(leased.ok() && leased->value) << size;
    EXPECT_TRUE(leased->value->bytes == value) << size;
    EXPECT_EQ(leased->value->flags, 5u);
  }
}

TEST_P(LeaseCommands, LeasesOfNoTimeAndNegativeWaitsAreRefusedHere) {
  for (const LeaseOptions lease : {LeaseOptions{.lease = milliseconds(0)},
                                   LeaseOptions{.lease = milliseconds(int64_t{1} << 32)},
                                   LeaseOptions{.wait = milliseconds(-1)}}) {
    EXPECT_EQ(client_->GetOrLease("k", lease).status().code(), ErrorCode::kUsage);
  }
}

TEST_P(LeaseCommands, ATokenIsRefusedWhereItCanNotHold) {
  Put("k", "v");
  EXPECT_EQ(client_->Add("k", {"v"}, {.token = 1}).status().code(), ErrorCode::kUsage);
  EXPECT_EQ(client_->Replace("k", {"v"}, {.token = 1}).status().code(), ErrorCode::kUsage);
  EXPECT_EQ(client_->CompareAndSet("k", 1, {"v"}, {.token = 1}).status().code(), ErrorCode::kUsage);
  const PutItem items[] = {{"k", {"v"}, {.token = 1}}};
  EXPECT_EQ(client_->MultiPut(items).status().code(), ErrorCode::kUsage);
  Batch batch;
  batch.Add("k", {"v"}, {.token = 1});
  if (text()) {
    EXPECT_EQ(client_->Put("k", {"v"}, {.token = 1}).code(), ErrorCode::kUsage);
    batch.Put("k", {"v"}, {.token = 1});
  }
  const auto results = client_->Run(batch);
  ASSERT_TRUE(results.ok()) << results.status().message();
  for (const BatchResult& result : *results) EXPECT_EQ(result.status.code(), ErrorCode::kUsage);
  EXPECT_EQ(Got("k"), "v") << "what was there stays";
}

}  // namespace
}  // namespace tagcache::testing
