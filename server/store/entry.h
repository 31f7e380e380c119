#ifndef TAGCACHE_SERVER_STORE_ENTRY_H_
#define TAGCACHE_SERVER_STORE_ENTRY_H_

// One cached entry in one allocation:
//
//    0        4        8                 16                24
//   +--------+--------+-----------------+-----------------+-----------------+
//   | pins   | flags  | hash            | expires (ms)    | written (ms)    |
//   +--------+--------+--------+--------+--------+----+----+-----------------+
//   | version         | key n  | value n| room   |slots|tags|
//   +-----------------+--------+--------+--------+----+----+
//   32                40       44       48       52   54   56
//
//   56               56 + key n        56 + key n + room   next multiple of 8
//   +----------------+-----------------+-------------------+----------------------------+
//   | key bytes      | value bytes     | padding           | `slots` TagLinks           |
//   +----------------+-----------------+-------------------+----------------------------+
//
// Key and value follow the header at once, since a GET reads just these; the links are touched only
// when the entry comes, goes or is looked for by tag. `room` is what the value may grow to in place
// (counters); otherwise it is the value's size.
//
// Pins: 1 for the table while the entry is in it, and 1 for each EntryRef. They are added under the
// shard's lock, so one that is seen to be 1 there stays 1 until the lock is released; they are
// dropped anywhere. The one that drops the last frees the entry.
//
// Threads: flags, key, value bytes and their sizes do not change while anyone but the table has a
// pin. Everything else belongs to the shard's lock.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "server/store/store.h"

namespace tagcache::server {

struct TagNode;

inline constexpr TimeMs kNever = UINT64_MAX;

// A key or tag with its hash, which is never 0.
struct HashedBytes {
  std::string_view bytes;
  uint64_t hash = 0;
};

// One tag of one entry: a place in the tag's list of entries.
//
//    0                8                16               24               32
//   +----------------+----------------+----------------+----------------+
//   | node           | previous       | next           | entry          |
//   +----------------+----------------+----------------+----------------+
struct TagLink {
  TagNode* node;
  TagLink* previous;
  TagLink* next;
  Entry* entry;
};
static_assert(sizeof(TagLink) == 32);

struct Entry {
  std::atomic<uint32_t> pins;
  uint32_t flags;
  union {
    uint64_t hash;   // while in the table
    Entry* removed;  // afterwards: the next in a Removed list
  };
  TimeMs expires;  // kNever: it does not
  TimeMs written;
  uint64_t version;
  uint32_t key_size;
  uint32_t value_size;
  uint32_t value_room;
  uint16_t tag_slots;
  uint16_t tag_count;  // links in use, the first ones

  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  std::string_view key() const { return {bytes(), key_size}; }
  std::string_view value() const { return {bytes() + key_size, value_size}; }
  char* value_bytes() { return bytes() + key_size; }
  TagLink* links() {
    return reinterpret_cast<TagLink*>(reinterpret_cast<char*>(this) + links_at());
  }
  size_t links_at() const { return LinksAt(key_size, value_room); }
  size_t allocated() const { return links_at() + tag_slots * sizeof(TagLink); }

  bool IsOver(TimeMs now) const { return expires <= now; }
  void Pin() { pins.fetch_add(1, std::memory_order_relaxed); }
  // REQUIRES: the shard's lock is held, and the entry is in its table.
  bool IsPinned() const { return pins.load(std::memory_order_acquire) != 1; }

  static size_t LinksAt(size_t key_size, size_t value_room);
};
static_assert(sizeof(Entry) == 56);
static_assert(alignof(Entry) == 8 && alignof(TagLink) == 8);

// What a new entry is made of. value_room 0: as much as the value has.
struct EntryParts {
  HashedBytes key;
  std::string_view value;
  uint32_t flags = 0;
  TimeMs expires = kNever;
  TimeMs written = 0;
  size_t value_room = 0;
  size_t tag_slots = 0;
};

// A new entry with the table's pin and no tags yet; nullptr when there is no memory.
// REQUIRES: key and value are under 4 GiB, tag_slots is at most 65535.
Entry* NewEntry(const EntryParts& parts);

// Drops a pin; the last frees the entry.
void Unpin(Entry* entry);

struct Unpinner {
  void operator()(Entry* entry) const { Unpin(entry); }
};
// A new entry on its way into the table.
using OwnedEntry = std::unique_ptr<Entry, Unpinner>;

// Entries taken out under a lock. The table's pins are dropped when the list ends: declare it
// before the MutexLock, so that memory is given back after the lock.
class Removed {
 public:
  Removed() = default;
  ~Removed();
  Removed(const Removed&) = delete;
  Removed& operator=(const Removed&) = delete;
  // REQUIRES: the entry is not in the table and bears no tags any more.
  void Add(Entry* entry) {
    entry->removed = first_;
    first_ = entry;
  }

 private:
  Entry* first_ = nullptr;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_ENTRY_H_
