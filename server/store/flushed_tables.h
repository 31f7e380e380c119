#ifndef TAGCACHE_SERVER_STORE_FLUSHED_TABLES_H_
#define TAGCACHE_SERVER_STORE_FLUSHED_TABLES_H_

// The tables of a shard that was flushed. FLUSH only swaps them for empty ones; the entries and tag
// nodes in them are freed later, some at a time.
//
// No lookup leads here any more, so no lock is held. An entry that somebody has pinned keeps its
// bytes until the last pin is dropped.
//
// Threads: one at a time.

#include <cstddef>
#include <cstdint>

#include "server/store/entry_table.h"
#include "server/store/memory_budget.h"
#include "server/store/store.h"
#include "server/store/tag_index.h"

namespace tagcache::server {

struct FlushedTables {
  // Entries that had neither expired nor been invalidated. Visits all of them.
  uint64_t CountLive(TimeMs now);
  // The same without a visit: never too low, and exact unless some had expired or entries of
  // several invalidations were not yet removed.
  uint64_t LiveAtMost() const { return entries.size() - tags.invalidated_at_least(); }
  // Frees entries and tag nodes: at most budget->objects, and not many more than budget->bytes.
  // Subtracts what it freed. true: none is left.
  bool FreeSome(FreeBudget* budget);
  // Of the tables; entries and nodes lie in the arena.
  size_t bytes() const { return entries.bytes() + tags.bytes(); }

  Arena* arena = nullptr;  // of the shard
  EntryTable entries;
  TagIndex tags;
  size_t next = 0;  // slot of `entries` that is freed next
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_FLUSHED_TABLES_H_
