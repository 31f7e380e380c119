#include "tools/bench/tally.h"

#include <algorithm>

namespace tagcache::bench {
namespace {

const char* NameOf(ServerError error) {
  switch (error) {
    case ServerError::kNone:
      return "none";
    case ServerError::kNotAnInteger:
      return "not_an_integer";
    case ServerError::kOverflow:
      return "overflow";
    case ServerError::kKeyTooLong:
      return "key_too_long";
    case ServerError::kTagTooLong:
      return "tag_too_long";
    case ServerError::kTooManyTags:
      return "too_many_tags";
    case ServerError::kValueTooLarge:
      return "value_too_large";
    case ServerError::kAuthRequired:
      return "auth_required";
    case ServerError::kAuthFailed:
      return "auth_failed";
    case ServerError::kTooManyConnections:
      return "too_many_connections";
    case ServerError::kOutOfMemory:
      return "out_of_memory";
    case ServerError::kShuttingDown:
      return "shutting_down";
    case ServerError::kStaleToken:
      return "stale_token";
  }
  return "another refusal";
}

}  // namespace

std::string ErrorKind(const Status& status) {
  switch (status.code()) {
    case ErrorCode::kOk:
      return "none";
    case ErrorCode::kConnection:
      return "connection";
    case ErrorCode::kTimeout:
      return "timeout";
    case ErrorCode::kProtocol:
      return "protocol";
    case ErrorCode::kServer:
      return std::string("server: ") + NameOf(status.server_error());
    case ErrorCode::kUsage:
      return "usage";
    case ErrorCode::kNoMemory:
      return "no_memory";
  }
  return "unknown";
}

void OperationTally::Merge(const OperationTally& other) {
  calls += other.calls;
  keys += other.keys;
  misses += other.misses;
  service.Merge(other.service);
  corrected.Merge(other.corrected);
}

void Tally::Answered(Operation operation, const CallTimes& times, TimePoint answered, uint64_t keys,
                     uint64_t misses) {
  if (progress_ != nullptr) {
    progress_->calls.fetch_add(1, std::memory_order_relaxed);
    progress_->keys.fetch_add(keys, std::memory_order_relaxed);
  }
  if (times.due < from_) return;
  OperationTally& tally = operations_[static_cast<size_t>(operation)];
  ++tally.calls;
  tally.keys += keys;
  tally.misses += misses;
  tally.service.Record(answered - times.sent);
  tally.corrected.Record(answered - times.due);
  last_answer_ = std::max(last_answer_, answered);
}

void Tally::Failed(const Status& status) {
  if (progress_ != nullptr) progress_->errors.fetch_add(1, std::memory_order_relaxed);
  ErrorCount& error = errors_[ErrorKind(status)];
  if (error.count++ == 0) error.example = status.message();
}

void Tally::Merge(const Tally& other) {
  for (size_t i = 0; i < kOperations; ++i) operations_[i].Merge(other.operations_[i]);
  for (const auto& [kind, theirs] : other.errors_) {
    ErrorCount& ours = errors_[kind];
    if (ours.count == 0) ours.example = theirs.example;
    ours.count += theirs.count;
  }
  unsent_ += other.unsent_;
  last_answer_ = std::max(last_answer_, other.last_answer_);
}

OperationTally Tally::All() const {
  OperationTally all;
  for (const OperationTally& each : operations_) all.Merge(each);
  return all;
}

}  // namespace tagcache::bench
