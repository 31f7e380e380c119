#ifndef TAGCACHE_SERVER_NET_LISTENER_H_
#define TAGCACHE_SERVER_NET_LISTENER_H_

// A listening socket in a worker's loop. It accepts a few connections in each turn of the loop, so
// that the open connections have their turns, too.
//
// When the system refuses to accept (no descriptor is left, or no memory), the connection stays in
// the queue, and the loop would report it again at once. So the listener watches its socket no more
// until a moment has passed, and then tries again, for as long as it takes.
//
// Threads: its loop's.

#include <uv.h>

#include <memory>
#include <string>

#include "server/net/socket_options.h"
#include "server/net/socket_watcher.h"

namespace tagcache::server {

// What a Listener reports to.
class ListenerUser {
 public:
  // The user takes over the socket `fd`, which is non-blocking. `local`: the peer is on this
  // machine, at the Unix socket or at a loopback address.
  virtual void OnAccepted(int fd, Transport transport, bool local) = 0;
  // Nothing is accepted for a moment. `reason` is the system's.
  virtual void OnAcceptFailed(const char* reason) = 0;

 protected:
  ~ListenerUser() = default;
};

class Listener final : private SocketUser {
 public:
  // Takes over the socket `fd`, which listens. Returns null if that fails: *error is the reason.
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
  void Pause(int failure);

  SocketWatcher socket_;
  uv_timer_t pause_;  // active while the socket is not watched
  const Transport transport_;
  ListenerUser& user_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_LISTENER_H_
