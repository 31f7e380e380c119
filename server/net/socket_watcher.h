#ifndef TAGCACHE_SERVER_NET_SOCKET_WATCHER_H_
#define TAGCACHE_SERVER_NET_SOCKET_WATCHER_H_

// A socket in a libuv loop. The watcher reports when the socket can be read or written; its user
// reads and writes.
//
// Ownership: owns the descriptor. Threads: its loop's.

#include <uv.h>

namespace tagcache::server {

// What a SocketWatcher reports to.
class SocketUser {
 public:
  // The socket is ready for one of those that it is watched for; after an error, for both: the next
  // call on the socket returns the error. The user may destroy itself in this call, and hand the
  // watcher to another user.
  virtual void OnSocketReady(bool readable, bool writable) = 0;
  // The watcher has closed; it may be destroyed.
  virtual void OnSocketClosed() = 0;

 protected:
  ~SocketUser() = default;
};

class SocketWatcher {
 public:
  SocketWatcher() = default;
  // REQUIRES: it was never opened, or OnSocketClosed was called.
  ~SocketWatcher();
  SocketWatcher(const SocketWatcher&) = delete;
  SocketWatcher& operator=(const SocketWatcher&) = delete;

  // Takes over a non-blocking socket. Returns 0, or libuv's error; the socket is closed then.
  // Throws nothing, so that whatever the socket needs can be allocated before.
  int Open(uv_loop_t* loop, int fd);
  bool open() const { return fd_ >= 0; }
  int fd() const { return fd_; }  // -1: not open
  void SetUser(SocketUser* user) { user_ = user; }

  // What to report from now on. Costs system calls only where it changes. REQUIRES: open().
  void Watch(bool to_read, bool to_write);
  // Closes the socket at once; the user gets OnSocketClosed in a later turn of the loop.
  // REQUIRES: open().
  void Close();

 private:
  uv_poll_t poll_;
  SocketUser* user_ = nullptr;
  int fd_ = -1;
  int events_ = 0;        // that are watched
  bool in_loop_ = false;  // the loop has the handle
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_SOCKET_WATCHER_H_
