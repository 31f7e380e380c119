#ifndef TAGCACHE_SERVER_LOG_H_
#define TAGCACHE_SERVER_LOG_H_

// The log: each event is one line, "time level event key=value ...". Text with anything but plain
// characters is quoted and escaped, so that an event is always one line and no name that a peer
// sends can forge another.
//
// Threads: any number at once. Each line is one write() to a descriptor that was opened for
// appending.

#include <memory>
#include <string>
#include <string_view>

#include "server/commands/event_sink.h"

namespace spdlog {
class logger;
}

namespace tagcache::server {

// `text` as it is written after "key=".
std::string LogValue(std::string_view text);

class Log final : public EventSink {
 public:
  // An empty `file` means stderr. `level` is one of the choices of the setting log_level. Call Open
  // before the first event.
  Log(std::string file, std::string_view level);
  ~Log() override;

  // Opens the file. If it is open already, it is opened again: after a rotation, events go to the
  // new file. Returns an empty string or what is wrong; then the file that was open, or stderr,
  // stays in use.
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
