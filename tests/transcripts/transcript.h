#ifndef TAGCACHE_TESTS_TRANSCRIPTS_TRANSCRIPT_H_
#define TAGCACHE_TESTS_TRANSCRIPTS_TRANSCRIPT_H_

// Transcripts: requests and the answers that are expected, as data. The format is described in
// README.md next to this file.

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tagcache::transcripts {

// A value of the format. Equality is what an expectation means; ranges match numbers.
struct Datum {
  enum class Kind { kBytes, kNumber, kRange, kWord, kList, kRecord };

  Datum() = default;
  explicit Datum(Kind k, std::string_view t = {}) : kind(k), text(t) {}

  static Datum Bytes(std::string_view bytes) { return Datum(Kind::kBytes, bytes); }
  static Datum Word(std::string_view word) { return Datum(Kind::kWord, word); }
  static Datum Number(int64_t number) {
    Datum datum(Kind::kNumber);
    datum.number = number;
    return datum;
  }
  static Datum List(std::vector<Datum> list) {
    Datum datum(Kind::kList);
    datum.list = std::move(list);
    return datum;
  }

  const Datum* Find(std::string_view name) const {
    for (const auto& [key, value] : fields) {
      if (key == name) return &value;
    }
    return nullptr;
  }

  Kind kind = Kind::kWord;
  std::string text;    // kBytes, kWord
  int64_t number = 0;  // kNumber; kRange: the lowest
  int64_t highest = 0;
  std::vector<Datum> list;
  std::vector<std::pair<std::string, Datum>> fields;  // kRecord
};

inline std::string Show(const Datum& datum) {
  switch (datum.kind) {
    case Datum::Kind::kBytes: {
      std::string shown = "\"";
      for (const char c : datum.text.substr(0, 80)) {
        const auto byte = static_cast<unsigned char>(c);
        static constexpr char kHex[] = "0123456789abcdef";
        if (byte >= 0x20 && byte < 0x7F) {
          shown += c;
        } else {
          shown.append("\\x").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
        }
      }
      shown += '"';
      if (datum.text.size() > 80) shown += " (" + std::to_string(datum.text.size()) + " bytes)";
      return shown;
    }
    case Datum::Kind::kNumber:
      return std::to_string(datum.number);
    case Datum::Kind::kRange:
      return std::to_string(datum.number) + ".." + std::to_string(datum.highest);
    case Datum::Kind::kWord:
      return datum.text;
    case Datum::Kind::kList: {
      std::string shown = "[";
      for (const Datum& item : datum.list) shown += (shown.size() > 1 ? ", " : "") + Show(item);
      return shown + "]";
    }
    case Datum::Kind::kRecord: {
      std::string shown = "{";
      for (const auto& [name, value] : datum.fields) {
        shown += (shown.size() > 1 ? " " : "") + name + "=" + Show(value);
      }
      return shown + "}";
    }
  }
  return {};
}

inline bool Matches(const Datum& expected, const Datum& actual) {
  if (expected.kind == Datum::Kind::kRange) {
    return actual.kind == Datum::Kind::kNumber && actual.number >= expected.number &&
           actual.number <= expected.highest;
  }
  if (expected.kind != actual.kind || expected.text != actual.text ||
      expected.number != actual.number || expected.list.size() != actual.list.size() ||
      expected.fields.size() != actual.fields.size()) {
    return false;
  }
  for (size_t i = 0; i < expected.list.size(); ++i) {
    if (!Matches(expected.list[i], actual.list[i])) return false;
  }
  for (const auto& [name, value] : expected.fields) {
    const Datum* const other = actual.Find(name);
    if (other == nullptr || !Matches(value, *other)) return false;
  }
  return true;
}

// One line: a request ('>'), an expectation ('<', '<~', '<frame', '<closed'), or 'connect'.
struct Step {
  std::string verb;   // ">", "<", "<~", "<frame", "<closed", "connect"
  std::string name;   // of the command or status, in files of commands
  Datum fields;       // a record
  std::string bytes;  // in raw files
  int line = 0;
};

struct Transcript {
  std::string name;
  bool raw = false;
  std::string binary_only;  // why this file is not run on the text codec, or empty
  bool one_connection = false;
  std::vector<std::string> server_flags;
  std::vector<Step> steps;
};

class ParseError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Reads the tokens of one line.
class LineParser {
 public:
  LineParser(std::string_view text, std::string where) : text_(text), where_(std::move(where)) {}

  bool AtEnd() {
    SkipSpace();
    return text_.empty() || text_[0] == '#';
  }
  std::string Word() {
    SkipSpace();
    size_t n = 0;
    while (n < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[n])) != 0 ||
                                text_[n] == '_' || text_[n] == '.')) {
      ++n;
    }
    if (n == 0) Fail("a word is missing");
    return Take(n);
  }
  Datum Value();
  // name=value ... up to the end of the line, or '}'.
  Datum Record();
  // Quoted strings, hex pairs and u8: u16: u32: u64: numbers, up to the end of the line.
  std::string Bytes();
  std::string Quoted();

  [[noreturn]] void Fail(const std::string& what) const { throw ParseError(where_ + ": " + what); }

 private:
  void SkipSpace() {
    while (!text_.empty() && text_[0] == ' ') text_.remove_prefix(1);
  }
  std::string Take(size_t n) {
    const std::string taken(text_.substr(0, n));
    text_.remove_prefix(n);
    return taken;
  }
  bool TakeIf(std::string_view what) {
    SkipSpace();
    if (text_.substr(0, what.size()) != what) return false;
    text_.remove_prefix(what.size());
    return true;
  }
  int64_t Number() {
    size_t n = text_.substr(0, 1) == "-" ? 1 : 0;
    while (n < text_.size() && std::isdigit(static_cast<unsigned char>(text_[n])) != 0) ++n;
    try {
      return std::stoll(Take(n));
    } catch (const std::exception&) {
      Fail("a number is missing or too large");
    }
  }
  int HexDigit() {
    if (text_.empty() || std::isxdigit(static_cast<unsigned char>(text_[0])) == 0) {
      Fail("a hexadecimal digit is missing");
    }
    return std::stoi(Take(1), nullptr, 16);
  }
  char Escape() {
    if (text_.empty()) Fail("the line ends in an escape");
    switch (Take(1)[0]) {
      case 't':
        return '\t';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case '0':
        return '\0';
      case '\\':
        return '\\';
      case '"':
        return '"';
      case 'x': {
        const int high = HexDigit();
        return static_cast<char>(high * 16 + HexDigit());
      }
      default:
        Fail("an escape is unknown");
    }
  }

  std::string_view text_;
  std::string where_;
};

inline std::string LineParser::Quoted() {
  if (!TakeIf("\"")) Fail("a quoted string is missing");
  std::string bytes;
  while (!text_.empty() && text_[0] != '"') {
    const char c = Take(1)[0];
    bytes += c == '\\' ? Escape() : c;
  }
  if (text_.empty()) Fail("a quoted string does not end");
  Take(1);
  if (text_.substr(0, 1) != "*") return bytes;
  Take(1);
  const auto size = bytes.size() * static_cast<size_t>(Number());
  std::string repeated = bytes;
  while (!repeated.empty() && repeated.size() < size) repeated += repeated;
  repeated.resize(size);
  return repeated;
}

inline Datum LineParser::Value() {
  SkipSpace();
  if (text_.empty()) Fail("a value is missing");
  if (text_[0] == '"') return Datum::Bytes(Quoted());
  if (TakeIf("[")) {
    std::vector<Datum> list;
    while (!TakeIf("]")) {
      if (!list.empty() && !TakeIf(",")) Fail("a comma is missing in a list");
      list.push_back(Value());
    }
    return Datum::List(std::move(list));
  }
  if (TakeIf("{")) {
    Datum record = Record();
    if (!TakeIf("}")) Fail("a '}' is missing");
    return record;
  }
  if (text_[0] != '-' && std::isdigit(static_cast<unsigned char>(text_[0])) == 0) {
    return Datum::Word(Word());
  }
  Datum datum = Datum::Number(Number());
  if (text_.substr(0, 2) == "..") {
    Take(2);
    datum.kind = Datum::Kind::kRange;
    datum.highest = Number();
  }
  return datum;
}

inline Datum LineParser::Record() {
  Datum record(Datum::Kind::kRecord);
  while (!AtEnd() && text_[0] != '}') {
    const std::string name = Word();
    if (!TakeIf("=")) Fail("'=' is missing after " + name);
    if (record.Find(name) != nullptr) Fail(name + " is given twice");
    record.fields.emplace_back(name, Value());
  }
  return record;
}

inline std::string LineParser::Bytes() {
  std::string bytes;
  while (!AtEnd()) {
    if (text_[0] == '"') {
      bytes += Quoted();
      continue;
    }
    if (text_[0] != 'u') {
      const int high = HexDigit();
      bytes += static_cast<char>(high * 16 + HexDigit());
      continue;
    }
    Take(1);
    const int64_t bits = Number();
    if (bits != 8 && bits != 16 && bits != 32 && bits != 64) Fail("a width is 8, 16, 32 or 64");
    if (!TakeIf(":")) Fail("':' is missing after a width");
    auto number = static_cast<uint64_t>(Number());
    for (int64_t i = 0; i < bits; i += 8, number >>= 8) bytes += static_cast<char>(number & 0xFF);
  }
  return bytes;
}

// Reads the lines of a file into a Transcript.
class TranscriptParser {
 public:
  explicit TranscriptParser(std::string name) { transcript_.name = std::move(name); }

  void Line(const std::string& text) {
    ++line_;
    LineParser line(text, transcript_.name + ".transcript:" + std::to_string(line_));
    if (line.AtEnd()) return;
    if (text[0] == '>' || text[0] == '<') {
      const size_t end = std::min(text.find(' '), text.size());
      return AddStep(text.substr(0, end),
                     LineParser(std::string_view(text).substr(end),
                                transcript_.name + ".transcript:" + std::to_string(line_)));
    }
    const std::string word = line.Word();
    if (word == "connect" || word == "connect_too") return AddStep(word, std::move(line));
    if (!transcript_.steps.empty()) line.Fail("settings come before the first step");
    if (word == "raw") {
      transcript_.raw = true;
    } else if (word == "binary_only") {
      transcript_.binary_only = line.Quoted();
    } else if (word == "one_connection") {
      transcript_.one_connection = true;
    } else if (word == "server") {
      transcript_.server_flags.push_back(line.Quoted());
    } else {
      line.Fail("'" + word + "' is no setting");
    }
    if (!line.AtEnd()) line.Fail("something follows the setting");
  }
  Transcript Finish() { return std::move(transcript_); }

 private:
  void AddStep(std::string verb, LineParser line) {
    Step step;
    step.verb = std::move(verb);
    step.line = line_;
    if (step.verb == "<closed" || step.verb.starts_with("connect")) {
      if (!transcript_.raw) line.Fail(step.verb + " is for raw transcripts");
    } else if (step.verb == "<frame") {
      if (!transcript_.raw) line.Fail(step.verb + " is for raw transcripts");
      step.fields = line.Record();
    } else if (transcript_.raw && step.verb == "<~") {
      step.bytes = line.Quoted();
    } else if (transcript_.raw && (step.verb == ">" || step.verb == "<")) {
      step.bytes = line.Bytes();
    } else if (step.verb == ">" || step.verb == "<") {
      const std::string expected =
          transcript_.steps.empty() || transcript_.steps.back().verb == "<" ? ">" : "<";
      if (step.verb != expected) line.Fail("a '" + expected + "' line is expected here");
      step.name = line.Word();
      step.fields = line.Record();
    } else {
      line.Fail("'" + step.verb + "' begins no step");
    }
    if (!line.AtEnd()) line.Fail("something follows the step");
    transcript_.steps.push_back(std::move(step));
  }

  Transcript transcript_;
  int line_ = 0;
};

inline Transcript LoadTranscript(const std::filesystem::path& path) {
  std::ifstream file(path);
  TranscriptParser parser(path.stem().string());
  for (std::string line; std::getline(file, line);) parser.Line(line);
  return parser.Finish();
}

// In the order of their names.
inline std::vector<Transcript> LoadTranscripts(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".transcript") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Transcript> transcripts;
  for (const std::filesystem::path& path : paths) transcripts.push_back(LoadTranscript(path));
  return transcripts;
}

}  // namespace tagcache::transcripts

#endif  // TAGCACHE_TESTS_TRANSCRIPTS_TRANSCRIPT_H_
