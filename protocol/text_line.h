#ifndef TAGCACHE_PROTOCOL_TEXT_LINE_H_
#define TAGCACHE_PROTOCOL_TEXT_LINE_H_

// What a line of the tab-delimited protocol can hold: rules that reading, writing and checking
// share. Private to protocol/.

#include <cstdint>
#include <string_view>

#include "protocol/command.h"

namespace tagcache::protocol {

inline constexpr uint32_t kIntegerFlags = 1;  // ValueType::kInteger: what INCR creates
inline constexpr std::string_view kLineBreakers = "\t\r\n";

inline bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

inline std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

inline bool Holds(std::string_view bytes, std::string_view any_of) {
  return bytes.find_first_of(any_of) != std::string_view::npos;
}

// A value, at the end of its line.
inline bool FitsLineEnd(std::string_view value) {
  return value.find('\n') == std::string_view::npos && (value.empty() || value.back() != '\r');
}

// Lists of writes are optional, and their pieces are used as they are; the lists of INV_* are
// required, and their pieces are trimmed.
inline bool ListsAreOptional(const Command& command) { return HasField(command, Field::kOptions); }

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_TEXT_LINE_H_
