#include "tools/bench/options.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

namespace tagcache::bench {
namespace {

class CommandLineOptions : public ::testing::Test {
 protected:
  void SetUp() override { unsetenv("TAGCACHE_SERVERS"); }

  std::optional<int> Parse(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    return ParseCommandLine(std::move(arguments), &options_, out_, err_);
  }

  BenchOptions options_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CommandLineOptions, NothingGivenIsAClosedLoopOfFiftyConnections) {
  ASSERT_FALSE(Parse({})) << err_.str();
  EXPECT_TRUE(options_.closed_loop());
  EXPECT_EQ(options_.connections, 50u);
  EXPECT_EQ(options_.depth, 1u);
  EXPECT_EQ(options_.batch, 1u);
  EXPECT_EQ(options_.min_value, 100u);
  EXPECT_EQ(options_.max_value, 100u);
  EXPECT_EQ(options_.skew, 0);
  EXPECT_EQ(options_.server.servers, std::vector<std::string>{"tcp://127.0.0.1:1984"});
  EXPECT_TRUE(options_.load);
  EXPECT_TRUE(options_.mix.Has(Operation::kGet));
  EXPECT_FALSE(options_.mix.Has(Operation::kInvalidate));
}

TEST_F(CommandLineOptions, EveryOptionArrives) {
  ASSERT_FALSE(Parse({"--server=unix:///s?timeout_ms=250",
                      "--protocol=text",
                      "-c",
                      "8",
                      "-t",
                      "3",
                      "--idle-connections=7",
                      "--depth=4",
                      "--rate=1500.5",
                      "--arrivals=constant",
                      "--mix=invalidate=1",
                      "--keys=12",
                      "--distribution=zipf:0.99",
                      "--value-size=10-20",
                      "--tags=5",
                      "--key-prefix=p:",
                      "--seed=9",
                      "--warmup=0.5",
                      "-n",
                      "1000",
                      "--no-load",
                      "--json",
                      "--quiet"}))
      << err_.str();
  EXPECT_EQ(options_.server.servers, std::vector<std::string>{"unix:///s"});
  EXPECT_EQ(options_.server.timeout, std::chrono::milliseconds(250));
  EXPECT_EQ(options_.server.protocol, Protocol::kText);
  EXPECT_EQ(options_.connections, 8u);
  EXPECT_EQ(options_.threads, 3u);
  EXPECT_EQ(options_.idle_connections, 7u);
  EXPECT_EQ(options_.depth, 4u);
  EXPECT_EQ(options_.rate, 1500.5);
  EXPECT_EQ(options_.arrivals, ArrivalKind::kConstant);
  EXPECT_TRUE(options_.mix.Has(Operation::kInvalidate));
  EXPECT_FALSE(options_.mix.Has(Operation::kGet));
  EXPECT_EQ(options_.keys, 12u);
  EXPECT_EQ(options_.skew, 0.99);
  EXPECT_EQ(options_.min_value, 10u);
  EXPECT_EQ(options_.max_value, 20u);
  EXPECT_EQ(options_.tags, 5u);
  EXPECT_EQ(options_.key_prefix, "p:");
  EXPECT_EQ(options_.seed, 9u);
  EXPECT_EQ(options_.warmup, 0.5);
  EXPECT_EQ(options_.requests, 1000u);
  EXPECT_FALSE(options_.load);
  EXPECT_TRUE(options_.json);
  EXPECT_TRUE(options_.quiet);
}

TEST_F(CommandLineOptions, AConnectionIsAClientWithOneSocketWhateverTheDsnSays) {
  ASSERT_FALSE(Parse({"--server=tcp://127.0.0.1:1?pool_size=9&pool_min=3"})) << err_.str();
  EXPECT_EQ(options_.server.pool_max, 1u);
  EXPECT_EQ(options_.server.pool_min, 0u);
}

TEST_F(CommandLineOptions, TheProtocolOfTheDsnHoldsUnlessOneIsGiven) {
  ASSERT_FALSE(Parse({"--server=tcp://127.0.0.1:1?protocol=text"}));
  EXPECT_EQ(options_.server.protocol, Protocol::kText);
  ASSERT_FALSE(Parse({"--server=tcp://127.0.0.1:1?protocol=text", "--protocol=binary"}));
  EXPECT_EQ(options_.server.protocol, Protocol::kBinary);
}

TEST_F(CommandLineOptions, ThereAreNeverMoreThreadsThanConnections) {
  ASSERT_FALSE(Parse({"--connections=2", "--threads=8"}));
  EXPECT_EQ(options_.threads, 2u);
}

// lessons 23
TEST_F(CommandLineOptions, WhatIsUnknownOrOutOfRangeIsRefusedByName) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"--colour"}, "--colour"},
      {{"extra"}, "extra"},
      {{"--server=bogus://x"}, "--server"},
      {{"--server=tcp://127.0.0.1:1?bogus=1"}, "bogus"},
      {{"--protocol=morse"}, "--protocol"},
      {{"--connections=0"}, "--connections"},
      {{"--connections=-1"}, "--connections"},
      {{"--connections=many"}, "--connections"},
      {{"--threads=5000"}, "--threads"},
      {{"--idle-connections=-1"}, "--idle-connections"},
      {{"--depth=0"}, "--depth"},
      {{"--batch=0"}, "--batch"},
      {{"--depth=2", "--batch=2"}, "--batch"},
      {{"--rate=-1"}, "--rate"},
      {{"--rate=nan"}, "--rate"},
      {{"--rate=1e8"}, "--rate"},
      {{"--arrivals=bursts"}, "--arrivals"},
      {{"--mix=fetch=1"}, "--mix"},
      {{"--keys=0"}, "--keys"},
      {{"--distribution=normal"}, "--distribution"},
      {{"--distribution=zipf:0"}, "--distribution"},
      {{"--distribution=zipf:nan"}, "--distribution"},
      {{"--distribution=zipf:11"}, "--distribution"},
      {{"--value-size=20-10"}, "--value-size"},
      {{"--value-size=-10"}, "--value-size"},
      {{"--value-size=2000000000"}, "--value-size"},
      {{"--tags=0"}, "--tags"},
      {{"--warmup=-1"}, "--warmup"},
      {{"--seconds=0"}, "--seconds"},
      {{"--requests=0"}, "--requests"},
      {{"--requests=5", "--seconds=5"}, "--requests"},
  };
  for (const auto& [arguments, complaint] : cases) {
    EXPECT_EQ(Parse(arguments), kUsage) << arguments.back();
    EXPECT_NE(err_.str().find(complaint), std::string::npos) << arguments.back() << err_.str();
    EXPECT_EQ(out_.str(), "") << arguments.back();
  }
}

TEST_F(CommandLineOptions, HelpGivesDefaultsAndExplainsWhatAConnectionIs) {
  EXPECT_EQ(Parse({"--help"}), kDone);
  for (const char* part : {"--connections INT:INT in [1 - 100000]=50", "A connection is one client",
                           "Bytes of a value", "Calls a second", "Seconds of the run"}) {
    EXPECT_NE(out_.str().find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace tagcache::bench
