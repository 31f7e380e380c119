#ifndef TAGCACHE_TESTS_CLIENT_COMMANDS_H_
#define TAGCACHE_TESTS_CLIENT_COMMANDS_H_

// A client on a real server of the suite's own, on both codecs and each transport. Each test begins
// with an empty server.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tagcache/client.h"
#include "tests/support/server_process.h"

namespace tagcache::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Names = std::vector<std::string_view>;

struct Way {
  Protocol protocol;
  std::string (ServerProcess::*dsn)() const;
  const char* prefix;
};

class Commands : public ::testing::TestWithParam<Way> {
 protected:
  static void SetUpTestSuite() { server_ = new ServerProcess(); }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override {
    client_ = Make(GetParam().prefix);
    ASSERT_TRUE(client_->Flush().ok());
  }
  std::unique_ptr<Client> Make(const std::string& prefix, milliseconds default_ttl = {}) {
    Options options;
    options.servers = {(server_->*GetParam().dsn)()};
    options.protocol = GetParam().protocol;
    options.timeout = seconds(20);
    options.prefix = prefix;
    options.default_ttl = default_ttl;
    auto client = Client::Create(options);
    EXPECT_TRUE(client.ok());
    return std::move(*client);
  }
  bool text() const { return GetParam().protocol == Protocol::kText; }
  std::string Got(std::string_view key) {
    const auto got = client_->Get(key);
    if (!got.ok()) return "error: " + got.status().message();
    return got.value() ? got.value()->bytes : "(miss)";
  }
  void Put(std::string_view key, std::string_view value, Names tags = {}) {
    const Status status = client_->Put(key, {value}, {.tags = tags});
    ASSERT_TRUE(status.ok()) << status.message();
  }

  static inline ServerProcess* server_ = nullptr;
  std::unique_ptr<Client> client_;
};

inline auto AllWays() {
  return ::testing::Values(Way{Protocol::kBinary, &ServerProcess::tcp_dsn, ""},
                           Way{Protocol::kBinary, &ServerProcess::unix_dsn, "pre:"},
                           Way{Protocol::kBinary, &ServerProcess::shm_dsn, ""},
                           Way{Protocol::kText, &ServerProcess::tcp_dsn, "pre:"},
                           Way{Protocol::kText, &ServerProcess::unix_dsn, ""},
                           Way{Protocol::kText, &ServerProcess::shm_dsn, "pre:"});
}

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_CLIENT_COMMANDS_H_
