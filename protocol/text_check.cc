#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "protocol/text_codec.h"
#include "protocol/text_line.h"

namespace tagcache::protocol {
namespace {

// What each command without a verb is refused with, by opcode.
std::string_view NoVerb(const Command& command) {
  static const auto* const sentences = [] {
    auto* const all = new std::array<std::string, kOpCodes>;
    for (const Command& row : Commands()) {
      (*all)[static_cast<uint8_t>(row.op)] =
          "the text protocol has no " + std::string(row.name) + " command";
    }
    return all;
  }();
  return (*sentences)[static_cast<uint8_t>(command.op)];
}

std::string_view CheckKey(const Command& command, std::string_view key) {
  if (key.empty() && (command.traits & kWrites) != 0) return "the key is empty";
  if (key.find('\t') != std::string_view::npos) return "the key holds a TAB";
  if (key.find('\n') != std::string_view::npos) return "the key holds an LF";
  if (key.find('\r') != std::string_view::npos) return "the key holds a CR";
  return {};
}

std::string_view CheckTag(std::string_view tag) {
  if (tag.find('\t') != std::string_view::npos) return "a tag holds a TAB";
  if (tag.find('\n') != std::string_view::npos) return "a tag holds an LF";
  if (tag.find('\r') != std::string_view::npos) return "a tag holds a CR";
  return {};
}

// The server cuts lists at commas and, in INV_*, takes blanks off the pieces.
std::string_view CheckTags(const Request& request, const Command& command) {
  const Tags tags = request.tags.value_or(Tags());
  for (const std::string_view tag : tags) {
    if (const std::string_view why = CheckTag(tag); !why.empty()) return why;
    if (tag.empty()) return "a tag is empty";
    if (tag.find(',') != std::string_view::npos) return "a tag holds a comma";
    if (!ListsAreOptional(command) && Trim(tag) != tag) return "a tag begins or ends with a blank";
  }
  if (!ListsAreOptional(command)) return tags.empty() ? "the list of tags is empty" : "";
  if (tags.size() == 1 && tags[0] == "-") return "the only tag is '-', which means none";
  // A step keeps the tags unless some are given: "none from now on" has no word.
  if (HasField(command, Field::kBy) && request.tags && tags.empty()) {
    return "the list of tags is given and empty";
  }
  return {};
}

std::string_view CheckKeys(std::span<const std::string_view> keys) {
  if (keys.empty()) return "the list of keys is empty";
  for (const std::string_view key : keys) {
    if (key.empty()) return "a key is empty";
    if (Holds(key, kLineBreakers)) return "a key holds a TAB, CR or LF";
    if (key.find(',') != std::string_view::npos) return "a key holds a comma";
    if (Trim(key) != key) return "a key begins or ends with a blank";
  }
  return {};
}

std::string_view CheckValue(const Request& request) {
  if (request.value.find('\n') != std::string_view::npos) return "the value holds an LF";
  if (!FitsLineEnd(request.value)) return "the value ends with a CR";
  return request.flags == 0 ? "" : "the value has flags";
}

std::string_view CheckInitial(const Request& request) {
  if (request.op == Op::kIncrement) {
    return request.initial == request.by ? "" : "the initial value is not the step";
  }
  if (request.by == std::numeric_limits<int64_t>::min()) return "the step can not be negated";
  return request.initial == -request.by ? "" : "the initial value is not the step, negated";
}

std::string_view CheckField(const Request& request, const Command& command, Field field) {
  switch (field) {
    case Field::kKey:
      return CheckKey(command, request.key);
    case Field::kTag:
      return CheckTag(request.key);
    case Field::kKeys:
      return CheckKeys(request.keys);
    case Field::kTags:
      return CheckTags(request, command);
    case Field::kValue:
      return CheckValue(request);
    case Field::kInitial:
      return CheckInitial(request);
    case Field::kValueFlags:
      return request.flags == kIntegerFlags ? "" : "the flags are not those of an integer";
    case Field::kCursor:
      return request.cursor == 0 ? "" : "a cursor is given, and all keys come at once";
    case Field::kLimit:
      return request.limit == 0 ? "" : "a limit is given, and all keys come at once";
    case Field::kCredentials:
      return Holds(request.user, kLineBreakers) || Holds(request.password, kLineBreakers)
                 ? "the user name or the password holds a TAB, CR or LF"
                 : "";
    case Field::kToken:
      return request.token == 0 ? "" : "a lease token is given";
    case Field::kPrefix:  // of commands without a verb
    case Field::kVersion:
    case Field::kLease:
    case Field::kTtl:
    case Field::kBy:
    case Field::kMode:
    case Field::kOptions:
    case Field::kHello:
    case Field::kItems:
    case Field::kEnd:
      return {};
  }
  return {};
}

}  // namespace

std::string_view CheckTextRequest(const Request& request) {
  const Command& command = CommandOf(request.op);
  if (command.text_verb.empty()) return NoVerb(command);
  for (const Field field : command.fields) {
    if (field == Field::kEnd) break;
    if (const std::string_view why = CheckField(request, command, field); !why.empty()) return why;
  }
  return {};
}

}  // namespace tagcache::protocol
