#ifndef TAGCACHE_SERVER_STORE_STORE_H_
#define TAGCACHE_SERVER_STORE_STORE_H_

// The store: keys to values with flags, tags and a time to live, sharded by key hash.
//
// Threads: every call may be made by any number of threads at once. A shard's lock is held only
// inside a call and never together with another shard's.
// Time: milliseconds of a monotonic clock, handed in. An entry whose expiry is <= now is not there.
// Ownership: keys, tags and values are copied in. An EntryRef pins an entry: its bytes stay valid
// and unchanged while it lives, also after the entry was overwritten, deleted or expired.
// Errors: outcomes, never exceptions (std::bad_alloc apart). A miss is an outcome.
// A refused write removes the key's old value: what its owner tried to replace is not served on.
// (Add and Replace are conditional and leave it; so do Increment and Touch.)
//
// The inside of this face is free to change; nothing outside this folder depends on it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tagcache::server {

using TimeMs = uint64_t;

struct StoreOptions {
  size_t shards = 256;                  // a power of two, 1 to 65536
  uint64_t seed = 0;                    // of the key hash; random for each process
  size_t max_key = 1024;                // bytes
  size_t max_tag = 255;                 // bytes
  size_t max_tags = 64;                 // per entry
  size_t max_value = 64 * 1024 * 1024;  // bytes
};

enum class Outcome : uint8_t {
  kOk,
  kNotFound,
  kExists,
  kNotAnInteger,
  kOverflow,
  kKeyTooLong,
  kTagTooLong,
  kTooManyTags,
  kValueTooLarge,
  kOutOfMemory,
};

struct Entry;  // entry.h, private

// A pinned entry, or none. Movable; releasing the last pin of a removed entry frees it.
class EntryRef {
 public:
  EntryRef() = default;
  ~EntryRef() { Reset(); }
  EntryRef(EntryRef&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  EntryRef& operator=(EntryRef&& other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  EntryRef(const EntryRef&) = delete;
  EntryRef& operator=(const EntryRef&) = delete;

  explicit operator bool() const { return entry_ != nullptr; }
  // REQUIRES of all below: *this holds an entry.
  std::string_view value() const;
  uint32_t flags() const;
  void Reset();

 private:
  friend class Store;
  friend class Shard;
  explicit EntryRef(Entry* pinned) : entry_(pinned) {}
  Entry* entry_ = nullptr;
};

struct Write {
  std::string_view key;
  std::string_view value;
  uint32_t flags = 0;
  std::optional<uint64_t> ttl_ms = {};          // nullopt: never expires; 0: expires at once
  std::span<const std::string_view> tags = {};  // replaces the entry's; repeated ones count once
};

enum class WriteMode : uint8_t { kPut, kAdd, kReplace };
enum class TagMatch : uint8_t { kAny, kAll };

struct Step {
  std::string_view key;
  int64_t by = 1;
  bool subtract = false;
  int64_t initial = 1;                                         // value of a key that was absent
  uint32_t flags = 0;                                          // of a key that was absent
  std::optional<uint64_t> ttl_ms = {};                         // nullopt: kept
  std::optional<std::span<const std::string_view>> tags = {};  // nullopt: kept
};

struct StepResult {
  Outcome outcome = Outcome::kOk;
  int64_t value = 0;
};

struct EntryMeta {
  std::optional<uint64_t> ttl_left_ms;  // nullopt: never expires
  uint64_t age_ms = 0;                  // since the last write
  uint64_t size = 0;
  uint64_t version = 0;  // unique to each write of this store
  uint32_t flags = 0;
  std::vector<std::string> tags;
};

struct KeyList {
  std::vector<std::string> keys;
  uint64_t cursor = 0;  // 0: that was the last page
};

struct StoreStats {
  uint64_t items = 0;
  uint64_t tags = 0;     // distinct tags that entries bear
  uint64_t memory = 0;   // bytes of entries, table and tag index
  uint64_t expired = 0;  // entries removed because their time was over
};

class Store {
 public:
  explicit Store(const StoreOptions& options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const StoreOptions& options() const;

  EntryRef Get(std::string_view key, TimeMs now);
  // out[i] answers keys[i]. Takes each shard's lock once. REQUIRES: out.size() == keys.size().
  void MultiGet(std::span<const std::string_view> keys, TimeMs now, std::span<EntryRef> out);

  Outcome Put(const Write& write, WriteMode mode, TimeMs now);
  // outcomes[i] answers writes[i]; a key that occurs twice holds the later one. Takes each shard's
  // lock once.
  void MultiPut(std::span<const Write> writes, TimeMs now, std::span<Outcome> outcomes);

  bool Delete(std::string_view key, TimeMs now);
  // How many were there. Takes each shard's lock once.
  uint64_t MultiDelete(std::span<const std::string_view> keys, TimeMs now);

  bool Exists(std::string_view key, TimeMs now);
  // nullopt: never expires from now on; 0: expires at once. false: not there.
  bool Touch(std::string_view key, std::optional<uint64_t> ttl_ms, TimeMs now);
  StepResult Increment(const Step& step, TimeMs now);
  std::optional<EntryMeta> Meta(std::string_view key, TimeMs now);

  // How many live entries bore the tag(s). When it has returned no call sees one of them.
  uint64_t InvalidateTags(std::span<const std::string_view> tags, TagMatch match, TimeMs now);

  // Keys of live entries that bear the tag(s), in the order of their hashes, `limit` a page (more
  // only where hashes collide). Start with cursor 0.
  KeyList Keys(std::span<const std::string_view> tags, TagMatch match, uint64_t cursor,
               size_t limit, TimeMs now);

  // How many live entries there were.
  uint64_t Flush(TimeMs now);

  // Removes entries whose time is over, looking at no more than `budget` entries. Returns how many
  // were removed. Call it now and then from one thread.
  size_t ExpireSome(size_t budget, TimeMs now);

  // Sums over the shards, each locked in turn.
  StoreStats Stats() const;

  // The name of the limit an outcome speaks of and its value, for messages ("key", 1024).
  static const char* NameOf(Outcome outcome);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_STORE_H_
