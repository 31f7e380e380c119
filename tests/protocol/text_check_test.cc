#include <gtest/gtest.h>

#include <string>

#include "protocol/text_codec.h"

// What the tab-delimited protocol cannot carry is refused by a sentence, never sent mangled
// (lessons 2). What is not refused round-trips: text_codec_test.cc and the fuzzer hold it to that.

namespace tagcache::protocol {
namespace {

using std::string_view;

Request Of(Op op, string_view key = "k") {
  Request request;
  request.op = op;
  request.key = key;
  return request;
}

// Why a write with this one tag, besides a good one, can not be sent.
string_view CheckTag(Op op, string_view tag) {
  const string_view tags[] = {"good", tag};
  Request request = Of(op);
  request.tags = tags;
  return CheckTextRequest(request);
}

TEST(CheckTextRequest, NamesTheCommandsThatHaveNoVerb) {
  EXPECT_EQ(CheckTextRequest(Of(Op::kTouch)), "the text protocol has no TOUCH command");
  for (const Command& command : Commands()) {
    if (!command.text_verb.empty()) continue;
    EXPECT_EQ(CheckTextRequest(Of(command.op)),
              "the text protocol has no " + std::string(command.name) + " command");
  }
}

TEST(CheckTextRequest, RefusesKeysWithLineBreakers) {
  for (const Op op : {Op::kGet, Op::kPut, Op::kAdd, Op::kDelete}) {
    EXPECT_EQ(CheckTextRequest(Of(op, "a\tb")), "the key holds a TAB");
    EXPECT_EQ(CheckTextRequest(Of(op, "a\nb")), "the key holds an LF");
    EXPECT_EQ(CheckTextRequest(Of(op, "a\r")), "the key holds a CR");
    EXPECT_EQ(CheckTextRequest(Of(op, "a b,c")), "");
  }
}

TEST(CheckTextRequest, RefusesToWriteTheEmptyKeyAndReadsIt) {
  EXPECT_EQ(CheckTextRequest(Of(Op::kPut, "")), "the key is empty");
  EXPECT_EQ(CheckTextRequest(Of(Op::kAdd, "")), "the key is empty");
  EXPECT_EQ(CheckTextRequest(Of(Op::kDelete, "")), "the key is empty");
  EXPECT_EQ(CheckTextRequest(Of(Op::kGet, "")), "");
}

TEST(CheckTextRequest, RefusesValuesThatALineWouldCut) {
  Request request = Of(Op::kPut);
  request.value = "a\nb";
  EXPECT_EQ(CheckTextRequest(request), "the value holds an LF");
  request.value = "a\r";
  EXPECT_EQ(CheckTextRequest(request), "the value ends with a CR");
  request.value = "a\r\tb";
  EXPECT_EQ(CheckTextRequest(request), "");
}

// Lessons 4: the line has no place for the type of a value.
TEST(CheckTextRequest, RefusesValuesWithFlags) {
  Request request = Of(Op::kPut);
  request.flags = 3;
  EXPECT_EQ(CheckTextRequest(request), "the value has flags");
}

TEST(CheckTextRequest, RefusesALeaseToken) {
  Request request = Of(Op::kPut);
  request.token = 1;
  EXPECT_EQ(CheckTextRequest(request), "a lease token is given");
}

TEST(CheckTextRequest, RefusesTagsThatAListWouldMangle) {
  for (const Op op : {Op::kPut, Op::kInvalidateTags}) {
    EXPECT_EQ(CheckTag(op, "a,b"), "a tag holds a comma");
    EXPECT_EQ(CheckTag(op, "a\tb"), "a tag holds a TAB");
    EXPECT_EQ(CheckTag(op, "a\nb"), "a tag holds an LF");
    EXPECT_EQ(CheckTag(op, "a\r"), "a tag holds a CR");
    EXPECT_EQ(CheckTag(op, ""), "a tag is empty");
    EXPECT_EQ(CheckTag(op, "-"), "");
  }
}

TEST(CheckTextRequest, RefusesBlanksAroundTagsOnlyWhereTheServerTrimsThem) {
  for (const string_view tag : {" a", "a ", "\va", "a\f"}) {
    EXPECT_EQ(CheckTag(Op::kInvalidateTags, tag), "a tag begins or ends with a blank");
    EXPECT_EQ(CheckTag(Op::kPut, tag), "");
  }
}

TEST(CheckTextRequest, RefusesATagListThatReadsAsNone) {
  const string_view dash[] = {"-"};
  Request request = Of(Op::kPut);
  request.tags = dash;
  EXPECT_EQ(CheckTextRequest(request), "the only tag is '-', which means none");
  request = Of(Op::kInvalidateTags);
  request.tags = dash;
  EXPECT_EQ(CheckTextRequest(request), "");
}

TEST(CheckTextRequest, RefusesToInvalidateNothing) {
  EXPECT_EQ(CheckTextRequest(Of(Op::kInvalidateTags)), "the list of tags is empty");
  EXPECT_EQ(CheckTextRequest(Of(Op::kInvalidateKeys)), "the list of keys is empty");
}

TEST(CheckTextRequest, RefusesListedKeysThatTheListWouldMangle) {
  const std::pair<string_view, string_view> cases[] = {
      {"", "a key is empty"},
      {"a,b", "a key holds a comma"},
      {"a\tb", "a key holds a TAB, CR or LF"},
      {"a\nb", "a key holds a TAB, CR or LF"},
      {"a\rb", "a key holds a TAB, CR or LF"},
      {" a", "a key begins or ends with a blank"},
      {"a ", "a key begins or ends with a blank"},
      {"a b", ""},
  };
  for (const auto& [key, why] : cases) {
    const string_view keys[] = {"good", key};
    Request request = Of(Op::kInvalidateKeys);
    request.keys = keys;
    EXPECT_EQ(CheckTextRequest(request), why) << key;
  }
}

Request Step(Op op, int64_t by, int64_t initial) {
  Request request = Of(op);
  request.by = by;
  request.initial = initial;
  request.flags = 1;
  return request;
}

TEST(CheckTextRequest, RefusesAnInitialValueOfItsOwn) {
  EXPECT_EQ(CheckTextRequest(Step(Op::kIncrement, 5, 5)), "");
  EXPECT_EQ(CheckTextRequest(Step(Op::kIncrement, 5, 0)), "the initial value is not the step");
  EXPECT_EQ(CheckTextRequest(Step(Op::kDecrement, 5, -5)), "");
  EXPECT_EQ(CheckTextRequest(Step(Op::kDecrement, 5, 5)),
            "the initial value is not the step, negated");
  EXPECT_EQ(CheckTextRequest(Step(Op::kDecrement, INT64_MIN, INT64_MIN)),
            "the step can not be negated");
}

TEST(CheckTextRequest, RefusesAStepThatIsNotOfAnIntegerOrTakesTagsAway) {
  Request request = Step(Op::kIncrement, 1, 1);
  request.flags = 0;
  EXPECT_EQ(CheckTextRequest(request), "the flags are not those of an integer");
  request = Step(Op::kIncrement, 1, 1);
  request.tags = Tags();
  EXPECT_EQ(CheckTextRequest(request), "the list of tags is given and empty");
}

TEST(CheckTextRequest, RefusesPagesOfKeys) {
  Request request = Of(Op::kKeysByTag);
  EXPECT_EQ(CheckTextRequest(request), "");
  request.limit = 10;
  EXPECT_EQ(CheckTextRequest(request), "a limit is given, and all keys come at once");
  request.limit = 0;
  request.cursor = 1;
  EXPECT_EQ(CheckTextRequest(request), "a cursor is given, and all keys come at once");
}

TEST(CheckTextRequest, RefusesCredentialsWithLineBreakers) {
  Request request = Of(Op::kAuth);
  request.password = "a\tb";
  EXPECT_EQ(CheckTextRequest(request), "the user name or the password holds a TAB, CR or LF");
  request.password = "a b";
  EXPECT_EQ(CheckTextRequest(request), "");
}

}  // namespace
}  // namespace tagcache::protocol
