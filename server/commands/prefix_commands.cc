// Commands on the keys that begin with a prefix. Each request does a bounded part of the work; the
// cursor in its answer is where the next request goes on.

#include <algorithm>
#include <iterator>

#include "server/commands/handlers.h"

namespace tagcache::server {
namespace {

// The most entries that one request visits, and so many of them before it asks whether its turn is
// over.
constexpr size_t kBudget = 4096;
constexpr size_t kPart = 512;
static_assert(kBudget % kPart == 0);

// Whether the command is at its end after a part; else it goes on, in this turn or a later one.
bool AtEnd(Progress& progress, uint64_t cursor) {
  progress.cursor = cursor;
  progress.done += kPart;
  return cursor == 0 || progress.done >= kBudget;
}

}  // namespace

void HandleScan(Call& call) {
  if (!KeyFits(call)) return;
  const protocol::Request& request = call.request;
  const size_t limit = PageLimit(call);
  Progress& progress = call.Begin();
  if (call.earlier == nullptr) progress.cursor = request.cursor;
  while (true) {
    KeyList page = call.engine.store().Scan(request.key, progress.cursor,
                                            limit - progress.keys.size(), kPart, call.now);
    std::move(page.keys.begin(), page.keys.end(), std::back_inserter(progress.keys));
    if (AtEnd(progress, page.cursor) || progress.keys.size() >= limit) break;
    if (call.TurnIsOver()) return call.GoOn();
  }
  call.scratch.keys = std::move(progress.keys);
  AnswerKeys(call, progress.cursor);
}

void HandleDeletePrefix(Call& call) {
  if (!KeyFits(call)) return;
  Progress& progress = call.Begin();
  if (call.earlier == nullptr) progress.cursor = call.request.cursor;
  while (true) {
    uint64_t cursor = progress.cursor;
    progress.number += static_cast<int64_t>(
        call.engine.store().DeletePrefix(call.request.key, &cursor, kPart, call.now));
    if (AtEnd(progress, cursor)) break;
    if (call.TurnIsOver()) return call.GoOn();
  }
  call.response.number = progress.number;
  call.response.cursor = progress.cursor;
}

}  // namespace tagcache::server
