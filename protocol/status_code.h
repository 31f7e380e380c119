#ifndef TAGCACHE_PROTOCOL_STATUS_CODE_H_
#define TAGCACHE_PROTOCOL_STATUS_CODE_H_

// The status of a reply, one table for both codecs: the byte in a binary frame's header, and the
// name that follows "ERR " on the text codec. Numbers are part of the protocol; never reuse one.

#include <cstdint>
#include <string_view>

namespace tagcache::protocol {

enum class StatusCode : uint8_t {
  // Answers.
  kOk = 0,
  kNotFound = 1,  // a miss; DELETE, REPLACE, TOUCH, INCREMENT of nothing
  kExists = 2,    // ADD on a key that is there

  // Refusals. The connection goes on.
  kNotAnInteger = 16,
  kOverflow = 17,
  kKeyTooLong = 18,
  kTagTooLong = 19,
  kTooManyTags = 20,
  kValueTooLarge = 21,
  kBadRequest = 22,  // a body that does not parse, or a field out of range
  kUnknownCommand = 23,
  kAuthRequired = 24,
  kAuthFailed = 25,
  kOutOfMemory = 26,
  kShuttingDown = 27,
  kReplyTooLarge = 28,
  kUnrepresentable = 29,  // text codec: the answer holds bytes that line can not carry
  kMissingKey = 30,       // text codec: fewer fields than the verb needs
  kMissingTag = 31,
  kMissingTags = 32,
  kEmptyTags = 33,
  kMissingKeys = 34,
  kEmptyKeys = 35,
  kInvalidTtl = 36,
  kInvalidBy = 37,
  kVersionMismatch = 38,  // COMPARE_AND_SET, COMPARE_AND_DELETE: written since. APPEND, PREPEND of
                          // a large value: written each time while the longer one was made
  kStaleToken = 39,       // PUT under a lease that something overtook

  // Refusals after which the stream can not be trusted: the server answers and closes.
  kBadFrame = 64,       // wrong magic, unknown flag, more frames than the limits allow
  kFrameTooLarge = 65,  // a frame longer than was agreed
  kMessageTooLarge = 66,
  kLineTooLong = 67,  // text codec
  kUnsupportedVersion = 68,
  kTooManyConnections = 69,
};

// "not_an_integer", ...: lower case, for logs, documents and the text codec. The text codec's own
// wording, where older clients expect another ("value is not an integer"), is TextOf's.
std::string_view NameOf(StatusCode code);
// What stands after "ERR " on the text codec.
std::string_view TextOf(StatusCode code);

constexpr bool IsError(StatusCode code) { return static_cast<uint8_t>(code) >= 16; }
constexpr bool ClosesConnection(StatusCode code) { return static_cast<uint8_t>(code) >= 64; }

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_STATUS_CODE_H_
