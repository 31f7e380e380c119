// Commands on many keys. The store takes each shard's lock once for all of them.

#include "server/net/handlers.h"

namespace tagcache::server {
namespace {

using protocol::StatusCode;

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
  const auto keys = call.request.keys;
  std::vector<EntryRef>& values = call.bench.values;
  values.clear();
  values.resize(keys.size());
  call.engine.store().MultiGet(keys, call.now, values);
  size_t hits = 0;
  for (const EntryRef& value : values) hits += value ? 1 : 0;
  call.metrics.hits.Add(hits);
  call.metrics.misses.Add(keys.size() - hits);
  call.values = values;
}

void HandleMPut(Call& call) {
  const auto items = call.request.items;
  std::vector<Write>& writes = call.bench.writes;
  writes.clear();
  writes.reserve(items.size());
  for (const protocol::PutItem& item : items) {
    writes.push_back({.key = item.key,
                      .value = item.value,
                      .flags = item.flags,
                      .ttl_ms = item.ttl,
                      .tags = item.tags});
  }
  std::vector<Outcome>& outcomes = call.bench.outcomes;
  outcomes.assign(items.size(), Outcome::kOk);
  call.engine.store().MultiPut(writes, call.now, outcomes);

  std::vector<protocol::RefusedItem>& refused = call.bench.refused;
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
