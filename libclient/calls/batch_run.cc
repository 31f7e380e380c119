#include "libclient/calls/batch_run.h"

#include <cassert>
#include <utility>

#include "libclient/calls/client_core.h"
#include "libclient/calls/wire_ttl.h"

namespace tagcache {

using protocol::Op;
using protocol::Request;
using protocol::StatusCode;

namespace {

struct KindRow {
  Op op;
  std::string_view operation;
};

KindRow RowOf(Batch::Kind kind) {
  switch (kind) {
    case Batch::Kind::kGet:
      return {Op::kGet, "get"};
    case Batch::Kind::kPut:
      return {Op::kPut, "put"};
    case Batch::Kind::kAdd:
      return {Op::kAdd, "add"};
    case Batch::Kind::kReplace:
      return {Op::kReplace, "replace"};
    case Batch::Kind::kDelete:
      return {Op::kDelete, "delete"};
    case Batch::Kind::kExists:
      return {Op::kExists, "exists"};
    case Batch::Kind::kTouch:
      return {Op::kTouch, "touch"};
    case Batch::Kind::kIncrement:
      return {Op::kIncrement, "increment"};
    case Batch::Kind::kDecrement:
      return {Op::kDecrement, "decrement"};
    case Batch::Kind::kInvalidateTag:
      return {Op::kInvalidateTag, "invalidate tag"};
  }
  return {Op::kPing, ""};
}

}  // namespace

BatchRun::BatchRun(const Batch& batch, const Options& options, const CallContext& call)
    : batch_(batch), options_(options), call_(call), results_(batch.size()) {}

bool BatchRun::idempotent() const {
  for (const Batch::Command& command : batch_.commands()) {
    Request request;
    request.op = RowOf(command.kind).op;
    request.token = command.token;
    if (!protocol::IsRepeatable(request)) return false;
  }
  return true;
}

CallContext BatchRun::ContextOf(size_t index) const {
  const Batch::Command& command = batch_.commands()[index];
  CallContext context = call_;
  context.operation = RowOf(command.kind).operation;
  context.key = batch_.bytes(command.key);
  context.has_key = true;
  return context;
}

bool BatchRun::SendSome(ConnectionMachine& machine, size_t enough) {
  while (next_ < batch_.size() && machine.Output().size() < enough) {
    SendOne(next_++, machine);
  }
  return next_ < batch_.size();
}

Status BatchRun::Fill(size_t index, WireNames& names, Request* request) {
  const Batch::Command& command = batch_.commands()[index];
  const CallContext context = ContextOf(index);
  request->op = RowOf(command.kind).op;
  request->token = command.token;
  if (request->token != 0 && request->op != Op::kPut) return RefuseToken(context);
  if (command.kind == Batch::Kind::kIncrement || command.kind == Batch::Kind::kDecrement) {
    IncrementOptions step;
    step.by = command.by;
    step.initial = command.initial;
    step.ttl = command.ttl;
    step.touch = command.touch;
    Status status = FillStep(context, options_, request->op, step, request);
    if (!status.ok()) return status;
  } else {
    request->value = batch_.bytes(command.value);
    request->flags = command.flags;
    if (command.ttl && !WireTtl(*command.ttl, options_, &request->ttl)) {
      return RefuseTtl(context, *command.ttl);
    }
  }
  if (command.has_tags) {
    tags_.clear();
    for (size_t i = 0; i < command.tag_count; ++i) {
      tags_.push_back(batch_.bytes(batch_.tags()[command.first_tag + i]));
    }
    request->tags = names.List(tags_);
  }
  return CheckExpressible(context, options_.protocol, *request);
}

void BatchRun::SendOne(size_t index, ConnectionMachine& machine) {
  WireNames names(options_.prefix);
  Request request;
  request.key = names.Key(batch_.bytes(batch_.commands()[index].key));
  Status status = Fill(index, names, &request);
  if (status.ok()) return Send(index, false, request, machine);
  results_[index].status = std::move(status);
  // If a value can not be sent, the one that it was to replace must not stay. (An entry that is
  // there although a lease was given out is newer.)
  if (request.op != Op::kPut || request.token != 0) return;
  Request removal;
  removal.op = Op::kDelete;
  removal.key = request.key;
  if (CheckExpressible(call_, options_.protocol, removal).ok()) Send(index, true, removal, machine);
}

void BatchRun::Send(size_t index, bool removal, const Request& request,
                    ConnectionMachine& machine) {
  sent_.push_back({index, removal, false});
  const uint64_t id = machine.Send(request);
  if (sent_.size() == 1) first_id_ = id;
  assert(id == first_id_ + sent_.size() - 1);  // nobody else sends on the machine meanwhile
}

void BatchRun::Take(uint64_t id, const protocol::Response& response) {
  if (id < first_id_ || id - first_id_ >= sent_.size()) return;
  Sent& sent = sent_[id - first_id_];
  if (sent.answered) return;
  sent.answered = true;
  ++answered_;
  if (sent.removal) return;
  BatchResult& result = results_[sent.index];
  if (protocol::IsError(response.status)) {
    WireNames names(options_.prefix);
    Request request;
    request.key = names.Key(batch_.bytes(batch_.commands()[sent.index].key));
    static_cast<void>(Fill(sent.index, names, &request));  // as it was when it was sent
    result.status = Refused(ContextOf(sent.index), server_, response.status, response.message,
                            PartsOf(request));
    return;
  }
  result.done = response.status == StatusCode::kOk;
  result.number = response.number;
  if (result.done && response.op == Op::kGet) {
    result.value = Value{std::string(response.value), response.flags};
  }
}

}  // namespace tagcache
