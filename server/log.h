#ifndef TAGCACHE_SERVER_LOG_H_
#define TAGCACHE_SERVER_LOG_H_

// The log: each event is one line, "time level event key=value ...". Text with anything but plain
// characters is quoted and escaped, so that an event is always one line and no name that a peer
// sends can forge another.
//
// Threads: any number at once. None of them waits for whoever reads the log, or for the disk: a
// thread of the log writes the lines (log_writer.h). Of each kind of event ten lines a second are
// written (log_rate.h). A line is written whole or not at all (log_output.h).

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "server/commands/event_sink.h"

namespace tagcache::server {

// `text` as it is written after "key=".
std::string LogValue(std::string_view text);

class LogWriter;

class Log final : public EventSink {
 public:
  // An empty `file` means stderr. `level` is one of the choices of the setting log_level. Call Open
  // before the first event. Throws std::system_error if there is no thread or descriptor left.
  Log(std::string file, std::string_view level);
  // Writes what waits; after half a second it gives that up.
  ~Log() override;

  // Opens the file. If it is open already, it is opened again: after a rotation, events go to the
  // new file. Returns an empty string or what is wrong; then the file that was open, or stderr,
  // stays in use.
  std::string Open();

  bool Enabled(Level level) const override;
  void Write(Level level, std::string_view event,
             std::initializer_list<EventField> fields) override;
  EventCounts Counts() const override;

  // Waits until all events so far are written, at most `limit`. Returns false if they are not.
  bool Flush(std::chrono::milliseconds limit);

 private:
  const std::string file_;
  const size_t lowest_;                      // rank of the least important level that is written
  const std::shared_ptr<LogWriter> writer_;  // shared with the thread, which may outlive the log
  std::thread thread_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_LOG_H_
