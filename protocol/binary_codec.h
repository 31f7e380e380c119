#ifndef TAGCACHE_PROTOCOL_BINARY_CODEC_H_
#define TAGCACHE_PROTOCOL_BINARY_CODEC_H_

// The binary codec: requests and responses to the frames of frame.h and back. A body is the fields
// of the command's row, one after the other; binary_fields.h says what each is made of. Grammar,
// limits and a worked example: docs/protocol.md.
//
// All numbers are little-endian. Nothing here throws but std::bad_alloc from the buffers and the
// Scratch handed in.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "protocol/buffer.h"
#include "protocol/frame.h"
#include "protocol/message.h"

namespace tagcache::protocol {

// Option bits. Bit 3 is reserved. A bit that is set and that the command does not know is refused
// with kBadRequest.
inline constexpr uint8_t kHasTtl = 1;
inline constexpr uint8_t kHasTags = 2;
inline constexpr uint8_t kHasToken = 4;
inline constexpr uint8_t kStaleOk = 16;
inline constexpr uint8_t kTtlAtCreation = 32;

// Appends a request with this ID, whatever request.id is. REQUIRES: CheckRequest(request) is kOk.
void EncodeRequest(const Request& request, uint64_t id, uint32_t max_frame, Buffer& out);
inline void EncodeRequest(const Request& request, uint32_t max_frame, Buffer& out) {
  EncodeRequest(request, request.id, max_frame, out);
}
// kOk, or why the request cannot be encoded (keys and tags have at most 0xFFFF bytes, values at
// most 0xFFFFFFFF): kKeyTooLong, kTagTooLong, kTooManyTags, kValueTooLarge; kBadRequest for names,
// credentials and counts over their widths.
StatusCode CheckRequest(const Request& request);

// Decodes the body of a request message. `error` names what is wrong: kUnknownCommand, kBadRequest.
// On false, *detail is a constant sentence for a person. Never reads outside `body`.
bool DecodeRequest(uint8_t opcode, uint64_t id, std::string_view body, Scratch& scratch,
                   Request* request, StatusCode* error, std::string_view* detail,
                   Lists lists = Lists::kDecoded);

// Appends a response whose reply is not kValues. An error's body is its message. Of a Hello only
// max_version is sent, and read back as both versions. REQUIRES: op is one of the enumerators, or
// the status is an error.
void EncodeResponse(const Response& response, uint32_t max_frame, Buffer& out);
// Decodes the body of a response message. For kValues replies only op, id and status are set, and
// the body is read with ReadValueItem. false: the body does not parse.
bool DecodeResponse(uint8_t opcode, uint64_t id, StatusCode status, std::string_view body,
                    Scratch& scratch, Response* response);

// A kValues reply is one item after the other: a byte 0 (a miss), or 1, flags u32, length u32,
// bytes. A kValue reply (GET) is the same without its first byte; in a kLease reply that byte is a
// LeaseKind. WriteValueHead writes all but the bytes, which can then follow piece by piece. After a
// `mark` of 0 it writes nothing else.
inline constexpr size_t kMaxValueHead = 9;
inline void WriteValueHead(FrameWriter& writer, Reply reply, uint8_t mark, uint32_t flags,
                           uint32_t length) {
  char head[kMaxValueHead] = {static_cast<char>(mark)};
  StoreLittle(flags, head + 1);
  StoreLittle(length, head + 5);
  if (reply == Reply::kValue) {
    writer.Bytes({head + 1, kMaxValueHead - 1});
  } else {
    writer.Bytes({head, mark != 0 ? kMaxValueHead : 1});
  }
}
// A whole item of a kValues reply.
inline void WriteValueItem(FrameWriter& writer, const ValueItem& item) {
  char* to = writer.Extend(item.found ? kMaxValueHead + item.value.size() : 1);
  const auto length = static_cast<uint32_t>(item.value.size());
  if (to == nullptr) {
    WriteValueHead(writer, Reply::kValues, item.found, item.flags, length);
    return writer.Bytes(item.value);
  }
  to[0] = static_cast<char>(item.found);
  if (!item.found) return;
  StoreLittle(item.flags, to + 1);
  StoreLittle(length, to + 5);
  if (length > 0) std::memcpy(to + kMaxValueHead, item.value.data(), length);
}
// Reads the item at the front of `bytes`. kDone: *item is set and *used is its size. kNeedMore: the
// item is not complete; *used is the size it has in all where that is known, else 0.
inline FrameState ReadValueItem(std::string_view bytes, ValueItem* item, size_t* used) {
  *used = 0;
  if (bytes.empty()) return FrameState::kNeedMore;
  if (bytes[0] == 0) {
    *item = ValueItem();
    *used = 1;
    return FrameState::kDone;
  }
  if (bytes[0] != 1) return FrameState::kBad;
  if (bytes.size() < kMaxValueHead) return FrameState::kNeedMore;
  const size_t length = LoadLittle<uint32_t>(bytes.data() + 5);
  *used = kMaxValueHead + length;
  if (bytes.size() < *used) return FrameState::kNeedMore;
  *item = {true, LoadLittle<uint32_t>(bytes.data() + 1),
           std::string_view(bytes.data() + kMaxValueHead, length)};
  return FrameState::kDone;
}

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_BINARY_CODEC_H_
