#ifndef TAGCACHE_SERVER_STORE_PREFIX_STAMPS_H_
#define TAGCACHE_SERVER_STORE_PREFIX_STAMPS_H_

// Which prefixes were removed, and when: a PUT under a lease token from before the removal of a
// prefix of its key is refused.
//
// The latest removals are kept by their prefixes. One that is pushed out by later ones overtakes
// every token from before it, whatever the key: so a token is refused wrongly only if since it was
// issued more than kPrefixes different prefixes were removed. Of a long prefix the beginning is
// kept, which is a prefix of more keys.
//
// Threads: any. Locks: its own, which may be taken under a shard's; nothing is locked under it. A
// removal is stamped before its work begins, so a PUT, which checks under its shard's lock, either
// sees the stamp or is done before the work comes to its shard.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/store/lease_table.h"
#include "server/store/mutex.h"

namespace tagcache::server {

class PrefixStamps {
 public:
  static constexpr size_t kPrefixes = 64;
  static constexpr size_t kLongest = 128;  // bytes of a prefix that are kept

  // Overtakes the tokens of all keys with the prefix that were issued so far. May throw
  // std::bad_alloc, before anything has changed.
  void Stamp(std::string_view prefix, const EventClock& clock);
  bool Overtaken(std::string_view key, uint64_t token) const;

 private:
  struct Removal {
    uint64_t stamp = 0;  // 0: none
    std::string prefix;
  };

  mutable Mutex mutex_;
  std::array<Removal, kPrefixes> removals_ GUARDED_BY(mutex_);
  uint64_t pushed_out_ GUARDED_BY(mutex_) = 0;  // the latest stamp of those
  std::atomic<uint64_t> latest_{0};             // of all stamps; changes under mutex_
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_PREFIX_STAMPS_H_
