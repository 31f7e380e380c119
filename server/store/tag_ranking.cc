// Store: which tags have the most bytes.
//
// A tag has a node in each shard that has entries with it, so its sum is known only after all
// shards were asked for it. The tables of nodes are in the order of hashes. So the walk goes
// through all of them side by side: a piece is a range of hashes, and within it the sums of all its
// tags are complete. Only the heaviest are kept, by their hashes; their names are looked up at the
// end.

#include <algorithm>
#include <string>
#include <utility>

#include "server/store/store_impl.h"

namespace tagcache::server {
namespace {

// Entries from which a tag's hits are estimated, over all shards.
constexpr size_t kHitSample = 64;

using Sum = TagRanking::Sum;

bool Heavier(const Sum& a, const Sum& b) {
  return a.bytes != b.bytes ? a.bytes > b.bytes : a.hash < b.hash;
}

}  // namespace

// Adds tags all of whose sums are here. REQUIRES: sorted by hash.
void TagRanking::Add(std::span<const Sum> of_shards) {
  for (size_t i = 0; i < of_shards.size();) {
    Sum sum = of_shards[i++];
    for (; i < of_shards.size() && of_shards[i].hash == sum.hash; ++i) {
      sum.keys += of_shards[i].keys;
      sum.bytes += of_shards[i].bytes;
    }
    if (heaviest_.size() < limit_) {
      heaviest_.push_back(sum);
      std::push_heap(heaviest_.begin(), heaviest_.end(), Heavier);
    } else if (limit_ > 0 && Heavier(sum, heaviest_.front())) {
      std::pop_heap(heaviest_.begin(), heaviest_.end(), Heavier);
      heaviest_.back() = sum;
      std::push_heap(heaviest_.begin(), heaviest_.end(), Heavier);
    }
  }
}

bool Store::RankTags(TagRanking* ranking, size_t budget) const {
  budget = std::max<size_t>(budget, 1);
  if (!ranking->summed_) {
    size_t nodes = 0;
    for (const Shard& shard : impl_->All()) nodes += shard.tag_count();
    // A range of hashes that holds `budget` nodes: hashes are spread evenly.
    const uint64_t width = nodes <= budget ? UINT64_MAX : UINT64_MAX / nodes * budget;
    const uint64_t first = ranking->next_hash_;
    const uint64_t last = first + std::min(width, UINT64_MAX - first);
    ranking->sums_.clear();
    for (Shard& shard : impl_->All()) shard.SumTags(first, last, &ranking->sums_);
    std::sort(ranking->sums_.begin(), ranking->sums_.end(),
              [](const Sum& a, const Sum& b) { return a.hash < b.hash; });
    ranking->Add(ranking->sums_);
    ranking->next_hash_ = last + 1;
    if (last < UINT64_MAX) return false;
    ranking->summed_ = true;
    ranking->sums_ = {};
    std::sort_heap(ranking->heaviest_.begin(), ranking->heaviest_.end(), Heavier);
    std::reverse(ranking->heaviest_.begin(), ranking->heaviest_.end());
    budget -= std::min(budget, nodes);
  }
  return impl_->NameTags(&ranking->heaviest_, budget, &ranking->tags_);
}

// Moves sums from the end of `heaviest`, which has the heaviest last, to `tags`, with names and
// hits. true: none is left. Tags that have vanished are left out.
bool Store::Impl::NameTags(std::vector<Sum>* heaviest, size_t budget, std::vector<TagStats>* tags) {
  const size_t sample = std::max<size_t>(1, kHitSample / options.shards);
  for (size_t visited = 0; visited < budget && !heaviest->empty(); visited += options.shards) {
    const Sum sum = heaviest->back();
    heaviest->pop_back();
    TagStats stats;
    stats.keys = sum.keys;
    stats.bytes = sum.bytes;
    bool found = false;
    for (Shard& shard : All()) found |= shard.AddHits(sum.hash, sample, &stats);
    if (!found) continue;
    stats.invalidations = invalidated[sum.hash % kTagCounters].load(std::memory_order_relaxed);
    tags->push_back(std::move(stats));
  }
  return heaviest->empty();
}

}  // namespace tagcache::server
