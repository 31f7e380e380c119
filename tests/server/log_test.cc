#include "server/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace tagcache::testing {
namespace {

using server::Level;
using server::Log;
using server::LogValue;

class LogFile : public ::testing::Test {
 protected:
  LogFile() {
    char name[] = "/tmp/tagcached-log-XXXXXX";
    directory_ = mkdtemp(name);
    path_ = directory_ + "/log";
  }
  ~LogFile() override { std::filesystem::remove_all(directory_); }
  static std::vector<std::string> Lines(const std::string& path) {
    std::vector<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  std::string directory_;
  std::string path_;
};

TEST_F(LogFile, AnEventIsOneLineOfTimeLevelNameAndFields) {
  Log log(path_, "info");
  ASSERT_EQ(log.Open(), "");
  log.Write(Level::kWarning, "auth_failed", {{"peer", "10.0.0.1:5"}, {"count", 3}});
  const auto lines = Lines(path_);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].substr(lines[0].find(' ')), " warning auth_failed peer=10.0.0.1:5 count=3");
  EXPECT_EQ(lines[0].find('T'), 10u);
}

TEST_F(LogFile, TextFromAPeerCanNotForgeALine) {
  Log log(path_, "info");
  ASSERT_EQ(log.Open(), "");
  log.Write(Level::kInfo, "hello", {{"client", "x\n2026 error forged a=b\"\\"}});
  const auto lines = Lines(path_);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("client=\"x\\x0a2026 error forged a=b\\\"\\\\\""), std::string::npos);
}

TEST_F(LogFile, LevelsBelowTheConfiguredOneAreNotWritten) {
  Log log(path_, "warning");
  ASSERT_EQ(log.Open(), "");
  log.Write(Level::kInfo, "quiet", {});
  log.Write(Level::kError, "loud", {});
  EXPECT_FALSE(log.Enabled(Level::kInfo));
  EXPECT_EQ(Lines(path_).size(), 1u);
}

TEST_F(LogFile, OpenAfterARotationWritesToTheNewFile) {
  Log log(path_, "info");
  ASSERT_EQ(log.Open(), "");
  log.Write(Level::kInfo, "before", {});
  std::filesystem::rename(path_, path_ + ".1");
  log.Write(Level::kInfo, "between", {});
  ASSERT_EQ(log.Open(), "");
  log.Write(Level::kInfo, "after", {});
  EXPECT_EQ(Lines(path_ + ".1").size(), 2u);
  EXPECT_EQ(Lines(path_).size(), 1u);
}

TEST_F(LogFile, AFileThatCanNotBeOpenedAgainLeavesTheOldOneInUse) {
  Log log(path_, "info");
  ASSERT_EQ(log.Open(), "");
  std::filesystem::rename(path_, path_ + ".1");
  std::filesystem::create_directory(path_);
  EXPECT_NE(log.Open().find(path_), std::string::npos);
  log.Write(Level::kInfo, "after", {});
  EXPECT_EQ(Lines(path_ + ".1").size(), 1u);
}

TEST_F(LogFile, LinesOfSeveralThreadsDoNotMix) {
  Log log(path_, "info");
  ASSERT_EQ(log.Open(), "");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&log] {
      for (int i = 0; i < 200; ++i) log.Write(Level::kInfo, "event", {{"text", "0123456789"}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto lines = Lines(path_);
  EXPECT_EQ(lines.size(), 800u);
  for (const std::string& line : lines) {
    EXPECT_EQ(line.substr(line.find(" info")), " info event text=0123456789");
  }
}

TEST(LogValue, PlainTextIsBareAndTheRestIsQuoted) {
  EXPECT_EQ(LogValue("tcp://127.0.0.1:1984"), "tcp://127.0.0.1:1984");
  EXPECT_EQ(LogValue(""), "\"\"");
  EXPECT_EQ(LogValue("two words"), "\"two words\"");
  EXPECT_EQ(LogValue("a=b"), "\"a=b\"");
  EXPECT_EQ(LogValue(std::string_view("\0\xFF", 2)), "\"\\x00\\xff\"");
}

}  // namespace
}  // namespace tagcache::testing
