// GET_LEASE, and PUT under a lease, through sessions: bytes in, bytes out. Nobody waits here.

#include <gtest/gtest.h>

#include "tests/server/session_driver.h"

namespace tagcache::testing {
namespace {

using protocol::LeaseKind;

constexpr size_t kMiB = 1024 * 1024;

std::string EncodedLease(uint64_t id, std::string_view key, bool stale_ok = false,
                         uint32_t lease_ms = 1000) {
  Request request;
  request.op = Op::kGetLease;
  request.id = id;
  request.key = key;
  request.lease_ms = lease_ms;
  request.stale_ok = stale_ok;
  return Encoded(request);
}

std::string EncodedPutUnder(uint64_t token, std::string_view key, std::string_view value,
                            const std::vector<std::string_view>& tags = {}) {
  Request request;
  request.op = Op::kPut;
  request.id = 9;
  request.key = key;
  request.value = value;
  request.token = token;
  if (!tags.empty()) request.tags = protocol::Tags(tags);
  return Encoded(request);
}

LeaseKind KindOf(const Message& message) {
  EXPECT_EQ(message.status, StatusCode::kOk) << message.body;
  return message.body.empty() ? LeaseKind::kNothing : static_cast<LeaseKind>(message.body[0]);
}
uint64_t TokenOf(const Message& message) {
  EXPECT_EQ(KindOf(message), LeaseKind::kToken);
  return message.body.size() == 9 ? protocol::LoadLittle<uint64_t>(message.body.data() + 1) : 0;
}
std::string ValueOf(const Message& message) {
  return message.body.size() < protocol::kMaxValueHead
             ? "(no value)"
             : message.body.substr(protocol::kMaxValueHead);
}

// Two connections to one engine.
struct Two : Driver {
  using Driver::Driver;
  std::string SayOther(std::string_view bytes) {
    other.Receive(bytes, now);
    const std::string said(other.Output(now));
    other.Sent(said.size(), now);
    return said;
  }
  Session other{engine, engine.AddWorker()};
};

TEST(Leases, AMissGivesATokenAndWhoeverAsksMeanwhileNothing) {
  Two two;
  EXPECT_NE(TokenOf(Only(two.Say(EncodedLease(1, "k")))), 0u);
  EXPECT_EQ(KindOf(Only(two.SayOther(EncodedLease(1, "k")))), LeaseKind::kNothing);
  EXPECT_NE(TokenOf(Only(two.SayOther(EncodedLease(2, "l")))), 0u) << "another key";
}

TEST(Leases, APutUnderTheTokenAnswersWhoeverAsksFromThenOn) {
  Two two;
  const uint64_t token = TokenOf(Only(two.Say(EncodedLease(1, "k"))));
  EXPECT_EQ(Only(two.Say(EncodedPutUnder(token, "k", "v"))).status, StatusCode::kOk);
  const Message got = Only(two.SayOther(EncodedLease(2, "k")));
  EXPECT_EQ(KindOf(got), LeaseKind::kValue);
  EXPECT_EQ(ValueOf(got), "v");
}

TEST(Leases, APutUnderATokenThatATagOvertookIsStale) {
  Driver driver;
  const uint64_t token = TokenOf(Only(driver.Say(EncodedLease(1, "k"))));
  driver.Say(EncodedKey(Op::kInvalidateTag, 2, "t"));
  const Message refused = Only(driver.Say(EncodedPutUnder(token, "k", "old", {"t"})));
  EXPECT_EQ(refused.status, StatusCode::kStaleToken);
  EXPECT_NE(refused.body.find("PUT 'k'"), std::string::npos) << refused.body;
  EXPECT_FALSE(driver.Has("k"));
}

TEST(Leases, AStalePutLeavesTheNewerValue) {
  Driver driver;
  const uint64_t token = TokenOf(Only(driver.Say(EncodedLease(1, "k"))));
  driver.Store("k", "newer");
  EXPECT_EQ(Only(driver.Say(EncodedPutUnder(token, "k", "old"))).status, StatusCode::kStaleToken);
  EXPECT_EQ(Only(driver.Say(EncodedKey(Op::kGet, 2, "k"))).value(), "newer");
}

TEST(Leases, TheLastValueIsGivenWhereItWillDo) {
  Two two;
  two.Store("k", "last");
  Request touch;
  touch.op = Op::kTouch;
  touch.key = "k";
  touch.ttl = 10;
  two.Say(Encoded(touch));
  two.now += 20;
  EXPECT_NE(TokenOf(Only(two.Say(EncodedLease(1, "k")))), 0u);
  EXPECT_EQ(KindOf(Only(two.SayOther(EncodedLease(2, "k")))), LeaseKind::kNothing);
  const Message got = Only(two.SayOther(EncodedLease(3, "k", /*stale_ok=*/true)));
  EXPECT_EQ(KindOf(got), LeaseKind::kStaleValue);
  EXPECT_EQ(ValueOf(got), "last");
}

TEST(Leases, TheLeaseIsFreeWhenItsTimeIsOver) {
  Two two;
  TokenOf(Only(two.Say(EncodedLease(1, "k", false, 100))));
  two.now += 99;
  EXPECT_EQ(KindOf(Only(two.SayOther(EncodedLease(1, "k")))), LeaseKind::kNothing);
  two.now += 2;
  EXPECT_NE(TokenOf(Only(two.SayOther(EncodedLease(2, "k")))), 0u);
}

TEST(Leases, TheLeaseIsFreeWhenItsConnectionHasEnded) {
  Two two;
  TokenOf(Only(two.Say(EncodedLease(1, "k"))));
  two.session.Closed(two.now);
  EXPECT_NE(TokenOf(Only(two.SayOther(EncodedLease(2, "k")))), 0u);
}

TEST(Leases, AConnectionThatEndsLeavesTheLeasesOfOthers) {
  Two two;
  TokenOf(Only(two.Say(EncodedLease(1, "k"))));
  two.SayOther(EncodedLease(1, "l"));
  two.other.Closed(two.now);
  EXPECT_EQ(KindOf(Only(two.Say(EncodedLease(2, "k")))), LeaseKind::kNothing);
}

TEST(Leases, ALargeValueIsSentInPiecesWithItsKindInFront) {
  Driver driver;
  const std::string value = Repeat('v', 3 * kMiB);
  driver.Store("k", value);
  const std::vector<Message> answers =
      Messages(driver.Say(EncodedLease(1, "k") + EncodedKey(Op::kGet, 2, "absent")));
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].id, 2u) << "a small answer passes the large one";
  EXPECT_EQ(answers[1].op, Op::kGetLease);
  EXPECT_EQ(KindOf(answers[1]), LeaseKind::kValue);
  EXPECT_TRUE(ValueOf(answers[1]) == value);
}

TEST(Leases, ALeaseOfNoTimeAndKeysOverTheLimitAreRefused) {
  Driver driver;
  const Message refused = Only(driver.Say(EncodedLease(1, "k", false, 0)));
  EXPECT_EQ(refused.status, StatusCode::kBadRequest);
  EXPECT_NE(refused.body.find("GET_LEASE 'k'"), std::string::npos) << refused.body;
  EXPECT_EQ(Only(driver.Say(EncodedLease(1, Repeat('k', 2000)))).status, StatusCode::kKeyTooLong);
}

TEST(Leases, HelloTellsThatPutTakesATokenToWhoAsks) {
  Request hello;
  hello.op = Op::kHello;
  hello.hello.max_frame = protocol::kBaseMaxFrame;
  for (const uint32_t asked : {0u, protocol::kFeatures, 0xFFFFFFFFu}) {
    Driver driver;
    hello.hello.features = asked;
    const Message agreed = Only(driver.Say(Encoded(hello)));
    ASSERT_GT(agreed.body.size(), 5u);
    EXPECT_EQ(protocol::LoadLittle<uint32_t>(agreed.body.data() + 1), asked & protocol::kFeatures);
  }
}

}  // namespace
}  // namespace tagcache::testing
