#include "server/net/shm_link.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tagcache::server {
namespace {

std::string Failed(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

// A descriptor of zeros whose size nobody can change; -1: *why says what failed.
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

std::unique_ptr<ShmLink> ShmLink::Grant(int socket, uint32_t ring_bytes, std::string* why) {
  const size_t size = protocol::ShmBytes(ring_bytes);
  const int fd = MakeMemory(size, why);
  if (fd < 0) return nullptr;
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  std::unique_ptr<ShmLink> link;
  if (memory == MAP_FAILED) {
    *why = Failed("mmap");
  } else {
    link.reset(new ShmLink(socket, static_cast<char*>(memory), ring_bytes));
    // Before the client can speak: it rings for its first request.
    link->Sleep(true, false);
    const std::string grant =
        protocol::EncodeShmGrant({.granted = true, .ring_bytes = ring_bytes, .message = {}});
    if (!SendDescriptor(socket, grant, fd)) {
      *why = Failed("sendmsg");
      link.reset();
    }
  }
  close(fd);
  return link;
}

void ShmLink::Refuse(int socket, std::string_view why) {
  const std::string grant = protocol::EncodeShmGrant({.message = std::string(why)});
  // A client that does not take it sees the close that follows.
  send(socket, grant.data(), grant.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

ShmLink::ShmLink(int socket, char* memory, uint32_t ring_bytes)
    : socket_(socket),
      memory_(memory),
      size_(protocol::ShmBytes(ring_bytes)),
      reader_(protocol::ShmServerEnd(memory, ring_bytes).reader),
      writer_(protocol::ShmServerEnd(memory, ring_bytes).writer) {}

ShmLink::~ShmLink() { munmap(memory_, size_); }

// A socket too full for one more byte holds others that the client did not take yet.
void ShmLink::Ring() { send(socket_, "\1", 1, MSG_DONTWAIT | MSG_NOSIGNAL); }

size_t ShmLink::Read(std::span<char> space) {
  const size_t n = reader_.Read(space);
  if (n > 0 && reader_.MustRing()) Ring();
  return n;
}

size_t ShmLink::Write(std::string_view bytes) {
  const size_t n = writer_.Write(bytes);
  if (n > 0 && writer_.MustRing()) Ring();
  return n;
}

// Where one of the two has work, the other's word may stand: that is a ring too many.
bool ShmLink::Sleep(bool to_read, bool to_write) {
  return (!to_read || reader_.Sleep()) && (!to_write || writer_.Sleep());
}

void ShmLink::Wake() {
  reader_.Wake();
  writer_.Wake();
}

}  // namespace tagcache::server
