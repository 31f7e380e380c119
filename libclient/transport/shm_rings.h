#ifndef TAGCACHE_LIBCLIENT_TRANSPORT_SHM_RINGS_H_
#define TAGCACHE_LIBCLIENT_TRANSPORT_SHM_RINGS_H_

// A connection's bytes in memory shared with the server (protocol/shm_ring.h), asked for over its
// Unix socket. The socket stays open: a byte on it wakes an end that sleeps, and its end is the end
// of the connection.
//
// A receive spins on the memory before it sleeps, for a time that the caller gives, as long as that
// pays (protocol/spin_gate.h).
//
// Threads: one may send while another receives. Ownership: owns the mapping; borrows the socket,
// which outlives it. Errors: IoResult.
// Fork: a child does not inherit the mapping and must not use it; its destructor is safe there.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "libclient/transport/io_result.h"
#include "protocol/shm_ring.h"
#include "protocol/spin_gate.h"

namespace tagcache {

class ShmRings {
 public:
  // How long a receive spins if the caller gives no time.
  static constexpr Duration kUsualSpin = std::chrono::microseconds(20);

  // Asks for the memory on a socket that was just connected. On failure `*why` is what the server
  // answered, if it answered.
  static IoResult Open(int fd, TimePoint deadline, std::unique_ptr<ShmRings>* rings,
                       std::string* why);
  ~ShmRings();
  ShmRings(const ShmRings&) = delete;
  ShmRings& operator=(const ShmRings&) = delete;

  // As in Transport.
  IoResult Send(std::string_view bytes);
  IoResult ReceiveNow(std::span<char> space);
  IoResult Receive(std::span<char> space, TimePoint deadline, Duration spin);
  IoResult Wait(TimePoint deadline, bool* readable, bool* writable);
  void WaitWritable(TimePoint deadline);
  bool LooksIdle();

 private:
  ShmRings(int fd, char* memory, uint32_t ring_bytes);

  IoResult SleepUntilRung(TimePoint deadline);
  bool SpinUntilReady(TimePoint deadline, Duration spin);
  void Ring();
  void TakeRings();

  const int fd_;
  char* const memory_;
  const size_t size_;
  const uint64_t generation_;  // of the process that mapped it
  protocol::ShmReader reader_;
  protocol::ShmWriter writer_;
  protocol::SpinGate gate_;
  std::atomic<bool> peer_closed_{false};  // found by the reader, read by the writer
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_TRANSPORT_SHM_RINGS_H_
