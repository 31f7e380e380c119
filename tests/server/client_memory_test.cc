#include "server/commands/client_memory.h"

#include <gtest/gtest.h>

#include <list>
#include <string>

#include "protocol/shm_ring.h"
#include "tests/server/running_server.h"

namespace tagcache::testing {
namespace {

using server::ClientMemory;
using server::EntryRef;
using Holder = ClientMemory::Holder;

constexpr size_t kKibi = 1024;
constexpr size_t kMebi = 1024 * kKibi;
constexpr TimeMs kLong = 10'000;

class ClientMemoryTest : public ::testing::Test {
 protected:
  Holder& Hold(size_t bytes, TimeMs since) { return HoldIn(group_, bytes, since); }
  Holder& HoldIn(ClientMemory::Group& group, size_t bytes, TimeMs since) {
    Holder& holder = holders_.emplace_back(memory_, group, nullptr);
    holder.ReportOwned(bytes, since);
    return holder;
  }
  void Put(std::string_view value) {
    store_.Put({.key = "k", .value = value}, server::WriteMode::kPut, 0);
  }

  server::Store store_{{.shards = 1}};
  ClientMemory memory_{100 * kMebi, store_};
  int signals_ = 0;
  int others_signals_ = 0;
  ClientMemory::Group group_{memory_, [](void* n) { ++*static_cast<int*>(n); }, &signals_};
  ClientMemory::Group others_{memory_, [](void* n) { ++*static_cast<int*>(n); }, &others_signals_};
  std::list<Holder> holders_;
};

TEST_F(ClientMemoryTest, IsTheSumOfWhatConnectionsHoldNow) {
  Holder& holder = Hold(10 * kMebi, 0);
  Hold(100, 0);
  EXPECT_EQ(memory_.used(), 10 * kMebi + 100);
  holder.ReportOwned(kMebi, 1);
  EXPECT_EQ(memory_.used(), kMebi + 100);
  holders_.clear();
  EXPECT_EQ(memory_.used(), 0u);
}

TEST_F(ClientMemoryTest, NobodyIsClosedBelowTheLimit) {
  Hold(100 * kMebi, 0);
  EXPECT_FALSE(memory_.exceeded());
  EXPECT_EQ(memory_.Choose(group_, kLong), nullptr);
}

TEST_F(ClientMemoryTest, TheConnectionThatHoldsTheMostIsClosed) {
  Hold(30 * kMebi, 0);
  Holder& most = Hold(80 * kMebi, 0);
  Hold(2 * kKibi, 0);
  EXPECT_TRUE(memory_.NeedsWork(group_, kLong));
  EXPECT_EQ(memory_.Choose(group_, kLong), &most);
  most.ReportOwned(0, kLong);
  EXPECT_EQ(memory_.Choose(group_, kLong), nullptr);
}

TEST_F(ClientMemoryTest, OfTheSameSizeTheOneThatHasHeldItForLongestIsClosed) {
  Holder& oldest = Hold(40 * kMebi, 50);
  Hold(50 * kMebi, 100);
  Hold(40 * kMebi, 200);
  oldest.ReportOwned(41 * kMebi, 300);  // within its power of two
  EXPECT_EQ(memory_.Choose(group_, kLong), &oldest);
}

TEST_F(ClientMemoryTest, ATransferUnderWayIsNotClosedForMemoryThatOthersKeep) {
  Holder& kept = Hold(30 * kMebi, 0);
  Hold(30 * kMebi, 0);
  Hold(60 * kMebi, kLong);
  EXPECT_EQ(memory_.Choose(group_, kLong + 200), &kept);
}

TEST_F(ClientMemoryTest, TheWorkerOfTheConnectionThatHoldsTheMostGetsASignal) {
  Hold(30 * kMebi, 0);
  Holder& most = HoldIn(others_, 80 * kMebi, 0);
  EXPECT_EQ(memory_.Choose(group_, kLong), nullptr);
  EXPECT_EQ(others_signals_, 1);
  EXPECT_EQ(signals_, 0);
  EXPECT_EQ(memory_.Choose(others_, kLong), &most);
}

TEST_F(ClientMemoryTest, AWorkerThatHasEndedGetsNoSignal) {
  others_.Close();
  const std::string value(60 * kMebi, 'v');
  Put(value);
  const EntryRef one = store_.Get("k", 0);
  Put(value);
  const EntryRef two = store_.Get("k", 0);
  Put(value);
  EXPECT_TRUE(memory_.exceeded());
  EXPECT_EQ(memory_.Choose(group_, kLong), nullptr);
  EXPECT_EQ(others_signals_, 0);
}

// lessons 32
TEST_F(ClientMemoryTest, ReadersOfAValueThatIsInTheStoreHoldNothingAndThoseOfReplacedOnesDo) {
  const std::string value(8 * kMebi, 'v');
  Put(value);
  std::list<EntryRef> readers;
  for (int i = 0; i < 60; ++i) readers.push_back(store_.Get("k", 0));
  EXPECT_EQ(memory_.used(), 0u);
  Put(value);
  EXPECT_GE(memory_.used(), value.size());
  EXPECT_LT(memory_.used(), 2 * value.size()) << "it is in memory once";
  EXPECT_TRUE(readers.front().removed());
  for (int i = 0; i < 60; ++i) {
    readers.push_back(store_.Get("k", 0));
    Put(value);
  }
  EXPECT_GE(memory_.used(), 61 * value.size());
  readers.clear();
  EXPECT_EQ(memory_.used(), 0u);
}

TEST_F(ClientMemoryTest, OthersAreAskedToCountWhatTheyPinBeforeAnybodyIsClosed) {
  const std::string value(60 * kMebi, 'v');
  Put(value);
  const EntryRef one = store_.Get("k", 0);
  Put(value);
  const EntryRef two = store_.Get("k", 0);
  Put(value);
  Hold(kMebi, 0);
  Holder& reader = HoldIn(others_, kKibi, 0);
  EXPECT_TRUE(memory_.BeginCount(group_, kLong));
  EXPECT_FALSE(memory_.BeginCount(group_, kLong)) << "not again at once";
  EXPECT_EQ(memory_.Choose(group_, kLong), nullptr);
  EXPECT_EQ(others_signals_, 1);
  EXPECT_TRUE(memory_.BeginCount(others_, kLong));
  reader.ReportPinned(120 * kMebi, 0);
  EXPECT_EQ(memory_.Choose(others_, kLong), &reader);
}

TEST_F(ClientMemoryTest, RingsMayTakeHalfOfTheLimit) {
  EXPECT_TRUE(memory_.AddRings(30 * kMebi));
  EXPECT_FALSE(memory_.AddRings(21 * kMebi));
  EXPECT_TRUE(memory_.AddRings(20 * kMebi));
  EXPECT_EQ(memory_.used(), 50 * kMebi);
  memory_.RemoveRings(30 * kMebi);
  memory_.RemoveRings(20 * kMebi);
  EXPECT_EQ(memory_.used(), 0u);
}

// The whole server may exceed its limit by a tenth: entries and connections fit into that together.
TEST(ClientMemoryLimit, EntriesAndConnectionsTogetherStayWithinATenthAboveTheLimit) {
  for (const size_t limit : {16 * kMebi, 64 * kMebi, 1000 * kMebi}) {
    const size_t clients = server::DefaultClientMemoryLimit(limit);
    const size_t reserved = server::ReservedForClients(limit, clients);
    EXPECT_EQ(clients, limit / 4);
    EXPECT_LE(limit - reserved + clients, limit + limit / 10);
    EXPECT_EQ(server::ReservedForClients(limit, limit / 20), 0u);
  }
  EXPECT_EQ(server::DefaultClientMemoryLimit(0), 256 * kMebi);
  EXPECT_EQ(server::ReservedForClients(0, 256 * kMebi), 0u);
}

EngineOptions SmallClientMemory() {
  EngineOptions options = SmallEngine();
  options.client_memory_limit = 4 * kMebi;
  return options;
}

ServerOptions Workers(size_t workers) {
  ServerOptions options;
  options.workers = workers;
  return options;
}

std::string HalfLine(size_t size) { return "PUT\thalf\t-\t-\t" + std::string(size, 'h'); }

TEST(ServerClientMemory, TheConnectionThatHoldsTheMostIsAnsweredAndClosed) {
  Running running(Workers(2), SmallClientMemory());
  RawClient other = running.Tcp();
  ASSERT_TRUE(other.Send(HalfLine(100 * kKibi)));
  RawClient most = running.Tcp();
  ASSERT_TRUE(most.Send(HalfLine(5 * kMebi)));
  EXPECT_EQ(most.ReadAll(), "ERR out_of_memory\n");
  EXPECT_TRUE(most.closed());
  EXPECT_EQ(running.Count(&server::WorkerMetrics::connections_closed_memory), 1u);
  EXPECT_EQ(other.Ask("\n"), "OK\n") << "the other one goes on";
  EXPECT_LT(running.engine.client_memory().used(), kMebi);
}

TEST(ServerClientMemory, ReadersOfReplacedValuesAreClosed) {
  ServerOptions options = Workers(2);
  options.worker.sockets.send_buffer = 16 * kKibi;  // what is in the kernel is not pinned
  Running running(options, SmallClientMemory());
  const std::string put = "PUT\tk\t-\t-\t" + std::string(kMebi, 'v') + "\n";
  std::list<RawClient> readers;
  for (int i = 0; i < 12; ++i) {
    // A writer may be the one that holds the most just then.
    while (running.Tcp().Ask(put) != "OK\n") {
    }
    readers.push_back(RawClient::Tcp(running.server->port(), 4096));
    ASSERT_TRUE(readers.back().Send("GET\tk\n"));
    ASSERT_EQ(readers.back().Read(6), "VALUE\t") << "it is being sent";
  }
  RawClient idle = running.Tcp();
  for (int i = 0; i < 1000 && running.engine.client_memory().exceeded(); ++i) {
    ASSERT_EQ(idle.Ask("GET\tnothing\n"), "NF\n") << "whoever holds nothing goes on";
  }
  EXPECT_FALSE(running.engine.client_memory().exceeded());
  EXPECT_GE(running.Count(&server::WorkerMetrics::connections_closed_memory), 5u);
}

TEST(ServerClientMemory, SharedMemoryIsGrantedUpToHalfOfTheLimit) {
  Running running(Workers(1), SmallClientMemory());
  std::list<RawClient> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(running.Unix());
    ASSERT_TRUE(clients.back().Send(protocol::EncodeShmAsk(UINT32_MAX)));
    ASSERT_FALSE(clients.back().Read(1).empty());
  }
  EXPECT_EQ(running.Count(&server::WorkerMetrics::shm_opened), 3u) << "of half a mebibyte each";
  EXPECT_EQ(running.Count(&server::WorkerMetrics::shm_refused), 5u);
  clients.clear();
  RawClient tcp = running.Tcp();
  for (int i = 0; i < 1000 && running.engine.client_memory().used() > kMebi / 2; ++i) {
    tcp.Ask("GET\tnothing\n");
  }
  EXPECT_LT(running.engine.client_memory().used(), kMebi / 2) << "it was given back";
}

TEST(SessionGiveUp, FreesWhatItHoldsAndRefusesWhatItWillNotCarryOut) {
  Driver driver;
  const std::string value(300 * kKibi, 'v');
  const std::string frames = EncodedPut(7, "k", value);
  driver.Feed(std::string_view(frames).substr(0, 200 * kKibi));
  EXPECT_GE(driver.session.held(), 128 * kKibi);
  driver.session.GiveUp("the limit client_memory_limit is 5");
  EXPECT_LE(driver.session.held(), 4 * kKibi);
  EXPECT_TRUE(driver.session.closing());
  const Message refusal = Only(driver.Take());
  EXPECT_EQ(refusal.id, 7u);
  EXPECT_EQ(refusal.status, StatusCode::kOutOfMemory);
  EXPECT_NE(refusal.body.find("client_memory_limit is 5"), std::string::npos);
}

TEST(SessionHeld, IsNothingOnceALargeRequestWasCarriedOut) {
  Driver driver;
  EXPECT_EQ(Only(driver.Say(EncodedPut(7, "k", std::string(kMebi, 'v')))).status, StatusCode::kOk);
  EXPECT_LE(driver.session.held(), 4 * kKibi);
}

TEST(SessionGiveUp, PutsNothingIntoTheMiddleOfAnAnswer) {
  Driver driver;
  driver.Store("k", std::string(kMebi, 'v'));
  driver.Feed(EncodedKey(Op::kGet, 1, "k"));
  driver.Take(100);
  EXPECT_TRUE(driver.session.pins_entries());
  EXPECT_EQ(driver.session.CountPinnedRemoved(), 0u);
  driver.Store("k", "v");
  EXPECT_EQ(driver.session.CountPinnedRemoved(), kMebi);
  driver.session.GiveUp("no memory");
  EXPECT_EQ(driver.Take(), "");
  EXPECT_FALSE(driver.session.pins_entries());
  EXPECT_EQ(driver.engine.client_memory().used(), 0u);
}

}  // namespace
}  // namespace tagcache::testing
