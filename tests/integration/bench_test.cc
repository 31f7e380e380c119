// tagcache-bench with a server, as scripts use it: its JSON and its exit code.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tagcache/client.h"
#include "tests/support/server_process.h"
#include "tests/support/stopped_server.h"

namespace tagcache {
namespace {

using testing::ServerProcess;

std::string ReadFile(const std::string& path) {
  std::stringstream bytes;
  bytes << std::ifstream(path).rdbuf();
  return bytes.str();
}

class Bench : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/tagcache-bench-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Start(std::vector<std::string> args) {
    args.insert(args.begin(), TAGCACHE_BENCH_PATH);
    std::vector<char*> argv;
    for (std::string& arg : args) argv.push_back(arg.data());
    argv.push_back(nullptr);
    child_ = fork();
    if (child_ != 0) return;
    dup2(open((folder_ + "/out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
    dup2(open((folder_ + "/err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
    execv(argv[0], argv.data());
    _exit(127);
  }
  int Wait() {
    int state = 0;
    waitpid(child_, &state, 0);
    out_ = ReadFile(folder_ + "/out");
    err_ = ReadFile(folder_ + "/err");
    return WIFEXITED(state) ? WEXITSTATUS(state) : -WTERMSIG(state);
  }
  int Run(std::vector<std::string> more) {
    std::vector<std::string> args = {"--json", "--warmup=0"};
    args.insert(args.end(), more.begin(), more.end());
    const auto names_server = [](const std::string& arg) { return arg.starts_with("--server="); };
    if (std::none_of(args.begin(), args.end(), names_server)) {
      args.push_back("--server=" + server_.tcp_dsn());
    }
    Start(std::move(args));
    return Wait();
  }

  // The number that follows `"name":` in the JSON, after the first `after`.
  double Number(const std::string& name, const std::string& after = "{") const {
    const size_t from = out_.find(after);
    const size_t at = from == std::string::npos ? from : out_.find("\"" + name + "\":", from);
    if (at == std::string::npos) {
      ADD_FAILURE() << "no " << name << " behind " << after << " in " << out_;
      return -1;
    }
    return std::strtod(out_.c_str() + at + name.size() + 3, nullptr);
  }
  std::string StatOf(const std::string& name) {
    Options options;
    options.servers = {server_.tcp_dsn()};
    const auto client = Client::Create(options);
    const auto stats = (*client)->Stats();
    for (const auto& [key, value] : *stats) {
      if (key == name) return value;
    }
    return "";
  }

  void WaitForHits() {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (StatOf("hits") == "0") ASSERT_LT(std::chrono::steady_clock::now(), give_up);
  }

  ServerProcess server_{{"--workers=2"}};
  std::string folder_;
  std::string out_;
  std::string err_;
  pid_t child_ = -1;
};

TEST_F(Bench, AsManyCallsAsAskedForAreMadeAndAnswered) {
  for (const std::vector<std::string>& shape : std::vector<std::vector<std::string>>{
           {"--connections=1"},
           {"--connections=6", "--threads=2"},
           {"--connections=3", "--threads=1", "--depth=7"},
           {"--connections=4", "--threads=2", "--batch=10"},
           {"--connections=2", "--protocol=text"},
           {"--connections=2", "--batch=5", "--protocol=text"},
           {"--connections=2", "--rate=20000"},
           {"--connections=3", "--threads=1", "--rate=20000", "--arrivals=constant"},
           {"--connections=1", "--server=" + server_.unix_dsn()}}) {
    std::vector<std::string> args = shape;
    args.insert(args.end(), {"--requests=300", "--keys=500"});
    EXPECT_EQ(Run(args), 0) << shape.back() << err_;
    EXPECT_EQ(Number("calls", "\"all\""), 300) << out_;
    EXPECT_EQ(Number("misses", "\"all\""), 0) << out_;
    EXPECT_GT(Number("calls_per_s", "\"all\""), 0);
    EXPECT_GT(Number("p50", "\"service_us\""), 0);
    EXPECT_GE(Number("max", "\"service_us\""), Number("p99.9", "\"service_us\""));
    EXPECT_NE(out_.find("\"errors\":{}"), std::string::npos) << out_;
    EXPECT_EQ(err_, "") << "no progress where standard error is no terminal";
  }
}

TEST_F(Bench, EveryOperationOfTheMixReachesTheServer) {
  for (const char* batch : {"--batch=1", "--batch=4"}) {
    EXPECT_EQ(Run({"--connections=2", batch, "--requests=2000", "--keys=100", "--tags=10",
                   "--mix=get=1,set=1,set-tagged=1,invalidate=1,delete=1"}),
              0)
        << err_;
    double calls = 0;
    for (const char* name : {"get", "set", "set-tagged", "invalidate", "delete"}) {
      const std::string operation = std::string("\"") + name + "\":{";
      calls += Number("calls", operation);
      EXPECT_GT(Number("calls", operation), 300) << name;
    }
    EXPECT_EQ(calls, 2000);
    EXPECT_GT(Number("misses", "\"get\":{"), 0) << "invalidations and deletions make misses";
  }
}

TEST_F(Bench, TheKeysAreStoredFirstByDefault) {
  EXPECT_EQ(Run({"--requests=10", "--mix=get=1", "--keys=1234", "--no-load"}), 0);
  EXPECT_EQ(Number("misses", "\"all\""), 10);
  EXPECT_EQ(StatOf("items"), "0");
  EXPECT_EQ(Run({"--requests=10", "--mix=get=1", "--keys=1234"}), 0);
  EXPECT_EQ(Number("misses", "\"all\""), 0);
  EXPECT_EQ(StatOf("items"), "1234");
}

TEST_F(Bench, IdleConnectionsAreOpenedAndStay) {
  EXPECT_EQ(Run({"--connections=3", "--threads=1", "--idle-connections=200", "--requests=10",
                 "--keys=1"}),
            0)
      << err_;
  EXPECT_EQ(Number("idle_connections"), 200);
  EXPECT_GE(std::stoi(StatOf("connections_accepted")), 203);
}

TEST_F(Bench, ErrorsAreCountedByKindAndFailTheRun) {
  ServerProcess strict({"--max-value=50"});
  EXPECT_EQ(Run({"--server=" + strict.tcp_dsn(), "--requests=20", "--mix=set=1", "--no-load",
                 "--connections=2"}),
            1);
  EXPECT_EQ(Number("count", "\"server: value_too_large\""), 20) << out_;
  EXPECT_NE(out_.find("\"first\":\""), std::string::npos);
}

// lessons 12
TEST_F(Bench, AServerThatStopsAnsweringIsNamedAndEndsTheRun) {
  Start({"--server=" + server_.tcp_dsn() + "?timeout_ms=50", "--json", "--warmup=0", "--seconds=3",
         "--connections=2", "--mix=get=1", "--keys=1"});
  WaitForHits();
  Stop(server_);
  EXPECT_EQ(Wait(), 1);
  server_.Signal(SIGCONT);
  EXPECT_GT(Number("count", "\"timeout\""), 0) << out_;
}

TEST_F(Bench, AServerThatIsNotThereExitsWithThreeAndMistakesWithTwo) {
  server_.Kill();
  EXPECT_EQ(Run({"--requests=1"}), 3);
  EXPECT_NE(err_.find(std::to_string(server_.port())), std::string::npos) << err_;
  EXPECT_EQ(out_, "");
  EXPECT_EQ(Run({"--colour"}), 2);
}

TEST_F(Bench, InterruptedItReportsWhatItHas) {
  Start({"--server=" + server_.tcp_dsn(), "--json", "--warmup=0", "--seconds=600", "--mix=get=1",
         "--connections=2", "--keys=1"});
  WaitForHits();
  kill(child_, SIGINT);
  EXPECT_EQ(Wait(), 0) << err_;
  EXPECT_GT(Number("calls", "\"all\""), 0);
  EXPECT_LT(Number("seconds"), 60);
}

}  // namespace
}  // namespace tagcache
