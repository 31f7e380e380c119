#include "libclient/machine/connection_machine.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/client/wire_script.h"

namespace tagcache {
namespace {

using protocol::Op;
using protocol::StatusCode;
using testing::Bytes;
using testing::Drain;
using testing::ErrorReply;
using testing::EventCopy;
using testing::Feed;
using testing::Frame;
using testing::GetOf;
using testing::HelloReply;
using testing::MGetOf;
using testing::TakeAll;
using testing::ValueReply;
using testing::ValuesBody;
using testing::ValuesFrames;
using Kind = Event::Kind;
using Values = std::vector<std::optional<std::string>>;

constexpr std::string_view kThree[] = {"a", "b", "c"};

class ConnectionMachineTest : public ::testing::Test {
 protected:
  void Greet() {
    TakeAll(machine_);
    ASSERT_TRUE(Feed(machine_, HelloReply()).empty());
    ASSERT_TRUE(machine_.hello_acknowledged());
  }
  MachineOptions options_;
  ConnectionMachine machine_{options_};
};

// The decoded frames of what the client message.
std::vector<protocol::FrameHeader> FramesOf(std::string_view bytes) {
  std::vector<protocol::FrameHeader> frames;
  protocol::FrameHeader header;
  StatusCode error;
  while (protocol::ReadFrame(bytes, protocol::kRequestMagic, 1u << 30, &header, &error) ==
         protocol::FrameState::kDone) {
    frames.push_back(header);
    bytes.remove_prefix(protocol::kHeaderSize + header.length);
  }
  EXPECT_TRUE(bytes.empty());
  return frames;
}

TEST_F(ConnectionMachineTest, FirstOutputHoldsHelloInFrontOfTheFirstRequest) {
  const uint64_t id = machine_.Send(GetOf("k"));
  const auto frames = FramesOf(TakeAll(machine_));
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].opcode, static_cast<uint8_t>(Op::kHello));
  EXPECT_EQ(frames[1].opcode, static_cast<uint8_t>(Op::kGet));
  EXPECT_EQ(frames[1].id, id);
  machine_.Send(GetOf("k"));
  EXPECT_EQ(FramesOf(TakeAll(machine_)).size(), 1u) << "HELLO is sent once";
}

TEST_F(ConnectionMachineTest, FramesAreShortUntilHelloIsAnsweredAndLongAfterwards) {
  const std::string big(200 * 1024, 'x');
  protocol::Request put;
  put.op = Op::kPut;
  put.key = "k";
  put.value = big;
  machine_.Send(put);
  for (const auto& frame : FramesOf(TakeAll(machine_))) {
    EXPECT_LE(frame.length, protocol::kBaseMaxFrame);
  }
  Feed(machine_, HelloReply(256 * 1024));
  machine_.Send(put);
  EXPECT_EQ(FramesOf(TakeAll(machine_)).size(), 1u);
}

TEST_F(ConnectionMachineTest, HelloCarriesTheCredentials) {
  options_.username = "ann";
  options_.password = "secret";
  ConnectionMachine machine(options_);
  machine.Send(GetOf("k"));
  const std::string sent = TakeAll(machine);
  EXPECT_NE(sent.find("ann"), std::string::npos);
  EXPECT_NE(sent.find("secret"), std::string::npos);
}

TEST_F(ConnectionMachineTest, RefusedHelloBreaksItWithTheServersStatus) {
  machine_.Send(GetOf("k"));
  const auto events = Feed(machine_, ErrorReply(Op::kHello, 0, StatusCode::kAuthFailed, "no"));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Kind::kBroken);
  EXPECT_EQ(events[0].status, StatusCode::kAuthFailed);
  EXPECT_EQ(events[0].message, "no");
}

TEST_F(ConnectionMachineTest, AnswersAreToldWhereverTheBytesAreCut) {
  const std::string_view keys[] = {"a", "b", "c"};
  const Values values = {std::string("first"), std::nullopt, std::string(300, 'z')};
  for (size_t step = 1; step < 64; ++step) {
    ConnectionMachine machine(options_);
    const uint64_t get = machine.Send(GetOf("k"));
    const uint64_t mget = machine.Send(MGetOf(keys));
    std::string bytes = HelloReply() + ValueReply(get, "v");
    for (const std::string& frame : ValuesFrames(mget, values, 17)) bytes += frame;
    const auto events = Feed(machine, bytes, step);
    ASSERT_EQ(events.size(), 5u) << step;
    EXPECT_EQ(events[0].value, "v");
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(events[1 + i].kind, Kind::kItem);
      EXPECT_EQ(events[1 + i].index, i);
      EXPECT_EQ(events[1 + i].found, values[i].has_value());
      EXPECT_EQ(events[1 + i].value, values[i].value_or(""));
    }
    EXPECT_EQ(events[4].kind, Kind::kDone);
    EXPECT_TRUE(machine.quiescent());
  }
}

TEST_F(ConnectionMachineTest, ItemsAreToldWhereverFramesCutThem) {
  const Values values = {std::string("first"), std::nullopt, std::string(30, 'z')};
  for (size_t cut = 1; cut < 60; ++cut) {
    ConnectionMachine machine(options_);
    const uint64_t id = machine.Send(MGetOf(kThree));
    std::string bytes = HelloReply();
    for (const std::string& frame : ValuesFrames(id, values, cut)) bytes += frame;
    const auto events = Feed(machine, bytes);
    ASSERT_EQ(events.size(), 4u) << cut;
    EXPECT_EQ(events[0].value, "first");
    EXPECT_FALSE(events[1].found);
    EXPECT_EQ(events[2].value, std::string(30, 'z'));
  }
}

TEST_F(ConnectionMachineTest, ItemsOfAReceivedFramePointIntoTheReceiveBuffer) {
  const uint64_t id = machine_.Send(MGetOf(kThree));
  Greet();
  const std::string bytes =
      Frame(Op::kMGet, id, ValuesBody({std::string("x"), std::string("y"), std::nullopt}), false);
  const auto space = machine_.ReadSpace(bytes.size());
  std::memcpy(space.data(), bytes.data(), bytes.size());
  machine_.Received(bytes.size());
  const Event first = machine_.Next();
  const Event second = machine_.Next();
  EXPECT_GE(first.item.value.data(), space.data());
  EXPECT_LT(second.item.value.data(), space.data() + bytes.size());
}

// Lessons 1: an answer reaches its own request whatever came before it.
TEST_F(ConnectionMachineTest, AnswersInAnyOrderReachTheirOwnRequests) {
  std::vector<uint64_t> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(machine_.Send(GetOf("k")));
  Greet();
  for (size_t i = ids.size(); i-- > 0;) {
    const auto events = Feed(machine_, ValueReply(ids[i], "v" + std::to_string(i)));
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].id, ids[i]);
    EXPECT_EQ(events[0].value, "v" + std::to_string(i));
  }
  EXPECT_TRUE(machine_.quiescent());
}

TEST_F(ConnectionMachineTest, FramesOfSeveralRepliesMayBeInterleaved) {
  const std::string long_value(5000, 'L');
  const uint64_t large = machine_.Send(GetOf("large"));
  const uint64_t bulk = machine_.Send(MGetOf(kThree));
  const uint64_t small = machine_.Send(GetOf("small"));
  Greet();
  const auto items =
      ValuesFrames(bulk, {std::string(40, 'p'), std::string(40, 'q'), std::nullopt}, 30);
  std::string get_body(8, '\0');
  protocol::StoreLittle(static_cast<uint32_t>(long_value.size()), get_body.data() + 4);
  get_body += long_value;
  std::vector<std::string> pieces;
  for (size_t at = 0; at < get_body.size(); at += 1000) {
    pieces.push_back(
        Frame(Op::kGet, large, get_body.substr(at, 1000), at + 1000 < get_body.size()));
  }
  std::string bytes = pieces[0] + items[0] + ValueReply(small, "s");
  for (size_t i = 1; i < std::max(pieces.size(), items.size()); ++i) {
    if (i < pieces.size()) bytes += pieces[i];
    if (i < items.size()) bytes += items[i];
  }
  const auto events = Feed(machine_, bytes, 7);
  size_t seen_items = 0;
  for (const EventCopy& event : events) {
    if (event.id == small) {
      EXPECT_EQ(event.value, "s");
    }
    if (event.id == large) {
      EXPECT_EQ(event.value, long_value);
    }
    if (event.kind == Kind::kItem) ++seen_items;
  }
  EXPECT_EQ(events[0].id, small) << "a small answer does not wait for a large one";
  EXPECT_EQ(seen_items, 3u);
  EXPECT_EQ(events.size(), 6u);
  EXPECT_TRUE(machine_.quiescent());
}

TEST_F(ConnectionMachineTest, ValuesAreEmittedInTheOrderOfTheRequests) {
  for (size_t step = 1; step < 40; ++step) {
    ConnectionMachine machine(options_);
    const uint64_t first = machine.Send(MGetOf(kThree));
    const uint64_t second = machine.Send(MGetOf(kThree));
    const auto a = ValuesFrames(first, {std::string("1"), std::nullopt, std::string("3")}, 9);
    const auto b = ValuesFrames(second, {std::nullopt, std::string("5"), std::string("6")}, 9);
    std::string bytes = HelloReply() + b[0] + a[0] + b[1];
    for (size_t i = 1; i < a.size(); ++i) bytes += a[i];
    for (size_t i = 2; i < b.size(); ++i) bytes += b[i];
    const auto events = Feed(machine, bytes, step);
    ASSERT_EQ(events.size(), 8u);
    const char* const expected[] = {"1", "", "3", "", "", "5", "6", ""};
    for (size_t i = 0; i < events.size(); ++i) {
      EXPECT_EQ(events[i].id, i < 4 ? first : second) << i;
      EXPECT_EQ(events[i].value, expected[i]) << i;
    }
    EXPECT_TRUE(machine.quiescent());
  }
}

TEST_F(ConnectionMachineTest, ValuesThatCameWholeAndTooEarlyAreEmittedWhenTheirTurnComes) {
  ConnectionMachine machine(options_);
  const uint64_t first = machine.Send(MGetOf(kThree));
  const uint64_t second = machine.Send(MGetOf(kThree));
  const Values values = {std::string("x"), std::nullopt, std::string("z")};
  EXPECT_TRUE(Feed(machine, HelloReply() + ValuesFrames(second, values, 1000)[0]).empty());
  EXPECT_EQ(Feed(machine, ValuesFrames(first, values, 1000)[0]).size(), 8u);
  EXPECT_TRUE(machine.quiescent());
}

// Lessons 1.
TEST_F(ConnectionMachineTest, LateAnswerIsCountedAndDropped) {
  const uint64_t late = machine_.Send(GetOf("late"));
  Greet();
  machine_.Abandon(late);
  EXPECT_EQ(machine_.pending(), 0u);
  EXPECT_FALSE(machine_.quiescent()) << "its answer is still to come";
  const uint64_t next = machine_.Send(GetOf("next"));
  const auto events = Feed(machine_, ValueReply(late, "old") + ValueReply(next, "new"));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].id, next);
  EXPECT_EQ(events[0].value, "new");
  EXPECT_EQ(machine_.late_replies(), 1u);
  EXPECT_TRUE(machine_.quiescent());
}

TEST_F(ConnectionMachineTest, EveryFrameOfALateAnswerIsDroppedAndItCountsOnce) {
  const uint64_t late = machine_.Send(MGetOf(kThree));
  Greet();
  const auto frames =
      ValuesFrames(late, {std::string(50, 'a'), std::string(50, 'b'), std::string(50, 'c')}, 20);
  EXPECT_TRUE(Feed(machine_, frames[0]).empty());
  machine_.Abandon(late);
  const uint64_t next = machine_.Send(GetOf("next"));
  std::string rest;
  for (size_t i = 1; i < frames.size(); ++i) rest += frames[i];
  const auto events = Feed(machine_, rest + ValueReply(next, "new"), 3);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].value, "new");
  EXPECT_EQ(machine_.late_replies(), 1u);
}

TEST_F(ConnectionMachineTest, AnAnswerGivenUpInTheMiddleOfItsFrameIsSkipped) {
  const uint64_t id = machine_.Send(MGetOf(kThree));
  Greet();
  const std::string bytes = Frame(
      Op::kMGet, id, ValuesBody({std::string("x"), std::string("y"), std::string("z")}), false);
  const auto space = machine_.ReadSpace(bytes.size());
  std::memcpy(space.data(), bytes.data(), bytes.size());
  machine_.Received(bytes.size());
  EXPECT_EQ(machine_.Next().kind, Kind::kItem);
  machine_.Abandon(id);
  EXPECT_TRUE(Drain(machine_).empty());
  EXPECT_TRUE(machine_.quiescent());
}

TEST_F(ConnectionMachineTest, ErrorInTheMiddleOfABulkReplyEndsIt) {
  const uint64_t id = machine_.Send(MGetOf(kThree));
  Greet();
  const auto frames =
      ValuesFrames(id, {std::string("v"), std::string(50, 'b'), std::string("c")}, 20);
  const auto events =
      Feed(machine_, frames[0] + ErrorReply(Op::kMGet, id, StatusCode::kOutOfMemory, "full"));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].kind, Kind::kDone);
  EXPECT_EQ(events[1].status, StatusCode::kOutOfMemory);
  EXPECT_EQ(events[1].message, "full");
  EXPECT_TRUE(machine_.quiescent());
}

TEST_F(ConnectionMachineTest, ClosingStatusIsToldAndThenBreaksIt) {
  const uint64_t id = machine_.Send(GetOf("k"));
  Greet();
  const auto events = Feed(machine_, ErrorReply(Op::kGet, id, StatusCode::kMessageTooLarge, "big"));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind, Kind::kDone);
  EXPECT_EQ(events[0].status, StatusCode::kMessageTooLarge);
  EXPECT_EQ(events[1].kind, Kind::kBroken);
  EXPECT_EQ(events[1].status, StatusCode::kMessageTooLarge);
}

class HostileReply : public ::testing::TestWithParam<size_t> {};

// A name, and the bytes that a server sends after its HELLO as the answer to MGET a b c (ID 1).
const std::pair<const char*, std::string> kHostile[] = {
    {"bytes that are no frame", "HTTP/1.1 400 Bad Request\r\n\r\n"},
    {"the request's magic", std::string("\xC7") + std::string(15, '\0')},
    {"a frame over the limit",
     [] {
       std::string header = Frame(Op::kMGet, 1, "", false);
       protocol::StoreLittle<uint32_t>(300 * 1024, header.data() + 4);
       return header;
     }()},
    {"more values than keys",
     Frame(Op::kMGet, 1, ValuesBody({{}, {}, {}, std::string("more")}), false)},
    {"fewer values than keys", Frame(Op::kMGet, 1, ValuesBody({{}, {}}), false)},
    {"a value cut off for good",
     Frame(Op::kMGet, 1, ValuesBody({{}, {}, std::string("cut")}).substr(0, 12), false)},
    {"an item that is neither there nor not", Frame(Op::kMGet, 1, "\2", false)},
    {"another command's opcode", Frame(Op::kGet, 1, std::string(8, '\0'), false)},
    {"a second HELLO", HelloReply()},
    {"an error for the connection", ErrorReply(Op::kMGet, 9, StatusCode::kBadFrame, "bad")},
};

TEST_P(HostileReply, BreaksTheMachine) {
  ConnectionMachine machine{MachineOptions()};
  ASSERT_EQ(machine.Send(MGetOf(kThree)), 1u);
  const auto events = Feed(machine, HelloReply() + kHostile[GetParam()].second);
  ASSERT_FALSE(events.empty()) << kHostile[GetParam()].first;
  EXPECT_EQ(events.back().kind, Kind::kBroken) << kHostile[GetParam()].first;
  EXPECT_FALSE(events.back().message.empty());
  EXPECT_FALSE(machine.quiescent());
  EXPECT_EQ(machine.Next().kind, Kind::kBroken) << "and it stays so";
}
INSTANTIATE_TEST_SUITE_P(Each, HostileReply, ::testing::Range<size_t>(0, std::size(kHostile)));

TEST_F(ConnectionMachineTest, AServersWordAloneTakesNoMemory) {
  const uint64_t id = machine_.Send(MGetOf(kThree));
  Greet();
  std::string head = "\1";
  head.append(8, '\xFF');  // four gigabytes are announced
  const auto events = Feed(machine_, Frame(Op::kMGet, id, head, true));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Kind::kBroken);
}

TEST_F(ConnectionMachineTest, ReplyOverTheLimitBreaksIt) {
  options_.max_reply = 10'000;
  ConnectionMachine machine(options_);
  const uint64_t id = machine.Send(GetOf("k"));
  Feed(machine, HelloReply());
  std::vector<EventCopy> events;
  for (int i = 0; i < 20 && events.empty(); ++i) {
    events = Feed(machine, Frame(Op::kGet, id, std::string(1000, 'x'), true));
  }
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Kind::kBroken);
}

TEST_F(ConnectionMachineTest, HundredsOfThousandsOfRequestsMayBeUnderWay) {
  constexpr size_t kMany = 300'000;
  for (size_t i = 0; i < kMany; ++i) {
    machine_.Send(GetOf("k"));
    TakeAll(machine_);
  }
  EXPECT_EQ(machine_.pending(), kMany);
  Feed(machine_, HelloReply());
  std::string bytes;
  for (size_t i = 0; i < kMany; ++i) bytes += ValueReply(kMany - i, "v");
  EXPECT_EQ(Feed(machine_, bytes).size(), kMany);
  EXPECT_TRUE(machine_.quiescent());
  machine_.Trim();
  EXPECT_EQ(machine_.Send(GetOf("k")), kMany + 1);
  EXPECT_EQ(Feed(machine_, ValueReply(kMany + 1, "after")).at(0).value, "after");
}

}  // namespace
}  // namespace tagcache
