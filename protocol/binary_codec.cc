#include "protocol/binary_codec.h"

#include <array>
#include <limits>

#include "protocol/binary_fields.h"
#include "protocol/body_reader.h"
#include "protocol/body_writer.h"

namespace tagcache::protocol {
namespace {

constexpr size_t kMaxShort = std::numeric_limits<uint16_t>::max();
constexpr size_t kMaxLong = std::numeric_limits<uint32_t>::max();

// The option bits of a row: of its optional fields, and of those that are a bit themselves. All
// others are reserved.
uint8_t KnownOptions(const Command& command) {
  // Read off the table once: it is asked for with each request.
  static const auto known = [] {
    std::array<uint8_t, kOpCodes> bits{};
    for (const Command& row : Commands()) {
      bits[static_cast<uint8_t>(row.op)] = (HasField(row, Field::kTtl) ? kHasTtl : 0) |
                                           (HasField(row, Field::kTags) ? kHasTags : 0) |
                                           (HasField(row, Field::kToken) ? kHasToken : 0) |
                                           (HasField(row, Field::kLease) ? kStaleOk : 0) |
                                           (HasField(row, Field::kBy) ? kTtlAtCreation : 0);
    }
    return bits;
  }();
  return known[static_cast<uint8_t>(command.op)];
}

// The options byte of a request.
uint8_t OptionsOf(const Command& command, const Request& request) {
  if (!HasField(command, Field::kOptions)) return kOptionsOfNoByte;
  return KnownOptions(command) &
         ((request.ttl ? kHasTtl : 0) | (request.tags ? kHasTags : 0) |
          (request.token != 0 ? kHasToken : 0) | (request.stale_ok ? kStaleOk : 0) |
          (request.ttl_at_creation ? kTtlAtCreation : 0));
}

template <typename Io, typename R>
[[gnu::always_inline]] inline void DescribeRequest(Io& io, const Command& command, R& request) {
  for (const Field field : command.fields) {
    if (field == Field::kEnd) return;
    DescribeField(io, field, request);
  }
}

StatusCode CheckTags(Tags tags) {
  if (tags.size() > kMaxShort) return StatusCode::kTooManyTags;
  for (const std::string_view tag : tags) {
    if (tag.size() > kMaxShort) return StatusCode::kTagTooLong;
  }
  return StatusCode::kOk;
}

StatusCode CheckItem(const PutItem& item) {
  if (item.key.size() > kMaxShort) return StatusCode::kKeyTooLong;
  if (item.value.size() > kMaxLong) return StatusCode::kValueTooLarge;
  return CheckTags(item.tags);
}

}  // namespace

void EncodeRequest(const Request& request, uint64_t id, uint32_t max_frame, Buffer& out) {
  const Command& command = CommandOf(request.op);
  BodyWriter writer(out, kRequestMagic, static_cast<uint8_t>(request.op), id, StatusCode::kOk,
                    max_frame, OptionsOf(command, request));
  DescribeRequest(writer, command, request);
  writer.Finish();
}

StatusCode CheckRequest(const Request& request) {
  if (request.key.size() > kMaxShort) {
    return HasField(CommandOf(request.op), Field::kTag) ? StatusCode::kTagTooLong
                                                        : StatusCode::kKeyTooLong;
  }
  if (request.value.size() > kMaxLong) return StatusCode::kValueTooLarge;
  if (request.keys.size() > kMaxLong || request.items.size() > kMaxLong ||
      request.user.size() > kMaxShort || request.password.size() > kMaxShort ||
      request.hello.name.size() > kMaxShort) {
    return StatusCode::kBadRequest;
  }
  for (const std::string_view key : request.keys) {
    if (key.size() > kMaxShort) return StatusCode::kKeyTooLong;
  }
  for (const PutItem& item : request.items) {
    if (const StatusCode code = CheckItem(item); code != StatusCode::kOk) return code;
  }
  return CheckTags(request.tags.value_or(Tags()));
}

bool DecodeRequest(uint8_t opcode, uint64_t id, std::string_view body, Scratch& scratch,
                   Request* request, StatusCode* error, std::string_view* detail, Lists lists) {
  *request = Request();
  request->op = static_cast<Op>(opcode);
  request->id = id;
  const Command* command = FindCommand(opcode);
  if (command == nullptr) {
    *error = StatusCode::kUnknownCommand;
    *detail = "there is no command with this opcode";
    return false;
  }
  BodyReader reader(body, KnownOptions(*command), scratch,
                    lists == Lists::kLeftInBatch ? &request->batch : nullptr);
  DescribeRequest(reader, *command, *request);
  if (command->op == Op::kHello) reader.RestIsForLater();
  *detail = reader.Finish();
  if (detail->empty()) return true;
  *error = StatusCode::kBadRequest;
  return false;
}

void EncodeResponse(const Response& response, uint32_t max_frame, Buffer& out) {
  BodyWriter writer(out, kResponseMagic, static_cast<uint8_t>(response.op), response.id,
                    response.status, max_frame, 0);
  if (IsError(response.status)) {
    writer.Bytes(response.message);
  } else if (response.status == StatusCode::kOk) {
    DescribeReply(writer, CommandOf(response.op).reply, response);
  }
  writer.Finish();
}

bool DecodeResponse(uint8_t opcode, uint64_t id, StatusCode status, std::string_view body,
                    Scratch& scratch, Response* response) {
  *response = Response();
  response->op = static_cast<Op>(opcode);
  response->id = id;
  response->status = status;
  if (IsError(status)) {
    response->message = body;
    return true;
  }
  const Command* command = FindCommand(opcode);
  if (command == nullptr) return false;
  if (status == StatusCode::kNotFound || status == StatusCode::kExists) return body.empty();
  if (status != StatusCode::kOk) return false;
  BodyReader reader(body, 0, scratch);
  DescribeReply(reader, command->reply, *response);
  response->hello.min_version = response->hello.max_version;  // the one that is used
  return reader.Finish().empty();
}

}  // namespace tagcache::protocol
