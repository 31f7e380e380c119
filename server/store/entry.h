#ifndef TAGCACHE_SERVER_STORE_ENTRY_H_
#define TAGCACHE_SERVER_STORE_ENTRY_H_

// One cached entry: one object of the arena.
//
//    0                8        12       16                24       28   30   32   34 35 36
//   +----------------+--------+--------+--------+--------+--------+----+----+----+--+--+
//   | version        | pins   | value  | expires| wheel  | wheel  |exp.|key |fla.|ta|bi|
//   |                |        | size   | (low)  | before | after  |high|size|    |gs|ts|
//   +----------------+--------+--------+--------+--------+--------+----+----+----+--+--+
//                                      16       20       24
//
//   36       + 4 if kWideFlags   + key size      + room of the value     next multiple of 8
//   +-------------------+----------------+---------------------------+---------------------+
//   | flags' high bits  | key bytes      | value bytes, or, kOutside,| a TagLink for each  |
//   |                   |                | a pointer to them         | tag                 |
//   +-------------------+----------------+---------------------------+---------------------+
//
// A key of 16 bytes and a value of 100 make 152 bytes. Key and value follow the header at once,
// since a GET reads just these; links are touched only when the entry is added, removed or searched
// by tag. Values over kLargestInside lie apart. The room of a number (kNumber) is that of the
// longest one, so that counters change in place.
//
// version: milliseconds of the write (42 bits) | count within them (14) | shard (8): it grows with
// each write of the shard, no two writes of a store have the same, and the entry's age follows from
// it.
//
// pins: 0 while the object is free or not complete; then 1 for the table, and 1 for each EntryRef.
// Pins are added under the shard's lock (or by the thread that moves entries, to an entry that has
// a pin already). So a count that is 1 under the lock stays 1 until the lock is released. Pins are
// dropped anywhere, and dropping the last one frees the entry. Where the table's pin is not the
// last one, kRemoved is set and the entry's bytes are counted as pinned (memory_budget.h) until the
// last is dropped.
//
// Threads: flags, key, value bytes and their sizes do not change while anyone but the table has a
// pin. Everything else belongs to the shard's lock.

#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "server/store/arena.h"
#include "server/store/store.h"

namespace tagcache::server {

inline constexpr unsigned kVersionTimeShift = 22;
inline constexpr TimeMs kNever = (uint64_t{1} << 48) - 1;
// Longest value that lies inside its entry, bytes.
inline constexpr size_t kLargestInside = 16 * 1024;
// Longest key: with a value outside and 255 tags it still fits an object.
inline constexpr size_t kLongestKey = 4000;
inline constexpr size_t kMostTags = 255;

// A key or tag with its hash, which is never 0.
struct HashedBytes {
  std::string_view bytes;
  uint64_t hash = 0;
};

// One tag of one entry: a place in the tag's list of entries.
//
//    0        4        8        12       16
//   +--------+--------+--------+--------+
//   | node   | before | after  | entry  |        before and after name links; 0 where there is none
//   +--------+--------+--------+--------+
struct TagLink {
  Ref node;
  Ref before;
  Ref after;
  Ref entry;
};
static_assert(sizeof(TagLink) == 16);

struct Entry {
  static constexpr uint32_t kRemoved = uint32_t{1} << 31;
  enum Bit : uint8_t { kWideFlags = 1, kOutside = 2, kNumber = 4 };

  uint32_t version_low;
  uint32_t version_high;
  std::atomic<uint32_t> pins;  // and kRemoved
  uint32_t value_size;
  uint32_t expires_low;
  Ref wheel_before;  // kFirstRef and above: an entry; below: 1 + the bucket it is the first of; 0:
                     // it is not in the wheel
  Ref wheel_after;
  uint16_t expires_high;
  uint16_t key_size;
  uint16_t flags_low;
  uint8_t tag_count;
  uint8_t bits;

  uint64_t version() const { return uint64_t{version_high} << 32 | version_low; }
  void set_version(uint64_t version) {
    version_low = static_cast<uint32_t>(version);
    version_high = static_cast<uint32_t>(version >> 32);
  }
  TimeMs expires() const { return uint64_t{expires_high} << 32 | expires_low; }
  void set_expires(TimeMs expires) {
    expires_low = static_cast<uint32_t>(expires);
    expires_high = static_cast<uint16_t>(expires >> 32);
  }
  bool IsExpired(TimeMs now) const { return expires() <= now; }

  uint32_t flags() const {
    uint32_t flags = flags_low;
    if ((bits & kWideFlags) != 0) std::memcpy(&flags, this + 1, sizeof flags);
    return flags;
  }
  const char* bytes() const {
    return reinterpret_cast<const char*>(this + 1) + ((bits & kWideFlags) != 0 ? 4 : 0);
  }
  char* bytes() { return const_cast<char*>(std::as_const(*this).bytes()); }
  std::string_view key() const { return {bytes(), key_size}; }
  std::string_view value() const {
    const char* value = bytes() + key_size;
    if ((bits & kOutside) != 0) std::memcpy(&value, bytes() + key_size, sizeof value);
    return {value, value_size};
  }
  char* inside_value() { return bytes() + key_size; }
  size_t value_room() const;
  TagLink* links() {
    const size_t end = static_cast<size_t>(inside_value() - reinterpret_cast<char*>(this));
    return reinterpret_cast<TagLink*>(reinterpret_cast<char*>(this) +
                                      (end + value_room() + 7) / 8 * 8);
  }
  // Bytes this entry takes in memory.
  size_t allocated() const;

  void Pin() { pins.fetch_add(1, std::memory_order_relaxed); }
  // REQUIRES: the shard's lock is held, and the entry is in its table.
  bool IsPinned() const { return pins.load(std::memory_order_acquire) != 1; }
  // false: the object is free, or not a complete entry yet.
  bool PinIfComplete();
};
static_assert(sizeof(Entry) == 36 && alignof(Entry) == 4);
static_assert(sizeof(Entry) + 4 + kLongestKey + 8 + 8 + kMostTags * sizeof(TagLink) <=
              kLargestObject);

// What a new entry is made of.
struct EntryParts {
  HashedBytes key;
  std::string_view value;
  std::string_view more = {};  // follows value
  uint32_t flags = 0;
  TimeMs expires = kNever;
  bool number = false;  // leave room to count
  bool blank = false;   // do not copy the value and `more`: the caller does
  size_t tags = 0;
};

// The bytes it will take.
size_t SizeOf(const EntryParts& parts);

// A new entry with the table's pin and no tags yet; nullptr when there is no memory, or no budget
// for it and it is not `urgent`. REQUIRES: the key has at most kLongestKey bytes, the value is
// under 4 GiB, tags are at most 255.
Entry* NewEntry(Arena& arena, const EntryParts& parts, bool urgent);

// Drops the table's pin, or that of the writer who made the entry, which are one. REQUIRES: the
// entry is in no table.
void DropTablePin(Entry* entry);

inline EntryRef::EntryRef(Entry* pinned)
    : entry_(pinned), value_(pinned->value()), flags_(pinned->flags()) {}

struct TablePinDropper {
  void operator()(Entry* entry) const { DropTablePin(entry); }
};
// A new entry on its way into the table.
using OwnedEntry = std::unique_ptr<Entry, TablePinDropper>;

// Entries that were removed under a lock. The destructor drops the table's pins, which frees what
// nobody else has pinned: it runs after the lock is released (step.h).
class Removed {
 public:
  Removed() = default;
  ~Removed() {
    if (first_ != nullptr) DropPins();
  }
  Removed(const Removed&) = delete;
  Removed& operator=(const Removed&) = delete;
  // REQUIRES: the entry is in no table, wheel or tag's list any more.
  void Add(Entry* entry) {
    assert(entry->tag_count == 0 && entry->wheel_before == 0);
    SetNext(entry, first_);
    first_ = entry;
  }
  // Bytes that the entries take in memory. Visits all of them.
  size_t bytes() const;

 private:
  // The next entry, which another arena may have, stands where the version was: that is read under
  // the shard's lock from entries in its table alone.
  static constexpr size_t kNext = offsetof(Entry, version_low);
  static_assert(offsetof(Entry, version_high) == kNext + sizeof(uint32_t) &&
                sizeof(Entry*) == 2 * sizeof(uint32_t));
  static Entry* Next(const Entry* entry) {
    Entry* next;
    std::memcpy(&next, reinterpret_cast<const char*>(entry) + kNext, sizeof next);
    return next;
  }
  static void SetNext(Entry* entry, Entry* next) {
    std::memcpy(reinterpret_cast<char*>(entry) + kNext, &next, sizeof next);
  }
  void DropPins();
  Entry* first_ = nullptr;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_ENTRY_H_
