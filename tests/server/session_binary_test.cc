// The binary codec through a session: bytes in, bytes out.

#include <gtest/gtest.h>

#include "server/commands/handlers.h"
#include "tests/server/session_driver.h"

namespace tagcache::testing {
namespace {

constexpr size_t kMiB = 1024 * 1024;

TEST(BinarySession, EveryCommandOfTheTableHasAHandler) {
  for (const protocol::Command& command : protocol::Commands()) {
    EXPECT_NE(server::kHandlers[static_cast<uint8_t>(command.op)], nullptr) << command.name;
  }
}

TEST(BinarySession, APutValueComesBackByGet) {
  Driver driver;
  EXPECT_EQ(Only(driver.Say(EncodedPut(1, "k", "v"))).status, StatusCode::kOk);
  const Message got = Only(driver.Say(EncodedKey(Op::kGet, 2, "k")));
  EXPECT_EQ(got.id, 2u);
  EXPECT_EQ(got.value(), "v");
}

TEST(BinarySession, FlagsComeBackUntouched) {
  Driver driver;
  Request put;
  put.op = Op::kPut;
  put.key = "k";
  put.flags = 0xDEADBEEF;
  driver.Say(Encoded(put));
  const Message got = Only(driver.Say(EncodedKey(Op::kGet, 2, "k")));
  EXPECT_EQ(protocol::LoadLittle<uint32_t>(got.body.data()), 0xDEADBEEFu);
}

TEST(BinarySession, EmptyKeyAndEmptyValueAreAKeyAndAValue) {
  Driver driver;
  driver.Say(EncodedPut(1, "", ""));
  const Message got = Only(driver.Say(EncodedKey(Op::kGet, 2, "")));
  EXPECT_EQ(got.status, StatusCode::kOk);
  EXPECT_EQ(got.value(), "");
}

TEST(BinarySession, AMissIsNotFoundAndEmpty) {
  Driver driver;
  const Message got = Only(driver.Say(EncodedKey(Op::kGet, 2, "absent")));
  EXPECT_EQ(got.status, StatusCode::kNotFound);
  EXPECT_EQ(got.body, "");
}

// lessons 3
TEST(BinarySession, ValuesAroundEveryBufferSizeComeBackWhole) {
  Driver driver;
  for (const size_t size : {size_t{8191}, size_t{8192}, size_t{8193}, size_t{16384}, size_t{16385},
                            size_t{65528}, size_t{65536}, size_t{131071}, kMiB, 3 * kMiB + 1}) {
    std::string value(size, 'x');
    for (size_t i = 0; i < size; i += 997) value[i] = static_cast<char>(i);
    ASSERT_EQ(Only(driver.Say(EncodedPut(1, "k", value))).status, StatusCode::kOk) << size;
    ASSERT_EQ(Only(driver.Say(EncodedKey(Op::kGet, 2, "k"))).value(), value) << size;
    ASSERT_EQ(Only(driver.Say(EncodedKey(Op::kGet, 3, "none"))).status, StatusCode::kNotFound);
  }
}

TEST(BinarySession, RequestsSplitAtEveryByteAreTheSameRequests) {
  const std::string bytes = EncodedHello(protocol::kBaseMaxFrame) + EncodedPut(2, "key", "value") +
                            EncodedKey(Op::kGet, 3, "key") +
                            EncodedKeys(Op::kMGet, 4, {"key", "absent", "key"});
  Driver whole;
  const std::string expected = whole.Say(bytes);
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    Driver driver;
    std::string answer = driver.Say(std::string_view(bytes).substr(0, cut));
    answer += driver.Say(std::string_view(bytes).substr(cut));
    ASSERT_EQ(answer, expected) << "cut at " << cut;
  }
  Driver bytewise;
  std::string answer;
  for (const char byte : bytes) answer += bytewise.Say({&byte, 1});
  EXPECT_EQ(answer, expected);
}

TEST(BinarySession, AnIdleSessionHoldsNoBuffer) {
  Driver driver;
  driver.Say(EncodedPut(1, "k", Repeat('x', 300'000)));
  driver.Say(EncodedKey(Op::kGet, 2, "k"));
  EXPECT_FALSE(driver.session.holds_memory());
}

TEST(BinarySession, FramesOfTwoMessagesMayAlternate) {
  Driver driver;
  const std::string a = EncodedPut(1, "a", Repeat('a', 150'000));
  const std::string b = EncodedPut(2, "b", Repeat('b', 150'000));
  const size_t frame = protocol::kHeaderSize + protocol::kBaseMaxFrame;
  std::string mixed;
  for (size_t at = 0; at < a.size(); at += frame)
    mixed += a.substr(at, frame) + b.substr(at, frame);
  const std::vector<Message> answers = Messages(driver.Say(mixed));
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(Only(driver.Say(EncodedKey(Op::kGet, 3, "a"))).value(), Repeat('a', 150'000));
  EXPECT_EQ(Only(driver.Say(EncodedKey(Op::kGet, 4, "b"))).value(), Repeat('b', 150'000));
}

TEST(BinarySession, ASmallRequestBetweenThePiecesOfALargeOneIsAnsweredAtOnce) {
  Driver driver;
  const std::string large = EncodedPut(1, "large", Repeat('x', 150'000));
  const size_t frame = protocol::kHeaderSize + protocol::kBaseMaxFrame;
  EXPECT_EQ(driver.Say(large.substr(0, frame)), "");
  EXPECT_EQ(Only(driver.Say(EncodedKey(Op::kPing, 2, ""))).id, 2u);
  EXPECT_EQ(Only(driver.Say(large.substr(frame))).id, 1u);
}

TEST(BinarySession, MGetAnswersHitsAndMissesInTheOrderAsked) {
  Driver driver;
  driver.Store("a", "1");
  driver.Store("c", "333");
  const Message got = Only(driver.Say(EncodedKeys(Op::kMGet, 5, {"c", "b", "a", "c"})));
  std::string_view body = got.body;
  std::vector<std::string> values;
  while (!body.empty()) {
    protocol::ValueItem item;
    size_t used = 0;
    ASSERT_EQ(protocol::ReadValueItem(body, &item, &used), protocol::FrameState::kDone);
    values.push_back(item.found ? std::string(item.value) : "(miss)");
    body.remove_prefix(used);
  }
  EXPECT_EQ(values, (std::vector<std::string>{"333", "(miss)", "1", "333"}));
}

TEST(BinarySession, AnMGetOfNothingButMissesFitsItsFrame) {
  Driver driver;
  const std::vector<std::string_view> keys(60'000, "m");
  const Message got = Only(driver.Say(EncodedKeys(Op::kMGet, 5, keys)));
  EXPECT_EQ(got.body, Repeat('\0', 60'000));
}

TEST(BinarySession, AnMGetLargerThanAnyFrameComesBackWhole) {
  Driver driver;
  std::vector<std::string> names;
  for (int i = 0; i < 20'000; ++i) names.push_back("key" + std::to_string(i));
  for (const std::string& name : names) driver.Store(name, name + Repeat('.', 20));
  const std::vector<std::string_view> keys(names.begin(), names.end());
  const Message got = Only(driver.Say(EncodedKeys(Op::kMGet, 5, keys)));
  std::string expected;
  for (const std::string& name : names) {
    const std::string value = name + Repeat('.', 20);
    expected += std::string("\x01\0\0\0\0", 5) + static_cast<char>(value.size()) +
                std::string(3, '\0') + value;
  }
  EXPECT_EQ(got.body, expected);
}

// lessons 5
TEST(BinarySession, MPutReportsTheRefusedByIndexAndStoresTheRest) {
  EngineOptions options = SmallEngine();
  options.store.max_value = 100;
  Driver driver(options);
  driver.Store("big", "old");
  const std::string big = Repeat('x', 101);
  protocol::PutItem items[3];
  items[0].key = "1";
  items[1].key = "big";
  items[1].value = big;
  items[2].key = "2";
  Request put;
  put.op = Op::kMPut;
  put.items = items;
  const Message got = Only(driver.Say(Encoded(put)));
  protocol::Scratch scratch;
  protocol::Response response;
  ASSERT_TRUE(protocol::DecodeResponse(static_cast<uint8_t>(got.op), got.id, got.status, got.body,
                                       scratch, &response));
  EXPECT_EQ(response.number, 2);
  ASSERT_EQ(response.refused.size(), 1u);
  EXPECT_EQ(response.refused[0].index, 1u);
  EXPECT_EQ(response.refused[0].status, StatusCode::kValueTooLarge);
  EXPECT_TRUE(driver.Has("1") && driver.Has("2"));
  EXPECT_FALSE(driver.Has("big"));
}

// lessons 7, 22
TEST(BinarySession, AValueOverTheLimitIsRefusedByNameAndTheOldOneIsGone) {
  EngineOptions options = SmallEngine();
  options.store.max_value = 1000;
  Driver driver(options);
  driver.Store("user:1", "old");
  const Message refused = Only(driver.Say(EncodedPut(1, "user:1", Repeat('x', 1001))));
  EXPECT_EQ(refused.status, StatusCode::kValueTooLarge);
  EXPECT_EQ(refused.body, "PUT 'user:1': the value has 1001 bytes, the limit max_value is 1000");
  EXPECT_FALSE(driver.Has("user:1"));
  EXPECT_TRUE(driver.session.wants_input());
}

// lessons 7
TEST(BinarySession, AValueTooLargeToKeepIsRefusedInBoundedMemoryAndTheConnectionGoesOn) {
  EngineOptions options = SmallEngine();
  options.store.max_value = 100'000;
  Driver driver(options);
  driver.Store("k", "old");
  const std::string put = EncodedPut(1, "k", Repeat('x', 20 * kMiB));
  size_t most_held = 0;
  std::string answer;
  for (size_t at = 0; at < put.size(); at += 100'000) {
    answer += driver.Say(std::string_view(put).substr(at, 100'000));
    most_held = std::max(most_held, driver.session.buffered_input());
  }
  EXPECT_EQ(Only(answer).status, StatusCode::kValueTooLarge);
  EXPECT_LT(most_held, 600'000u);
  EXPECT_FALSE(driver.Has("k"));
  EXPECT_EQ(Only(driver.Say(EncodedKey(Op::kPing, 2, ""))).status, StatusCode::kOk);
}

TEST(BinarySession, ARefusedAddLeavesTheOldValue) {
  EngineOptions options = SmallEngine();
  options.store.max_value = 100'000;
  Driver driver(options);
  driver.Store("k", "old");
  Request add;
  add.op = Op::kAdd;
  add.key = "k";
  const std::string value = Repeat('x', 5 * kMiB);
  add.value = value;
  EXPECT_EQ(Only(driver.Say(Encoded(add))).status, StatusCode::kValueTooLarge);
  EXPECT_TRUE(driver.Has("k"));
}

TEST(BinarySession, LimitsAreNamedWithTheirValues) {
  EngineOptions options = SmallEngine();
  options.store.max_key = 10;
  options.store.max_tag = 4;
  options.store.max_tags = 2;
  Driver driver(options);
  EXPECT_EQ(Only(driver.Say(EncodedPut(1, "elevenbytes", "v"))).body,
            "PUT 'elevenbytes': the key has 11 bytes, the limit max_key is 10");
  EXPECT_EQ(Only(driver.Say(EncodedKey(Op::kGet, 1, "elevenbytes"))).status,
            StatusCode::kKeyTooLong);
  Request put;
  put.op = Op::kPut;
  put.key = "k";
  const std::string_view long_tag[] = {"fives"};
  put.tags = long_tag;
  EXPECT_EQ(Only(driver.Say(Encoded(put))).body,
            "PUT 'k': the tag 'fives' has 5 bytes, the limit max_tag is 4");
  const std::string_view many[] = {"a", "b", "c"};
  put.tags = many;
  EXPECT_EQ(Only(driver.Say(Encoded(put))).body,
            "PUT 'k': the entry has 3 tags, the limit max_tags is 2");
  EXPECT_FALSE(driver.Has("k"));
}

TEST(BinarySession, MessagesShowKeysShortenedAndEscaped) {
  EngineOptions options = SmallEngine();
  options.store.max_value = 1;
  Driver driver(options);
  const std::string key = std::string("a\n\0'", 4) + Repeat('z', 200);
  const std::string message = Only(driver.Say(EncodedPut(1, key, "xx"))).body;
  EXPECT_EQ(message.substr(0, 22), "PUT 'a\\x0a\\x00\\x27zzzz");
  EXPECT_NE(message.find("zzz...': the value has 2 bytes"), std::string::npos);
}

TEST(BinarySession, AnUnknownCommandIsRefusedAndTheConnectionGoesOn) {
  Driver driver;
  std::string frame = EncodedKey(Op::kPing, 9, "");
  frame[1] = 0x7E;
  const Message refused = Only(driver.Say(frame));
  EXPECT_EQ(refused.status, StatusCode::kUnknownCommand);
  EXPECT_EQ(refused.id, 9u);
  EXPECT_FALSE(driver.session.closing());
}

TEST(BinarySession, ABodyThatDoesNotParseIsRefusedAndTheConnectionGoesOn) {
  Driver driver;
  std::string frame = EncodedKey(Op::kGet, 9, "key");
  frame[17] = 100;  // the key's length
  EXPECT_EQ(Only(driver.Say(frame)).status, StatusCode::kBadRequest);
  EXPECT_EQ(Only(driver.Say(EncodedKey(Op::kPing, 10, ""))).status, StatusCode::kOk);
}

TEST(BinarySession, PagesOfKeysEndWithCursorZeroAndListEachKeyOnce) {
  Driver driver;
  const std::string_view tags[] = {"t"};
  for (int i = 0; i < 2500; ++i) {
    const std::string key = "key" + std::to_string(i);
    driver.engine.store().Put({.key = key, .value = "v", .tags = tags}, server::WriteMode::kPut,
                              driver.now);
  }
  std::map<std::string, int> seen;
  Request page;
  page.op = Op::kKeysByTag;
  page.key = "t";
  int pages = 0;
  do {
    const Message got = Only(driver.Say(Encoded(page)));
    protocol::Scratch scratch;
    protocol::Response response;
    ASSERT_TRUE(protocol::DecodeResponse(static_cast<uint8_t>(got.op), got.id, got.status, got.body,
                                         scratch, &response));
    for (const std::string_view key : response.keys) ++seen[std::string(key)];
    page.cursor = response.cursor;
    ++pages;
  } while (page.cursor != 0 && pages < 100);
  EXPECT_EQ(seen.size(), 2500u);
  EXPECT_EQ(pages, 3);
}

TEST(BinarySession, InvalidatingWithoutATagIsRefusedAndNotTakenAsEverything) {
  Driver driver;
  driver.Store("k", "v");
  Request request;
  request.op = Op::kInvalidateTags;
  request.mode = protocol::Mode::kAll;
  request.tags = protocol::Tags();
  EXPECT_EQ(Only(driver.Say(Encoded(request))).status, StatusCode::kBadRequest);
  EXPECT_TRUE(driver.Has("k"));
}

TEST(BinarySession, MetaTellsWhatAnEntryIs) {
  Driver driver;
  const std::string_view tags[] = {"t"};
  Request put;
  put.op = Op::kPut;
  put.key = "k";
  put.value = "12345";
  put.flags = 3;
  put.ttl = 5000;
  put.tags = tags;
  driver.Say(Encoded(put));
  driver.now += 1000;
  const Message got = Only(driver.Say(EncodedKey(Op::kMeta, 2, "k")));
  protocol::Scratch scratch;
  protocol::Response response;
  ASSERT_TRUE(protocol::DecodeResponse(static_cast<uint8_t>(got.op), got.id, got.status, got.body,
                                       scratch, &response));
  EXPECT_EQ(response.meta.ttl_left_ms, 4000);
  EXPECT_EQ(response.meta.age_ms, 1000u);
  EXPECT_EQ(response.meta.flags, 3u);
  EXPECT_GE(response.meta.size, 5u);
  ASSERT_EQ(response.meta.tags.size(), 1u);
  EXPECT_EQ(response.meta.tags[0], "t");
}

TEST(BinarySession, DecrementSubtractsAndOverflowChangesNothing) {
  Driver driver;
  Request step;
  step.op = Op::kDecrement;
  step.key = "n";
  step.by = 3;
  step.initial = 10;
  EXPECT_EQ(Only(driver.Say(Encoded(step))).number(), 10);
  EXPECT_EQ(Only(driver.Say(Encoded(step))).number(), 7);
  step.by = std::numeric_limits<int64_t>::min();
  const Message refused = Only(driver.Say(Encoded(step)));
  EXPECT_EQ(refused.status, StatusCode::kOverflow);
  EXPECT_EQ(refused.body, "DECREMENT 'n': the result does not fit an integer of 64 bits");
  step.by = 0;
  EXPECT_EQ(Only(driver.Say(Encoded(step))).number(), 7);
}

// The front of a PUT that breaks the bound of messages in parts ends within its key: another key,
// which is the front of that one, is none of its business.
TEST(BinarySession, APutThatIsCutWithinItsKeyRemovesNothing) {
  EngineOptions options = SmallEngine();
  options.store.max_value = 1024;
  Driver driver(options);
  driver.Store("key", "v");
  driver.Store("key-and-more", "v");
  const auto part = [](Op op, uint64_t id, std::string_view body) {
    protocol::Buffer out;
    protocol::FrameWriter writer(out, protocol::kRequestMagic, static_cast<uint8_t>(op), id,
                                 StatusCode::kOk, 256 * 1024);
    writer.Bytes(body);
    writer.Finish(true);
    return std::string(out.view());
  };
  driver.Feed(part(Op::kPut, 1, std::string_view("\0\x0C\0key", 6)));
  // Others take what is left of the bound, but for less than the next part of the PUT has.
  const std::string filler(50'000, 'f');
  const size_t bound = 2 * driver.engine.max_message();
  for (uint64_t n = 0; driver.session.buffered_input() + filler.size() <= bound; ++n) {
    driver.Feed(part(Op::kMPut, 2 + n / 200, filler));
  }
  ASSERT_FALSE(driver.session.closing());
  driver.Feed(part(Op::kPut, 1, "-and-more" + filler));
  EXPECT_TRUE(driver.session.closing());
  EXPECT_TRUE(driver.Has("key"));
  EXPECT_FALSE(driver.Has("key-and-more")) << "what was to be replaced is served on";
}

}  // namespace
}  // namespace tagcache::testing
