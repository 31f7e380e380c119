#ifndef TAGCACHE_PROFILING_PEERS_ADDRESS_H_
#define TAGCACHE_PROFILING_PEERS_ADDRESS_H_

// Where servers on this machine are: at a port of loopback, or at the path of a Unix socket.

#include <netinet/in.h>
#include <sys/un.h>

#include <string>

namespace tagcache::profiling {

sockaddr_in Loopback(int port);
sockaddr_un AtPath(const std::string& path);  // a path that is too long is cut

// A connected socket, owned by the caller; -1 with errno where there is none.
int TryConnect(int port);
int TryConnect(const std::string& path);

}  // namespace tagcache::profiling

#endif  // TAGCACHE_PROFILING_PEERS_ADDRESS_H_
