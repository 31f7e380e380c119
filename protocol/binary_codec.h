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

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

// Numbers as they stand on the wire. Compilers turn each loop into one move.
template <typename T>
inline void StoreLittle(T value, char* to) {
  for (size_t i = 0; i < sizeof(T); ++i) {
    to[i] = static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
  }
}
template <typename T>
inline T LoadLittle(const char* from) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(from[i])) << (8 * i);
  }
  return static_cast<T>(value);
}

// Reads the header at the front of `bytes`. kDone: *header is set and the whole body is there too.
// kNeedMore: nothing else is known (but *needed, when given, is how many bytes in all would make
// progress). kBad: *error says why; the stream can not be trusted any more.
FrameState ReadFrame(std::string_view bytes, uint8_t magic, uint32_t max_frame, FrameHeader* header,
                     StatusCode* error, size_t* needed = nullptr);

// Appends one message as frames: fields are appended, lengths are patched when a frame is full or
// finished. A message longer than max_frame becomes several frames. Fields that fit into the open
// frame and into the buffer's room are plain stores.
// REQUIRES: nothing is consumed from `out` between construction and Finish; max_frame > 0.
class FrameWriter {
 public:
  FrameWriter(Buffer& out, uint8_t magic, uint8_t opcode, uint64_t id, StatusCode status,
              uint32_t max_frame)
      : out_(out),
        id_(id),
        limit_(kHeaderSize + std::max<uint32_t>(max_frame, 1)),
        magic_(magic),
        opcode_(opcode),
        status_(status) {
    Open();
  }
  void U8(uint8_t value) { Number(value); }
  void U16(uint16_t value) { Number(value); }
  void U32(uint32_t value) { Number(value); }
  void U64(uint64_t value) { Number(value); }
  void Bytes(std::string_view bytes) {  // no length
    char* to = Room(bytes.size());
    if (to == nullptr) return Split(bytes);
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    out_.Commit(bytes.size());
  }
  // REQUIRES: bytes.size() <= 0xFFFF; callers check limits first.
  void Short(std::string_view bytes) {  // u16 length, bytes
    LengthAndBytes(static_cast<uint16_t>(bytes.size()), bytes);
  }
  void Long(std::string_view bytes) {  // u32 length, bytes
    LengthAndBytes(static_cast<uint32_t>(bytes.size()), bytes);
  }
  // Closes the last frame. `more` leaves the message open: go on with another FrameWriter of the
  // same ID later. REQUIRES: called once.
  void Finish(bool more = false) { Close(more); }

 private:
  // Where `n` bytes may be stored: they fit into the open frame, and the buffer has room. nullptr:
  // they must be split over frames.
  char* Room(size_t n) {
    if (out_.size() - frame_start_ + n > limit_) return nullptr;
    return out_.Prepare(n);
  }
  template <typename T>
  void Number(T value) {
    char* to = Room(sizeof(T));
    if (to == nullptr) {
      char bytes[sizeof(T)];
      StoreLittle(value, bytes);
      return Split({bytes, sizeof(T)});
    }
    StoreLittle(value, to);
    out_.Commit(sizeof(T));
  }
  template <typename Length>
  void LengthAndBytes(Length length, std::string_view bytes) {
    char* to = Room(sizeof(Length) + bytes.size());
    if (to == nullptr) {
      Number(length);
      return Bytes(bytes);
    }
    StoreLittle(length, to);
    if (!bytes.empty()) std::memcpy(to + sizeof(Length), bytes.data(), bytes.size());
    out_.Commit(sizeof(Length) + bytes.size());
  }
  void Open();
  void Close(bool more);
  void Split(std::string_view bytes);

  Buffer& out_;
  uint64_t id_;
  size_t frame_start_ = 0;  // offset of the open frame's header in out_
  size_t limit_;            // of a frame with its header
  uint8_t magic_;
  uint8_t opcode_;
  StatusCode status_;
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
inline constexpr size_t kMaxValueHead = 9;
inline void WriteValueHead(FrameWriter& writer, Reply reply, bool found, uint32_t flags,
                           uint32_t length) {
  char head[kMaxValueHead] = {found ? '\1' : '\0'};
  StoreLittle(flags, head + 1);
  StoreLittle(length, head + 5);
  if (reply == Reply::kValue) {
    writer.Bytes({head + 1, kMaxValueHead - 1});
  } else {
    writer.Bytes({head, found ? kMaxValueHead : 1});
  }
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
