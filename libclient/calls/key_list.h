#ifndef TAGCACHE_LIBCLIENT_CALLS_KEY_LIST_H_
#define TAGCACHE_LIBCLIENT_CALLS_KEY_LIST_H_

// The keys of a call as they go on the wire, and their division into requests. Copied, because a
// request may have to be sent again; into blocks that never move and are reused, so that a key is
// copied once and read in place.
//
// Threads: one at a time. Errors: std::bad_alloc.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tagcache/client.h"

namespace tagcache {

// A request of a bulk call is closed when it has this many bytes. Enough that its own cost does not
// count; little enough that the server starts on it while the next one is being written.
inline constexpr size_t kBulkRequestBytes = 128 * 1024;

// The server refuses a request for the sake of one key over its limit, which the client does not
// know. Its keys are then asked for again, and those of more than the result alone in a request:
// at most half as many bytes as the longest of the refused ones, so that this ends.
inline size_t AloneOverAfter(std::span<const std::string_view> refused) {
  size_t longest = 0;
  for (const std::string_view key : refused) longest = std::max(longest, key.size());
  return longest / 2;
}

class KeyList {
 public:
  void Clear() {
    keys_.clear();
    longest_ = 0;
    next_block_ = 0;
    room_ = {};
  }
  void Reserve(size_t keys) { keys_.reserve(keys); }
  void Add(std::string_view prefix, std::string_view key) {
    const size_t size = prefix.size() + key.size();
    if (room_.size() < size) TakeBlock(size);
    Put(prefix, key, room_.data());
    room_ = room_.subspan(size);
  }
  void AddAll(std::string_view prefix, KeySource& source) {
    std::array<std::string_view, kAtOnce> keys;
    while (const size_t count = source.Next(keys)) Add(prefix, std::span(keys).first(count));
  }
  void Add(std::string_view prefix, std::span<const std::string_view> keys) {
    size_t bytes = prefix.size() * keys.size();
    for (const std::string_view key : keys) bytes += key.size();
    if (room_.size() < bytes) TakeBlock(bytes);
    char* at = room_.data();
    for (const std::string_view key : keys) at = Put(prefix, key, at);
    room_ = room_.subspan(bytes);
  }
  size_t size() const { return keys_.size(); }
  // Bytes of the longest key there is.
  size_t longest() const { return longest_; }
  std::string_view operator[](size_t i) const { return keys_[i]; }
  // As the others: valid until the next Add or Clear.
  std::span<const std::string_view> Span(size_t first, size_t count) const {
    return std::span(keys_).subspan(first, count);
  }
  // The keys of the request that starts with key `first` and ends before key `end`. A key of more
  // than `alone_over` bytes has a request of its own. Valid until the next Add or Clear.
  std::span<const std::string_view> Chunk(size_t first, size_t end, size_t alone_over) const {
    size_t next = first;
    for (size_t bytes = 0; next < end && bytes < kBulkRequestBytes; ++next) {
      if (keys_[next].size() > alone_over) {
        if (next == first) ++next;
        break;
      }
      bytes += keys_[next].size() + 2;
    }
    return std::span(keys_).subspan(first, next - first);
  }
  // Gives memory back after an unusually long call.
  void Trim() {
    if (held_ > kKept || keys_.capacity() * sizeof(keys_[0]) > kKept) *this = KeyList();
  }

 private:
  static constexpr size_t kAtOnce = 64;  // keys taken from a source by one call
  static constexpr size_t kKept = 1024 * 1024;
  static constexpr size_t kBlock = 32 * 1024;
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };

  // Returns where the key ends.
  char* Put(std::string_view prefix, std::string_view key, char* at) {
    const size_t size = prefix.size() + key.size();
    if (!prefix.empty()) std::memcpy(at, prefix.data(), prefix.size());
    if (!key.empty()) std::memcpy(at + prefix.size(), key.data(), key.size());
    keys_.emplace_back(at, size);
    longest_ = std::max(longest_, size);
    return at + size;
  }
  void TakeBlock(size_t bytes) {
    while (next_block_ < blocks_.size()) {
      const Block& block = blocks_[next_block_++];
      room_ = {block.bytes.get(), block.size};
      if (block.size >= bytes) return;
    }
    const size_t size = std::max(bytes, kBlock);
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    ++next_block_;
    held_ += size;
    room_ = {blocks_.back().bytes.get(), size};
  }

  std::vector<std::string_view> keys_;
  std::vector<Block> blocks_;
  size_t next_block_ = 0;  // those before it are in use
  size_t held_ = 0;        // bytes of blocks
  std::span<char> room_;   // left in the last one in use
  size_t longest_ = 0;
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_CALLS_KEY_LIST_H_
