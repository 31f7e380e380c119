#ifndef TAGCACHE_SERVER_STORE_TAG_INDEX_H_
#define TAGCACHE_SERVER_STORE_TAG_INDEX_H_

// The tags of one shard: from a tag to the list of the shard's entries that bear it.
//
//   table:  tag -> TagNode { first, count, name }
//                      |
//                      v        after         after
//                  TagLink of E1 --> TagLink of E7 --> ...       (each lies inside its entry)
//                      ^-- before --'
//
// The links lie in the entries (entry.h), so tagging an entry allocates only where a tag is new to
// the shard. A node goes away with its last entry: a tag nobody bears takes no memory.
//
// To kill a tag is to take its node out of the table, in one step whatever the list's length: an
// entry that bears a dead node is dead, and is taken out later, from the list of dying nodes, or by
// whoever comes upon it. While no node is dying nobody looks at an entry's tags.
//
// A kill is told how many entries died of it. The node's count is that number, but for entries that
// were over or dead already, of an earlier kill, and those that bear two tags of this one; these
// are found when the entry is taken out, and make up Kill::not_counted.
//
// Threads: belongs to its shard's lock. Locks: takes the registry's and the arena's inside, one at
// a time.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "server/store/entry.h"
#include "server/store/hash_table.h"
#include "server/store/tag_registry.h"

namespace tagcache::server {

// One invalidation of tags that have entries. Nodes of several shards point to it.
struct Kill {
  uint64_t number = 0;  // later ones have higher numbers
  TimeMs time = 0;
  std::atomic<uint64_t> not_counted{0};
  std::atomic<size_t> nodes{0};  // that still have entries
};

struct TagNode {
  Kill* kill;       // nullptr: alive
  Ref first;        // link
  uint32_t count;   // entries in the list
  uint32_t shared;  // those of them that bear another tag as well
  Ref after;        // in the list of dying nodes
  Ref before;
  uint32_t name_size;
  uint64_t hash;
  uint64_t bytes;  // of the entries in the list

  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), name_size}; }
};
static_assert(sizeof(TagNode) == 48);

class TagIndex {
 public:
  TagIndex() = default;
  // REQUIRES: Drop was true or no entry is linked.
  ~TagIndex() = default;
  TagIndex(const TagIndex&) = delete;
  TagIndex& operator=(const TagIndex&) = delete;

  // REQUIRES: called before anything else; arena and registry outlive this.
  void Attach(Arena* arena, TagRegistry* registry) {
    arena_ = arena;
    registry_ = registry;
  }
  // All but the counts of changes.
  void Swap(TagIndex& other);
  // Frees up to `budget` nodes, dying ones too, without a look at the entries, whose links are void
  // afterwards, nor at the registry. true: none is left. Nothing else may be called in between.
  bool Drop(size_t budget);

  // nullptr: no entry of this shard bears the tag.
  TagNode* Find(const HashedBytes& tag);

  // Tags an entry that bears none; a tag that occurs twice counts once. false: there is no memory,
  // and the entry may bear some of the tags. REQUIRES: the entry has room for each.
  bool Link(Entry* entry, std::span<const HashedBytes> tags);
  // Gives `entry`, which bears none, the tags of `model`, which is alive. REQUIRES: it has room.
  void LinkLike(Entry* entry, Entry* model);
  // Takes all tags off the entry.
  void Unlink(Entry* entry);
  // `entry` is a copy of the one at `old`, byte by byte: its links take the place of that one's.
  void Moved(Entry* entry, Entry* old);

  // The node's entries are dead from now on. REQUIRES: it is alive.
  void Die(TagNode* node, Kill* kill);
  bool any_dying() const { return dying_ != 0; }
  // Entries that are dead; one that died of two tags counts twice.
  uint64_t dead() const { return dead_; }
  TagNode* dying() const { return dying_ == 0 ? nullptr : arena_->At<TagNode>(dying_); }
  // REQUIRES: any_dying(), or the answer is no without a look.
  bool IsDead(Entry* entry) const;
  // Whether the entry bears the tag the node stands for.
  bool Bears(Entry* entry, const TagNode* node) const;

  TagNode* NodeOf(const TagLink& link) const { return arena_->At<TagNode>(link.node); }
  TagLink* LinkAt(Ref ref) const { return arena_->At<TagLink>(ref); }
  HashTable<TagNode*>& nodes() { return nodes_; }
  // Changes with each change of the tag's list, and now and then with another's.
  uint64_t Changes(uint64_t tag_hash) const { return changes_[tag_hash % changes_.size()]; }
  // Bytes of the table; the nodes lie in the arena.
  uint64_t bytes() const { return nodes_.bytes(); }

 private:
  TagNode* FindOrAdd(const HashedBytes& tag);
  void Free(TagNode* node);
  void Push(Entry* entry, TagNode* node);
  void Count(Entry* entry, int sign);
  void NoteDeath(Entry* entry);

  HashTable<TagNode*> nodes_;
  Arena* arena_ = nullptr;
  TagRegistry* registry_ = nullptr;
  Ref dying_ = 0;
  uint64_t dead_ = 0;
  size_t dropped_ = 0;                  // of the table's slots
  std::array<uint64_t, 64> changes_{};  // by hash
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_TAG_INDEX_H_
