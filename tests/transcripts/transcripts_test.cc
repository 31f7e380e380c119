// Runs every file of data/ against a real server: on each codec that has its commands, over TCP and
// the Unix socket, with one worker and with four. The format is described in README.md.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "protocol/command.h"
#include "tests/support/server_process.h"
#include "tests/transcripts/codec_exchange.h"
#include "tests/transcripts/peer.h"
#include "tests/transcripts/transcript.h"

namespace tagcache::transcripts {
namespace {

enum class Codec { kRaw, kBinary, kText };
enum class Way { kTcp, kUnix };
// How requests go out: one after the other's answer, all in one write, or each on the next of
// several connections (which then sit on different workers).
enum class Pace { kStepwise, kAtOnce, kSpread };

constexpr size_t kSpreadConnections = 6;

struct Shape {
  const Transcript* transcript;
  Codec codec;
  Way way;
  int workers;
  Pace pace;
};

const std::vector<Transcript>& AllTranscripts() {
  static const std::vector<Transcript>* const all = new std::vector<Transcript>(
      LoadTranscripts(std::filesystem::path(TAGCACHE_SOURCE_DIR) / "tests/transcripts/data"));
  return *all;
}

// Fields that lines do not carry.
bool NeedsBinary(const Step& step) {
  for (const char* name : {"flags", "initial", "cursor", "limit"}) {
    if (step.fields.Find(name) != nullptr) return true;
  }
  return false;
}

bool RunsOnText(const Transcript& transcript) {
  if (transcript.raw || !transcript.binary_only.empty()) return false;
  return std::none_of(transcript.steps.begin(), transcript.steps.end(), [](const Step& step) {
    if (NeedsBinary(step)) return true;
    const protocol::Command* const command =
        step.verb == ">" ? FindCommandNamed(step.name) : nullptr;
    return command != nullptr && command->text_verb.empty();
  });
}

std::vector<Shape> AllShapes() {
  std::vector<Shape> shapes;
  for (const Transcript& transcript : AllTranscripts()) {
    std::vector<Codec> codecs = {transcript.raw ? Codec::kRaw : Codec::kBinary};
    if (RunsOnText(transcript)) codecs.push_back(Codec::kText);
    std::vector<Pace> paces = {Pace::kStepwise};
    if (!transcript.raw) paces.push_back(Pace::kAtOnce);
    if (!transcript.raw && !transcript.one_connection) paces.push_back(Pace::kSpread);
    for (const Codec codec : codecs) {
      for (const Way way : {Way::kTcp, Way::kUnix}) {
        for (const int workers : {1, 4}) {
          for (const Pace pace : paces) shapes.push_back({&transcript, codec, way, workers, pace});
        }
      }
    }
  }
  return shapes;
}

std::string NameOf(const Shape& shape) {
  static constexpr const char* kCodecs[] = {"raw", "binary", "text"};
  static constexpr const char* kWays[] = {"tcp", "unix"};
  static constexpr const char* kPaces[] = {"stepwise", "at_once", "spread"};
  return shape.transcript->name + "_" + kCodecs[static_cast<int>(shape.codec)] + "_" +
         kWays[static_cast<int>(shape.way)] + "_" + std::to_string(shape.workers) +
         (shape.workers == 1 ? "worker_" : "workers_") + kPaces[static_cast<int>(shape.pace)];
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << NameOf(shape); }

class TranscriptCase : public ::testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    std::vector<std::string> flags = GetParam().transcript->server_flags;
    flags.push_back("--workers=" + std::to_string(GetParam().workers));
    server_ = std::make_unique<testing::ServerProcess>(flags);
  }

  Peer Connect() const {
    Peer peer = GetParam().way == Way::kTcp ? Peer::Tcp(server_->port())
                                            : Peer::Unix(server_->socket_path());
    EXPECT_TRUE(peer.connected());
    return peer;
  }
  std::string Where(const Step& step) const {
    return GetParam().transcript->name + ".transcript:" + std::to_string(step.line);
  }

  // Nothing but what the transcript says may come, and the server ends the connection when its
  // peer has.
  void ExpectSilence(Peer& peer) {
    peer.FinishSending();
    std::string rest;
    EXPECT_TRUE(peer.ReadToEnd(&rest)) << "the server keeps a connection whose peer has finished";
    EXPECT_EQ(rest, "");
  }

  void RunCommands();
  void RunRaw();
  void ExpectFrame(const Step& step, Peer& peer);

 private:
  std::unique_ptr<testing::ServerProcess> server_;
};

// A connection and its place in a transcript of commands.
struct Line {
  explicit Line(Peer p) : peer(std::move(p)) {}
  Peer peer;
  MessageReader messages;
};

void TranscriptCase::RunCommands() {
  const Shape& shape = GetParam();
  std::vector<Line> lines;
  const size_t connections = shape.pace == Pace::kSpread ? kSpreadConnections : 1;
  while (lines.size() < connections) lines.emplace_back(Connect());

  const std::vector<Step>& steps = shape.transcript->steps;
  std::string together;
  std::vector<std::function<void()>> answers;
  for (size_t i = 0; i + 1 < steps.size(); i += 2) {
    StepRequest asked(steps[i]);
    protocol::Request& request = asked.request();
    request.id = i / 2 + 1;
    protocol::Buffer bytes;
    if (shape.codec == Codec::kText) {
      ASSERT_EQ(protocol::CheckTextRequest(request), "") << Where(steps[i]);
      protocol::EncodeTextRequest(request, bytes);
    } else {
      protocol::EncodeRequest(request, protocol::kBaseMaxFrame, bytes);
    }
    Line& line = lines[i / 2 % lines.size()];
    const auto answer = [this, &line, &shape, &expected = steps[i + 1], op = request.op,
                         id = request.id] {
      const Answer got = shape.codec == Codec::kText
                             ? TextAnswer(op, line.peer.ReadLine())
                             : BinaryAnswer(op, line.messages.Read(line.peer, id));
      EXPECT_EQ(Difference(expected, got), "") << Where(expected);
    };
    if (shape.pace == Pace::kAtOnce) {
      together.append(bytes.view());
      answers.push_back(answer);
      continue;
    }
    ASSERT_TRUE(line.peer.Send(bytes.view())) << Where(steps[i]);
    answer();
  }
  if (!together.empty()) {
    ASSERT_TRUE(lines[0].peer.Send(together));
  }
  for (const auto& answer : answers) answer();
  for (Line& line : lines) ExpectSilence(line.peer);
}

void TranscriptCase::ExpectFrame(const Step& step, Peer& peer) {
  MessageReader reader;
  const std::optional<Message> message = reader.ReadAny(peer);
  ASSERT_TRUE(message) << Where(step) << ": no answer";
  Answer answer;
  answer.Set("opcode", Datum::Number(message->opcode));
  answer.Set("status", Datum::Word(protocol::NameOf(message->status)));
  answer.Set("id", Datum::Number(static_cast<int64_t>(message->id)));
  answer.Set("message", Datum::Bytes(message->body));
  EXPECT_EQ(Difference(step, answer), "") << Where(step);
}

void TranscriptCase::RunRaw() {
  Peer peer = Connect();
  std::vector<Peer> others;  // stay open
  bool closed = false;
  for (const Step& step : GetParam().transcript->steps) {
    if (step.verb == ">") {
      // A server that closes while it is written to has its reason in the next step.
      peer.Send(step.bytes);
    } else if (step.verb == "<") {
      const std::string got = peer.Read(step.bytes.size());
      ASSERT_EQ(Show(Datum::Bytes(got)), Show(Datum::Bytes(step.bytes))) << Where(step);
      ASSERT_TRUE(got == step.bytes) << Where(step);
    } else if (step.verb == "<~") {
      const std::string line = peer.ReadLine();
      ASSERT_TRUE(std::regex_match(line, std::regex(step.bytes))) << Where(step) << ": " << line;
    } else if (step.verb == "<frame") {
      ExpectFrame(step, peer);
    } else if (step.verb == "<closed") {
      std::string rest;
      ASSERT_TRUE(peer.ReadToEnd(&rest)) << Where(step) << ": the server did not close";
      ASSERT_EQ(rest, "") << Where(step);
      closed = true;
    } else {
      if (step.verb == "connect_too") {
        others.push_back(std::move(peer));
      } else if (!closed) {
        ExpectSilence(peer);
      }
      peer = Connect();
      closed = false;
    }
    if (HasFatalFailure()) return;
  }
  if (!closed) ExpectSilence(peer);
}

TEST_P(TranscriptCase, IsAnsweredAsWritten) {
  if (GetParam().transcript->raw) {
    RunRaw();
  } else {
    RunCommands();
  }
}

INSTANTIATE_TEST_SUITE_P(Transcripts, TranscriptCase, ::testing::ValuesIn(AllShapes()),
                         [](const auto& info) { return NameOf(info.param); });

// What the transcripts, taken together, speak of.

std::set<std::string> NamesOf(const std::string& verb) {
  std::set<std::string> names;
  for (const Transcript& transcript : AllTranscripts()) {
    for (const Step& step : transcript.steps) {
      if (step.verb == verb && !transcript.raw) names.insert(step.name);
      const Datum* const status = step.fields.Find("status");
      if (verb == "<" && step.verb == "<frame" && status != nullptr) names.insert(status->text);
    }
  }
  return names;
}

TEST(TranscriptCoverage, EveryCommandOfTheTableOccurs) {
  const std::set<std::string> asked = NamesOf(">");
  for (const protocol::Command& command : protocol::Commands()) {
    EXPECT_EQ(asked.count(std::string(command.name)), 1u) << command.name << " is in no transcript";
  }
}

TEST(TranscriptCoverage, EveryVerbOfTheTextProtocolOccursAsWritten) {
  std::set<std::string> verbs;
  for (const Transcript& transcript : AllTranscripts()) {
    for (const Step& step : transcript.steps) {
      if (transcript.raw && step.verb == ">") {
        const std::string front = step.bytes.substr(0, 64);
        verbs.insert(front.substr(0, front.find_first_of("\t\n\r")));
      }
    }
  }
  for (const protocol::Command& command : protocol::Commands()) {
    for (const std::string_view verb : {command.text_verb, command.text_alias}) {
      if (verb.empty()) continue;
      EXPECT_EQ(verbs.count(std::string(verb)), 1u) << verb;
    }
  }
}

TEST(TranscriptCoverage, EveryRefusalOccurs) {
  using protocol::StatusCode;
  // A transcript can not bring these about: memory that runs out, a server that is stopped, and an
  // answer of 64 MiB of keys.
  const std::set<StatusCode> elsewhere = {StatusCode::kOutOfMemory, StatusCode::kShuttingDown,
                                          StatusCode::kReplyTooLarge};
  std::string everything;
  for (const Transcript& transcript : AllTranscripts()) {
    for (const Step& step : transcript.steps) {
      if (transcript.raw && step.verb == "<") everything += step.bytes;
    }
  }
  const std::set<std::string> answered = NamesOf("<");
  for (int number = 0; number < 256; ++number) {
    const auto code = static_cast<StatusCode>(number);
    const std::string name(protocol::NameOf(code));
    if (name == "unknown_status" || elsewhere.count(code) != 0) continue;
    const std::string line = "ERR " + std::string(protocol::TextOf(code)) + "\n";
    EXPECT_TRUE(answered.count(name) != 0 || everything.find(line) != std::string::npos)
        << name << " is expected by no transcript";
  }
}

TEST(TranscriptCoverage, CommandsOfBothCodecsRunOnBoth) {
  std::set<std::string> on_text;
  for (const Transcript& transcript : AllTranscripts()) {
    if (!RunsOnText(transcript)) continue;
    for (const Step& step : transcript.steps) on_text.insert(step.name);
  }
  for (const protocol::Command& command : protocol::Commands()) {
    if (command.text_verb.empty()) continue;
    EXPECT_EQ(on_text.count(std::string(command.name)), 1u) << command.name;
  }
}

}  // namespace
}  // namespace tagcache::transcripts
