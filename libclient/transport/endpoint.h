#ifndef TAGCACHE_LIBCLIENT_TRANSPORT_ENDPOINT_H_
#define TAGCACHE_LIBCLIENT_TRANSPORT_ENDPOINT_H_

// An address of Options::servers, taken apart.
// Ownership: plain values. Errors: kUsage, naming the address and what is allowed.

#include <string>
#include <string_view>

#include "tagcache/status.h"

namespace tagcache {

struct Endpoint {
  enum class Kind { kTcp, kUnix, kShm };
  Kind kind = Kind::kTcp;
  std::string host;  // kTcp: a name, or a numeric address without brackets
  std::string port;
  std::string path;  // kUnix, kShm
  std::string name;  // for messages: see ShownServer
};

// "tcp://host", "tcp://host:port", "tcp://[::1]:port", "unix:///path" or "shm:///path".
Result<Endpoint> ParseEndpoint(std::string_view address);

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_TRANSPORT_ENDPOINT_H_
