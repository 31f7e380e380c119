#include "server/store/flushed_tables.h"

#include "server/store/entry.h"

namespace tagcache::server {

uint64_t FlushedTables::CountLive(TimeMs now) {
  uint64_t live = 0;
  for (size_t i = 0; i < entries.capacity(); ++i) {
    if (entries.at(i) == 0) continue;
    Entry* entry = arena->At<Entry>(EntryTable::RefIn(entries.at(i)));
    live += !entry->IsExpired(now) && !tags.IsInvalidated(entry);
  }
  return live;
}

bool FlushedTables::FreeSome(FreeBudget* budget) {
  for (; next < entries.capacity(); ++next) {
    const EntryTable::Slot slot = entries.at(next);
    if (slot == 0) continue;
    if (budget->spent()) return false;
    Entry* entry = arena->At<Entry>(EntryTable::RefIn(slot));
    budget->Spend(entry->allocated());
    DropTablePin(entry);
  }
  return tags.FreeNodes(budget);
}

}  // namespace tagcache::server
