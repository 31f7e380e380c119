// Commands on many keys. A batch is read a slice at a time from the bytes it came in
// (protocol/batch.h), and goes on in later turns. Of a batch that is malformed, or that is refused
// because of one key, nothing is carried out: all of it is checked first.

#include <cassert>

#include "server/commands/handlers.h"

namespace tagcache::server {
namespace {

using protocol::StatusCode;

// Checks a slice. false: the request was refused.
bool CheckSlice(Call& call, Progress& progress) {
  const size_t max_key = call.engine.options().store.max_key;
  const protocol::BatchCheck check =
      protocol::CheckBatch(progress.rest, max_key, call.scratch.decode);
  progress.done += check.elements;
  if (check.error != StatusCode::kOk) {
    call.Refuse(check.error, std::string(call.command.name).append(": ").append(check.detail));
  } else if (!check.long_key.empty()) {
    call.Refuse(StatusCode::kKeyTooLong,
                ExplainOutcome(call, Outcome::kKeyTooLong, check.long_key, 0, {}));
  } else if (progress.rest.AtEnd() && progress.done == 0) {
    call.Refuse(StatusCode::kEmptyKeys, std::string(call.command.name) + ": no key was given");
  } else {
    return true;
  }
  return false;
}

// Whether all of the batch was checked. false: it was refused, or the check goes on in the next
// turn.
bool IsChecked(Call& call, Progress& progress) {
  if (progress.checked) return true;
  if (call.earlier == nullptr) progress.rest = call.request.batch;
  while (!progress.rest.AtEnd()) {
    if (!CheckSlice(call, progress)) return false;
    if (!progress.rest.AtEnd() && call.TurnIsOver()) {
      call.GoOn();
      return false;
    }
  }
  progress.checked = true;
  progress.rest = call.request.batch;
  progress.done = 0;
  return true;
}

// Calls act(progress) for a slice after the other, until the batch is at its end (true), or goes on
// later.
template <typename Act>
bool ForEachSlice(Call& call, Progress& progress, Act act) {
  if (!IsChecked(call, progress)) return false;
  const bool sends = call.command.reply == protocol::Reply::kValues;
  while (!progress.rest.AtEnd()) {
    act(progress);
    if (!progress.rest.AtEnd() && ((sends && call.sink->Full()) || call.TurnIsOver())) {
      call.GoOn();
      return false;
    }
  }
  return true;
}

void GetSlice(Call& call, Progress& progress) {
  const auto keys = protocol::ReadKeys(progress.rest, call.scratch.decode);
  std::vector<EntryRef>& values = call.scratch.values;
  values.clear();
  values.resize(keys.size());
  call.engine.store().MultiGet(keys, call.now, values);
  size_t hits = 0;
  for (const EntryRef& value : values) hits += value ? 1 : 0;
  call.metrics.hits.Add(hits);
  call.metrics.misses.Add(keys.size() - hits);
  call.sink->SendValues(call.request, values, progress.rest.AtEnd());
}

void PutSlice(Call& call, Progress& progress) {
  const auto items = protocol::ReadItems(progress.rest, call.scratch.decode);
  std::vector<Write>& writes = call.scratch.writes;
  writes.clear();
  for (const protocol::PutItem& item : items) {
    writes.push_back({.key = item.key,
                      .value = item.value,
                      .flags = item.flags,
                      .ttl_ms = item.ttl,
                      .tags = item.tags});
  }
  std::vector<Outcome>& outcomes = call.scratch.outcomes;
  outcomes.assign(items.size(), Outcome::kOk);
  call.engine.store().MultiPut(writes, call.now, outcomes);
  size_t stored = 0;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i] == Outcome::kOk) {
      ++stored;
    } else {
      progress.refused.push_back(
          {.index = static_cast<uint32_t>(progress.done + i), .status = StatusOf(outcomes[i])});
    }
  }
  progress.done += items.size();
  progress.number += static_cast<int64_t>(stored);
  call.metrics.puts.Add(stored);
}

}  // namespace

void HandleMGet(Call& call) {
  assert(call.sink != nullptr);
  Progress& progress = call.Begin();
  if (call.request.batch.AtEnd()) return call.sink->SendValues(call.request, {}, true);
  ForEachSlice(call, progress, [&](Progress& at) { GetSlice(call, at); });
}

void HandleMPut(Call& call) {
  Progress& progress = call.Begin();
  if (!ForEachSlice(call, progress, [&](Progress& at) { PutSlice(call, at); })) return;
  call.response.number = progress.number;
  call.response.refused = progress.refused;
}

void HandleMDelete(Call& call) {
  Progress& progress = call.Begin();
  const bool done = ForEachSlice(call, progress, [&](Progress& at) {
    const auto keys = protocol::ReadKeys(at.rest, call.scratch.decode);
    at.number += static_cast<int64_t>(call.engine.store().MultiDelete(keys, call.now));
  });
  if (done) call.response.number = progress.number;
}

}  // namespace tagcache::server
