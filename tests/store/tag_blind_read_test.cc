// While no invalidated entry waits to be removed a read does not access the tags of an entry, not
// even once. The tags' memory is made unreadable while the read runs, in a child process, whose
// exit shows whether they were read.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/store/arena.h"
#include "server/store/entry.h"
#include "server/store/tag_index.h"
#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

using server::Arena;
using server::Entry;
using server::Slab;
using server::TagNode;

constexpr uintptr_t kPage = 4096;

// An entry whose links lie on other pages than its header and key, for its value is that long.
struct Tagged {
  Tagged() {
    cache.Put(kKey, std::string(2 * kPage, 'v'), {"a", "b", "c", "d", "e", "f", "g", "h"});
  }

  // From now on an access to the entry's links, or to any node of its tags, ends the process.
  void ForbidTags() {
    const EntryRef ref = cache.store.Get(kKey, cache.now);
    auto* entry = reinterpret_cast<Entry*>(const_cast<char*>(ref.value().data()) - kKey.size() -
                                           sizeof(Entry));
    const Arena& arena = Arena::Of(entry);
    std::array<Slab*, 8> slabs;
    for (size_t i = 0; i < slabs.size(); ++i) {
      slabs[i] = Slab::Of(arena.At<TagNode>(entry->links()[i].node));
    }
    const auto first = reinterpret_cast<uintptr_t>(entry->links()) / kPage * kPage;
    const auto end = reinterpret_cast<uintptr_t>(entry->links() + entry->tag_count);
    if (first <= reinterpret_cast<uintptr_t>(ref.value().data()) ||
        slabs.size() != entry->tag_count) {
      std::abort();
    }
    Forbid(reinterpret_cast<void*>(first), end - first);
    for (Slab* slab : slabs) Forbid(slab, server::kSlabBytes);
  }

  static void Forbid(void* from, size_t bytes) {
    if (mprotect(from, bytes, PROT_NONE) != 0) std::abort();
  }

  static constexpr std::string_view kKey = "the key";
  Cache cache;
};

// Reads in the ways that have no need of tags.
[[noreturn]] void ReadAndExit(Tagged& tagged) {
  const std::array<std::string_view, 3> keys = {Tagged::kKey, "another", Tagged::kKey};
  std::array<EntryRef, keys.size()> found;
  tagged.cache.store.MultiGet(keys, tagged.cache.now, found);
  const bool all = tagged.cache.store.Get(Tagged::kKey, tagged.cache.now) &&
                   tagged.cache.store.Exists(Tagged::kKey, tagged.cache.now) && found[0] &&
                   found[2];
  std::_Exit(all ? 0 : 1);
}

TEST(TagBlindRead, NoReadTouchesTheTagsOfWhatItFinds) {
  Tagged tagged;
  EXPECT_EXIT(
      {
        tagged.ForbidTags();
        ReadAndExit(tagged);
      },
      ::testing::ExitedWithCode(0), "");
}

// Shows that the test above can fail: while invalidated entries wait in the shard reads check tags.
TEST(TagBlindRead, WhileInvalidatedEntriesWaitReadsTouchThem) {
  Tagged tagged;
  for (int i = 0; i < 10'000; ++i) tagged.cache.Put("other" + std::to_string(i), "", {"x"});
  ASSERT_EQ(tagged.cache.InvalidateAny({"x"}), 10'000u);
  EXPECT_EXIT(
      {
        tagged.ForbidTags();
        ReadAndExit(tagged);
      },
      [](int status) { return !WIFEXITED(status) || WEXITSTATUS(status) != 0; }, "");
}

}  // namespace
}  // namespace tagcache::testing
