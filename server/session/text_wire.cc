#include "server/session/text_wire.h"

#include <algorithm>
#include <utility>

namespace tagcache::server {

using protocol::StatusCode;

TextWire::TextWire(const Engine& engine)
    : Wire({.in_order = true}),
      max_line_(engine.options().store.max_value + engine.max_write_overhead()),
      max_waiting_(engine.options().output_backlog) {}

void TextWire::Next(std::string_view bytes, protocol::Scratch& scratch, Incoming* incoming) {
  *incoming = Incoming();
  std::string_view line;
  if (!protocol::ReadLine(bytes, &searched_, &line, &incoming->used)) {
    incoming->used = 0;
    if (bytes.size() > max_line_) BreakLine(bytes, scratch, incoming);
    return;
  }
  if (line.size() > max_line_) return BreakLine(line, scratch, incoming);
  if (line.empty()) {
    incoming->kind = Incoming::Kind::kPart;
    return;
  }
  if (RefuseRestricted(protocol::CommandOfLine(line), incoming)) return;
  const bool decoded = protocol::DecodeTextRequest(line, scratch, &incoming->request,
                                                   &incoming->error, protocol::Lists::kLeftInBatch);
  incoming->kind = decoded ? Incoming::Kind::kRequest : Incoming::Kind::kRefused;
  incoming->lost_put = !decoded && incoming->request.op == protocol::Op::kPut;
}

void TextWire::BreakLine(std::string_view bytes, protocol::Scratch& scratch, Incoming* incoming) {
  // The front of a line is enough to know whose value was lost.
  const size_t front = std::min<size_t>(bytes.size(), 256 * 1024);
  scratch.views.clear();
  StatusCode ignored = StatusCode::kOk;
  protocol::DecodeTextRequest(bytes.substr(0, front), scratch, &incoming->request, &ignored);
  incoming->kind = Incoming::Kind::kBroken;
  incoming->error = StatusCode::kLineTooLong;
  incoming->lost_put = incoming->request.op == protocol::Op::kPut;
  detail_ = "the line has over " + std::to_string(max_line_) + " bytes";
  incoming->detail = detail_;
}

bool TextWire::AnswerKeys(std::span<const std::string_view> keys) {
  if (list_.empty()) {
    list_.Append(protocol::kTextKeys);
  } else {
    list_.Append(',');
  }
  return protocol::AppendTextKeys(keys, list_);
}

void TextWire::Answer(const protocol::Request& request, const protocol::Response& response,
                      protocol::Buffer& out) {
  if (!list_.empty()) {
    protocol::Buffer list = std::move(list_);
    if (!protocol::IsError(response.status)) {
      if (!response.keys.empty()) list.Append(',');
      if (!protocol::AppendTextKeys(response.keys, list)) {
        return protocol::EncodeTextError(StatusCode::kUnrepresentable, replies_.Destination(out));
      }
      list.Append('\n');
      return replies_.AddCopied(std::move(list));
    }
  }
  protocol::EncodeTextResponse(request, response, replies_.Destination(out));
}

void TextWire::AnswerValue(const protocol::Request& request, EntryRef value, bool,
                           protocol::Buffer& out) {
  const std::string_view bytes = value.value();
  if (bytes.size() > kMaxCopied && protocol::FitsTextAnswer(bytes)) {
    replies_.Destination(out).Append(protocol::kTextValue);
    return replies_.AddValue(std::move(value), "\n");
  }
  protocol::Response response;
  response.op = request.op;
  response.value = bytes;
  response.flags = value.flags();
  Answer(request, response, out);
}

// No verb asks for several values.
void TextWire::AnswerValues(const protocol::Request&, std::span<EntryRef>, bool last,
                            protocol::Buffer& out) {
  if (last) protocol::EncodeTextError(StatusCode::kUnrepresentable, replies_.Destination(out));
}

void TextWire::AnswerRefusal(const Incoming& incoming, std::string_view, protocol::Buffer& out) {
  protocol::EncodeTextError(incoming.error, replies_.Destination(out));
}

void TextWire::RefuseIncomplete(std::string_view tail, StatusCode status, std::string_view,
                                protocol::Buffer& out) {
  if (!tail.empty()) protocol::EncodeTextError(status, replies_.Destination(out));
}

}  // namespace tagcache::server
