#include "protocol/frame.h"

#include <gtest/gtest.h>

#include <string>

#include "protocol/message.h"

namespace tagcache::protocol {
namespace {

std::string Frame(uint8_t magic, uint8_t opcode, uint8_t flags, uint8_t status, uint32_t length,
                  uint64_t id, std::string_view body) {
  std::string bytes(kHeaderSize, '\0');
  bytes[0] = static_cast<char>(magic);
  bytes[1] = static_cast<char>(opcode);
  bytes[2] = static_cast<char>(flags);
  bytes[3] = static_cast<char>(status);
  StoreLittle(length, bytes.data() + 4);
  StoreLittle(id, bytes.data() + 8);
  return bytes.append(body);
}

// What ReadFrame says to `bytes`; its error, for those that are bad.
StatusCode ErrorOf(std::string_view bytes, uint8_t magic = kRequestMagic) {
  FrameHeader header;
  StatusCode error = StatusCode::kOk;
  EXPECT_EQ(ReadFrame(bytes, magic, kBaseMaxFrame, &header, &error), FrameState::kBad);
  return error;
}

TEST(ReadFrame, ReadsEveryFieldOfTheHeader) {
  const std::string bytes = Frame(kResponseMagic, 0x21, kMore, 17, 3, 0x1122334455667788, "abc");
  FrameHeader header;
  StatusCode error = StatusCode::kOk;
  ASSERT_EQ(ReadFrame(bytes, kResponseMagic, 3, &header, &error), FrameState::kDone);
  EXPECT_EQ(header.opcode, 0x21);
  EXPECT_TRUE(header.more);
  EXPECT_EQ(header.status, StatusCode::kOverflow);
  EXPECT_EQ(header.length, 3u);
  EXPECT_EQ(header.id, 0x1122334455667788u);
}

TEST(ReadFrame, NeedsMoreAtEachByteOfAFrameAndSaysHowMuch) {
  const std::string bytes = Frame(kRequestMagic, 0x10, 0, 0, 3, 1, "abc");
  FrameHeader header;
  StatusCode error = StatusCode::kOk;
  for (size_t n = 0; n < bytes.size(); ++n) {
    size_t needed = 0;
    EXPECT_EQ(ReadFrame({bytes.data(), n}, kRequestMagic, 64, &header, &error, &needed),
              FrameState::kNeedMore);
    EXPECT_EQ(needed, n < kHeaderSize ? kHeaderSize : bytes.size());
  }
  EXPECT_EQ(ReadFrame(bytes, kRequestMagic, 64, &header, &error), FrameState::kDone);
}

TEST(ReadFrame, LeavesBytesOfTheNextFrameAlone) {
  const std::string bytes = Frame(kRequestMagic, 0x10, 0, 0, 1, 1, "a") + "\xFFrest";
  FrameHeader header;
  StatusCode error = StatusCode::kOk;
  EXPECT_EQ(ReadFrame(bytes, kRequestMagic, 64, &header, &error), FrameState::kDone);
  EXPECT_EQ(header.length, 1u);
}

TEST(ReadFrame, RefusesAWrongMagicAtItsFirstByte) {
  EXPECT_EQ(ErrorOf("G"), StatusCode::kBadFrame);
  EXPECT_EQ(ErrorOf("\xC8"), StatusCode::kBadFrame);
  EXPECT_EQ(ErrorOf("\xC7", kResponseMagic), StatusCode::kBadFrame);
}

TEST(ReadFrame, RefusesEveryFlagButMore) {
  for (int flag = 2; flag < 256; flag *= 2) {
    EXPECT_EQ(ErrorOf(Frame(kRequestMagic, 0x10, static_cast<uint8_t>(flag), 0, 0, 1, "")),
              StatusCode::kBadFrame);
    EXPECT_EQ(ErrorOf(Frame(kResponseMagic, 0x10, static_cast<uint8_t>(flag | kMore), 0, 0, 1, ""),
                      kResponseMagic),
              StatusCode::kBadFrame);
  }
}

TEST(ReadFrame, RefusesARequestWithAStatus) {
  EXPECT_EQ(ErrorOf(Frame(kRequestMagic, 0x10, 0, 1, 0, 1, "")), StatusCode::kBadFrame);
}

TEST(ReadFrame, RefusesALengthOverTheLimitBeforeItsBodyComes) {
  EXPECT_EQ(ErrorOf(Frame(kRequestMagic, 0x10, 0, 0, kBaseMaxFrame + 1, 1, "")),
            StatusCode::kFrameTooLarge);
  EXPECT_EQ(ErrorOf(Frame(kRequestMagic, 0x10, 0, 0, 0xFFFFFFFF, 1, "")),
            StatusCode::kFrameTooLarge);
}

TEST(ReadFrame, TakesALengthThatIsTheLimit) {
  const std::string body(kBaseMaxFrame, 'x');
  FrameHeader header;
  StatusCode error = StatusCode::kOk;
  EXPECT_EQ(ReadFrame(Frame(kRequestMagic, 0x10, 0, 0, kBaseMaxFrame, 1, body), kRequestMagic,
                      kBaseMaxFrame, &header, &error),
            FrameState::kDone);
}

// The bodies of all frames in `bytes`, one after the other. Checks each header.
std::string Bodies(std::string_view bytes, uint32_t max_frame, bool more_at_end = false) {
  std::string all;
  while (!bytes.empty()) {
    FrameHeader header;
    StatusCode error = StatusCode::kOk;
    const FrameState state = ReadFrame(bytes, kResponseMagic, max_frame, &header, &error);
    EXPECT_EQ(state, FrameState::kDone);
    if (state != FrameState::kDone) break;
    EXPECT_EQ(header.id, 9u);
    EXPECT_EQ(header.opcode, 0x20);
    all += bytes.substr(kHeaderSize, header.length);
    bytes.remove_prefix(kHeaderSize + header.length);
    EXPECT_EQ(header.more, !bytes.empty() || more_at_end);
  }
  return all;
}

FrameWriter WriterTo(Buffer& out, uint32_t max_frame) {
  return FrameWriter(out, kResponseMagic, 0x20, 9, StatusCode::kOk, max_frame);
}

TEST(FrameWriter, WritesTheSameBytesWhateverTheFrameLimit) {
  std::string expected;
  for (uint32_t max_frame : {1000u, 40u, 7u, 2u, 1u}) {
    Buffer out;
    FrameWriter writer = WriterTo(out, max_frame);
    writer.Number<uint8_t>(0x01);
    writer.Number<uint16_t>(0x0203);
    writer.Number<uint32_t>(0x04050607);
    writer.Number<uint64_t>(0x08090A0B0C0D0E0F);
    writer.Short("short");
    writer.Long("long");
    writer.Bytes("bytes");
    writer.Bytes("");
    writer.Finish();
    const std::string body = Bodies(out.view(), max_frame);
    if (expected.empty()) expected = body;
    EXPECT_EQ(body, expected);
  }
  EXPECT_EQ(expected.substr(0, 7), std::string("\x01\x03\x02\x07\x06\x05\x04"));
  EXPECT_EQ(expected.substr(15), std::string("\5\0short\4\0\0\0longbytes", 20));
}

TEST(FrameWriter, AMessageThatFillsItsLastFrameHasNoEmptyOneBehindIt) {
  Buffer out;
  FrameWriter writer = WriterTo(out, 4);
  writer.Number<uint32_t>(1);
  writer.Number<uint32_t>(2);
  writer.Finish();
  EXPECT_EQ(out.size(), 2 * (kHeaderSize + 4));
}

TEST(FrameWriter, AnEmptyMessageIsOneFrame) {
  Buffer out;
  FrameWriter writer = WriterTo(out, 64);
  writer.Finish();
  EXPECT_EQ(out.size(), kHeaderSize);
  EXPECT_EQ(Bodies(out.view(), 64), "");
}

TEST(FrameWriter, AnOpenMessageGoesOnInAnotherWriter) {
  Buffer out;
  FrameWriter first = WriterTo(out, 64);
  first.Bytes("first ");
  first.Finish(true);
  EXPECT_EQ(Bodies(out.view(), 64, true), "first ");
  FrameWriter second = WriterTo(out, 64);
  second.Bytes("second");
  second.Finish();
  EXPECT_EQ(Bodies(out.view(), 64), "first second");
}

TEST(FrameWriter, StartsBehindWhatTheBufferHolds) {
  Buffer out;
  out.Append("before");
  out.Consume(3);
  FrameWriter writer = WriterTo(out, 8);
  writer.Bytes("twelve bytes");
  writer.Finish();
  EXPECT_EQ(out.view().substr(0, 3), "ore");
  EXPECT_EQ(Bodies(out.view().substr(3), 8), "twelve bytes");
}

}  // namespace
}  // namespace tagcache::protocol
