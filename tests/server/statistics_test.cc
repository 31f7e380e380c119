#include "server/commands/statistics.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/server/session_driver.h"

namespace tagcache::testing {
namespace {

std::map<std::string, std::string> Stats(Driver& driver) {
  server::StatisticsList list;
  server::CollectStatistics(driver.engine, driver.now, list);
  return {list.begin(), list.end()};
}

TEST(Statistics, CommandsCountCallsAndErrors) {
  Driver driver;
  driver.Say(EncodedPut(1, "k", "v") + EncodedPut(2, "k", "v") + EncodedKey(Op::kGet, 3, "k") +
             EncodedKey(Op::kGet, 4, Repeat('k', 5000)));
  auto stats = Stats(driver);
  EXPECT_EQ(stats["put.calls"], "2");
  EXPECT_EQ(stats["get.calls"], "2");
  EXPECT_EQ(stats["get.errors"], "1");
  EXPECT_EQ(stats["delete.calls"], "0");
}

TEST(Statistics, HitsAndMissesCountKeys) {
  Driver driver;
  driver.Store("a", "v");
  driver.Say(EncodedKeys(Op::kMGet, 1, {"a", "a", "b"}) + EncodedKey(Op::kGet, 2, "b"));
  auto stats = Stats(driver);
  EXPECT_EQ(stats["hits"], "2");
  EXPECT_EQ(stats["misses"], "2");
}

// Each reading is 5 microseconds after the previous one.
uint64_t TickingClock() {
  static uint64_t now = 0;
  return now += 5000;
}

TEST(Statistics, LatenciesAreThoseOfTheClockHandedIn) {
  EngineOptions options = SmallEngine();
  options.latency_clock = TickingClock;
  Driver driver(options);
  for (uint64_t i = 0; i < 1000; ++i) driver.Say(EncodedPut(i, "k", "v"));
  auto stats = Stats(driver);
  const double p50 = std::stod(stats["put.p50_us"]);
  const double p95 = std::stod(stats["put.p95_us"]);
  const double p99 = std::stod(stats["put.p99_us"]);
  const double max = std::stod(stats["put.max_us"]);
  EXPECT_NEAR(p50, 5, 0.5);
  EXPECT_LE(p50, p95);
  EXPECT_LE(p95, p99);
  EXPECT_LE(p99, max);
}

TEST(Statistics, BytesInAndOutAreThoseOfTheWire) {
  Driver driver;
  const std::string request = EncodedKey(Op::kPing, 1, "");
  const std::string answer = driver.Say(request);
  auto stats = Stats(driver);
  EXPECT_EQ(stats["bytes_in"], std::to_string(request.size()));
  EXPECT_EQ(stats["bytes_out"], std::to_string(answer.size()));
}

TEST(Statistics, WorkersAreSummed) {
  Driver driver;
  Session other(driver.engine, driver.engine.AddWorker());
  driver.Say(EncodedPut(1, "k", "v"));
  other.Receive(EncodedPut(1, "k", "v"), driver.now);
  auto stats = Stats(driver);
  EXPECT_EQ(stats["put.calls"], "2");
  EXPECT_EQ(stats["puts"], "2");
  EXPECT_EQ(stats["workers"], "2");
}

TEST(Statistics, ItemsTagsMemoryAndUptimeAreThere) {
  Driver driver;
  const std::string_view tags[] = {"t", "u"};
  driver.engine.store().Put(
      {.key = "k", .value = "v", .flags = 0, .ttl_ms = std::nullopt, .tags = tags},
      server::WriteMode::kPut, driver.now);
  driver.now = 61'000;
  auto stats = Stats(driver);
  EXPECT_EQ(stats["items"], "1");
  EXPECT_EQ(stats["tags"], "2");
  EXPECT_GT(std::stoul(stats["memory"]), 0u);
  EXPECT_EQ(stats["uptime_ms"], "61000");
  EXPECT_EQ(stats["version"], "9.8.7");
}

TEST(Statistics, NoNameIsListedTwice) {
  Driver driver;
  driver.Say(EncodedPut(1, "k", "v"));
  server::StatisticsList list;
  server::CollectStatistics(driver.engine, driver.now, list);
  std::set<std::string> names;
  for (const auto& [name, value] : list) EXPECT_TRUE(names.insert(name).second) << name;
}

TEST(Statistics, StatsOverTheWireListsTheSame) {
  Driver driver;
  const Message got = Only(driver.Say(EncodedKey(Op::kStats, 1, "")));
  protocol::Scratch scratch;
  protocol::Response response;
  ASSERT_TRUE(protocol::DecodeResponse(static_cast<uint8_t>(got.op), got.id, got.status, got.body,
                                       scratch, &response));
  std::set<std::string_view> names;
  for (const auto& [name, value] : response.stats) names.insert(name);
  for (const char* name : {"hits", "misses", "puts", "invalidations", "connections"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(Statistics, EveryNameIsExplainedInTheOperatorsGuide) {
  Driver driver;
  driver.Say(EncodedPut(1, "k", "v"));
  FILE* file = std::fopen(TAGCACHE_SOURCE_DIR "/docs/operations.md", "r");
  ASSERT_NE(file, nullptr);
  std::string guide(1 << 20, '\0');
  guide.resize(std::fread(guide.data(), 1, guide.size(), file));
  std::fclose(file);
  for (const auto& [name, value] : Stats(driver)) {
    const size_t dot = name.find('.');
    const std::string shown = dot == std::string::npos ? name : "COMMAND" + name.substr(dot);
    EXPECT_NE(guide.find("`" + shown + "`"), std::string::npos) << shown;
  }
}

}  // namespace
}  // namespace tagcache::testing
