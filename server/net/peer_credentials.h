#ifndef TAGCACHE_SERVER_NET_PEER_CREDENTIALS_H_
#define TAGCACHE_SERVER_NET_PEER_CREDENTIALS_H_

// Which user is at the other end of a Unix socket, and whether the mode of the socket's file admits
// that user.
//
// The kernel checks the mode when a process connects and never again; a connection may be handed
// on, or be older than the mode. Shared memory is granted only to users whom the file admits now.

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

// Returns why the process that connected to the Unix socket `socket` may not use the socket's file;
// empty: it may. User and groups are those that the process had when it connected (SO_PEERCRED and
// SO_PEERGROUPS of unix(7)).
std::string WhyPeerMayNot(int socket);

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_PEER_CREDENTIALS_H_
