#include "server/log.h"

#include <fcntl.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>

namespace tagcache::server {
namespace {

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

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-/:+@%,[]").find(c) != std::string_view::npos;
}

}  // namespace

std::string LogValue(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  bool plain = !text.empty();
  for (const char c : text) plain = plain && IsPlain(c);
  if (plain) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted.append(1, '\\').append(1, c);
    } else if (byte < 0x20 || byte >= 0x7F) {
      quoted.append("\\x").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    } else {
      quoted += c;
    }
  }
  return quoted += '"';
}

// Writes whole lines to a descriptor that can be replaced.
class Log::Sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  ~Sink() override { Replace(-1); }

  // Takes ownership of `fd`; -1: stderr.
  void Use(int fd) {
    const std::lock_guard<std::mutex> lock(mutex_);
    Replace(fd);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    const int fd = fd_ >= 0 ? fd_ : STDERR_FILENO;
    size_t written = 0;
    while (written < line.size()) {
      const ssize_t n = ::write(fd, line.data() + written, line.size() - written);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;  // a full disk loses lines, not requests
      written += static_cast<size_t>(n);
    }
  }
  void flush_() override {}

 private:
  void Replace(int fd) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }
  int fd_ = -1;
};

Log::Log(std::string file, std::string_view level)
    : file_(std::move(file)), sink_(std::make_shared<Sink>()) {
  logger_ = std::make_shared<spdlog::logger>("tagcached", sink_);
  logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger_->set_level(spdlog::level::from_str(std::string(level)));
}

Log::~Log() = default;

std::string Log::Open() {
  if (file_.empty()) return {};
  const int fd = open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) return "log_file '" + file_ + "': " + std::strerror(errno);
  sink_->Use(fd);
  return {};
}

bool Log::Enabled(Level level) const { return logger_->should_log(LevelOf(level)); }

void Log::Write(Level level, std::string_view event, std::initializer_list<EventField> fields) {
  if (!Enabled(level)) return;
  std::string line(event);
  for (const EventField& field : fields) {
    line.append(" ").append(field.key).append("=").append(LogValue(field.text()));
  }
  logger_->log(LevelOf(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace tagcache::server
