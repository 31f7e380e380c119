// Lessons 16: bulk calls far larger than both socket buffers read while they write.

#include <gtest/gtest.h>

#include "tagcache/batch.h"
#include "tagcache/client.h"
#include "tests/support/server_process.h"

namespace tagcache {
namespace {

using std::chrono::seconds;

using testing::ServerProcess;

struct Way {
  Protocol protocol;
  std::string (ServerProcess::*dsn)() const;
};

class LargeBatch : public ::testing::TestWithParam<Way> {
 protected:
  static constexpr size_t kCount = 500'000;

  void SetUp() override {
    Options options;
    options.servers = {(server_.*GetParam().dsn)()};
    options.protocol = GetParam().protocol;
    options.timeout = seconds(120);
    client_ = *Client::Create(options);
    names_.reserve(kCount);
    for (size_t i = 0; i < kCount; ++i) names_.push_back("large:" + std::to_string(i));
    keys_.assign(names_.begin(), names_.end());
  }

  testing::ServerProcess server_;
  std::unique_ptr<Client> client_;
  std::vector<std::string> names_;
  std::vector<std::string_view> keys_;
};
INSTANTIATE_TEST_SUITE_P(Ways, LargeBatch,
                         ::testing::Values(Way{Protocol::kBinary, &ServerProcess::tcp_dsn},
                                           Way{Protocol::kBinary, &ServerProcess::unix_dsn},
                                           Way{Protocol::kBinary, &ServerProcess::shm_dsn},
                                           Way{Protocol::kText, &ServerProcess::tcp_dsn}));

TEST_P(LargeBatch, HalfAMillionKeysGoInAndOutInOneCallEach) {
  std::vector<PutItem> items;
  items.reserve(kCount);
  for (const std::string& name : names_) items.push_back({name, {name}});
  const auto report = client_->MultiPut(items);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->stored, kCount);
  const auto values = client_->MultiGet(keys_);
  ASSERT_TRUE(values.ok()) << values.status().message();
  for (size_t i = 0; i < kCount; ++i) {
    ASSERT_TRUE(values->values[i].has_value());
    ASSERT_EQ(values->values[i]->bytes, names_[i]);
  }
  EXPECT_EQ(client_->MultiDelete(keys_)->deleted, kCount);
}

TEST_P(LargeBatch, HalfAMillionSingleCommandsRunInOneExchange) {
  ASSERT_TRUE(client_->Put("k", {std::string(100, 'v')}).ok());
  Batch batch;
  for (size_t i = 0; i < kCount; ++i) batch.Get(i % 2 == 0 ? "k" : "nothing");
  const auto results = client_->Run(batch);
  ASSERT_TRUE(results.ok()) << results.status().message();
  for (size_t i = 0; i < kCount; ++i) ASSERT_EQ((*results)[i].done, i % 2 == 0);
}

TEST_P(LargeBatch, SubmittedBatchOfHalfAMillionCommandsToo) {
  ASSERT_TRUE(client_->Put("k", {std::string(100, 'v')}).ok());
  Batch batch;
  for (size_t i = 0; i < kCount; ++i) batch.Get("k");
  const auto results = client_->Wait(*client_->Submit(batch));
  ASSERT_TRUE(results.ok()) << results.status().message();
  EXPECT_EQ(results->back().value->bytes.size(), 100u);
}

TEST_P(LargeBatch, LargeValuesOfABulkGetArriveInTheOrderAsked) {
  std::vector<std::string> large;
  std::vector<PutItem> items;
  constexpr size_t kLarge = 40;
  for (size_t i = 0; i < kLarge; ++i) {
    large.emplace_back(i % 3 == 0 ? 1'000'000 : 10, static_cast<char>('a' + i % 26));
  }
  for (size_t i = 0; i < kLarge; ++i) items.push_back({keys_[i], {large[i]}});
  ASSERT_EQ(client_->MultiPut(items)->stored, kLarge);
  std::vector<std::string_view> asked;
  for (size_t i = 0; i < 20'000; ++i) asked.push_back(keys_[i % kLarge < 30 ? 0 : i % kLarge]);
  asked.resize(400);
  const auto values = client_->MultiGet(asked);
  ASSERT_TRUE(values.ok()) << values.status().message();
  for (size_t i = 0; i < asked.size(); ++i) {
    const size_t index = i % kLarge < 30 ? 0 : i % kLarge;
    ASSERT_TRUE(values->values[i]->bytes == large[index]) << i;
  }
}

}  // namespace
}  // namespace tagcache
