// How a connection finds its codec, and what a codec may rely on: a small codec of the test's own
// stands in the table.

#include <gtest/gtest.h>

#include <utility>

#include "server/session/codec.h"
#include "server/session/ordered_replies.h"
#include "tests/server/session_driver.h"

namespace tagcache::testing {
namespace {

using server::Borrowed;
using server::Codec;
using server::EntryRef;
using server::Incoming;
using server::Recognition;
using server::TimeMs;

constexpr std::string_view kGreeting = "toy/1 ";

// A request is "<letter> <key>\n", g: GET, l: GET_LEASE that may wait; an answer is
// "<number>=<value>\n", where the number is the request's place among the requests.
class ToyWire : public server::Wire {
 public:
  explicit ToyWire(bool in_order) : Wire({.in_order = in_order}) {}

  static Recognition Recognize(std::string_view prefix) {
    const std::string_view greeting = kGreeting.substr(0, prefix.size());
    if (prefix.substr(0, greeting.size()) != greeting) return Recognition::kNo;
    return prefix.size() < kGreeting.size() ? Recognition::kNeedMore : Recognition::kYes;
  }

  void Next(std::string_view bytes, protocol::Scratch&, Incoming* incoming) override {
    *incoming = Incoming();
    const size_t greeting = greeted_ ? 0 : kGreeting.size();
    const size_t end = bytes.find('\n');
    if (end == std::string_view::npos) return;
    greeted_ = true;
    incoming->used = end + 1;
    incoming->kind = Incoming::Kind::kRequest;
    incoming->request.op = bytes[greeting] == 'l' ? Op::kGetLease : Op::kGet;
    incoming->request.key = bytes.substr(greeting + 2, end - greeting - 2);
    incoming->request.id = ++requests_;
    incoming->request.lease_ms = 1000;
    incoming->request.wait_ms = 1000;
  }
  void Answer(const Request& request, const protocol::Response& response,
              protocol::Buffer& out) override {
    const bool token = response.lease == protocol::LeaseKind::kToken;
    Begin(request.id, out).Append(token ? "(token)\n" : "(nothing)\n");
  }
  void AnswerValue(const Request& request, EntryRef value, bool, protocol::Buffer& out) override {
    Begin(request.id, out);
    replies_.AddValue(std::move(value), "\n");
  }
  void AnswerValues(const Request&, std::span<EntryRef>, bool, protocol::Buffer&) override {}
  void AnswerRefusal(const Incoming&, std::string_view, protocol::Buffer&) override {}
  void RefuseIncomplete(std::string_view, StatusCode, std::string_view,
                        protocol::Buffer&) override {}
  bool waiting() const override { return replies_.waiting(); }
  void Produce(protocol::Buffer& out, Borrowed* borrowed) override {
    replies_.Produce(out, borrowed);
  }
  bool full() const override { return false; }

 private:
  protocol::Buffer& Begin(uint64_t id, protocol::Buffer& out) {
    protocol::Buffer& to = replies_.Destination(out);
    to.Append(std::to_string(id) + "=");
    return to;
  }

  server::OrderedReplies replies_;
  uint64_t requests_ = 0;
  bool greeted_ = false;
};

class OrderedToy final : public ToyWire {
 public:
  explicit OrderedToy(const Engine&) : ToyWire(true) {}
};
class UnorderedToy final : public ToyWire {
 public:
  explicit UnorderedToy(const Engine&) : ToyWire(false) {}
};

// The server's table with a row in front.
template <typename Toy>
std::vector<Codec> TableWith(Recognition (*recognize)(std::string_view) = ToyWire::Recognize) {
  std::vector<Codec> table = {{"toy", recognize, server::MakeWire<Toy>}};
  table.insert(table.end(), server::Codecs().begin(), server::Codecs().end());
  return table;
}

struct ToyDriver : Driver {
  explicit ToyDriver(std::vector<Codec> codecs)
      : Driver(SmallEngine(), codecs), table(std::move(codecs)) {}
  std::vector<Codec> table;
};

std::string NameOfChosen(std::string_view bytes) {
  const std::vector<Codec> table = TableWith<OrderedToy>();
  const Codec* codec = server::ChooseCodec(table, bytes);
  return codec == nullptr ? "(none yet)" : std::string(codec->name);
}

TEST(CodecTable, TheFirstBytesChooseARow) {
  EXPECT_EQ(NameOfChosen(""), "(none yet)");
  EXPECT_EQ(NameOfChosen("\xC7"), "binary");
  EXPECT_EQ(NameOfChosen("GET\tk\n"), "text");
  EXPECT_EQ(NameOfChosen("t"), "(none yet)");
  EXPECT_EQ(NameOfChosen("toy/1"), "(none yet)");
  EXPECT_EQ(NameOfChosen("toy/1 "), "toy");
  EXPECT_EQ(NameOfChosen("toy/2"), "text");
}

std::string NameOfServed(std::string_view bytes) {
  const Codec* codec = server::ChooseCodec(server::Codecs(), bytes);
  return codec == nullptr ? "(none yet)" : std::string(codec->name);
}

TEST(CodecTable, TheServersRowsDecideOnTheFirstByteUnlessItMayBeHttp) {
  for (int byte = 0; byte < 256; ++byte) {
    const char first = static_cast<char>(byte);
    const bool may_be_http = std::string_view("CDGHOPT").find(first) != std::string_view::npos;
    EXPECT_EQ(NameOfServed({&first, 1}),
              byte == 0xC7 ? "binary" : (may_be_http ? "(none yet)" : "text"))
        << byte;
  }
}

// lessons 37
TEST(CodecTable, TheFirstLineOfHttpIsRecognizedAndNoVerbIs) {
  for (const std::string_view line :
       {"GET / HTTP/1.1", "POST /x HTTP/1.1", "HEAD / HTTP/1.0", "PUT / HTTP/1.1",
        "DELETE / HTTP/1.1", "OPTIONS * HTTP/1.1", "PATCH / HTTP/1.1", "Host: x"}) {
    EXPECT_EQ(NameOfServed(line), "http") << line;
  }
  for (const std::string_view line : {"GET\tk\n", "PUT\tk\t-\t-\tv\n", "DEL\tk\n", "DECR\tk\n",
                                      "get\tk\n", "P\n", "GET\n", "GET k\n", "POST\n"}) {
    EXPECT_EQ(NameOfServed(line), "text") << line;
  }
}

TEST(CodecTable, HttpIsAnsweredWithNothingAndAClose) {
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{100}}) {
    Driver driver;
    driver.Store("k", "v");
    const std::string request = "POST / HTTP/1.1\r\nHost: x\r\n\r\nFLUSH\nSTATS\n";
    std::string sent;
    for (size_t at = 0; at < request.size(); at += piece) {
      sent += driver.Say(std::string_view(request).substr(at, piece));
    }
    EXPECT_EQ(sent, "");
    EXPECT_TRUE(driver.session.closing());
    EXPECT_TRUE(driver.Has("k"));
    EXPECT_EQ(driver.engine.workers()[0].http_refused.value(), 1u);
  }
}

TEST(CodecTable, APrefixMayArriveByteByByte) {
  ToyDriver driver(TableWith<OrderedToy>());
  driver.Store("k", "v");
  std::string sent;
  for (const char byte : std::string("toy/1 g k\ng x\n")) sent += driver.Say({&byte, 1});
  EXPECT_EQ(sent, "1=v\n2=(nothing)\n");
  EXPECT_EQ(driver.session.requests(), 2u);
}

TEST(CodecTable, APrefixSplitAnywhereIsTheSamePrefix) {
  for (const std::string_view requests : {"toy/1 g k\n", "toy/2\n", "t\n", "GET\tk\n"}) {
    ToyDriver whole(TableWith<OrderedToy>());
    whole.Store("k", "v");
    const std::string expected = whole.Say(requests);
    EXPECT_FALSE(expected.empty());
    for (size_t cut = 1; cut < requests.size(); ++cut) {
      ToyDriver driver(TableWith<OrderedToy>());
      driver.Store("k", "v");
      std::string sent = driver.Say(requests.substr(0, cut));
      sent += driver.Say(requests.substr(cut));
      EXPECT_EQ(sent, expected) << requests << " cut at " << cut;
    }
  }
}

TEST(CodecTable, ARowThatNeverDecidesIsPassedOver) {
  ToyDriver driver(TableWith<OrderedToy>([](std::string_view) { return Recognition::kNeedMore; }));
  const std::string line = "GET\t" + Repeat('k', server::kMaxPrefix) + "\n";
  std::string sent;
  for (const char byte : line) {
    sent += driver.Say({&byte, 1});
    EXPECT_LE(driver.session.buffered_input(), line.size());
  }
  EXPECT_EQ(sent, "NF\n");
}

TEST(CodecTable, AShutdownBeforeACodecIsChosenCloses) {
  ToyDriver driver(TableWith<OrderedToy>());
  EXPECT_EQ(driver.Say("toy"), "");
  driver.session.ShutDown(driver.now);
  EXPECT_TRUE(driver.session.closing());
  EXPECT_EQ(driver.Take(), "");
}

TEST(CodecState, TheNumberOfARequestComesBackWithItsAnswer) {
  ToyDriver driver(TableWith<OrderedToy>());
  driver.Store("k", Repeat('v', 200'000));
  EXPECT_EQ(driver.Say("toy/1 g x\ng k\ng y\n"),
            "1=(nothing)\n2=" + Repeat('v', 200'000) + "\n3=(nothing)\n");
}

// `two` asks for a key that another connection is computing; then the value comes.
std::string AnswersAroundAWait(ToyDriver& two) {
  const auto wakes = std::make_shared<server::WakeQueue>();
  two.session.AllowWaiting(wakes, &two);
  two.engine.store().GetOrLease("k", {.lease_ms = 1000, .holder = 99}, two.now);
  std::string sent = two.Say("toy/1 g x\nl k\ng y\n");
  two.Store("k", "late");
  for (server::WaitingRequest* woken = wakes->Take(); woken != nullptr;) {
    server::WaitingRequest* const next = woken->TakeNext();
    two.session.Wake(woken, two.now);
    woken = next;
  }
  return sent + two.Take();
}

TEST(CodecState, TheNumberOfARequestComesBackWhenItWaited) {
  ToyDriver driver(TableWith<UnorderedToy>());
  EXPECT_EQ(AnswersAroundAWait(driver), "1=(nothing)\n3=(nothing)\n2=late\n");
}

TEST(CodecState, OnACodecThatAnswersInOrderNoRequestWaits) {
  ToyDriver driver(TableWith<OrderedToy>());
  EXPECT_EQ(AnswersAroundAWait(driver), "1=(nothing)\n2=(nothing)\n3=(nothing)\n");
}

}  // namespace
}  // namespace tagcache::testing
