// What do the store's calls cost by themselves, without a socket?
//
// Each is compared with the simplest thing that could do it: a hash map behind one mutex. The table
// is far larger than the last-level cache, and keys come in random order, so most lookups wait for
// memory. MultiGet overlaps these waits. Options besides those of Google Benchmark:
//   --items=N       entries in the table (1 million)
//   --operations=N  run each benchmark exactly N times, to count instructions
//   --quick         single runs of few operations
// Exits 1 where the target of MultiGet is missed.

#include <absl/container/flat_hash_map.h>
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/store/store.h"

namespace tagcache::server {
namespace {

constexpr TimeMs kNow = 1000;
constexpr uint64_t kTtlMs = 3600 * 1000;
constexpr size_t kBatch = 100;
constexpr double kMultiGetTarget = 2.5;

struct Arguments {
  uint64_t items = 1'000'000;
  int64_t operations = 0;
  bool quick = false;
} arguments;

const std::string kValue(100, 'v');

// A key is made where it is needed: an array of keys would cost cache misses of its own.
class Key {
 public:
  explicit Key(uint64_t number) {
    std::memcpy(bytes_.data(), &number, sizeof number);
    std::memcpy(bytes_.data() + sizeof number, "-the-key", 8);
  }
  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::array<char, 16> bytes_;
};

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  uint64_t Below(uint64_t bound) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ % bound;
  }

 private:
  uint64_t state_;
};

class Ours {
 public:
  static constexpr const char* kName = "store";

  // Returns a byte of the value: it reads the value and does not copy it.
  int Get(std::string_view key) {
    const EntryRef entry = store_.Get(key, kNow);
    return entry ? entry.value()[0] : 0;
  }
  int MultiGet(std::span<const std::string_view> keys) {
    std::array<EntryRef, kBatch> entries;
    store_.MultiGet(keys, kNow, std::span(entries).first(keys.size()));
    int sum = 0;
    for (const EntryRef& entry : entries) sum += entry ? entry.value()[0] : 0;
    return sum;
  }
  void Put(std::string_view key, std::span<const std::string_view> tags = {}) {
    const Write write{.key = key, .value = kValue, .ttl_ms = kTtlMs, .tags = tags};
    benchmark::DoNotOptimize(store_.Put(write, WriteMode::kPut, kNow));
  }
  uint64_t Invalidate(std::string_view tag) {
    return store_.InvalidateTags(std::span(&tag, 1), TagMatch::kAny, kNow);
  }
  void RunMaintenance() {
    constexpr size_t kBudget = 100'000;
    while (store_.RunMaintenance(kBudget, kNow) >= kBudget) {
    }
  }

 private:
  Store store_{StoreOptions{.seed = 1}};
};

class Floor {
 public:
  static constexpr const char* kName = "map";

  int Get(std::string_view key) {
    const std::scoped_lock lock(mutex_);
    return Find(key);
  }
  int MultiGet(std::span<const std::string_view> keys) {
    const std::scoped_lock lock(mutex_);
    int sum = 0;
    for (std::string_view key : keys) sum += Find(key);
    return sum;
  }
  void Put(std::string_view key, std::span<const std::string_view> tags = {}) {
    const std::scoped_lock lock(mutex_);
    values_.insert_or_assign(std::string(key), kValue);
    for (std::string_view tag : tags) keys_of_tag_[std::string(tag)].emplace_back(key);
  }
  uint64_t Invalidate(std::string_view tag) {
    const std::scoped_lock lock(mutex_);
    uint64_t removed = 0;
    for (const std::string& key : keys_of_tag_[std::string(tag)]) removed += values_.erase(key);
    keys_of_tag_.erase(tag);
    return removed;
  }
  void RunMaintenance() {}

 private:
  int Find(std::string_view key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? 0 : found->second[0];
  }

  // Debian's absl::string_view is not std's, so the hash and equality are.
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view bytes) const { return std::hash<std::string_view>()(bytes); }
  };
  template <typename Value>
  using Map = absl::flat_hash_map<std::string, Value, Hash, std::equal_to<>>;

  std::mutex mutex_;
  Map<std::string> values_;
  Map<std::vector<std::string>> keys_of_tag_;
};

// The table that most benchmarks read. The first one makes it, and the rest share it.
template <typename Table>
Table& Filled() {
  static Table* const table = [] {
    auto* made = new Table;
    for (uint64_t i = 0; i < arguments.items; ++i) made->Put(Key(i).view());
    return made;
  }();
  return *table;
}

template <typename Table>
void GetHit(benchmark::State& state) {
  Table& table = Filled<Table>();
  Random random(state.thread_index() + 1);
  int sum = 0;
  for (auto _ : state) sum += table.Get(Key(random.Below(arguments.items)).view());
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
}

// Entries of one size, either with eight tags or with a value that is longer by as many bytes. The
// difference is what tags cost a hit.
template <size_t kTags>
void GetHitOfTags(benchmark::State& state) {
  static Store* const store = [] {
    auto* made = new Store({.seed = 1});
    constexpr size_t kLink = 16;  // bytes of an entry for a tag of it
    constexpr std::array<std::string_view, 8> names = {"a", "b", "c", "d", "e", "f", "g", "h"};
    const std::string value(100 + (names.size() - kTags) * kLink, 'v');
    for (uint64_t i = 0; i < arguments.items; ++i) {
      const Key key(i);
      made->Put({.key = key.view(), .value = value, .tags = std::span(names).first(kTags)},
                WriteMode::kPut, kNow);
    }
    return made;
  }();
  Random random(state.thread_index() + 1);
  int sum = 0;
  for (auto _ : state) {
    const EntryRef entry = store->Get(Key(random.Below(arguments.items)).view(), kNow);
    sum += entry ? entry.value()[0] : 0;
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
}

template <typename Table>
void GetMiss(benchmark::State& state) {
  Table& table = Filled<Table>();
  Random random(state.thread_index() + 1);
  int sum = 0;
  for (auto _ : state) sum += table.Get(Key(random.Below(arguments.items) | 1ull << 40).view());
  if (sum != 0) state.SkipWithError("a key was there that nobody had put");
  state.SetItemsProcessed(state.iterations());
}

template <typename Table>
void Gets100(benchmark::State& state) {
  Table& table = Filled<Table>();
  Random random(state.thread_index() + 1);
  int sum = 0;
  for (auto _ : state) {
    for (size_t i = 0; i < kBatch; ++i) {
      sum += table.Get(Key(random.Below(arguments.items)).view());
    }
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * kBatch);
}

template <typename Table>
void MultiGet100(benchmark::State& state) {
  Table& table = Filled<Table>();
  Random random(state.thread_index() + 1);
  int sum = 0;
  std::vector<Key> keys(kBatch, Key(0));
  std::vector<std::string_view> views;
  for (const Key& key : keys) views.push_back(key.view());
  for (auto _ : state) {
    for (Key& key : keys) key = Key(random.Below(arguments.items));
    sum += table.MultiGet(views);
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * kBatch);
}

template <typename Table>
void PutOverwrite(benchmark::State& state) {
  Table& table = Filled<Table>();
  Random random(state.thread_index() + 1);
  for (auto _ : state) table.Put(Key(random.Below(arguments.items)).view());
  state.SetItemsProcessed(state.iterations());
}

template <typename Table>
void PutNew(benchmark::State& state) {
  static std::unique_ptr<Table> table;
  if (state.thread_index() == 0) table = std::make_unique<Table>();
  // All threads wait for each other at the first iteration and after the last.
  uint64_t next = static_cast<uint64_t>(state.thread_index()) << 40;
  for (auto _ : state) table->Put(Key(next++).view());
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) table.reset();
}

// Times the answer only. The work that remains is done before the next call, untimed.
template <typename Table>
void Invalidate(benchmark::State& state) {
  const auto keys = static_cast<uint64_t>(state.range(0));
  const std::string_view tag = "the tag";
  Table table;
  for (auto _ : state) {
    for (uint64_t i = 0; i < keys; ++i) table.Put(Key(i).view(), std::span(&tag, 1));
    const auto from = std::chrono::steady_clock::now();
    const uint64_t removed = table.Invalidate(tag);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - from;
    if (removed != keys) state.SkipWithError("not as many were removed as had been put");
    state.SetIterationTime(took.count());
    table.RunMaintenance();
  }
}

void Register(const std::string& name, void (*function)(benchmark::State&)) {
  for (int threads : {1, 4}) {
    auto* made = benchmark::RegisterBenchmark(name.c_str(), function)->Threads(threads);
    made->UseRealTime();
    if (arguments.operations > 0) {
      made->Iterations(arguments.operations);
    } else if (name.starts_with("PutNew")) {
      // Every entry stays, so there are as many as fit into memory.
      made->Iterations(static_cast<int64_t>(arguments.items) / threads);
    }
  }
}

template <typename Table>
void RegisterInvalidate(int64_t keys) {
  auto* made = benchmark::RegisterBenchmark((std::string("Invalidate/") + Table::kName).c_str(),
                                            Invalidate<Table>);
  const int64_t spare = arguments.quick ? 100'000 : 3'000'000;
  made->Arg(keys)->UseManualTime()->Iterations(
      arguments.operations > 0 ? arguments.operations : std::clamp<int64_t>(spare / keys, 1, 1000));
}

void RegisterAll() {
  const auto both = [](const std::string& name, auto ours, auto floor) {
    Register(name + "/" + Ours::kName, ours);
    Register(name + "/" + Floor::kName, floor);
  };
  both("GetHit", GetHit<Ours>, GetHit<Floor>);
  Register("GetHitUntagged/store", GetHitOfTags<0>);
  Register("GetHit8Tags/store", GetHitOfTags<8>);
  both("GetMiss", GetMiss<Ours>, GetMiss<Floor>);
  both("Gets100", Gets100<Ours>, Gets100<Floor>);
  both("MultiGet100", MultiGet100<Ours>, MultiGet100<Floor>);
  both("PutOverwrite", PutOverwrite<Ours>, PutOverwrite<Floor>);
  both("PutNew", PutNew<Ours>, PutNew<Floor>);
  for (int64_t keys : {1, 1000, 100'000, 1'000'000}) {
    RegisterInvalidate<Ours>(keys);
    RegisterInvalidate<Floor>(keys);
  }
}

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// How many times as fast a key is in a MultiGet of 100 as in 100 Gets. Rounds alternate, so that
// another program's use of the CPU caches meets both. The result is the median of their ratios.
double MultiGetGain() {
  Ours& store = Filled<Ours>();
  Random random(7);
  constexpr int kRounds = 21;
  const int calls = arguments.quick ? 200 : 1000;
  std::vector<Key> keys(kBatch, Key(0));
  std::vector<std::string_view> views;
  for (const Key& key : keys) views.push_back(key.view());
  const auto seconds = [&](const auto& call) {
    double sum = 0;
    for (int i = 0; i < calls; ++i) {
      for (Key& key : keys) key = Key(random.Below(arguments.items));
      const double from = CpuSeconds();
      call();
      sum += CpuSeconds() - from;
    }
    return sum;
  };
  int sum = 0;
  std::vector<double> ratios;
  for (int round = 0; round < kRounds; ++round) {
    const double singles = seconds([&] {
      for (std::string_view key : views) sum += store.Get(key);
    });
    const double batches = seconds([&] { sum += store.MultiGet(views); });
    ratios.push_back(singles / batches);
  }
  benchmark::DoNotOptimize(sum);
  std::sort(ratios.begin(), ratios.end());
  return ratios[kRounds / 2];
}

// Prints as the default reporter does, and remembers whether a benchmark failed.
class Keeper : public benchmark::ConsoleReporter {
 public:
  using ConsoleReporter::ConsoleReporter;
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) failed_ |= run.error_occurred;
  }
  bool failed() const { return failed_; }

 private:
  bool failed_ = false;
};

bool Parse(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::string_view value = word.substr(std::min(word.find('=') + 1, word.size()));
    if (word == "--quick") {
      arguments.quick = true;
    } else if (word.starts_with("--items=")) {
      std::from_chars(value.data(), value.data() + value.size(), arguments.items);
    } else if (word.starts_with("--operations=")) {
      std::from_chars(value.data(), value.data() + value.size(), arguments.operations);
    } else {
      std::fprintf(stderr, "%s is not understood\n", argv[i]);
      return false;
    }
  }
  return arguments.items > 0;
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);  // takes its own flags out
  if (!Parse(argc, argv)) return 2;
  RegisterAll();
  Keeper keeper(isatty(STDOUT_FILENO) ? Keeper::OO_Color : Keeper::OO_None);
  benchmark::RunSpecifiedBenchmarks(&keeper);
  if (keeper.failed()) return 2;
  if (arguments.operations > 0) return 0;
  const double gain = MultiGetGain();
  const bool met = gain >= kMultiGetTarget;
  std::printf("\nMultiGet of %zu against %zu Gets: %.2f times as fast a key, target %.1f: %s\n",
              kBatch, kBatch, gain, kMultiGetTarget, met ? "met" : "MISSED");
  return met ? 0 : 1;
}

}  // namespace
}  // namespace tagcache::server

int main(int argc, char** argv) { return tagcache::server::Main(argc, argv); }
