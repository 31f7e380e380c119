#ifndef TAGCACHE_SERVER_NET_SHM_LINK_H_
#define TAGCACHE_SERVER_NET_SHM_LINK_H_

// A link through shared memory (protocol/shm_ring.h). The client asked for it over a Unix socket,
// which stays open: each end sends a byte over it to wake the other, and sees there when the other
// is gone.
//
// The memory is sealed in size before the client sees it, so nothing the client does to it makes an
// access fail. The two ends wake each other over the socket and not by eventfds: whether a write to
// an eventfd blocks is a flag that both ends of it share, so a client could make the server wait;
// MSG_DONTWAIT belongs to the call.
//
// A client that wrote requests and went at once has them carried out: the memory outlives it. The
// answers have no reader any more and are dropped.
//
// Ownership: owns the memory and the socket.

#include <cstdint>
#include <memory>
#include <string>

#include "protocol/shm_ring.h"
#include "server/net/link.h"
#include "server/net/shm_grants.h"
#include "server/net/socket_watcher.h"

namespace tagcache::server {

class ShmLink final : public Link, private SocketUser {
 public:
  // Makes the memory and sends its descriptor to the client. The link takes over the socket.
  // Returns null if that fails: *why is the reason, nothing was sent, and the socket is still the
  // caller's. REQUIRES: the caller has counted the connection in grants.open and its rings in
  // grants.memory; Close removes both.
  static std::unique_ptr<ShmLink> Open(std::unique_ptr<SocketWatcher>& socket, uint32_t ring_bytes,
                                       LinkUser& user, const ShmGrants& grants, std::string* why);
  // Answers a client that gets no memory.
  static void Refuse(int socket, std::string_view why);
  ~ShmLink() override;

  Transfer Read(std::span<char> space) override;
  Transfer Write(std::span<const std::string_view> pieces) override;
  // True also after the client broke the rules: Write then reports that.
  bool HasRoom() override { return ended_ || writer_.Room() > 0 || writer_.broken(); }
  bool Wait(bool to_read, bool to_write, bool polled) override;
  bool expects_polling() const override { return true; }
  bool FinishWriting() override;
  void Close() override;
  std::string Address() const override { return "shm"; }

 private:
  ShmLink(char* memory, uint32_t ring_bytes, LinkUser& user, const ShmGrants& grants);
  void OnSocketReady(bool readable, bool writable) override;
  void OnSocketClosed() override { user_.OnClosed(); }
  void WakeClient();

  std::unique_ptr<SocketWatcher> socket_;
  char* const memory_;
  const size_t size_;
  protocol::ShmReader reader_;
  protocol::ShmWriter writer_;
  LinkUser& user_;
  const ShmGrants& grants_;
  bool ended_ = false;  // the client is gone
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_SHM_LINK_H_
