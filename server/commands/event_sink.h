#ifndef TAGCACHE_SERVER_COMMANDS_EVENT_SINK_H_
#define TAGCACHE_SERVER_COMMANDS_EVENT_SINK_H_

// Where log events go: server/log.h writes them, tests collect them.
//
// An event is a name and fields. No field ever holds the bytes of a value.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace tagcache::server {

enum class Level : uint8_t { kDebug, kInfo, kWarning, kError };

// One key=value of an event. It refers to the caller's text.
struct EventField {
  EventField(std::string_view name, std::string_view text) : key(name), value(text) {}
  EventField(std::string_view name, const char* text) : key(name), value(text) {}
  EventField(std::string_view name, const std::string& text) : key(name), value(text) {}
  template <typename T, typename = std::enable_if_t<std::is_integral_v<T>>>
  EventField(std::string_view name, T number) : key(name), digits(std::to_string(number)) {}

  std::string_view text() const { return digits.empty() ? value : std::string_view(digits); }

  std::string_view key;
  std::string_view value;
  std::string digits;
};

// Lines that are not in the log, since the start.
struct EventCounts {
  uint64_t dropped = 0;   // more waited to be written than there is room for
  uint64_t failed = 0;    // could not be written: the disk is full, the reader has gone
  uint64_t left_out = 0;  // there were too many of their kind in one second
};

// Threads: any number at once, and no call waits for the log. Errors: none; a line that cannot be
// written is counted.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual bool Enabled(Level level) const = 0;
  virtual void Write(Level level, std::string_view event,
                     std::initializer_list<EventField> fields) = 0;
  virtual EventCounts Counts() const { return {}; }
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_COMMANDS_EVENT_SINK_H_
