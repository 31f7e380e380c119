// What a connection relies on in every link, on each of them: over a Unix socket, over TCP, through
// shared memory. The other end is played by the test.

#include "server/net/link.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "protocol/shm_ring.h"
#include "server/net/shm_link.h"
#include "server/net/socket_link.h"
#include "tests/server/session_driver.h"

namespace tagcache::testing {
namespace {

using server::Link;
using server::LinkUser;
using server::ShmLink;
using server::SocketLink;
using server::SocketWatcher;
using server::Transfer;
using server::Transport;

struct User final : LinkUser {
  void OnReady(bool can_read, bool can_write) override {
    readable |= can_read;
    writable |= can_write;
  }
  void OnClosed() override { ++closed; }

  bool readable = false;
  bool writable = false;
  int closed = 0;
};

struct Sockets {
  int server = -1;
  int peer = -1;
};

Sockets UnixSockets() {
  int pair[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
  return {pair[0], pair[1]};
}

Sockets TcpSockets() {
  const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* name = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(listening, name, size), 0);
  EXPECT_EQ(listen(listening, 1), 0);
  getsockname(listening, name, &size);
  const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(connect(peer, name, size), 0);
  const int accepted = accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  close(listening);
  return {accepted, peer};
}

// The links, each with its peer. Read and Write of a peer do what is possible at once.
class OverSocket {
 public:
  OverSocket(uv_loop_t* loop, LinkUser& user, Sockets sockets, Transport transport)
      : peer_(sockets.peer) {
    auto socket = std::make_unique<SocketWatcher>();
    EXPECT_EQ(socket->Open(loop, sockets.server), 0);
    link = std::make_unique<SocketLink>(std::move(socket), transport, user);
  }
  ~OverSocket() { Close(); }

  size_t Write(std::string_view bytes) {
    const ssize_t n = send(peer_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return n > 0 ? static_cast<size_t>(n) : 0;
  }
  std::string Read() {
    std::string bytes(1 << 16, '\0');
    const ssize_t n = recv(peer_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    ended_ = n == 0;
    bytes.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return bytes;
  }
  bool SeesEnd() {
    while (!Read().empty()) {
    }
    return ended_;
  }
  void Close() {
    if (peer_ >= 0) close(peer_);
    peer_ = -1;
  }

  std::unique_ptr<Link> link;

 private:
  int peer_;
  bool ended_ = false;
};

struct UnixEnds : OverSocket {
  UnixEnds(uv_loop_t* loop, LinkUser& user)
      : OverSocket(loop, user, UnixSockets(), Transport::kUnix) {}
};

struct TcpEnds : OverSocket {
  TcpEnds(uv_loop_t* loop, LinkUser& user)
      : OverSocket(loop, user, TcpSockets(), Transport::kTcp) {}
};

class ShmEnds {
 public:
  static constexpr uint32_t kRing = protocol::kShmMinRing;

  ShmEnds(uv_loop_t* loop, LinkUser& user) : engine_(SmallEngine(), nullptr, 0) {
    const Sockets sockets = UnixSockets();
    peer_ = sockets.peer;
    auto socket = std::make_unique<SocketWatcher>();
    EXPECT_EQ(socket->Open(loop, sockets.server), 0);
    std::string why;
    EXPECT_TRUE(open_.TryAdd(1));
    EXPECT_TRUE(grants_.memory.AddRings(protocol::ShmBytes(kRing)));
    link = ShmLink::Open(socket, kRing, user, grants_, &why);
    EXPECT_EQ(why, "");
    MapMemory();
  }
  ~ShmEnds() {
    Close();
    munmap(memory_, protocol::ShmBytes(kRing));
    EXPECT_EQ(open_.value(), 0u) << "Close gives the place back";
  }

  size_t Write(std::string_view bytes) {
    const size_t n = end_->writer.Write(bytes);
    if (n > 0 && end_->writer.MustRing()) WakeServer();
    return n;
  }
  std::string Read() {
    std::string bytes(1 << 16, '\0');
    bytes.resize(end_->reader.Read(bytes));
    if (!bytes.empty() && end_->reader.MustRing()) WakeServer();
    return bytes;
  }
  bool SeesEnd() {
    char byte = 0;
    ssize_t n = 0;
    while ((n = recv(peer_, &byte, 1, MSG_DONTWAIT)) > 0) {
    }
    return n == 0;
  }
  void Close() {
    if (peer_ >= 0) close(peer_);
    peer_ = -1;
  }
  protocol::ShmHead& head() { return *reinterpret_cast<protocol::ShmHead*>(memory_); }

  std::unique_ptr<Link> link;

 private:
  void WakeServer() { send(peer_, "\1", 1, MSG_DONTWAIT | MSG_NOSIGNAL); }
  void MapMemory() {
    char grant[protocol::kShmGrantBytes];
    iovec part = {grant, sizeof grant};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ASSERT_EQ(recvmsg(peer_, &message, 0), static_cast<ssize_t>(sizeof grant));
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    memory_ = static_cast<char*>(
        mmap(nullptr, protocol::ShmBytes(kRing), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    close(fd);
    end_.emplace(protocol::ShmClientEnd(memory_, kRing));
  }

  Engine engine_;
  server::ConnectionCount open_;
  const server::ShmGrants grants_{open_, 1, engine_.AddWorker(), engine_.events(),
                                  engine_.client_memory()};
  int peer_ = -1;
  char* memory_ = nullptr;
  std::optional<protocol::ShmEnd> end_;
};

template <typename Ends>
class LinkTest : public ::testing::Test {
 protected:
  LinkTest() {
    uv_loop_init(&loop_);
    ends_.emplace(&loop_, user_);
  }
  ~LinkTest() override {
    if (!close_called_) link().Close();
    RunUntil([&] { return user_.closed > 0; });
    ends_.reset();
    EXPECT_EQ(uv_loop_close(&loop_), 0);
  }

  Link& link() { return *ends_->link; }
  // false: it did not come true within a second.
  bool RunUntil(const std::function<bool()>& condition) {
    for (int turn = 0; turn < 1000 && !condition(); ++turn) {
      if (uv_run(&loop_, UV_RUN_NOWAIT) != 0 && turn > 10) usleep(1000);
    }
    return condition();
  }
  // What Read brings, after the link reported it where it said it would.
  std::string ReadWhatComes() {
    user_.readable = false;
    if (link().Wait(true, false, false)) RunUntil([&] { return user_.readable; });
    char space[4096];
    const Transfer read = link().Read(space);
    return std::string(space, read.bytes);
  }
  size_t WriteOne(std::string_view bytes) { return link().Write(std::span(&bytes, 1)).bytes; }
  // Writes until there is no room.
  size_t Fill() {
    const std::string bytes(10'000, 'f');
    size_t filled = 0;
    while (const size_t n = WriteOne(bytes)) filled += n;
    return filled;
  }
  size_t Drain() {
    size_t drained = 0;
    for (std::string bytes; !(bytes = ends_->Read()).empty();) drained += bytes.size();
    return drained;
  }

  uv_loop_t loop_;
  User user_;
  std::optional<Ends> ends_;
  bool close_called_ = false;
};

using AllEnds = ::testing::Types<UnixEnds, TcpEnds, ShmEnds>;
TYPED_TEST_SUITE(LinkTest, AllEnds);

TYPED_TEST(LinkTest, ReadFindsNothingWhereNothingWasSent) {
  char space[16];
  const Transfer read = this->link().Read(space);
  EXPECT_EQ(read.bytes, 0u);
  EXPECT_FALSE(read.ended);
  EXPECT_EQ(read.failure, nullptr);
}

TYPED_TEST(LinkTest, WhatThePeerSendsIsReportedAndRead) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(this->link().Wait(true, false, false));
    ASSERT_EQ(this->ends_->Write("request"), 7u);
    EXPECT_EQ(this->ReadWhatComes(), "request");
  }
}

TYPED_TEST(LinkTest, WhatIsThereBeforeTheWaitIsNotMissed) {
  ASSERT_TRUE(this->link().Wait(false, false, true));
  ASSERT_EQ(this->ends_->Write("early"), 5u);
  this->RunUntil([turns = 0]() mutable { return ++turns > 3; });
  EXPECT_EQ(this->ReadWhatComes(), "early");
}

TYPED_TEST(LinkTest, ReadStopsWhereTheSpaceEnds) {
  ASSERT_EQ(this->ends_->Write("abcdef"), 6u);
  char space[4];
  ASSERT_EQ(this->link().Read(space).bytes, 4u);
  EXPECT_EQ(std::string_view(space, 4), "abcd");
  EXPECT_EQ(this->ReadWhatComes(), "ef");
}

TYPED_TEST(LinkTest, PiecesArriveInTheirOrderHoweverOftenThereIsNoRoom) {
  std::string first;
  std::string second;
  for (int i = 0; i < 300'000; ++i) (i < 1000 ? first : second) += std::to_string(i) + ' ';
  const std::string expected = first + second;
  std::string_view pieces[] = {first, second};
  std::string arrived;
  while (arrived.size() < expected.size()) {
    const bool one = pieces[0].empty() || pieces[1].empty();
    if (pieces[0].empty()) std::swap(pieces[0], pieces[1]);
    size_t left = 0;
    if (!pieces[0].empty()) left = this->link().Write(std::span(pieces, one ? 1 : 2)).bytes;
    for (std::string_view& piece : pieces) {
      const size_t n = std::min(left, piece.size());
      piece.remove_prefix(n);
      left -= n;
    }
    ASSERT_EQ(left, 0u) << "no more was written than there was";
    arrived += this->ends_->Read();
  }
  EXPECT_TRUE(arrived == expected);
}

TYPED_TEST(LinkTest, RoomIsReportedOnceThePeerHasRead) {
  const size_t filled = this->Fill();
  EXPECT_GT(filled, 0u);
  EXPECT_FALSE(this->link().HasRoom());
  ASSERT_TRUE(this->link().Wait(false, true, false));
  this->RunUntil([turns = 0]() mutable { return ++turns > 3; });
  EXPECT_FALSE(this->user_.writable);
  EXPECT_EQ(this->Drain(), filled);
  EXPECT_TRUE(this->RunUntil([&] { return this->user_.writable; }));
  EXPECT_GT(this->WriteOne("more"), 0u);
}

TYPED_TEST(LinkTest, APolledLinkIsNeverRefusedTheWait) {
  ASSERT_EQ(this->ends_->Write("request"), 7u);
  EXPECT_TRUE(this->link().Wait(true, true, true));
}

TYPED_TEST(LinkTest, APeerThatGoesIsReported) {
  this->link().Wait(true, false, false);
  this->ends_->Close();
  EXPECT_TRUE(this->RunUntil([&] {
    char space[16];
    return this->user_.readable && this->link().Read(space).ended;
  }));
}

// The requests of a peer that goes at once are carried out, on every link.
TYPED_TEST(LinkTest, WhatWasSentBeforeThePeerWentIsReadBeforeTheEnd) {
  this->link().Wait(true, false, false);
  ASSERT_EQ(this->ends_->Write("last request"), 12u);
  this->ends_->Close();
  ASSERT_TRUE(this->RunUntil([&] { return this->user_.readable; }));
  this->RunUntil([turns = 0]() mutable { return ++turns > 5; });
  char space[64];
  const Transfer read = this->link().Read(space);
  EXPECT_EQ(std::string(space, read.bytes), "last request");
  EXPECT_FALSE(read.ended);
  EXPECT_TRUE(this->link().Read(space).ended);
}

TYPED_TEST(LinkTest, ThePeerSeesTheEndAfterWhatWasWritten) {
  ASSERT_EQ(this->WriteOne("last"), 4u);
  EXPECT_FALSE(this->ends_->SeesEnd() && this->Drain() == 0);
  EXPECT_TRUE(this->link().FinishWriting());
  EXPECT_TRUE(this->RunUntil([&] { return this->ends_->SeesEnd(); }));
}

TYPED_TEST(LinkTest, CloseIsReportedOnceAndLater) {
  this->link().Wait(true, true, false);
  this->link().Close();
  this->close_called_ = true;
  EXPECT_EQ(this->user_.closed, 0);
  EXPECT_TRUE(this->RunUntil([&] { return this->ends_->SeesEnd(); }));
  this->RunUntil([turns = 0]() mutable { return ++turns > 5; });
  EXPECT_EQ(this->user_.closed, 1);
  EXPECT_FALSE(this->user_.readable || this->user_.writable);
}

// The memory has no room, and then a count that can not be true: the connection must try to write,
// or it would wait for room that never comes.
using ShmLinkTest = LinkTest<ShmEnds>;
TEST_F(ShmLinkTest, ACountThatCanNotBeTrueEndsTheWaitForRoom) {
  Fill();
  EXPECT_FALSE(link().HasRoom());
  ends_->head().down.read.bytes = uint64_t{1} << 40;
  EXPECT_TRUE(link().HasRoom());
  const std::string_view bytes = "more";
  EXPECT_NE(link().Write(std::span(&bytes, 1)).failure, nullptr);
}

// The session may still have answers for it, and more requests behind them.
TEST_F(ShmLinkTest, AnswersToAClientThatIsGoneAreDroppedAndHoldUpNothing) {
  Fill();
  EXPECT_FALSE(link().HasRoom());
  ASSERT_EQ(ends_->Write("request"), 7u);
  link().Wait(true, true, false);
  ends_->Close();
  ASSERT_TRUE(RunUntil([&] { return user_.readable; }));
  RunUntil([turns = 0]() mutable { return ++turns > 5; });
  EXPECT_TRUE(link().HasRoom());
  EXPECT_EQ(WriteOne("answer"), 6u);
  EXPECT_FALSE(link().Wait(true, false, false)) << "no event would announce the request";
  EXPECT_TRUE(link().Wait(false, false, false));
}

}  // namespace
}  // namespace tagcache::testing
