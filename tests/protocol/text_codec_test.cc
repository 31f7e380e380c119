#include "protocol/text_codec.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/protocol/describe.h"
#include "tests/protocol/samples.h"

namespace tagcache::protocol {
namespace {

using std::string_view;

const string_view kAB[] = {"a", "b"};
const string_view kBlanks[] = {" a", "b "};

struct Decoded {
  bool ok = false;
  StatusCode error = StatusCode::kOk;
  std::string text;
};

Decoded Decode(string_view line) {
  Scratch scratch;
  Request request;
  Decoded decoded;
  decoded.ok = DecodeTextRequest(line, scratch, &request, &decoded.error);
  if (decoded.ok) decoded.text = Describe(request);
  return decoded;
}

Request Write(Op op, string_view key, string_view value, TtlMs ttl = {},
              std::optional<Tags> tags = {}) {
  Request request;
  request.op = op;
  request.key = key;
  request.value = value;
  request.ttl = ttl;
  request.tags = tags;
  return request;
}

Request Key(Op op, string_view key) { return Write(op, key, ""); }

Request Step(Op op, int64_t by, int64_t initial, TtlMs ttl = {}, std::optional<Tags> tags = {}) {
  Request request = Write(op, "k", "", ttl, tags);
  request.flags = 1;
  request.by = by;
  request.initial = initial;
  return request;
}

Request Invalidate(Mode mode, Tags tags) {
  Request request;
  request.op = Op::kInvalidateTags;
  request.mode = mode;
  request.tags = tags;
  return request;
}

Request Keys(std::span<const string_view> keys) {
  Request request;
  request.op = Op::kInvalidateKeys;
  request.keys = keys;
  return request;
}

Request Login(string_view user, string_view password) {
  Request request;
  request.op = Op::kAuth;
  request.user = user;
  request.password = password;
  return request;
}

struct Reading {
  string_view line;
  Request means;
};

TEST(TextRequests, MeanWhatTheGrammarSays) {
  constexpr int64_t kMin = INT64_MIN;
  constexpr int64_t kMax = INT64_MAX;
  const Reading readings[] = {
      {"PUT\tk", Key(Op::kPut, "k")},
      {"PUT\tk\t\t\tv", Write(Op::kPut, "k", "v")},
      {"PUT\tk\t-\t-\tv\twith\ttabs\t", Write(Op::kPut, "k", "v\twith\ttabs\t")},
      {"put\tk\t0\ta,b\tv", Write(Op::kPut, "k", "v", 0, Tags(kAB))},
      {"PuT\tk\t18446744073709551615\t-\tv", Write(Op::kPut, "k", "v", UINT64_MAX)},
      {"PUT\tk\t-\t,a,,b,\tv", Write(Op::kPut, "k", "v", {}, Tags(kAB))},
      {"PUT\tk\t-\t,,\tv", Write(Op::kPut, "k", "v")},
      {"PUT\tk\t-\t a,b \tv", Write(Op::kPut, "k", "v", {}, Tags(kBlanks))},
      {"PUT\t-\t-\t-\t-", Write(Op::kPut, "-", "-")},
      {"ADD\tk\t5\ta,b\tv\tw", Write(Op::kAdd, "k", "v\tw", 5, Tags(kAB))},
      {"INCR\tk", Step(Op::kIncrement, 1, 1)},
      {"INCR\tk\t+5", Step(Op::kIncrement, 5, 5)},
      {"INCR\tk\t-5\t60000\ta,b", Step(Op::kIncrement, -5, -5, 60000, Tags(kAB))},
      {"INCR\tk\t9223372036854775807\t-\t-", Step(Op::kIncrement, kMax, kMax)},
      {"INCR\tk\t-9223372036854775808", Step(Op::kIncrement, kMin, kMin)},
      {"DECR\tk", Step(Op::kDecrement, 1, -1)},
      {"DECR\tk\t-5", Step(Op::kDecrement, -5, 5)},
      {"DECR\tk\t7\t\ta,b", Step(Op::kDecrement, 7, -7, {}, Tags(kAB))},
      {"GET\tk", Key(Op::kGet, "k")},
      {"GET\t", Key(Op::kGet, "")},
      {"get\tk\tignored\t\tfields\t\t", Key(Op::kGet, "k")},
      {"GET\t\xFF\xFE not UTF-8", Key(Op::kGet, "\xFF\xFE not UTF-8")},
      {"DEL\tk", Key(Op::kDelete, "k")},
      {"INV_TAG\tt", Key(Op::kInvalidateTag, "t")},
      {"INV_TAG\t", Key(Op::kInvalidateTag, "")},
      {"INV_TAG\t a,b", Key(Op::kInvalidateTag, " a,b")},
      {"INV_TAGS_ANY\ta,b", Invalidate(Mode::kAny, kAB)},
      {"inv_tags_all\t a ,,\vb\f,", Invalidate(Mode::kAll, kAB)},
      {"INV_KEYS\ta, b", Keys(kAB)},
      {"KEYS_BY_TAG\tt", Key(Op::kKeysByTag, "t")},
      {"keys\tt", Key(Op::kKeysByTag, "t")},
      {"STATS", Key(Op::kStats, "")},
      {"FLUSH", Key(Op::kFlush, "")},
      {"AUTH\tuser\tpass word", Login("user", "pass word")},
      {"AUTH\tuser", Login("user", "")},
  };
  for (const Reading& reading : readings) {
    const Decoded decoded = Decode(reading.line);
    EXPECT_TRUE(decoded.ok) << reading.line;
    EXPECT_EQ(decoded.text, Describe(reading.means)) << reading.line;
  }
}

struct Refusal {
  string_view line;
  StatusCode error;
};

TEST(TextRequests, MalformedInEachKindOfWayAreRefusedByName) {
  const Refusal refusals[] = {
      {"PUT", StatusCode::kMissingKey},
      {"PUT\t", StatusCode::kMissingKey},
      {"PUT\t\t-\t-\tv", StatusCode::kMissingKey},
      {"ADD", StatusCode::kMissingKey},
      {"ADD\t\t-\t-\tv", StatusCode::kMissingKey},
      {"INCR", StatusCode::kMissingKey},
      {"INCR\t\t1", StatusCode::kMissingKey},
      {"DECR", StatusCode::kMissingKey},
      {"GET", StatusCode::kMissingKey},
      {"DEL", StatusCode::kMissingKey},
      {"INV_TAG", StatusCode::kMissingTag},
      {"KEYS_BY_TAG", StatusCode::kMissingTag},
      {"KEYS", StatusCode::kMissingTag},
      {"INV_TAGS_ANY", StatusCode::kMissingTags},
      {"INV_TAGS_ALL", StatusCode::kMissingTags},
      {"INV_TAGS_ANY\t", StatusCode::kEmptyTags},
      {"INV_TAGS_ALL\t , ,", StatusCode::kEmptyTags},
      {"INV_KEYS", StatusCode::kMissingKeys},
      {"INV_KEYS\t", StatusCode::kEmptyKeys},
      {"INV_KEYS\t, ", StatusCode::kEmptyKeys},
      {"PUT\tk\tnever\t-\tv", StatusCode::kInvalidTtl},
      {"PUT\tk\t-1\t-\tv", StatusCode::kInvalidTtl},
      {"PUT\tk\t+1\t-\tv", StatusCode::kInvalidTtl},
      {"PUT\tk\t1 \t-\tv", StatusCode::kInvalidTtl},
      {"PUT\tk\t1.5\t-\tv", StatusCode::kInvalidTtl},
      {"PUT\tk\t18446744073709551616\t-\tv", StatusCode::kInvalidTtl},
      {"ADD\tk\t0x10\t-\tv", StatusCode::kInvalidTtl},
      {"INCR\tk\t1\tsoon", StatusCode::kInvalidTtl},
      {"INCR\tk\tone", StatusCode::kInvalidBy},
      {"INCR\tk\t", StatusCode::kInvalidBy},
      {"INCR\tk\t+", StatusCode::kInvalidBy},
      {"INCR\tk\t+-1", StatusCode::kInvalidBy},
      {"INCR\tk\t1e3", StatusCode::kInvalidBy},
      {"INCR\tk\t 1", StatusCode::kInvalidBy},
      {"DECR\tk\t9223372036854775808", StatusCode::kInvalidBy},
      {"", StatusCode::kUnknownCommand},
      {"\tGET\tk", StatusCode::kUnknownCommand},
      {"GET k", StatusCode::kUnknownCommand},
      {"HELLO", StatusCode::kUnknownCommand},
      {"PING", StatusCode::kUnknownCommand},
      {"TOUCH\tk", StatusCode::kUnknownCommand},
      {string_view("GET\0\tk", 6), StatusCode::kUnknownCommand},
  };
  for (const Refusal& refusal : refusals) {
    const Decoded decoded = Decode(refusal.line);
    EXPECT_FALSE(decoded.ok) << refusal.line;
    EXPECT_EQ(NameOf(decoded.error), NameOf(refusal.error)) << refusal.line;
  }
}

TEST(TextLines, AreCutAtLfAndLoseEveryCrAtTheirEnd) {
  string_view rest = "GET\ta\r\r\n\n\r\nGET\tb\rc\nGET";
  const string_view lines[] = {"GET\ta", "", "", "GET\tb\rc"};
  size_t searched = 0;
  string_view line;
  size_t used = 0;
  for (const string_view expected : lines) {
    ASSERT_TRUE(ReadLine(rest, &searched, &line, &used));
    EXPECT_EQ(line, expected);
    rest.remove_prefix(used);
  }
  EXPECT_FALSE(ReadLine(rest, &searched, &line, &used));
  EXPECT_EQ(searched, 3u);
}

// All lines of `bytes`, fed in two pieces.
std::vector<std::string> LinesOf(string_view bytes, size_t cut) {
  std::vector<std::string> lines;
  size_t searched = 0;
  size_t start = 0;
  string_view line;
  size_t used = 0;
  for (const size_t end : {cut, bytes.size()}) {
    while (ReadLine(bytes.substr(start, end - start), &searched, &line, &used)) {
      lines.emplace_back(line);
      start += used;
    }
  }
  return lines;
}

// Requests that the text protocol can carry, the samples' and some more.
std::vector<Request> Expressible() {
  std::vector<Request> requests;
  for (const Request& request : SampleRequests()) {
    if (CheckTextRequest(request).empty()) requests.push_back(request);
  }
  requests.push_back(Write(Op::kPut, "k\v", "\tTABs and \r inside\t", 0, Tags(kAB)));
  requests.push_back(Write(Op::kAdd, "-", "-", 1, Tags(kBlanks)));
  requests.push_back(Step(Op::kDecrement, -5, 5, 7, Tags(kAB)));
  requests.push_back(Step(Op::kIncrement, INT64_MIN, INT64_MIN));
  requests.push_back(Invalidate(Mode::kAny, kAB));
  requests.push_back(Invalidate(Mode::kAll, kAB));
  requests.push_back(Keys(kAB));
  requests.push_back(Login("user", "pass, word"));
  return requests;
}

TEST(TextRequests, OfEveryVerbAreAmongTheRoundTrips) {
  std::string ops;
  for (const Request& request : Expressible()) {
    ops += std::string(CommandOf(request.op).name) + ",";
  }
  for (const Command& command : Commands()) {
    if (command.text_verb.empty()) continue;
    EXPECT_NE(ops.find(std::string(command.name) + ","), std::string::npos) << command.name;
  }
}

// Lessons 2 and 3: what is sent is what arrives, one line for one request, in any pieces.
TEST(TextRequests, RoundTripSplitAtEveryByte) {
  for (const Request& request : Expressible()) {
    ASSERT_EQ(CheckTextRequest(request), "");
    Buffer out;
    EncodeTextRequest(request, out);
    for (size_t cut = 0; cut <= out.size(); ++cut) {
      const std::vector<std::string> lines = LinesOf(out.view(), cut);
      ASSERT_EQ(lines.size(), 1u);
      Request expected = request;
      if (expected.tags && expected.tags->empty()) expected.tags.reset();
      ASSERT_EQ(Decode(lines[0]).text, Describe(expected));
    }
  }
}

TEST(TextRequests, ArePipelinedOneALine) {
  Buffer out;
  for (const Request& request : Expressible()) EncodeTextRequest(request, out);
  const std::vector<std::string> whole = LinesOf(out.view(), out.size());
  EXPECT_EQ(whole.size(), Expressible().size());
  for (size_t cut = 0; cut < out.size(); ++cut) ASSERT_EQ(LinesOf(out.view(), cut), whole);
}

struct Answer {
  Request request;
  Response response;
  string_view line;
};

Response Status(StatusCode status) {
  Response response;
  response.status = status;
  return response;
}

Response Number(int64_t number) {
  Response response;
  response.number = number;
  return response;
}

Response Value(string_view value) {
  Response response;
  response.value = value;
  return response;
}

Response KeyList(std::span<const string_view> keys) {
  Response response;
  response.keys = keys;
  return response;
}

std::string Encode(const Request& request, const Response& response) {
  Buffer out;
  out.Append("before\n");
  EncodeTextResponse(request, response, out);
  EXPECT_EQ(out.view().substr(0, 7), "before\n");
  return std::string(out.view().substr(7));
}

TEST(TextAnswers, ReadAsOlderClientsExpect) {
  const StatusCode ok = StatusCode::kOk;
  const Answer answers[] = {
      {Key(Op::kPut, "k"), Status(ok), "OK\n"},
      {Key(Op::kPut, "k"), Status(StatusCode::kValueTooLarge), "ERR value_too_large\n"},
      {Key(Op::kAdd, "k"), Status(ok), "ADDED\n"},
      {Key(Op::kAdd, "k"), Status(StatusCode::kExists), "EXISTS\n"},
      {Key(Op::kIncrement, "k"), Number(-7), "VALUE\t-7\n"},
      {Key(Op::kDecrement, "k"), Number(INT64_MIN), "VALUE\t-9223372036854775808\n"},
      {Key(Op::kIncrement, "k"), Status(StatusCode::kNotAnInteger),
       "ERR value is not an integer\n"},
      {Key(Op::kIncrement, "k"), Status(StatusCode::kOverflow), "ERR integer overflow\n"},
      {Key(Op::kGet, "k"), Value("v\tw\r."), "VALUE\tv\tw\r.\n"},
      {Key(Op::kGet, "k"), Value(""), "VALUE\t\n"},
      {Key(Op::kGet, "k"), Status(StatusCode::kNotFound), "NF\n"},
      {Key(Op::kDelete, "k"), Status(ok), "DEL ok\n"},
      {Key(Op::kDelete, "k"), Status(StatusCode::kNotFound), "DEL nf\n"},
      {Key(Op::kInvalidateTag, "t"), Number(3), "INV_TAG\t3\n"},
      {Invalidate(Mode::kAny, kAB), Number(0), "INV_TAGS_ANY\t0\n"},
      {Invalidate(Mode::kAll, kAB), Number(1), "INV_TAGS_ALL\t1\n"},
      {Keys(kAB), Number(2), "INV_KEYS\t2\n"},
      {Key(Op::kKeysByTag, "t"), KeyList(kAB), "KEYS\ta,b\n"},
      {Key(Op::kKeysByTag, "t"), KeyList({}), "KEYS\t\n"},
      {Key(Op::kFlush, ""), Number(12), "FLUSH\t12\n"},
      {Login("u", "p"), Status(ok), "OK\n"},
      {Login("u", "p"), Status(StatusCode::kAuthFailed), "ERR auth_failed\n"},
  };
  for (const Answer& answer : answers) {
    EXPECT_EQ(Encode(answer.request, answer.response), answer.line);
  }
}

TEST(TextAnswers, OfStatsHoldTheFourCountersAndTheirRatio) {
  const std::pair<string_view, string_view> counted[] = {
      {"uptime", "9"}, {"misses", "1"}, {"hits", "2"}, {"invalidations", "4"}, {"puts", "3"}};
  Response response;
  response.stats = counted;
  EXPECT_EQ(Encode(Key(Op::kStats, ""), response), "STATS\t2\t1\t3\t4\t0.666667\n");
  response.stats = {};
  EXPECT_EQ(Encode(Key(Op::kStats, ""), response), "STATS\t0\t0\t0\t0\t0.000000\n");
}

// Lessons 2: a newline in a value never becomes a second line.
TEST(TextAnswers, ThatALineCannotCarryAreErrorsInstead) {
  for (const string_view value : {"a\nb", "\n", "ends with CR\r", "\r\n"}) {
    EXPECT_EQ(Encode(Key(Op::kGet, "k"), Value(value)), "ERR unrepresentable\n");
  }
  for (const string_view key : {"a,b", "a\nb", "a\tb", "a\rb", ""}) {
    const string_view keys[] = {"fine", key};
    EXPECT_EQ(Encode(Key(Op::kKeysByTag, "t"), KeyList(keys)), "ERR unrepresentable\n");
  }
}

TEST(TextAnswers, ToLinesThatDidNotDecodeNameTheError) {
  Buffer out;
  EncodeTextError(StatusCode::kUnknownCommand, out);
  EncodeTextError(StatusCode::kLineTooLong, out);
  EXPECT_EQ(out.view(), "ERR unknown_command\nERR line_too_long\n");
}

// What a line decodes to as the answer to `op`; empty when it is none.
std::string DecodeAnswer(Op op, string_view line) {
  Scratch scratch;
  Response response;
  if (!DecodeTextResponse(op, line, scratch, &response)) return "";
  EXPECT_EQ(response.op, op);
  return Describe(response);
}

TEST(TextAnswers, RoundTripSplitAtEveryByte) {
  const StatusCode ok = StatusCode::kOk;
  const Answer answers[] = {
      {Key(Op::kPut, "k"), Status(ok), {}},
      {Key(Op::kAdd, "k"), Status(ok), {}},
      {Key(Op::kAdd, "k"), Status(StatusCode::kExists), {}},
      {Key(Op::kIncrement, "k"), Number(-7), {}},
      {Key(Op::kDecrement, "k"), Number(INT64_MAX), {}},
      {Key(Op::kGet, "k"), Value("v\tw"), {}},
      {Key(Op::kGet, "k"), Value("NF"), {}},
      {Key(Op::kGet, "k"), Value("ERR overflow"), {}},
      {Key(Op::kGet, "k"), Value(""), {}},
      {Key(Op::kGet, "k"), Status(StatusCode::kNotFound), {}},
      {Key(Op::kDelete, "k"), Status(ok), {}},
      {Key(Op::kDelete, "k"), Status(StatusCode::kNotFound), {}},
      {Key(Op::kInvalidateTag, "t"), Number(3), {}},
      {Invalidate(Mode::kAny, kAB), Number(0), {}},
      {Invalidate(Mode::kAll, kAB), Number(1), {}},
      {Keys(kAB), Number(2), {}},
      {Key(Op::kKeysByTag, "t"), KeyList(kAB), {}},
      {Key(Op::kKeysByTag, "t"), KeyList({}), {}},
      {Key(Op::kFlush, ""), Number(12), {}},
      {Login("u", "p"), Status(ok), {}},
  };
  for (const Answer& answer : answers) {
    const std::string bytes = Encode(answer.request, answer.response);
    Response expected = answer.response;
    expected.op = answer.request.op;
    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
      const std::vector<std::string> lines = LinesOf(bytes, cut);
      ASSERT_EQ(lines.size(), 1u);
      ASSERT_EQ(DecodeAnswer(expected.op, lines[0]), Describe(expected));
    }
  }
}

TEST(TextAnswers, OfStatsComeBackByName) {
  const std::pair<string_view, string_view> named[] = {
      {"hits", "2"}, {"misses", "1"}, {"puts", "3"}, {"invalidations", "4"}, {"ratio", "0.666667"}};
  Response expected;
  expected.op = Op::kStats;
  expected.stats = named;
  EXPECT_EQ(DecodeAnswer(Op::kStats, "STATS\t2\t1\t3\t4\t0.666667"), Describe(expected));
}

TEST(TextAnswers, OfEveryErrorComeBackAsTheirStatusWithTheWords) {
  for (int number = 16; number < 256; ++number) {
    const auto code = static_cast<StatusCode>(number);
    if (NameOf(code) == "unknown_status") continue;
    Response expected;
    expected.op = Op::kGet;
    expected.status = code;
    expected.message = TextOf(code);
    EXPECT_EQ(DecodeAnswer(Op::kGet, "ERR " + std::string(TextOf(code))), Describe(expected));
    EXPECT_EQ(DecodeAnswer(Op::kGet, "ERR\t" + std::string(TextOf(code))), Describe(expected));
  }
}

TEST(TextAnswers, OfErrorsNobodyKnowsAreBadRequestsWithTheWords) {
  Response expected;
  expected.op = Op::kPut;
  expected.status = StatusCode::kBadRequest;
  for (const string_view words : {"disk on fire", "", "not_found", "unknown_status"}) {
    expected.message = words;
    EXPECT_EQ(DecodeAnswer(Op::kPut, "ERR " + std::string(words)), Describe(expected));
  }
}

struct Nonsense {
  Op op;
  string_view line;
};

TEST(TextAnswers, ThatDoNotAnswerTheCommandAreNotTaken) {
  const Nonsense nonsense[] = {
      {Op::kGet, ""},
      {Op::kGet, "VALUE"},
      {Op::kGet, "OK"},
      {Op::kGet, "NFX"},
      {Op::kPut, "VALUE\tv"},
      {Op::kPut, "ADDED"},
      {Op::kAdd, "OK"},
      {Op::kDelete, "DEL"},
      {Op::kDelete, "DEL\tok"},
      {Op::kIncrement, "VALUE\t"},
      {Op::kIncrement, "VALUE\t1x"},
      {Op::kIncrement, "VALUE\t9223372036854775808"},
      {Op::kInvalidateTag, "INV_TAGS_ANY\t1"},
      {Op::kInvalidateTags, "INV_TAG\t1"},
      {Op::kInvalidateTags, "\t1"},
      {Op::kInvalidateKeys, "INV_KEYS\t"},
      {Op::kKeysByTag, "KEYS"},
      {Op::kStats, "STATS\t1\t2\t3\t4"},
      {Op::kFlush, "FLUSH"},
      {Op::kMGet, "VALUE\tv"},
      {Op::kPing, "PONG"},
  };
  for (const Nonsense& test : nonsense) {
    EXPECT_EQ(DecodeAnswer(test.op, test.line), "") << test.line;
  }
}

}  // namespace
}  // namespace tagcache::protocol
