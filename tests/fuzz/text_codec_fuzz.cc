// Any bytes into the text codec, and any request out of it: what CheckTextRequest lets through
// arrives as it was sent, as one line. The first byte picks the target, the second the opcode.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "protocol/binary_codec.h"
#include "protocol/text_codec.h"
#include "tests/protocol/describe.h"

namespace tagcache::protocol {
namespace {

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// The one line in `bytes`.
std::string_view OnlyLine(std::string_view bytes) {
  size_t searched = 0;
  std::string_view line;
  size_t used = 0;
  Require(ReadLine(bytes, &searched, &line, &used), "it is a line");
  Require(used == bytes.size(), "it is one line");
  return line;
}

// If the request may be sent, it arrives as it was.
void SendAndRead(Request request) {
  if (!CheckTextRequest(request).empty()) return;
  Buffer out;
  EncodeTextRequest(request, out);
  // On a line an empty list of tags is no list.
  if (request.tags && request.tags->empty()) request.tags.reset();
  const std::string sent = Describe(request);
  Scratch scratch;
  StatusCode error = StatusCode::kOk;
  Require(DecodeTextRequest(OnlyLine(out.view()), scratch, &request, &error), "it reads again");
  Require(Describe(request) == sent, "the request is the same");
}

void RequestLines(std::string_view bytes) {
  size_t searched = 0;
  std::string_view line;
  size_t used = 0;
  while (ReadLine(bytes, &searched, &line, &used)) {
    bytes.remove_prefix(used);
    Scratch scratch;
    Request request;
    StatusCode error = StatusCode::kOk;
    if (DecodeTextRequest(line, scratch, &request, &error)) {
      SendAndRead(request);
    } else {
      Require(IsError(error), "a refusal has a name");
    }
  }
}

// Any request there can be: the key, the value and a list of tags and keys, parted by NUL. Bits of
// `shape` say which of the rest are given.
void AnyRequest(const Command& command, uint8_t shape, std::string_view body) {
  std::vector<std::string_view> pieces;
  while (true) {
    const size_t end = body.find('\0');
    pieces.push_back(body.substr(0, end));
    if (end == std::string_view::npos) break;
    body.remove_prefix(end + 1);
  }
  pieces.resize(std::max<size_t>(pieces.size(), 2));
  const Tags list = Tags(pieces).subspan(2);
  Request request;
  request.op = command.op;
  if (HasField(command, Field::kKey) || HasField(command, Field::kTag)) request.key = pieces[0];
  if (HasField(command, Field::kValue)) request.value = pieces[1];
  if (HasField(command, Field::kCredentials)) {
    request.user = pieces[0];
    request.password = pieces[1];
  }
  if (HasField(command, Field::kTags) && (shape & 1) != 0) request.tags = list;
  if (HasField(command, Field::kKeys)) request.keys = list;
  if (HasField(command, Field::kTtl) && (shape & 2) != 0) request.ttl = body.size() * shape;
  if (HasField(command, Field::kMode) && (shape & 4) != 0) request.mode = Mode::kAll;
  if (HasField(command, Field::kBy)) {
    request.by = static_cast<int8_t>(shape);
    request.initial = command.op == Op::kDecrement ? -request.by : request.by;
    request.flags = 1;
  }
  SendAndRead(request);
}

void AnswerLine(const Command& command, std::string_view bytes) {
  size_t searched = 0;
  std::string_view line;
  size_t used = 0;
  Scratch scratch;
  Response response;
  if (!ReadLine(bytes, &searched, &line, &used)) return;
  DecodeTextResponse(command.op, line, scratch, &response);
}

// A response as the store could make it: what is sent is one line, and reads the same unless it is
// an error or the counters of STATS.
void AnyResponse(const Command& command, StatusCode status, std::string_view body) {
  Scratch scratch;
  Response response;
  if (!DecodeResponse(static_cast<uint8_t>(command.op), 0, status, body, scratch, &response)) {
    return;
  }
  Request request;
  request.op = command.op;
  request.mode = body.size() % 2 == 0 ? Mode::kAny : Mode::kAll;
  Buffer out;
  EncodeTextResponse(request, response, out);
  const std::string_view line = OnlyLine(out.view());
  // Flags and the cursor have no place on a line; neither have the answers to other commands.
  response.flags = 0;
  response.cursor = 0;
  const std::string sent = Describe(response);
  const bool error = line.substr(0, 4) == "ERR ";
  Scratch other;
  Response read;
  Require(DecodeTextResponse(command.op, line, other, &read) || error, "it reads again");
  if (error || command.reply == Reply::kStats) return;
  if (status != StatusCode::kOk && command.op != Op::kGet) return;
  if (status == StatusCode::kExists) return;  // as an answer to GET, a miss
  Require(Describe(read) == sent, "the response is the same");
}

}  // namespace
}  // namespace tagcache::protocol

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tagcache::protocol;
  if (size < 3) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 3, size - 3);
  const Command* command = FindCommand(data[1]);
  switch (data[0] % 4) {
    case 0:
      RequestLines(body);
      break;
    case 1:
      AnyRequest(Commands()[data[1] % Commands().size()], data[2], body);
      break;
    case 2:
      if (command != nullptr) AnswerLine(*command, body);
      break;
    case 3:
      if (command != nullptr) AnyResponse(*command, static_cast<StatusCode>(data[2]), body);
      break;
  }
  return 0;
}
