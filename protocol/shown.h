#ifndef TAGCACHE_PROTOCOL_SHOWN_H_
#define TAGCACHE_PROTOCOL_SHOWN_H_

// How a key, a tag or a name appears between quotes in a message for a person. The server and the
// client write such messages about the same key, so both take it from here.

#include <cstddef>
#include <string>
#include <string_view>

namespace tagcache::protocol {

inline constexpr size_t kShownBytes = 64;

// Appends at most kShownBytes of `bytes`, and "..." where they were cut. Printable ASCII characters
// stand for themselves; the quote ', the backslash and all other bytes are written as \xHH.
void AppendShown(std::string_view bytes, std::string& out);

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_SHOWN_H_
