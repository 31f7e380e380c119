#include "protocol/text_codec.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <limits>

#include "protocol/text_fields.h"
#include "protocol/text_line.h"

namespace tagcache::protocol {
namespace {

constexpr size_t kMaxFields = 5;
constexpr size_t kNotFound = std::string_view::npos;
constexpr std::string_view kError = "ERR ";

struct Line {
  std::array<std::string_view, kMaxFields> fields;
  size_t count = 0;
  bool Has(size_t field) const { return field < count; }
  std::string_view operator[](size_t field) const { return fields[field]; }
};

// At most five fields: the last one holds whatever TABs are left.
Line Split(std::string_view text) {
  Line line;
  while (line.count + 1 < kMaxFields) {
    const size_t tab = text.find('\t');
    if (tab == kNotFound) break;
    line.fields[line.count++] = text.substr(0, tab);
    text.remove_prefix(tab + 1);
  }
  line.fields[line.count++] = text;
  return line;
}

bool IsNone(std::string_view field) { return field.empty() || field == "-"; }

template <typename T>
bool ParseNumber(std::string_view text, T* value) {
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, *value);
  return failure == std::errc() && stop == end;
}

// Appends the pieces of a comma-separated list to `views`, empty ones left out.
void SplitList(std::string_view list, bool trim, std::vector<std::string_view>& views) {
  while (true) {
    const size_t comma = list.find(',');
    const std::string_view whole = list.substr(0, comma);
    const std::string_view piece = trim ? Trim(whole) : whole;
    if (!piece.empty()) views.push_back(piece);
    if (comma == kNotFound) return;
    list.remove_prefix(comma + 1);
  }
}

// Reads the fields of a line in the order of the command's row.
class LineReader {
 public:
  using Result = StatusCode;

  LineReader(const Command& command, const Line& line, Scratch& scratch, Lists lists)
      : command_(command), line_(line), scratch_(scratch), lists_(lists) {}

  StatusCode Key(Request& request);
  StatusCode Tag(Request& request);
  StatusCode Keys(Request& request);
  StatusCode TagList(Request& request);
  StatusCode Ttl(Request& request);
  StatusCode By(Request& request);
  StatusCode Value(Request& request) {
    request.value = Next();
    return StatusCode::kOk;
  }
  StatusCode Credentials(Request& request) {
    request.user = Next();
    request.password = Next();
    return StatusCode::kOk;
  }
  template <Field kField>
  StatusCode Implied(Request& request);

 private:
  std::string_view Next() { return line_.Has(next_) ? line_[next_++] : std::string_view(); }

  const Command& command_;
  const Line& line_;
  Scratch& scratch_;
  const Lists lists_;
  size_t next_ = 1;
};

StatusCode LineReader::Key(Request& request) {
  if (!line_.Has(next_)) return StatusCode::kMissingKey;
  request.key = Next();
  // GET of the empty key is a miss; a write to it is refused.
  if (request.key.empty() && (command_.traits & kWrites) != 0) return StatusCode::kMissingKey;
  return StatusCode::kOk;
}

StatusCode LineReader::Tag(Request& request) {
  if (!line_.Has(next_)) return StatusCode::kMissingTag;
  request.key = Next();
  return StatusCode::kOk;
}

StatusCode LineReader::TagList(Request& request) {
  if (ListsAreOptional(command_)) {
    const std::string_view list = Next();
    if (IsNone(list)) return StatusCode::kOk;
    SplitList(list, false, scratch_.views);
    if (!scratch_.views.empty()) request.tags = Tags(scratch_.views);
    return StatusCode::kOk;
  }
  if (!line_.Has(next_)) return StatusCode::kMissingTags;
  SplitList(Next(), true, scratch_.views);
  request.tags = Tags(scratch_.views);
  return scratch_.views.empty() ? StatusCode::kEmptyTags : StatusCode::kOk;
}

StatusCode LineReader::Keys(Request& request) {
  if (!line_.Has(next_)) return StatusCode::kMissingKeys;
  if (lists_ == Lists::kLeftInBatch) {
    request.batch = {Batch::Form::kPieces, Next(), 1};
    return StatusCode::kOk;
  }
  SplitList(Next(), true, scratch_.views);
  request.keys = scratch_.views;
  return scratch_.views.empty() ? StatusCode::kEmptyKeys : StatusCode::kOk;
}

StatusCode LineReader::Ttl(Request& request) {
  const std::string_view field = Next();
  if (IsNone(field)) return StatusCode::kOk;
  uint64_t ttl = 0;
  if (!ParseNumber(field, &ttl)) return StatusCode::kInvalidTtl;
  request.ttl = ttl;
  return StatusCode::kOk;
}

StatusCode LineReader::By(Request& request) {
  request.by = 1;
  if (!line_.Has(next_)) return StatusCode::kOk;
  std::string_view field = Next();
  if (field.size() > 1 && field[0] == '+' && field[1] != '-') field.remove_prefix(1);
  return ParseNumber(field, &request.by) ? StatusCode::kOk : StatusCode::kInvalidBy;
}

// The flags are those of an integer, and an absent key is created with what is added. The other
// fields are left out.
template <Field kField>
StatusCode LineReader::Implied(Request& request) {
  if (kField == Field::kValueFlags) request.flags = kIntegerFlags;
  if (kField != Field::kInitial) return StatusCode::kOk;
  request.lenient_number = true;
  request.initial = request.by;
  if (command_.op != Op::kDecrement) return StatusCode::kOk;
  request.initial_overflows = request.by == std::numeric_limits<int64_t>::min();
  if (!request.initial_overflows) request.initial = -request.by;
  return StatusCode::kOk;
}

template <typename T>
void AppendNumber(T value, Buffer& out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  out.Append(digits, static_cast<size_t>(end - digits));
}

void AppendList(std::span<const std::string_view> pieces, Buffer& out) {
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (i > 0) out.Append(',');
    out.Append(pieces[i]);
  }
}

std::string_view VerbOf(const Command& command, Mode mode) {
  const bool all = mode == Mode::kAll && HasField(command, Field::kMode);
  return all ? command.text_alias : command.text_verb;
}

// Appends the fields of a request, each with the TAB in front of it. CheckTextRequest has passed.
class LineWriter {
 public:
  using Result = void;

  explicit LineWriter(Buffer& out) : out_(out) {}

  void Key(const Request& request) { Append(request.key); }
  void Tag(const Request& request) { Append(request.key); }
  void Keys(const Request& request) {
    out_.Append('\t');
    AppendList(request.keys, out_);
  }
  void TagList(const Request& request) {
    if (!request.tags || request.tags->empty()) return Append("-");
    out_.Append('\t');
    AppendList(*request.tags, out_);
  }
  void Ttl(const Request& request) {
    if (!request.ttl) return Append("-");
    out_.Append('\t');
    AppendNumber(*request.ttl, out_);
  }
  void By(const Request& request) {
    out_.Append('\t');
    AppendNumber(request.by, out_);
  }
  void Value(const Request& request) { Append(request.value); }
  void Credentials(const Request& request) {
    Append(request.user);
    Append(request.password);
  }
  template <Field>
  void Implied(const Request&) {}

 private:
  void Append(std::string_view bytes) {
    out_.Append('\t');
    out_.Append(bytes);
  }

  Buffer& out_;
};

bool FitsList(std::span<const std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (key.empty() || Holds(key, kLineBreakers) || key.find(',') != kNotFound) return false;
  }
  return true;
}

void AppendCount(std::string_view verb, int64_t number, Buffer& out) {
  out.Append(verb);
  out.Append('\t');
  AppendNumber(number, out);
}

uint64_t StatOf(const Response& response, std::string_view wanted) {
  for (const auto& [name, text] : response.stats) {
    uint64_t value = 0;
    if (name == wanted && ParseNumber(text, &value)) return value;
  }
  return 0;
}

void AppendStats(const Response& response, Buffer& out) {
  const uint64_t hits = StatOf(response, "hits");
  const uint64_t misses = StatOf(response, "misses");
  out.Append("STATS");
  for (const uint64_t number :
       {hits, misses, StatOf(response, "puts"), StatOf(response, "invalidations")}) {
    out.Append('\t');
    AppendNumber(number, out);
  }
  const double gets = static_cast<double>(hits) + static_cast<double>(misses);
  char ratio[32];
  const int size = std::snprintf(ratio, sizeof(ratio), "\t%.6f",
                                 gets > 0 ? static_cast<double>(hits) / gets : 0.0);
  out.Append(ratio, static_cast<size_t>(size));
}

// Appends an answer that is no error, without its LF. false: a line cannot carry it.
bool AppendAnswer(const Request& request, const Response& response, Buffer& out) {
  const bool done = response.status == StatusCode::kOk;
  const Command& command = CommandOf(request.op);
  switch (command.reply) {
    case Reply::kValue:
      if (!done) {
        out.Append("NF");
        return true;
      }
      if (!FitsTextAnswer(response.value)) return false;
      out.Append(kTextValue);
      out.Append(response.value);
      return true;
    case Reply::kNumber:
      if (!done) return false;
      AppendCount(HasField(command, Field::kBy) ? "VALUE" : VerbOf(command, request.mode),
                  response.number, out);
      return true;
    case Reply::kKeyPage:
      if (!done) return false;
      out.Append(kTextKeys);
      return AppendTextKeys(response.keys, out);
    case Reply::kStats:
      AppendStats(response, out);
      return true;
    case Reply::kNothing:
      if (request.op == Op::kAdd) {
        out.Append(done ? "ADDED" : "EXISTS");
      } else if (request.op == Op::kDelete) {
        out.Append(done ? "DEL ok" : "DEL nf");
      } else {
        out.Append("OK");
      }
      return true;
    case Reply::kHello:  // of commands without a verb
    case Reply::kValues:
    case Reply::kPutReport:
    case Reply::kMeta:
    case Reply::kLease:
    case Reply::kProgress:
    case Reply::kTagStats:
      return false;
  }
  return false;
}

StatusCode StatusOfText(std::string_view words) {
  for (int number = 0; number < 256; ++number) {
    const auto code = static_cast<StatusCode>(number);
    if (IsError(code) && TextOf(code) == words && words != "unknown_status") return code;
  }
  return StatusCode::kBadRequest;
}

bool TakePrefix(std::string_view prefix, std::string_view* line) {
  if (line->substr(0, prefix.size()) != prefix) return false;
  line->remove_prefix(prefix.size());
  return true;
}

// "VERB <n>".
bool ReadCount(std::string_view verb, std::string_view line, Response* response) {
  return TakePrefix(verb, &line) && TakePrefix("\t", &line) && ParseNumber(line, &response->number);
}

bool ReadStats(std::string_view line, Scratch& scratch, Response* response) {
  if (!TakePrefix("STATS\t", &line)) return false;
  const Line fields = Split(line);
  if (fields.count != kMaxFields) return false;
  static constexpr std::string_view kNames[] = {"hits", "misses", "puts", "invalidations", "ratio"};
  for (size_t i = 0; i < kMaxFields; ++i) scratch.stats.emplace_back(kNames[i], fields[i]);
  response->stats = scratch.stats;
  return true;
}

bool ReadWord(std::string_view line, std::string_view done, std::string_view not_done,
              StatusCode otherwise, Response* response) {
  if (line == done) return true;
  response->status = otherwise;
  return line == not_done && !not_done.empty();
}

bool ReadAnswer(const Command& command, std::string_view line, Scratch& scratch,
                Response* response) {
  switch (command.reply) {
    case Reply::kValue:
      if (line == "NF") {
        response->status = StatusCode::kNotFound;
        return true;
      }
      if (!TakePrefix(kTextValue, &line)) return false;
      response->value = line;
      return true;
    case Reply::kNumber:
      if (HasField(command, Field::kBy)) return ReadCount("VALUE", line, response);
      return ReadCount(command.text_verb, line, response) ||
             (!command.text_alias.empty() && ReadCount(command.text_alias, line, response));
    case Reply::kKeyPage:
      if (!TakePrefix(kTextKeys, &line)) return false;
      SplitList(line, false, scratch.views);
      response->keys = scratch.views;
      return true;
    case Reply::kStats:
      return ReadStats(line, scratch, response);
    case Reply::kNothing:
      if (command.op == Op::kAdd) {
        return ReadWord(line, "ADDED", "EXISTS", StatusCode::kExists, response);
      }
      if (command.op == Op::kDelete) {
        return ReadWord(line, "DEL ok", "DEL nf", StatusCode::kNotFound, response);
      }
      return line == "OK";
    case Reply::kHello:  // of commands without a verb
    case Reply::kValues:
    case Reply::kPutReport:
    case Reply::kMeta:
    case Reply::kLease:
    case Reply::kProgress:
    case Reply::kTagStats:
      return false;
  }
  return false;
}

}  // namespace

bool ReadLine(std::string_view bytes, size_t* searched, std::string_view* line, size_t* used) {
  const size_t end = bytes.find('\n', *searched);
  if (end == kNotFound) {
    *searched = bytes.size();
    return false;
  }
  *searched = 0;
  *used = end + 1;
  *line = bytes.substr(0, end);
  while (!line->empty() && line->back() == '\r') line->remove_suffix(1);
  return true;
}

const Command* CommandOfLine(std::string_view line) {
  return FindTextVerb(line.substr(0, line.find('\t')));
}

bool DecodeTextRequest(std::string_view text, Scratch& scratch, Request* request, StatusCode* error,
                       Lists lists) {
  *request = Request();
  const Line line = Split(text);
  const Command* command = FindTextVerb(line[0]);
  if (command == nullptr) {
    *error = StatusCode::kUnknownCommand;
    return false;
  }
  scratch.views.clear();
  request->op = command->op;
  if (HasField(*command, Field::kMode) && IsTextAlias(*command, line[0])) {
    request->mode = Mode::kAll;
  }
  *error = StatusCode::kOk;
  LineReader reader(*command, line, scratch, lists);
  for (const Field field : command->fields) {
    if (field == Field::kEnd) break;
    *error = DescribeTextField(reader, field, *request);
    if (*error != StatusCode::kOk) return false;
  }
  return true;
}

void EncodeTextResponse(const Request& request, const Response& response, Buffer& out) {
  if (IsError(response.status)) return EncodeTextError(response.status, out);
  const size_t start = out.size();
  if (!AppendAnswer(request, response, out)) {
    out.Truncate(start);
    return EncodeTextError(StatusCode::kUnrepresentable, out);
  }
  out.Append('\n');
}

bool AppendTextKeys(std::span<const std::string_view> keys, Buffer& out) {
  if (!FitsList(keys)) return false;
  AppendList(keys, out);
  return true;
}

bool FitsTextAnswer(std::string_view value) { return FitsLineEnd(value); }

void EncodeTextError(StatusCode status, Buffer& out) {
  out.Append(kError);
  out.Append(TextOf(status));
  out.Append('\n');
}

void EncodeTextRequest(const Request& request, Buffer& out) {
  const Command& command = CommandOf(request.op);
  out.Append(VerbOf(command, request.mode));
  LineWriter writer(out);
  for (const Field field : command.fields) {
    if (field == Field::kEnd) break;
    DescribeTextField(writer, field, request);
  }
  out.Append('\n');
}

bool DecodeTextResponse(Op op, std::string_view line, Scratch& scratch, Response* response) {
  *response = Response();
  response->op = op;
  if (TakePrefix(kError, &line) || TakePrefix("ERR\t", &line)) {
    response->status = StatusOfText(line);
    response->message = line;
    return true;
  }
  scratch.views.clear();
  scratch.stats.clear();
  return ReadAnswer(CommandOf(op), line, scratch, response);
}

}  // namespace tagcache::protocol
