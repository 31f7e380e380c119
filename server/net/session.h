#ifndef TAGCACHE_SERVER_NET_SESSION_H_
#define TAGCACHE_SERVER_NET_SESSION_H_

// The server's side of one connection, without I/O: bytes and time go in, bytes come out. It tells
// the codec by the first byte, carries requests out on the store, and puts replies together.
//
// Small replies gather in one reused output buffer. A large reply (values over 16 KiB, long MGETs)
// is produced a frame at a time, interleaved with other replies, from entries it has pinned; so
// what it holds in the buffer is bounded by the output backlog, whatever was asked for. While the
// backlog is full no further request is carried out and wants_input() is false.
//
// Threads: one at a time, its worker's. Errors: a peer's errors are answers to the peer.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/buffer.h"
#include "protocol/message.h"
#include "server/store/store.h"

namespace tagcache::server {

class WorkerMetrics;
struct Engine;  // what sessions of a process share: store, limits, credentials, metrics

class Session {
 public:
  Session(Engine& engine, WorkerMetrics& metrics);
  ~Session();

  // Takes bytes from the peer and carries out what is complete.
  void Receive(std::string_view bytes, TimeMs now);
  // What is to be sent next; empty: nothing for now. Valid until the next call.
  std::string_view Output(TimeMs now);
  // The first `n` bytes of Output() were sent. Goes on with requests that were held back.
  void Sent(size_t n, TimeMs now);

  bool wants_input() const;
  // Close the connection once Output() is empty.
  bool closing() const;
  // Answers what was read, refuses the rest with kShuttingDown, then closing().
  void ShutDown(TimeMs now);
  // The first request is answered with kTooManyConnections, then closing().
  void Reject();
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_SESSION_H_
