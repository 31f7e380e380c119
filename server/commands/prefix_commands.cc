// Commands on the keys that begin with a prefix. Each request does a bounded part of the work; the
// cursor in its answer is where the next request goes on.

#include <algorithm>

#include "server/commands/handlers.h"

namespace tagcache::server {
namespace {

// The most entries that one request visits.
constexpr size_t kBudget = 4096;

}  // namespace

void HandleScan(Call& call) {
  if (!KeyFits(call)) return;
  const protocol::Request& request = call.request;
  const size_t limit = PageLimit(call);
  KeyList page = call.engine.store().Scan(request.key, request.cursor, limit, kBudget, call.now);
  call.scratch.keys = std::move(page.keys);
  AnswerKeys(call, page.cursor);
}

void HandleDeletePrefix(Call& call) {
  if (!KeyFits(call)) return;
  uint64_t cursor = call.request.cursor;
  call.response.number = static_cast<int64_t>(
      call.engine.store().DeletePrefix(call.request.key, &cursor, kBudget, call.now));
  call.response.cursor = cursor;
}

}  // namespace tagcache::server
