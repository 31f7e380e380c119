// How many requests a second does a server answer, under a generator that costs the same for all?
// Usage: profiling_server_load TAGCACHED ROUNDS SECONDS IDLE_CONNECTIONS pinned|shared
//
// One generator (fleet.h) loads all three over TCP. The servers run at the same time and take
// turns; the ratio is the median over the rounds. Keys have 16 bytes, values 100, and all requests
// are hits.
//   pinned  the servers on the first half of the cores, the generator on the rest
//   shared  everything on all cores
// Servers get as many threads as they have cores (Redis has one).

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "profiling/load/dialect.h"
#include "profiling/load/fleet.h"
#include "profiling/peers/server_process.h"

namespace tagcache::profiling {
namespace {

constexpr size_t kKeys = 100'000;
constexpr size_t kMostConnections = 15'000;

struct Plan {
  std::string tagcached;
  size_t rounds = 0;
  std::chrono::nanoseconds time{0};  // of a server in a round
  size_t idle = 0;                   // connections
  std::vector<int> server_cores;
  std::vector<int> load_cores;
};

struct Row {
  size_t connections;
  Shape shape;
  size_t keys;    // of an exchange
  double target;  // ratio to each peer; 0: none
};

constexpr Row kRows[] = {
    {50, Shape::kPipelined, 1, 1.0},   {1000, Shape::kPipelined, 1, 0},
    {50, Shape::kPipelined, 100, 2.0}, {1000, Shape::kPipelined, 100, 2.0},
    {50, Shape::kBulk, 100, 2.0},      {1000, Shape::kBulk, 100, 2.0},
};

struct Server {
  std::string name;
  const Dialect* dialect;
  std::unique_ptr<ServerProcess> process;
};

std::string CoreList(const std::vector<int>& cores) {
  std::string list;
  for (const int core : cores) list += (list.empty() ? "" : ",") + std::to_string(core);
  return list;
}

std::vector<int> AllowedCores() {
  cpu_set_t set;
  sched_getaffinity(0, sizeof set, &set);
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (size_t i = 0; i < kKeys; ++i) {
    char key[17];
    std::snprintf(key, sizeof key, "item%012zu", i);
    names.push_back(key);
  }
  return names;
}

class Contest {
 public:
  explicit Contest(Plan plan) : plan_(std::move(plan)), names_(Names()) {
    Start("tagcached", kTagcached,
          {plan_.tagcached, "--port={port}", "--max-connections=" + std::to_string(Most()),
           "--workers=" + std::to_string(plan_.server_cores.size())});
    Start("redis-server", kRedis,
          {"redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--dir", "{dir}", "--save",
           "", "--appendonly", "no", "--maxclients", std::to_string(Most())});
    std::vector<std::string> memcached = {"memcached",
                                          "-l",
                                          "127.0.0.1",
                                          "-p",
                                          "{port}",
                                          "-U",
                                          "0",
                                          "-m",
                                          "1024",
                                          "-c",
                                          std::to_string(Most()),
                                          "-t",
                                          std::to_string(plan_.server_cores.size())};
    if (geteuid() == 0) memcached.insert(memcached.end(), {"-u", "root"});
    Start("memcached", kMemcached, std::move(memcached));
    if (servers_.empty() || servers_[0].name != "tagcached") Fail("there is no " + plan_.tagcached);
  }

  // false: a target is missed.
  bool Run() {
    std::printf("servers on cores %s, generator on cores %s; us: CPU time a key\n\n",
                CoreList(plan_.server_cores).c_str(), CoreList(plan_.load_cores).c_str());
    std::printf("%5s  %-13s  %-12s  %11s  %9s  %9s  %5s  %5s  %s\n", "conns", "keys", "server",
                "keys/s", "server us", "load us", "busy", "load", "");
    bool met = true;
    for (const Row& row : kRows) met &= Measure(row);
    if (plan_.idle > 0) MeasureIdle();
    return met;
  }

 private:
  static size_t Most() { return kMostConnections; }

  void Start(const char* name, const Dialect& dialect, std::vector<std::string> command) {
    command[0] = FindProgram(command[0]);
    if (command[0].empty()) {
      std::printf("%s is not installed: skipped\n", name);
      return;
    }
    const std::string taskset = FindProgram("taskset");
    if (taskset.empty()) Fail("taskset is not installed (Debian: util-linux)");
    const std::vector<std::string> pin = {taskset, "-c", CoreList(plan_.server_cores)};
    command.insert(command.begin(), pin.begin(), pin.end());
    servers_.push_back({name, &dialect, std::make_unique<ServerProcess>(std::move(command))});
    Store(servers_.back());
  }

  void Store(const Server& server) {
    const int fd = server.process->Connect();
    constexpr size_t kChunk = 100;
    for (size_t at = 0; at < names_.size(); at += kChunk) {
      Exchange chunk;
      for (size_t i = at; i < at + kChunk; ++i)
        chunk.Append(server.dialect->set(names_[i], value_));
      Ask(fd, {&chunk, 1});
    }
    close(fd);
  }

  // Uses keys from all over the server's table, so that their memory is not always in the CPU's
  // cache.
  std::vector<Exchange> MakeExchanges(const Server& server, const Row& row) const {
    const size_t count = std::max<size_t>(10'000 / row.keys, 100);
    std::vector<Exchange> exchanges;
    size_t at = 0;
    for (size_t i = 0; i < count; ++i) {
      std::vector<std::string_view> keys;
      for (size_t k = 0; k < row.keys; ++k) keys.push_back(names_[(at += 7919) % kKeys]);
      exchanges.push_back(server.dialect->gets(keys, value_, row.shape));
    }
    return exchanges;
  }

  bool Measure(const Row& row) {
    std::vector<std::vector<Exchange>> exchanges;
    std::vector<std::unique_ptr<Fleet>> fleets;
    for (const Server& server : servers_) exchanges.push_back(MakeExchanges(server, row));
    for (size_t i = 0; i < servers_.size(); ++i) {
      fleets.push_back(
          std::make_unique<Fleet>(*servers_[i].process, row.connections, exchanges[i]));
    }
    std::vector<std::vector<Throughput>> rounds(servers_.size());
    for (size_t round = 0; round < plan_.rounds + 1; ++round) {
      for (size_t i = 0; i < servers_.size(); ++i) {
        const Throughput taken = fleets[i]->Run(plan_.time, plan_.load_cores);
        if (round > 0) rounds[i].push_back(taken);  // the first one warms up
      }
    }
    bool met = true;
    for (size_t i = servers_.size(); i-- > 0;) met &= PrintRow(row, i, rounds);
    std::printf("\n");
    std::fflush(stdout);
    return met;
  }

  static double Median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  }
  template <typename Of>
  static double MedianOf(const std::vector<Throughput>& rounds, Of of) {
    std::vector<double> values;
    for (const Throughput& each : rounds) values.push_back(of(each));
    return Median(std::move(values));
  }
  static double Seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
  }
  static double Rate(const Throughput& round) {
    return static_cast<double>(round.exchanges) / Seconds(round.wall);
  }

  // The peers' rows show how tagcached compares with them. false: a target is missed.
  bool PrintRow(const Row& row, size_t server, const std::vector<std::vector<Throughput>>& rounds) {
    const std::vector<Throughput>& taken = rounds[server];
    const auto keys = static_cast<double>(row.keys);
    const auto a_key = [&](std::chrono::nanoseconds time, const Throughput& each) {
      return Seconds(time) * 1e6 / (static_cast<double>(each.exchanges) * keys);
    };
    const auto busy = [](std::chrono::nanoseconds time, const Throughput& each, size_t cores) {
      return 100 * Seconds(time) / (Seconds(each.wall) * static_cast<double>(cores));
    };
    char what[32];
    std::snprintf(what, sizeof what, row.keys == 1 ? "one" : "%zu %s", row.keys,
                  row.shape == Shape::kBulk ? "in one get" : "pipelined");
    std::printf("%5zu  %-13s  %-12s  %11.0f  %9.2f  %9.2f  %4.0f%%  %4.0f%%  ", row.connections,
                what, servers_[server].name.c_str(), keys * MedianOf(taken, Rate),
                MedianOf(taken, [&](const Throughput& t) { return a_key(t.server_cpu, t); }),
                MedianOf(taken, [&](const Throughput& t) { return a_key(t.load_cpu, t); }),
                MedianOf(taken,
                         [&](const Throughput& t) {
                           return busy(t.server_cpu, t, plan_.server_cores.size());
                         }),
                MedianOf(taken, [&](const Throughput& t) {
                  return busy(t.load_cpu, t, plan_.load_cores.size());
                }));
    bool met = true;
    if (server > 0) {
      std::vector<double> ratios;
      for (size_t i = 0; i < taken.size(); ++i)
        ratios.push_back(Rate(rounds[0][i]) / Rate(taken[i]));
      const double ratio = Median(std::move(ratios));
      met = ratio >= row.target;
      std::printf("tagcached is %.2f of it", ratio);
      if (row.target > 0) {
        std::printf(", target %.1f: %s", row.target, met ? "met" : "MISSED");
      }
    }
    std::printf("\n");
    return met;
  }

  // What idle connections cost: the memory of each, and the throughput of the busy ones.
  void MeasureIdle() {
    const Row row{50, Shape::kPipelined, 1, 0};
    std::printf("%-12s  %28s  %26s\n", "server",
                ("bytes for each of " + std::to_string(plan_.idle) + " idle").c_str(),
                "throughput beside them");
    for (const Server& server : servers_) {
      const std::vector<Exchange> exchanges = MakeExchanges(server, row);
      Fleet active(*server.process, row.connections, exchanges);
      active.Run(plan_.time, plan_.load_cores);
      const size_t before = server.process->ResidentBytes();
      std::vector<double> alone, beside;
      for (size_t round = 0; round < plan_.rounds; ++round) {
        alone.push_back(Rate(active.Run(plan_.time, plan_.load_cores)));
      }
      // Each of them sends one request, so that the server has made what it needs for it.
      const Fleet idle(*server.process, plan_.idle, exchanges);
      const size_t after = server.process->ResidentBytes();
      for (size_t round = 0; round < plan_.rounds; ++round) {
        beside.push_back(Rate(active.Run(plan_.time, plan_.load_cores)));
      }
      const double each = (static_cast<double>(after) - static_cast<double>(before)) /
                          static_cast<double>(plan_.idle);
      std::printf("%-12s  %28.0f  %17.0f%% of alone\n", server.name.c_str(), each,
                  100 * Median(std::move(beside)) / Median(std::move(alone)));
      std::fflush(stdout);
    }
  }

  const Plan plan_;
  const std::vector<std::string> names_;
  const std::string value_ = std::string(100, 'v');
  std::vector<Server> servers_;  // tagcached first
};

// The servers inherit this limit. The generator has a fleet for each of them.
void RaiseDescriptorLimit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t wanted = kMostConnections + 1000;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  limit.rlim_max = std::max(limit.rlim_max, wanted);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    Fail("ulimit -n must allow " + std::to_string(wanted) + " files");
  }
}

}  // namespace
}  // namespace tagcache::profiling

int main(int argc, char** argv) {
  using namespace tagcache::profiling;
  if (argc != 6) {
    std::fprintf(stderr, "usage: %s TAGCACHED ROUNDS SECONDS IDLE_CONNECTIONS pinned|shared\n",
                 argv[0]);
    return 2;
  }
  Plan plan;
  plan.tagcached = argv[1];
  plan.rounds = std::strtoull(argv[2], nullptr, 10);
  plan.time = std::chrono::nanoseconds(static_cast<int64_t>(std::strtod(argv[3], nullptr) * 1e9));
  plan.idle = std::strtoull(argv[4], nullptr, 10);
  plan.server_cores = plan.load_cores = AllowedCores();
  if (std::string_view(argv[5]) == "pinned" && plan.load_cores.size() > 1) {
    const size_t half = plan.load_cores.size() / 2;
    plan.server_cores.resize(half);
    plan.load_cores.erase(plan.load_cores.begin(),
                          plan.load_cores.begin() + static_cast<std::ptrdiff_t>(half));
  }
  RaiseDescriptorLimit();
  return Contest(std::move(plan)).Run() ? 0 : 1;
}
