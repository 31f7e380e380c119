// Every scenario, with 1, 2 and 4 workers, judged by bystanders over TCP, the Unix socket and
// shared memory at once.
//
//   at rest ──> attack, judged ──> attackers gone ──> attack again, SIGTERM
//     |            |                   |                    |
//   latencies,   latencies, answers, everything as        it stops in time
//   memory       memory, log         at rest again
//
// TAGCACHE_HOSTILE_SECONDS: how long each attack is judged (default 0.5).
// TAGCACHE_HOSTILE_ALLOWED_MS: what a bystander's 99th percentile may be in any case (default 5).
// TAGCACHE_HOSTILE_MIXTURES: how many mixtures of attacks follow (default none), from
// TAGCACHE_HOSTILE_SEED on (default 1).
// TAGCACHE_HOSTILE_TABLE: a file to which a line of figures is added for each run.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <thread>

#include "tests/hostile/bystander.h"
#include "tests/hostile/observation.h"
#include "tests/hostile/scenario.h"

namespace tagcache::testing {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr size_t kMebi = 1024 * 1024;
constexpr milliseconds kShutdown{300};
constexpr milliseconds kRest{200};
// Of a bystander's 99th percentile (TAGCACHE_HOSTILE_ALLOWED_MS),
constexpr double kAllowedMs = 5;
constexpr double kAllowedTimes = 3;   // or so many times what it is at rest
constexpr int kEntriesBefore = 2000;  // that nobody may lose
constexpr size_t kLogLinesASecond = 10;
// The attackers are on other machines, were this not a test: they get what the server and its
// well-behaved clients leave.
constexpr int kAttackerNice = 10;

// Sanitizers change times and memory. Everything else is judged in their builds, too: answers,
// errors, the log, what the sanitizer itself finds.
#ifdef TAGCACHE_SANITIZED
constexpr bool kJudgesTimeAndMemory = false;
constexpr size_t kLimitTimes = 8;  // memory_limit is this many times the scenario's
constexpr milliseconds kStopTime = kShutdown + milliseconds(30'000);
#else
constexpr bool kJudgesTimeAndMemory = true;
constexpr size_t kLimitTimes = 1;
constexpr milliseconds kStopTime = kShutdown + milliseconds(1000);
#endif

double Setting(const char* name, double otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atof(text) : otherwise;
}

milliseconds AttackTime() {
  return milliseconds(static_cast<int>(1000 * Setting("TAGCACHE_HOSTILE_SECONDS", 0.5)));
}

struct Run {
  std::string name;
  Scenario scenario;
  int workers;
};

void PrintTo(const Run& run, std::ostream* out) { *out << run.name; }

std::vector<Run> AllRuns() {
  std::vector<Run> runs;
  const auto add = [&](std::string name, const Scenario& scenario, int workers) {
    name += "_" + std::to_string(workers) + "_workers";
    runs.push_back({std::move(name), scenario, workers});
  };
  for (const Scenario& scenario : Scenarios()) {
    for (const int workers : {1, 2, 4}) add(std::string(scenario.name), scenario, workers);
  }
  const auto seed = static_cast<unsigned>(Setting("TAGCACHE_HOSTILE_SEED", 1));
  const auto mixtures = static_cast<unsigned>(Setting("TAGCACHE_HOSTILE_MIXTURES", 0));
  for (unsigned i = seed; i < seed + mixtures; ++i) {
    add("mixture_" + std::to_string(i), MixtureOf(i), 1 << i % 3);
  }
  return runs;
}

// The attackers of a scenario, at work until this goes.
class Attackers {
 public:
  Attackers(const Scenario& scenario, Target target) : target_(std::move(target)) {
    target_.ready = &ready_;
    for (size_t i = 0; i < scenario.attacks.size(); ++i) {
      const bool over_unix = scenario.unix_only || i % 2 == 1;
      threads_.emplace_back([this, over_unix, attack = scenario.attacks[i]](std::stop_token stop) {
        setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kAttackerNice);
        Target target = target_;
        target.over_unix = over_unix;
        attack(target, stop);
      });
    }
    const auto end = Clock::now() + milliseconds(20'000);
    while (ready_ < static_cast<int>(threads_.size()) && Clock::now() < end) {
      std::this_thread::sleep_for(milliseconds(1));
    }
  }
  ~Attackers() {
    for (std::jthread& thread : threads_) thread.request_stop();
  }

 private:
  Target target_;
  std::atomic<int> ready_{0};
  std::vector<std::jthread> threads_;
};

class Hostile : public ::testing::TestWithParam<Run> {
 protected:
  const Scenario& scenario() const { return GetParam().scenario; }
  size_t MemoryBound() const { return scenario().memory_limit_mib * kMebi / 10 * 11 + 16 * kMebi; }

  std::vector<std::string> Flags() const {
    std::vector<std::string> flags = {
        "--workers=" + std::to_string(GetParam().workers),
        "--memory-limit=" + std::to_string(scenario().memory_limit_mib * kLimitTimes) + "MiB",
        "--shutdown-timeout-ms=" + std::to_string(kShutdown.count())};
    if (scenario().password) {
      flags.push_back("--username=user");
      flags.push_back("--password=secret");
    }
    flags.insert(flags.end(), scenario().flags.begin(), scenario().flags.end());
    return flags;
  }

  void SetUp() override {
    server_ = std::make_unique<ServerProcess>(Flags(), 0, scenario().bounds);
    target_ = {.port = server_->port(), .socket_path = server_->socket_path()};
    for (const auto& [transport, dsn] :
         {std::pair<std::string, std::string>{"tcp", server_->tcp_dsn()},
          {"unix", server_->unix_dsn()},
          {"shm", server_->shm_dsn()}}) {
      bystanders_.push_back(
          std::make_unique<Bystander>(transport, dsn, scenario().password ? "user" : "",
                                      scenario().password ? "secret" : "", scenario().may_remove));
    }
    auto client = Client::Create(ClientOptions());
    ASSERT_TRUE(client.ok());
    client_ = std::move(*client);
    for (int i = 0; i < kEntriesBefore; ++i) keys_.push_back("before:" + std::to_string(i));
    const std::string value(1000, 'b');
    std::vector<PutItem> items;
    for (const std::string& key : keys_) items.push_back({.key = key, .value = {value}});
    const auto stored = client_->MultiPut(items);
    ASSERT_TRUE(stored.ok() && stored->stored == keys_.size()) << stored.status().message();
    if (scenario().prepare != nullptr) scenario().prepare(target_);
    log_at_rest_ = LinesByEvent(server_->Log());
    log_since_ = Clock::now();
  }

  Options ClientOptions() const {
    Options options;
    options.servers = {server_->tcp_dsn()};
    options.timeout = milliseconds(5000);
    options.connect_timeout = milliseconds(5000);
    if (scenario().password) {
      options.username = "user";
      options.password = "secret";
    }
    return options;
  }

  std::vector<Experience> TakeAll() {
    std::vector<Experience> all;
    for (const auto& bystander : bystanders_) all.push_back(bystander->Take());
    return all;
  }

  // Watches the resident size for so long; the largest one seen.
  size_t Watch(milliseconds time) {
    size_t most = 0;
    for (const auto end = Clock::now() + time; Clock::now() < end;) {
      most = std::max(most, ResidentBytesOf(server_->pid()));
      std::this_thread::sleep_for(milliseconds(5));
    }
    return most;
  }

  // Whether `holds` comes true within `limit`.
  template <typename F>
  bool Within(milliseconds limit, F holds) {
    for (const auto end = Clock::now() + limit; !holds();) {
      if (Clock::now() >= end) return false;
      std::this_thread::sleep_for(milliseconds(20));
    }
    return true;
  }

  void JudgeBystanders(const std::vector<Experience>& rest, const std::vector<Experience>& attack,
                       double machine_ms) {
    for (size_t i = 0; i < bystanders_.size(); ++i) {
      const std::string& transport = bystanders_[i]->transport();
      const double at_rest = rest[i].Percentile(0.99);
      const double under_attack = attack[i].Percentile(0.99);
      // What the machine does to two threads that wake each other, it does to client and server.
      const double allowed = std::max({Setting("TAGCACHE_HOSTILE_ALLOWED_MS", kAllowedMs),
                                       kAllowedTimes * at_rest, kAllowedTimes * machine_ms});
      if (kJudgesTimeAndMemory) {
        EXPECT_LE(under_attack, allowed)
            << transport << ": 99th percentile in ms of " << attack[i].milliseconds.size()
            << " calls; at rest " << at_rest << ", the machine itself " << machine_ms << ", worst "
            << attack[i].Worst();
        EXPECT_GE(attack[i].milliseconds.size(), 5u) << transport << ": hardly a call was answered";
      }
      for (const std::string& failure : attack[i].failures) ADD_FAILURE() << failure;
    }
  }

  void JudgeLog() {
    if (scenario().bounds.output != ProcessBounds::Output::kFile) return;
    const auto lines = LinesByEvent(server_->Log());
    // What the attackers have to prepare takes its time too, and a second that has begun counts.
    const auto time = std::chrono::ceil<std::chrono::seconds>(Clock::now() - log_since_);
    const size_t seconds = 1 + static_cast<size_t>(time.count());
    for (const auto& [event, count] : lines) {
      const auto before = log_at_rest_.find(event);
      const size_t grown = count - (before != log_at_rest_.end() ? before->second : 0);
      EXPECT_LE(grown, kLogLinesASecond * seconds) << "lines of " << event;
    }
  }

  void JudgeEntries() {
    if (scenario().may_remove) return;
    const std::vector<std::string_view> keys(keys_.begin(), keys_.end());
    const auto got = client_->MultiGet(keys);
    ASSERT_TRUE(got.ok()) << got.status().message();
    const auto lost = std::count(got->values.begin(), got->values.end(), std::nullopt);
    EXPECT_EQ(lost, 0) << "of " << kEntriesBefore << " entries that were there before";
    EXPECT_EQ(Statistic("evicted"), "0");
  }

  std::string Statistic(std::string_view name) {
    const auto stats = client_->Stats();
    if (!stats.ok()) return stats.status().message();
    for (const auto& [key, value] : *stats) {
      if (key == name) return value;
    }
    return "(no such statistic)";
  }

  // In the middle of the attack.
  void JudgeNewcomers() {
    if (!scenario().serves_newcomers) return;
    for (const std::string& dsn : {server_->tcp_dsn(), server_->unix_dsn()}) {
      Options options = ClientOptions();
      options.servers = {dsn};
      std::string refusal;
      EXPECT_TRUE(Within(milliseconds(5000),
                         [&] {
                           const auto client = Client::Create(options);
                           const auto ping = (*client)->Ping();
                           if (!ping.ok()) refusal = ping.status().message();
                           return ping.ok();
                         }))
          << "a newcomer at " << dsn << ": " << refusal;
    }
  }

  // When the attackers have gone.
  void JudgeRecovery(size_t memory_at_rest) {
    for (const std::string& dsn : {server_->tcp_dsn(), server_->unix_dsn(), server_->shm_dsn()}) {
      Options options = ClientOptions();
      options.servers = {dsn};
      const auto client = Client::Create(options);
      const auto start = Clock::now();
      const auto ping = (*client)->Ping();
      EXPECT_TRUE(ping.ok()) << "a new connection: " << ping.status().message();
      if (kJudgesTimeAndMemory) {
        EXPECT_LT(Clock::now() - start, milliseconds(1000)) << "a new connection to " << dsn;
      }
    }
    for (const auto& bystander : bystanders_) bystander->Stop();
    if (kJudgesTimeAndMemory) JudgeRest(memory_at_rest);
  }

  void JudgeRest(size_t memory_at_rest) {
    EXPECT_TRUE(Within(milliseconds(1000), [&] {
      const auto before = ProcessorTimeOf(server_->pid());
      std::this_thread::sleep_for(milliseconds(100));
      return ProcessorTimeOf(server_->pid()) - before <= milliseconds(20);
    })) << "the server is still busy a second later";
    // What was stored stays; half of the limit is far above what these scenarios store.
    const size_t bound = std::max(
        memory_at_rest + memory_at_rest / 10 + 16 * kMebi,
        scenario().may_remove || scenario().memory_limit_mib > 256 ? MemoryBound() : size_t{0});
    EXPECT_TRUE(
        Within(milliseconds(10'000), [&] { return ResidentBytesOf(server_->pid()) <= bound; }))
        << ResidentBytesOf(server_->pid()) / kMebi << " MiB, at rest " << memory_at_rest / kMebi;
  }

  void JudgeStop() {
    const auto start = Clock::now();
    server_->Signal(SIGTERM);
    EXPECT_EQ(server_->Wait(kStopTime), 0) << "SIGTERM under attack";
    stop_ms_ = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  }

  void Note(const std::vector<Experience>& rest, const std::vector<Experience>& attack,
            double machine_ms, size_t memory) {
    const char* path = std::getenv("TAGCACHE_HOSTILE_TABLE");
    if (path == nullptr) return;
    std::ofstream table(path, std::ios::app);
    table << "| `" << scenario().name << "` | " << GetParam().workers;
    for (size_t i = 0; i < rest.size(); ++i) {
      char figures[64];
      std::snprintf(figures, sizeof figures, " | %.2f / %.2f", rest[i].Percentile(0.99),
                    attack[i].Percentile(0.99));
      table << figures;
    }
    char figures[64];
    std::snprintf(figures, sizeof figures, " | %.2f | %zu | %.0f |\n", machine_ms, memory / kMebi,
                  stop_ms_);
    table << figures;
  }

  std::unique_ptr<ServerProcess> server_;
  Target target_;
  std::vector<std::unique_ptr<Bystander>> bystanders_;
  std::unique_ptr<Client> client_;
  std::vector<std::string> keys_;  // that are there before the attack
  std::map<std::string, size_t> log_at_rest_;
  Clock::time_point log_since_;
  double stop_ms_ = 0;
};

TEST_P(Hostile, TheBystandersDoNotNotice) {
  MachineProbe machine;
  TakeAll();
  std::this_thread::sleep_for(kRest);
  const auto rest = TakeAll();
  const size_t memory_at_rest = ResidentBytesOf(server_->pid());

  std::vector<Experience> attack;
  double machine_ms = 0;
  size_t memory = 0;
  {
    const Attackers attackers(scenario(), target_);
    TakeAll();
    machine.Take();
    memory = Watch(AttackTime());
    attack = TakeAll();
    machine_ms = machine.Take().Percentile(0.99);
    JudgeNewcomers();
  }
  JudgeBystanders(rest, attack, machine_ms);
  if (kJudgesTimeAndMemory) {
    EXPECT_LE(memory, MemoryBound()) << memory / kMebi << " MiB resident";
  }
  JudgeLog();
  JudgeEntries();
  JudgeRecovery(memory_at_rest);
  {
    const Attackers attackers(scenario(), target_);
    std::this_thread::sleep_for(milliseconds(100));
    JudgeStop();
  }
  Note(rest, attack, machine_ms, memory);
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Hostile, ::testing::ValuesIn(AllRuns()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tagcache::testing
