// The connection machine on the text codec: one line a request, answers in their order.

#include "libclient/machine/connection_machine.h"
#include "protocol/text_codec.h"

namespace tagcache {

using protocol::Op;
using protocol::StatusCode;

namespace {

// The command of one line of a bulk request; other requests are their own line.
Op LineOf(Op op) {
  if (op == Op::kMGet) return Op::kGet;
  if (op == Op::kMPut) return Op::kPut;
  return op == Op::kMDelete ? Op::kDelete : op;
}

bool IsBulk(Op op) { return LineOf(op) != op; }

}  // namespace

void ConnectionMachine::SendLines(const protocol::Request& request, Pending& pending) {
  if (!IsBulk(request.op)) return protocol::EncodeTextRequest(request, out_);
  protocol::Request line;
  line.op = LineOf(request.op);
  for (const std::string_view key : request.keys) {
    line.key = key;
    protocol::EncodeTextRequest(line, out_);
  }
  for (const protocol::PutItem& item : request.items) {
    line.key = item.key;
    line.value = item.value;
    line.ttl = item.ttl;
    line.tags = item.tags;
    protocol::EncodeTextRequest(line, out_);
  }
  pending.expected = static_cast<uint32_t>(request.keys.size() + request.items.size());
}

bool ConnectionMachine::NextText(Event* event) {
  for (;;) {
    Pending* const front = window_.Front();
    if (front != nullptr && !hello_outstanding_ && IsBulk(front->op) &&
        front->delivered == front->expected) {
      return FinishBulk(*front, event);
    }
    std::string_view line;
    size_t used = 0;
    if (!protocol::ReadLine(in_.view(), &searched_, &line, &used)) {
      if (in_.size() <= options_.max_reply) return false;
      return Break(event, "a line is longer than this client takes");
    }
    in_.Consume(used);
    if (hello_outstanding_) {
      if (!protocol::DecodeTextResponse(Op::kAuth, line, scratch_, &response_)) {
        return Break(event, "the answer to AUTH does not parse");
      }
      if (response_.status != StatusCode::kOk) {
        return Break(event, response_.message, response_.status);
      }
      hello_outstanding_ = false;
      hello_acknowledged_ = true;
      continue;
    }
    if (front == nullptr) return Break(event, "an answer came that nobody asked for");
    if (!protocol::DecodeTextResponse(LineOf(front->op), line, scratch_, &response_)) {
      return Break(event, "a line is no answer to the request it follows");
    }
    if (!IsBulk(front->op)) return Finish(window_.front_id(), *front, event);
    if (TakeBulkLine(*front, event)) return true;
  }
}

// The answer to one line of a bulk request is in response_.
bool ConnectionMachine::TakeBulkLine(Pending& pending, Event* event) {
  const uint32_t index = pending.delivered++;
  const bool done = response_.status == StatusCode::kOk;
  const bool refused = protocol::IsError(response_.status);
  if (refused && protocol::ClosesConnection(response_.status)) {
    return Break(event, response_.message, response_.status);
  }
  if (pending.op != Op::kMGet) {
    if (refused) bulk_result_.refused.push_back({index, response_.status});
    bulk_result_.number += done ? 1 : 0;
    return false;
  }
  event->kind = Event::Kind::kItem;
  event->id = window_.front_id();
  event->index = index;
  event->item.found = done;
  event->item.flags = response_.flags;
  event->item.value = response_.value;
  if (refused) {
    event->status = response_.status;
    event->reason = response_.message;
  }
  return true;
}

bool ConnectionMachine::FinishBulk(Pending& pending, Event* event) {
  event_bulk_result_ = std::move(bulk_result_);
  bulk_result_ = BulkResult();
  response_ = protocol::Response();
  response_.op = pending.op;
  response_.number = event_bulk_result_.number;
  response_.refused = event_bulk_result_.refused;
  return Finish(window_.front_id(), pending, event);
}

}  // namespace tagcache
