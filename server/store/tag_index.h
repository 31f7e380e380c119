#ifndef TAGCACHE_SERVER_STORE_TAG_INDEX_H_
#define TAGCACHE_SERVER_STORE_TAG_INDEX_H_

// The tags of one shard: from a tag to the list of the shard's entries that bear it.
//
//   table:  tag -> TagNode { first, count, name }
//                      |
//                      v        next          next
//                  TagLink of E1 --> TagLink of E7 --> ...       (each lies inside its entry)
//                      ^-- previous --'
//
// The links lie in the entries (entry.h), so tagging an entry allocates only where a tag is new to
// the shard. A node goes away with its last entry: a tag nobody bears takes no memory.
//
// Threads: belongs to its shard's lock. Locks: takes the registry's inside.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "server/store/entry.h"
#include "server/store/hash_table.h"
#include "server/store/tag_registry.h"

namespace tagcache::server {

struct TagNode {
  TagLink* first;
  uint64_t hash;
  uint32_t count;  // entries in the list
  uint32_t name_size;

  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), name_size}; }
  size_t allocated() const { return sizeof(TagNode) + name_size; }
};
static_assert(sizeof(TagNode) == 24);

class TagIndex {
 public:
  TagIndex() = default;
  // Frees the nodes without a look at the entries, whose links are void afterwards.
  ~TagIndex();
  TagIndex(const TagIndex&) = delete;
  TagIndex& operator=(const TagIndex&) = delete;

  // REQUIRES: called before anything else; the registry outlives this.
  void Attach(TagRegistry* registry) { registry_ = registry; }
  void Swap(TagIndex& other);

  // nullptr: no entry of this shard bears the tag.
  TagNode* Find(const HashedBytes& tag);

  // Tags an entry that bears none; a tag that occurs twice counts once. false: there is no memory,
  // and the entry may bear some of the tags. REQUIRES: the entry has a slot for each.
  bool Link(Entry* entry, std::span<const HashedBytes> tags);
  // Gives `entry`, which bears none, the tags of `model`. REQUIRES: it has a slot for each.
  void LinkLike(Entry* entry, Entry* model);
  // Takes all tags off the entry.
  void Unlink(Entry* entry);

  uint64_t bytes() const { return node_bytes_ + nodes_.bytes(); }

 private:
  TagNode* FindOrAdd(const HashedBytes& tag);
  void Free(TagNode* node);
  static void Push(Entry* entry, TagNode* node);

  HashTable<TagNode*> nodes_;
  uint64_t node_bytes_ = 0;
  TagRegistry* registry_ = nullptr;
};

// Whether the entry bears the tag the node stands for.
bool Bears(Entry* entry, const TagNode* node);

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_TAG_INDEX_H_
