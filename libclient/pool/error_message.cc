#include "libclient/pool/error_message.h"

#include <algorithm>

#include "protocol/shown.h"

namespace tagcache {

using protocol::StatusCode;

namespace {

constexpr bool Agree(ServerError error, StatusCode status) {
  return static_cast<uint8_t>(error) == static_cast<uint8_t>(status);
}
static_assert(Agree(ServerError::kNotAnInteger, StatusCode::kNotAnInteger));
static_assert(Agree(ServerError::kOverflow, StatusCode::kOverflow));
static_assert(Agree(ServerError::kKeyTooLong, StatusCode::kKeyTooLong));
static_assert(Agree(ServerError::kTagTooLong, StatusCode::kTagTooLong));
static_assert(Agree(ServerError::kTooManyTags, StatusCode::kTooManyTags));
static_assert(Agree(ServerError::kValueTooLarge, StatusCode::kValueTooLarge));
static_assert(Agree(ServerError::kAuthRequired, StatusCode::kAuthRequired));
static_assert(Agree(ServerError::kAuthFailed, StatusCode::kAuthFailed));
static_assert(Agree(ServerError::kOutOfMemory, StatusCode::kOutOfMemory));
static_assert(Agree(ServerError::kShuttingDown, StatusCode::kShuttingDown));
static_assert(Agree(ServerError::kStaleToken, StatusCode::kStaleToken));
static_assert(Agree(ServerError::kTooManyConnections, StatusCode::kTooManyConnections));

// The server begins its sentences with the command and the key; so do ours, if the call is about
// one.
std::string_view WithoutSubject(std::string_view message, bool has_key) {
  if (message.empty() || message[0] < 'A' || message[0] > 'Z') return message;
  const size_t verb_end = message.find_first_of(" :");
  if (verb_end == std::string_view::npos) return message;
  if (message.substr(verb_end, 2) == ": ") return message.substr(verb_end + 2);
  if (message.substr(verb_end, 2) != " '") return message;
  if (!has_key) return message.substr(verb_end + 1);
  const size_t subject_end = message.find("': ", verb_end);
  return subject_end == std::string_view::npos ? message : message.substr(subject_end + 3);
}

// "the value has 70 bytes, more than the server's max_value".
std::string Over(std::string_view what, size_t size, std::string_view unit,
                 std::string_view setting) {
  return "the " + std::string(what) + " has " + std::to_string(size) + " " + std::string(unit) +
         ", more than the server's " + std::string(setting);
}

// The message for a status that came without one.
std::string Explain(StatusCode status, const SentParts& sent) {
  switch (status) {
    case StatusCode::kKeyTooLong:
      if (sent.key.empty()) return "a key is longer than the server's max_key";
      return Over("key", sent.key.size(), "bytes", "max_key");
    case StatusCode::kValueTooLarge:
      return Over("value", sent.value_size, "bytes", "max_value");
    case StatusCode::kTooManyTags:
      return Over("entry", sent.tags.size(), "tags", "max_tags");
    case StatusCode::kTagTooLong: {
      // Where no tags are listed the command's key is the tag.
      std::string_view longest = sent.tags.empty() ? sent.key : sent.tags.front();
      for (const std::string_view tag : sent.tags)
        longest = tag.size() > longest.size() ? tag : longest;
      return Over("tag '" + ShownKey(longest) + "'", longest.size(), "bytes", "max_tag");
    }
    case StatusCode::kLineTooLong:
      return "the request's line is longer than the server takes: its max_value and the names";
    default: {
      std::string words(NameOf(status));
      std::replace(words.begin(), words.end(), '_', ' ');
      return words;
    }
  }
}

}  // namespace

std::string ShownKey(std::string_view key) {
  std::string shown;
  protocol::AppendShown(key, shown);
  return shown;
}

Status MakeError(ErrorCode code, const CallContext& call, std::string_view server,
                 std::string_view what, ServerError server_error) {
  std::string message(call.operation);
  if (call.has_key) message.append(" '").append(ShownKey(call.key)).append("'");
  if (!server.empty()) message.append(" on ").append(server);
  message.append(": ").append(what);
  return Status(code, std::move(message), server_error);
}

Status TimedOut(const CallContext& call, std::string_view server) {
  return MakeError(ErrorCode::kTimeout, call, server,
                   "timed out after " + std::to_string(call.timeout.count()) + " ms");
}

Status Refused(const CallContext& call, std::string_view server, StatusCode status,
               std::string_view message, const SentParts& sent) {
  std::string what(WithoutSubject(message, call.has_key));
  if (what.empty() || what == NameOf(status)) what = Explain(status, sent);
  return MakeError(ErrorCode::kServer, call, server, what, ServerErrorOf(status));
}

bool IsOfOneItem(StatusCode status) {
  switch (status) {
    case StatusCode::kKeyTooLong:
    case StatusCode::kTagTooLong:
    case StatusCode::kTooManyTags:
    case StatusCode::kValueTooLarge:
    case StatusCode::kOutOfMemory:
    case StatusCode::kLineTooLong:
      return true;
    default:  // also the numbers of later versions
      return false;
  }
}

Status AfterLost(Status status, const Status& lost) {
  if (status.ok() || lost.ok()) return status;
  return Status(status.code(),
                status.message() + "; an attempt before this one may have been carried out (" +
                    lost.message() + ")",
                status.server_error());
}

Status RefuseToken(const CallContext& call) {
  return MakeError(ErrorCode::kUsage, call, "",
                   "a lease token is given, and only a PUT of one key takes one");
}

ServerError ServerErrorOf(StatusCode status) {
  return protocol::IsError(status) ? static_cast<ServerError>(status) : ServerError::kNone;
}

}  // namespace tagcache
