// Commands that invalidate, and those that list keys by tag.

#include <algorithm>

#include "server/commands/handlers.h"

namespace tagcache::server {
namespace {

using protocol::StatusCode;

// A listing without a limit asks the store for this many keys at a time, so that no single call of
// the store takes long.
constexpr size_t kPagePart = 4096;

bool TagsFit(Call& call, std::span<const std::string_view> tags) {
  if (tags.empty()) {
    call.Refuse(StatusCode::kBadRequest,
                std::string(call.command.name) + ": no tag was given, at least one is needed");
    return false;
  }
  const size_t limit = call.engine.options().store.max_tag;
  for (const std::string_view tag : tags) {
    if (tag.size() <= limit) continue;
    call.Refuse(StatusCode::kTagTooLong, std::string(call.command.name) + ": the tag '" +
                                             Shown(tag) + "' has " + std::to_string(tag.size()) +
                                             " bytes, the limit max_tag is " +
                                             std::to_string(limit));
    return false;
  }
  return true;
}

TagMatch MatchOf(protocol::Mode mode) {
  return mode == protocol::Mode::kAll ? TagMatch::kAll : TagMatch::kAny;
}

void Invalidate(Call& call, std::span<const std::string_view> tags, TagMatch match) {
  if (!TagsFit(call, tags)) return;
  call.response.number =
      static_cast<int64_t>(call.engine.store().InvalidateTags(tags, match, call.now));
  call.metrics.invalidations.Add(1);
}

// Collects pages of the store in one answer until its limit is reached.
void ListKeys(Call& call, std::span<const std::string_view> tags, TagMatch match) {
  if (!TagsFit(call, tags)) return;
  const size_t limit = PageLimit(call);
  const size_t max_reply = call.engine.options().max_reply;
  std::vector<std::string>& keys = call.scratch.keys;
  keys.clear();
  size_t bytes = 0;
  uint64_t cursor = call.request.cursor;
  do {
    KeyList page = call.engine.store().Keys(tags, match, cursor,
                                            std::min(limit - keys.size(), kPagePart), call.now);
    for (std::string& key : page.keys) {
      bytes += key.size() + 1;
      keys.push_back(std::move(key));
    }
    cursor = page.cursor;
    if (bytes > max_reply) break;  // AnswerKeys refuses it
  } while (cursor != 0 && keys.size() < limit);
  AnswerKeys(call, cursor);
}

}  // namespace

void HandleInvalidateTag(Call& call) { Invalidate(call, {&call.request.key, 1}, TagMatch::kAny); }

void HandleInvalidateTags(Call& call) {
  Invalidate(call, call.request.tags.value_or(protocol::Tags()), MatchOf(call.request.mode));
}

void HandleInvalidateKeys(Call& call) {
  HandleMDelete(call);
  if (call.response.status == StatusCode::kOk) call.metrics.invalidations.Add(1);
}

void HandleKeysByTag(Call& call) { ListKeys(call, {&call.request.key, 1}, TagMatch::kAny); }

void HandleSearch(Call& call) {
  ListKeys(call, call.request.tags.value_or(protocol::Tags()), MatchOf(call.request.mode));
}

void HandleTagStats(Call& call) {
  CallScratch& scratch = call.scratch;
  scratch.tag_stats = call.engine.store().HeaviestTags(PageLimit(call));
  scratch.tag_usage.clear();
  for (const TagStats& stats : scratch.tag_stats) {
    scratch.tag_usage.push_back({.tag = stats.tag,
                                 .keys = stats.keys,
                                 .bytes = stats.bytes,
                                 .hits = stats.hits,
                                 .invalidations = stats.invalidations});
  }
  call.response.tag_stats = scratch.tag_usage;
}

}  // namespace tagcache::server
