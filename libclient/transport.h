#ifndef TAGCACHE_LIBCLIENT_TRANSPORT_H_
#define TAGCACHE_LIBCLIENT_TRANSPORT_H_

// A connected stream socket. Short exchanges cost one send and one recv: neither is preceded by a
// poll. Waiting uses poll, which knows no highest descriptor (select ends at 1023).
//
// Threads: one at a time, but one may send while another receives. Ownership: owns the socket.
// Errors: IoResult. A call that was interrupted by a signal goes on with the time that is left.

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "libclient/endpoint.h"
#include "libclient/fork_guard.h"
#include "tagcache/options.h"

namespace tagcache {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

enum class IoStatus {
  kOk,
  kWouldBlock,
  kTimeout,  // the deadline passed
  kClosed,   // the peer closed
  kFailed,   // `error` says why
};

struct IoResult {
  IoStatus status = IoStatus::kOk;
  size_t bytes = 0;
  int error = 0;  // errno
};

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
  // is left. Looking a host's name up may take longer than the deadline (the resolver has time-outs
  // of its own); numeric addresses and Unix sockets need no look-up.
  IoResult Connect(const Endpoint& endpoint, const SocketOptions& options, TimePoint deadline,
                   SocketTable& table);
  void Close();
  bool open() const { return fd_ >= 0; }

  // Sends what the socket takes at once. kWouldBlock: nothing.
  IoResult Send(std::string_view bytes);
  // Takes what is there at once.
  IoResult ReceiveNow(std::span<char> space);
  // Waits for bytes and takes them: spins for `spin`, then sleeps in recv. kWouldBlock: woken
  // before its time, ask again.
  IoResult Receive(std::span<char> space, TimePoint deadline, Duration spin);
  // Sleeps until bytes can be read or, when `to_write`, sent.
  IoResult Wait(bool to_write, TimePoint deadline, bool* readable, bool* writable);
  // Sleeps until bytes can be sent, or the deadline.
  void WaitWritable(TimePoint deadline);
  // Ends the connection without closing the socket: whoever sleeps on it wakes up.
  void ShutDown();
  // Whether the peer neither closed nor sent anything; looks without taking.
  bool LooksIdle() const;

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
  void LimitReceive(Duration left);
  IoResult Poll(short wanted, TimePoint deadline, short* got);

  int fd_ = -1;
  int place_ = -1;  // in *table_
  SocketTable* table_ = nullptr;
  Duration receive_limit_{};  // SO_RCVTIMEO as it was set last; zero: never
};

// What the system made of a buffer size that was asked for: zero when it is in force, otherwise the
// largest it allows. Opens a socket and closes it.
size_t BufferLimit(bool send, size_t bytes);

// "Connection refused".
std::string ErrnoText(int error);

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_TRANSPORT_H_
