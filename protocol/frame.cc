#include "protocol/frame.h"

namespace tagcache::protocol {
namespace {

constexpr size_t kFlagsOffset = 2;
constexpr size_t kLengthOffset = 4;
constexpr size_t kIdOffset = 8;

FrameState Bad(StatusCode code, StatusCode* error) {
  *error = code;
  return FrameState::kBad;
}

}  // namespace

FrameState ReadFrame(std::string_view bytes, uint8_t magic, uint32_t max_frame, FrameHeader* header,
                     StatusCode* error, size_t* needed) {
  if (!bytes.empty() && static_cast<uint8_t>(bytes[0]) != magic) {
    return Bad(StatusCode::kBadFrame, error);
  }
  if (bytes.size() < kHeaderSize) {
    if (needed != nullptr) *needed = kHeaderSize;
    return FrameState::kNeedMore;
  }
  const uint8_t flags = static_cast<uint8_t>(bytes[2]);
  const uint8_t status = static_cast<uint8_t>(bytes[3]);
  if ((flags & ~kMore) != 0) return Bad(StatusCode::kBadFrame, error);
  if (magic == kRequestMagic && status != 0) return Bad(StatusCode::kBadFrame, error);
  const uint32_t length = LoadLittle<uint32_t>(bytes.data() + kLengthOffset);
  if (length > max_frame) return Bad(StatusCode::kFrameTooLarge, error);
  if (bytes.size() < kHeaderSize + length) {
    if (needed != nullptr) *needed = kHeaderSize + length;
    return FrameState::kNeedMore;
  }
  header->opcode = static_cast<uint8_t>(bytes[1]);
  header->more = flags == kMore;
  header->status = static_cast<StatusCode>(status);
  header->length = length;
  header->id = LoadLittle<uint64_t>(bytes.data() + kIdOffset);
  return FrameState::kDone;
}

void FrameWriter::Open() {
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

void FrameWriter::Close(bool more, size_t beside) {
  char* header = out_.data() + frame_start_;
  header[kFlagsOffset] = more ? static_cast<char>(kMore) : '\0';
  StoreLittle(static_cast<uint32_t>(out_.size() - frame_start_ - kHeaderSize + beside),
              header + kLengthOffset);
}

void FrameWriter::Split(std::string_view bytes) {
  while (!bytes.empty()) {
    size_t room = limit_ - (out_.size() - frame_start_);
    if (room == 0) {
      Close(true);
      Open();
      room = limit_ - kHeaderSize;
    }
    const size_t n = std::min(room, bytes.size());
    out_.Append(bytes.data(), n);
    bytes.remove_prefix(n);
  }
}

}  // namespace tagcache::protocol
