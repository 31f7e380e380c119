#ifndef TAGCACHE_LIBCLIENT_TRANSPORT_NAME_LOOKUP_H_
#define TAGCACHE_LIBCLIENT_TRANSPORT_NAME_LOOKUP_H_

// The addresses of a host, looked up within a deadline.
//
// getaddrinfo has no deadline, so a helper thread runs it, and the call waits for the thread no
// longer than it may (docs/decisions/name-lookup.md):
//
//   call    LookUp ---- starts ----> helper   getaddrinfo ........................> result kept
//           waits until its deadline                                                    |
//           returns kTimeout                                                            |
//   later call   LookUp ----------------------------------------------------------------+-->
//   returns
//
// A process has one table of names, for all of its clients. A name has at most one helper at a
// time, and there is none while nothing is looked up. Addresses are kept for kAddressesKept,
// failures are not. A numeric address needs no table.
//
// Fork: a child begins with a table of its own and never waits for a helper of its parent. A helper
// blocks all signals, so none of the program's handlers runs on it. It touches nothing that exit
// destroys, and its code stays loaded when a program unloads the library.
//
// Threads: any. Errors: LookUpResult; std::bad_alloc.

#include <sys/socket.h>

#include <string>
#include <vector>

#include "libclient/transport/io_result.h"

namespace tagcache {

// Long enough that a page that opens a connection seldom waits for a name server, short enough that
// a server that moved is found soon.
inline constexpr Duration kAddressesKept = std::chrono::seconds(30);

struct HostAddress {
  sockaddr_storage address{};
  socklen_t size = 0;
};

struct LookUpResult {
  IoStatus status = IoStatus::kOk;  // or kTimeout or kFailed
  std::vector<HostAddress> addresses;
  std::string why;  // unless kOk: a sentence that has the name
};

// `port` is a number. A look-up that has already taken as long as this call would wait for it fails
// at once, so that the time goes to the other addresses of the server.
LookUpResult LookUp(const std::string& host, const std::string& port, TimePoint deadline);

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_TRANSPORT_NAME_LOOKUP_H_
