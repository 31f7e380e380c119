#include "server/memory_limits.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace tagcache::testing {
namespace {

using server::ChooseMemoryLimits;
using server::kAutomatic;
using server::MemoryLimits;
using server::MemoryOfProcess;

constexpr uint64_t kMebi = uint64_t{1} << 20;

// Files of /proc and /sys below a directory.
class Root {
 public:
  Root() {
    char name[] = "/tmp/tagcache-root-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Root() { std::filesystem::remove_all(path_); }
  void Write(const std::string& file, std::string_view text) {
    std::filesystem::create_directories(std::filesystem::path(path_ + file).parent_path());
    std::ofstream(path_ + file) << text << "\n";
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

uint64_t Machine() {
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

TEST(MemoryOfProcess, IsTheMachinesWithoutControlGroups) {
  const Root root;
  EXPECT_EQ(MemoryOfProcess(root.path()), Machine());
}

TEST(MemoryOfProcess, IsTheLeastOfItsControlGroupAndThoseAboveIt) {
  Root root;
  root.Write("/proc/self/cgroup", "0::/pod/server");
  root.Write("/sys/fs/cgroup/pod/server/memory.max", "max");
  EXPECT_EQ(MemoryOfProcess(root.path()), Machine());
  root.Write("/sys/fs/cgroup/pod/memory.max", "104857600");
  EXPECT_EQ(MemoryOfProcess(root.path()), 100 * kMebi);
  root.Write("/sys/fs/cgroup/pod/server/memory.max", "52428800");
  EXPECT_EQ(MemoryOfProcess(root.path()), 50 * kMebi);
}

// The path is that of the host's tree; the container has its own group mounted as the root.
TEST(MemoryOfProcess, IsThatOfTheRootWhereThePathIsNotThere) {
  Root root;
  root.Write("/proc/self/cgroup", "0::/../docker/0123");
  root.Write("/sys/fs/cgroup/memory.max", "52428800");
  EXPECT_EQ(MemoryOfProcess(root.path()), 50 * kMebi);
}

TEST(MemoryOfProcess, KnowsControlGroupsOfVersion1) {
  Root root;
  root.Write("/proc/self/cgroup", "5:cpu,cpuacct:/other\n4:memory:/pod/server\n0::/init.scope");
  root.Write("/sys/fs/cgroup/memory/pod/server/memory.limit_in_bytes", "9223372036854771712");
  root.Write("/sys/fs/cgroup/memory/pod/memory.limit_in_bytes", "104857600");
  EXPECT_EQ(MemoryOfProcess(root.path()), 100 * kMebi);
}

MemoryLimits Chosen(uint64_t limit, uint64_t clients, uint64_t available) {
  MemoryLimits limits;
  EXPECT_EQ(ChooseMemoryLimits(limit, clients, available, &limits), "");
  return limits;
}

TEST(MemoryLimits, AreHalfOfTheMemoryAndAQuarterOfThatWithoutSettings) {
  const MemoryLimits limits = Chosen(kAutomatic, kAutomatic, 1000 * kMebi + 5);
  EXPECT_EQ(limits.limit, 500 * kMebi);
  EXPECT_EQ(limits.client_limit, 125 * kMebi);
  EXPECT_EQ(limits.available, 1000 * kMebi + 5);
}

TEST(MemoryLimits, ZeroIsNoLimitAndThenConnectionsHaveOneOfTheirOwn) {
  const MemoryLimits limits = Chosen(0, kAutomatic, 1000 * kMebi);
  EXPECT_EQ(limits.limit, 0u);
  EXPECT_EQ(limits.client_limit, 256 * kMebi);
  EXPECT_EQ(Chosen(0, 1000 * kMebi, 0).client_limit, 1000 * kMebi);
}

TEST(MemoryLimits, OfAMachineThatDoesNotReportItsMemoryAreNone) {
  EXPECT_EQ(Chosen(kAutomatic, kAutomatic, 0).limit, 0u);
}

TEST(MemoryLimits, BelowWhatAServerNeedsAreRefused) {
  MemoryLimits limits;
  EXPECT_EQ(ChooseMemoryLimits(kMebi, kAutomatic, 0, &limits),
            "memory_limit: 1048576 was given, and a server needs more; allowed: auto, 0 for no "
            "limit, or at least 16777216");
  EXPECT_EQ(Chosen(16 * kMebi, kAutomatic, 0).client_limit, 4 * kMebi);
}

TEST(MemoryLimits, ConnectionsMayHaveAtMostHalf) {
  MemoryLimits limits;
  EXPECT_EQ(ChooseMemoryLimits(64 * kMebi, 33 * kMebi, 0, &limits),
            "client_memory_limit: 34603008 was given; allowed: auto, or at most half of "
            "memory_limit, which is 67108864");
  EXPECT_EQ(Chosen(64 * kMebi, 32 * kMebi, 0).client_limit, 32 * kMebi);
}

}  // namespace
}  // namespace tagcache::testing
