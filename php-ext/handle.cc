#include "php-ext/handle.h"

#include <cassert>
#include <utility>

namespace tagcache::php {
namespace {

// Every option takes part, each with its length, so that two different sets never have the same
// text.
std::string CanonicalText(const Options& options) {
  std::string canonical;
  for (const auto& row : OptionTable()) {
    const std::string text = FormatOption(row, row.get(options));
    canonical += std::to_string(text.size()) + ':' + text;
  }
  return canonical;
}

std::unique_ptr<Handle> MakeHandle(const Options& options) {
  auto handle = std::make_unique<Handle>();
  if (!Keep(Client::Create(options), &handle->client)) return nullptr;
  for (const std::string& server : options.servers) {
    handle->servers += (handle->servers.empty() ? "" : ",") + server;
  }
  handle->text = options.protocol == Protocol::kText;
  return handle;
}

// The client that was used longest ago goes, of those that no object uses.
void MakeRoom() {
  auto& persistent = State().persistent;
  if (persistent.size() < kMaxPersistent) return;
  auto oldest = persistent.end();
  for (auto it = persistent.begin(); it != persistent.end(); ++it) {
    if (it->second->users > 0) continue;
    if (oldest == persistent.end() || it->second->last_used < oldest->second->last_used) {
      oldest = it;
    }
  }
  if (oldest == persistent.end()) return;
  // A stream that a long jump left open may belong to it.
  ThisCall().stream.Close();
  persistent.erase(oldest);
}

}  // namespace

Handle* AcquireHandle() {
  const Options& options = ThisCall().settings.client;
  if (!ThisCall().settings.persistent) {
    std::unique_ptr<Handle> handle = MakeHandle(options);
    if (handle != nullptr) handle->users = 1;
    return handle.release();
  }
  std::string key = CanonicalText(options);
  auto found = State().persistent.find(key);
  if (found == State().persistent.end()) {
    std::unique_ptr<Handle> made = MakeHandle(options);
    if (made == nullptr) return nullptr;
    made->persistent = true;
    MakeRoom();
    found = State().persistent.emplace(std::move(key), std::move(made)).first;
  }
  Handle* handle = found->second.get();
  handle->last_used = ++State().acquisitions;
  ++handle->users;
  return handle;
}

void ReleaseHandle(Handle* handle) {
  assert(handle->users > 0);
  --handle->users;
  assert(handle->persistent || handle->users == 0);
  if (handle->persistent) return;
  // A stream that a long jump left open belongs to its client: close it first.
  ThisCall().stream.Close();
  delete handle;
}

}  // namespace tagcache::php
