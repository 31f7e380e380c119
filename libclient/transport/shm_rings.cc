#include "libclient/transport/shm_rings.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "libclient/transport/fork_guard.h"
#include "libclient/transport/socket_poll.h"

namespace tagcache {

using std::chrono::steady_clock;

namespace {

// Checks of the memory between two readings of the clock, each of which costs as much as several.
constexpr int kChecks = 16;
constexpr Duration kNap = std::chrono::microseconds(200);

IoResult Failure(int error) { return {IoStatus::kFailed, 0, error}; }

class Descriptor {
 public:
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
  int fd = -1;
};

// Receives up to space.size() bytes, and a descriptor where one comes along.
IoResult ReceiveWithDescriptor(int fd, std::span<char> space, TimePoint deadline,
                               Descriptor* descriptor) {
  short got = 0;
  if (const IoResult waited = PollSocket(fd, POLLIN, deadline, &got);
      waited.status != IoStatus::kOk) {
    return waited;
  }
  iovec part = {space.data(), space.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const IoResult result = FromReceive(recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
  if (result.status != IoStatus::kOk) return result;
  for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
    if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS) continue;
    if (descriptor->fd >= 0) close(descriptor->fd);
    std::memcpy(&descriptor->fd, CMSG_DATA(at), sizeof descriptor->fd);
  }
  return result;
}

IoResult ReceiveAll(int fd, std::span<char> space, TimePoint deadline, Descriptor* descriptor) {
  while (!space.empty()) {
    const IoResult result = ReceiveWithDescriptor(fd, space, deadline, descriptor);
    if (result.status == IoStatus::kWouldBlock) continue;
    if (result.status != IoStatus::kOk) return result;
    space = space.subspan(result.bytes);
  }
  return {};
}

// Memory that cannot shrink under its reader: access to it never raises a signal.
char* Map(int memfd, size_t size) {
  struct stat status {};
  const int seals = fcntl(memfd, F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) return nullptr;
  if (fstat(memfd, &status) != 0 || static_cast<size_t>(status.st_size) < size) return nullptr;
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
  if (memory == MAP_FAILED) return nullptr;
  if (madvise(memory, size, MADV_DONTFORK) != 0) {
    munmap(memory, size);
    return nullptr;
  }
  return static_cast<char*>(memory);
}

}  // namespace

IoResult ShmRings::Open(int fd, TimePoint deadline, std::unique_ptr<ShmRings>* rings,
                        std::string* why) {
  const std::string ask = protocol::EncodeShmAsk(protocol::kShmUsualRing);
  // A socket that was just connected takes eight bytes.
  if (send(fd, ask.data(), ask.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(ask.size())) {
    return Failure(errno);
  }
  Descriptor descriptor;
  char head[protocol::kShmGrantBytes];
  IoResult result = ReceiveAll(fd, head, deadline, &descriptor);
  if (result.status != IoStatus::kOk) return result;
  protocol::ShmGrant grant;
  size_t message_size = 0;
  if (!protocol::DecodeShmGrant({head, sizeof head}, &grant, &message_size)) {
    *why = "the server does not know shared memory";
    return Failure(EPROTO);
  }
  grant.message.resize(message_size);
  result = ReceiveAll(fd, grant.message, deadline, &descriptor);
  if (result.status != IoStatus::kOk) return result;
  if (!grant.granted) {
    *why = grant.message;
    return Failure(ECONNREFUSED);
  }
  char* memory = Map(descriptor.fd, protocol::ShmBytes(grant.ring_bytes));
  if (memory == nullptr) {
    *why = "the memory that the server gave can not be mapped";
    return Failure(EPROTO);
  }
  rings->reset(new ShmRings(fd, memory, grant.ring_bytes));
  return {};
}

ShmRings::ShmRings(int fd, char* memory, uint32_t ring_bytes)
    : fd_(fd),
      memory_(memory),
      size_(protocol::ShmBytes(ring_bytes)),
      generation_(ForkGeneration()),
      reader_(protocol::ShmClientEnd(memory, ring_bytes).reader),
      writer_(protocol::ShmClientEnd(memory, ring_bytes).writer) {}

ShmRings::~ShmRings() {
  // In a child these addresses may be somebody else's by now.
  if (generation_ == ForkGeneration()) munmap(memory_, size_);
}

// A socket too full for one more byte holds others that nobody took yet.
void ShmRings::Ring() { send(fd_, "\1", 1, MSG_DONTWAIT | MSG_NOSIGNAL); }

// Reads the bytes that woke this end; they have no other meaning.
void ShmRings::TakeRings() {
  char rung[64];
  for (;;) {
    const ssize_t n = recv(fd_, rung, sizeof rung, MSG_DONTWAIT);
    if (n == static_cast<ssize_t>(sizeof rung) || (n < 0 && errno == EINTR)) continue;
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) {
      peer_closed_.store(true, std::memory_order_relaxed);
    }
    return;
  }
}

IoResult ShmRings::Send(std::string_view bytes) {
  if (peer_closed_) return Failure(EPIPE);
  const size_t n = writer_.Write(bytes);
  if (writer_.broken()) return Failure(EPROTO);
  assert(n <= bytes.size());
  if (n == 0) return {IoStatus::kWouldBlock};
  if (writer_.MustRing()) Ring();
  return {IoStatus::kOk, n, 0};
}

IoResult ShmRings::ReceiveNow(std::span<char> space) {
  const size_t n = reader_.Read(space);
  if (reader_.broken()) return Failure(EPROTO);
  assert(n <= space.size());
  if (n == 0) return {peer_closed_ ? IoStatus::kClosed : IoStatus::kWouldBlock};
  if (reader_.MustRing()) Ring();
  return {IoStatus::kOk, n, 0};
}

bool ShmRings::SpinUntilReady(TimePoint deadline, Duration spin) {
  TimePoint until{};
  for (;;) {
    for (int i = 0; i < kChecks; ++i) {
      if (reader_.Ready()) return true;
      Relax();
    }
    const TimePoint now = steady_clock::now();
    if (until == TimePoint()) until = std::min(now + spin, deadline);
    if (now >= until) return reader_.Ready();
  }
}

IoResult ShmRings::SleepUntilRung(TimePoint deadline) {
  short got = 0;
  const IoResult result = PollSocket(fd_, POLLIN, deadline, &got);
  TakeRings();
  return result;
}

IoResult ShmRings::Receive(std::span<char> space, TimePoint deadline, Duration spin) {
  if (spin == Duration::zero()) spin = kUsualSpin;
  if (!reader_.Ready() && gate_.Open()) gate_.Report(SpinUntilReady(deadline, spin));
  if (!reader_.Ready() && !peer_closed_ && reader_.Sleep()) {
    const IoResult result = SleepUntilRung(deadline);
    reader_.Wake();
    if (result.status != IoStatus::kOk && !reader_.Ready()) return result;
  }
  return ReceiveNow(space);
}

IoResult ShmRings::Wait(TimePoint deadline, bool* readable, bool* writable) {
  const auto ready = [&] {
    *readable = reader_.Ready() || peer_closed_;
    *writable = writer_.Room() > 0 || writer_.broken();
    return *readable || *writable;
  };
  while (!ready()) {
    IoResult result;
    if (reader_.Sleep() && writer_.Sleep()) result = SleepUntilRung(deadline);
    reader_.Wake();
    writer_.Wake();
    if (result.status != IoStatus::kOk) return ready() ? IoResult() : result;
  }
  return {};
}

// Naps instead of being rung: another thread may sleep on the socket, and the byte that rings wakes
// one of them.
void ShmRings::WaitWritable(TimePoint deadline) {
  while (writer_.Room() == 0 && !writer_.broken() && !peer_closed_ &&
         steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kNap);
  }
}

bool ShmRings::LooksIdle() {
  TakeRings();
  return !peer_closed_ && !reader_.Ready();
}

}  // namespace tagcache
