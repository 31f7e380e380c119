#include "server/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace tagcache::testing {
namespace {

using server::Level;
using server::Log;
using server::LogValue;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

class LogFile : public ::testing::Test {
 protected:
  LogFile() {
    char name[] = "/tmp/tagcached-log-XXXXXX";
    directory_ = mkdtemp(name);
    path_ = directory_ + "/log";
  }
  ~LogFile() override { std::filesystem::remove_all(directory_); }
  // The lines of a file, when the log has written all of them.
  static std::vector<std::string> LinesOf(Log& log, const std::string& path) {
    EXPECT_TRUE(log.Flush(seconds(10)));
    return Lines(path);
  }
  static std::vector<std::string> Lines(const std::string& path) {
    std::vector<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  static size_t Count(const std::string& path, const std::string& text) {
    size_t count = 0;
    for (const std::string& line : Lines(path)) count += line.find(text) != std::string::npos;
    return count;
  }
  template <typename Condition>
  static bool Eventually(Condition holds) {
    for (const auto end = Clock::now() + seconds(10); !holds();) {
      if (Clock::now() >= end) return false;
      std::this_thread::sleep_for(milliseconds(2));
    }
    return true;
  }
  std::string directory_;
  std::string path_;
};

TEST_F(LogFile, AnEventIsOneLineOfTimeLevelNameAndFields) {
  Log log(path_, "info");
  ASSERT_EQ(log.Open(), "");
  log.Write(Level::kWarning, "auth_failed", {{"peer", "10.0.0.1:5"}, {"count", 3}});
  const auto lines = LinesOf(log, path_);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].substr(lines[0].find(' ')), " warning auth_failed peer=10.0.0.1:5 count=3");
  EXPECT_EQ(lines[0].find('T'), 10u);
}

TEST_F(LogFile, TextFromAPeerCanNotForgeALine) {
  Log log(path_, "info");
  ASSERT_EQ(log.Open(), "");
  log.Write(Level::kInfo, "hello", {{"client", "x\n2026 error forged a=b\"\\"}});
  const auto lines = LinesOf(log, path_);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("client=\"x\\x0a2026 error forged a=b\\\"\\\\\""), std::string::npos);
}

TEST_F(LogFile, LevelsBelowTheConfiguredOneAreNotWritten) {
  Log log(path_, "warning");
  ASSERT_EQ(log.Open(), "");
  log.Write(Level::kInfo, "quiet", {});
  log.Write(Level::kError, "loud", {});
  EXPECT_FALSE(log.Enabled(Level::kInfo));
  EXPECT_EQ(LinesOf(log, path_).size(), 1u);
}

TEST_F(LogFile, OpenAfterARotationWritesToTheNewFile) {
  Log log(path_, "info");
  ASSERT_EQ(log.Open(), "");
  log.Write(Level::kInfo, "before", {});
  std::filesystem::rename(path_, path_ + ".1");
  log.Write(Level::kInfo, "between", {});
  ASSERT_TRUE(log.Flush(seconds(10)));
  ASSERT_EQ(log.Open(), "");
  log.Write(Level::kInfo, "after", {});
  EXPECT_EQ(LinesOf(log, path_ + ".1").size(), 2u);
  EXPECT_EQ(LinesOf(log, path_).size(), 1u);
}

TEST_F(LogFile, AFileThatCanNotBeOpenedAgainLeavesTheOldOneInUse) {
  Log log(path_, "info");
  ASSERT_EQ(log.Open(), "");
  std::filesystem::rename(path_, path_ + ".1");
  std::filesystem::create_directory(path_);
  EXPECT_NE(log.Open().find(path_), std::string::npos);
  log.Write(Level::kInfo, "after", {});
  EXPECT_EQ(LinesOf(log, path_ + ".1").size(), 1u);
}

TEST_F(LogFile, LinesOfSeveralThreadsDoNotMix) {
  Log log(path_, "info");
  ASSERT_EQ(log.Open(), "");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < 200; ++i) {
        const std::string event = "event" + std::to_string(t * 200 + i);
        log.Write(Level::kInfo, event, {{"text", "0123456789"}});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto lines = LinesOf(log, path_);
  EXPECT_EQ(lines.size(), 800u);
  for (const std::string& line : lines) {
    const std::string event = line.substr(line.find(" info "));
    EXPECT_TRUE(event.starts_with(" info event") && event.ends_with(" text=0123456789")) << line;
  }
}

TEST_F(LogFile, ALineThatIsTooLongHasTheFieldsThatFit) {
  Log log(path_, "info");
  ASSERT_EQ(log.Open(), "");
  const std::string huge(100'000, 'x');
  log.Write(Level::kInfo, "event", {{"peer", "10.0.0.1:5"}, {"text", huge}});
  const auto lines = LinesOf(log, path_);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].ends_with(" event peer=10.0.0.1:5 cut=true")) << lines[0];
}

// lessons 29
TEST_F(LogFile, AFloodOfOneKindLeavesTenLinesAndACount) {
  Log log(path_, "info");
  ASSERT_EQ(log.Open(), "");
  for (int i = 0; i < 1000; ++i) log.Write(Level::kWarning, "auth_failed", {{"peer", i}});
  log.Write(Level::kInfo, "other", {});
  const auto counts = log.Counts();
  EXPECT_GE(counts.left_out, 900u);
  EXPECT_EQ(counts.dropped, 0u);
  ASSERT_TRUE(Eventually([&] { return Count(path_, " log_lines_left_out ") > 0; }));
  EXPECT_EQ(Count(path_, " auth_failed "), 1000 - counts.left_out);
  EXPECT_EQ(Count(path_, " other"), 1u);
  EXPECT_EQ(Count(path_, "warning log_lines_left_out event=auth_failed count="), 1u);
}

TEST_F(LogFile, WhatWasLeftOutIsReportedAtTheEndAtTheLatest) {
  {
    Log log(path_, "info");
    ASSERT_EQ(log.Open(), "");
    for (int i = 0; i < 25; ++i) log.Write(Level::kWarning, "auth_failed", {});
  }
  EXPECT_EQ(Count(path_, " log_lines_left_out event=auth_failed count=15"), 1u);
}

// A log on a FIFO. The log keeps it open for reading, but does not read.
class LogFifo : public LogFile {
 protected:
  // Writes events, each of a kind of its own, until some are dropped.
  static void Fill(Log& log) {
    const std::string text(1000, 'x');
    for (int i = 0; log.Counts().dropped == 0; ++i) {
      ASSERT_LT(i, 10'000) << "the queue has no bound";
      log.Write(Level::kInfo, "event" + std::to_string(i), {{"text", text}});
    }
  }
};

// lessons 29
TEST_F(LogFifo, WhoWritesEventsNeverWaitsAndWhatDoesNotFitIsCounted) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const auto start = Clock::now();
  {
    Log log(path_, "info");
    ASSERT_EQ(log.Open(), "");
    Fill(log);
    EXPECT_FALSE(log.Flush(milliseconds(10)));
  }
  EXPECT_LT(Clock::now() - start, seconds(5)) << "the log gives up when it ends";
}

TEST_F(LogFifo, WhenSomebodyReadsTheRestFollowsWholeWithACountOfWhatIsMissing) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  Log log(path_, "info");
  ASSERT_EQ(log.Open(), "");
  Fill(log);
  const int fd = open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  std::string read_back;
  ASSERT_TRUE(Eventually([&] {
    char chunk[4096];
    for (ssize_t n; (n = read(fd, chunk, sizeof chunk)) > 0;) {
      read_back.append(chunk, static_cast<size_t>(n));
    }
    return read_back.find(" log_lines_lost ") != std::string::npos && read_back.back() == '\n';
  }));
  close(fd);
  EXPECT_NE(read_back.find(" warning log_lines_lost dropped=1 failed=0\n"), std::string::npos);
  std::istringstream lines(read_back);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.ends_with("xxxx") || line.find("log_lines_lost") != std::string::npos) << line;
  }
}

TEST_F(LogFile, AFullDiskIsCountedAndReportedWhenThereIsRoomAgain) {
  std::filesystem::create_symlink("/dev/full", path_);
  Log log(path_, "info");
  ASSERT_EQ(log.Open(), "");
  for (int i = 0; i < 3; ++i) log.Write(Level::kInfo, "lost", {});
  ASSERT_TRUE(log.Flush(seconds(10)));
  EXPECT_EQ(log.Counts().failed, 3u);
  std::filesystem::remove(path_);
  ASSERT_EQ(log.Open(), "");
  log.Write(Level::kInfo, "written", {});
  EXPECT_TRUE(
      Eventually([&] { return Count(path_, " warning log_lines_lost dropped=0 failed=3") == 1; }));
  EXPECT_EQ(Count(path_, " written"), 1u);
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
