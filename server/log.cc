#include "server/log.h"

#include <pthread.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "server/log_output.h"
#include "server/log_writer.h"

namespace tagcache::server {
namespace {

constexpr std::chrono::milliseconds kStopTime{500};

// In the order of Level. "off" is above all of them.
constexpr std::array<std::string_view, 5> kLevels = {"debug", "info", "warning", "error", "off"};

size_t RankOf(std::string_view name) {
  for (size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] == name) return i;
  }
  return 0;
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

Log::Log(std::string file, std::string_view level)
    : file_(std::move(file)),
      lowest_(RankOf(level)),
      writer_(std::make_shared<LogWriter>()),
      thread_([writer = writer_] { writer->Run(); }) {
  pthread_setname_np(thread_.native_handle(), "log");
}

Log::~Log() {
  if (writer_->Stop(kStopTime)) {
    thread_.join();
  } else {
    thread_.detach();  // blocked in write(), because others fill the same pipe
  }
}

std::string Log::Open() {
  if (file_.empty()) return {};
  const int fd = LogOutput::OpenFile(file_);
  if (fd < 0) return "log_file '" + file_ + "': " + std::strerror(errno);
  writer_->Use(LogOutput(fd));
  return {};
}

bool Log::Enabled(Level level) const { return static_cast<size_t>(level) >= lowest_; }

void Log::Write(Level level, std::string_view event, std::initializer_list<EventField> fields) {
  static constexpr std::string_view kCut = " cut=true";
  if (!Enabled(level)) return;
  std::string line(event);
  for (const EventField& field : fields) {
    const std::string value = LogValue(field.text());
    const size_t size = 1 + field.key.size() + 1 + value.size();
    if (line.size() + size + kCut.size() > LogWriter::kMaxText) {
      line.append(kCut);
      break;
    }
    line.append(" ").append(field.key).append("=").append(value);
  }
  writer_->Add(level, event, line);
}

EventCounts Log::Counts() const { return writer_->Counts(); }

bool Log::Flush(std::chrono::milliseconds limit) { return writer_->Flush(limit); }

}  // namespace tagcache::server
