#ifndef TAGCACHE_PHP_EXT_HANDLE_H_
#define TAGCACHE_PHP_EXT_HANDLE_H_

// Native clients as PHP holds them. A persistent one belongs to the thread (the FPM worker process,
// under NTS) and serves every object made with the same options, request after request; another
// belongs to its one object.
//
// Threads: everything here is one thread's. Fork: the library gives a child connections of its own.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "php-ext/php_tagcache.h"
#include "php-ext/settings.h"
#include "tagcache/client.h"

namespace tagcache::php {

struct Handle {
  std::unique_ptr<Client> client;
  std::string servers;     // for messages and phpinfo()
  size_t users = 0;        // objects that hold it
  uint64_t last_used = 0;  // count of the thread's acquisitions when it was last acquired
  bool persistent = false;
  bool text = false;
};

// What the thread's current call owns: what it read and what the library returned. It lives here
// and not on the stack, because Zend may leave the call by a long jump (see README.md).
struct CallState {
  Status status;
  Settings settings;
  Address address;
  Stream stream;
  KeyPage page;
  StatList stats;
  std::optional<Meta> meta;
  PutReport report;
  DeleteReport deleted;
  std::string text;
};

// Persistent clients of a thread beyond which one that no object uses makes room for a new one: a
// page that makes up its options (a prefix for each user) must not keep a connection for each.
inline constexpr size_t kMaxPersistent = 64;

struct ThreadState {
  std::unordered_map<std::string, std::unique_ptr<Handle>> persistent;  // by canonical options
  uint64_t acquisitions = 0;
  CallState call;
};

inline ThreadState& State() { return *TAGCACHE_G(state); }
inline CallState& ThisCall() { return State().call; }

// The handle for ThisCall().settings; nullptr with ThisCall().status when they are refused.
Handle* AcquireHandle();
void ReleaseHandle(Handle* handle);

// Moves a result into its place and returns true; false with the error in ThisCall().status.
template <typename T, typename Place>
bool Keep(Result<T>&& result, Place* place) {
  if (!result.ok()) {
    ThisCall().status = result.status();
    return false;
  }
  *place = std::move(result).value();
  return true;
}
inline bool Keep(Status&& status) {
  const bool ok = status.ok();
  if (!ok) ThisCall().status = std::move(status);
  return ok;
}

}  // namespace tagcache::php

#endif  // TAGCACHE_PHP_EXT_HANDLE_H_
