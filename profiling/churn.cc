// Does the server keep its memory limit while the sizes of its values change all the time?
//
//   profiling_churn TAGCACHED [--seconds=N] [--limit=MIB] [--connections=N] [--preload=LIBRARY]
//
// Each connection writes, reads, appends, deletes and invalidates at random. Values have 16 bytes
// to 256 KiB. The middle of the mixture moves from one end to the other and back three times, so
// that memory of every size is freed and needed for every other one. Half of the entries expire,
// and most have tags.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "profiling/peers/server_process.h"
#include "tagcache/client.h"

namespace tagcache::profiling {
namespace {

constexpr size_t kMebibyte = 1024 * 1024;
// What docs/operations.md allows beyond the limit: a part of the limit, and a constant.
constexpr double kOfTheLimit = 1.10;
constexpr size_t kConstant = 16 * kMebibyte;
// The memory must also be full of entries, not of holes between them.
constexpr double kEntries = 0.70;

constexpr double kSmallest = 4, kLargest = 18;  // value sizes, as powers of two
constexpr double kSpread = 3;                   // around the middle of the mixture
constexpr size_t kBatchItems = 64;
constexpr size_t kBatchBytes = 512 * 1024;
constexpr uint64_t kKeys = 4'000'000;
constexpr uint64_t kTags = 500;

using Clock = std::chrono::steady_clock;

struct Arguments {
  std::string tagcached;
  std::string preload;
  size_t seconds = 180;
  size_t limit = 256;  // MiB
  size_t connections = 4;
};

struct Sums {
  std::atomic<uint64_t> calls{0};
  std::atomic<uint64_t> written{0};
  std::atomic<uint64_t> bytes{0};
  std::atomic<uint64_t> refused{0};
};

template <typename T>
T Expect(Result<T> result) {
  if (!result.ok()) Fail("tagcached: " + result.status().message());
  return std::move(result).value();
}

std::unique_ptr<Client> Connect(const ServerProcess& server) {
  Options options;
  options.servers = {"unix://" + server.socket_path()};
  options.timeout = std::chrono::seconds(60);
  options.pool_max = 1;
  return std::move(Client::Create(options).value());
}

uint64_t Statistic(Client& client, std::string_view wanted) {
  for (const auto& [name, value] : Expect(client.Stats())) {
    if (name == wanted) return std::stoull(value);
  }
  Fail("tagcached: STATS has no " + std::string(wanted));
}

class Mean {
 public:
  void Add(double value) {
    sum_ += value;
    ++count_;
  }
  double value() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

 private:
  double sum_ = 0;
  size_t count_ = 0;
};

// One connection's work.
class Churner {
 public:
  Churner(const ServerProcess& server, uint64_t seed, Sums* sums)
      : client_(Connect(server)), random_(seed), sums_(sums), bytes_(size_t{1} << 18, 'v') {
    for (uint64_t i = 0; i < kTags; ++i) tag_names_.push_back("tag:" + std::to_string(i));
  }

  // `middle` of the mixture, as a power of two.
  void RunOne(double middle) {
    const double kind = Unit();
    if (kind < 0.60) {
      Put(middle);
    } else if (kind < 0.85) {
      Name(1 + Below(kBatchItems));
      Expect(client_->MultiGet(keys_));
    } else if (kind < 0.93) {
      Name(1 + Below(8));
      Expect(client_->MultiDelete(keys_));
    } else if (kind < 0.999) {
      Name(1);
      const auto more = std::string_view(bytes_).substr(0, 16 + Below(1024));
      if (!client_->Append(keys_[0], more).ok()) ++sums_->refused;
    } else {
      Expect(client_->InvalidateTag(tag_names_[Below(kTags)]));
    }
    ++sums_->calls;
  }

 private:
  double Unit() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  uint64_t Below(uint64_t bound) { return random_() % bound; }

  // A random key; a few keys are chosen often.
  void Name(size_t count) {
    names_.clear();
    keys_.clear();
    for (size_t i = 0; i < count; ++i) {
      const auto key = static_cast<uint64_t>(std::pow(Unit(), 3) * static_cast<double>(kKeys));
      names_.push_back("item" + std::to_string(1'000'000'000 + key));
    }
    for (const std::string& name : names_) keys_.push_back(name);
  }

  void Put(double middle) {
    Name(kBatchItems);
    tags_.clear();
    for (size_t i = 0; i < 3 * kBatchItems; ++i) tags_.push_back(tag_names_[Below(kTags)]);
    items_.clear();
    size_t bytes = 0;
    for (size_t i = 0; i < kBatchItems && bytes < kBatchBytes; ++i) {
      const double power = middle + kSpread * (2 * Unit() - 1);
      const auto size = static_cast<size_t>(std::exp2(std::clamp(power, kSmallest, kLargest)));
      bytes += size;
      const auto ttl = std::chrono::milliseconds(Below(2) == 0 ? 0 : 1000 + Below(30'000));
      items_.push_back(
          {.key = keys_[i],
           .value = {.bytes = std::string_view(bytes_).substr(0, size)},
           .options = {.ttl = ttl, .tags = std::span(tags_).subspan(3 * i, Below(4))}});
    }
    const PutReport report = Expect(client_->MultiPut(items_));
    sums_->written += report.stored;
    sums_->refused += report.refused.size();
    sums_->bytes += bytes;
  }

  const std::unique_ptr<Client> client_;
  std::mt19937_64 random_;
  Sums* const sums_;
  const std::string bytes_;
  std::vector<std::string> tag_names_;
  std::vector<std::string> names_;
  std::vector<std::string_view> keys_, tags_;
  std::vector<PutItem> items_;
};

std::string Mebibytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MiB", bytes / static_cast<double>(kMebibyte));
  return text;
}

void PrintRow(const std::string& what, const std::string& value, const std::string& note = "") {
  std::printf("%-34s %14s  %s\n", what.c_str(), value.c_str(), note.c_str());
}

// Moves from one end of the sizes to the other and back, three times.
double MiddleAt(double part) {
  const double phase = std::fmod(part * 3, 1.0);
  const double up = phase < 0.5 ? 2 * phase : 2 - 2 * phase;
  return kSmallest + 1 + up * (kLargest - kSmallest - 2);
}

int Churn(const Arguments& arguments) {
  std::vector<std::string> command;
  if (!arguments.preload.empty()) {
    command = {FindProgram("env"), "LD_PRELOAD=" + arguments.preload};
  }
  const size_t limit = arguments.limit * kMebibyte;
  command.insert(command.end(),
                 {FindProgram(arguments.tagcached), "--port=0", "--unix-socket={socket}",
                  "--memory-limit=" + std::to_string(limit)});
  const ServerProcess server(std::move(command));
  const size_t at_start = server.ResidentBytes();

  Sums sums;
  const auto begin = Clock::now();
  const std::chrono::duration<double> length(static_cast<double>(arguments.seconds));
  const auto part = [&] { return (Clock::now() - begin) / length; };
  std::vector<std::thread> threads;
  for (size_t i = 0; i < arguments.connections; ++i) {
    threads.emplace_back([&, i] {
      Churner churner(server, i + 1, &sums);
      for (double at; (at = part()) < 1;) churner.RunOne(MiddleAt(at));
    });
  }
  // The first half of the first swing fills the memory and is left out.
  Mean resident, stored;
  double fewest = 1e18;
  const auto observer = Connect(server);
  for (double at; (at = part()) < 1;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (at < 1.0 / 6) continue;
    resident.Add(static_cast<double>(server.ResidentBytes()));
    const auto memory = static_cast<double>(Statistic(*observer, "memory"));
    stored.Add(memory);
    fewest = std::min(fewest, memory);
  }
  for (std::thread& thread : threads) thread.join();

  const size_t highest = server.HighestResidentBytes();
  const double allowed = kOfTheLimit * static_cast<double>(limit) + double{kConstant};
  const bool kept = static_cast<double>(highest) <= allowed;
  const bool took_all = sums.refused == 0;
  PrintRow("memory limit", Mebibytes(static_cast<double>(limit)));
  PrintRow("resident at the start", Mebibytes(static_cast<double>(at_start)));
  PrintRow("resident, mean once filled", Mebibytes(resident.value()));
  const double least = kEntries * static_cast<double>(limit);
  const bool full = stored.value() >= least;
  PrintRow("entries, mean once filled", Mebibytes(stored.value()),
           "at least 0.70 of the limit = " + Mebibytes(least) + (full ? ": met" : ": MISSED"));
  PrintRow("entries, fewest once filled", Mebibytes(fewest));
  PrintRow("resident, highest", Mebibytes(static_cast<double>(highest)),
           "at most 1.10 of the limit and " + Mebibytes(double{kConstant}) + " = " +
               Mebibytes(allowed) + (kept ? ": met" : ": MISSED"));
  PrintRow("requests refused", std::to_string(sums.refused),
           std::string("at most 0") + (took_all ? ": met" : ": MISSED"));
  PrintRow("calls", std::to_string(sums.calls));
  PrintRow("entries written", std::to_string(sums.written),
           Mebibytes(static_cast<double>(sums.bytes)) + " of values");
  for (const char* name : {"items", "tags", "evicted", "expired", "reclaimed"}) {
    PrintRow(name, std::to_string(Statistic(*observer, name)));
  }
  return kept && took_all && full ? 0 : 1;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string value = word.substr(std::min(word.find('=') + 1, word.size()));
    if (word.starts_with("--seconds=")) {
      arguments.seconds = std::strtoull(value.c_str(), nullptr, 10);
    } else if (word.starts_with("--limit=")) {
      arguments.limit = std::strtoull(value.c_str(), nullptr, 10);
    } else if (word.starts_with("--connections=")) {
      arguments.connections = std::strtoull(value.c_str(), nullptr, 10);
    } else if (word.starts_with("--preload=")) {
      arguments.preload = value;
    } else if (arguments.tagcached.empty() && !word.starts_with("--")) {
      arguments.tagcached = word;
    } else {
      arguments.tagcached.clear();
      break;
    }
  }
  if (FindProgram(arguments.tagcached).empty() || arguments.seconds == 0) {
    std::fputs(
        "usage: profiling_churn TAGCACHED [--seconds=N] [--limit=MIB] [--connections=N]\n"
        "                       [--preload=LIBRARY]\n",
        stderr);
    return 2;
  }
  return Churn(arguments);
}

}  // namespace
}  // namespace tagcache::profiling

int main(int argc, char** argv) { return tagcache::profiling::Main(argc, argv); }
