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
  scratch.views.clear();
  incoming->kind = protocol::DecodeTextRequest(line, scratch, &incoming->request, &incoming->error)
                       ? Incoming::Kind::kRequest
                       : Incoming::Kind::kRefused;
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

void TextWire::Answer(const protocol::Request& request, const protocol::Response& response,
                      protocol::Buffer& out) {
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
