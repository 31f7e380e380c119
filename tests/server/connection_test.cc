// A connection over a link that the test scripts: what it reads, how much room it has, what it
// holds back. So it also has the habits of links that do not exist yet: bytes that no event
// announces.

#include "server/net/connection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/net/worker.h"
#include "tests/server/session_driver.h"

namespace tagcache::testing {
namespace {

using server::Connection;
using server::Link;
using server::LinkUser;
using server::Place;
using server::Transfer;
using server::Worker;

// What a scripted link does, and what was done to it.
struct Script {
  std::deque<std::string> input;  // each is read at once, if there is space
  bool ends = false;              // after the input
  bool asks_upgrade = false;      // before the input
  const char* failure = nullptr;  // of every Write
  size_t room = SIZE_MAX;
  std::chrono::milliseconds write_takes{0};
  bool announces = true;  // false: input that is there makes Wait return false
  bool expects_polling = false;
  Script* successor = nullptr;

  std::string written;
  std::string refusal;
  int reads = 0;
  int writes = 0;
  bool to_read = false;
  bool to_write = false;
  bool polled = false;
  bool finished = false;
  bool closed = false;
};

class ScriptedLink final : public Link {
 public:
  explicit ScriptedLink(Script& script) : script_(script) {}

  Transfer Read(std::span<char> space) override {
    ++script_.reads;
    if (script_.asks_upgrade) return {.asks_upgrade = true};
    if (script_.input.empty()) return {.ended = script_.ends};
    std::string& next = script_.input.front();
    const size_t n = std::min(space.size(), next.size());
    std::copy_n(next.data(), n, space.data());
    next.erase(0, n);
    if (next.empty()) script_.input.pop_front();
    return {.bytes = n};
  }
  Transfer Write(std::span<const std::string_view> pieces) override {
    ++script_.writes;
    if (script_.failure != nullptr) return {.failure = script_.failure};
    if (script_.write_takes.count() > 0) std::this_thread::sleep_for(script_.write_takes);
    size_t written = 0;
    for (const std::string_view piece : pieces) {
      const size_t n = std::min(piece.size(), script_.room);
      script_.written += piece.substr(0, n);
      script_.room -= n;
      written += n;
    }
    return {.bytes = written};
  }
  bool HasRoom() override { return script_.room > 0; }
  bool Wait(bool to_read, bool to_write, bool polled) override {
    script_.to_read = to_read;
    script_.to_write = to_write;
    script_.polled = polled;
    return polled || script_.announces || script_.input.empty() || !to_read;
  }
  bool expects_polling() const override { return script_.expects_polling; }
  std::unique_ptr<Link> Upgrade(std::string_view refusal) override {
    script_.refusal = refusal;
    script_.asks_upgrade = false;
    if (script_.successor == nullptr) return nullptr;
    return std::make_unique<ScriptedLink>(*script_.successor);
  }
  bool FinishWriting() override { return script_.finished = true; }
  void Close() override { script_.closed = true; }
  std::string Address() const override { return "script"; }

 private:
  Script& script_;
};

class ConnectionTest : public ::testing::Test {
 protected:
  ~ConnectionTest() override {
    if (!closed()) connection_->CloseNow("the test is over");
    user().OnClosed();
  }
  void Start(bool rejected = false) {
    connection_ = new Connection(worker_);
    const Place place = rejected ? Place::kRejected : Place::kRegular;
    EXPECT_TRUE((rejected ? open_.rejected : open_.regular).TryAdd(1));
    worker_.Add(*connection_);
    connection_->Start(std::make_unique<ScriptedLink>(script_), place);
  }
  LinkUser& user() { return connection_->link_user(); }
  bool closed() const { return script_.closed || successor_.closed; }
  void Receive(std::string_view bytes) {
    script_.input.emplace_back(bytes);
    user().OnReady(true, false);
  }
  void TurnLoop(int turns) {
    for (int i = 0; i < turns; ++i) uv_run(worker_.loop(), UV_RUN_NOWAIT);
  }
  void Store(std::string_view key, std::string_view value) {
    engine_.store().Put({.key = key, .value = value}, server::WriteMode::kPut, Worker::Now());
  }
  // The connection is gone, for this reason.
  bool ClosedBecause(const std::string& reason) {
    return closed() && !events_.lines.empty() &&
           events_.lines.back().find("reason=" + reason) != std::string::npos;
  }

  Events events_;
  Engine engine_{SmallEngine(), &events_, Worker::Now()};
  server::OpenConnections open_;
  Worker worker_{engine_, {}, open_, false};
  Script script_;
  Script successor_;
  Connection* connection_ = nullptr;
};

TEST_F(ConnectionTest, AnswersWhatItReadsAndWaitsForMore) {
  Start();
  EXPECT_TRUE(script_.to_read && !script_.to_write && !script_.polled);
  Receive("PUT\tk\t-\t-\tv\nGET\tk\n");
  EXPECT_EQ(script_.written, "OK\nVALUE\tv\n");
  EXPECT_EQ(script_.writes, 1);
  EXPECT_EQ(script_.reads, 1) << "a read that does not fill the space is the last";
  EXPECT_TRUE(script_.to_read && !script_.to_write);
}

TEST_F(ConnectionTest, WhatHasNoRoomIsSentWhenThereIsSomeAndNotTriedBefore) {
  Start();
  script_.room = 4;
  Receive("GET\ta\nGET\tb\n");
  EXPECT_EQ(script_.written, "NF\nN");
  EXPECT_TRUE(script_.to_write);
  Receive("GET\tc\n");
  EXPECT_EQ(script_.writes, 1);
  script_.room = SIZE_MAX;
  user().OnReady(false, true);
  EXPECT_EQ(script_.written, "NF\nNF\nNF\n");
  EXPECT_FALSE(script_.to_write);
}

TEST_F(ConnectionTest, WhatTheLinkHoldsAlreadyIsReadWithoutAnEvent) {
  Start();
  script_.announces = false;
  script_.input = {"GET\ta\n", "GET\tb\n", "GET\tc\n"};
  user().OnReady(true, false);
  EXPECT_EQ(script_.written, "NF\n");
  TurnLoop(4);
  EXPECT_EQ(script_.written, "NF\nNF\nNF\n");
}

TEST_F(ConnectionTest, APolledConnectionIsReadWithoutAnEventUntilItIsQuiet) {
  script_.expects_polling = true;
  Start();
  Receive("GET\ta\n");
  EXPECT_TRUE(script_.polled);
  script_.input = {"GET\tb\n"};
  TurnLoop(1);
  EXPECT_EQ(script_.written, "NF\nNF\n");
  const uint64_t limit = server::Clock::Nanoseconds() + 10'000'000'000;
  while (connection_->polled() && server::Clock::Nanoseconds() < limit) TurnLoop(1);
  EXPECT_FALSE(connection_->polled() || script_.polled);
  EXPECT_TRUE(script_.to_read);
}

// A peer that reads as fast as the worker writes leaves the others their turn.
TEST_F(ConnectionTest, ATurnOfWritingEndsAndTheRestFollowsInTheNext) {
  constexpr size_t kFlush = 256 << 10;
  Store("k", Repeat('x', 4 << 20));
  Start();
  std::string requests;
  for (uint64_t id = 1; id <= 2; ++id) requests += EncodedKey(Op::kGet, id, "k");
  Receive(requests);
  int turns = 1;
  for (size_t before = 0; script_.to_write; ++turns) {
    EXPECT_LT(script_.written.size() - before, kFlush + (256 << 10)) << turns;
    before = script_.written.size();
    ASSERT_GT(script_.room, 0u);
    user().OnReady(false, true);
  }
  EXPECT_GE(turns, 16);
  const std::vector<Message> messages = Messages(script_.written);
  ASSERT_EQ(messages.size(), 2u);
  for (const Message& message : messages) EXPECT_EQ(message.value().size(), size_t{4} << 20);
}

// The peer takes everything at once, and what was held back takes long to carry out.
TEST_F(ConnectionTest, AFlushEndsAfterATimeToo) {
  Store("k", Repeat('x', 4 << 20));
  script_.write_takes = std::chrono::milliseconds(2);
  Start();
  Receive(EncodedKey(Op::kGet, 1, "k"));
  EXPECT_LE(script_.writes, 2);
  EXPECT_TRUE(script_.to_write) << "the rest follows in another turn";
}

TEST_F(ConnectionTest, APeerThatFinishedGetsItsAnswersBeforeTheClose) {
  Start();
  script_.room = 1;
  script_.ends = true;
  Receive("GET\ta\n");
  user().OnReady(true, false);
  EXPECT_FALSE(closed());
  EXPECT_FALSE(script_.to_read);
  script_.room = SIZE_MAX;
  user().OnReady(false, true);
  EXPECT_EQ(script_.written, "NF\n");
  EXPECT_TRUE(ClosedBecause("end of stream"));
}

TEST_F(ConnectionTest, ARejectedPeerGetsItsRefusalAndTimeToReadIt) {
  Start(true);
  Receive("GET\tk\n");
  EXPECT_EQ(script_.written, "ERR too_many_connections\n");
  EXPECT_TRUE(script_.finished);
  Receive("GET\tk\n");
  EXPECT_EQ(script_.written, "ERR too_many_connections\n") << "what comes now is dropped";
  EXPECT_FALSE(closed());
  script_.ends = true;
  user().OnReady(true, false);
  EXPECT_TRUE(ClosedBecause("done"));
}

// As over a link whose bytes no event announces: they must not keep the loop awake either.
TEST_F(ConnectionTest, WhatComesWhileLingeringIsDroppedWithoutAnEvent) {
  script_.announces = false;
  Start(true);
  script_.input = {"GET\ta\n", "GET\tb\n", "GET\tc\n"};
  user().OnReady(true, false);
  EXPECT_TRUE(script_.finished);
  TurnLoop(4);
  EXPECT_TRUE(script_.input.empty());
  EXPECT_FALSE(closed());
}

TEST_F(ConnectionTest, AFailureOfTheLinkClosesAndIsLogged) {
  Start();
  script_.failure = "the cable is cut";
  Receive("GET\tk\n");
  EXPECT_TRUE(ClosedBecause("the cable is cut"));
}

TEST_F(ConnectionTest, GoesOnOverTheLinkThatItsLinkIsUpgradedTo) {
  Start();
  script_.successor = &successor_;
  script_.asks_upgrade = true;
  user().OnReady(true, false);
  EXPECT_EQ(script_.refusal, "");
  EXPECT_TRUE(successor_.to_read);
  successor_.input = {"GET\tk\n"};
  user().OnReady(true, false);
  EXPECT_EQ(successor_.written, "NF\n");
  EXPECT_EQ(script_.written, "");
}

TEST_F(ConnectionTest, ARejectedPeerGetsNoOtherLink) {
  Start(true);
  script_.asks_upgrade = true;
  user().OnReady(true, false);
  EXPECT_NE(script_.refusal.find("too many connections"), std::string::npos);
  EXPECT_TRUE(script_.finished && script_.to_read);
}

}  // namespace
}  // namespace tagcache::testing
