#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "protocol/binary_codec.h"
#include "tests/protocol/describe.h"

// docs/protocol.md against the code: its worked example and its tables.

namespace tagcache::protocol {
namespace {

std::string Document() {
  std::ifstream file(TAGCACHE_SOURCE_DIR "/docs/protocol.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_GT(text.str().size(), 1000u);
  return text.str();
}

// The bytes of the block ```<name>, comments behind ';' left out.
std::string BytesOf(const std::string& document, const std::string& name) {
  const std::string fence = "```" + name + "\n";
  const size_t start = document.find(fence);
  EXPECT_NE(start, std::string::npos) << name;
  if (start == std::string::npos) return "";
  const size_t first = start + fence.size();
  std::istringstream block(document.substr(first, document.find("```", first) - first));
  std::string bytes;
  for (std::string line; std::getline(block, line);) {
    std::istringstream numbers(line.substr(0, line.find(';')));
    for (unsigned byte = 0; numbers >> std::hex >> byte;) bytes += static_cast<char>(byte);
  }
  return bytes;
}

TEST(ProtocolDocument, ItsExampleRequestsAreWhatTheCodecWrites) {
  const std::string_view tags[] = {"user", "web"};
  const std::string_view keys[] = {"user:1", "user:2"};
  Buffer out;
  Request request;
  request.op = Op::kHello;
  request.id = 1;
  request.hello.max_frame = 262'144;
  request.hello.name = "php";
  EncodeRequest(request, kBaseMaxFrame, out);
  request = Request();
  request.op = Op::kPut;
  request.id = 2;
  request.key = "user:1";
  request.ttl = 60'000;
  request.tags = tags;
  request.flags = 1;
  request.value = "42";
  EncodeRequest(request, kBaseMaxFrame, out);
  request = Request();
  request.op = Op::kGet;
  request.id = 3;
  request.key = "user:1";
  EncodeRequest(request, kBaseMaxFrame, out);
  request = Request();
  request.op = Op::kMGet;
  request.id = 4;
  request.keys = keys;
  EncodeRequest(request, kBaseMaxFrame, out);
  EXPECT_EQ(Quote(out.view()), Quote(BytesOf(Document(), "hex-requests")));
}

TEST(ProtocolDocument, ItsExampleAnswersAreWhatTheCodecWrites) {
  Buffer out;
  Response response;
  response.op = Op::kHello;
  response.id = 1;
  response.hello.max_frame = 262'144;
  response.hello.name = "tagcached 0.1.0";
  EncodeResponse(response, kBaseMaxFrame, out);
  response = Response();
  response.op = Op::kPut;
  response.id = 2;
  EncodeResponse(response, kBaseMaxFrame, out);
  FrameWriter first(out, kResponseMagic, static_cast<uint8_t>(Op::kMGet), 4, StatusCode::kOk,
                    kBaseMaxFrame);
  WriteValueHead(first, Reply::kValues, true, 1, 2);
  first.Bytes("42");
  first.Finish(true);
  response = Response();
  response.op = Op::kGet;
  response.id = 3;
  response.flags = 1;
  response.value = "42";
  EncodeResponse(response, kBaseMaxFrame, out);
  FrameWriter last(out, kResponseMagic, static_cast<uint8_t>(Op::kMGet), 4, StatusCode::kOk,
                   kBaseMaxFrame);
  WriteValueHead(last, Reply::kValues, false, 0, 0);
  last.Finish();
  EXPECT_EQ(Quote(out.view()), Quote(BytesOf(Document(), "hex-answers")));
}

std::string NameOf(Field field) {
  switch (field) {
    case Field::kEnd:
      return "";
    case Field::kHello:
      return "hello";
    case Field::kCredentials:
      return "credentials";
    case Field::kOptions:
      return "options";
    case Field::kKey:
      return "key";
    case Field::kKeys:
      return "keys";
    case Field::kTag:
      return "tag";
    case Field::kTags:
      return "tags";
    case Field::kPrefix:
      return "prefix";
    case Field::kTtl:
      return "[ttl]";
    case Field::kToken:
      return "[token]";
    case Field::kVersion:
      return "version";
    case Field::kLease:
      return "lease";
    case Field::kValueFlags:
      return "valueflags";
    case Field::kValue:
      return "value";
    case Field::kItems:
      return "items";
    case Field::kBy:
      return "by";
    case Field::kInitial:
      return "initial";
    case Field::kMode:
      return "mode";
    case Field::kCursor:
      return "cursor";
    case Field::kLimit:
      return "limit";
  }
  return "";
}

std::string NameOf(Reply reply) {
  switch (reply) {
    case Reply::kNothing:
      return "nothing";
    case Reply::kHello:
      return "agreed";
    case Reply::kValue:
      return "value";
    case Reply::kValues:
      return "values";
    case Reply::kNumber:
      return "number";
    case Reply::kPutReport:
      return "report";
    case Reply::kKeyPage:
      return "page";
    case Reply::kMeta:
      return "meta";
    case Reply::kLease:
      return "leased";
    case Reply::kProgress:
      return "progress";
    case Reply::kTagStats:
      return "tagstats";
    case Reply::kStats:
      return "stats";
  }
  return "";
}

// "| `0x10` | GET | options key | value | GET |"
std::string RowOf(const Command& command) {
  char opcode[8];
  std::snprintf(opcode, sizeof(opcode), "0x%02x", static_cast<unsigned>(command.op));
  std::string row = "| `" + std::string(opcode) + "` | " + std::string(command.name) + " |";
  for (const Field field : command.fields) {
    if (field == Field::kEnd) break;
    const bool optional = field == Field::kTags && HasField(command, Field::kOptions);
    row += " " + (optional ? "[tags]" : NameOf(field));
  }
  row += " | " + NameOf(command.reply) + " |";
  if (!command.text_verb.empty()) row += " " + std::string(command.text_verb);
  if (!command.text_alias.empty()) row += ", " + std::string(command.text_alias);
  return row + " |\n";
}

TEST(ProtocolDocument, ItsCommandTableIsTheCommandTable) {
  const std::string document = Document();
  for (const Command& command : Commands()) {
    EXPECT_NE(document.find(RowOf(command)), std::string::npos) << RowOf(command);
  }
}

TEST(ProtocolDocument, ItsStatusTableIsTheStatusTable) {
  const std::string document = Document();
  for (int number = 0; number < 256; ++number) {
    const std::string name(NameOf(static_cast<StatusCode>(number)));
    const std::string row = "| " + std::to_string(number) + " | `" + name + "` |";
    EXPECT_EQ(document.find(row) != std::string::npos, name != "unknown_status") << row;
  }
}

}  // namespace
}  // namespace tagcache::protocol
