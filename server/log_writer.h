#ifndef TAGCACHE_SERVER_LOG_WRITER_H_
#define TAGCACHE_SERVER_LOG_WRITER_H_

// The queue of log lines, and the thread that writes them. Only that thread ever waits for the
// reader of the log.
//
//   workers, main thread               the thread                 file, pipe, ...
//   Add ──> LogRate ──> queue ───────> Run ──> LogOutput::Write ──>
//             │           │
//       left out,     dropped when kQueueBytes wait; the thread reports both, as lines
//
// spdlog's asynchronous logger bounds the number of lines, not their bytes, waits for a blocked
// output when it stops, and knows no rate. So it only formats here.
//
// Threads: Run has one, every other method may be called by any.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/commands/event_sink.h"
#include "server/log_output.h"
#include "server/log_rate.h"
#include "server/store/mutex.h"

namespace spdlog {
class pattern_formatter;
}

namespace tagcache::server {

class LogWriter {
 public:
  using Clock = std::chrono::steady_clock;

  // Of the lines that wait to be written, with what the queue itself takes for them.
  static constexpr size_t kQueueBytes = 256 * 1024;
  // Text of one line, without its time and level. They fit into LogOutput::kMaxLine together.
  static constexpr size_t kMaxText = LogOutput::kMaxLine - 96;

  // Writes to stderr until Use is called. Throws std::system_error if there is no descriptor left.
  LogWriter();
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Adds a line, or counts it. `text` begins with the name of the event and has at most kMaxText
  // bytes.
  void Add(Level level, std::string_view event, std::string_view text) EXCLUDES(mutex_);
  // Lines that are not written yet go to this output.
  void Use(LogOutput output) EXCLUDES(mutex_);
  EventCounts Counts() const EXCLUDES(mutex_);

  // Writes lines until Stop is called.
  void Run() EXCLUDES(mutex_);
  // Waits until every line added so far has been written or given up. Returns false at the limit.
  bool Flush(std::chrono::milliseconds limit) EXCLUDES(mutex_);
  // Lets Run write what waits, for as long as `limit`, and end. Returns false if it is still
  // blocked a moment later: then its thread can not be joined.
  bool Stop(std::chrono::milliseconds limit) EXCLUDES(mutex_);

 private:
  // Formats a line and puts it at the end of the queue. Returns false if there is no room.
  bool Append(Level level, std::string_view text) REQUIRES(mutex_);
  // Appends lines that say how many others there are not.
  void AppendReports(Clock::time_point now) REQUIRES(mutex_);
  // Lines were lost since the last report, and one more would not be.
  bool LossReportable() const REQUIRES(mutex_);
  // When AppendReports has something to do again.
  Clock::time_point NextReport() const REQUIRES(mutex_);
  void TakeReplacement() EXCLUDES(mutex_);
  // The line to write next. Returns false if there is none; *until: when there may be one.
  bool Next(std::string* line, Clock::time_point* until) EXCLUDES(mutex_);
  void Finish(LogOutput::Result result) EXCLUDES(mutex_);
  // Whether Run has to end: everything is written, or its time is over.
  bool Ended(bool has_line) EXCLUDES(mutex_);
  // Waits for a call of Wake, or until fd can be written (-1: no fd), or until the time.
  void Wait(int fd, Clock::time_point until);
  void Wake();
  bool WaitFor(std::chrono::milliseconds limit, const auto& holds);

  const int wake_fd_;
  LogOutput output_;  // of the thread in Run alone
  std::atomic<bool> ended_{false};

  mutable Mutex mutex_;
  std::unique_ptr<spdlog::pattern_formatter> formatter_ GUARDED_BY(mutex_);
  LogRate rate_ GUARDED_BY(mutex_);
  std::deque<std::string> queue_ GUARDED_BY(mutex_);
  size_t queue_bytes_ GUARDED_BY(mutex_) = 0;
  uint64_t added_ GUARDED_BY(mutex_) = 0;     // lines that were put into the queue
  uint64_t finished_ GUARDED_BY(mutex_) = 0;  // of them, written or given up
  uint64_t dropped_ GUARDED_BY(mutex_) = 0;
  uint64_t failed_ GUARDED_BY(mutex_) = 0;
  EventCounts reported_ GUARDED_BY(mutex_);
  Clock::time_point lost_reported_ GUARDED_BY(mutex_){};
  // The last line was written. While writing fails, nothing is reported: that would fail as well.
  bool writable_ GUARDED_BY(mutex_) = true;
  std::optional<LogOutput> replacement_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  Clock::time_point give_up_ GUARDED_BY(mutex_){};
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_LOG_WRITER_H_
