#include "server/processors.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tagcache::testing {
namespace {

using server::ProcessorsOfControlGroup;

// A system whose files are in a directory of this test.
class ControlGroups : public ::testing::Test {
 protected:
  ControlGroups() {
    char name[] = "/tmp/tagcached-cgroup-XXXXXX";
    root_ = mkdtemp(name);
  }
  ~ControlGroups() override { std::filesystem::remove_all(root_); }
  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  std::string root_;
};

// lessons 36
TEST_F(ControlGroups, TheShareOfVersion2IsRoundedUp) {
  Write("/proc/self/cgroup", "0::/system.slice/tagcached.service\n");
  const std::string file = "/sys/fs/cgroup/system.slice/tagcached.service/cpu.max";
  Write(file, "200000 100000\n");
  EXPECT_EQ(ProcessorsOfControlGroup(root_), 2u);
  Write(file, "150000 100000\n");
  EXPECT_EQ(ProcessorsOfControlGroup(root_), 2u);
  Write(file, "5000 100000\n");
  EXPECT_EQ(ProcessorsOfControlGroup(root_), 1u);
  Write(file, "max 100000\n");
  EXPECT_EQ(ProcessorsOfControlGroup(root_), 0u);
}

TEST_F(ControlGroups, AGroupAroundTheOwnOneLimitsToo) {
  Write("/proc/self/cgroup", "0::/a/b\n");
  Write("/sys/fs/cgroup/a/cpu.max", "100000 100000\n");
  Write("/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
  EXPECT_EQ(ProcessorsOfControlGroup(root_), 1u);
}

// The path is the host's, and the files of the container are at the top of the mount.
TEST_F(ControlGroups, InAContainerTheTopIsTheOwnGroup) {
  Write("/proc/self/cgroup", "4:memory:/docker/0123\n3:cpu,cpuacct:/docker/0123\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(ProcessorsOfControlGroup(root_), 3u);
}

TEST_F(ControlGroups, TheShareOfVersion1CountsAndMinusOneIsNoLimit) {
  Write("/proc/self/cgroup", "1:cpu:/web\n0::/\n");
  Write("/sys/fs/cgroup/cpu/web/cpu.cfs_quota_us", "-1\n");
  Write("/sys/fs/cgroup/cpu/web/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(ProcessorsOfControlGroup(root_), 0u);
  Write("/sys/fs/cgroup/cpu/web/cpu.cfs_quota_us", "110000\n");
  EXPECT_EQ(ProcessorsOfControlGroup(root_), 2u);
}

TEST_F(ControlGroups, WithoutTheirFilesThereIsNoLimit) {
  EXPECT_EQ(ProcessorsOfControlGroup(root_), 0u);
}

// lessons 36
TEST(Processors, TheAffinityLimitsThem) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(server::UsableProcessors(), 1u);
  sched_setaffinity(0, sizeof before, &before);
}

}  // namespace
}  // namespace tagcache::testing
