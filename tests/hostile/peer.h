#ifndef TAGCACHE_TESTS_HOSTILE_PEER_H_
#define TAGCACHE_TESTS_HOSTILE_PEER_H_

// One connection of an attacker: a socket that never blocks for longer than a moment, so that an
// attack can be stopped at any time.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>

#include "protocol/message.h"

namespace tagcache::testing {

// Where the server is, and who attacks.
struct Target {
  int port = 0;
  std::string socket_path;
  bool over_unix = false;  // the attackers connect to the Unix socket
  std::atomic<int>* ready = nullptr;

  // An attacker calls it when what it will send is made: from then on it is judged.
  void Ready() const {
    if (ready != nullptr) ready->fetch_add(1);
  }
};

class Peer {
 public:
  // Not connected when the server refuses or has no room. `buffers`: bytes of each socket buffer.
  explicit Peer(const Target& target, int buffers = 0);
  ~Peer();
  Peer(Peer&& other) noexcept;
  Peer& operator=(Peer&& other) noexcept;

  bool connected() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  void Close();

  // Sends all of it, reading nothing. false: the server closed, or the attack is over.
  bool Send(std::string_view bytes, std::stop_token stop);
  // Sends what the socket takes at once.
  size_t SendWhatFits(std::string_view bytes);
  // Takes what has come, and waits up to `wait` for it. 0: nothing came; *closed: the server
  // closed.
  size_t Drain(std::chrono::milliseconds wait, bool* closed);
  // One line with its LF; empty when it did not come in time.
  std::string ReadLine(std::chrono::milliseconds wait);

 private:
  int fd_ = -1;
};

// The frames of one request of the binary protocol.
std::string Frames(const protocol::Request& request, uint32_t max_frame = protocol::kBaseMaxFrame);
std::string Repeat(std::string_view bytes, size_t times);

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_HOSTILE_PEER_H_
