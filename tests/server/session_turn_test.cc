// A session works for a turn at a time: however much a peer asks for, and whatever one command
// visits. Time is a clock that goes on by a step each time it is read.

#include <gtest/gtest.h>

#include "tests/server/session_driver.h"

namespace tagcache::testing {
namespace {

uint64_t clock_ns = 1;
uint64_t step_ns = 0;

EngineOptions WithAClock() {
  EngineOptions options = SmallEngine();
  options.latency_clock = [] { return clock_ns += step_ns; };
  return options;
}

// Each reading of the clock is half a turn after the one before.
struct TurnDriver : Driver {
  TurnDriver() : Driver(WithAClock()) {
    clock_ns = 1;
    step_ns = server::kTurnLengthNs / 2;
  }
  // Gives the session turns until it wants none, and takes what it sends.
  std::string Finish() {
    std::string sent = Take();
    for (; session.wants_turn(); ++turns) {
      session.TakeTurn(now, engine.LatencyClock());
      sent += Take();
    }
    return sent;
  }
  int turns = 0;
};

void StoreTagged(Driver& driver, int count) {
  const std::string_view tag = "t";
  for (int i = 0; i < count; ++i) {
    const std::string key = "key" + std::to_string(i);
    driver.engine.store().Put({.key = key, .value = "v", .tags = {&tag, 1}},
                              server::WriteMode::kPut, driver.now);
  }
}

std::vector<std::string> ManyKeys(int count) {
  std::vector<std::string> keys;
  for (int i = 0; i < count; ++i) keys.push_back("key" + std::to_string(i));
  return keys;
}

std::string Batch(Op op, uint64_t id, int count) {
  const std::vector<std::string> keys = ManyKeys(count);
  return EncodedKeys(op, id, {keys.begin(), keys.end()});
}

// lessons 25
TEST(Turn, APipelineGoesOnInLaterTurns) {
  TurnDriver driver;
  std::string requests;
  for (uint64_t id = 1; id <= 100; ++id) requests += EncodedKey(Op::kStats, id, "");
  driver.Feed(requests);
  EXPECT_TRUE(driver.session.wants_turn());
  EXPECT_FALSE(driver.session.wants_input());
  EXPECT_LE(driver.session.requests(), 2u);
  const std::vector<Message> messages = Messages(driver.Finish());
  ASSERT_EQ(messages.size(), 100u);
  for (uint64_t i = 0; i < 100; ++i) EXPECT_EQ(messages[i].id, i + 1);
  EXPECT_GE(driver.turns, 49);
  EXPECT_TRUE(driver.session.wants_input());
}

TEST(Turn, WithTimeLeftEverythingIsDoneAtOnce) {
  TurnDriver driver;
  step_ns = 1;
  driver.Feed(Batch(Op::kMDelete, 1, 20'000) + EncodedKey(Op::kGet, 2, "k"));
  EXPECT_FALSE(driver.session.wants_turn());
  EXPECT_EQ(Messages(driver.Take()).size(), 2u);
}

TEST(Turn, EmptyLinesAndRefusalsUseUpATurn) {
  for (const std::string_view line : {"\n", "NOPE\n"}) {
    TurnDriver driver;
    std::string lines;
    for (int i = 0; i < 10'000; ++i) lines += line;
    driver.Feed(lines);
    EXPECT_TRUE(driver.session.wants_turn());
    driver.Finish();
    EXPECT_GE(driver.turns, 100);
  }
}

// Each command that visits many things, what it answers, and that what is behind it waits.
struct LongCommand {
  const char* name;
  std::string request;
  int turns;  // at least
};

std::vector<LongCommand> LongCommands() {
  Request put;
  put.op = Op::kMPut;
  put.id = 1;
  const std::vector<std::string> keys = ManyKeys(20'000);
  std::vector<protocol::PutItem> items;
  for (const std::string& key : keys)
    items.push_back({.key = key, .value = "new", .ttl = {}, .tags = {}});
  put.items = items;
  Request tags;
  tags.op = Op::kInvalidateTags;
  tags.id = 1;
  std::vector<std::string_view> many(keys.begin(), keys.begin() + 2000);
  many.push_back("t");
  tags.tags = protocol::Tags(many);
  Request scan;
  scan.op = Op::kScan;
  scan.id = 1;
  scan.key = "nobody";
  Request remove = scan;
  remove.op = Op::kDeletePrefix;
  return {{"MGET", Batch(Op::kMGet, 1, 20'000), 10},
          {"MPUT", Encoded(put), 10},
          {"MDELETE", Batch(Op::kMDelete, 1, 20'000), 10},
          {"INVALIDATE_KEYS", Batch(Op::kInvalidateKeys, 1, 20'000), 10},
          {"INVALIDATE_TAGS", Encoded(tags), 5},
          {"SCAN", Encoded(scan), 2},
          {"DELETE_PREFIX", Encoded(remove), 2}};
}

TEST(Turn, ACommandThatVisitsManyThingsGoesOnInLaterTurns) {
  for (const LongCommand& command : LongCommands()) {
    const std::string bytes = command.request + EncodedKey(Op::kPing, 2, "");
    Driver at_once;
    StoreTagged(at_once, 10'000);
    const std::string expected = at_once.Say(bytes);
    // Whole, and in pieces that end anywhere: then the request is put together by the session.
    for (const size_t piece : {bytes.size(), size_t{65'536}, size_t{50'001}}) {
      TurnDriver driver;
      StoreTagged(driver, 10'000);
      std::string sent;
      for (size_t at = 0; at < bytes.size(); at += piece) {
        driver.Feed(std::string(bytes, at, piece));
        sent += driver.Take();
      }
      EXPECT_TRUE(driver.session.wants_turn()) << command.name;
      EXPECT_EQ(sent.find(EncodedKey(Op::kPing, 2, "").substr(8)), std::string::npos);
      sent += driver.Finish();
      EXPECT_GE(driver.turns, command.turns) << command.name;
      EXPECT_EQ(Messages(sent).size(), 2u) << command.name;
      ASSERT_EQ(Messages(sent).size(), Messages(expected).size());
      for (size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(Messages(sent)[i].body, Messages(expected)[i].body) << command.name;
      }
      EXPECT_EQ(driver.session.buffered_input(), 0u);
      EXPECT_FALSE(driver.session.holds_memory());
    }
  }
}

TEST(Turn, ALargestPageOfKeysIsWhole) {
  TurnDriver driver;
  StoreTagged(driver, 10'000);
  Request list;
  list.op = Op::kKeysByTag;
  list.key = "t";
  list.limit = 4096;
  driver.Feed(Encoded(list));
  EXPECT_TRUE(driver.session.wants_turn());
  const Message page = Only(driver.Finish());
  EXPECT_EQ(page.status, StatusCode::kOk);
  EXPECT_NE(protocol::LoadLittle<uint64_t>(page.body.data()), 0u);
  EXPECT_EQ(protocol::LoadLittle<uint32_t>(page.body.data() + 8), 4096u);
}

TEST(Turn, TagStatsOfManyTagsGoesOnInLaterTurns) {
  TurnDriver driver;
  for (int i = 0; i < 5000; ++i) {
    const std::string key = "key" + std::to_string(i);
    const std::string_view tag = key;
    driver.engine.store().Put({.key = key, .value = "v", .tags = {&tag, 1}},
                              server::WriteMode::kPut, driver.now);
  }
  Request stats;
  stats.op = Op::kTagStats;
  stats.limit = 10;
  driver.Feed(Encoded(stats));
  EXPECT_TRUE(driver.session.wants_turn());
  EXPECT_EQ(protocol::LoadLittle<uint32_t>(Only(driver.Finish()).body.data()), 10u);
  EXPECT_GE(driver.turns, 4);
}

TEST(Turn, AnUnfinishedCommandCountsAsOneCall) {
  TurnDriver driver;
  driver.Feed(Batch(Op::kMDelete, 1, 20'000));
  driver.Finish();
  const auto& counters = driver.engine.workers()[0].Of(protocol::CommandOf(Op::kMDelete));
  EXPECT_EQ(counters.calls.value(), 1u);
  EXPECT_EQ(driver.session.requests(), 1u);
}

TEST(Turn, AnUnfinishedCommandIsDoneBeforeTheServerStops) {
  TurnDriver driver;
  driver.Store("key5", "v");
  driver.Feed(Batch(Op::kMDelete, 1, 20'000));
  driver.session.ShutDown(driver.now);
  const std::vector<Message> messages = Messages(driver.Finish());
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].number(), 1);
  EXPECT_TRUE(driver.session.closing());
}

TEST(Turn, InputThatComesMeanwhileWaits) {
  TurnDriver driver;
  driver.Store("key19999", "v");
  driver.Feed(Batch(Op::kMDelete, 1, 20'000));
  for (uint64_t id = 2; id < 2000; ++id) driver.Feed(EncodedKey(Op::kPing, id, ""));
  const std::vector<Message> messages = Messages(driver.Finish());
  ASSERT_EQ(messages.size(), 1999u);
  EXPECT_EQ(messages[0].op, Op::kMDelete);
  EXPECT_EQ(messages[0].number(), 1);
}

TEST(Turn, TextKeysOfALargeTagComeInParts) {
  Driver at_once;
  StoreTagged(at_once, 30'000);
  const std::string expected = at_once.Say("KEYS\tt\nGET\tkey1\n");
  EXPECT_EQ(std::count(expected.begin(), expected.end(), ','), 29'999);
  TurnDriver driver;
  StoreTagged(driver, 30'000);
  driver.Feed("KEYS\tt\nGET\tkey1\n");
  EXPECT_TRUE(driver.session.wants_turn());
  EXPECT_EQ(driver.Finish(), expected);
  EXPECT_GE(driver.turns, 3);
  EXPECT_FALSE(driver.session.holds_memory());
}

TEST(Turn, ATextListWithAKeyThatALineCannotCarryIsRefusedWhole) {
  TurnDriver driver;
  StoreTagged(driver, 30'000);
  const std::string_view tag = "t";
  for (const char* key : {"a,b", "c,d", "e,f", "g,h"}) {
    driver.engine.store().Put({.key = key, .value = "v", .tags = {&tag, 1}},
                              server::WriteMode::kPut, driver.now);
  }
  driver.Feed("KEYS\tt\nGET\tkey1\n");
  EXPECT_EQ(driver.Finish(), "ERR unrepresentable\nVALUE\tv\n");
}

TEST(Turn, TextInvKeysIsReadPieceByPiece) {
  TurnDriver driver;
  driver.Store("a", "v");
  std::string line = "INV_KEYS\t";
  for (int i = 0; i < 50'000; ++i) line += i % 2 == 0 ? " a ," : ",";
  driver.Feed(line + "\nGET\ta\n");
  EXPECT_TRUE(driver.session.wants_turn());
  EXPECT_EQ(driver.Finish(), "INV_KEYS\t1\nNF\n");
  EXPECT_EQ(driver.Say("INV_KEYS\t , ,\nINV_KEYS\t\n"), "ERR empty_keys\nERR empty_keys\n");
}

// Nothing of a batch is carried out that ends in bytes which are none of its elements.
TEST(Turn, AMalformedBatchIsRefusedWhole) {
  for (const int cut : {1, 3}) {
    TurnDriver driver;
    driver.Store("key0", "v");
    const std::vector<std::string> keys = ManyKeys(5000);
    std::string bytes = EncodedKeys(Op::kMDelete, 1, {keys.begin(), keys.end()});
    ASSERT_LT(bytes.size(), protocol::kBaseMaxFrame) << "one frame";
    bytes.resize(bytes.size() - static_cast<size_t>(cut));
    protocol::StoreLittle(static_cast<uint32_t>(bytes.size() - protocol::kHeaderSize),
                          bytes.data() + protocol::kLengthOffset);
    driver.Feed(bytes);
    const Message refused = Only(driver.Finish());
    EXPECT_EQ(refused.status, StatusCode::kBadRequest);
    EXPECT_TRUE(driver.Has("key0"));
  }
}

TEST(Turn, ABatchWithOneKeyThatIsTooLongIsRefusedWhole) {
  TurnDriver driver;
  driver.Store("key0", "v");
  std::vector<std::string> keys = ManyKeys(5000);
  keys[4990] = Repeat('k', 1025);
  driver.Feed(EncodedKeys(Op::kMDelete, 1, {keys.begin(), keys.end()}));
  EXPECT_EQ(Only(driver.Finish()).status, StatusCode::kKeyTooLong);
  EXPECT_TRUE(driver.Has("key0"));
}

// lessons 32
TEST(Turn, OfAnAnswerThatNobodyReadsNoMoreIsLookedUp) {
  TurnDriver driver;
  const std::vector<std::string_view> keys(120'000, "m");
  Request get;
  get.op = Op::kMGet;
  get.keys = keys;
  std::string requests;
  for (get.id = 1; get.id <= 20; ++get.id) requests += Encoded(get);
  step_ns = 1;
  driver.Feed(requests);
  EXPECT_LE(driver.session.requests(), 4u);
  EXPECT_LE(driver.session.buffered_output(), 512u * 1024);
  EXPECT_LE(driver.engine.workers()[0].misses.value(), 480'000u);
  const std::vector<Message> messages = Messages(driver.Finish());
  ASSERT_EQ(messages.size(), 20u);
  for (const Message& message : messages) EXPECT_EQ(message.body, std::string(120'000, '\0'));
}

TEST(Turn, AnAnswerWithLargeValuesIsCompleteInOrder) {
  TurnDriver driver;
  std::vector<std::string> keys = ManyKeys(3000);
  for (size_t i = 0; i < keys.size(); ++i) {
    driver.Store(keys[i], keys[i] + Repeat('x', i % 100 == 50 ? 40'000 : 20));
  }
  driver.Feed(EncodedKeys(Op::kMGet, 1, {keys.begin(), keys.end()}));
  const Message all = Only(driver.Finish());
  std::string_view body = all.body;
  for (size_t i = 0; i < keys.size(); ++i) {
    protocol::ValueItem item;
    size_t used = 0;
    ASSERT_EQ(protocol::ReadValueItem(body, &item, &used), protocol::FrameState::kDone) << i;
    ASSERT_EQ(item.value.substr(0, keys[i].size()), keys[i]);
    body.remove_prefix(used);
  }
  EXPECT_TRUE(body.empty());
}

}  // namespace
}  // namespace tagcache::testing
