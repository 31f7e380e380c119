#ifndef TAGCACHE_SERVER_STORE_TAG_INDEX_H_
#define TAGCACHE_SERVER_STORE_TAG_INDEX_H_

// The tags of one shard: from a tag to the list of the shard's entries that have it.
//
//   table:  tag -> TagNode { first, count, name }
//                      |
//                      v        after         after
//                  TagLink of E1 --> TagLink of E7 --> ...       (each lies inside its entry)
//                      ^-- before --'
//
// The links lie in the entries (entry.h), so tagging an entry allocates only where a tag is new to
// the shard. A node is freed with its last entry: a tag without entries takes no memory.
//
// Invalidating a tag takes its node out of the table, in one step however long the list is. The
// node becomes a tombstone: it carries the number of its invalidation, and an entry that has a
// tombstone among its tags is invalidated. The entries are removed later, from the list of
// tombstones, or by a lookup that finds one. While there is no tombstone nobody reads an entry's
// tags.
//
// How many entries an invalidation found is counted as they are unlinked: an entry counts for the
// first of the invalidations that reached it, and only if it had not expired by then. The count is
// kept for the latest invalidation alone, which asks for it when its entries were few.
//
// Threads: belongs to its shard's lock. Locks: takes the registry's and the arena's inside, one at
// a time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "server/store/entry.h"
#include "server/store/hash_table.h"
#include "server/store/tag_registry.h"

namespace tagcache::server {

struct TagNode {
  uint64_t invalidated;  // the number of its invalidation; 0: it is in the table
  uint64_t hash;
  uint64_t bytes;  // of the entries in the list
  Ref first;       // link
  uint32_t count;  // entries in the list
  Ref after;       // in the list of tombstones
  Ref before;
  uint32_t name_size;

  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), name_size}; }
};
static_assert(sizeof(TagNode) == 48);

class TagIndex {
 public:
  TagIndex() = default;
  // REQUIRES: FreeNodes was true or no entry is linked.
  ~TagIndex() = default;
  TagIndex(const TagIndex&) = delete;
  TagIndex& operator=(const TagIndex&) = delete;

  // REQUIRES: called before anything else; arena and registry outlive this.
  void Attach(Arena* arena, TagRegistry* registry) {
    arena_ = arena;
    registry_ = registry;
  }
  // Swaps the nodes, but not the counts of changes.
  void Swap(TagIndex& other);
  // Frees nodes, tombstones too, until the budget is spent. Touches neither the entries, whose
  // links are void afterwards, nor the registry. true: none is left. Nothing else may be called in
  // between.
  bool FreeNodes(FreeBudget* budget);

  // nullptr: no entry of this shard has the tag.
  TagNode* Find(const HashedBytes& tag);

  // Tags an entry that has no tags; a tag that occurs twice counts once. false: there is no memory,
  // and the entry may have some of the tags. REQUIRES: the entry has room for each.
  bool Link(Entry* entry, std::span<const HashedBytes> tags);
  // Gives `entry`, which has no tags, those of `model`. REQUIRES: there is room for them, and
  // `model` is not invalidated.
  void LinkLike(Entry* entry, Entry* model);
  // Removes all tags of the entry.
  void Unlink(Entry* entry);
  // `entry` is a copy of the one at `old`, byte by byte: its links replace that one's in the lists.
  void Moved(Entry* entry, Entry* old);

  // Bytes that a tag takes with its first entry in a shard: the link, the node, and its places in
  // the tables of the shard and of the registry.
  static size_t BytesOfNew(std::string_view tag) {
    return sizeof(TagLink) + Arena::Rounded(sizeof(TagNode) + tag.size()) + 4 * kTableBytes;
  }

  // The node becomes a tombstone: its entries are invalidated from now on. Numbers grow.
  // REQUIRES: it is none yet.
  void Invalidate(TagNode* node, uint64_t number, TimeMs now);
  // Makes a tombstone without entries. nullptr: there is no memory. REQUIRES: at least one entry is
  // moved to it before anything else is called.
  TagNode* MakeTombstone(uint64_t number, TimeMs now);
  // Moves the entry from the list of `from` to that of the tombstone, so it is invalidated from now
  // on. Frees `from` if that was its last entry. REQUIRES: the entry has the tag of `from`.
  void MoveToTombstone(Entry* entry, TagNode* from, TagNode* tombstone);
  bool any_invalidated() const { return tombstones_ != 0; }
  // The latest tombstone; nullptr: there is none.
  TagNode* tombstone() const {
    return tombstones_ == 0 ? nullptr : arena_->At<TagNode>(tombstones_);
  }
  // REQUIRES: there is a tombstone.
  Entry* FirstInvalidated() const { return arena_->At<Entry>(LinkAt(tombstone()->first)->entry); }
  // How many entries are invalidated and not yet removed. Never too high; exact unless two
  // tombstones were there at one time.
  uint64_t invalidated_at_least() const { return invalidated_at_least_; }
  // Of the entries that the invalidation removed so far, those that were live until then. Known for
  // the latest invalidation alone; 0 for others.
  uint64_t LiveUntil(uint64_t number) const { return latest_.number == number ? latest_.live : 0; }
  bool IsInvalidated(Entry* entry) const {
    return any_invalidated() && FirstInvalidationOf(entry) != 0;
  }
  // Whether the entry has the node's tag.
  bool IsTagged(Entry* entry, const TagNode* node) const;

  TagNode* NodeOf(const TagLink& link) const { return arena_->At<TagNode>(link.node); }
  TagLink* LinkAt(Ref ref) const { return arena_->At<TagLink>(ref); }
  HashTable<TagNode*>& nodes() { return nodes_; }
  const HashTable<TagNode*>& nodes() const { return nodes_; }
  // Changes with each change of the tag's list, and now and then with another's.
  uint64_t Changes(uint64_t tag_hash) const { return changes_[tag_hash % changes_.size()]; }
  // Bytes that all nodes take in the arena.
  uint64_t node_bytes() const { return node_bytes_; }
  // Bytes of the table; the nodes lie in the arena.
  uint64_t bytes() const { return nodes_.bytes(); }

 private:
  static constexpr size_t kTableBytes = sizeof(HashTable<TagNode*>::Slot);

  struct LatestInvalidation {
    uint64_t number = 0;
    TimeMs time = 0;
    uint64_t live = 0;
  };

  TagNode* FindOrAdd(const HashedBytes& tag);
  void Erase(TagNode* node);
  void Free(TagNode* node);
  void PushTombstone(TagNode* node, uint64_t number, TimeMs now);
  void Push(Entry* entry, TagNode* node);
  void PushLink(TagLink* link, TagNode* node);
  void RemoveLink(const TagLink& link);
  void Count(Entry* entry, int sign);
  uint64_t FirstInvalidationOf(Entry* entry) const;
  void CountInvalidated(Entry* entry);

  HashTable<TagNode*> nodes_;
  Arena* arena_ = nullptr;
  TagRegistry* registry_ = nullptr;
  Ref tombstones_ = 0;  // the latest first
  uint64_t invalidated_at_least_ = 0;
  uint64_t node_bytes_ = 0;
  LatestInvalidation latest_;
  size_t freed_ = 0;                    // slots of the table that FreeNodes is done with
  std::array<uint64_t, 64> changes_{};  // by hash
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_TAG_INDEX_H_
