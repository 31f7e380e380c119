#include "server/store/shard_order.h"

#include <array>
#include <numeric>
#include <utility>

namespace tagcache::server {
namespace {

// A stable counting sort by the byte of the hash that begins at `shift`.
void SortByByte(std::span<const uint64_t> hashes, unsigned shift, const std::vector<uint32_t>& from,
                std::vector<uint32_t>& to) {
  std::array<uint32_t, 256> start{};
  for (const uint64_t hash : hashes) ++start[(hash >> shift) & 0xFF];
  uint32_t sum = 0;
  for (uint32_t& count : start) sum += std::exchange(count, sum);
  for (const uint32_t index : from) to[start[(hashes[index] >> shift) & 0xFF]++] = index;
}

}  // namespace

void ShardOrder::Sort(std::span<const uint64_t> hashes, unsigned shard_bits) {
  order_.resize(hashes.size());
  spare_.resize(hashes.size());
  std::iota(order_.begin(), order_.end(), 0);
  // Bits below the shard's are sorted along; that does no harm, but the order within one key must
  // hold, and it does: equal keys have equal hashes, and each pass is stable.
  if (shard_bits > 8) {
    SortByByte(hashes, 48, order_, spare_);
    order_.swap(spare_);
  }
  SortByByte(hashes, 56, order_, spare_);
  order_.swap(spare_);
}

}  // namespace tagcache::server
