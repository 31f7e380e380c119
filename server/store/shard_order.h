#ifndef TAGCACHE_SERVER_STORE_SHARD_ORDER_H_
#define TAGCACHE_SERVER_STORE_SHARD_ORDER_H_

// The order in which a batch visits the shards: the batch's indices, grouped by shard, and within a
// shard in the order given, so that of two writes to one key the later wins. A shard is visited
// once, or several times where many of the indices are its own: each visit is one step under its
// lock.
//
// Threads: one at a time; reuse it, its memory is kept. Errors: std::bad_alloc.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tagcache::server {

// The shard of a hash: its top bits. Shards are therefore ordered as hashes are.
inline size_t ShardOf(uint64_t hash, unsigned shard_bits) {
  return shard_bits == 0 ? 0 : hash >> (64 - shard_bits);
}

class ShardOrder {
 public:
  // REQUIRES: shard_bits is at most 16; fewer than 2^32 hashes.
  void Sort(std::span<const uint64_t> hashes, unsigned shard_bits);

  // How many keys a visit has at most: the shard's lock is held for some tens of microseconds.
  static constexpr size_t kKeysPerVisit = 128;

  // Calls visit(shard, indices) for each visit. `hashes` as they were sorted.
  template <typename Visit>
  void ForEachVisit(std::span<const uint64_t> hashes, unsigned shard_bits, Visit visit) const {
    for (size_t begin = 0; begin < order_.size();) {
      const std::span<const uint32_t> which = VisitAt(begin, hashes, shard_bits);
      visit(ShardOf(hashes[which[0]], shard_bits), which);
      begin += which.size();
    }
  }
  std::span<const uint32_t> indices() const { return order_; }
  // The indices of the visit that begins at `begin`.
  std::span<const uint32_t> VisitAt(size_t begin, std::span<const uint64_t> hashes,
                                    unsigned shard_bits) const {
    const size_t shard = ShardOf(hashes[order_[begin]], shard_bits);
    size_t end = begin + 1;
    const size_t most = std::min(order_.size(), begin + kKeysPerVisit);
    while (end < most && ShardOf(hashes[order_[end]], shard_bits) == shard) ++end;
    return std::span(order_).subspan(begin, end - begin);
  }

 private:
  std::vector<uint32_t> order_;
  std::vector<uint32_t> spare_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_SHARD_ORDER_H_
