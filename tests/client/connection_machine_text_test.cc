// The text lane: lines, in order.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "libclient/machine/connection_machine.h"
#include "tests/client/wire_script.h"

namespace tagcache {
namespace {

using protocol::Op;
using protocol::StatusCode;
using testing::Drain;
using testing::EventCopy;
using testing::Feed;
using testing::GetOf;
using testing::MGetOf;
using testing::TakeAll;
using Kind = Event::Kind;

constexpr std::string_view kThree[] = {"a", "b", "c"};

class TextMachine : public ::testing::Test {
 protected:
  static MachineOptions Text() {
    MachineOptions options;
    options.protocol = Protocol::kText;
    return options;
  }
  ConnectionMachine machine_{Text()};
};

TEST_F(TextMachine, BulkRequestIsALineAKeyAndItsAnswersAreOneReply) {
  const uint64_t id = machine_.Send(MGetOf(kThree));
  EXPECT_EQ(TakeAll(machine_), "GET\ta\nGET\tb\nGET\tc\n");
  for (size_t step = 1; step < 20; ++step) {
    ConnectionMachine machine(Text());
    machine.Send(MGetOf(kThree));
    const auto events = Feed(machine, "VALUE\tx\nNF\nVALUE\ty\tz\n", step);
    ASSERT_EQ(events.size(), 4u);
    EXPECT_EQ(events[0].value, "x");
    EXPECT_FALSE(events[1].found);
    EXPECT_EQ(events[2].value, "y\tz");
    EXPECT_EQ(events[2].index, 2u);
    EXPECT_EQ(events[3].kind, Kind::kDone);
    EXPECT_EQ(events[3].id, id);
  }
}

TEST_F(TextMachine, RefusedLinesOfABulkWriteAreRefusedItems) {
  const std::string_view tags[] = {"t", "u"};
  const protocol::PutItem items[] = {
      {"a", "1", 0, {}, {}}, {"b", "2", 0, 500, tags}, {"c", "3", 0, {}, {}}};
  protocol::Request request;
  request.op = Op::kMPut;
  request.items = items;
  machine_.Send(request);
  EXPECT_EQ(TakeAll(machine_), "PUT\ta\t-\t-\t1\nPUT\tb\t500\tt,u\t2\nPUT\tc\t-\t-\t3\n");
  const auto events = Feed(machine_, "OK\nERR value_too_large\nOK\n");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].number, 2);
  ASSERT_EQ(events[0].refused.size(), 1u);
  EXPECT_EQ(events[0].refused[0].index, 1u);
  EXPECT_EQ(events[0].refused[0].status, StatusCode::kValueTooLarge);
}

TEST_F(TextMachine, BulkDeleteCountsWhatWasThere) {
  protocol::Request request;
  request.op = Op::kMDelete;
  request.keys = kThree;
  machine_.Send(request);
  const auto events = Feed(machine_, "DEL ok\nDEL nf\nDEL ok\n");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].number, 2);
}

TEST_F(TextMachine, RefusedLinesOfABulkDeleteAreRefusedItems) {
  protocol::Request request;
  request.op = Op::kMDelete;
  request.keys = kThree;
  machine_.Send(request);
  const auto events = Feed(machine_, "DEL ok\nERR key_too_long\nDEL ok\n");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].number, 2);
  ASSERT_EQ(events[0].refused.size(), 1u);
  EXPECT_EQ(events[0].refused[0].index, 1u);
}

TEST_F(TextMachine, ErrorOnOneLineOfABulkGetIsThatOfItsItem) {
  machine_.Send(MGetOf(kThree));
  const auto events = Feed(machine_, "VALUE\tx\nERR key_too_long\nNF\n");
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[1].index, 1u);
  EXPECT_EQ(events[1].status, StatusCode::kKeyTooLong);
  EXPECT_FALSE(events[1].found);
  EXPECT_EQ(events[2].status, StatusCode::kOk);
  EXPECT_EQ(events[3].kind, Kind::kDone);
  EXPECT_EQ(events[3].status, StatusCode::kOk);
}

TEST_F(TextMachine, EmptyBulkRequestIsAnsweredWithoutALine) {
  machine_.Send(MGetOf({}));
  const auto events = Drain(machine_);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Kind::kDone);
}

// Lessons 1: without IDs a late answer can not be events from the next one's.
TEST_F(TextMachine, AbandonBreaksIt) {
  const uint64_t id = machine_.Send(GetOf("late"));
  machine_.Abandon(id);
  EXPECT_TRUE(machine_.broken());
  EXPECT_FALSE(machine_.quiescent());
  EXPECT_EQ(machine_.Next().kind, Kind::kBroken);
}

// Lessons 2: whatever shifted the answers, the surplus one is never given to the next request.
TEST_F(TextMachine, AnswerNobodyAskedForBreaksIt) {
  machine_.Send(GetOf("k"));
  const auto events = Feed(machine_, "VALUE\tv\nERR unknown_command\n");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].value, "v");
  EXPECT_EQ(events[1].kind, Kind::kBroken);
}

// Lessons 3: an answer of any length is taken whole, or ends the connection.
TEST_F(TextMachine, ValuesAroundAndFarOverCommonBufferSizesArriveWhole) {
  for (const size_t size : {8191, 8192, 8193, 65535, 65536, 65537, 3'000'000}) {
    const std::string value(size, 'v');
    const uint64_t id = machine_.Send(GetOf("k"));
    const auto events = Feed(machine_, "VALUE\t" + value + "\n", 4096);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].id, id);
    EXPECT_EQ(events[0].value, value);
  }
  EXPECT_TRUE(machine_.quiescent());
}

TEST_F(TextMachine, LineOverTheLimitBreaksIt) {
  MachineOptions options = Text();
  options.max_reply = 1000;
  ConnectionMachine machine(options);
  machine.Send(GetOf("k"));
  const auto events = Feed(machine, "VALUE\t" + std::string(2000, 'v'), 100);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Kind::kBroken);
}

TEST_F(TextMachine, LineThatIsNoAnswerToItsRequestBreaksIt) {
  machine_.Send(GetOf("k"));
  const auto events = Feed(machine_, "DEL ok\n");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Kind::kBroken);
}

TEST_F(TextMachine, AuthStandsInFrontOfTheFirstRequest) {
  MachineOptions options = Text();
  options.username = "ann";
  options.password = "se cret";
  ConnectionMachine machine(options);
  const uint64_t id = machine.Send(GetOf("k"));
  EXPECT_EQ(TakeAll(machine), "AUTH\tann\tse cret\nGET\tk\n");
  const auto events = Feed(machine, "OK\nVALUE\tv\n", 1);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].id, id);
  EXPECT_TRUE(machine.hello_acknowledged());

  ConnectionMachine refused(options);
  refused.Send(GetOf("k"));
  const auto broken = Feed(refused, "ERR auth_failed\nERR auth_required\n");
  ASSERT_EQ(broken.size(), 1u);
  EXPECT_EQ(broken[0].kind, Kind::kBroken);
  EXPECT_EQ(broken[0].status, StatusCode::kAuthFailed);
}

}  // namespace
}  // namespace tagcache
