#include "server/net/peer_credentials.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

namespace tagcache::server {
namespace {

std::string Failed(const char* what) {
  return std::string("the peer's credentials can not be checked: ") + what + ": " +
         std::strerror(errno);
}

// Gets the peer's supplementary groups. false: the system does not report them.
bool GroupsOf(int socket, std::vector<gid_t>* groups) {
  groups->resize(64);
  for (;;) {
    auto size = static_cast<socklen_t>(groups->size() * sizeof(gid_t));
    const int failed = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups->data(), &size);
    if (failed != 0 && errno != ERANGE) return false;
    groups->resize(size / sizeof(gid_t));
    if (failed == 0) return true;
  }
}

}  // namespace

bool MayWrite(const FileAccess& file, uid_t user, std::span<const gid_t> groups) {
  if (user == 0) return true;
  if (user == file.owner) return (file.mode & S_IWUSR) != 0;
  if (std::find(groups.begin(), groups.end(), file.group) != groups.end()) {
    return (file.mode & S_IWGRP) != 0;
  }
  return (file.mode & S_IWOTH) != 0;
}

std::string WhyPeerMayNot(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return Failed("SO_PEERCRED");
  std::vector<gid_t> groups;
  if (!GroupsOf(socket, &groups)) return Failed("SO_PEERGROUPS");
  groups.push_back(peer.gid);
  // An accepted socket has the name that its listener was bound to.
  sockaddr_un name{};
  size = sizeof name;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size) != 0) {
    return Failed("getsockname");
  }
  if (size <= offsetof(sockaddr_un, sun_path)) {
    errno = ENOENT;
    return Failed("a socket without a file");
  }
  const std::string path(name.sun_path,
                         strnlen(name.sun_path, size - offsetof(sockaddr_un, sun_path)));
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) return Failed(path.c_str());
  if (MayWrite({file.st_uid, file.st_gid, file.st_mode}, peer.uid, groups)) return {};
  return "user " + std::to_string(peer.uid) + " may not write to " + path;
}

}  // namespace tagcache::server
