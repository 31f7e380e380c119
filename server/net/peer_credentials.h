#ifndef TAGCACHE_SERVER_NET_PEER_CREDENTIALS_H_
#define TAGCACHE_SERVER_NET_PEER_CREDENTIALS_H_

// Who is at the other end of a Unix socket, and what the mode of the socket's file lets them do.
//
// The kernel looks at the mode when a process connects and never again; a connection may be handed
// on, or be older than the mode. Shared memory is handed out only to whom the file admits now.

#include <sys/types.h>

#include <span>
#include <string>

namespace tagcache::server {

// Owner, group and mode of a file, as stat(2) has them.
struct FileAccess {
  uid_t owner = 0;
  gid_t group = 0;
  mode_t mode = 0;
};

// Whether a process of this user and these groups may write to the file: by the rights of the
// owner, else of the group, else of all others (path_resolution(7)). root may.
bool MayWrite(const FileAccess& file, uid_t user, std::span<const gid_t> groups);

// Why the process that connected to the Unix socket `socket` (SO_PEERCRED and SO_PEERGROUPS of
// unix(7): as it was when it connected) may not use the socket's file; empty: it may.
std::string WhyPeerMayNot(int socket);

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_PEER_CREDENTIALS_H_
