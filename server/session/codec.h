#ifndef TAGCACHE_SERVER_SESSION_CODEC_H_
#define TAGCACHE_SERVER_SESSION_CODEC_H_

// The codecs a server speaks, and how the first bytes of a connection choose one.
//
//   bytes so far     binary        text         the row that is chosen
//   (none)           more          -            none yet
//   C7 ...           yes           -            binary
//   47 45 54 ...     no            yes          text
//
// A row without a wire is there to be refused: a page in a browser that sends a request to this
// port must not be able to have commands in its body carried out.
//
// The rows are asked in their order, and the first that does not say "no" decides: on "yes" its
// codec serves the connection to the end, on "more" the session waits for the next byte. So a row
// stands in front of the rows that would accept its bytes too; text accepts anything and is the
// last. After kMaxPrefix bytes "more" counts as "no".

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "server/commands/engine.h"
#include "server/session/wire.h"

namespace tagcache::server {

// Bytes after which a row must have decided.
inline constexpr size_t kMaxPrefix = 32;

enum class Recognition : uint8_t { kNo, kYes, kNeedMore };

// A row of the table.
struct Codec {
  std::string_view name;  // for the log
  // Whether a connection that begins with `prefix` speaks this codec. `prefix` is never empty; it
  // grows from call to call, a "no" or "yes" must hold for every longer one.
  Recognition (*recognize)(std::string_view prefix);
  // nullptr: the server does not speak it, and closes the connection without an answer.
  std::unique_ptr<Wire> (*make)(const Engine& engine);
};

// The codecs of this server.
std::span<const Codec> Codecs();

// The row that serves a connection beginning with `bytes`; nullptr: more bytes are needed.
// REQUIRES: the last row always says yes.
const Codec* ChooseCodec(std::span<const Codec> codecs, std::string_view bytes);

// Makes a wire of class W, for a row.
template <typename W>
std::unique_ptr<Wire> MakeWire(const Engine& engine) {
  return std::make_unique<W>(engine);
}

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_SESSION_CODEC_H_
