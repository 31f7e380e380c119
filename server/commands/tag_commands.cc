// Commands that invalidate, and those that list keys by tag.

#include <algorithm>
#include <iterator>
#include <memory>

#include "server/commands/handlers.h"

namespace tagcache::server {
namespace {

using protocol::StatusCode;

// A listing without a limit asks the store for this many keys at a time, so that no single call of
// the store takes long.
constexpr size_t kPagePart = 1024;
// So many tags are invalidated before the command asks whether its turn is over. The store locks
// all shards once for as many.
constexpr size_t kTagsPart = 64;
// TAG_STATS visits so many tags before it asks.
constexpr size_t kRankedPart = 512;

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
  Progress& progress = call.Begin();
  if (call.earlier == nullptr && !TagsFit(call, tags)) return;
  const size_t part = match == TagMatch::kAny ? kTagsPart : tags.size();
  while (progress.done < tags.size()) {
    const auto some = tags.subspan(progress.done, std::min(part, tags.size() - progress.done));
    progress.done += some.size();
    progress.number +=
        static_cast<int64_t>(call.engine.store().InvalidateTags(some, match, call.now));
    if (progress.done < tags.size() && call.TurnIsOver()) return call.GoOn();
  }
  call.response.number = progress.number;
  call.metrics.invalidations.Add(1);
}

// Sends the keys found so far, where an answer may list any number. false: it was refused.
bool SendPart(Call& call, Progress& progress) {
  if (!KeysFit(call, progress.keys, &progress.bytes)) return false;
  if (!call.sink->SendKeys(progress.keys)) {
    call.Refuse(StatusCode::kUnrepresentable,
                std::string(call.command.name) + ": a key cannot be listed in a line");
    return false;
  }
  progress.keys.clear();
  return true;
}

// Lists pages of the store in one answer until its limit is reached.
void ListKeys(Call& call, std::span<const std::string_view> tags, TagMatch match) {
  Progress& progress = call.Begin();
  if (call.earlier == nullptr) {
    if (!TagsFit(call, tags)) return;
    progress.cursor = call.request.cursor;
  }
  const size_t limit = PageLimit(call);
  while (true) {
    KeyList page = call.engine.store().Keys(tags, match, progress.cursor,
                                            std::min(limit - progress.done, kPagePart), call.now);
    progress.cursor = page.cursor;
    progress.done += page.keys.size();
    std::move(page.keys.begin(), page.keys.end(), std::back_inserter(progress.keys));
    if (page.cursor == 0 || progress.done >= limit) {
      call.scratch.keys = std::move(progress.keys);
      return AnswerKeys(call, page.cursor, progress.bytes);
    }
    if (call.max_page == SIZE_MAX && !SendPart(call, progress)) return;
    if (call.TurnIsOver()) return call.GoOn();
  }
}

}  // namespace

void HandleInvalidateTag(Call& call) { Invalidate(call, {&call.request.key, 1}, TagMatch::kAny); }

void HandleInvalidateTags(Call& call) {
  Invalidate(call, call.request.tags.value_or(protocol::Tags()), MatchOf(call.request.mode));
}

void HandleInvalidateKeys(Call& call) {
  HandleMDelete(call);
  if (!call.goes_on && call.response.status == StatusCode::kOk) call.metrics.invalidations.Add(1);
}

void HandleKeysByTag(Call& call) { ListKeys(call, {&call.request.key, 1}, TagMatch::kAny); }

void HandleSearch(Call& call) {
  ListKeys(call, call.request.tags.value_or(protocol::Tags()), MatchOf(call.request.mode));
}

void HandleTagStats(Call& call) {
  Progress& progress = call.Begin();
  if (call.earlier == nullptr) progress.ranking = std::make_unique<TagRanking>(PageLimit(call));
  while (!call.engine.store().RankTags(progress.ranking.get(), kRankedPart)) {
    if (call.TurnIsOver()) return call.GoOn();
  }
  CallScratch& scratch = call.scratch;
  scratch.tag_usage.clear();
  for (const TagStats& stats : progress.ranking->tags()) {
    scratch.tag_usage.push_back({.tag = stats.tag,
                                 .keys = stats.keys,
                                 .bytes = stats.bytes,
                                 .hits = stats.hits,
                                 .invalidations = stats.invalidations});
  }
  call.response.tag_stats = scratch.tag_usage;
}

}  // namespace tagcache::server
