// Connections over shared memory: what a client gets, and what one that breaks the rules can do.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <thread>

#include "protocol/shm_ring.h"
#include "tests/server/running_server.h"

namespace tagcache::testing {
namespace {

using protocol::kShmGrantBytes;
using protocol::kShmMinRing;
using protocol::ShmEnd;

// A client with its own end of the transport, which speaks the text protocol.
class ShmClient {
 public:
  explicit ShmClient(const std::string& path, uint32_t ring_bytes = kShmMinRing)
      : socket_(RawClient::Unix(path)) {
    if (!socket_.Send(protocol::EncodeShmAsk(ring_bytes))) return;
    char head[kShmGrantBytes] = {};
    iovec part = {head, sizeof head};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(socket_.fd(), &message, 0) != sizeof head) return;
    size_t size = 0;
    if (!protocol::DecodeShmGrant({head, sizeof head}, &grant_, &size)) return;
    grant_.message = socket_.Read(size);
    if (const cmsghdr* at = CMSG_FIRSTHDR(&message)) std::memcpy(&fd_, CMSG_DATA(at), sizeof fd_);
    if (!grant_.granted) return;
    memory_ =
        static_cast<char*>(mmap(nullptr, this->size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0));
    end_ = std::make_unique<ShmEnd>(protocol::ShmClientEnd(memory_, grant_.ring_bytes));
  }
  ~ShmClient() {
    if (memory_ != nullptr) munmap(memory_, size());
    if (fd_ >= 0) close(fd_);
  }

  const protocol::ShmGrant& grant() const { return grant_; }
  RawClient& socket() { return socket_; }
  int memory_fd() const { return fd_; }
  char* memory() { return memory_; }
  size_t size() const { return protocol::ShmBytes(grant_.ring_bytes); }
  protocol::ShmHead& head() { return *reinterpret_cast<protocol::ShmHead*>(memory_); }
  ShmEnd& end() { return *end_; }
  void WakeServer() { send(socket_.fd(), "\1", 1, MSG_DONTWAIT | MSG_NOSIGNAL); }

  // Writes all of the lines, and sleeps on the socket while there is no room. Returns as many lines
  // of answers.
  std::string Ask(std::string_view lines) {
    size_t wanted = static_cast<size_t>(std::count(lines.begin(), lines.end(), '\n'));
    std::string answer;
    char space[4096];
    while (!lines.empty() || wanted > 0) {
      const size_t sent = end_->writer.Write(lines);
      lines.remove_prefix(sent);
      if (sent > 0 && end_->writer.MustRing()) WakeServer();
      const size_t n = end_->reader.Read(space);
      if (n > 0 && end_->reader.MustRing()) WakeServer();
      answer.append(space, n);
      wanted -= static_cast<size_t>(std::count(space, space + n, '\n'));
      if (sent > 0 || n > 0) continue;
      if (!end_->reader.Sleep() || (!lines.empty() && !end_->writer.Sleep())) continue;
      if (socket_.Read(1).empty()) return answer + "(no answer)";
    }
    return answer;
  }

 private:
  RawClient socket_;
  protocol::ShmGrant grant_;
  int fd_ = -1;
  char* memory_ = nullptr;
  std::unique_ptr<ShmEnd> end_;
};

struct ShmServer : ::testing::TestWithParam<bool> {
  // The parameter: whether the worker polls. If not, it sleeps before each request.
  static ServerOptions Options() {
    ServerOptions options;
    if (!GetParam()) options.worker.busy_poll = std::chrono::microseconds(0);
    return options;
  }
  void ExpectServing() {
    ShmClient other(running.path());
    ASSERT_TRUE(other.grant().granted) << other.grant().message;
    EXPECT_EQ(other.Ask("PUT\tother\t-\t-\tvalue\nGET\tother\n"), "OK\nVALUE\tvalue\n");
    EXPECT_EQ(running.Tcp().Ask("GET\tother\n"), "VALUE\tvalue\n");
  }

  Running running{Options()};
};
INSTANTIATE_TEST_SUITE_P(WithAndWithoutPolling, ShmServer, ::testing::Bool());

std::string Line(std::string_view words) {
  std::string line(words);
  std::replace(line.begin(), line.end(), ' ', '\t');
  return line + "\n";
}

TEST_P(ShmServer, AnswersWhatIsAskedInTheMemory) {
  ShmClient client(running.path());
  ASSERT_TRUE(client.grant().granted) << client.grant().message;
  EXPECT_EQ(client.Ask(Line("PUT k - t value")), "OK\n");
  EXPECT_EQ(client.Ask(Line("GET k") + Line("INV_TAG t") + Line("GET k")),
            "VALUE\tvalue\nINV_TAG\t1\nNF\n");
}

TEST_P(ShmServer, AnswersOfAnySizeStreamThroughAndManyRequestsMayBeUnderWay) {
  ShmClient client(running.path());
  const std::string value(10 * kShmMinRing, 'x');
  EXPECT_EQ(client.Ask("PUT\tlarge\t-\t-\t" + value + "\n"), "OK\n");
  std::string asked;
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    asked += Line("GET large");
    expected += "VALUE\t" + value + "\n";
  }
  EXPECT_TRUE(client.Ask(asked) == expected);
}

TEST_P(ShmServer, TheMemoryCannotBeResized) {
  ShmClient client(running.path());
  struct stat status {};
  ASSERT_EQ(fstat(client.memory_fd(), &status), 0);
  EXPECT_EQ(static_cast<size_t>(status.st_size), client.size());
  EXPECT_NE(ftruncate(client.memory_fd(), 0), 0);
  EXPECT_NE(ftruncate(client.memory_fd(), 1 << 30), 0);
  ExpectServing();
}

TEST_P(ShmServer, AClientThatEndsLeavesItsPlaceToAnother) {
  ServerOptions options = Options();
  options.worker.max_shm_connections = 2;
  Running small(options);
  for (int round = 0; round < 20; ++round) {
    ShmClient first(small.path());
    ASSERT_TRUE(first.grant().granted);
    EXPECT_EQ(first.Ask("GET\tk\n"), "NF\n");
    ShmClient second(small.path());
    ASSERT_TRUE(second.grant().granted);
    ShmClient third(small.path());
    EXPECT_FALSE(third.grant().granted);
    EXPECT_EQ(third.grant().message, "the limit max_shm_connections is 2");
    first.socket().Close();
    second.socket().Close();
    while (small.Count(&server::WorkerMetrics::connections_closed) <
           small.Count(&server::WorkerMetrics::connections_accepted) - 1) {
      std::this_thread::yield();
    }
  }
}

TEST_P(ShmServer, AnAskInPiecesOrOfAnotherVersionIsUnderstood) {
  RawClient slow = running.Unix();
  const std::string ask = protocol::EncodeShmAsk(kShmMinRing);
  for (const char byte : ask) ASSERT_TRUE(slow.Send({&byte, 1}));
  const std::string grant = slow.Read(kShmGrantBytes);
  ASSERT_EQ(grant.size(), kShmGrantBytes);
  EXPECT_EQ(grant[1], '\0');

  RawClient later = running.Unix();
  ASSERT_TRUE(later.Send(std::string("\xC9\x02\0\0\0\0\0\0", 8)));
  const std::string refusal = later.ReadAll();
  ASSERT_GT(refusal.size(), kShmGrantBytes);
  EXPECT_EQ(refusal.substr(kShmGrantBytes),
            "this server speaks version 1 of the shared memory transport");
}

TEST_P(ShmServer, IsNotForTcpNorForLaterInAConnection) {
  RawClient tcp = running.Tcp();
  EXPECT_EQ(tcp.Ask(protocol::EncodeShmAsk(kShmMinRing) + "\n"), "ERR unknown_command\n");
  RawClient late = running.Unix();
  EXPECT_EQ(late.Ask("GET\tk\n"), "NF\n");
  EXPECT_EQ(late.Ask(protocol::EncodeShmAsk(kShmMinRing) + "\n"), "ERR unknown_command\n");
}

TEST_P(ShmServer, CountersThatCannotBeTrueCloseTheConnectionAndNoOther) {
  for (const uint64_t lie : {uint64_t{1} << 20, UINT64_MAX / 2, uint64_t{1} << 63}) {
    ShmClient client(running.path());
    client.head().up.written.bytes = lie;
    client.WakeServer();
    client.socket().ReadAll();
    EXPECT_TRUE(client.socket().closed());

    ShmClient reader(running.path());
    EXPECT_EQ(reader.Ask("PUT\tk\t-\t-\t" + std::string(1000, 'x') + "\n"), "OK\n");
    reader.head().down.read.bytes = lie;
    std::string many;
    for (int i = 0; i < 100; ++i) many += "GET\tk\n";  // answered with more than there is room for
    reader.end().writer.Write(many);
    reader.WakeServer();
    reader.socket().ReadAll();
    EXPECT_TRUE(reader.socket().closed());
  }
  ExpectServing();
}

// A client writes random bytes to random places, also while the server reads.
TEST_P(ShmServer, AClientThatScribblesHurtsNobodyButItself) {
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::thread honest([&] {
    ShmClient client(running.path());
    while (!stop) wrong += client.Ask("PUT\tmine\t-\t-\tv\nGET\tmine\n") != "OK\nVALUE\tv\n";
  });
  std::mt19937_64 random(7);
  for (int round = 0; round < 150; ++round) {
    ShmClient client(running.path());
    ASSERT_TRUE(client.grant().granted) << client.grant().message;
    client.end().writer.Write("PUT\tk\t-\t-\tv\nGET\tk\nSTATS\n");
    client.WakeServer();
    for (int i = 0; i < 200; ++i) {
      const size_t at = random() % 2 == 0 ? random() % 320 / 8 * 8 : random() % client.size();
      auto* byte = reinterpret_cast<volatile char*>(client.memory() + at);
      *byte = static_cast<char>(random());
      if (i % 16 == 0) client.WakeServer();
      if (i % 64 == 0) std::this_thread::yield();
    }
  }
  stop = true;
  honest.join();
  EXPECT_EQ(wrong, 0);
  ExpectServing();
}

// The server's wake-ups are unread, and the last one of the client is too: the system then reports
// input and an error at once.
TEST_P(ShmServer, AClientThatDiesInTheMiddleOfWakeUpsLeavesItsPlace) {
  for (int i = 0; i < 200; ++i) {
    ShmClient client(running.path());
    ASSERT_TRUE(client.grant().granted) << client.grant().message;
    client.end().reader.Sleep();
    const std::string line = Line("GET nothing");
    client.end().writer.Write(line);
    client.WakeServer();
    if (i % 2 == 0) std::this_thread::sleep_for(std::chrono::microseconds(i));
    client.end().writer.Write(line);
    client.WakeServer();
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (running.Count(&server::WorkerMetrics::shm_closed) < 200) {
    ASSERT_LT(std::chrono::steady_clock::now(), end)
        << running.Count(&server::WorkerMetrics::shm_closed) << " of 200 were noticed";
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ExpectServing();
}

// A client whose requests never end and whose answers always find room, so that a worker has no
// reason of its own to stop serving it.
class Flood {
 public:
  explicit Flood(const std::string& path) : thread_([this, path] { Run(path); }) {
    while (answers_ == 0) std::this_thread::yield();
  }
  ~Flood() {
    stop_ = true;
    thread_.join();
  }
  uint64_t answers() const { return answers_; }

 private:
  void Run(const std::string& path) {
    ShmClient client(path);
    std::string many;
    for (int i = 0; i < 100; ++i) many += "GET\tnone\n";
    std::string_view rest = many;
    char space[65536];
    while (!stop_) {
      const size_t sent = client.end().writer.Write(rest);
      rest.remove_prefix(sent);
      if (rest.empty()) rest = many;
      if (sent > 0 && client.end().writer.MustRing()) client.WakeServer();
      const size_t read = client.end().reader.Read(space);
      if (read > 0 && client.end().reader.MustRing()) client.WakeServer();
      answers_ += static_cast<uint64_t>(std::count(space, space + read, '\n'));
    }
  }

  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> answers_{0};
  std::thread thread_;
};

TEST_P(ShmServer, AFloodLeavesTheOthersTheirTurn) {
  const Flood flood(running.path());
  RawClient old = running.Tcp();
  for (int i = 0; i < 50; ++i) {
    const uint64_t before = flood.answers();
    EXPECT_EQ(old.Ask("PUT\tk\t-\t-\tv\n"), "OK\n");
    EXPECT_EQ(running.Unix().Ask("GET\tk\n"), "VALUE\tv\n");      // accepted in between, too
    while (flood.answers() == before) std::this_thread::yield();  // and the flood goes on
  }
  // For each answer to the others the flood gets some 3,000; without turns it is 100,000 and more.
  EXPECT_LT(flood.answers(), 5'000'000u);
}

// As a process that stores something at its very end. The flood keeps the worker, so
// that it may find the request and the end together; link_test.cc has that case for certain.
TEST_P(ShmServer, APutFollowedAtOnceByTheCloseIsCarriedOut) {
  constexpr size_t kClients = 2000;
  const Flood flood(running.path());
  for (size_t i = 0; i < kClients; ++i) {
    ShmClient client(running.path());
    ASSERT_TRUE(client.grant().granted) << client.grant().message;
    const std::string put = "PUT\tlast:" + std::to_string(i) + "\t-\t-\tv\n";
    if (i % 2 == 0) {
      EXPECT_EQ(client.Ask("GET\tk\n"), "NF\n");  // from now on it may be polled
    }
    ASSERT_EQ(client.end().writer.Write(put), put.size());
    if (client.end().writer.MustRing()) client.WakeServer();
    client.socket().Close();
  }
  const TimeMs limit = server::Worker::Now() + 10'000;
  const auto stored = [&] { return running.engine.store().Stats().items; };
  while (stored() < kClients && server::Worker::Now() < limit) std::this_thread::yield();
  EXPECT_EQ(stored(), kClients);
}

TEST_P(ShmServer, RequestsBeforeAStopAreAnsweredAndTheEndIsSeen) {
  ShmClient client(running.path());
  ASSERT_EQ(client.Ask("PUT\tk\t-\t-\tv\n"), "OK\n");
  client.end().writer.Write("GET\tk\n");
  running.server->Stop();
  running.server->Join();
  char space[64];
  const size_t n = client.end().reader.Read(space);
  EXPECT_EQ(std::string(space, n), "VALUE\tv\n");
  client.socket().ReadAll();
  EXPECT_TRUE(client.socket().closed());
}

}  // namespace
}  // namespace tagcache::testing
