#include "server/log_writer.h"

#include <poll.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

namespace tagcache::server {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kBetweenReports{1};
// What a line takes beside its bytes: the string in the queue and the allocator's share.
constexpr size_t kLineOverhead = 64;
// How long the thread waits for the reader before it checks whether it has to stop.
constexpr milliseconds kMoment{50};
constexpr std::chrono::hours kLongestWait{1};

spdlog::level::level_enum LevelOf(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

size_t CostOf(const std::string& line) { return line.size() + kLineOverhead; }

}  // namespace

LogWriter::LogWriter()
    : wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      formatter_(std::make_unique<spdlog::pattern_formatter>(
          "%Y-%m-%dT%H:%M:%S.%e%z %l %v", spdlog::pattern_time_type::local, "\n")) {
  if (wake_fd_ < 0) throw std::system_error(errno, std::generic_category(), "log: eventfd");
}

LogWriter::~LogWriter() { close(wake_fd_); }

void LogWriter::Add(Level level, std::string_view event, std::string_view text) {
  assert(text.size() <= kMaxText && text.starts_with(event));
  const MutexLock lock(mutex_);
  const size_t queued = queue_.size();
  const Clock::time_point report = NextReport();
  if (rate_.Admit(event, Clock::now()) && !Append(level, text)) ++dropped_;
  // If there was a line already, the thread is not asleep, and finds this one afterwards.
  if ((queued == 0 && !queue_.empty()) || NextReport() < report) Wake();
}

bool LogWriter::Append(Level level, std::string_view text) {
  spdlog::memory_buf_t formatted;
  formatter_->format(spdlog::details::log_msg(spdlog::string_view_t(), LevelOf(level),
                                              spdlog::string_view_t(text.data(), text.size())),
                     formatted);
  std::string line(formatted.data(), formatted.size());
  assert(line.size() <= LogOutput::kMaxLine);
  if (queue_bytes_ + CostOf(line) > kQueueBytes) return false;
  queue_bytes_ += CostOf(line);
  queue_.push_back(std::move(line));
  ++added_;
  return true;
}

void LogWriter::AppendReports(Clock::time_point now) {
  for (const LogRate::LeftOut& kind : rate_.TakeLeftOut(now)) {
    const std::string text =
        "log_lines_left_out event=" + kind.event + " count=" + std::to_string(kind.lines);
    if (!Append(Level::kWarning, text)) ++dropped_;
  }
  if (!LossReportable() || now < lost_reported_ + kBetweenReports) return;
  const std::string text =
      "log_lines_lost dropped=" + std::to_string(dropped_ - reported_.dropped) +
      " failed=" + std::to_string(failed_ - reported_.failed);
  if (!Append(Level::kWarning, text)) return;
  reported_.dropped = dropped_;
  reported_.failed = failed_;
  lost_reported_ = now;
}

bool LogWriter::LossReportable() const {
  return writable_ && (dropped_ > reported_.dropped || failed_ > reported_.failed);
}

LogWriter::Clock::time_point LogWriter::NextReport() const {
  if (!LossReportable()) return rate_.next_report();
  return std::min(rate_.next_report(), lost_reported_ + kBetweenReports);
}

void LogWriter::Use(LogOutput output) {
  std::optional<LogOutput> next(std::move(output));
  {
    const MutexLock lock(mutex_);
    replacement_.swap(next);
  }
  Wake();
}

EventCounts LogWriter::Counts() const {
  const MutexLock lock(mutex_);
  return {.dropped = dropped_, .failed = failed_, .left_out = rate_.left_out()};
}

void LogWriter::TakeReplacement() {
  std::optional<LogOutput> taken;
  {
    const MutexLock lock(mutex_);
    taken = std::exchange(replacement_, std::nullopt);
  }
  if (taken) output_ = std::move(*taken);  // closes the old one, without the lock
}

bool LogWriter::Next(std::string* line, Clock::time_point* until) {
  const MutexLock lock(mutex_);
  // At the end, what was left out is reported before its second is over.
  AppendReports(stopping_ ? Clock::time_point::max() : Clock::now());
  if (queue_.empty()) {
    *until = NextReport();
    return false;
  }
  *line = queue_.front();
  return true;
}

void LogWriter::Finish(LogOutput::Result result) {
  const MutexLock lock(mutex_);
  writable_ = result == LogOutput::Result::kWritten;
  if (!writable_) ++failed_;
  queue_bytes_ -= CostOf(queue_.front());
  queue_.pop_front();
  ++finished_;
}

bool LogWriter::Ended(bool has_line) {
  const MutexLock lock(mutex_);
  if (!stopping_) return false;
  if (!has_line) return true;
  if (Clock::now() < give_up_) return false;
  dropped_ += queue_.size();
  finished_ += queue_.size();
  queue_.clear();
  queue_bytes_ = 0;
  return true;
}

void LogWriter::Run() {
  for (;;) {
    std::string line;
    Clock::time_point until{};
    TakeReplacement();
    const bool has_line = Next(&line, &until);
    if (Ended(has_line)) break;
    if (!has_line) {
      Wait(-1, until);
      continue;
    }
    const LogOutput::Result result = output_.Write(line);
    if (result == LogOutput::Result::kBusy) {
      Wait(output_.fd(), Clock::now() + kMoment);
    } else {
      Finish(result);
    }
  }
  ended_ = true;
}

void LogWriter::Wait(int fd, Clock::time_point until) {
  const auto now = Clock::now();
  const auto left = std::chrono::ceil<milliseconds>(std::min(until, now + kLongestWait) - now);
  pollfd waiting[] = {{.fd = wake_fd_, .events = POLLIN, .revents = 0},
                      {.fd = fd, .events = POLLOUT, .revents = 0}};
  poll(waiting, 2, static_cast<int>(std::max<int64_t>(left.count(), 0)));
  uint64_t calls = 0;
  [[maybe_unused]] const ssize_t n = read(wake_fd_, &calls, sizeof calls);
}

void LogWriter::Wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_fd_, &one, sizeof one);
}

// Only at start and stop, so it need not be exact.
bool LogWriter::WaitFor(milliseconds limit, const auto& holds) {
  for (const auto end = Clock::now() + limit; !holds();) {
    if (Clock::now() >= end) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

bool LogWriter::Flush(milliseconds limit) {
  uint64_t added = 0;
  {
    const MutexLock lock(mutex_);
    added = added_;
  }
  return WaitFor(limit, [&] {
    const MutexLock lock(mutex_);
    return finished_ >= added;
  });
}

bool LogWriter::Stop(milliseconds limit) {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    give_up_ = Clock::now() + limit;
  }
  Wake();
  return WaitFor(limit + 4 * kMoment, [&] { return ended_.load(); });
}

}  // namespace tagcache::server
