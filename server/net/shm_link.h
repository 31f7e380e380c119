#ifndef TAGCACHE_SERVER_NET_SHM_LINK_H_
#define TAGCACHE_SERVER_NET_SHM_LINK_H_

// The server's end of a connection whose bytes travel in shared memory (protocol/shm_ring.h). It
// was asked for over a Unix socket, which stays open and is what both ends ring on.
//
// The memory is sealed in size before the client sees it, so nothing the client does to it makes an
// access fail. The client rings, and is rung, on the socket and not on eventfds: whether a write to
// an eventfd blocks is a flag that both ends of it share, so a client could make the server wait;
// MSG_DONTWAIT belongs to the call.
//
// Threads: one at a time. Ownership: owns the memory; borrows the socket, which outlives it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "protocol/shm_ring.h"

namespace tagcache::server {

class ShmLink {
 public:
  // Makes the memory and sends its descriptor as a grant. nullptr: *why says what is wrong, and
  // nothing was sent.
  static std::unique_ptr<ShmLink> Grant(int socket, uint32_t ring_bytes, std::string* why);
  // Answers an ask that is not granted.
  static void Refuse(int socket, std::string_view why);
  ~ShmLink();
  ShmLink(const ShmLink&) = delete;
  ShmLink& operator=(const ShmLink&) = delete;

  // What there is, and room for, at once. Rings the client where it sleeps on that.
  size_t Read(std::span<char> space);
  size_t Write(std::string_view bytes);
  // The client broke the rules: close the connection.
  bool broken() const { return reader_.broken() || writer_.broken(); }

  // Whether Read would bring something.
  bool Readable() { return reader_.Ready(); }
  bool Writable() { return writer_.Room() > 0; }
  // From now on the client rings when there is something to read or, where `to_write`, when there
  // is room. false: there is already.
  bool Sleep(bool to_read, bool to_write);
  void Wake();

 private:
  ShmLink(int socket, char* memory, uint32_t ring_bytes);
  void Ring();

  const int socket_;
  char* const memory_;
  const size_t size_;
  protocol::ShmReader reader_;
  protocol::ShmWriter writer_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_SHM_LINK_H_
