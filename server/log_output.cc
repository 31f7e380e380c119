#include "server/log_output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <climits>
#include <utility>

namespace tagcache::server {
namespace {

static_assert(LogOutput::kMaxLine <= PIPE_BUF, "a pipe takes a line whole or not at all");

bool IsSocket(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

}  // namespace

LogOutput::LogOutput() : fd_(STDERR_FILENO), owned_(false), socket_(IsSocket(STDERR_FILENO)) {}

LogOutput::LogOutput(int fd) : fd_(fd), owned_(true), socket_(IsSocket(fd)) {}

LogOutput::~LogOutput() {
  if (owned_) close(fd_);
}

LogOutput::LogOutput(LogOutput&& other) noexcept
    : fd_(other.fd_),
      owned_(std::exchange(other.owned_, false)),
      socket_(other.socket_),
      taken_(other.taken_),
      torn_(other.torn_) {}

LogOutput& LogOutput::operator=(LogOutput&& other) noexcept {
  if (this == &other) return *this;
  if (owned_) close(fd_);
  fd_ = other.fd_;
  owned_ = std::exchange(other.owned_, false);
  socket_ = other.socket_;
  taken_ = other.taken_;
  torn_ = other.torn_;
  return *this;
}

int LogOutput::OpenFile(const std::string& path) {
  struct stat status {};
  const bool fifo = stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
  const int direction = fifo ? O_RDWR : O_WRONLY | O_CREAT | O_APPEND;
  return open(path.c_str(), direction | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0640);
}

ssize_t LogOutput::Put(std::string_view bytes) {
  if (socket_) return send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  // stderr may belong to other processes as well, so it is not made non-blocking. A pipe that can
  // be written has room for PIPE_BUF bytes.
  pollfd writable = {.fd = fd_, .events = POLLOUT, .revents = 0};
  if (poll(&writable, 1, 0) == 0) {
    errno = EAGAIN;
    return -1;
  }
  return write(fd_, bytes.data(), bytes.size());
}

bool LogOutput::RemoveTaken() {
  const off_t end = lseek(fd_, 0, SEEK_CUR);
  struct stat status {};
  // Only what is at the end can be removed: another process may write to the same file.
  if (end < 0 || fstat(fd_, &status) != 0 || status.st_size != end) return false;
  const off_t start = end - static_cast<off_t>(taken_);
  return start >= 0 && ftruncate(fd_, start) == 0 && lseek(fd_, start, SEEK_SET) == start;
}

LogOutput::Result LogOutput::Write(std::string_view line) {
  assert(!line.empty() && line.back() == '\n' && line.size() <= kMaxLine);
  assert(taken_ < line.size());
  for (;;) {
    const ssize_t n = torn_ ? Put("\n") : Put(line.substr(taken_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return Result::kBusy;
    if (n <= 0) break;
    if (torn_) {
      torn_ = false;
      continue;
    }
    taken_ += static_cast<size_t>(n);
    if (taken_ < line.size()) continue;
    taken_ = 0;
    return Result::kWritten;
  }
  if (taken_ > 0) torn_ = !RemoveTaken();
  taken_ = 0;
  return Result::kFailed;
}

}  // namespace tagcache::server
