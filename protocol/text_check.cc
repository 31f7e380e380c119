#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "protocol/text_codec.h"
#include "protocol/text_fields.h"
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

// Checks the fields of a request, each for what its part of the line cannot carry. Empty: it can.
class LineCheck {
 public:
  using Result = std::string_view;

  explicit LineCheck(const Command& command) : command_(command) {}

  std::string_view Key(const Request& request) { return CheckKey(command_, request.key); }
  std::string_view Tag(const Request& request) { return CheckTag(request.key); }
  std::string_view Keys(const Request& request) { return CheckKeys(request.keys); }
  std::string_view TagList(const Request& request) { return CheckTags(request, command_); }
  std::string_view Ttl(const Request& request) {
    return request.ttl_at_creation ? "the time to live is for a new counter alone" : "";
  }
  std::string_view By(const Request&) { return {}; }
  std::string_view Value(const Request& request) { return CheckValue(request); }
  std::string_view Credentials(const Request& request) {
    return Holds(request.user, kLineBreakers) || Holds(request.password, kLineBreakers)
               ? "the user name or the password holds a TAB, CR or LF"
               : "";
  }
  template <Field kField>
  std::string_view Implied(const Request& request) {
    if (kField == Field::kInitial) return CheckInitial(request);
    if (kField == Field::kValueFlags && request.flags != kIntegerFlags) {
      return "the flags are not those of an integer";
    }
    if (kField == Field::kCursor && request.cursor != 0) {
      return "a cursor is given, and all keys come at once";
    }
    if (kField == Field::kLimit && request.limit != 0) {
      return "a limit is given, and all keys come at once";
    }
    if (kField == Field::kToken && request.token != 0) return "a lease token is given";
    return {};
  }

 private:
  const Command& command_;
};

}  // namespace

std::string_view CheckTextRequest(const Request& request) {
  const Command& command = CommandOf(request.op);
  if (command.text_verb.empty()) return NoVerb(command);
  LineCheck check(command);
  for (const Field field : command.fields) {
    if (field == Field::kEnd) break;
    if (const auto why = DescribeTextField(check, field, request); !why.empty()) return why;
  }
  return {};
}

}  // namespace tagcache::protocol
