#include "server/store/shard_order.h"

#include <array>
#include <numeric>
#include <utility>

namespace tagcache::server {
namespace {

// A stable counting sort by eight bits of the shard's number, from `shift` on.
void SortByByte(std::span<const uint64_t> hashes, unsigned shard_bits, unsigned shift,
                const std::vector<uint32_t>& from, std::vector<uint32_t>& to) {
  const auto byte_of = [&](uint64_t hash) { return (ShardOf(hash, shard_bits) >> shift) & 0xFF; };
  std::array<uint32_t, 256> start{};
  for (const uint64_t hash : hashes) ++start[byte_of(hash)];
  uint32_t sum = 0;
  for (uint32_t& count : start) sum += std::exchange(count, sum);
  for (const uint32_t index : from) to[start[byte_of(hashes[index])]++] = index;
}

}  // namespace

void ShardOrder::Sort(std::span<const uint64_t> hashes, unsigned shard_bits) {
  order_.resize(hashes.size());
  spare_.resize(hashes.size());
  std::iota(order_.begin(), order_.end(), 0);
  // By nothing but the shard: keys in the order of their hashes would fill a table that grows from
  // its front, where each insertion goes over all that are there (rust-lang/rust#36481).
  for (unsigned shift = 0; shift < shard_bits; shift += 8) {
    SortByByte(hashes, shard_bits, shift, order_, spare_);
    order_.swap(spare_);
  }
}

}  // namespace tagcache::server
