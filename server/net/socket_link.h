#ifndef TAGCACHE_SERVER_NET_SOCKET_LINK_H_
#define TAGCACHE_SERVER_NET_SOCKET_LINK_H_

// A link over a TCP or Unix socket: a system call for each Read and each Write.

#include <memory>

#include "server/net/link.h"
#include "server/net/socket_options.h"
#include "server/net/socket_watcher.h"

namespace tagcache::server {

class SocketLink : public Link, private SocketUser {
 public:
  // `user` outlives the link, and its watcher is not closed yet.
  SocketLink(std::unique_ptr<SocketWatcher> socket, Transport transport, LinkUser& user);
  ~SocketLink() override = default;

  Transfer Read(std::span<char> space) override;
  Transfer Write(std::span<const std::string_view> pieces) override;
  bool HasRoom() override { return false; }  // takes a system call; the loop reports it
  bool Wait(bool to_read, bool to_write, bool polled) override;
  bool expects_polling() const override { return false; }
  bool FinishWriting() override;
  void Close() override { socket_->Close(); }
  std::string Address() const override;

 protected:
  LinkUser& user() { return user_; }
  // A successor takes over the socket.
  std::unique_ptr<SocketWatcher>& socket() { return socket_; }

 private:
  void OnSocketReady(bool readable, bool writable) override { user_.OnReady(readable, writable); }
  void OnSocketClosed() override { user_.OnClosed(); }

  std::unique_ptr<SocketWatcher> socket_;
  LinkUser& user_;
  const Transport transport_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_SOCKET_LINK_H_
