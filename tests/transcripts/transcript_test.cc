// The format and the comparison themselves: what is wrong must show.

#include "tests/transcripts/transcript.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/transcripts/codec_exchange.h"

namespace tagcache::transcripts {
namespace {

Transcript Parse(const std::vector<std::string>& lines) {
  TranscriptParser parser("test");
  for (const std::string& line : lines) parser.Line(line);
  return parser.Finish();
}

Step Expect(const std::string& line) { return Parse({"> GET key=\"k\"", line}).steps[1]; }

Answer GotValue(const std::string& value) {
  Answer answer;
  answer.status = "ok";
  answer.Set("value", Datum::Bytes(value));
  answer.Set("flags", Datum::Number(7));
  return answer;
}

TEST(TranscriptFormat, ReadsBytesWithEscapesAndRepetitions) {
  const Transcript transcript =
      Parse({"raw", "> \"a\\t\\n\\r\\0\\\\\\\"\\xfe\" c7 u16:258 u8:-1 \"xy\"*3  # comment"});
  const std::string expected("a\t\n\r\0\\\"\xfe\xc7\x02\x01\xffxyxyxy", 18);
  EXPECT_EQ(transcript.steps[0].bytes, expected);
}

TEST(TranscriptFormat, ReadsFields) {
  const Step step =
      Parse({"> MPUT items=[{key=\"a\" value=\"\"}, {key=\"b\" value=\"v\" ttl=5}] limit=-3"})
          .steps[0];
  EXPECT_EQ(step.name, "MPUT");
  const Datum& items = *step.fields.Find("items");
  ASSERT_EQ(items.list.size(), 2u);
  EXPECT_EQ(items.list[1].Find("ttl")->number, 5);
  EXPECT_EQ(step.fields.Find("limit")->number, -3);
}

TEST(TranscriptFormat, RefusesWhatItDoesNotKnow) {
  for (const char* line :
       {"bogus", "> GET key=", "> GET key=\"k", "> GET key=\"\\q\"", "> GET key=\"k\" key=\"k\"",
        "< ok", "connect", "<~ \"x\"", "server", "raw more", "> GET keys=[\"a\" \"b\"]"}) {
    EXPECT_THROW(Parse({line}), ParseError) << line;
  }
  for (const char* line : {"> g0", "> u12:5", "> \"a\" \"b", "<frame opcode", "<closed now"}) {
    EXPECT_THROW(Parse({"raw", line}), ParseError) << line;
  }
  EXPECT_THROW(Parse({"> GET key=\"k\"", "> GET key=\"k\""}), ParseError);
  EXPECT_THROW(Parse({"> GET key=\"k\"", "< ok", "raw"}), ParseError);
}

TEST(TranscriptFormat, RefusesFieldsThatNoRequestHas) {
  EXPECT_THROW(StepRequest(Parse({"> GET key=5"}).steps[0]), ParseError);
  EXPECT_THROW(StepRequest(Parse({"> GET colour=\"red\""}).steps[0]), ParseError);
  EXPECT_THROW(StepRequest(Parse({"> BOGUS"}).steps[0]), ParseError);
}

TEST(TranscriptComparison, AcceptsTheAnswerThatWasExpected) {
  EXPECT_EQ(Difference(Expect("< ok value=\"v\""), GotValue("v")), "");
  EXPECT_EQ(Difference(Expect("< ok value=\"v\" flags=7"), GotValue("v")), "");
  EXPECT_EQ(Difference(Expect("< ok value=\"v\" flags=5..7"), GotValue("v")), "");
}

TEST(TranscriptComparison, RefusesAnyOther) {
  EXPECT_NE(Difference(Expect("< not_found"), GotValue("v")), "");
  EXPECT_NE(Difference(Expect("< ok value=\"w\""), GotValue("v")), "");
  EXPECT_NE(Difference(Expect("< ok value=\"v\" flags=8"), GotValue("v")), "");
  EXPECT_NE(Difference(Expect("< ok value=\"v\" flags=8..9"), GotValue("v")), "");
  EXPECT_NE(Difference(Expect("< ok value=\"v\" number=1"), GotValue("v")), "");
  EXPECT_NE(Difference(Expect("< ok value=5"), GotValue("5")), "");
}

TEST(TranscriptComparison, ComparesLongValuesToTheirEnds) {
  const std::string head(200, 'x');
  EXPECT_NE(Difference(Expect("< ok value=\"" + head + "a\""), GotValue(head + "b")), "");
}

TEST(TranscriptComparison, WantsThePointOfAnAnswerSaid) {
  EXPECT_NE(Difference(Expect("< ok"), GotValue("v")), "");
}

TEST(TranscriptComparison, ComparesListsItemByItem) {
  Answer answer;
  answer.status = "ok";
  answer.Set("values", Datum::List({Datum::Bytes("a"), Datum::Word("miss")}));
  EXPECT_EQ(Difference(Expect("< ok values=[\"a\", miss]"), answer), "");
  EXPECT_NE(Difference(Expect("< ok values=[\"a\", \"miss\"]"), answer), "");
  EXPECT_NE(Difference(Expect("< ok values=[miss, \"a\"]"), answer), "");
  EXPECT_NE(Difference(Expect("< ok values=[\"a\"]"), answer), "");
}

}  // namespace
}  // namespace tagcache::transcripts
