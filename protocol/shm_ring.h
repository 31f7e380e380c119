#ifndef TAGCACHE_PROTOCOL_SHM_RING_H_
#define TAGCACHE_PROTOCOL_SHM_RING_H_

// The shared memory transport: two queues of bytes in memory that a client and a server on one
// machine share. What travels in them is what would travel on a socket; this file knows no codec.
//
//   0         64        128       192       256              4096            4096 + ring_bytes
//   +---------+---------+---------+---------+------- ... ----+---------------+---------------+
//   | up:     | up:     | down:   | down:   | unused         | bytes of up   | bytes of down |
//   | written | read    | written | read    |                | (requests)    | (answers)     |
//   +---------+---------+---------+---------+------- ... ----+---------------+---------------+
//
// `written` and `read` count bytes since the beginning, so a queue holds written - read bytes and
// the next one goes to written % ring_bytes. Beside each counter stands a flag which is set while
// the end that owns the counter sleeps. Whoever changes the other counter of the queue clears the
// flag and rings: it sends a byte over the Unix socket on which the memory was requested. The end
// of the socket is also how an end learns that the other one is gone.
//
// A reader publishes its counter only after each quarter of the queue, or at once when the writer
// sleeps. That saves one transfer of a cache line between two cores for each message. A writer that
// finds the queue full is never stuck: at least three quarters of it are unread, so the reader
// still has to come to the point where it publishes.
//
// Trust: each end keeps its own counter in private memory and only publishes it. Of the other end's
// counter it accepts any distance from 0 to ring_bytes; everything else breaks the connection.
// Bytes are copied out before anybody parses them, so they cannot change under the parser.
//
// Setup: the first bytes of the connection are a request for memory (ask), the answer is a grant
// and comes with the memory's descriptor. The first byte of an ask begins no protocol.
//
//   ask   = 0xC9 version:u8 0:u16 ring_bytes:u32                       little-endian
//   grant = 0xCA status:u8 message_size:u16 ring_bytes:u32 message     status 0: granted
//
// Threads: a writer and a reader each belong to one thread at a time; the two of one end may be on
// different threads. Ownership: they borrow the memory, which outlives them.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tagcache::protocol {

inline constexpr uint8_t kShmAskMagic = 0xC9;
inline constexpr uint8_t kShmGrantMagic = 0xCA;
inline constexpr uint8_t kShmVersion = 1;
inline constexpr size_t kShmAskBytes = 8;
inline constexpr size_t kShmGrantBytes = 8;  // without its message
inline constexpr size_t kShmMaxMessage = 512;
// Bytes of each queue: a power of two. What a client asks for is clamped to this range.
inline constexpr uint32_t kShmMinRing = 16 * 1024;
inline constexpr uint32_t kShmMaxRing = 256 * 1024;
inline constexpr uint32_t kShmUsualRing = kShmMaxRing;
inline constexpr size_t kShmHeadBytes = 4096;

// A counter, and whether the end that owns it sleeps; on a cache line of its own.
struct alignas(64) ShmCounter {
  std::atomic<uint64_t> bytes;
  std::atomic<uint32_t> sleeps;
};
static_assert(sizeof(ShmCounter) == 64 && std::atomic<uint64_t>::is_always_lock_free &&
              std::atomic<uint32_t>::is_always_lock_free);

struct ShmQueue {
  ShmCounter written;
  ShmCounter read;
};

struct ShmHead {
  ShmQueue up;
  ShmQueue down;
};
static_assert(sizeof(ShmHead) <= kShmHeadBytes);

constexpr size_t ShmBytes(uint32_t ring_bytes) { return kShmHeadBytes + size_t{ring_bytes} * 2; }

class ShmWriter {
 public:
  // `bytes.size()` is a power of two.
  ShmWriter(ShmQueue& queue, std::span<char> bytes) : queue_(&queue), bytes_(bytes) {}

  // Copies what there is room for. Returns how many bytes that was: 0 also when broken.
  size_t Write(std::string_view bytes);
  size_t Room();
  bool broken() const { return broken_; }

  // Announces that this end sleeps until there is room. false: there is some; do not sleep.
  bool Sleep();
  void Wake() { queue_->written.sleeps.store(0, std::memory_order_relaxed); }
  // After Write: whether the reader sleeps and must be rung. Clears its flag.
  bool MustRing();

 private:
  ShmQueue* queue_;
  std::span<char> bytes_;
  uint64_t written_ = 0;
  uint64_t read_seen_ = 0;
  bool broken_ = false;
};

class ShmReader {
 public:
  ShmReader(ShmQueue& queue, std::span<const char> bytes) : queue_(&queue), bytes_(bytes) {}

  // Copies what is there, up to space.size() bytes. Returns how many: 0 also when broken.
  size_t Read(std::span<char> space);
  // Whether there is something, or the queue is broken.
  bool Ready() { return Size() > 0 || broken_; }
  bool broken() const { return broken_; }

  // Announces that this end sleeps until there is something. false: there is; do not sleep.
  bool Sleep();
  void Wake() { queue_->read.sleeps.store(0, std::memory_order_relaxed); }
  // After Read: whether the writer sleeps and must be rung. Clears its flag.
  bool MustRing();

 private:
  size_t Size() {
    if (written_seen_ == read_) {
      written_seen_ = queue_->written.bytes.load(std::memory_order_seq_cst);
    }
    const uint64_t held = written_seen_ - read_;
    if (held > bytes_.size()) broken_ = true;
    return broken_ ? 0 : held;
  }
  void PublishRead();

  ShmQueue* queue_;
  std::span<const char> bytes_;
  uint64_t read_ = 0;
  uint64_t published_ = 0;  // the read_ that the writer can see
  uint64_t written_seen_ = 0;
  bool broken_ = false;
};

// The two ends of fresh memory. REQUIRES: `memory` has ShmBytes(ring_bytes) bytes, all of them 0.
struct ShmEnd {
  ShmReader reader;
  ShmWriter writer;
};
ShmEnd ShmServerEnd(char* memory, uint32_t ring_bytes);
ShmEnd ShmClientEnd(char* memory, uint32_t ring_bytes);

// The nearest allowed size.
uint32_t ShmRingBytes(uint32_t asked);

std::string EncodeShmAsk(uint32_t ring_bytes);
// false: not an ask of this version. REQUIRES: bytes.size() is kShmAskBytes.
bool DecodeShmAsk(std::string_view bytes, uint32_t* ring_bytes);

struct ShmGrant {
  bool granted = false;
  uint32_t ring_bytes = 0;
  std::string message;  // of a refusal
};
std::string EncodeShmGrant(const ShmGrant& grant);
// Decodes the fixed part of a grant; *message_size bytes of grant->message follow it. false: not a
// grant. REQUIRES: bytes.size() is kShmGrantBytes.
bool DecodeShmGrant(std::string_view bytes, ShmGrant* grant, size_t* message_size);

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_SHM_RING_H_
