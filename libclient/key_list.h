#ifndef TAGCACHE_LIBCLIENT_KEY_LIST_H_
#define TAGCACHE_LIBCLIENT_KEY_LIST_H_

// The keys of a bulk call as they go on the wire, and their division into requests. Copied, because
// a request may have to be sent again; in two allocations that are reused, whatever their number.
//
// Threads: one at a time. Errors: std::bad_alloc.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tagcache {

// A request of a bulk call is closed when it has this many bytes. Enough that its own cost does not
// count; little enough that the server starts on it while the next one is being written.
inline constexpr size_t kBulkRequestBytes = 128 * 1024;

class KeyList {
 public:
  void Clear() {
    bytes_.clear();
    ends_.clear();
  }
  void Reserve(size_t keys) { ends_.reserve(keys); }
  void Add(std::string_view prefix, std::string_view key) {
    if (!prefix.empty()) bytes_.append(prefix);
    bytes_.append(key);
    ends_.push_back(bytes_.size());
  }
  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t i) const {
    const size_t start = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(start, ends_[i] - start);
  }
  // The keys of the request that starts with key `first`. Valid until the next call.
  std::span<const std::string_view> Chunk(size_t first) {
    chunk_.clear();
    size_t bytes = 0;
    for (size_t i = first; i < size() && bytes < kBulkRequestBytes; ++i) {
      chunk_.push_back((*this)[i]);
      bytes += chunk_.back().size() + 2;
    }
    return chunk_;
  }
  // Gives memory back after an unusually long call.
  void Trim() {
    if (bytes_.capacity() > kKept || ends_.capacity() * sizeof(size_t) > kKept) *this = KeyList();
  }

 private:
  static constexpr size_t kKept = 1024 * 1024;

  std::string bytes_;
  std::vector<size_t> ends_;
  std::vector<std::string_view> chunk_;
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_KEY_LIST_H_
