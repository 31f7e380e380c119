#ifndef TAGCACHE_SERVER_LOG_H_
#define TAGCACHE_SERVER_LOG_H_

// The log: one line an event, "time level event key=value ...". Text that holds anything but plain
// characters is quoted and escaped, so that an event is always one line and a peer's name can not
// forge one.
//
// Threads: any number at once. Each line is one write() to a descriptor opened for appending.

#include <memory>
#include <string>
#include <string_view>

#include "server/commands/event_sink.h"

namespace spdlog {
class logger;
}

namespace tagcache::server {

// `text` as it stands after "key=".
std::string LogValue(std::string_view text);

class Log final : public EventSink {
 public:
  // `file` empty: stderr. `level` is one of the choices of log_level. Call Open before the first
  // event.
  Log(std::string file, std::string_view level);
  ~Log() override;

  // Opens the file, again if it was open: after a rotation events go to the new one. Returns empty
  // or what is wrong; the file that was open, or stderr, stays in use then.
  std::string Open();

  bool Enabled(Level level) const override;
  void Write(Level level, std::string_view event,
             std::initializer_list<EventField> fields) override;

 private:
  class Sink;
  const std::string file_;
  std::shared_ptr<Sink> sink_;
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_LOG_H_
