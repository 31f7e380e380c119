#include "protocol/command.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>

#include "protocol/message.h"
#include "protocol/status_code.h"

namespace tagcache::protocol {
namespace {

TEST(CommandTable, StandsInTheOrderOfOpcodesWithoutRepetition) {
  int last = 0;
  for (const Command& command : Commands()) {
    EXPECT_GT(static_cast<int>(command.op), last) << command.name;
    last = static_cast<int>(command.op);
  }
}

TEST(CommandTable, FindsEveryRowByItsOpcodeAndNothingElse) {
  size_t found = 0;
  for (int opcode = 0; opcode < 256; ++opcode) {
    const Command* command = FindCommand(static_cast<uint8_t>(opcode));
    if (command == nullptr) continue;
    EXPECT_EQ(static_cast<int>(command->op), opcode);
    EXPECT_EQ(&CommandOf(command->op), command);
    ++found;
  }
  EXPECT_EQ(found, Commands().size());
}

TEST(CommandTable, HasAllTheCommandsOfTheProtocol) { EXPECT_EQ(Commands().size(), 32u); }

TEST(CommandTable, NamesAndVerbsAreUnique) {
  std::set<std::string_view> names;
  std::set<std::string_view> verbs;
  for (const Command& command : Commands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    for (const std::string_view verb : {command.text_verb, command.text_alias}) {
      if (verb.empty()) continue;
      EXPECT_TRUE(verbs.insert(verb).second) << verb;
    }
  }
}

TEST(CommandTable, FindsTextVerbsInAnyCase) {
  for (const Command& command : Commands()) {
    for (const std::string_view verb : {command.text_verb, command.text_alias}) {
      if (verb.empty()) continue;
      std::string lower(verb);
      for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      EXPECT_EQ(FindTextVerb(verb), &command);
      EXPECT_EQ(FindTextVerb(lower), &command);
      EXPECT_EQ(IsTextAlias(command, lower), verb == command.text_alias);
    }
  }
}

TEST(CommandTable, FindsNoVerbThatIsNotInIt) {
  for (const std::string_view verb : {"", "GE", "GETS", "get ", "TOUCH", "PING", "G\xC5T"}) {
    EXPECT_EQ(FindTextVerb(verb), nullptr) << verb;
  }
}

TEST(CommandTable, OnlyAddStepsAdditionsAndComparisonsMayNotBeRepeated) {
  const std::set<Op> once = {Op::kAdd,           Op::kIncrement,        Op::kDecrement, Op::kAppend,
                             Op::kCompareAndSet, Op::kCompareAndDelete, Op::kPrepend};
  for (const Command& command : Commands()) {
    EXPECT_EQ((command.traits & kIdempotent) == 0, once.contains(command.op)) << command.name;
    Request request;
    request.op = command.op;
    EXPECT_EQ(IsRepeatable(request), !once.contains(command.op)) << command.name;
  }
}

TEST(CommandTable, APutUnderALeaseMayNotBeRepeated) {
  Request request;
  request.op = Op::kPut;
  request.token = 1;
  EXPECT_FALSE(IsRepeatable(request));
}

TEST(CommandTable, OnlyTheHandshakeAndPingNeedNoCredentials) {
  for (const Command& command : Commands()) {
    EXPECT_EQ((command.traits & kBeforeAuth) != 0,
              command.op == Op::kHello || command.op == Op::kAuth || command.op == Op::kPing)
        << command.name;
  }
}

TEST(StatusCodes, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  std::set<std::string_view> texts;
  int known = 0;
  for (int number = 0; number < 256; ++number) {
    const auto code = static_cast<StatusCode>(number);
    if (NameOf(code) == "unknown_status") continue;
    ++known;
    names.insert(NameOf(code));
    texts.insert(TextOf(code));
  }
  EXPECT_EQ(known, 33);
  EXPECT_EQ(names.size(), 33u);
  EXPECT_EQ(texts.size(), 33u);
}

TEST(StatusCodes, SpeakTheOldWordsOnTheTextCodec) {
  EXPECT_EQ(TextOf(StatusCode::kNotAnInteger), "value is not an integer");
  EXPECT_EQ(TextOf(StatusCode::kOverflow), "integer overflow");
  EXPECT_EQ(TextOf(StatusCode::kMissingKey), "missing_key");
  EXPECT_EQ(TextOf(StatusCode::kInvalidTtl), "invalid_ttl");
}

}  // namespace
}  // namespace tagcache::protocol
