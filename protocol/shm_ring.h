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
// the next one goes to written % ring_bytes. Beside each stands a word that says that this end
// sleeps; whoever changes the counter it sleeps on takes the word back and rings, which is to send
// a byte over the Unix socket that the memory was asked for on. The socket also tells when the
// other end is gone.
//
// A reader tells how far it is by quarters of the queue, or at once where the writer sleeps: a
// cache line less that travels between two cores for each message. A writer that finds the queue
// full waits for three quarters that are really there, so the reader comes to tell.
//
// Trust: each end keeps its own counter privately and only publishes it; of the other end's it
// believes nothing but a distance of 0 to ring_bytes (else: broken). Bytes are copied out before
// anybody looks at them, so what is parsed can not change under the parser.
//
// Asking for it: the first bytes of the connection are an ask, the answer is a grant, which brings
// the memory's descriptor. The first byte of an ask begins neither of the two protocols.
//
//   ask   = 0xC9 version:u8 0:u16 ring_bytes:u32                       little-endian
//   grant = 0xCA status:u8 message_size:u16 ring_bytes:u32 message     status 0: granted
//
// Threads: a writer and a reader of one end each belong to one thread at a time; the two may be on
// two threads. Ownership: borrow the memory, which outlives them.

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
// Bytes of each queue: a power of two. What a client asks for is cut to this range.
inline constexpr uint32_t kShmMinRing = 16 * 1024;
inline constexpr uint32_t kShmMaxRing = 1024 * 1024;
inline constexpr uint32_t kShmUsualRing = 256 * 1024;
inline constexpr size_t kShmHeadBytes = 4096;

// A counter and whether the end that counts sleeps; on a cache line of its own.
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

  // Copies what there is room for; how many bytes that was. 0 also when broken.
  size_t Write(std::string_view bytes);
  size_t Room();
  bool broken() const { return broken_; }

  // Says that this end sleeps until there is room. false: there is some; do not sleep.
  bool Sleep();
  void Wake() { queue_->written.sleeps.store(0, std::memory_order_relaxed); }
  // After Write: whether the reader sleeps and is to be rung. Takes its word back.
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

  // Copies what is there, up to space.size() bytes; how many that was. 0 also when broken.
  size_t Read(std::span<char> space);
  // Whether there is something, or the queue is broken.
  bool Ready() { return Size() > 0 || broken_; }
  bool broken() const { return broken_; }

  // Says that this end sleeps until there is something. false: there is; do not sleep.
  bool Sleep();
  void Wake() { queue_->read.sleeps.store(0, std::memory_order_relaxed); }
  // After Read: whether the writer sleeps and is to be rung. Takes its word back.
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
  void Tell();

  ShmQueue* queue_;
  std::span<const char> bytes_;
  uint64_t read_ = 0;
  uint64_t told_ = 0;  // of read_, to the writer
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

// The nearest size that is allowed.
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
// What the first kShmGrantBytes say: *message_size bytes of grant->message follow. false: not a
// grant. REQUIRES: bytes.size() is kShmGrantBytes.
bool DecodeShmGrant(std::string_view bytes, ShmGrant* grant, size_t* message_size);

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_SHM_RING_H_
