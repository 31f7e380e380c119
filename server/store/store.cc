#include "server/store/store.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cassert>
#include <memory>
#include <string>
#include <utility>

#include "server/store/store_impl.h"

namespace tagcache::server {
namespace {

// How many keys ahead of its turn a key's slot is prefetched.
constexpr size_t kSlotsAhead = 128;
// A batch is carried out in pieces of so many keys, and of so many bytes of entries to be written:
// what it takes besides its arguments is bounded, however large it is, and within a memory limit.
constexpr size_t kPieceKeys = 4096;
constexpr size_t kPieceBytes = 1024 * 1024;

size_t AtMost(size_t value, size_t limit) { return std::min(value, limit); }

// The widths of entry.h bound the options.
StoreOptions Usable(StoreOptions options) {
  options.shards = std::bit_ceil(std::clamp<size_t>(options.shards, 1, 256));
  options.max_key = AtMost(options.max_key, kLongestKey);
  options.max_tag = AtMost(options.max_tag, kLongestKey);
  options.max_tags = AtMost(options.max_tags, kMostTags);
  options.max_value = AtMost(options.max_value, UINT32_MAX);
  options.arena_bytes = std::clamp(options.arena_bytes, 2 * kSlabBytes, Arena::kMostBytes);
  return options;
}

// So many that all the memory there may be fits into them, and a quarter more, since shards do not
// fill evenly. There is no use in more: each has free memory of its own.
size_t ArenasFor(const StoreOptions& options) {
  const size_t most = options.memory_limit > 0 ? options.memory_limit : options.machine_memory;
  const size_t arenas = (most + most / 4) / options.arena_bytes + 1;
  return std::min(std::bit_ceil(arenas), options.shards);
}

// Bytes of free values of one size that stay resident.
size_t KeptValues(size_t limit) {
  constexpr size_t kMost = 256 * 1024;
  return limit == 0 ? kMost : std::min(kMost, limit / 1024);
}

}  // namespace

// Reused by the batches of one thread. Between calls it is empty and keeps only its memory, which
// the size of a piece bounds.
struct BatchScratch {
  std::vector<uint64_t> hashes;
  std::vector<HashedBytes> tags;
  std::vector<Draft> drafts;
  ShardOrder order;

  void Clear() {
    hashes.clear();
    tags.clear();
    drafts.clear();
  }
};

namespace {

thread_local BatchScratch batch_scratch;
thread_local std::vector<HashedBytes> tag_scratch;

}  // namespace

Store::Impl::Impl(const StoreOptions& asked)
    : options(Usable(asked)),
      shard_bits(static_cast<unsigned>(std::countr_zero(options.shards))),
      budget(options.memory_limit - options.reserved),
      values(KeptValues(options.memory_limit)),
      registry(budget),
      clock(asked.seed),
      context{registry,     clock,      stamps, prefixes, order, shards_with_invalidated,
              options.seed, shard_bits, HashOf},
      invalidated(std::make_unique<std::atomic<uint32_t>[]>(kTagCounters)),
      shards(std::make_unique<Shard[]>(options.shards)) {
  for (size_t i = ArenasFor(options); i > 0; --i) {
    arenas.push_back(std::make_unique<Arena>(budget, values, options.arena_bytes));
  }
  for (size_t i = 0; i < options.shards; ++i) shards[i].Attach(&context, &ArenaAt(i), i);
}

Store::Impl::~Impl() {
  for (const std::unique_ptr<FlushedTables>& tables : flushed) FreeAll(*tables);
}

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
    // They are so many only because some are repeated; entries have no room for repetitions.
    const std::vector<HashedBytes> distinct = Distinct(tags);
    out->insert(out->end(), distinct.begin(), distinct.end());
    return;
  }
  for (const std::string_view tag : tags) out->push_back(Hash(tag));
}

// Fills a new draft and appends the write's tags to `tags`; the draft's own view of them is set by
// the caller once the vector grows no more.
void Store::Impl::MakeDraft(const Write& write, const HashedBytes& key, TimeMs now,
                            std::vector<HashedBytes>* tags, Draft* draft) {
  draft->key = key;
  draft->version = write.version;
  draft->token = write.token;
  draft->refused = Check(write);
  draft->expires_at_once = write.ttl_ms == 0;
  if (draft->refused != Outcome::kOk || draft->expires_at_once) return;
  const size_t first_tag = tags->size();
  if (!write.tags.empty()) HashTags(write.tags, tags);
  draft->entry.reset(MakeEntry({.key = key,
                                .value = write.value,
                                .flags = write.flags,
                                .expires = ExpiryOf(write.ttl_ms, now),
                                .tags = tags->size() - first_tag},
                               now));
  if (draft->entry == nullptr) {
    draft->refused = Outcome::kOutOfMemory;
    tags->resize(first_tag);
  } else if (tags->size() > first_tag) {
    MakeRoomForTags(key, std::span(*tags).subspan(first_tag), now);
  }
}

// What the write takes in memory, at most: with a node for each tag, but not what it replaces.
size_t Store::Impl::WriteBytes(const Write& write) {
  size_t bytes = sizeof(Entry) + write.key.size() + write.value.size();
  for (const std::string_view tag : write.tags) bytes += TagIndex::BytesOfNew(tag);
  return bytes;
}

void Store::Impl::HashKeys(std::span<const std::string_view> keys, BatchScratch* scratch) const {
  scratch->Clear();
  scratch->hashes.reserve(keys.size());
  for (const std::string_view key : keys) scratch->hashes.push_back(Hash(key).hash);
}

// A lookup waits for memory twice: for the slot, and for the entry that the slot refers to. A batch
// overlaps these waits for several keys: it prefetches each key's slot some keys ahead, the entry
// somewhat later, once the slot should be in the cache, and then the key's turn comes. The entry is
// prefetched under the shard's lock, but only if nobody holds it: so a batch waits once for each
// lock.
template <typename Visit>
void Store::Impl::ForEachVisit(BatchScratch* scratch, Visit visit) {
  const std::span<const uint64_t> hashes(scratch->hashes);
  scratch->order.Sort(hashes, shard_bits);
  const std::span<const uint32_t> order = scratch->order.indices();
  size_t slots = 0;    // of so many keys the slots were prefetched,
  size_t entries = 0;  // and of so many the entries
  size_t done = 0;
  scratch->order.ForEachVisit(
      hashes, shard_bits, [&](size_t shard, std::span<const uint32_t> which) {
        for (const size_t end = std::min(order.size(), done + which.size() + kSlotsAhead);
             slots < end; ++slots) {
          const uint64_t hash = hashes[order[slots]];
          ShardWith(hash).PrefetchSlot(hash);
        }
        const size_t end = std::min(order.size(), done + which.size() + kEntriesAhead);
        while (entries < end) {
          const std::span<const uint32_t> next =
              scratch->order.VisitAt(entries, hashes, shard_bits);
          ShardWith(hashes[next[0]]).PrefetchEntries(next, hashes);
          entries += next.size();
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
  for (size_t done = 0; done < keys.size(); done += kPieceKeys) {
    const auto piece = keys.subspan(done, std::min(kPieceKeys, keys.size() - done));
    const auto answers = out.subspan(done, piece.size());
    impl_->HashKeys(piece, &scratch);
    impl_->ForEachVisit(&scratch, [&](Shard& shard, std::span<const uint32_t> which) {
      shard.MultiGet({which, piece, scratch.hashes}, now, answers);
    });
  }
  scratch.Clear();
}

Outcome Store::Put(const Write& write, WriteMode mode, TimeMs now) {
  if (mode == WriteMode::kAppend || mode == WriteMode::kPrepend) {
    PartialAppend append(write, mode);
    while (true) {
      if (const auto outcome = ContinueAppend(&append, SIZE_MAX, now)) return *outcome;
    }
  }
  const HashedBytes key = impl_->Hash(write.key);
  tag_scratch.clear();
  Draft draft;
  impl_->MakeDraft(write, key, now, &tag_scratch, &draft);
  draft.tags = tag_scratch;
  return impl_->ShardWith(key.hash).Put(draft, mode, now);
}

void Store::MultiPut(std::span<const Write> writes, TimeMs now, std::span<Outcome> outcomes) {
  while (!writes.empty()) {
    size_t count = 0;
    size_t bytes = 0;
    for (; count < std::min(writes.size(), kPieceKeys) && bytes < kPieceBytes; ++count) {
      bytes += impl_->WriteBytes(writes[count]);
    }
    impl_->PutPiece(writes.first(count), now, outcomes.first(count));
    writes = writes.subspan(count);
    outcomes = outcomes.subspan(count);
  }
}

void Store::Impl::PutPiece(std::span<const Write> writes, TimeMs now, std::span<Outcome> outcomes) {
  BatchScratch& scratch = batch_scratch;
  scratch.Clear();
  // The drafts refer to scratch.tags, which therefore must not move.
  size_t tags = 0;
  for (const Write& write : writes) tags += write.tags.size();
  scratch.hashes.reserve(writes.size());
  scratch.drafts.reserve(writes.size());
  scratch.tags.reserve(tags);
  for (const Write& write : writes) scratch.hashes.push_back(Hash(write.key).hash);
  for (size_t i = 0; i < writes.size(); ++i) {
    const size_t first_tag = scratch.tags.size();
    Draft& draft = scratch.drafts.emplace_back();
    MakeDraft(writes[i], {writes[i].key, scratch.hashes[i]}, now, &scratch.tags, &draft);
    draft.tags = std::span(scratch.tags).subspan(first_tag);
  }
  ForEachVisit(&scratch, [&](Shard& shard, std::span<const uint32_t> which) {
    while (!which.empty()) {
      which = which.subspan(shard.MultiPut(which, scratch.drafts, outcomes, now));
    }
  });
  scratch.Clear();
}

// Here for the batch scratch: Store::Invalidate calls it.
InvalidationResult Store::Impl::InvalidateKeys(const Invalidation& what, TimeMs now) {
  if (what.names.size() == 1) {
    const HashedBytes key = Hash(what.names[0]);
    return ShardWith(key.hash).InvalidateKey(key, what.version, now);
  }
  assert(!what.version.has_value());
  BatchScratch& scratch = batch_scratch;
  InvalidationResult result;
  for (size_t done = 0; done < what.names.size(); done += kPieceKeys) {
    const auto piece = what.names.subspan(done, std::min(kPieceKeys, what.names.size() - done));
    HashKeys(piece, &scratch);
    ForEachVisit(&scratch, [&](Shard& shard, std::span<const uint32_t> which) {
      const InvalidationResult of_visit = shard.InvalidateKeys({which, piece, scratch.hashes}, now);
      result.entries += of_visit.entries;
      result.number = of_visit.number;
    });
  }
  scratch.Clear();
  return result;
}

EntryRef Store::GetAndTouch(std::string_view key, std::optional<uint64_t> ttl_ms, TimeMs now) {
  const HashedBytes hashed = impl_->Hash(key);
  return impl_->ShardWith(hashed.hash).GetAndTouch(hashed, ttl_ms, now);
}

bool Store::Exists(std::string_view key, TimeMs now) {
  const HashedBytes hashed = impl_->Hash(key);
  return impl_->ShardWith(hashed.hash).Exists(hashed, now);
}

bool Store::Touch(std::string_view key, std::optional<uint64_t> ttl_ms, TimeMs now) {
  const HashedBytes hashed = impl_->Hash(key);
  return impl_->ShardWith(hashed.hash).Touch(hashed, ttl_ms, now);
}

IncrementResult Store::Increment(const CounterIncrement& increment, TimeMs now) {
  if (increment.key.size() > impl_->options.max_key) return {Outcome::kKeyTooLong, 0};
  tag_scratch.clear();
  if (increment.tags.has_value()) {
    const Outcome outcome = impl_->CheckTags(*increment.tags);
    if (outcome != Outcome::kOk) return {outcome, 0};
    impl_->HashTags(*increment.tags, &tag_scratch);
  }
  const HashedBytes key = impl_->Hash(increment.key);
  impl_->MakeRoomForTags(key, tag_scratch, now);
  return impl_->ShardWith(key.hash).Increment(key, increment, tag_scratch, now);
}

std::optional<EntryMeta> Store::Meta(std::string_view key, TimeMs now) {
  const HashedBytes hashed = impl_->Hash(key);
  return impl_->ShardWith(hashed.hash).Meta(hashed, now);
}

LeaseAnswer Store::GetOrLease(std::string_view key, const LeaseAsk& ask, TimeMs now) {
  const HashedBytes hashed = impl_->Hash(key);
  LeaseAsk bounded = ask;
  bounded.lease_ms = std::min(ask.lease_ms, impl_->options.max_lease_ms);
  return impl_->ShardWith(hashed.hash).GetOrLease(hashed, bounded, now);
}

bool Store::CancelWait(std::string_view key, Waiter* waiter) {
  const HashedBytes hashed = impl_->Hash(key);
  return impl_->ShardWith(hashed.hash).CancelWait(hashed, waiter);
}

void Store::EndLeases(uint64_t holder, TimeMs now) {
  if (!impl_->clock.AnyIssued()) return;
  for (Shard& shard : impl_->All()) shard.EndLeases(holder, now);
}

size_t Store::pinned_removed_bytes() const { return impl_->budget.pinned(); }

StoreStats Store::Stats() const {
  StoreStats stats;
  for (size_t i = 0; i < impl_->options.shards; ++i) impl_->shards[i].AddTo(&stats);
  stats.tags = impl_->registry.size();
  const uint64_t used = impl_->budget.used();
  uint64_t slabs = 0;
  stats.held = stats.memory = used;
  for (const std::unique_ptr<Arena>& arena : impl_->arenas) {
    const Arena::Bytes bytes = arena->Used();
    slabs += bytes.slabs;
    stats.memory += bytes.objects;
    stats.held += arena->idle_bytes();
  }
  stats.memory -= std::min(stats.memory, slabs);
  return stats;
}

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
    case Outcome::kContended:
      break;
  }
  return "";
}

}  // namespace tagcache::server
