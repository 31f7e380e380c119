#ifndef TAGCACHE_SERVER_STORE_KEY_HASH_H_
#define TAGCACHE_SERVER_STORE_KEY_HASH_H_

// How keys and tags are hashed and compared: XXH3 (github.com/Cyan4973/xxHash), compiled in place,
// because a batch calls both for every key.
//
// Threads: pure functions.

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tagcache::server {

// XXH3 with the store's seed; never 0.
inline uint64_t HashOf(std::string_view bytes, uint64_t seed) {
  const uint64_t hash = XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
  return hash == 0 ? 1 : hash;
}

// a == b, by words and without a call. Most keys that are compared are equal.
inline bool SameBytes(std::string_view a, std::string_view b) {
  const size_t size = a.size();
  if (size != b.size()) return false;
  const auto differ = [&](size_t at) {
    uint64_t left;
    uint64_t right;
    std::memcpy(&left, a.data() + at, sizeof left);
    std::memcpy(&right, b.data() + at, sizeof right);
    return left != right;
  };
  if (size < sizeof(uint64_t)) {
    for (size_t i = 0; i < size; ++i) {
      if (a[i] != b[i]) return false;
    }
    return true;
  }
  for (size_t at = 0; at + sizeof(uint64_t) < size; at += sizeof(uint64_t)) {
    if (differ(at)) return false;
  }
  return !differ(size - sizeof(uint64_t));
}

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_KEY_HASH_H_
