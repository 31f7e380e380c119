// How much memory does a server need for an item? Usage: profiling_memory TAGCACHED ITEMS...
// The figure is the growth of the process while it was filled, divided by the number of items. Keys
// have 16 bytes, values 100, and the time to live is an hour.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "profiling/peers/peer.h"

namespace tagcache::profiling {
namespace {

constexpr size_t kTagsAnEntry = 3;
// A link has 16 bytes. Resident memory is counted in pages, and some pages are resident in one run
// and not in another.
constexpr double kMostATag = 16 + 0.1;

// A tag has a node in each shard where it has entries. With few tags these cost nearly nothing for
// each entry, so the difference between few and many tags is the cost of the nodes.
constexpr size_t kFewTags = 3 * kTagsAnEntry;
constexpr size_t kManyTags = 333 * kTagsAnEntry;

struct Tags {
  std::vector<std::string> names;
  std::vector<std::string_view> views;  // each entry has kTagsAnEntry neighbours of these
};

Tags MakeTags(size_t count) {
  Tags tags;
  for (size_t i = 0; i < count; ++i) tags.names.push_back("tag:" + std::to_string(i));
  for (const std::string& name : tags.names) tags.views.push_back(name);
  return tags;
}

// Bytes an item. `tags` may be nullptr.
double Fill(Peer& peer, size_t items, const Tags* tags) {
  const size_t empty = peer.process().ResidentBytes();
  const std::string value(100, 'v');
  constexpr size_t kBatch = 1000;
  std::vector<std::string> keys(kBatch);
  std::vector<PeerItem> batch;
  size_t stored = 0;
  for (size_t at = 0; at < items; at += kBatch) {
    batch.clear();
    for (size_t i = 0; i < std::min(kBatch, items - at); ++i) {
      char key[17];
      std::snprintf(key, sizeof key, "item%012zu", at + i);
      keys[i] = key;
      PeerItem item{.key = keys[i], .value = value};
      if (tags) {
        const size_t first = (at + i) * kTagsAnEntry % tags->views.size();
        item.tags = std::span(tags->views).subspan(first, kTagsAnEntry);
      }
      batch.push_back(item);
    }
    stored += peer.Put(batch, std::chrono::hours(1));
  }
  if (stored != items || peer.Items() != items) Fail("a server did not keep what it was given");
  return static_cast<double>(peer.process().ResidentBytes() - empty) / static_cast<double>(items);
}

std::string Bytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", bytes);
  return text;
}

void PrintRow(size_t items, const std::string& what, double bytes, const std::string& target) {
  std::printf("%9zu  %-32s %8s  %s\n", items, what.c_str(), Bytes(bytes).c_str(), target.c_str());
  std::fflush(stdout);
}

// false: a target is missed.
bool Judge(size_t items, const std::string& what, double bytes, double most,
           const std::string& target) {
  const bool met = bytes <= most;
  PrintRow(items, what, bytes, target + " = " + Bytes(most) + (met ? ": met" : ": MISSED"));
  return met;
}

bool Measure(const std::string& tagcached, size_t items) {
  const PeerOptions unlimited;
  double redis = 0, memcached = 0;
  if (auto peer = StartRedis(unlimited)) {
    PrintRow(items, "redis-server", redis = Fill(*peer, items, nullptr), "");
  } else {
    std::printf("%9zu  redis-server is not installed: skipped\n", items);
  }
  if (auto peer = StartMemcached(unlimited)) {
    PrintRow(items, "memcached", memcached = Fill(*peer, items, nullptr), "");
  } else {
    std::printf("%9zu  memcached is not installed: skipped\n", items);
  }
  auto ours = StartTagcached(tagcached, unlimited);
  if (!ours) Fail("there is no " + tagcached);
  const double plain = Fill(*ours, items, nullptr);
  const auto tagged_with = [&](size_t count) {
    ours = nullptr;  // frees the server before it, and its memory
    ours = StartTagcached(tagcached, unlimited);
    const Tags tags = MakeTags(count);
    return Fill(*ours, items, &tags);
  };
  const double tagged = tagged_with(kFewTags);
  const double many = (tagged_with(kManyTags) - tagged) * static_cast<double>(items);

  bool met = true;
  if (redis > 0) met &= Judge(items, "tagcached", plain, 0.70 * redis, "at most 0.70 of Redis");
  if (memcached > 0) met &= Judge(items, "tagcached", plain, memcached, "at most memcached");
  if (redis == 0 && memcached == 0) PrintRow(items, "tagcached", plain, "");
  PrintRow(items, "tagcached, 3 tags an entry", tagged, "");
  const double a_tag = (tagged - plain) / kTagsAnEntry;
  met &= Judge(items, "tagcached, a tag on an entry", a_tag, kMostATag, "at most");
  PrintRow(items, "tagcached, the shared tag", many / (kManyTags - kFewTags),
           "all shards together");
  return met;
}

}  // namespace
}  // namespace tagcache::profiling

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s TAGCACHED ITEMS...\n", argv[0]);
    return 2;
  }
  std::printf("%9s  %-32s %8s  %s\n", "items", "server", "bytes", "target");
  bool met = true;
  for (int i = 2; i < argc; ++i) {
    met &= tagcache::profiling::Measure(argv[1], std::strtoull(argv[i], nullptr, 10));
  }
  return met ? 0 : 1;
}
