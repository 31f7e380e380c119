#include "server/store/store.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "server/store/entry.h"
#include "server/store/shard.h"
#include "server/store/shard_order.h"
#include "server/store/tag_registry.h"

namespace tagcache::server {
namespace {

// Entries touched while a shard's lock is held by work that is nobody's request.
constexpr size_t kSlice = 32;
// Overdue entries that an invalidation or flush removes first, so that it does not count them.
// Where there are more it counts the rest as if they were live: its answer may not wait for them.
constexpr size_t kCatchUp = 4096;
// An invalidation or flush of so few entries gives their memory back at once.
constexpr size_t kAtOnce = 128;
// How many entries could be removed in the time that a slab's memory takes to go to the system.
constexpr size_t kReturnCost = 32;
// Under a memory limit an entry may take this share of it.
constexpr size_t kLargestShare = 16;
// Free objects of a size, in 1/100, from which on a slab is emptied: near the limit, and otherwise.
constexpr unsigned kSpareAtLimit = 8;
constexpr unsigned kSpare = 25;
// How often a list of keys is read anew because it changed, before all shards are locked for it.
constexpr int kLooks = 3;
// How many invalidations' counts are kept by tag.
constexpr size_t kTagCounters = 16384;
// Entries by which a tag's hits are told, of all shards.
constexpr size_t kHitSample = 64;
// Tags that die in one step: each is looked up in every shard, with all shards locked.
constexpr size_t kTagsAStep = 64;
// How many keys ahead of its turn a key's slot is asked for.
constexpr size_t kSlotsAhead = 128;
// What a thread's scratch keeps between batches, in items.
constexpr size_t kKeptScratch = 64 * 1024;

size_t AtMost(size_t value, size_t limit) { return std::min(value, limit); }

// The widths of entry.h bound the options.
StoreOptions Usable(StoreOptions options) {
  options.shards = std::bit_ceil(std::clamp<size_t>(options.shards, 1, 256));
  options.max_key = AtMost(options.max_key, kLongestKey);
  options.max_tag = AtMost(options.max_tag, kLongestKey);
  options.max_tags = AtMost(options.max_tags, kMostTags);
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

// Holds the locks of all shards, taken in the order of their indices.
class TAGCACHE_ANNOTATION(scoped_lockable) AllShards {
 public:
  explicit AllShards(std::span<Shard> shards) NO_THREAD_SAFETY_ANALYSIS : shards_(shards) {
    for (Shard& shard : shards_) shard.mutex().Lock();
  }
  ~AllShards() NO_THREAD_SAFETY_ANALYSIS {
    for (Shard& shard : shards_) shard.mutex().Unlock();
  }
  AllShards(const AllShards&) = delete;
  AllShards& operator=(const AllShards&) = delete;

 private:
  std::span<Shard> shards_;
};

struct Store::Impl {
  explicit Impl(const StoreOptions& asked)
      : options(Usable(asked)),
        shard_bits(static_cast<unsigned>(std::countr_zero(options.shards))),
        budget(options.memory_limit),
        arena(budget),
        clock(asked.seed),
        context{arena, registry, clock, stamps, options.seed, shard_bits, HashOf},
        invalidated(std::make_unique<std::atomic<uint32_t>[]>(kTagCounters)),
        shards(std::make_unique<Shard[]>(options.shards)) {
    for (size_t i = 0; i < options.shards; ++i) shards[i].Attach(&context, i);
  }
  ~Impl() {
    for (const std::unique_ptr<Grave>& grave : graves) {
      while (!Bury(*grave, SIZE_MAX)) {
      }
    }
  }

  HashedBytes Hash(std::string_view bytes) const { return {bytes, HashOf(bytes, options.seed)}; }
  Shard& ShardWith(uint64_t hash) { return shards[ShardOf(hash, shard_bits)]; }
  Shard& ShardAt(size_t count) { return shards[count % options.shards]; }
  std::span<Shard> All() { return {shards.get(), options.shards}; }

  Outcome CheckTags(std::span<const std::string_view> tags) const;
  Outcome Check(const Write& write) const;
  std::vector<HashedBytes> Distinct(std::span<const std::string_view> tags) const;
  void HashTags(std::span<const std::string_view> tags, std::vector<HashedBytes>* out) const;
  Entry* MakeEntry(const EntryParts& parts, TimeMs now);
  void KeepToLimit(const HashedBytes& key, size_t bytes, TimeMs now);
  size_t EmptySlab(unsigned spare, size_t budget);
  Draft MakeDraft(const Write& write, const HashedBytes& key, TimeMs now,
                  std::vector<HashedBytes>* tags);
  Outcome Append(const Write& write, const HashedBytes& key, WriteMode mode, TimeMs now);
  void HashKeys(std::span<const std::string_view> keys, BatchScratch* scratch) const;
  // Calls visit(shard, indices) for each shard of the batch in scratch->hashes.
  template <typename Visit>
  void ForEachShard(BatchScratch* scratch, Visit visit);

  void CatchUp(TimeMs now);
  uint64_t InvalidateAny(std::span<const HashedBytes> tags, TimeMs now);
  uint64_t InvalidateAll(std::span<const HashedBytes> tags, TimeMs now);
  void ReclaimAll(const Kill& kill, TimeMs now);
  void ForgetKills();
  bool ListKeys(std::span<const HashedBytes> tags, TagMatch match, uint64_t cursor, size_t limit,
                TimeMs now, bool locked, std::vector<EntryRef>* pinned, bool* more);
  bool Bury(Grave& grave, size_t budget);
  size_t BurySome(size_t budget);

  const StoreOptions options;
  const unsigned shard_bits;
  MemoryBudget budget;
  Arena arena;
  TagRegistry registry;
  EventClock clock;
  TagStamps stamps;
  const ShardContext context;
  // Invalidations by tag, for HeaviestTags; tags that share a counter are told the sum.
  const std::unique_ptr<std::atomic<uint32_t>[]> invalidated;

  // Invalidations and flushes come one after the other.
  Mutex invalidating;
  // Before the shards, whose nodes point here until they are gone.
  std::vector<std::unique_ptr<Kill>> kills GUARDED_BY(invalidating);
  std::unique_ptr<Shard[]> shards;
  std::atomic<size_t> tend_shard{0};
  std::atomic<size_t> lease_shard{0};
  bool shared_dying GUARDED_BY(invalidating) = false;  // some dying entry bore several tags
  uint64_t last_kill GUARDED_BY(invalidating) = 0;
  Mutex graves_mutex;
  std::vector<std::unique_ptr<Grave>> graves GUARDED_BY(graves_mutex);
  Mutex emptying;
  Slab* sparse GUARDED_BY(emptying) = nullptr;  // the slab that is being emptied
  size_t sparse_next GUARDED_BY(emptying) = 0;  // its objects before this one are done
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

// Makes room by eviction where the memory limit asks for it. nullptr: there is no memory, or the
// entry is larger than its share of the limit.
Entry* Store::Impl::MakeEntry(const EntryParts& parts, TimeMs now) {
  Entry* entry = NewEntry(arena, parts, false);
  if (budget.limit() == 0) return entry;
  const size_t bytes = SizeOf(parts);
  if (bytes > budget.limit() / kLargestShare) {
    if (entry != nullptr) Unpin(entry);
    return nullptr;
  }
  for (int i = 0; i < 3 && entry == nullptr; ++i) {
    KeepToLimit(parts.key, bytes, now);
    entry = NewEntry(arena, parts, false);
  }
  if (entry == nullptr && EmptySlab(kSpareAtLimit, SIZE_MAX) > 0) {
    entry = NewEntry(arena, parts, false);
  }
  // Over the limit by this one, until the slabs that eviction has thinned out are emptied.
  if (entry == nullptr) entry = NewEntry(arena, parts, true);
  if (!budget.Fits(0)) KeepToLimit(parts.key, 2 * bytes, now);
  return entry;
}

void Store::Impl::KeepToLimit(const HashedBytes& key, size_t bytes, TimeMs now) {
  if (ShardWith(key.hash).Evict(bytes, now) >= bytes) return;
  // A shard that has nothing left: others have.
  for (size_t i = 0, freed = 0; i < options.shards && freed < bytes; ++i) {
    freed += shards[(ShardOf(key.hash, shard_bits) + i) % options.shards].Evict(bytes, now);
  }
}

// Moves up to `budget` entries of a sparse slab into others of their size, and goes on with the same
// slab the next time. How many objects it looked at; 0: no size is sparse enough, or another thread
// is at it.
size_t Store::Impl::EmptySlab(unsigned spare, size_t budget) {
  if (!emptying.TryLock()) return 0;
  if (sparse == nullptr) {
    sparse = arena.BeginEmptying(spare);
    sparse_next = 0;
  }
  size_t looked = 0;
  if (sparse != nullptr) {
    const size_t end = size_t{sparse->capacity} - sparse->untouched;
    for (; sparse_next < end && looked < budget; ++looked) {
      auto* entry = reinterpret_cast<Entry*>(sparse->object(sparse_next++));
      if (!entry->PinIfMade()) continue;
      const EntryRef pin(entry);
      ShardWith(Hash(entry->key()).hash).Relocate(entry);
    }
    if (sparse_next == end) arena.Emptied(std::exchange(sparse, nullptr));
  }
  emptying.Unlock();
  return looked;
}

// Appends the write's tags to `tags`; the draft's own view of them is set by the caller once the
// vector grows no more.
Draft Store::Impl::MakeDraft(const Write& write, const HashedBytes& key, TimeMs now,
                             std::vector<HashedBytes>* tags) {
  Draft draft;
  draft.key = key;
  draft.version = write.version;
  draft.token = write.token;
  draft.refused = Check(write);
  if (draft.refused != Outcome::kOk || write.ttl_ms == 0) return draft;
  const size_t first_tag = tags->size();
  HashTags(write.tags, tags);
  draft.entry.reset(MakeEntry({.key = key,
                               .value = write.value,
                               .flags = write.flags,
                               .expires = ExpiryOf(write.ttl_ms, now),
                               .tags = tags->size() - first_tag},
                              now));
  if (draft.entry == nullptr) {
    draft.refused = Outcome::kOutOfMemory;
    tags->resize(first_tag);
  }
  return draft;
}

// The longer value is made outside the lock, from what was there, and put in its place if that is
// still there.
Outcome Store::Impl::Append(const Write& write, const HashedBytes& key, WriteMode mode,
                            TimeMs now) {
  if (write.key.size() > options.max_key) return Outcome::kKeyTooLong;
  Shard& shard = ShardWith(key.hash);
  while (true) {
    const Shard::Current current = shard.Read(key, now);
    if (!current.entry) return Outcome::kNotFound;
    const std::string_view held = current.entry.value();
    if (held.size() + write.value.size() > options.max_value) return Outcome::kValueTooLarge;
    Draft draft;
    draft.key = key;
    draft.version = current.version;
    draft.entry.reset(MakeEntry({.key = key,
                                 .value = mode == WriteMode::kAppend ? held : write.value,
                                 .more = mode == WriteMode::kAppend ? write.value : held,
                                 .flags = current.entry.flags(),
                                 .tags = current.tags},
                                now));
    if (draft.entry == nullptr) return Outcome::kOutOfMemory;
    const Outcome outcome = shard.Put(draft, mode, now);
    if (outcome != Outcome::kVersionMismatch) return outcome;
  }
}

void Store::Impl::HashKeys(std::span<const std::string_view> keys, BatchScratch* scratch) const {
  scratch->Clear();
  scratch->hashes.reserve(keys.size());
  for (const std::string_view key : keys) scratch->hashes.push_back(Hash(key).hash);
}

// A lookup waits for memory twice, for the slot and for the entry the slot tells of. A batch has
// the waits of several keys at once: each key's slot is asked for some keys ahead, its entry
// somewhat later, once the slot should be there, and then comes its turn. The entry is asked for
// under the shard's lock, but only if nobody holds it: so a batch waits once for each lock.
template <typename Visit>
void Store::Impl::ForEachShard(BatchScratch* scratch, Visit visit) {
  const std::span<const uint64_t> hashes(scratch->hashes);
  scratch->order.Sort(hashes, shard_bits);
  const std::span<const uint32_t> order = scratch->order.indices();
  size_t slots = 0;    // of so many keys the slots were asked for,
  size_t entries = 0;  // and of so many the entries
  size_t done = 0;
  scratch->order.ForEachShard(
      hashes, shard_bits, [&](size_t shard, std::span<const uint32_t> which) {
        for (const size_t end = std::min(order.size(), done + which.size() + kSlotsAhead);
             slots < end; ++slots) {
          const uint64_t hash = hashes[order[slots]];
          ShardWith(hash).PrefetchSlot(hash);
        }
        const size_t end = std::min(order.size(), done + which.size() + kEntriesAhead);
        while (entries < end) {
          const std::span<const uint32_t> next =
              scratch->order.ShardAt(entries, hashes, shard_bits);
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
  impl_->HashKeys(keys, &scratch);
  impl_->ForEachShard(&scratch, [&](Shard& shard, std::span<const uint32_t> which) {
    shard.MultiGet({which, keys, scratch.hashes}, now, out);
  });
  scratch.Clear();
}

Outcome Store::Put(const Write& write, WriteMode mode, TimeMs now) {
  const HashedBytes key = impl_->Hash(write.key);
  if (mode == WriteMode::kAppend || mode == WriteMode::kPrepend) {
    return impl_->Append(write, key, mode, now);
  }
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

Outcome Store::CompareAndDelete(std::string_view key, uint64_t version, TimeMs now) {
  const HashedBytes hashed = impl_->Hash(key);
  return impl_->ShardWith(hashed.hash).CompareAndDelete(hashed, version, now);
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

StepResult Store::Increment(const Step& step, TimeMs now) {
  if (step.key.size() > impl_->options.max_key) return {Outcome::kKeyTooLong, 0};
  tag_scratch.clear();
  if (step.tags.has_value()) {
    const Outcome outcome = impl_->CheckTags(*step.tags);
    if (outcome != Outcome::kOk) return {outcome, 0};
    impl_->HashTags(*step.tags, &tag_scratch);
  }
  const HashedBytes key = impl_->Hash(step.key);
  if (!impl_->budget.Fits(0)) impl_->KeepToLimit(key, step.key.size(), now);
  return impl_->ShardWith(key.hash).Increment(key, step, tag_scratch, now);
}

std::optional<EntryMeta> Store::Meta(std::string_view key, TimeMs now) {
  const HashedBytes hashed = impl_->Hash(key);
  return impl_->ShardWith(hashed.hash).Meta(hashed, now);
}

// Removes what is over, up to kCatchUp entries, without holding any lock for long.
void Store::Impl::CatchUp(TimeMs now) {
  size_t left = kCatchUp;
  for (Shard& shard : All()) {
    while (left > 0) {
      const size_t slice = std::min(left, kSlice);
      const size_t done = shard.Expire(slice, now);
      left -= std::min(left, done);
      if (done < slice) break;
    }
  }
}

void Store::Impl::ReclaimAll(const Kill& kill, TimeMs now) {
  for (Shard& shard : All()) {
    while (shard.Reclaim(kSlice, now, &kill) == kSlice) {
    }
  }
}

void Store::Impl::ForgetKills() NO_THREAD_SAFETY_ANALYSIS {
  std::erase_if(kills, [](const std::unique_ptr<Kill>& kill) {
    return kill->nodes.load(std::memory_order_acquire) == 0;
  });
  if (kills.empty()) shared_dying = false;
}

uint64_t Store::Impl::InvalidateAny(std::span<const HashedBytes> tags,
                                    TimeMs now) NO_THREAD_SAFETY_ANALYSIS {
  ForgetKills();
  auto kill = std::make_unique<Kill>();
  kill->number = ++last_kill;
  uint64_t entries = 0;
  size_t tags_that_share = 0;
  {
    Removed removed;
    AllShards lock(All());
    for (Shard& shard : All()) shard.ExpireAll(now, &removed);
    for (const HashedBytes& tag : tags) {
      stamps.Stamp(tag.hash, clock);
      uint64_t shared = 0;
      for (Shard& shard : All()) {
        const Shard::Count count = shard.Kill(tag, kill.get());
        entries += count.entries;
        shared += count.shared;
      }
      tags_that_share += shared > 0;
    }
  }
  if (entries == 0) return 0;
  // Only where an entry can have died of two tags is it not yet known how many there were.
  const bool may_overlap = tags_that_share > (shared_dying ? 0 : 1);
  shared_dying = shared_dying || tags_that_share > 0;
  if (may_overlap || entries <= kAtOnce) ReclaimAll(*kill, now);
  entries -= kill->not_counted.load(std::memory_order_relaxed);
  kills.push_back(std::move(kill));
  ForgetKills();
  return entries;
}

uint64_t Store::Impl::InvalidateAll(std::span<const HashedBytes> tags,
                                    TimeMs now) NO_THREAD_SAFETY_ANALYSIS {
  Removed removed;
  AllShards lock(All());
  uint64_t live = 0;
  for (const HashedBytes& tag : tags) stamps.Stamp(tag.hash, clock);
  for (Shard& shard : All()) live += shard.RemoveBearersOfAll(tags, now, &removed);
  return live;
}

uint64_t Store::InvalidateTags(std::span<const std::string_view> tags, TagMatch match, TimeMs now) {
  const std::vector<HashedBytes> distinct = impl_->Distinct(tags);
  if (distinct.empty()) return 0;
  impl_->CatchUp(now);
  MutexLock lock(impl_->invalidating);
  for (const HashedBytes& tag : distinct) {
    impl_->invalidated[tag.hash % kTagCounters].fetch_add(1, std::memory_order_relaxed);
  }
  if (match == TagMatch::kAll && distinct.size() > 1) return impl_->InvalidateAll(distinct, now);
  uint64_t live = 0;
  const std::span<const HashedBytes> all(distinct);
  for (size_t i = 0; i < all.size(); i += kTagsAStep) {
    live += impl_->InvalidateAny(all.subspan(i, std::min(kTagsAStep, all.size() - i)), now);
  }
  return live;
}

// false: what was read changed meanwhile. locked: all shards are locked.
bool Store::Impl::ListKeys(std::span<const HashedBytes> tags, TagMatch match, uint64_t cursor,
                           size_t limit, TimeMs now, bool locked, std::vector<EntryRef>* pinned,
                           bool* more) NO_THREAD_SAFETY_ANALYSIS {
  const auto with_lock = [&](Shard& shard, auto step) NO_THREAD_SAFETY_ANALYSIS {
    if (!locked) shard.mutex().Lock();
    step();
    if (!locked) shard.mutex().Unlock();
  };
  std::vector<uint64_t> before;
  std::vector<uint64_t> after;
  const size_t first = ShardOf(cursor, shard_bits);
  size_t end = first;
  pinned->clear();
  *more = false;
  for (; end < options.shards && !*more; ++end) {
    // With a full page the rest of the shards is asked only whether there is anything.
    const size_t room = limit - std::min(limit, pinned->size());
    with_lock(shards[end], [&]() NO_THREAD_SAFETY_ANALYSIS {
      shards[end].Look(tags, &before);
      *more = shards[end].Bearers(tags, match, cursor, room, now, pinned);
    });
  }
  if (locked) return true;
  // Nothing changed from the last look of the first round to the first of the second: so what was
  // seen was there all at once.
  for (size_t i = first; i < end; ++i) {
    with_lock(shards[i], [&]() NO_THREAD_SAFETY_ANALYSIS { shards[i].Look(tags, &after); });
  }
  return before == after;
}

KeyList Store::Keys(std::span<const std::string_view> tags, TagMatch match, uint64_t cursor,
                    size_t limit, TimeMs now) {
  KeyList page;
  const std::vector<HashedBytes> distinct = impl_->Distinct(tags);
  if (distinct.empty()) return page;
  limit = std::max<size_t>(limit, 1);
  std::vector<EntryRef> pinned;
  bool more = false;
  bool whole = false;
  for (int look = 0; look < kLooks && !whole; ++look) {
    whole = impl_->ListKeys(distinct, match, cursor, limit, now, false, &pinned, &more);
  }
  if (!whole) {
    pinned.clear();
    AllShards lock(impl_->All());
    impl_->ListKeys(distinct, match, cursor, limit, now, true, &pinned, &more);
  }
  page.keys.reserve(pinned.size());
  for (const EntryRef& ref : pinned) page.keys.emplace_back(ref.entry_->key());
  if (more) page.cursor = impl_->Hash(page.keys.back()).hash;
  return page;
}

// A cursor of a scan is the next place, counted over all shards.
KeyList Store::Scan(std::string_view prefix, uint64_t cursor, size_t limit, size_t budget,
                    TimeMs now) {
  constexpr uint64_t kPlaces = uint64_t{1} << EntryTable::kPlaceBits;
  const uint64_t end = impl_->options.shards * kPlaces;
  KeyList page;
  limit = std::max<size_t>(limit, 1);
  budget = std::max<size_t>(budget, 1);
  std::vector<EntryRef> pinned;
  std::vector<std::pair<uint64_t, const Entry*>> found;
  while (cursor < end && page.keys.size() < limit && budget > 0) {
    Shard& shard = impl_->shards[cursor / kPlaces];
    const auto from = static_cast<uint32_t>(cursor % kPlaces);
    const uint32_t width = shard.PlacesFor(std::min(budget, limit - page.keys.size()));
    const auto to = static_cast<uint32_t>(std::min<uint64_t>(kPlaces, uint64_t{from} + width));
    pinned.clear();
    found.clear();
    shard.PinPlaces(from, to, now, &pinned);
    cursor += to - from;
    budget -= std::min(budget, std::max<size_t>(pinned.size(), 1));
    for (const EntryRef& ref : pinned) {
      if (!ref.entry_->key().starts_with(prefix)) continue;
      const uint64_t hash = impl_->Hash(ref.entry_->key()).hash;
      found.emplace_back(EntryTable::PlaceOf(hash, impl_->shard_bits), ref.entry_);
    }
    std::sort(found.begin(), found.end());
    for (size_t i = 0; i < found.size(); ++i) {
      // Keys of one place are on one page.
      if (page.keys.size() >= limit && found[i].first != found[i - 1].first) {
        cursor = cursor - to + found[i].first;
        break;
      }
      page.keys.emplace_back(found[i].second->key());
    }
  }
  page.cursor = cursor < end ? cursor : 0;
  return page;
}

uint64_t Store::DeletePrefix(std::string_view prefix, uint64_t* cursor, size_t budget, TimeMs now) {
  constexpr uint64_t kPlaces = uint64_t{1} << EntryTable::kPlaceBits;
  const uint64_t end = impl_->options.shards * kPlaces;
  uint64_t removed = 0;
  std::vector<EntryRef> pinned;
  budget = std::max<size_t>(budget, 1);
  // A key of the prefix that is absent may be on its way, and has no stamp of its own.
  if (*cursor == 0) impl_->stamps.StampFlush(impl_->clock);
  while (*cursor < end && budget > 0) {
    Shard& shard = impl_->shards[*cursor / kPlaces];
    const auto from = static_cast<uint32_t>(*cursor % kPlaces);
    const uint32_t width = shard.PlacesFor(std::min(budget, kSlice));
    const auto to = static_cast<uint32_t>(std::min<uint64_t>(kPlaces, uint64_t{from} + width));
    pinned.clear();
    shard.PinPlaces(from, to, now, &pinned);
    *cursor += to - from;
    budget -= std::min(budget, std::max<size_t>(pinned.size(), 1));
    for (const EntryRef& ref : pinned) {
      const std::string_view key = ref.entry_->key();
      if (key.starts_with(prefix)) removed += shard.DeleteEntry(impl_->Hash(key), ref.entry_, now);
    }
  }
  if (*cursor >= end) *cursor = 0;
  return removed;
}

LeaseAnswer Store::GetOrLease(std::string_view key, const LeaseAsk& ask, TimeMs now) {
  const HashedBytes hashed = impl_->Hash(key);
  return impl_->ShardWith(hashed.hash).GetOrLease(hashed, ask, now);
}

bool Store::CancelWait(std::string_view key, Waiter* waiter) {
  const HashedBytes hashed = impl_->Hash(key);
  return impl_->ShardWith(hashed.hash).CancelWait(hashed, waiter);
}

void Store::EndLeases(uint64_t holder, TimeMs now) {
  if (!impl_->clock.AnyIssued()) return;
  for (Shard& shard : impl_->All()) shard.EndLeases(holder, now);
}

// Constant: every shard gives its tables away, with what waits to be reclaimed. How much of it is
// dead is known, since an invalidation that entries of an earlier one may have died of as well (or
// of two of its tags) reclaims its own before it is done: no entry counts as dead twice.
uint64_t Store::Flush(TimeMs now) NO_THREAD_SAFETY_ANALYSIS {
  std::vector<std::unique_ptr<Grave>> graves;
  for (size_t i = 0; i < impl_->options.shards; ++i) graves.push_back(std::make_unique<Grave>());
  impl_->CatchUp(now);
  Woken woken;
  MutexLock invalidating(impl_->invalidating);
  uint64_t live = 0;
  uint64_t buried = 0;
  {
    Removed removed;
    AllShards lock(impl_->All());
    impl_->stamps.StampFlush(impl_->clock);
    for (size_t i = 0; i < impl_->options.shards; ++i) {
      impl_->shards[i].ExpireAll(now, &removed);
      live += impl_->shards[i].Flush(graves[i].get(), &woken);
      buried += graves[i]->entries.size();
    }
    impl_->registry.Clear();
  }
  impl_->shared_dying = false;  // kills that live on have nodes in graves only
  for (std::unique_ptr<Grave>& grave : graves) {
    impl_->budget.Add(grave->entries.bytes() + grave->tags.bytes());
    if (buried <= kAtOnce) {
      impl_->Bury(*grave, SIZE_MAX);
    } else {
      MutexLock lock(impl_->graves_mutex);
      impl_->graves.push_back(std::move(grave));
    }
  }
  return live;
}

// Frees up to `budget` of its entries and tags. true: nothing is left of it.
bool Store::Impl::Bury(Grave& grave, size_t budget) {
  for (; grave.next < grave.entries.capacity(); ++grave.next) {
    const EntryTable::Slot slot = grave.entries.at(grave.next);
    if (slot == 0) continue;
    if (budget-- == 0) return false;
    Unpin(arena.At<Entry>(EntryTable::RefIn(slot)));
  }
  if (!grave.tags.Drop(budget)) return false;
  this->budget.Remove(grave.entries.bytes() + grave.tags.bytes());
  return true;
}

size_t Store::Impl::BurySome(size_t budget) {
  size_t left = budget;
  while (left > 0) {
    std::unique_ptr<Grave> grave;
    {
      MutexLock lock(graves_mutex);
      if (graves.empty()) break;
      grave = std::move(graves.back());
      graves.pop_back();
    }
    const size_t work =
        std::min(left, grave->entries.size() + grave->tags.nodes().size() + 1);
    left -= work;
    if (Bury(*grave, work)) continue;
    MutexLock lock(graves_mutex);
    graves.push_back(std::move(grave));
  }
  return budget - left;
}

// A shard that has much to do is finished before the next one. Its tables are made smaller on the
// way, each time with its lock held: so that does not come to all shards at about the same time.
// Leases may not wait for that.
size_t Store::Tend(size_t budget, TimeMs now) {
  size_t left = budget;
  left -= std::min(left, kReturnCost * impl_->arena.ReturnIdle(1 + left / (2 * kReturnCost)));
  impl_->ShardAt(impl_->lease_shard.fetch_add(1, std::memory_order_relaxed)).ExpireLeases(now);
  for (size_t visits = 0; visits < impl_->options.shards && left > 0; ++visits) {
    Shard& shard = impl_->ShardAt(impl_->tend_shard);
    for (size_t slice = std::min(left, kSlice); slice > 0; slice = std::min(left, kSlice)) {
      const size_t done = shard.Expire(slice, now) + shard.Reclaim(slice, now);
      left -= std::min(left, done);
      if (done >= slice) continue;
      impl_->tend_shard.fetch_add(1, std::memory_order_relaxed);
      break;
    }
  }
  if (left > 0) left -= impl_->BurySome(left);
  const bool at_limit = !impl_->budget.Fits(impl_->budget.limit() / 16);
  while (left > 0) {
    const size_t done = impl_->EmptySlab(at_limit ? kSpareAtLimit : kSpare, left);
    if (done == 0) break;
    left -= done;
  }
  if (impl_->invalidating.TryLock()) {
    impl_->ForgetKills();
    impl_->invalidating.Unlock();
  }
  return budget - left;
}

void Store::SetOverhead(size_t bytes) { impl_->budget.SetOverhead(bytes); }

std::vector<TagStats> Store::HeaviestTags(size_t limit) const {
  std::unordered_map<std::string, TagStats> sums;
  for (Shard& shard : impl_->All()) {
    shard.ForEachTag([&](const TagNode& node) {
      TagStats& sum = sums[std::string(node.name())];
      sum.keys += node.count;
      sum.bytes += node.bytes;
    });
  }
  std::vector<TagStats> heaviest;
  heaviest.reserve(sums.size());
  for (auto& [tag, sum] : sums) {
    sum.tag = tag;
    heaviest.push_back(std::move(sum));
  }
  limit = std::min(limit, heaviest.size());
  std::partial_sort(heaviest.begin(), heaviest.begin() + static_cast<ptrdiff_t>(limit),
                    heaviest.end(), [](const TagStats& a, const TagStats& b) {
                      return a.bytes != b.bytes ? a.bytes > b.bytes : a.tag < b.tag;
                    });
  heaviest.resize(limit);
  for (TagStats& stats : heaviest) {
    const HashedBytes tag = impl_->Hash(stats.tag);
    const size_t sample = std::max<size_t>(1, kHitSample / impl_->options.shards);
    for (Shard& shard : impl_->All()) stats.hits += shard.HitsOf(tag, sample);
    stats.invalidations = impl_->invalidated[tag.hash % kTagCounters].load();
  }
  return heaviest;
}

StoreStats Store::Stats() const {
  StoreStats stats;
  for (size_t i = 0; i < impl_->options.shards; ++i) impl_->shards[i].AddTo(&stats);
  const TagRegistry::Sums tags = impl_->registry.Sum();
  stats.tags = tags.tags;
  const Arena::Bytes arena = impl_->arena.Used();
  const uint64_t used = impl_->budget.used() + tags.bytes;
  stats.held = used + impl_->arena.idle_bytes();
  stats.memory = used - std::min<uint64_t>(used, arena.slabs) + arena.objects;
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
      break;
  }
  return "";
}

}  // namespace tagcache::server
