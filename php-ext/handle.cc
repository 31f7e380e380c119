#include "php-ext/handle.h"

#include <utility>

namespace tagcache::php {
namespace {

// Every option takes part, each with its length or an end of its own, so that two different sets
// never have the same text.
std::string CanonicalText(const Options& options) {
  std::string text;
  const auto number = [&text](int64_t value) { text += std::to_string(value) + ';'; };
  const auto bytes = [&text](const std::string& value) {
    text += std::to_string(value.size()) + ':' + value;
  };
  number(static_cast<int64_t>(options.servers.size()));
  for (const std::string& server : options.servers) bytes(server);
  number(static_cast<int64_t>(options.protocol));
  number(options.timeout.count());
  number(options.connect_timeout.count());
  number(static_cast<int64_t>(options.pool_min));
  number(static_cast<int64_t>(options.pool_max));
  number(options.idle_timeout.count());
  number(options.idle_check.count());
  number(options.health_check.count());
  number(options.retries);
  number(options.backoff.count());
  number(options.backoff_max.count());
  number(options.tcp_nodelay);
  number(options.tcp_keepalive);
  number(static_cast<int64_t>(options.send_buffer));
  number(static_cast<int64_t>(options.receive_buffer));
  number(options.busy_poll.count());
  bytes(options.username);
  bytes(options.password);
  bytes(options.client_name);
  bytes(options.prefix);
  number(options.default_ttl.count());
  return text;
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
  Park().stream.Close();
  persistent.erase(oldest);
}

}  // namespace

Handle* AcquireHandle(bool persistent) {
  const Options& options = Park().options;
  if (!persistent) {
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
  --handle->users;
  if (handle->persistent) return;
  // A stream that a long jump left open belongs to its client: close it first.
  Park().stream.Close();
  delete handle;
}

}  // namespace tagcache::php
