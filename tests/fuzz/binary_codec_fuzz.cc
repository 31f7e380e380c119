// Any bytes into the binary codec: it stays inside them, and what it takes it writes again as
// something that reads the same. The first byte picks the target, the second the opcode.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "protocol/binary_codec.h"
#include "tests/protocol/describe.h"

namespace tagcache::protocol {
namespace {

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// The body of the one message in `bytes`.
std::string Join(std::string_view bytes, uint8_t magic, uint32_t max_frame) {
  std::string body;
  FrameHeader header;
  do {
    StatusCode error = StatusCode::kOk;
    Require(ReadFrame(bytes, magic, max_frame, &header, &error) == FrameState::kDone,
            "our own frames are whole");
    body += bytes.substr(kHeaderSize, header.length);
    bytes.remove_prefix(kHeaderSize + header.length);
  } while (header.more);
  Require(bytes.empty(), "nothing follows the last frame");
  return body;
}

void Stream(std::string_view bytes, uint8_t magic) {
  constexpr uint32_t kMaxFrame = 64;
  while (true) {
    FrameHeader header;
    StatusCode error = StatusCode::kOk;
    size_t needed = 0;
    const FrameState state = ReadFrame(bytes, magic, kMaxFrame, &header, &error, &needed);
    if (state == FrameState::kBad) return Require(ClosesConnection(error), "the error closes");
    if (state == FrameState::kNeedMore) return Require(needed > bytes.size(), "more is needed");
    Require(header.length <= kMaxFrame, "the frame is inside its limit");
    Require(kHeaderSize + header.length <= bytes.size(), "the frame is inside the bytes");
    bytes.remove_prefix(kHeaderSize + header.length);
  }
}

void RequestBody(uint8_t opcode, std::string_view body) {
  Scratch scratch;
  Request request;
  StatusCode error = StatusCode::kOk;
  std::string_view detail;
  if (!DecodeRequest(opcode, 7, body, scratch, &request, &error, &detail)) {
    Require(IsError(error) && !detail.empty(), "a refusal has a name and a sentence");
    return;
  }
  Require(CheckRequest(request) == StatusCode::kOk, "what was read can be written");
  Buffer out;
  EncodeRequest(request, 48, out);
  const std::string again = Join(out.view(), kRequestMagic, 48);
  const std::string text = Describe(request);
  Scratch other;
  Require(DecodeRequest(opcode, 7, again, other, &request, &error, &detail), "it reads again");
  Require(Describe(request) == text, "the request is the same");
}

void ResponseBody(uint8_t opcode, StatusCode status, std::string_view body) {
  Scratch scratch;
  Response response;
  if (!DecodeResponse(opcode, 7, status, body, scratch, &response)) return;
  Buffer out;
  EncodeResponse(response, 48, out);
  const std::string again = Join(out.view(), kResponseMagic, 48);
  const std::string text = Describe(response);
  Scratch other;
  Require(DecodeResponse(opcode, 7, status, again, other, &response), "it reads again");
  Require(Describe(response) == text, "the response is the same");
}

void ValueItems(std::string_view body) {
  Buffer out;
  FrameWriter writer(out, kResponseMagic, static_cast<uint8_t>(Op::kMGet), 7, StatusCode::kOk, 48);
  size_t read = 0;
  while (true) {
    ValueItem item;
    size_t used = 0;
    const FrameState state = ReadValueItem(body.substr(read), &item, &used);
    if (state != FrameState::kDone) break;
    WriteValueHead(writer, Reply::kValues, item.found, item.flags,
                   static_cast<uint32_t>(item.value.size()));
    if (item.found) writer.Bytes(item.value);
    read += used;
  }
  writer.Finish();
  Require(Join(out.view(), kResponseMagic, 48) == body.substr(0, read), "items are the same");
}

}  // namespace
}  // namespace tagcache::protocol

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tagcache::protocol;
  if (size < 3) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 3, size - 3);
  switch (data[0] % 5) {
    case 0:
      Stream(body, kRequestMagic);
      break;
    case 1:
      Stream(body, kResponseMagic);
      break;
    case 2:
      RequestBody(data[1], body);
      break;
    case 3:
      ResponseBody(data[1], static_cast<StatusCode>(data[2]), body);
      break;
    case 4:
      ValueItems(body);
      break;
  }
  return 0;
}
