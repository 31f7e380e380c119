#ifndef TAGCACHE_SERVER_NET_LINK_H_
#define TAGCACHE_SERVER_NET_LINK_H_

// A link carries the bytes of one connection. The connection reads and writes through it and never
// asks what is behind it: a socket (socket_link.h) or shared memory (shm_link.h). A further kind of
// link is one more file.
//
// A link never blocks. A transfer that finds nothing to read, or no room to write, returns 0 bytes;
// the connection then calls Wait, and the link calls OnReady when it is worth another try:
//
//        event loop                link                       connection
//            | the socket is ready  |                             |
//            |--------------------->|  OnReady(readable, writable)|
//            |                      |---------------------------->|
//            |                      |          Read, Write ...    |
//            |                      |<----------------------------|
//            |                      |   Wait(to_read, to_write)   |
//            | watch the socket     |<----------------------------|
//            |<---------------------|                             |
//
// What the connection waits for and what the link watches need not be the same. A link that has to
// write before it can read (a handshake) watches for both, does its part when the socket is ready,
// and only then calls OnReady. A link that holds bytes which its socket has delivered already
// returns false from Wait: no event would announce them.
//
// Ownership: a connection owns its link; the link borrows its user. Threads: one, its worker's.

#include <cassert>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace tagcache::server {

// What a Read or a Write did. With no bytes and nothing else set it found nothing to read, or no
// room to write.
struct Transfer {
  size_t bytes = 0;
  bool ended = false;         // by Read: the peer sends no more; it may still receive
  bool asks_upgrade = false;  // by Read: the peer asks for another link; call Upgrade
  const char* failure =
      nullptr;  // the link is of no more use: the reason, for the log; never freed
};

// The connection, as its link sees it.
class LinkUser {
 public:
  // Read may find something, Write may find room. The user may replace the link in this call.
  virtual void OnReady(bool readable, bool writable) = 0;
  // The link has closed; the user may destroy it. Nothing is called after this.
  virtual void OnClosed() = 0;

 protected:
  ~LinkUser() = default;
};

class Link {
 public:
  // REQUIRES: OnClosed was called, or Upgrade returned the link's successor.
  virtual ~Link() = default;

  // Reads once what is there, as far as there is space.
  virtual Transfer Read(std::span<char> space) = 0;
  // Writes the pieces in their order, as far as there is room. They are borrowed for the call: what
  // was not written the caller passes again, together with what comes after it. REQUIRES: the
  // pieces are not empty.
  virtual Transfer Write(std::span<const std::string_view> pieces) = 0;
  // Whether Write would find room, where the link knows it without a system call; else false.
  virtual bool HasRoom() = 0;

  // Says what OnReady is to report from now on, in place of what was said before. With `polled` the
  // caller itself calls Read and HasRoom all the time, so that the peer need not announce anything
  // by a system call. false: OnReady will not report what is there already; read or write now.
  // Always true with `polled`.
  virtual bool Wait(bool to_read, bool to_write, bool polled) = 0;
  // Whether the peer counts on being polled, even if it did not ask for that (Peer::busy_poll).
  virtual bool expects_polling() const = 0;

  // Takes what Read found to be a request for another link, and answers the peer. Returns the link
  // to use from now on, which has the same user; this one may then only be destroyed. Null: the
  // peer was refused, and gets no further answer. `refusal` is the reason to refuse it; empty: the
  // link decides. REQUIRES: the last Read returned asks_upgrade.
  virtual std::unique_ptr<Link> Upgrade(std::string_view /*refusal*/) {
    assert(false);
    return nullptr;
  }

  // The peer sees the end of the stream after what was written. false: it is gone already.
  virtual bool FinishWriting() = 0;
  // Ends the link. Its user gets OnClosed in a later turn of the loop, and no other call.
  virtual void Close() = 0;

  // Where the peer is, for the log.
  virtual std::string Address() const = 0;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_LINK_H_
