// Which peers may have shared memory: the mode of the socket's file decides, when they ask for it.

#include "server/net/peer_credentials.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

#include "protocol/shm_ring.h"
#include "tests/server/running_server.h"

namespace tagcache::testing {
namespace {

using server::FileAccess;
using server::MayWrite;

constexpr uid_t kNobody = 65534;

TEST(MayWrite, ByTheFirstOfOwnerGroupAndOthersThatFits) {
  const std::array<gid_t, 2> groups = {7, 8};
  const std::array<gid_t, 1> none = {9};
  EXPECT_TRUE(MayWrite({1, 8, 0200}, 1, none));
  EXPECT_FALSE(MayWrite({1, 8, 0022}, 1, none)) << "the owner's rights count for the owner";
  EXPECT_TRUE(MayWrite({1, 8, 0020}, 2, groups));
  EXPECT_FALSE(MayWrite({1, 8, 0202}, 2, groups)) << "the group's for its members";
  EXPECT_TRUE(MayWrite({1, 8, 0002}, 2, none));
  EXPECT_FALSE(MayWrite({1, 8, 0220}, 2, none));
  EXPECT_FALSE(MayWrite({1, 8, 0444}, 2, none)) << "to connect one must be able to write";
  EXPECT_TRUE(MayWrite({1, 8, 0}, 0, none)) << "root";
}

// The server's answer to an ask for shared memory: the reason of a refusal, or empty.
std::string Asked(RawClient& client) {
  if (!client.Send(protocol::EncodeShmAsk(protocol::kShmMinRing))) return "not sent";
  const std::string head = client.Read(protocol::kShmGrantBytes);
  protocol::ShmGrant grant;
  size_t size = 0;
  if (!protocol::DecodeShmGrant(head, &grant, &size)) return "not a grant";
  return grant.granted ? std::string() : client.Read(size);
}

TEST(PeerCredentials, AUserWhomTheSocketsModeHasShutOutSinceGetsNoSharedMemory) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  server::ServerOptions options;
  options.unix_socket_mode = 0666;
  Running running(options);
  const std::string folder = running.path().substr(0, running.path().rfind('/'));
  ASSERT_EQ(chmod(folder.c_str(), 0755), 0);
  int answers[2];
  ASSERT_EQ(pipe(answers), 0);
  const pid_t child = fork();
  if (child == 0) {
    // Asks once while the mode admits it; connects again, and asks when that is over.
    std::string answer = "could not become nobody";
    if (setresgid(kNobody, kNobody, kNobody) == 0 && setresuid(kNobody, kNobody, kNobody) == 0) {
      RawClient early = RawClient::Unix(running.path());
      RawClient late = RawClient::Unix(running.path());
      answer = "[" + Asked(early) + "]";
      if (write(answers[1], "\1", 1) != 1) _exit(1);
      while (access(running.path().c_str(), W_OK) == 0) usleep(1000);
      answer += "[" + Asked(late) + "]";
    }
    if (write(answers[1], answer.data(), answer.size()) < 0) _exit(1);
    _exit(0);
  }
  close(answers[1]);
  char byte = 0;
  ASSERT_EQ(read(answers[0], &byte, 1), 1);
  ASSERT_EQ(chmod(running.path().c_str(), 0600), 0);
  std::string answer;
  char space[512];
  for (ssize_t n; (n = read(answers[0], space, sizeof space)) > 0;) {
    answer.append(space, static_cast<size_t>(n));
  }
  close(answers[0]);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(answer, "[][user 65534 may not write to " + running.path() + "]");
}

}  // namespace
}  // namespace tagcache::testing
