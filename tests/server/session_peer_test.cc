// Handshake, credentials, hostile input, rejection and shutdown.

#include <gtest/gtest.h>

#include "tests/server/session_driver.h"

namespace tagcache::testing {
namespace {

EngineOptions WithCredentials() {
  EngineOptions options = SmallEngine();
  options.username = "app";
  options.password = "secret";
  return options;
}

std::string EncodedAuth(uint64_t id, std::string_view user, std::string_view password) {
  Request request;
  request.op = Op::kAuth;
  request.id = id;
  request.user = user;
  request.password = password;
  return Encoded(request);
}

TEST(Hello, AnswersVersionFrameAndName) {
  Driver driver;
  const Message agreed = Only(driver.Say(EncodedHello(65'536)));
  EXPECT_EQ(agreed.body[0], 1);
  EXPECT_EQ(agreed.body.substr(11), "tagcached 9.8.7");
  EXPECT_EQ(driver.session.peer().client_name, "test");
}

TEST(Hello, IsRefusedWhenItIsNotTheFirstRequest) {
  Driver driver;
  driver.Say(EncodedKey(Op::kPing, 1, ""));
  const Message refused = Only(driver.Say(EncodedHello(65'536)));
  EXPECT_EQ(refused.status, StatusCode::kBadRequest);
  EXPECT_FALSE(driver.session.closing());
}

TEST(Hello, IsRefusedTheSecondTime) {
  Driver driver;
  driver.Say(EncodedHello(65'536));
  EXPECT_EQ(Only(driver.Say(EncodedHello(65'536))).status, StatusCode::kBadRequest);
}

TEST(Hello, AnUnsupportedVersionIsToldWhichAreSupportedAndCloses) {
  Driver driver;
  Request hello;
  hello.op = Op::kHello;
  hello.hello.min_version = 2;
  hello.hello.max_version = 9;
  hello.hello.max_frame = 65'536;
  const Message refused = Only(driver.Say(Encoded(hello) + EncodedKey(Op::kPing, 2, "")));
  EXPECT_EQ(refused.status, StatusCode::kUnsupportedVersion);
  EXPECT_EQ(refused.body,
            "HELLO: versions 2 to 9 are asked for, this server speaks version 1 to 1");
  EXPECT_TRUE(driver.session.closing());
}

TEST(Hello, AFrameBelowWhatEveryPeerAcceptsIsRefused) {
  Driver driver;
  const Message refused = Only(driver.Say(EncodedHello(65'535)));
  EXPECT_EQ(refused.status, StatusCode::kBadRequest);
  EXPECT_EQ(refused.body, "HELLO: max_frame is 65535, every peer must accept 65536");
}

// lessons 24
TEST(Credentials, WithoutThemEveryCommandIsRefused) {
  for (const protocol::Command& command : protocol::Commands()) {
    if ((command.traits & protocol::kBeforeAuth) != 0) continue;
    Driver driver(WithCredentials());
    Request request;
    request.op = command.op;
    request.id = 5;
    const Message refused = Only(driver.Say(Encoded(request)));
    EXPECT_EQ(refused.status, StatusCode::kAuthRequired) << command.name;
    EXPECT_FALSE(driver.session.closing());
  }
}

TEST(Credentials, RefusedCommandsAreNotCarriedOut) {
  Driver driver(WithCredentials());
  driver.Store("k", "v");
  driver.Say(EncodedKey(Op::kFlush, 1, "") + EncodedPut(2, "new", "v"));
  EXPECT_TRUE(driver.Has("k"));
  EXPECT_FALSE(driver.Has("new"));
}

TEST(Credentials, AnOversizeWriteWithoutThemTouchesNothing) {
  EngineOptions options = WithCredentials();
  options.store.max_value = 1000;
  Driver driver(options);
  driver.Store("k", "v");
  const Message refused = Only(driver.Say(EncodedPut(2, "k", Repeat('x', 400'000))));
  EXPECT_EQ(refused.status, StatusCode::kAuthRequired);
  EXPECT_TRUE(driver.Has("k"));
}

TEST(Credentials, AnOverlongLineWithoutThemTouchesNothing) {
  EngineOptions options = WithCredentials();
  options.store.max_value = 1000;
  Driver driver(options);
  driver.Store("k", "v");
  EXPECT_EQ(driver.Say("PUT\tk\t-\t-\t" + Repeat('x', 400'000)), "ERR line_too_long\n");
  EXPECT_TRUE(driver.Has("k"));
}

TEST(Credentials, HelloBringsThemWithoutARoundTrip) {
  Driver driver(WithCredentials());
  const auto messages =
      Messages(driver.Say(EncodedHello(65'536, "app", "secret") + EncodedKey(Op::kPing, 2, "")));
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].status, StatusCode::kOk);
  EXPECT_EQ(messages[1].status, StatusCode::kOk);
}

TEST(Credentials, AuthBringsThemAfterAHelloWithout) {
  Driver driver(WithCredentials());
  const auto messages = Messages(driver.Say(EncodedHello(65'536) + EncodedAuth(2, "app", "secret") +
                                            EncodedKey(Op::kPing, 3, "")));
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[2].status, StatusCode::kOk);
}

TEST(Credentials, CommandsBehindAHelloWithWrongOnesAreRefused) {
  Driver driver(WithCredentials());
  const auto messages =
      Messages(driver.Say(EncodedHello(65'536, "app", "wrong") + EncodedPut(2, "k", "v")));
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].status, StatusCode::kAuthFailed);
  EXPECT_EQ(messages[1].status, StatusCode::kAuthRequired);
  EXPECT_FALSE(driver.Has("k"));
}

TEST(Credentials, TheThirdWrongAttemptCloses) {
  Driver driver(WithCredentials());
  driver.Say(EncodedAuth(1, "app", "a") + EncodedAuth(2, "app", "b"));
  EXPECT_FALSE(driver.session.closing());
  driver.Say(EncodedAuth(3, "app", "c"));
  EXPECT_TRUE(driver.session.closing());
}

TEST(Credentials, APrefixOrARepetitionOfThePasswordIsWrong) {
  for (const std::string_view password : {"", "s", "secre", "secret ", "secretsecret", "SECRET"}) {
    Driver driver(WithCredentials());
    EXPECT_EQ(Only(driver.Say(EncodedAuth(1, "app", password))).status, StatusCode::kAuthFailed)
        << password;
  }
}

TEST(Credentials, AWrongAttemptTakesAwayWhatWasGranted) {
  Driver driver(WithCredentials());
  driver.Say(EncodedAuth(1, "app", "secret"));
  driver.Say(EncodedAuth(2, "app", "wrong"));
  EXPECT_EQ(Only(driver.Say(EncodedKey(Op::kGet, 3, "k"))).status, StatusCode::kAuthRequired);
  EXPECT_EQ(Only(driver.Say(EncodedKey(Op::kPing, 4, ""))).status, StatusCode::kOk);
}

// lessons 33
TEST(Credentials, WithoutThemAPeerHasKilobytesOfInput) {
  const std::string half_line = "PUT\tk\t-\t-\t" + Repeat('v', 70'000);
  Request put;
  put.op = Op::kPut;
  put.id = 2;
  put.key = "k";
  const std::string value = Repeat('v', 1'000'000);
  put.value = value;
  const std::string parts = Encoded(put).substr(0, 140'000);
  Request keys;
  keys.op = Op::kMDelete;
  const std::vector<std::string_view> many(60'000, "ab");
  keys.keys = many;
  const std::string one_frame = Encoded(keys, 1 << 20).substr(0, 100'000);
  for (const std::string& bytes : {half_line, parts, one_frame}) {
    Driver driver(WithCredentials());
    for (size_t at = 0; at < bytes.size() && !driver.session.closing(); at += 1000) {
      driver.Feed(std::string_view(bytes).substr(at, 1000));
      EXPECT_LE(driver.session.buffered_input(), Session::kMaxBeforeAuth + 1000);
    }
    EXPECT_TRUE(driver.session.closing());
    EXPECT_EQ(driver.session.buffered_input(), 0u);
    EXPECT_NE(driver.Take().find(bytes[0] == 'P' ? "ERR auth_required" : "credentials"),
              std::string::npos);
    EXPECT_EQ(driver.engine.workers()[0].connections_closed_unauthenticated.value(), 1u);
  }
}

TEST(Credentials, WithoutThemAPeerHasKilobytesOfOutput) {
  Driver driver(WithCredentials());
  std::string pings;
  for (uint64_t id = 1; id <= 10'000; ++id) pings += EncodedKey(Op::kPing, id, "");
  driver.Feed(pings);
  EXPECT_TRUE(driver.session.closing());
  EXPECT_LE(driver.session.buffered_output(), Session::kMaxBeforeAuth);
}

TEST(Credentials, WithoutThemABatchIsNotDecoded) {
  Driver driver(WithCredentials());
  std::string malformed = EncodedKeys(Op::kMGet, 2, {"a", "b"});
  malformed[protocol::kHeaderSize + 1] = 100;  // the count
  const Message refused = Only(driver.Say(malformed));
  EXPECT_EQ(refused.status, StatusCode::kAuthRequired);
  EXPECT_EQ(refused.id, 2u);
  EXPECT_EQ(refused.body, "MGET: the server asks for credentials first");
}

TEST(Credentials, FailuresAreLoggedWithoutThePassword) {
  Driver driver(WithCredentials());
  driver.session.SetAddress("10.0.0.9:1234");
  driver.Say(EncodedAuth(1, "mallory", "guessed"));
  ASSERT_EQ(driver.events.lines.size(), 1u);
  EXPECT_EQ(driver.events.lines[0], "auth_failed peer=10.0.0.9:1234 user=mallory");
}

TEST(Credentials, OnTextEverythingIsRefusedUntilAuth) {
  Driver driver(WithCredentials());
  EXPECT_EQ(driver.Say("GET\tk\nNOPE\nAUTH\tapp\twrong\nAUTH\tapp\tsecret\nGET\tk\n"),
            "ERR auth_required\nERR auth_required\nERR auth_failed\nOK\nNF\n");
}

TEST(HostileInput, BytesThatAreNoFrameAreAnsweredAndClose) {
  Driver driver;
  const Message refused =
      Only(driver.Say(EncodedKey(Op::kPing, 1, "").substr(0, 1) + Repeat('\xFF', 40)));
  EXPECT_EQ(refused.status, StatusCode::kBadFrame);
  EXPECT_TRUE(driver.session.closing());
}

TEST(HostileInput, AFrameOverTheLimitIsAnsweredUnderItsIdAndCloses) {
  Driver driver;
  std::string frame = EncodedKey(Op::kPing, 77, "");
  frame[7] = 1;  // 16 MiB and more
  const Message refused = Only(driver.Say(frame));
  EXPECT_EQ(refused.status, StatusCode::kFrameTooLarge);
  EXPECT_EQ(refused.id, 77u);
  EXPECT_EQ(refused.body, "PING: a frame is longer than the limit max_frame, which is 262144");
  EXPECT_TRUE(driver.session.closing());
}

TEST(HostileInput, TooManyOpenMessagesAreRefused) {
  Driver driver;
  std::string sent;
  for (uint64_t id = 1; id <= 65; ++id) {
    std::string frame = EncodedKey(Op::kGet, id, "k");
    frame[2] = protocol::kMore;
    sent += driver.Say(frame);
  }
  EXPECT_EQ(Only(sent).status, StatusCode::kBadFrame);
  EXPECT_TRUE(driver.session.closing());
}

TEST(HostileInput, AMessageOverTheLimitIsRefusedInBoundedMemory) {
  EngineOptions options = SmallEngine();
  options.store.max_value = 1000;
  Driver driver(options);
  std::string frame = EncodedKey(Op::kMDelete, 1, "");
  const std::string body(60'000, '\0');
  frame = frame.substr(0, protocol::kHeaderSize) + body;
  frame[2] = protocol::kMore;
  protocol::StoreLittle<uint32_t>(60'000, frame.data() + 4);
  size_t most = 0;
  std::string sent;
  for (int i = 0; i < 1000 && !driver.session.closing(); ++i) {
    sent += driver.Say(frame);
    most = std::max(most, driver.session.buffered_input());
  }
  EXPECT_EQ(Only(sent).status, StatusCode::kMessageTooLarge);
  EXPECT_LE(most, 17u * 1024 * 1024);
}

TEST(HostileInput, ManyHalfMessagesTogetherAreBounded) {
  EngineOptions options = SmallEngine();
  options.store.max_value = 1000;
  Driver driver(options);
  size_t most = 0;
  for (int i = 0; i < 2000 && !driver.session.closing(); ++i) {
    std::string frame = EncodedKey(Op::kMDelete, static_cast<uint64_t>(i % 60), "");
    frame = frame.substr(0, protocol::kHeaderSize) + std::string(60'000, '\0');
    frame[2] = protocol::kMore;
    protocol::StoreLittle<uint32_t>(60'000, frame.data() + 4);
    driver.Say(frame);
    most = std::max(most, driver.session.buffered_input());
  }
  EXPECT_TRUE(driver.session.closing());
  EXPECT_LE(most, 33u * 1024 * 1024);
}

TEST(HostileInput, AnOpcodeThatChangesWithinAMessageCloses) {
  Driver driver;
  std::string frame = EncodedKey(Op::kGet, 1, "k");
  frame[2] = protocol::kMore;
  const Message refused = Only(driver.Say(frame + EncodedKey(Op::kDelete, 1, "k")));
  EXPECT_EQ(refused.status, StatusCode::kBadFrame);
  EXPECT_TRUE(driver.session.closing());
}

TEST(HostileInput, NothingIsReadAfterABrokenFrame) {
  Driver driver;
  driver.Say(EncodedKey(Op::kPing, 1, "") + Repeat('\xFF', 20) + EncodedPut(2, "k", "v"));
  driver.Say(EncodedPut(3, "k", "v"));
  EXPECT_FALSE(driver.Has("k"));
}

TEST(HostileInput, TheEventNamesThePeerAndNotItsBytes) {
  Driver driver;
  driver.session.SetAddress("10.0.0.9:1234");
  driver.Say(EncodedHello(65'536) + "secret value");
  ASSERT_EQ(driver.events.lines.size(), 1u);
  EXPECT_EQ(driver.events.lines[0],
            "protocol_error peer=10.0.0.9:1234 client=test error=bad_frame codec=binary");
}

// lessons 23
TEST(Rejection, TheFirstBinaryRequestIsAnsweredByName) {
  Driver driver;
  driver.session.Reject();
  const Message refused = Only(driver.Say(EncodedHello(65'536) + EncodedPut(2, "k", "v")));
  EXPECT_EQ(refused.status, StatusCode::kTooManyConnections);
  EXPECT_EQ(refused.body, "too many connections: the limit max_connections is 10000");
  EXPECT_TRUE(driver.session.closing());
  EXPECT_FALSE(driver.Has("k"));
}

TEST(Rejection, TheFirstTextRequestIsAnsweredByName) {
  Driver driver;
  driver.session.Reject();
  EXPECT_EQ(driver.Say("PUT\tk\nGET\tk\n"), "ERR too_many_connections\n");
  EXPECT_TRUE(driver.session.closing());
}

TEST(ShutDown, AnIdleSessionClosesWithoutAWord) {
  Driver driver;
  driver.Say(EncodedKey(Op::kPing, 1, ""));
  driver.session.ShutDown(driver.now);
  EXPECT_TRUE(driver.session.closing());
  EXPECT_EQ(driver.Take(), "");
}

TEST(ShutDown, WhatWasReadIsAnsweredCompletely) {
  Driver driver;
  driver.Store("k", Repeat('x', 100'000));
  std::string requests;
  for (uint64_t id = 1; id <= 2000; ++id) requests += EncodedKey(Op::kGet, id, "k");
  driver.Feed(requests);
  ASSERT_FALSE(driver.session.wants_input());
  driver.session.ShutDown(driver.now);
  EXPECT_FALSE(driver.session.closing());
  EXPECT_EQ(Messages(driver.Take()).size(), 2000u);
  EXPECT_TRUE(driver.session.closing());
}

TEST(ShutDown, ARequestThatCameInPartIsRefusedByName) {
  Driver driver;
  const std::string put = EncodedPut(8, "k", Repeat('x', 100'000));
  driver.Feed(put.substr(0, 80'000));
  driver.Feed(EncodedKey(Op::kGet, 9, "k").substr(0, 0));
  driver.session.ShutDown(driver.now);
  const Message refused = Only(driver.Take());
  EXPECT_EQ(refused.status, StatusCode::kShuttingDown);
  EXPECT_EQ(refused.id, 8u);
  EXPECT_FALSE(driver.Has("k"));
}

TEST(ShutDown, AHalfFrameIsRefusedUnderItsId) {
  Driver driver;
  driver.Feed(EncodedPut(8, "k", "value").substr(0, 20));
  driver.session.ShutDown(driver.now);
  EXPECT_EQ(Only(driver.Take()).id, 8u);
}

TEST(ShutDown, AHalfLineIsRefusedByName) {
  Driver driver;
  driver.Feed("GET\tk\nPUT\tk");
  driver.session.ShutDown(driver.now);
  EXPECT_EQ(driver.Take(), "NF\nERR shutting_down\n");
  EXPECT_TRUE(driver.session.closing());
}

}  // namespace
}  // namespace tagcache::testing
