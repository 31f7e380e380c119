#ifndef TAGCACHE_PROTOCOL_BINARY_CODEC_H_
#define TAGCACHE_PROTOCOL_BINARY_CODEC_H_

// The binary codec. Grammar, widths, limits and a worked example: docs/protocol.md.
//
// A message is the concatenation of the bodies of its frames; all but the last carry kMore. Frame
// boundaries mean nothing, and frames of different messages may be interleaved.
//
//    0        1        2        3        4                 8                         16
//   +--------+--------+--------+--------+-----------------+-------------------------+
//   | magic  | opcode | flags  | status | body length u32 | request ID u64          | body ...
//   +--------+--------+--------+--------+-----------------+-------------------------+
//
// All numbers are little-endian. Nothing here throws but std::bad_alloc from the buffers handed in.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/buffer.h"
#include "protocol/message.h"

namespace tagcache::protocol {

inline constexpr uint8_t kRequestMagic = 0xC7;  // no text verb starts with a byte over 0x7F
inline constexpr uint8_t kResponseMagic = 0xC8;
inline constexpr size_t kHeaderSize = 16;
// Every peer accepts frames with a body up to this size, before and without a HELLO.
inline constexpr uint32_t kBaseMaxFrame = 64 * 1024;

inline constexpr uint8_t kMore = 1;  // frame flag: the message goes on in a later frame

// Option bits of writes. Bits 2 (lease token) and 3 (expected version) are reserved; a set bit that
// is not known is refused with kBadRequest.
inline constexpr uint8_t kHasTtl = 1;
inline constexpr uint8_t kHasTags = 2;

struct FrameHeader {
  uint8_t opcode = 0;
  bool more = false;
  StatusCode status = StatusCode::kOk;
  uint32_t length = 0;  // of the body
  uint64_t id = 0;
};

enum class FrameState { kDone, kNeedMore, kBad };

// Reads the header at the front of `bytes`. kDone: *header is set and the whole body is there too.
// kNeedMore: nothing else is known (but *needed, when given, is how many bytes in all would make
// progress). kBad: *error says why; the stream can not be trusted any more.
FrameState ReadFrame(std::string_view bytes, uint8_t magic, uint32_t max_frame, FrameHeader* header,
                     StatusCode* error, size_t* needed = nullptr);

// Appends one message as frames: fields are appended, lengths are patched when a frame is full or
// finished. A message longer than max_frame becomes several frames.
class FrameWriter {
 public:
  FrameWriter(Buffer& out, uint8_t magic, uint8_t opcode, uint64_t id, StatusCode status,
              uint32_t max_frame);
  void U8(uint8_t value);
  void U16(uint16_t value);
  void U32(uint32_t value);
  void U64(uint64_t value);
  void Bytes(std::string_view bytes);  // no length
  // REQUIRES: bytes.size() <= 0xFFFF; callers check limits first.
  void Short(std::string_view bytes);  // u16 length, bytes
  void Long(std::string_view bytes);   // u32 length, bytes
  // Closes the last frame. `more` leaves the message open: go on with another FrameWriter of the
  // same ID later. REQUIRES: called once.
  void Finish(bool more = false);

 private:
  void Open();
  void Close(bool more);
  template <typename T>
  void Number(T value);

  Buffer& out_;
  size_t frame_start_;  // offset of the open frame's header in out_
  uint32_t max_frame_;
  uint8_t magic_;
  uint8_t opcode_;
  StatusCode status_;
  uint64_t id_;
};

// Appends a request. REQUIRES: keys, tags and names are at most 0xFFFF bytes, values at most
// 0xFFFFFFFF; CheckRequest says so with a name.
void EncodeRequest(const Request& request, uint32_t max_frame, Buffer& out);
// kOk, or what makes the request inexpressible (kKeyTooLong, kTagTooLong, kTooManyTags,
// kValueTooLarge).
StatusCode CheckRequest(const Request& request);

// Decodes the body of a request message. `error` names what is wrong: kUnknownCommand, kBadRequest.
// On false, *detail is a constant sentence for a person. Never reads outside `body`.
bool DecodeRequest(uint8_t opcode, uint64_t id, std::string_view body, Scratch& scratch,
                   Request* request, StatusCode* error, std::string_view* detail);

// Appends a response whose reply is not kValues. An error's body is its message.
void EncodeResponse(const Response& response, uint32_t max_frame, Buffer& out);
// Decodes the body of a response message. For kValues replies only op, id and status are set, and
// the body is read with ReadValueItem. false: the body does not parse.
bool DecodeResponse(uint8_t opcode, uint64_t id, StatusCode status, std::string_view body,
                    Scratch& scratch, Response* response);

// A kValues reply is one item after the other: a byte 0 (miss), or 1, flags u32, length u32, bytes.
// An item's head, so that a large value's bytes can follow piece by piece. A kValue reply (GET) is
// the same without its first byte.
void WriteValueHead(FrameWriter& writer, Reply reply, bool found, uint32_t flags, uint32_t length);
inline constexpr size_t kMaxValueHead = 9;
// Reads the item at the front of `bytes`. kDone: *item is set and *used is its size. kNeedMore: the
// item is not complete; *used is the size it has in all where that is known, else 0.
FrameState ReadValueItem(std::string_view bytes, ValueItem* item, size_t* used);

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_BINARY_CODEC_H_
