#ifndef TAGCACHE_SERVER_NET_UNIX_LINK_H_
#define TAGCACHE_SERVER_NET_UNIX_LINK_H_

// A link over a Unix socket. It is a SocketLink, but for the first bytes: with these the peer may
// ask for shared memory (protocol/shm_ring.h). Upgrade then makes a ShmLink of the socket, if the
// peer may have one and the limit of such connections has not been reached.

#include <string>

#include "server/net/shm_grants.h"
#include "server/net/socket_link.h"

namespace tagcache::server {

class UnixLink final : public SocketLink {
 public:
  // `grants` outlives the link and its successor.
  UnixLink(std::unique_ptr<SocketWatcher> socket, LinkUser& user, const ShmGrants& grants)
      : SocketLink(std::move(socket), Transport::kUnix, user), grants_(grants) {}

  Transfer Read(std::span<char> space) override;
  std::unique_ptr<Link> Upgrade(std::string_view refusal) override;

 private:
  std::unique_ptr<Link> Grant(std::string* why);

  const ShmGrants& grants_;
  std::string ask_;     // for shared memory, as far as it has been received
  bool begun_ = false;  // the first bytes were no such ask
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_UNIX_LINK_H_
