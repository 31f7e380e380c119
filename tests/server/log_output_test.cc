#include "server/log_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace tagcache::testing {
namespace {

using server::LogOutput;
using Result = LogOutput::Result;

std::string Line(char c, size_t size) {
  std::string line(size, c);
  line.back() = '\n';
  return line;
}

class LogOutputTest : public ::testing::Test {
 protected:
  LogOutputTest() {
    char name[] = "/tmp/tagcached-log-XXXXXX";
    directory_ = mkdtemp(name);
    path_ = directory_ + "/log";
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
  }
  ~LogOutputTest() override { std::filesystem::remove_all(directory_); }
  std::string Text() const {
    std::ifstream file(path_);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::string directory_;
  std::string path_;
};

// Files of this program may not become larger than this.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

// lessons 35
TEST_F(LogOutputTest, AFileThatTakesHalfALineKeepsNothingOfIt) {
  LogOutput output(LogOutput::OpenFile(path_));
  ASSERT_EQ(output.Write("first\n"), Result::kWritten);
  {
    const FileLimit limit(50);
    EXPECT_EQ(output.Write(Line('x', 100)), Result::kFailed);
    EXPECT_EQ(Text(), "first\n");
    EXPECT_EQ(output.Write("fits\n"), Result::kWritten);
    EXPECT_EQ(output.Write(Line('y', 100)), Result::kFailed);
  }
  EXPECT_EQ(output.Write("last\n"), Result::kWritten);
  EXPECT_EQ(Text(), "first\nfits\nlast\n");
}

// "2> file" opens the file without O_APPEND: the position has to go back as well.
TEST_F(LogOutputTest, AFileThatIsNotAppendedToKeepsNothingOfHalfALineEither) {
  LogOutput output(open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  {
    const FileLimit limit(50);
    EXPECT_EQ(output.Write(Line('x', 100)), Result::kFailed);
  }
  EXPECT_EQ(output.Write("last\n"), Result::kWritten);
  EXPECT_EQ(Text(), "last\n");
}

// What follows the half line is another process's, and stays.
TEST_F(LogOutputTest, HalfALineThatCanNotBeRemovedIsNotJoinedToTheNext) {
  std::ofstream(path_) << std::string(60, 'o');
  LogOutput output(open(path_.c_str(), O_WRONLY | O_CLOEXEC));
  {
    const FileLimit limit(50);
    EXPECT_EQ(output.Write(Line('x', 100)), Result::kFailed);
  }
  EXPECT_EQ(output.Write("last\n"), Result::kWritten);
  std::string text(50, 'x');
  EXPECT_EQ(Text(), text.append("\nlast\noooo"));
}

// lessons 29
TEST_F(LogOutputTest, APipeThatNobodyReadsIsBusyAndTakesWholeLines) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  LogOutput output(ends[1]);
  int written = 0;
  while (output.Write(Line('a', 1000)) == Result::kWritten) ++written;
  EXPECT_EQ(output.Write(Line('b', 1000)), Result::kBusy);
  std::string all(1000, '\0');
  std::string read_back;
  ASSERT_EQ(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
  for (ssize_t n; (n = read(ends[0], all.data(), all.size())) > 0;) {
    read_back.append(all, 0, static_cast<size_t>(n));
  }
  EXPECT_EQ(read_back.size(), 1000u * static_cast<size_t>(written));
  EXPECT_EQ(output.Write(Line('c', 1000)), Result::kWritten);
  close(ends[0]);
  EXPECT_EQ(output.Write(Line('d', 1000)), Result::kFailed);
}

TEST_F(LogOutputTest, ASocketGetsTheRestOfALineLater) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  // The smallest buffer there is: behind the short line it takes the first part of the long one.
  const int small = 1;
  ASSERT_EQ(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
  LogOutput output(ends[1]);
  const std::string line = Line('b', LogOutput::kMaxLine);
  ASSERT_EQ(output.Write(Line('a', 1000)), Result::kWritten);
  Result result = output.Write(line);
  ASSERT_EQ(result, Result::kBusy);
  const std::string sent = Line('a', 1000) + line;
  std::string received;
  char chunk[4096];
  while (received.size() < sent.size()) {
    const ssize_t n = recv(ends[0], chunk, sizeof chunk, MSG_DONTWAIT);
    if (n > 0) received.append(chunk, static_cast<size_t>(n));
    if (n <= 0 && result != Result::kBusy) break;
    if (n <= 0) result = output.Write(line);
  }
  EXPECT_EQ(result, Result::kWritten);
  EXPECT_EQ(received, sent);
  close(ends[0]);
}

// lessons 29
TEST_F(LogOutputTest, AFifoNeedsNoReader) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const int fd = LogOutput::OpenFile(path_);
  ASSERT_GE(fd, 0);
  LogOutput output(fd);
  EXPECT_EQ(output.Write("early\n"), Result::kWritten);
  const int reader = open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  char text[16];
  EXPECT_EQ(read(reader, text, sizeof text), 6);
  close(reader);
}

TEST_F(LogOutputTest, AFullDiskLosesTheLineAndNoMore) {
  const int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  LogOutput output(fd);
  EXPECT_EQ(output.Write("line\n"), Result::kFailed);
  EXPECT_EQ(output.Write("line\n"), Result::kFailed);
}

}  // namespace
}  // namespace tagcache::testing
