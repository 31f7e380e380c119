#include "server/store/store.h"

#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <memory>
#include <utility>

#include "server/store/entry.h"
#include "server/store/shard.h"
#include "server/store/shard_order.h"
#include "server/store/tag_registry.h"

namespace tagcache::server {
namespace {

// Entries looked at while a shard's lock is held by the sweep.
constexpr size_t kSweepStep = 128;
// How far ahead of its turn a key's slot is asked for: about a cache miss's worth of lookups.
constexpr size_t kPrefetchAhead = 8;
// What a thread's scratch keeps between batches, in items.
constexpr size_t kKeptScratch = 64 * 1024;

size_t AtMost(size_t value, size_t limit) { return std::min(value, limit); }

// The widths of entry.h bound the options.
StoreOptions Usable(StoreOptions options) {
  options.shards = std::bit_ceil(std::clamp<size_t>(options.shards, 1, 65536));
  options.max_key = AtMost(options.max_key, UINT32_MAX);
  options.max_tag = AtMost(options.max_tag, UINT32_MAX);
  options.max_tags = AtMost(options.max_tags, UINT16_MAX);
  options.max_value = AtMost(options.max_value, UINT32_MAX);
  return options;
}

// Reused by the batches of one thread. Empty between calls, but for its memory.
struct BatchScratch {
  std::vector<uint64_t> hashes;
  std::vector<HashedBytes> tags;
  std::vector<Draft> drafts;
  ShardOrder order;

  void Clear() {
    hashes.clear();
    tags.clear();
    drafts.clear();
    if (hashes.capacity() + tags.capacity() > kKeptScratch) *this = BatchScratch();
  }
};
thread_local BatchScratch batch_scratch;
thread_local std::vector<HashedBytes> tag_scratch;

}  // namespace

struct Store::Impl {
  explicit Impl(const StoreOptions& asked)
      : options(Usable(asked)),
        shard_bits(static_cast<unsigned>(std::countr_zero(options.shards))),
        shards(std::make_unique<Shard[]>(options.shards)) {
    for (size_t i = 0; i < options.shards; ++i) shards[i].Attach(&registry, i, shard_bits);
  }

  HashedBytes Hash(std::string_view bytes) const {
    const uint64_t hash = XXH3_64bits_withSeed(bytes.data(), bytes.size(), options.seed);
    return {bytes, hash == 0 ? 1 : hash};
  }
  Shard& ShardWith(uint64_t hash) { return shards[ShardOf(hash, shard_bits)]; }

  Outcome CheckTags(std::span<const std::string_view> tags) const;
  Outcome Check(const Write& write) const;
  std::vector<HashedBytes> Distinct(std::span<const std::string_view> tags) const;
  void HashTags(std::span<const std::string_view> tags, std::vector<HashedBytes>* out) const;
  Draft MakeDraft(const Write& write, const HashedBytes& key, TimeMs now,
                  std::vector<HashedBytes>* tags) const;
  void HashKeys(std::span<const std::string_view> keys, BatchScratch* scratch) const;
  // Calls visit(shard, indices) for each shard of the batch in scratch->hashes.
  template <typename Visit>
  void ForEachShard(BatchScratch* scratch, Visit visit);

  const StoreOptions options;
  const unsigned shard_bits;
  TagRegistry registry;
  std::unique_ptr<Shard[]> shards;
  std::atomic<size_t> sweep_shard{0};
};

// The tags without repetition.
std::vector<HashedBytes> Store::Impl::Distinct(std::span<const std::string_view> tags) const {
  std::vector<HashedBytes> distinct;
  distinct.reserve(tags.size());
  for (const std::string_view tag : tags) distinct.push_back(Hash(tag));
  std::sort(distinct.begin(), distinct.end(), [](const HashedBytes& a, const HashedBytes& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.bytes < b.bytes;
  });
  distinct.erase(std::unique(distinct.begin(), distinct.end(),
                             [](const HashedBytes& a, const HashedBytes& b) {
                               return a.hash == b.hash && a.bytes == b.bytes;
                             }),
                 distinct.end());
  return distinct;
}

Outcome Store::Impl::CheckTags(std::span<const std::string_view> tags) const {
  for (const std::string_view tag : tags) {
    if (tag.size() > options.max_tag) return Outcome::kTagTooLong;
  }
  if (tags.size() > options.max_tags && Distinct(tags).size() > options.max_tags) {
    return Outcome::kTooManyTags;
  }
  return Outcome::kOk;
}

Outcome Store::Impl::Check(const Write& write) const {
  if (write.key.size() > options.max_key) return Outcome::kKeyTooLong;
  if (write.value.size() > options.max_value) return Outcome::kValueTooLarge;
  return CheckTags(write.tags);
}

// Appends the tags of a write. REQUIRES: CheckTags found them within the limits.
void Store::Impl::HashTags(std::span<const std::string_view> tags,
                           std::vector<HashedBytes>* out) const {
  if (tags.size() > options.max_tags) {
    // Only repetitions can make them so many; entries have no room for those.
    const std::vector<HashedBytes> distinct = Distinct(tags);
    out->insert(out->end(), distinct.begin(), distinct.end());
    return;
  }
  for (const std::string_view tag : tags) out->push_back(Hash(tag));
}

// Appends the write's tags to `tags`; the draft's own view of them is set by the caller once the
// vector grows no more.
Draft Store::Impl::MakeDraft(const Write& write, const HashedBytes& key, TimeMs now,
                             std::vector<HashedBytes>* tags) const {
  Draft draft;
  draft.key = key;
  draft.refused = Check(write);
  if (draft.refused != Outcome::kOk || write.ttl_ms == 0) return draft;
  const size_t first_tag = tags->size();
  HashTags(write.tags, tags);
  draft.entry.reset(NewEntry({.key = key,
                              .value = write.value,
                              .flags = write.flags,
                              .expires = ExpiryOf(write.ttl_ms, now),
                              .written = now,
                              .tag_slots = tags->size() - first_tag}));
  if (draft.entry == nullptr) {
    draft.refused = Outcome::kOutOfMemory;
    tags->resize(first_tag);
  }
  return draft;
}

void Store::Impl::HashKeys(std::span<const std::string_view> keys, BatchScratch* scratch) const {
  scratch->Clear();
  scratch->hashes.reserve(keys.size());
  for (const std::string_view key : keys) scratch->hashes.push_back(Hash(key).hash);
}

template <typename Visit>
void Store::Impl::ForEachShard(BatchScratch* scratch, Visit visit) {
  const std::span<const uint64_t> hashes(scratch->hashes);
  scratch->order.Sort(hashes, shard_bits);
  const std::span<const uint32_t> order = scratch->order.indices();
  size_t asked = 0;
  size_t done = 0;
  scratch->order.ForEachShard(
      hashes, shard_bits, [&](size_t shard, std::span<const uint32_t> which) {
        const size_t end = std::min(order.size(), done + which.size() + kPrefetchAhead);
        for (; asked < end; ++asked) {
          const uint64_t hash = hashes[order[asked]];
          ShardWith(hash).Prefetch(hash);
        }
        visit(shards[shard], which);
        done += which.size();
      });
}

Store::Store(const StoreOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Store::~Store() = default;

const StoreOptions& Store::options() const { return impl_->options; }

EntryRef Store::Get(std::string_view key, TimeMs now) {
  const HashedBytes hashed = impl_->Hash(key);
  return impl_->ShardWith(hashed.hash).Get(hashed, now);
}

void Store::MultiGet(std::span<const std::string_view> keys, TimeMs now, std::span<EntryRef> out) {
  if (keys.size() == 1) {
    out[0] = Get(keys[0], now);
    return;
  }
  BatchScratch& scratch = batch_scratch;
  impl_->HashKeys(keys, &scratch);
  impl_->ForEachShard(&scratch, [&](Shard& shard, std::span<const uint32_t> which) {
    shard.MultiGet({which, keys, scratch.hashes}, now, out);
  });
  scratch.Clear();
}

Outcome Store::Put(const Write& write, WriteMode mode, TimeMs now) {
  const HashedBytes key = impl_->Hash(write.key);
  tag_scratch.clear();
  Draft draft = impl_->MakeDraft(write, key, now, &tag_scratch);
  draft.tags = tag_scratch;
  return impl_->ShardWith(key.hash).Put(draft, mode, now);
}

void Store::MultiPut(std::span<const Write> writes, TimeMs now, std::span<Outcome> outcomes) {
  BatchScratch& scratch = batch_scratch;
  scratch.Clear();
  // The drafts look into scratch.tags, which therefore must not move.
  size_t tags = 0;
  for (const Write& write : writes) tags += write.tags.size();
  scratch.hashes.reserve(writes.size());
  scratch.drafts.reserve(writes.size());
  scratch.tags.reserve(tags);
  for (const Write& write : writes) scratch.hashes.push_back(impl_->Hash(write.key).hash);
  for (size_t i = 0; i < writes.size(); ++i) {
    const size_t first_tag = scratch.tags.size();
    Draft draft =
        impl_->MakeDraft(writes[i], {writes[i].key, scratch.hashes[i]}, now, &scratch.tags);
    draft.tags = std::span(scratch.tags).subspan(first_tag);
    scratch.drafts.push_back(std::move(draft));
  }
  impl_->ForEachShard(&scratch, [&](Shard& shard, std::span<const uint32_t> which) {
    shard.MultiPut(which, scratch.drafts, now, outcomes);
  });
  scratch.Clear();
}

bool Store::Delete(std::string_view key, TimeMs now) {
  const HashedBytes hashed = impl_->Hash(key);
  return impl_->ShardWith(hashed.hash).Delete(hashed, now);
}

uint64_t Store::MultiDelete(std::span<const std::string_view> keys, TimeMs now) {
  BatchScratch& scratch = batch_scratch;
  impl_->HashKeys(keys, &scratch);
  uint64_t deleted = 0;
  impl_->ForEachShard(&scratch, [&](Shard& shard, std::span<const uint32_t> which) {
    deleted += shard.MultiDelete({which, keys, scratch.hashes}, now);
  });
  scratch.Clear();
  return deleted;
}

bool Store::Exists(std::string_view key, TimeMs now) {
  const HashedBytes hashed = impl_->Hash(key);
  return impl_->ShardWith(hashed.hash).Exists(hashed, now);
}

bool Store::Touch(std::string_view key, std::optional<uint64_t> ttl_ms, TimeMs now) {
  const HashedBytes hashed = impl_->Hash(key);
  return impl_->ShardWith(hashed.hash).Touch(hashed, ttl_ms, now);
}

StepResult Store::Increment(const Step& step, TimeMs now) {
  if (step.key.size() > impl_->options.max_key) return {Outcome::kKeyTooLong, 0};
  tag_scratch.clear();
  if (step.tags.has_value()) {
    const Outcome outcome = impl_->CheckTags(*step.tags);
    if (outcome != Outcome::kOk) return {outcome, 0};
    impl_->HashTags(*step.tags, &tag_scratch);
  }
  const HashedBytes key = impl_->Hash(step.key);
  return impl_->ShardWith(key.hash).Increment(key, step, tag_scratch, now);
}

std::optional<EntryMeta> Store::Meta(std::string_view key, TimeMs now) {
  const HashedBytes hashed = impl_->Hash(key);
  return impl_->ShardWith(hashed.hash).Meta(hashed, now);
}

uint64_t Store::InvalidateTags(std::span<const std::string_view> tags, TagMatch match, TimeMs now) {
  const std::vector<HashedBytes> distinct = impl_->Distinct(tags);
  if (distinct.empty()) return 0;
  uint64_t live = 0;
  for (size_t i = 0; i < impl_->options.shards; ++i) {
    live += impl_->shards[i].InvalidateTags(distinct, match, now);
  }
  return live;
}

KeyList Store::Keys(std::span<const std::string_view> tags, TagMatch match, uint64_t cursor,
                    size_t limit, TimeMs now) {
  KeyList page;
  const std::vector<HashedBytes> distinct = impl_->Distinct(tags);
  if (distinct.empty()) return page;
  limit = std::max<size_t>(limit, 1);
  std::vector<EntryRef> pinned;
  bool more = false;
  for (size_t i = ShardOf(cursor, impl_->shard_bits); i < impl_->options.shards && !more; ++i) {
    // With a full page the rest of the shards is asked only whether there is anything.
    const size_t room = limit - std::min(limit, pinned.size());
    more = impl_->shards[i].Bearers(distinct, match, cursor, room, now, &pinned);
  }
  page.keys.reserve(pinned.size());
  for (const EntryRef& ref : pinned) page.keys.emplace_back(ref.entry_->key());
  if (more) page.cursor = impl_->Hash(page.keys.back()).hash;
  return page;
}

uint64_t Store::Flush(TimeMs now) {
  uint64_t live = 0;
  for (size_t i = 0; i < impl_->options.shards; ++i) live += impl_->shards[i].Flush(now);
  return live;
}

size_t Store::Tend(size_t budget, TimeMs now) {
  size_t removed = 0;
  // One visit more than there are shards: the first may begin in the middle of one.
  for (size_t visits = 0; visits <= impl_->options.shards && budget > 0;) {
    const size_t index = impl_->sweep_shard.load(std::memory_order_relaxed);
    const Shard::Sweep sweep = impl_->shards[index].ExpireSome(std::min(budget, kSweepStep), now);
    budget -= sweep.looked;
    removed += sweep.removed;
    if (!sweep.at_end) continue;
    impl_->sweep_shard.store((index + 1) % impl_->options.shards, std::memory_order_relaxed);
    ++visits;
  }
  return removed;
}

StoreStats Store::Stats() const {
  StoreStats stats;
  for (size_t i = 0; i < impl_->options.shards; ++i) impl_->shards[i].AddTo(&stats);
  const TagRegistry::Sums tags = impl_->registry.Sum();
  stats.tags = tags.tags;
  stats.memory += tags.bytes;
  return stats;
}

// TEMPORARY until the store's own change lands: so that what is above it links.
Outcome Store::CompareAndDelete(std::string_view, uint64_t, TimeMs) { return Outcome::kNotFound; }
EntryRef Store::GetAndTouch(std::string_view, std::optional<uint64_t>, TimeMs) { return {}; }
KeyList Store::Scan(std::string_view, uint64_t, size_t, size_t, TimeMs) { return {}; }
uint64_t Store::DeletePrefix(std::string_view, uint64_t*, size_t, TimeMs) { return 0; }
LeaseAnswer Store::GetOrLease(std::string_view, const LeaseAsk&, TimeMs) { return {}; }
bool Store::CancelWait(std::string_view, Waiter*) { return true; }
void Store::EndLeases(uint64_t, TimeMs) {}
void Store::SetOverhead(size_t) {}
std::vector<TagStats> Store::HeaviestTags(size_t) const { return {}; }

const char* Store::NameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kKeyTooLong:
      return "key";
    case Outcome::kTagTooLong:
      return "tag";
    case Outcome::kTooManyTags:
      return "tags";
    case Outcome::kValueTooLarge:
      return "value";
    case Outcome::kOutOfMemory:
      return "memory";
    case Outcome::kOk:
    case Outcome::kNotFound:
    case Outcome::kExists:
    case Outcome::kNotAnInteger:
    case Outcome::kOverflow:
    case Outcome::kVersionMismatch:
    case Outcome::kStaleToken:
      break;
  }
  return "";
}

}  // namespace tagcache::server
