#ifndef TAGCACHE_PROTOCOL_FRAME_H_
#define TAGCACHE_PROTOCOL_FRAME_H_

// Frames: what the binary codec cuts its messages into.
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
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "protocol/buffer.h"
#include "protocol/status_code.h"

namespace tagcache::protocol {

inline constexpr uint8_t kRequestMagic = 0xC7;  // no text verb starts with a byte over 0x7F
inline constexpr uint8_t kResponseMagic = 0xC8;
inline constexpr size_t kHeaderSize = 16;
inline constexpr size_t kFlagsOffset = 2;
inline constexpr size_t kLengthOffset = 4;
inline constexpr size_t kIdOffset = 8;

inline constexpr uint8_t kMore = 1;  // frame flag: the message goes on in a later frame

struct FrameHeader {
  uint8_t opcode = 0;
  bool more = false;
  StatusCode status = StatusCode::kOk;
  uint32_t length = 0;  // of the body
  uint64_t id = 0;
};

enum class FrameState { kDone, kNeedMore, kBad };

// Numbers as they stand on the wire. (Shifted together byte by byte they would do on every machine,
// but g++ 12 makes loops of that at -O2.)
static_assert(std::endian::native == std::endian::little, "swap the bytes here");
template <typename T>
inline void StoreLittle(T value, char* to) {
  std::memcpy(to, &value, sizeof(T));
}
template <typename T>
inline T LoadLittle(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

// Reads the header at the front of `bytes`. kDone: *header is set and the whole body is there too.
// kNeedMore: nothing else is known (but *needed, when given, is how many bytes in all would make
// progress). kBad: *error says why; the stream can not be trusted any more.
FrameState ReadFrame(std::string_view bytes, uint8_t magic, uint32_t max_frame, FrameHeader* header,
                     StatusCode* error, size_t* needed = nullptr);

// Appends one message as frames: fields are appended, lengths are patched when a frame is full or
// finished. A message longer than max_frame becomes several frames. Fields that fit into the open
// frame and into the buffer's free space are plain stores.
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
  template <typename T>
  void Number(T value) {  // as many bytes as a T has
    char* to = Room(sizeof(T));
    if (to == nullptr) {
      char bytes[sizeof(T)];
      StoreLittle(value, bytes);
      return Split({bytes, sizeof(T)});
    }
    StoreLittle(value, to);
    out_.Commit(sizeof(T));
  }
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
  void Shorts(std::span<const std::string_view> list) {  // each as Short
    size_t size = list.size() * sizeof(uint16_t);
    for (const std::string_view bytes : list) size += bytes.size();
    char* to = Room(size);
    if (to == nullptr) {
      for (const std::string_view bytes : list) Short(bytes);
      return;
    }
    for (const std::string_view bytes : list) {
      StoreLittle(static_cast<uint16_t>(bytes.size()), to);
      to += sizeof(uint16_t);
      if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
      to += bytes.size();
    }
    out_.Commit(size);
  }
  // `n` bytes at the end, for the caller to fill; nullptr: the open frame has no room for them.
  char* Extend(size_t n) {
    char* to = Room(n);
    if (to != nullptr) out_.Commit(n);
    return to;
  }
  // Closes the last frame. `more` leaves the message open: go on with another FrameWriter of the
  // same ID later. `beside` is how many bytes of its body are sent after those in the buffer, from
  // elsewhere. REQUIRES: called once; they fit.
  void Finish(bool more = false, size_t beside = 0) { Close(more, beside); }

 private:
  // Where `n` bytes may be stored: they fit into the open frame, and the buffer has room. nullptr:
  // they must be split over frames.
  char* Room(size_t n) {
    if (out_.size() - frame_start_ + n > limit_) return nullptr;
    return out_.Prepare(n);
  }
  template <typename Length>
  void LengthAndBytes(Length length, std::string_view bytes) {
    assert(length == bytes.size() && "CheckRequest refuses what the length can not hold");
    char* to = Room(sizeof(Length) + bytes.size());
    if (to == nullptr) {
      Number(length);
      return Bytes(bytes);
    }
    StoreLittle(length, to);
    if (!bytes.empty()) std::memcpy(to + sizeof(Length), bytes.data(), bytes.size());
    out_.Commit(sizeof(Length) + bytes.size());
  }
  void Open() {
    frame_start_ = out_.size();
    char* header = out_.Prepare(kHeaderSize);
    header[0] = static_cast<char>(magic_);
    header[1] = static_cast<char>(opcode_);
    header[kFlagsOffset] = 0;
    header[3] = static_cast<char>(status_);
    StoreLittle<uint32_t>(0, header + kLengthOffset);
    StoreLittle(id_, header + kIdOffset);
    out_.Commit(kHeaderSize);
  }
  void Close(bool more, size_t beside = 0) {
    assert(out_.size() >= frame_start_ + kHeaderSize && "nothing is consumed from an open frame");
    assert(out_.size() - frame_start_ + beside <= limit_);
    char* header = out_.data() + frame_start_;
    assert(static_cast<uint8_t>(header[0]) == magic_ && static_cast<uint8_t>(header[1]) == opcode_);
    header[kFlagsOffset] = more ? static_cast<char>(kMore) : '\0';
    StoreLittle(static_cast<uint32_t>(out_.size() - frame_start_ - kHeaderSize + beside),
                header + kLengthOffset);
  }
  void Split(std::string_view bytes);

  Buffer& out_;
  uint64_t id_;
  size_t frame_start_ = 0;  // offset of the open frame's header in out_
  size_t limit_;            // of a frame with its header
  uint8_t magic_;
  uint8_t opcode_;
  StatusCode status_;
};

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_FRAME_H_
