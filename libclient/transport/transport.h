#ifndef TAGCACHE_LIBCLIENT_TRANSPORT_TRANSPORT_H_
#define TAGCACHE_LIBCLIENT_TRANSPORT_TRANSPORT_H_

// A connected stream socket, or memory shared with the server that was asked for over one. Short
// exchanges over a socket cost one send and one recv: neither is preceded by a poll.
//
// Threads: one at a time, but one may send while another receives. Ownership: owns the socket.
// Errors: IoResult. A call that was interrupted by a signal goes on with the time that is left.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "libclient/transport/endpoint.h"
#include "libclient/transport/fork_guard.h"
#include "libclient/transport/io_result.h"
#include "libclient/transport/shm_rings.h"
#include "protocol/spin_gate.h"
#include "tagcache/options.h"

namespace tagcache {

struct SocketOptions {
  bool tcp_nodelay = true;
  bool tcp_keepalive = true;
  size_t send_buffer = 0;
  size_t receive_buffer = 0;
};

class Transport {
 public:
  Transport() = default;
  ~Transport() { Close(); }
  Transport(Transport&& other) noexcept { *this = std::move(other); }
  Transport& operator=(Transport&& other) noexcept;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Connects, over all addresses that the endpoint's host has; each gets its share of the time that
  // the look-up of the name left.
  IoResult Connect(const Endpoint& endpoint, const SocketOptions& options, TimePoint deadline,
                   SocketTable& table);
  void Close();

  // Sends what the socket takes at once. kWouldBlock: nothing.
  IoResult Send(std::string_view bytes);
  // Takes what is there at once.
  IoResult ReceiveNow(std::span<char> space);
  // Waits for bytes and takes them: spins for `spin` while that pays, then sleeps in recv.
  // kWouldBlock: it woke up early, call it again.
  IoResult Receive(std::span<char> space, TimePoint deadline, Duration spin);
  // Sleeps until bytes can be read or sent.
  IoResult Wait(TimePoint deadline, bool* readable, bool* writable);
  // Sleeps until bytes can be sent, or the deadline.
  void WaitWritable(TimePoint deadline);
  // Ends the connection without closing the socket: a thread that sleeps on it wakes up.
  void ShutDown();
  // Whether the peer neither closed nor sent anything. Reads nothing.
  bool LooksIdle() const;
  // After a Connect that failed: the server's message, or what became of the look-up of the name.
  // Empty: the IoResult says it all.
  const std::string& refusal() const { return refusal_; }

 private:
  // The result of connecting a new socket to one address.
  IoResult ConnectTo(int family, const void* address, size_t size, const SocketOptions& options,
                     TimePoint deadline, SocketTable& table);
  IoResult FinishUnix(const void* address, size_t size, TimePoint deadline);
  IoResult FinishTcp(const void* address, size_t size, TimePoint deadline);
  IoResult ConnectUnix(const Endpoint& endpoint, const SocketOptions& options, TimePoint deadline,
                       SocketTable& table);
  IoResult ConnectTcp(const Endpoint& endpoint, const SocketOptions& options, TimePoint deadline,
                      SocketTable& table);
  IoResult ConnectShm(const Endpoint& endpoint, const SocketOptions& options, TimePoint deadline,
                      SocketTable& table);
  void LimitReceive(Duration left);

  int fd_ = -1;
  int place_ = -1;  // in *table_
  SocketTable* table_ = nullptr;
  Duration receive_limit_{};  // SO_RCVTIMEO as it was set last; zero: never
  protocol::SpinGate gate_;
  std::unique_ptr<ShmRings> rings_;  // nullptr: the bytes go over the socket
  std::string refusal_;
};

// Zero if the system grants a socket buffer of this size, otherwise the largest that it grants.
// Opens a socket and closes it.
size_t BufferLimit(bool send, size_t bytes);

// "Connection refused".
std::string ErrnoText(int error);

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_TRANSPORT_TRANSPORT_H_
