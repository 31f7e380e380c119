#include "server/commands/call.h"

#include <algorithm>
#include <cassert>

#include "protocol/shown.h"

namespace tagcache::server {
namespace {

// Each list keeps room for at most this many elements from one call to the next.
constexpr size_t kKeptElements = 16 * 1024;

template <typename T>
void TrimVector(std::vector<T>& items) {
  if (items.capacity() > kKeptElements) items = std::vector<T>();
}

std::string Over(std::string subject, std::string_view what, uint64_t size, std::string_view unit,
                 std::string_view limit_name, uint64_t limit) {
  subject.append(": the ").append(what).append(" has ").append(std::to_string(size));
  subject.append(" ").append(unit).append(", the limit ").append(limit_name);
  return subject.append(" is ").append(std::to_string(limit));
}

}  // namespace

void CallScratch::Trim() {
  TrimVector(decode.views);
  TrimVector(decode.items);
  TrimVector(decode.lists);
  TrimVector(values);
  TrimVector(writes);
  TrimVector(outcomes);
  TrimVector(progress.refused);
  TrimVector(progress.keys);
  TrimVector(keys);
  TrimVector(tag_usage);
  TrimVector(views);
}

void Call::Refuse(protocol::StatusCode status, std::string message) {
  assert(protocol::IsError(status));
  response.status = status;
  scratch.message = std::move(message);
  response.message = scratch.message;
}

Progress& Call::Begin() {
  if (earlier != nullptr) return *earlier;
  scratch.progress.Clear();
  return scratch.progress;
}

Waiter* Call::PrepareWait(TimeMs until, CancelWait cancel) {
  if (waiting_requests == nullptr || until <= now) return nullptr;
  return waiting_requests->Prepare(request, again, until, cancel);
}

void Call::Wait() {
  assert(waiting_requests != nullptr && !waiting && !close);
  waiting_requests->Start(request, again, now);
  waiting = true;
}

bool KeyFits(Call& call) {
  if (call.request.key.size() <= call.engine.options().store.max_key) return true;
  call.Refuse(protocol::StatusCode::kKeyTooLong,
              ExplainOutcome(call, Outcome::kKeyTooLong, call.request.key, 0, {}));
  return false;
}

size_t PageLimit(const Call& call) {
  const size_t asked = call.request.limit == 0 ? call.default_page : call.request.limit;
  return std::min(asked, call.max_page);
}

bool KeysFit(Call& call, std::span<const std::string> keys, size_t* bytes) {
  const size_t max_reply = call.engine.options().max_reply;
  for (const std::string& key : keys) *bytes += key.size() + 1;
  if (*bytes <= max_reply) return true;
  call.Refuse(protocol::StatusCode::kReplyTooLarge,
              std::string(call.command.name) + ": the list of keys has over " +
                  std::to_string(max_reply) + " bytes; ask for pages");
  return false;
}

void AnswerKeys(Call& call, uint64_t cursor, size_t bytes) {
  const std::vector<std::string>& keys = call.scratch.keys;
  if (!KeysFit(call, keys, &bytes)) return;
  call.scratch.views.assign(keys.begin(), keys.end());
  call.response.keys = call.scratch.views;
  call.response.cursor = cursor;
}

std::string Shown(std::string_view bytes) {
  std::string shown;
  protocol::AppendShown(bytes, shown);
  return shown;
}

std::string Subject(const protocol::Command& command, std::string_view key) {
  return std::string(command.name).append(" '").append(Shown(key)).append("'");
}

protocol::StatusCode StatusOf(Outcome outcome) {
  using protocol::StatusCode;
  switch (outcome) {
    case Outcome::kOk:
      return StatusCode::kOk;
    case Outcome::kNotFound:
      return StatusCode::kNotFound;
    case Outcome::kExists:
      return StatusCode::kExists;
    case Outcome::kNotAnInteger:
      return StatusCode::kNotAnInteger;
    case Outcome::kOverflow:
      return StatusCode::kOverflow;
    case Outcome::kKeyTooLong:
      return StatusCode::kKeyTooLong;
    case Outcome::kTagTooLong:
      return StatusCode::kTagTooLong;
    case Outcome::kTooManyTags:
      return StatusCode::kTooManyTags;
    case Outcome::kValueTooLarge:
      return StatusCode::kValueTooLarge;
    case Outcome::kOutOfMemory:
      return StatusCode::kOutOfMemory;
    case Outcome::kVersionMismatch:
    case Outcome::kContended:
      return StatusCode::kVersionMismatch;
    case Outcome::kStaleToken:
      return StatusCode::kStaleToken;
  }
  return StatusCode::kBadRequest;
}

std::string ExplainOutcome(const Call& call, Outcome outcome, std::string_view key,
                           size_t value_size, std::span<const std::string_view> tags) {
  const StoreOptions& limits = call.engine.options().store;
  std::string subject = Subject(call.command, key);
  switch (outcome) {
    case Outcome::kOk:
    case Outcome::kNotFound:
    case Outcome::kExists:
      return {};
    case Outcome::kNotAnInteger:
      return subject.append(": the value is not an integer of 64 bits");
    case Outcome::kOverflow:
      return subject.append(": the result does not fit an integer of 64 bits");
    case Outcome::kKeyTooLong:
      return Over(std::move(subject), "key", key.size(), "bytes", "max_key", limits.max_key);
    case Outcome::kTagTooLong:
      for (const std::string_view tag : tags) {
        if (tag.size() <= limits.max_tag) continue;
        return Over(std::move(subject), "tag '" + Shown(tag) + "'", tag.size(), "bytes", "max_tag",
                    limits.max_tag);
      }
      return subject.append(": a tag is longer than max_tag");
    case Outcome::kTooManyTags:
      return Over(std::move(subject), "entry", tags.size(), "tags", "max_tags", limits.max_tags);
    case Outcome::kValueTooLarge:
      return Over(std::move(subject), "value", value_size, "bytes", "max_value", limits.max_value);
    case Outcome::kOutOfMemory:
      subject.append(": the server has no memory for ").append(std::to_string(value_size));
      subject.append(" bytes");
      if (limits.memory_limit == 0) return subject;
      return subject.append("; the limit memory_limit is ")
          .append(std::to_string(limits.memory_limit))
          .append(", and one entry may take a sixteenth of it, which is ")
          .append(std::to_string(limits.memory_limit / kLargestShare));
    case Outcome::kVersionMismatch:
      return subject.append(": the entry was written since that version");
    case Outcome::kContended:
      return subject.append(": others wrote the key each time while the longer value was made");
    case Outcome::kStaleToken:
      return subject.append(
          ": since the lease's token was given out the key was written or deleted, or a tag was "
          "invalidated");
  }
  return {};
}

}  // namespace tagcache::server
