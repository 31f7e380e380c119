#include "protocol/binary_codec.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/protocol/describe.h"
#include "tests/protocol/samples.h"

namespace tagcache::protocol {
namespace {

constexpr uint32_t kFrameLimits[] = {32, kBaseMaxFrame};
constexpr uint32_t kTinyFrameLimits[] = {1, 2, 7, 32};

// Puts the frames of a stream together again, as a peer does.
class Peer {
 public:
  explicit Peer(uint8_t magic, uint32_t max_frame) : magic_(magic), max_frame_(max_frame) {}

  struct Message {
    FrameHeader header;
    std::string body;
  };

  void Feed(std::string_view bytes) {
    in_.Append(bytes);
    FrameHeader header;
    StatusCode error = StatusCode::kOk;
    while (true) {
      const FrameState state = ReadFrame(in_.view(), magic_, max_frame_, &header, &error);
      ASSERT_NE(state, FrameState::kBad) << NameOf(error);
      if (state == FrameState::kNeedMore) return;
      ++frames;
      std::string& body = open_[header.id];
      body += in_.view().substr(kHeaderSize, header.length);
      in_.Consume(kHeaderSize + header.length);
      if (header.more) continue;
      done.push_back({header, std::move(body)});
      open_.erase(header.id);
    }
  }
  void Reset() {
    in_.Clear();
    open_.clear();
    done.clear();
    frames = 0;
  }

  std::vector<Message> done;
  size_t frames = 0;

 private:
  Buffer in_;
  std::map<uint64_t, std::string> open_;
  uint8_t magic_;
  uint32_t max_frame_;
};

// In an allocation of its own size, so that a sanitizer sees each read outside.
class Exact {
 public:
  explicit Exact(std::string_view bytes) : size_(bytes.size()), bytes_(new char[bytes.size()]) {
    if (size_ > 0) std::memcpy(bytes_.get(), bytes.data(), size_);
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  size_t size_;
  std::unique_ptr<char[]> bytes_;
};

struct Decoded {
  bool ok = false;
  StatusCode error = StatusCode::kOk;
  std::string_view detail;
  std::string text;
};

Decoded Decode(uint8_t opcode, std::string_view body) {
  const Exact exact(body);
  Scratch scratch;
  Request request;
  Decoded decoded;
  decoded.ok =
      DecodeRequest(opcode, 1, exact.view(), scratch, &request, &decoded.error, &decoded.detail);
  if (decoded.ok) decoded.text = Describe(request);
  return decoded;
}

Decoded Decode(Op op, std::string_view body) { return Decode(static_cast<uint8_t>(op), body); }

std::string BodyOf(const Request& request) {
  Buffer out;
  EncodeRequest(request, 0xFFFFFFFF, out);
  return std::string(out.view().substr(kHeaderSize));
}

void ExpectRequest(const Peer& peer, const Request& sent) {
  ASSERT_EQ(peer.done.size(), 1u);
  const Peer::Message& message = peer.done[0];
  EXPECT_EQ(message.header.id, sent.id);
  const Decoded decoded = Decode(message.header.opcode, message.body);
  EXPECT_TRUE(decoded.ok) << decoded.detail;
  EXPECT_EQ(decoded.text, Describe(sent));
}

// Lessons 2, 3 and 5: any bytes, of any length, in any pieces.
TEST(BinaryRequests, RoundTripSplitAtEveryByteInFramesOfEverySize) {
  for (const Request& request : SampleRequests()) {
    ASSERT_EQ(CheckRequest(request), StatusCode::kOk);
    for (const uint32_t max_frame : kFrameLimits) {
      Buffer out;
      EncodeRequest(request, max_frame, out);
      Peer peer(kRequestMagic, max_frame);
      for (size_t cut = 0; cut < out.size(); ++cut) {
        peer.Reset();
        peer.Feed(out.view().substr(0, cut));
        ASSERT_TRUE(peer.done.empty());
        peer.Feed(out.view().substr(cut));
        ASSERT_NO_FATAL_FAILURE(ExpectRequest(peer, request));
      }
    }
  }
}

TEST(BinaryRequests, RoundTripByteByByteInTinyFrames) {
  for (const Request& request : SampleRequests()) {
    for (const uint32_t max_frame : kTinyFrameLimits) {
      Buffer out;
      EncodeRequest(request, max_frame, out);
      Peer peer(kRequestMagic, max_frame);
      for (const char byte : out.view()) peer.Feed({&byte, 1});
      ASSERT_NO_FATAL_FAILURE(ExpectRequest(peer, request));
    }
  }
}

TEST(BinaryRequests, SpanManyFramesWhenTheFrameLimitIsTiny) {
  const std::string value(10'000, 'v');
  Request request;
  request.op = Op::kPut;
  request.key = "k";
  request.value = value;
  Buffer out;
  EncodeRequest(request, 32, out);
  Peer peer(kRequestMagic, 32);
  peer.Feed(out.view());
  EXPECT_EQ(peer.frames, (BodyOf(request).size() + 31) / 32);
  ExpectRequest(peer, request);
}

TEST(BinaryRequests, OfDifferentIdsMayBeInterleavedFrameByFrame) {
  Request first;
  first.op = Op::kPut;
  first.id = 1;
  first.key = "a longer key than one frame";
  first.value = "the first value";
  Request second = first;
  second.id = 2;
  second.value = "the second value";
  Buffer a;
  Buffer b;
  EncodeRequest(first, 8, a);
  EncodeRequest(second, 8, b);
  Peer peer(kRequestMagic, 8);
  while (!a.empty() || !b.empty()) {
    for (Buffer* stream : {&a, &b}) {
      const size_t n = std::min(stream->size(), kHeaderSize + 8);
      peer.Feed(stream->view().substr(0, n));
      stream->Consume(n);
    }
  }
  ASSERT_EQ(peer.done.size(), 2u);
  EXPECT_EQ(Decode(Op::kPut, peer.done[0].body).text, Describe(first));
  EXPECT_EQ(Decode(Op::kPut, peer.done[1].body).text, Describe(second));
}

TEST(BinaryRequests, CutShortAtAnyByteAreBadRequests) {
  for (const Request& request : SampleRequests()) {
    const std::string body = BodyOf(request);
    for (size_t n = 0; n < body.size(); ++n) {
      const Decoded decoded = Decode(request.op, {body.data(), n});
      EXPECT_FALSE(decoded.ok);
      EXPECT_EQ(decoded.error, StatusCode::kBadRequest);
      EXPECT_FALSE(decoded.detail.empty());
    }
  }
}

TEST(BinaryRequests, WithBytesBehindTheLastFieldAreBadRequestsButForHello) {
  for (const Request& request : SampleRequests()) {
    const Decoded decoded = Decode(request.op, BodyOf(request) + '\0');
    EXPECT_EQ(decoded.ok, request.op == Op::kHello);
    if (!decoded.ok) {
      EXPECT_EQ(decoded.error, StatusCode::kBadRequest);
      EXPECT_EQ(decoded.detail, "bytes follow the last field of the body");
    }
  }
}

TEST(BinaryRequests, OfUnknownOpcodesAreUnknownCommands) {
  for (int opcode = 0; opcode < 256; ++opcode) {
    if (FindCommand(static_cast<uint8_t>(opcode)) != nullptr) continue;
    const Decoded decoded = Decode(static_cast<uint8_t>(opcode), "body");
    EXPECT_FALSE(decoded.ok);
    EXPECT_EQ(decoded.error, StatusCode::kUnknownCommand);
  }
}

// Which option bits a body may set; all others are refused.
TEST(BinaryRequests, WithAnOptionBitTheCommandDoesNotKnowAreBadRequests) {
  const std::map<Op, int> known = {
      {Op::kGet, 0},           {Op::kMGet, 0},        {Op::kTouch, 1},      {Op::kPut, 7},
      {Op::kAdd, 3},           {Op::kReplace, 3},     {Op::kIncrement, 35}, {Op::kDecrement, 35},
      {Op::kAppend, 0},        {Op::kGetAndTouch, 1}, {Op::kGetLease, 16},  {Op::kPrepend, 0},
      {Op::kCompareAndSet, 3},
  };
  for (const Request& request : SampleRequests()) {
    if (!HasField(CommandOf(request.op), Field::kOptions)) continue;
    std::string body = BodyOf(request);
    for (int bit = 1; bit < 256; bit *= 2) {
      if ((known.at(request.op) & bit) != 0) continue;
      std::string changed = body;
      changed[0] = static_cast<char>(changed[0] | bit);
      const Decoded decoded = Decode(request.op, changed);
      EXPECT_FALSE(decoded.ok);
      EXPECT_EQ(decoded.error, StatusCode::kBadRequest);
      EXPECT_EQ(decoded.detail, "an option bit is set that this command does not know");
    }
  }
}

struct Malformed {
  const char* what;
  Op op;
  std::string body;
  const char* detail;
};

std::string Bytes(const char* bytes, size_t size) { return std::string(bytes, size); }
template <size_t N>
std::string Bytes(const char (&bytes)[N]) {
  return Bytes(bytes, N - 1);
}

constexpr const char* kHostile = "a list says it is longer than the rest of the body";
constexpr const char* kCutOff = "the body ends before its last field does";

TEST(BinaryRequests, MalformedInEachKindOfWayAreRefusedByName) {
  const Malformed cases[] = {
      {"keys: a hostile count", Op::kMGet, Bytes("\0\xFF\xFF\xFF\xFF"), kHostile},
      {"keys: one more than there is room for", Op::kMDelete, Bytes("\2\0\0\0\0\0"), kHostile},
      {"items: a hostile count", Op::kMPut, Bytes("\xFF\xFF\xFF\xFF"), kHostile},
      {"items: one more than there is room for", Op::kMPut, Bytes("\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
       kHostile},
      {"items: a hostile count of tags", Op::kMPut, Bytes("\1\0\0\0\2\0\0\xFF\xFF\0\0\0\0\0\0\0\0"),
       kHostile},
      {"items: a reserved option bit", Op::kMPut, Bytes("\1\0\0\0\4\0\0\0\0\0\0\0\0\0\0"),
       "an option bit is set that this command does not know"},
      {"tags: a hostile count", Op::kInvalidateTags, Bytes("\0\xFF\xFF"), kHostile},
      {"key: longer than the body", Op::kDelete, Bytes("\5\0abcd"), kCutOff},
      {"value: longer than the body", Op::kPut, Bytes("\0\1\0k\0\0\0\0\xFF\xFF\xFF\xFFv"), kCutOff},
      {"mode: neither any nor all", Op::kSearch, Bytes("\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
       "the mode is neither 0 (any) nor 1 (all)"},
      {"hello: lowest version above the highest", Op::kHello,
       Bytes("\2\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "the lowest version is above the highest"},
      {"token: none", Op::kPut, Bytes("\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
       "the lease token is 0, which no lease has"},
      {"ping: a body", Op::kPing, Bytes("x"), "bytes follow the last field of the body"},
  };
  for (const Malformed& test : cases) {
    const Decoded decoded = Decode(test.op, test.body);
    EXPECT_FALSE(decoded.ok) << test.what;
    EXPECT_EQ(decoded.error, StatusCode::kBadRequest) << test.what;
    EXPECT_EQ(decoded.detail, test.detail) << test.what;
  }
}

TEST(BinaryRequests, WithAHostileCountAllocateNothingForIt) {
  Scratch scratch;
  Request request;
  StatusCode error = StatusCode::kOk;
  std::string_view detail;
  for (const Op op : {Op::kMGet, Op::kMPut, Op::kInvalidateTags}) {
    const std::string body(8, '\xFF');
    const size_t options = op == Op::kMGet ? 1 : 0;
    std::string tried = body;
    if (options > 0) tried[0] = 0;
    if (op == Op::kInvalidateTags) tried[0] = 1;
    EXPECT_FALSE(
        DecodeRequest(static_cast<uint8_t>(op), 1, tried, scratch, &request, &error, &detail));
  }
  EXPECT_EQ(scratch.views.capacity(), 0u);
  EXPECT_EQ(scratch.items.capacity(), 0u);
}

TEST(BinaryRequests, DecodeWithoutAllocatingOnceTheScratchIsWarm) {
  Scratch scratch;
  Request request;
  StatusCode error = StatusCode::kOk;
  std::string_view detail;
  const void* memory[2] = {};
  for (int round = 0; round < 3; ++round) {
    for (const Request& sample : SampleRequests()) {
      const std::string body = BodyOf(sample);
      ASSERT_TRUE(DecodeRequest(static_cast<uint8_t>(sample.op), 1, body, scratch, &request, &error,
                                &detail));
    }
    if (round == 0) {
      memory[0] = scratch.views.data();
      memory[1] = scratch.items.data();
    }
  }
  EXPECT_EQ(scratch.views.data(), memory[0]);
  EXPECT_EQ(scratch.items.data(), memory[1]);
}

// Lessons 5: each item of a bulk write keeps its own tags, however much the list of them grows.
TEST(BinaryRequests, ItemsKeepTheirTagsWhenTheScratchMoves) {
  std::vector<std::string> names;
  for (int i = 0; i < 2000; ++i) names.push_back("tag" + std::to_string(i));
  const std::vector<std::string_view> tags(names.begin(), names.end());
  std::vector<PutItem> items;
  for (size_t i = 0; i + 2 < tags.size(); ++i) {
    items.push_back({tags[i], "v", 0, std::nullopt, Tags(tags).subspan(i, i % 3)});
  }
  Request request;
  request.op = Op::kMPut;
  request.items = items;
  EXPECT_EQ(Decode(Op::kMPut, BodyOf(request)).text, Describe(request));
}

TEST(BinaryRequests, ItemsLeaveNothingToTheNextRequestInTheSameScratch) {
  const std::string_view tags[] = {"a", "b"};
  const PutItem rich = {"key", "value", 7, 1000, tags};
  const PutItem plain = {"k", "v", 0, std::nullopt, {}};
  const std::vector<PutItem> three(3, rich), five(5, plain);
  Request first, second, third;
  first.op = second.op = Op::kMPut;
  first.items = three;
  second.items = five;
  third.op = Op::kGet;
  third.key = "k";
  Scratch scratch;
  for (const Request& sent : {first, second, third, first, third, second}) {
    const std::string body = BodyOf(sent);
    Request request;
    StatusCode error = StatusCode::kOk;
    std::string_view detail;
    ASSERT_TRUE(
        DecodeRequest(static_cast<uint8_t>(sent.op), 1, body, scratch, &request, &error, &detail));
    EXPECT_EQ(Describe(request), Describe(sent));
  }
}

TEST(CheckRequest, NamesWhatDoesNotFitTheWidths) {
  const std::string longest(0xFFFF, 'x');
  const std::string too_long(0x10000, 'x');
  const std::string_view too_long_list[] = {too_long};
  const std::vector<std::string_view> too_many(0x10000, "t");
  Request request;
  request.op = Op::kPut;
  request.key = longest;
  EXPECT_EQ(CheckRequest(request), StatusCode::kOk);
  request.key = too_long;
  EXPECT_EQ(CheckRequest(request), StatusCode::kKeyTooLong);
  request.op = Op::kInvalidateTag;
  EXPECT_EQ(CheckRequest(request), StatusCode::kTagTooLong);
  request = Request();
  request.tags = too_long_list;
  EXPECT_EQ(CheckRequest(request), StatusCode::kTagTooLong);
  request.tags = too_many;
  EXPECT_EQ(CheckRequest(request), StatusCode::kTooManyTags);
  request = Request();
  request.keys = too_long_list;
  EXPECT_EQ(CheckRequest(request), StatusCode::kKeyTooLong);
  request = Request();
  request.value = std::string_view("", size_t{1} << 32);  // is not looked at
  EXPECT_EQ(CheckRequest(request), StatusCode::kValueTooLarge);
  PutItem item;
  request = Request();
  request.items = {&item, 1};
  EXPECT_EQ(CheckRequest(request), StatusCode::kOk);
  item.key = too_long;
  EXPECT_EQ(CheckRequest(request), StatusCode::kKeyTooLong);
  item = PutItem();
  item.tags = too_many;
  EXPECT_EQ(CheckRequest(request), StatusCode::kTooManyTags);
  request = Request();
  request.password = too_long;
  EXPECT_EQ(CheckRequest(request), StatusCode::kBadRequest);
}

// What a response's body decodes to; empty when it does not parse.
std::string DecodeAnswer(uint8_t opcode, StatusCode status, std::string_view body) {
  const Exact exact(body);
  Scratch scratch;
  Response response;
  if (!DecodeResponse(opcode, 1, status, exact.view(), scratch, &response)) return "";
  return Describe(response);
}

TEST(BinaryResponses, RoundTripSplitAtEveryByteInFramesOfEverySize) {
  for (const Response& response : SampleResponses()) {
    for (const uint32_t max_frame : kFrameLimits) {
      Buffer out;
      EncodeResponse(response, max_frame, out);
      Peer peer(kResponseMagic, max_frame);
      for (size_t cut = 0; cut < out.size(); ++cut) {
        peer.Reset();
        peer.Feed(out.view().substr(0, cut));
        ASSERT_TRUE(peer.done.empty());
        peer.Feed(out.view().substr(cut));
        ASSERT_EQ(peer.done.size(), 1u);
        const FrameHeader& header = peer.done[0].header;
        EXPECT_EQ(header.id, response.id);
        ASSERT_EQ(DecodeAnswer(header.opcode, header.status, peer.done[0].body),
                  Describe(response));
      }
    }
  }
}

TEST(BinaryResponses, RoundTripByteByByteInTinyFrames) {
  for (const Response& response : SampleResponses()) {
    for (const uint32_t max_frame : kTinyFrameLimits) {
      Buffer out;
      EncodeResponse(response, max_frame, out);
      Peer peer(kResponseMagic, max_frame);
      for (const char byte : out.view()) peer.Feed({&byte, 1});
      ASSERT_EQ(peer.done.size(), 1u);
      const FrameHeader& header = peer.done[0].header;
      ASSERT_EQ(DecodeAnswer(header.opcode, header.status, peer.done[0].body), Describe(response));
    }
  }
}

std::string BodyOf(const Response& response) {
  Buffer out;
  EncodeResponse(response, 0xFFFFFFFF, out);
  return std::string(out.view().substr(kHeaderSize));
}

TEST(BinaryResponses, CutShortAtAnyByteDoNotParse) {
  for (const Response& response : SampleResponses()) {
    if (IsError(response.status)) continue;  // their body is their message, of any length
    const std::string body = BodyOf(response);
    for (size_t n = 0; n < body.size(); ++n) {
      EXPECT_EQ(DecodeAnswer(static_cast<uint8_t>(response.op), response.status, {body.data(), n}),
                "");
    }
  }
}

TEST(BinaryResponses, WithBytesBehindTheLastFieldDoNotParseButForHello) {
  for (const Response& response : SampleResponses()) {
    if (IsError(response.status)) continue;
    const std::string text =
        DecodeAnswer(static_cast<uint8_t>(response.op), response.status, BodyOf(response) + "x");
    EXPECT_EQ(!text.empty(), response.op == Op::kHello);
  }
}

TEST(BinaryResponses, WithAHostileCountDoNotParse) {
  const std::string full(64, '\xFF');
  for (const Op op : {Op::kMPut, Op::kKeysByTag, Op::kMeta, Op::kStats, Op::kTagStats}) {
    EXPECT_EQ(DecodeAnswer(static_cast<uint8_t>(op), StatusCode::kOk, full), "");
  }
}

TEST(BinaryResponses, WithAnAnswerStatusNobodyKnowsDoNotParse) {
  EXPECT_EQ(DecodeAnswer(static_cast<uint8_t>(Op::kPut), static_cast<StatusCode>(3), ""), "");
}

TEST(BinaryResponses, WithALeaseOfNoKnownKindDoNotParse) {
  for (const char* body : {"", "\4", "\4\0\0\0\0\0\0\0\0"}) {
    EXPECT_EQ(DecodeAnswer(static_cast<uint8_t>(Op::kGetLease), StatusCode::kOk, body), "");
  }
}

TEST(BinaryResponses, OfAnUnknownCommandParseAsErrorsOnly) {
  EXPECT_EQ(DecodeAnswer(0xEE, StatusCode::kOk, ""), "");
  EXPECT_NE(DecodeAnswer(0xEE, StatusCode::kUnknownCommand, "what"), "");
}

std::string ValuesBody(std::span<const ValueItem> items, uint32_t max_frame) {
  Buffer out;
  FrameWriter writer(out, kResponseMagic, static_cast<uint8_t>(Op::kMGet), 1, StatusCode::kOk,
                     max_frame);
  for (const ValueItem& item : items) {
    WriteValueHead(writer, Reply::kValues, item.found, item.flags,
                   static_cast<uint32_t>(item.value.size()));
    if (item.found) writer.Bytes(item.value);
  }
  writer.Finish();
  Peer peer(kResponseMagic, max_frame);
  peer.Feed(out.view());
  EXPECT_EQ(peer.done.size(), 1u);
  return peer.done.empty() ? "" : peer.done[0].body;
}

const ValueItem kValues[] = {{true, 6, "a value"},
                             {false, 0, ""},
                             {true, 0xFFFFFFFF, ""},
                             {false, 0, ""},
                             {true, 0, std::string_view("\0", 1)}};

TEST(ValueItems, RoundTripSplitAtEveryByteInFramesOfEverySize) {
  for (const uint32_t max_frame : kTinyFrameLimits) {
    const std::string body = ValuesBody(kValues, max_frame);
    size_t start = 0;
    for (const ValueItem& expected : kValues) {
      ValueItem item;
      size_t used = 0;
      size_t n = 0;
      while (true) {
        const Exact part(std::string_view(body).substr(start, n));
        const FrameState state = ReadValueItem(part.view(), &item, &used);
        ASSERT_NE(state, FrameState::kBad);
        if (state == FrameState::kDone) {
          EXPECT_EQ(item.found, expected.found);
          EXPECT_EQ(item.flags, expected.flags);
          EXPECT_EQ(item.value, expected.value);
          break;
        }
        EXPECT_EQ(used, n < kMaxValueHead ? 0 : kMaxValueHead + expected.value.size());
        ASSERT_LE(++n, body.size());
      }
      EXPECT_EQ(used, n);
      start += n;
    }
    EXPECT_EQ(start, body.size());
  }
}

TEST(ValueItems, WithAMarkThatIsNeitherHitNorMissAreBad) {
  ValueItem item;
  size_t used = 0;
  EXPECT_EQ(ReadValueItem("\2", &item, &used), FrameState::kBad);
}

TEST(ValueItems, OfGetHaveNoMark) {
  Buffer out;
  FrameWriter writer(out, kResponseMagic, static_cast<uint8_t>(Op::kGet), 7, StatusCode::kOk, 64);
  WriteValueHead(writer, Reply::kValue, true, 5, 3);
  writer.Bytes("abc");
  writer.Finish();
  Response response;
  response.op = Op::kGet;
  response.id = 7;
  response.flags = 5;
  response.value = "abc";
  Buffer whole;
  EncodeResponse(response, 64, whole);
  EXPECT_EQ(out.view(), whole.view());
}

TEST(ValueItems, OfGetLeaseBeginWithTheirKind) {
  for (const LeaseKind kind : {LeaseKind::kValue, LeaseKind::kStaleValue}) {
    Buffer out;
    FrameWriter writer(out, kResponseMagic, static_cast<uint8_t>(Op::kGetLease), 7, StatusCode::kOk,
                       64);
    WriteValueHead(writer, Reply::kLease, static_cast<uint8_t>(kind), 5, 3);
    writer.Bytes("abc");
    writer.Finish();
    Response response;
    response.op = Op::kGetLease;
    response.id = 7;
    response.lease = kind;
    response.flags = 5;
    response.value = "abc";
    Buffer whole;
    EncodeResponse(response, 64, whole);
    EXPECT_EQ(out.view(), whole.view());
  }
}

}  // namespace
}  // namespace tagcache::protocol
