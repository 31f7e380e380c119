#ifndef TAGCACHE_PROTOCOL_BUFFER_H_
#define TAGCACHE_PROTOCOL_BUFFER_H_

// A queue of bytes in one contiguous allocation: written at the end, read at the front.
//
//   data_ .. head_ .. tail_ .. capacity_
//            |<size()>|<space>|
//
// Consuming moves head_; the bytes are moved to the front only when room is needed, so that each
// byte is moved at most a constant number of times. Views of its contents are valid until the next
// call that may grow it (Append, Prepare, Reserve).
//
// Ownership: owns its memory. Threads: one at a time. Errors: std::bad_alloc when growing.

#include <cassert>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace tagcache::protocol {

class Buffer {
 public:
  Buffer() = default;
  ~Buffer() { std::free(data_); }
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(head_, other.head_);
    std::swap(tail_, other.tail_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  size_t size() const { return tail_ - head_; }
  bool empty() const { return head_ == tail_; }
  size_t capacity() const { return capacity_; }
  char* data() { return data_ + head_; }
  const char* data() const { return data_ + head_; }
  std::string_view view() const { return {data_ + head_, size()}; }

  // Room for at least `n` bytes at the end, to be written and then committed. Returns its start.
  char* Prepare(size_t n) {
    if (capacity_ - tail_ < n) MakeRoom(n);
    return data_ + tail_;
  }
  // How many bytes Prepare'd room can take without growing.
  size_t space() const { return capacity_ - tail_; }
  // REQUIRES: n <= space().
  void Commit(size_t n) {
    assert(n <= space());
    tail_ += n;
  }

  void Append(const void* bytes, size_t n) {
    if (n == 0) return;
    std::memcpy(Prepare(n), bytes, n);
    tail_ += n;
  }
  void Append(std::string_view bytes) { Append(bytes.data(), bytes.size()); }
  void Append(char byte) { Append(&byte, 1); }

  // Drops the first `n` bytes. REQUIRES: n <= size().
  void Consume(size_t n) {
    assert(n <= size());
    head_ += n;
    if (head_ == tail_) head_ = tail_ = 0;
  }
  // Cuts the end off, down to `n` bytes. REQUIRES: n <= size().
  void Truncate(size_t n) {
    assert(n <= size());
    tail_ = head_ + n;
  }
  void Clear() { head_ = tail_ = 0; }
  // Gives memory back when more than `keep` bytes are held and three quarters of them are free.
  void Shrink(size_t keep) {
    if (capacity_ <= keep || size() >= capacity_ / 4) return;
    Buffer smaller;
    smaller.Append(view());
    *this = std::move(smaller);
  }
  // Clears, and frees the memory when more than `keep` bytes are held.
  void Release(size_t keep) {
    Clear();
    if (capacity_ <= keep) return;
    std::free(data_);
    data_ = nullptr;
    capacity_ = 0;
  }

 private:
  void MakeRoom(size_t n) {
    const size_t used = size();
    // Moving is worth it only when it frees at least half of the buffer; otherwise grow.
    if (head_ == 0 || capacity_ - used < n || head_ < used) Grow(used + n);
    if (head_ > 0) std::memmove(data_, data_ + head_, used);
    head_ = 0;
    tail_ = used;
  }

  // A large block keeps its pages and gets further ones: no second copy of it is in memory.
  void Grow(size_t least) {
    size_t grown = capacity_ < 256 ? 512 : capacity_ * 2;
    if (grown < least) grown = least;
    char* fresh = static_cast<char*>(std::realloc(data_, grown));
    if (fresh == nullptr) throw std::bad_alloc();
    data_ = fresh;
    capacity_ = grown;
  }

  char* data_ = nullptr;
  size_t head_ = 0;
  size_t tail_ = 0;
  size_t capacity_ = 0;
};

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_BUFFER_H_
