// Lessons 19: descriptors over 1023, where select() writes past its set.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "tagcache/batch.h"
#include "tagcache/client.h"
#include "tests/support/stopped_server.h"
#include "tests/support/server_process.h"

namespace tagcache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Descriptors, Over1023WorkInEveryKindOfWait) {
  testing::ServerProcess server;
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
  if (limit.rlim_cur < 2000 || setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    GTEST_SKIP() << "this process may not open 2000 files";
  }
  std::vector<int> fillers;
  while (fillers.empty() || fillers.back() < 1100) {
    fillers.push_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
    ASSERT_GE(fillers.back(), 0);
  }
  for (const std::string& dsn : {server.tcp_dsn(), server.unix_dsn()}) {
    const auto client = *Client::Create({.servers = {dsn}, .timeout = seconds(30)});
    const std::string large(20 << 20, 'x');
    ASSERT_TRUE(client->Put("large", {large}).ok());
    EXPECT_TRUE(client->Get("large").value()->bytes == large);
    Batch batch;
    for (int i = 0; i < 50'000; ++i) batch.Get("nothing");
    EXPECT_TRUE(client->Run(batch).ok());
    EXPECT_TRUE(client->Wait(*client->Submit(batch)).ok());
    testing::Stop(server);
    EXPECT_EQ(client->Get("large", {.timeout = milliseconds(30)}).status().code(),
              ErrorCode::kTimeout);
    testing::GoOn(server);
  }
  for (const int fd : fillers) close(fd);
}

}  // namespace
}  // namespace tagcache
