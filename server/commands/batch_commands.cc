// Commands on many keys. The store takes the lock of each shard once for all of a batch.

#include <algorithm>
#include <cassert>

#include "server/commands/handlers.h"

namespace tagcache::server {
namespace {

using protocol::StatusCode;

// An MGET looks up this many keys and sends what it found before it looks up the next ones, so that
// the peer can read the front of a long answer while the rest is being made.
constexpr size_t kSlice = 512;

bool KeysFit(Call& call) {
  const size_t limit = call.engine.options().store.max_key;
  for (const std::string_view key : call.request.keys) {
    if (key.size() <= limit) continue;
    call.Refuse(StatusCode::kKeyTooLong, ExplainOutcome(call, Outcome::kKeyTooLong, key, 0, {}));
    return false;
  }
  return true;
}

}  // namespace

void HandleMGet(Call& call) {
  if (!KeysFit(call)) return;
  assert(call.sink != nullptr);
  std::span<const std::string_view> keys = call.request.keys;
  std::vector<EntryRef>& values = call.scratch.values;
  values.clear();
  do {
    const auto slice = keys.first(std::min(keys.size(), kSlice));
    keys = keys.subspan(slice.size());
    values.resize(slice.size());
    call.engine.store().MultiGet(slice, call.now, values);
    size_t hits = 0;
    for (const EntryRef& value : values) hits += value ? 1 : 0;
    call.metrics.hits.Add(hits);
    call.metrics.misses.Add(slice.size() - hits);
    call.sink->SendValues(call.request, values, keys.empty());
  } while (!keys.empty());
}

void HandleMPut(Call& call) {
  const auto items = call.request.items;
  std::vector<Write>& writes = call.scratch.writes;
  writes.clear();
  writes.reserve(items.size());
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

  std::vector<protocol::RefusedItem>& refused = call.scratch.refused;
  refused.clear();
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i] == Outcome::kOk) continue;
    refused.push_back({.index = static_cast<uint32_t>(i), .status = StatusOf(outcomes[i])});
  }
  call.response.number = static_cast<int64_t>(items.size() - refused.size());
  call.response.refused = refused;
  call.metrics.puts.Add(items.size() - refused.size());
}

void HandleMDelete(Call& call) {
  if (!KeysFit(call)) return;
  call.response.number =
      static_cast<int64_t>(call.engine.store().MultiDelete(call.request.keys, call.now));
}

}  // namespace tagcache::server
