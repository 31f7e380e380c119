#ifndef TAGCACHE_SERVER_NET_LISTENER_H_
#define TAGCACHE_SERVER_NET_LISTENER_H_

// A listening socket in a worker's loop. It accepts one connection in each turn of the loop, so
// that the open connections have their turns, too.
//
// When the process has no descriptor left, the listener accepts and closes a waiting connection by
// means of a descriptor that it keeps for this purpose. Otherwise that connection would stay in the
// queue and keep the loop awake.
//
// Threads: its loop's.

#include <memory>
#include <string>

#include "server/net/socket_options.h"
#include "server/net/socket_watcher.h"

namespace tagcache::server {

// What a Listener reports to.
class ListenerUser {
 public:
  // The user takes over the socket `fd`, which is non-blocking.
  virtual void OnAccepted(int fd, Transport transport) = 0;
  virtual void OnAcceptFailed(const char* reason) = 0;

 protected:
  ~ListenerUser() = default;
};

class Listener final : private SocketUser {
 public:
  // Takes over the bound socket `fd` and listens. Returns null if that fails: *error is the reason.
  static std::unique_ptr<Listener> Open(uv_loop_t* loop, int fd, Transport transport,
                                        ListenerUser& user, std::string* error);
  // REQUIRES: Close was called, and the loop has run since.
  ~Listener();

  // Accepts no more. The listener may be closed already.
  void Close();

 private:
  Listener(Transport transport, ListenerUser& user);
  void OnSocketReady(bool readable, bool writable) override;
  void OnSocketClosed() override {}
  void RefuseOne();

  SocketWatcher socket_;
  const Transport transport_;
  ListenerUser& user_;
  int spare_fd_;  // -1: none
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_LISTENER_H_
