// Commands on one key.

#include <utility>

#include "server/commands/handlers.h"

namespace tagcache::server {
namespace {

using protocol::StatusCode;

std::span<const std::string_view> TagsOf(const protocol::Request& request) {
  return request.tags.value_or(protocol::Tags());
}

void AnswerOutcome(Call& call, Outcome outcome) {
  const protocol::Request& request = call.request;
  const StatusCode status = StatusOf(outcome);
  if (!protocol::IsError(status)) {
    call.response.status = status;
    return;
  }
  call.Refuse(status,
              ExplainOutcome(call, outcome, request.key, request.value.size(), TagsOf(request)));
}

void AnswerFound(Call& call, bool found) {
  call.response.status = found ? StatusCode::kOk : StatusCode::kNotFound;
}

void WriteOne(Call& call, WriteMode mode) {
  const protocol::Request& request = call.request;
  const Outcome outcome = call.engine.store().Put({.key = request.key,
                                                   .value = request.value,
                                                   .flags = request.flags,
                                                   .ttl_ms = request.ttl,
                                                   .tags = TagsOf(request),
                                                   .version = request.version,
                                                   .token = request.token},
                                                  mode, call.now);
  if (outcome == Outcome::kOk) call.metrics.puts.Add(1);
  AnswerOutcome(call, outcome);
}

void AnswerValue(Call& call, EntryRef value) {
  call.value = std::move(value);
  (call.value ? call.metrics.hits : call.metrics.misses).Add(1);
  AnswerFound(call, static_cast<bool>(call.value));
}

}  // namespace

void HandleGet(Call& call) {
  if (!KeyFits(call)) return;
  AnswerValue(call, call.engine.store().Get(call.request.key, call.now));
}

void HandleGetAndTouch(Call& call) {
  if (!KeyFits(call)) return;
  AnswerValue(call, call.engine.store().GetAndTouch(call.request.key, call.request.ttl, call.now));
}

void HandlePut(Call& call) { WriteOne(call, WriteMode::kPut); }
void HandleAdd(Call& call) { WriteOne(call, WriteMode::kAdd); }
void HandleReplace(Call& call) { WriteOne(call, WriteMode::kReplace); }
void HandleCompareAndSet(Call& call) { WriteOne(call, WriteMode::kCompareAndSet); }
void HandleAppend(Call& call) { WriteOne(call, WriteMode::kAppend); }
void HandlePrepend(Call& call) { WriteOne(call, WriteMode::kPrepend); }

void HandleDelete(Call& call) {
  if (!KeyFits(call)) return;
  AnswerFound(call, call.engine.store().Delete(call.request.key, call.now));
}

void HandleCompareAndDelete(Call& call) {
  if (!KeyFits(call)) return;
  AnswerOutcome(
      call, call.engine.store().CompareAndDelete(call.request.key, call.request.version, call.now));
}

void HandleExists(Call& call) {
  if (!KeyFits(call)) return;
  AnswerFound(call, call.engine.store().Exists(call.request.key, call.now));
}

void HandleTouch(Call& call) {
  if (!KeyFits(call)) return;
  AnswerFound(call, call.engine.store().Touch(call.request.key, call.request.ttl, call.now));
}

void HandleIncrement(Call& call) {
  const protocol::Request& request = call.request;
  const IncrementResult result = call.engine.store().Increment(
      {.key = request.key,
       .by = request.by,
       .subtract = request.op == protocol::Op::kDecrement,
       .initial =
           request.initial_overflows ? std::nullopt : std::optional<int64_t>(request.initial),
       .flags = request.flags,
       .lenient = request.lenient_number,
       .ttl_ms = request.ttl,
       .ttl_at_creation = request.ttl_at_creation,
       .tags = request.tags},
      call.now);
  call.response.number = result.value;
  AnswerOutcome(call, result.outcome);
}

void HandleMeta(Call& call) {
  if (!KeyFits(call)) return;
  std::optional<EntryMeta> meta = call.engine.store().Meta(call.request.key, call.now);
  if (!meta) return AnswerFound(call, false);
  call.scratch.meta = std::move(*meta);
  const EntryMeta& kept = call.scratch.meta;
  call.scratch.views.assign(kept.tags.begin(), kept.tags.end());
  call.response.meta = {
      .ttl_left_ms = kept.ttl_left_ms ? static_cast<int64_t>(*kept.ttl_left_ms) : -1,
      .age_ms = kept.age_ms,
      .size = kept.size,
      .version = kept.version,
      .flags = kept.flags,
      .tags = call.scratch.views};
}

}  // namespace tagcache::server
