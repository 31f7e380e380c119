#include "protocol/frame.h"

namespace tagcache::protocol {
namespace {

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
