#include "server/net/shm_link.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <new>

namespace tagcache::server {
namespace {

constexpr const char* kBroken = "the peer broke the rules of the shared memory";

std::string Failed(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

// Returns the descriptor of memory full of zeros whose size cannot be changed; -1: *why is what
// failed.
int MakeMemory(size_t size, std::string* why) {
  const int fd = memfd_create("tagcache", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) {
    *why = Failed("memfd_create");
    return -1;
  }
  if (ftruncate(fd, static_cast<off_t>(size)) == 0 &&
      fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
    return fd;
  }
  *why = Failed("ftruncate and F_ADD_SEALS");
  close(fd);
  return -1;
}

bool SendDescriptor(int socket, std::string_view bytes, int descriptor) {
  iovec part = {const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
  // Nothing was sent on this socket before: it has room.
  return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

}  // namespace

std::unique_ptr<ShmLink> ShmLink::Open(std::unique_ptr<SocketWatcher>& socket, uint32_t ring_bytes,
                                       LinkUser& user, const ShmGrants& grants, std::string* why) {
  const std::string grant =
      protocol::EncodeShmGrant({.granted = true, .ring_bytes = ring_bytes, .message = {}});
  const size_t size = protocol::ShmBytes(ring_bytes);
  const int fd = MakeMemory(size, why);
  if (fd < 0) return nullptr;
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  std::unique_ptr<ShmLink> link;
  if (memory == MAP_FAILED) {
    *why = Failed("mmap");
  } else {
    link.reset(new (std::nothrow) ShmLink(static_cast<char*>(memory), ring_bytes, user, grants));
    if (link == nullptr) {
      munmap(memory, size);
      *why = "the server has no memory for it";
    }
  }
  if (link != nullptr) {
    // Before the client can write: it wakes this end for its first request.
    link->reader_.Sleep();
    if (!SendDescriptor(socket->fd(), grant, fd)) {
      *why = Failed("sendmsg");
      link.reset();
    }
  }
  close(fd);
  if (link == nullptr) return nullptr;
  link->socket_ = std::move(socket);
  link->socket_->SetUser(link.get());
  link->socket_->Watch(true, false);  // all its life: it may be woken, and the client may go
  return link;
}

void ShmLink::Refuse(int socket, std::string_view why) {
  const std::string grant = protocol::EncodeShmGrant({.message = std::string(why)});
  // A client that does not read it sees the close that follows.
  send(socket, grant.data(), grant.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

ShmLink::ShmLink(char* memory, uint32_t ring_bytes, LinkUser& user, const ShmGrants& grants)
    : memory_(memory),
      size_(protocol::ShmBytes(ring_bytes)),
      reader_(protocol::ShmServerEnd(memory, ring_bytes).reader),
      writer_(protocol::ShmServerEnd(memory, ring_bytes).writer),
      user_(user),
      grants_(grants) {}

ShmLink::~ShmLink() { munmap(memory_, size_); }

// A socket too full for one more byte holds others that the client has not read yet.
void ShmLink::WakeClient() { send(socket_->fd(), "\1", 1, MSG_DONTWAIT | MSG_NOSIGNAL); }

void ShmLink::OnSocketReady(bool /*readable*/, bool /*writable*/) {
  char wake_ups[256];  // each of one byte, whose value means nothing
  const ssize_t n = recv(socket_->fd(), wake_ups, sizeof wake_ups, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {  // a client that leaves wake-ups unread ends in a reset
    ended_ = true;
    socket_->Watch(false, false);
  }
  reader_.Wake();
  writer_.Wake();
  // libuv stops watching a socket that has an error as well; the next event reports the error.
  socket_->Watch(true, false);
  user_.OnReady(true, true);
}

Transfer ShmLink::Read(std::span<char> space) {
  const size_t n = reader_.Read(space);
  assert(n <= space.size());
  if (n > 0 && reader_.MustRing()) WakeClient();
  if (n == 0 && reader_.broken()) return {.failure = kBroken};
  return {.bytes = n, .ended = n == 0 && ended_};
}

Transfer ShmLink::Write(std::span<const std::string_view> pieces) {
  size_t written = 0;
  if (ended_) {
    for (const std::string_view piece : pieces) written += piece.size();
    return {.bytes = written};
  }
  for (const std::string_view piece : pieces) {
    const size_t n = writer_.Write(piece);
    assert(n <= piece.size());
    written += n;
    if (n < piece.size()) break;
  }
  if (written > 0 && writer_.MustRing()) WakeClient();
  return {.bytes = written, .failure = written == 0 && writer_.broken() ? kBroken : nullptr};
}

// Where only one of the two sleeps in the end, the other's flag may stay set: the client then wakes
// this end once too often. When the client is gone nothing is reported any more: the requests it
// left, and the end after them, are read at once.
bool ShmLink::Wait(bool to_read, bool to_write, bool polled) {
  if (polled) return true;
  if (ended_) return !to_read && !to_write;
  return (!to_read || reader_.Sleep()) && (!to_write || writer_.Sleep());
}

bool ShmLink::FinishWriting() { return shutdown(socket_->fd(), SHUT_WR) == 0; }

void ShmLink::Close() {
  grants_.metrics.shm_closed.Add(1);
  grants_.open.Remove();
  grants_.memory.RemoveRings(size_);
  socket_->Close();
}

}  // namespace tagcache::server
