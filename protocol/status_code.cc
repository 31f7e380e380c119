#include "protocol/status_code.h"

namespace tagcache::protocol {

std::string_view NameOf(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "ok";
    case StatusCode::kNotFound:
      return "not_found";
    case StatusCode::kExists:
      return "exists";
    case StatusCode::kNotAnInteger:
      return "not_an_integer";
    case StatusCode::kOverflow:
      return "overflow";
    case StatusCode::kKeyTooLong:
      return "key_too_long";
    case StatusCode::kTagTooLong:
      return "tag_too_long";
    case StatusCode::kTooManyTags:
      return "too_many_tags";
    case StatusCode::kValueTooLarge:
      return "value_too_large";
    case StatusCode::kBadRequest:
      return "bad_request";
    case StatusCode::kUnknownCommand:
      return "unknown_command";
    case StatusCode::kAuthRequired:
      return "auth_required";
    case StatusCode::kAuthFailed:
      return "auth_failed";
    case StatusCode::kOutOfMemory:
      return "out_of_memory";
    case StatusCode::kShuttingDown:
      return "shutting_down";
    case StatusCode::kReplyTooLarge:
      return "reply_too_large";
    case StatusCode::kUnrepresentable:
      return "unrepresentable";
    case StatusCode::kMissingKey:
      return "missing_key";
    case StatusCode::kMissingTag:
      return "missing_tag";
    case StatusCode::kMissingTags:
      return "missing_tags";
    case StatusCode::kEmptyTags:
      return "empty_tags";
    case StatusCode::kMissingKeys:
      return "missing_keys";
    case StatusCode::kEmptyKeys:
      return "empty_keys";
    case StatusCode::kInvalidTtl:
      return "invalid_ttl";
    case StatusCode::kInvalidBy:
      return "invalid_by";
    case StatusCode::kVersionMismatch:
      return "version_mismatch";
    case StatusCode::kStaleToken:
      return "stale_token";
    case StatusCode::kBadFrame:
      return "bad_frame";
    case StatusCode::kFrameTooLarge:
      return "frame_too_large";
    case StatusCode::kMessageTooLarge:
      return "message_too_large";
    case StatusCode::kLineTooLong:
      return "line_too_long";
    case StatusCode::kUnsupportedVersion:
      return "unsupported_version";
    case StatusCode::kTooManyConnections:
      return "too_many_connections";
  }
  // A number of a later version, from the wire.
  return "unknown_status";
}

std::string_view TextOf(StatusCode code) {
  if (code == StatusCode::kNotAnInteger) return "value is not an integer";
  if (code == StatusCode::kOverflow) return "integer overflow";
  return NameOf(code);
}

}  // namespace tagcache::protocol
