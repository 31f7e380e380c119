// Which share of gets finds a value with the same memory? See Usage below.
//
// Each cell is one trace, replayed against one cache that starts empty. The simulated caches count
// as many bytes for an item as tagcached was measured to take; the servers count by their own
// setting of the limit. Two cells run at a time, because they share nothing and time is not
// measured.

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "profiling/peers/peer.h"
#include "profiling/traces/cache.h"
#include "profiling/traces/chart.h"
#include "profiling/traces/policy.h"
#include "profiling/traces/trace.h"

namespace tagcache::profiling {
namespace {

constexpr char kUsage[] =
    "usage: hitratio [--quick] [--simulate] [--memory=MIB] [--requests=N] [--seed=N]\n"
    "                [--tagcached=PATH] [--svg=PATH]\n"
    "  --simulate  eviction policies, simulated, and no server\n";

struct Arguments {
  bool quick = false;
  bool simulate = false;
  size_t memory = 0;
  size_t requests = 0;
  uint64_t seed = 1;
  std::string tagcached = "tagcached";
  std::string svg;
};

// A server as a Cache.
class PeerCache : public Cache {
 public:
  PeerCache(const Trace& trace, std::unique_ptr<Peer> peer)
      : trace_(trace), peer_(std::move(peer)), bytes_(16 * 1024, 'v') {}

  void Get(std::span<const Key> keys, std::vector<Key>* missed) override {
    Name(keys);
    found_.assign(keys.size(), false);
    peer_->Get(views_, &found_);
    for (size_t i = 0; i < keys.size(); ++i) {
      if (!found_[i]) missed->push_back(keys[i]);
    }
  }

  void Put(std::span<const Key> keys) override {
    Name(keys);
    items_.clear();
    for (size_t i = 0; i < keys.size(); ++i) {
      const auto value = std::string_view(bytes_).substr(0, trace_.value_size[keys[i]]);
      items_.push_back({.key = views_[i], .value = value});
    }
    // A refused item stays a miss: memcached refuses while a slab class has nothing to evict.
    peer_->Put(items_, std::chrono::seconds(0));
  }

 private:
  void Name(std::span<const Key> keys) {
    names_.resize(std::max(names_.size(), keys.size()));
    views_.clear();
    for (size_t i = 0; i < keys.size(); ++i) {
      char name[kKeyBytes + 1];
      std::snprintf(name, sizeof name, "item%012u", keys[i]);
      names_[i] = name;
      views_.push_back(names_[i]);
    }
  }

  const Trace& trace_;
  const std::unique_ptr<Peer> peer_;
  const std::string bytes_;
  std::vector<std::string> names_;
  std::vector<std::string_view> views_;
  std::vector<PeerItem> items_;
  std::vector<bool> found_;
};

struct Column {
  std::string name;
  std::function<std::unique_ptr<Cache>(const Trace&)> make;
};

using Table = std::vector<std::vector<std::optional<double>>>;  // by trace, then column

Table Run(const std::vector<Trace>& traces, const std::vector<Column>& columns) {
  Table table(traces.size(), std::vector<std::optional<double>>(columns.size()));
  const size_t cells = traces.size() * columns.size();
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t cell; (cell = next++) < cells;) {
      const size_t row = cell / columns.size(), column = cell % columns.size();
      const auto cache = columns[column].make(traces[row]);
      table[row][column] = Replay(traces[row], *cache);
    }
  };
  std::thread other(work);
  work();
  other.join();
  return table;
}

// Measures what tagcached takes for an item besides key and value, by filling one until it evicts.
size_t ItemOverhead(const std::string& tagcached, size_t memory) {
  auto peer = StartTagcached(tagcached, {.memory = memory});
  if (!peer) Fail("there is no " + tagcached);
  Trace sequence;
  sequence.universe = static_cast<Key>(memory / kValueBytes * 3 / 2);
  sequence.value_size.assign(sequence.universe, kValueBytes);
  for (Key key = 0; key < sequence.universe; ++key) sequence.requests.push_back(key);
  Peer& filled = *peer;
  PeerCache cache(sequence, std::move(peer));
  Replay(sequence, cache);
  const size_t items = filled.Items();
  if (items == sequence.universe) Fail("tagcached evicted nothing");
  const size_t each = memory / std::max<size_t>(items, 1);
  return each > kKeyBytes + kValueBytes ? each - kKeyBytes - kValueBytes : 0;
}

void PrintRow(const std::string& name, const std::vector<std::optional<double>>& row,
              const std::vector<Column>& columns, const std::string& note) {
  std::printf("%-24s", name.c_str());
  for (size_t i = 0; i < row.size(); ++i) {
    const int width = std::max<int>(7, static_cast<int>(columns[i].name.size()));
    std::printf("  %*.4f", width, row[i].value_or(0));
  }
  std::printf("  %s\n", note.c_str());
}

void PrintHead(const std::vector<Column>& columns) {
  std::printf("%-24s", "trace");
  for (const Column& column : columns) std::printf("  %7s", column.name.c_str());
  std::printf("\n");
}

int Simulate(const std::vector<Trace>& traces, const PolicyLimits& limits) {
  std::vector<Column> columns;
  for (const NamedPolicy& policy : CandidatePolicies()) {
    columns.push_back(
        {policy.name, [policy, limits](const Trace& trace) { return policy.make(trace, limits); }});
  }
  const Table table = Run(traces, columns);
  std::printf("%-24s", "policy");
  for (const Trace& trace : traces) std::printf("  %s", trace.name.c_str());
  std::printf("\n");
  for (size_t column = 0; column < columns.size(); ++column) {
    std::printf("%-24s", columns[column].name.c_str());
    for (size_t row = 0; row < traces.size(); ++row) {
      std::printf("  %*.4f", static_cast<int>(traces[row].name.size()), *table[row][column]);
    }
    std::printf("\n");
  }
  return 0;
}

// Returns which target the row misses, or nothing. Columns 0 and `ours` are LRU and tagcached.
std::string Judge(const std::vector<std::optional<double>>& row, size_t ours) {
  constexpr double kSame = 0.002;  // closer than this, two ratios are equal: the row is trivial
  double best = 0;
  for (const auto& ratio : row) best = std::max(best, ratio.value_or(0));
  std::string missed;
  if (*row[ours] < 0.99 * best) missed += "MISSED: within 1 % of the first";
  if (*row[ours] <= *row[0] && *row[0] - *row[ours] > kSame) {
    missed += missed.empty() ? "MISSED: ahead of LRU" : ", ahead of LRU";
  }
  return missed;
}

int Compare(const Arguments& arguments, const std::vector<Trace>& traces) {
  const size_t memory = arguments.memory;
  const PolicyLimits limits{
      .memory = memory, .item_overhead = ItemOverhead(arguments.tagcached, memory), .seed = 7};
  std::vector<Column> columns = {
      {"LRU", [=](const Trace& trace) { return MakeLru(trace, limits); }},
      {"random", [=](const Trace& trace) { return MakeRandom(trace, limits); }},
      {"tagcached",
       [=](const Trace& trace) {
         return std::make_unique<PeerCache>(
             trace, StartTagcached(arguments.tagcached, {.memory = memory}));
       }},
  };
  const size_t ours = 2;
  if (!FindProgram("redis-server").empty()) {
    for (const char* kind : {"lru", "lfu"}) {
      const std::string eviction = std::string("allkeys-") + kind;
      columns.push_back({std::string("redis ") + kind, [=](const Trace& trace) {
                           return std::make_unique<PeerCache>(
                               trace, StartRedis({.memory = memory, .eviction = eviction}));
                         }});
    }
  } else {
    std::printf("redis-server is not installed: skipped\n");
  }
  if (!FindProgram("memcached").empty()) {
    columns.push_back({"memcached", [=](const Trace& trace) {
                         return std::make_unique<PeerCache>(trace,
                                                            StartMemcached({.memory = memory}));
                       }});
  } else {
    std::printf("memcached is not installed: skipped\n");
  }

  std::printf(
      "%zu MiB: --memory-limit, maxmemory and -m; LRU and random are simulated with %zu bytes an\n"
      "item besides key and value, as tagcached was seen to take. %zu requests, the first half "
      "not\n"
      "counted. Target: tagcached within 1 %% of the first, and ahead of LRU where they differ by\n"
      "0.002.\n",
      memory >> 20, limits.item_overhead, arguments.requests);
  const Table table = Run(traces, columns);
  PrintHead(columns);
  Chart chart{.title = "Hit ratio at " + std::to_string(memory >> 20) + " MiB",
              .highlighted = ours,
              .values = table};
  for (const Column& column : columns) chart.series.push_back(column.name);
  bool met = true;
  for (size_t row = 0; row < traces.size(); ++row) {
    const std::string missed = Judge(table[row], ours);
    met &= missed.empty();
    PrintRow(traces[row].name, table[row], columns, missed.empty() ? "met" : missed);
    chart.groups.push_back(traces[row].name);
  }
  if (!arguments.svg.empty()) std::ofstream(arguments.svg) << DrawSvg(chart);
  return met ? 0 : 1;
}

// false: the command line is wrong.
bool Parse(int argc, char** argv, Arguments* arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::string value(word.substr(std::min(word.find('=') + 1, word.size())));
    if (word == "--quick") {
      arguments->quick = true;
    } else if (word == "--simulate") {
      arguments->simulate = true;
    } else if (word.starts_with("--memory=")) {
      arguments->memory = std::strtoull(value.c_str(), nullptr, 10) << 20;
    } else if (word.starts_with("--requests=")) {
      arguments->requests = std::strtoull(value.c_str(), nullptr, 10);
    } else if (word.starts_with("--seed=")) {
      arguments->seed = std::strtoull(value.c_str(), nullptr, 10);
    } else if (word.starts_with("--tagcached=")) {
      arguments->tagcached = value;
    } else if (word.starts_with("--svg=")) {
      arguments->svg = value;
    } else {
      return false;
    }
  }
  if (arguments->memory == 0) arguments->memory = (arguments->quick ? size_t{48} : 256) << 20;
  if (arguments->requests == 0) {
    // About thirteen memories, half of them warm-up.
    arguments->requests = arguments->memory / 84;
  }
  return true;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  if (!Parse(argc, argv, &arguments)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const std::vector<Trace> traces = MakeTraces(
      {.memory = arguments.memory, .requests = arguments.requests, .seed = arguments.seed});
  if (arguments.simulate) {
    return Simulate(traces, {.memory = arguments.memory, .item_overhead = kUsualOverhead});
  }
  return Compare(arguments, traces);
}

}  // namespace
}  // namespace tagcache::profiling

int main(int argc, char** argv) { return tagcache::profiling::Main(argc, argv); }
