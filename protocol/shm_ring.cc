#include "protocol/shm_ring.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "protocol/frame.h"

namespace tagcache::protocol {
namespace {

// After a message the cache lines of the next one are fetched ahead: as many bytes as the message
// had, but no more than this.
constexpr size_t kMostAhead = 256;

template <typename T>
void AppendLittle(T value, std::string* out) {
  char bytes[sizeof(T)];
  StoreLittle(value, bytes);
  out->append(bytes, sizeof(T));
}

// One end changes what the other sleeps on, then checks whether the other sleeps. The other
// announces that it sleeps, then checks for a change. All four are sequentially consistent
// operations, which have one order, so at least one of the two ends sees what the other did.
bool ClearSleep(ShmCounter& counter) {
  return counter.sleeps.load(std::memory_order_seq_cst) != 0 &&
         counter.sleeps.exchange(0, std::memory_order_relaxed) != 0;
}

void AnnounceSleep(ShmCounter& counter) { counter.sleeps.store(1, std::memory_order_seq_cst); }

ShmEnd EndOf(char* memory, uint32_t ring_bytes, bool server) {
  auto* head = reinterpret_cast<ShmHead*>(memory);
  const std::span<char> up(memory + kShmHeadBytes, ring_bytes);
  const std::span<char> down(memory + kShmHeadBytes + ring_bytes, ring_bytes);
  if (server) return {ShmReader(head->up, up), ShmWriter(head->down, down)};
  return {ShmReader(head->down, down), ShmWriter(head->up, up)};
}

}  // namespace

size_t ShmWriter::Room() {
  const size_t capacity = bytes_.size();
  assert(std::has_single_bit(capacity) && (broken_ || written_ - read_seen_ <= capacity));
  read_seen_ = queue_->read.bytes.load(std::memory_order_seq_cst);
  const uint64_t held = written_ - read_seen_;
  if (held > capacity) broken_ = true;
  return broken_ ? 0 : capacity - held;
}

size_t ShmWriter::Write(std::string_view bytes) {
  const size_t capacity = bytes_.size();
  assert(broken_ || written_ - read_seen_ <= capacity);
  size_t room = capacity - (written_ - read_seen_);
  if (room < bytes.size()) room = Room();
  const size_t n = std::min(room, bytes.size());
  if (n == 0 || broken_) return 0;
  char* const all = bytes_.data();
  const size_t at = written_ & (capacity - 1);
  const size_t first = std::min(n, capacity - at);
  std::memcpy(all + at, bytes.data(), first);
  if (first < n) std::memcpy(all, bytes.data() + first, n - first);
  written_ += n;
  assert(n <= room && written_ - read_seen_ <= capacity);
  queue_->written.bytes.store(written_, std::memory_order_seq_cst);
  // The other core read these lines last. They arrive while it works on what was written.
  const size_t next = std::min(n, kMostAhead);
  for (size_t ahead = 0; ahead <= next; ahead += 64) {
    __builtin_prefetch(all + ((written_ + ahead) & (capacity - 1)), 1);
  }
  return n;
}

bool ShmWriter::Sleep() {
  AnnounceSleep(queue_->written);
  if (Room() == 0 && !broken_) return true;
  Wake();
  return false;
}

bool ShmWriter::MustRing() { return ClearSleep(queue_->read); }

size_t ShmReader::Read(std::span<char> space) {
  const size_t capacity = bytes_.size();
  const size_t n = std::min(Size(), space.size());
  if (n == 0) return 0;
  const size_t at = read_ & (capacity - 1);
  const size_t first = std::min(n, capacity - at);
  std::memcpy(space.data(), bytes_.data() + at, first);
  if (first < n) std::memcpy(space.data() + first, bytes_.data(), n - first);
  read_ += n;
  assert(written_seen_ - read_ <= capacity);
  if (read_ - published_ >= capacity / 4) PublishRead();
  return n;
}

void ShmReader::PublishRead() {
  published_ = read_;
  queue_->read.bytes.store(read_, std::memory_order_seq_cst);
}

bool ShmReader::Sleep() {
  AnnounceSleep(queue_->read);
  if (!Ready()) return true;
  Wake();
  return false;
}

bool ShmReader::MustRing() {
  if (queue_->written.sleeps.load(std::memory_order_seq_cst) == 0) return false;
  PublishRead();
  return ClearSleep(queue_->written);
}

ShmEnd ShmServerEnd(char* memory, uint32_t ring_bytes) { return EndOf(memory, ring_bytes, true); }
ShmEnd ShmClientEnd(char* memory, uint32_t ring_bytes) { return EndOf(memory, ring_bytes, false); }

uint32_t ShmRingBytes(uint32_t asked) {
  return std::bit_floor(std::clamp(asked, kShmMinRing, kShmMaxRing));
}

std::string EncodeShmAsk(uint32_t ring_bytes) {
  std::string ask = {static_cast<char>(kShmAskMagic), static_cast<char>(kShmVersion), 0, 0};
  AppendLittle(ring_bytes, &ask);
  return ask;
}

bool DecodeShmAsk(std::string_view bytes, uint32_t* ring_bytes) {
  *ring_bytes = LoadLittle<uint32_t>(bytes.data() + 4);
  return static_cast<uint8_t>(bytes[0]) == kShmAskMagic && bytes[1] == kShmVersion &&
         bytes[2] == 0 && bytes[3] == 0;
}

std::string EncodeShmGrant(const ShmGrant& grant) {
  const auto message = std::string_view(grant.message).substr(0, kShmMaxMessage);
  std::string bytes = {static_cast<char>(kShmGrantMagic), grant.granted ? '\0' : '\1'};
  AppendLittle(static_cast<uint16_t>(message.size()), &bytes);
  AppendLittle(grant.ring_bytes, &bytes);
  return bytes.append(message);
}

bool DecodeShmGrant(std::string_view bytes, ShmGrant* grant, size_t* message_size) {
  if (static_cast<uint8_t>(bytes[0]) != kShmGrantMagic) return false;
  grant->granted = bytes[1] == '\0';
  *message_size = LoadLittle<uint16_t>(bytes.data() + 2);
  grant->ring_bytes = LoadLittle<uint32_t>(bytes.data() + 4);
  const uint32_t ring = grant->ring_bytes;
  return *message_size <= kShmMaxMessage && (!grant->granted || ring == ShmRingBytes(ring));
}

}  // namespace tagcache::protocol
