#include "server/net/unix_link.h"

#include <algorithm>
#include <new>

#include "protocol/shm_ring.h"
#include "server/net/peer_credentials.h"
#include "server/net/shm_link.h"

namespace tagcache::server {

using protocol::kShmAskBytes;

Transfer UnixLink::Read(std::span<char> space) {
  const Transfer read = SocketLink::Read(space);
  if (begun_ || read.bytes == 0) return read;
  if (ask_.empty() && static_cast<uint8_t>(space[0]) != protocol::kShmAskMagic) {
    begun_ = true;
    return read;
  }
  // A client sends nothing after its ask before it has the answer, so nothing is lost here.
  ask_.append(space.data(), std::min(read.bytes, kShmAskBytes - ask_.size()));
  return {.asks_upgrade = ask_.size() == kShmAskBytes};
}

std::unique_ptr<Link> UnixLink::Upgrade(std::string_view refusal) {
  assert(ask_.size() == kShmAskBytes && !begun_);
  std::string why(refusal);
  if (why.empty()) {
    if (std::unique_ptr<Link> link = Grant(&why)) return link;
  }
  begun_ = true;  // what the peer still sends is no ask
  grants_.metrics.shm_refused.Add(1);
  grants_.events.Write(Level::kWarning, "shm_refused", {{"peer", Address()}, {"detail", why}});
  ShmLink::Refuse(socket()->fd(), why);
  return nullptr;
}

// Null: *why is the reason.
std::unique_ptr<Link> UnixLink::Grant(std::string* why) {
  uint32_t ring_bytes = 0;
  if (!protocol::DecodeShmAsk(ask_, &ring_bytes)) {
    *why = "this server speaks version 1 of the shared memory transport";
    return nullptr;
  }
  *why = WhyPeerMayNot(socket()->fd());
  if (!why->empty()) return nullptr;
  if (!grants_.open.TryAdd(grants_.limit)) {
    *why = "the limit max_shm_connections is " + std::to_string(grants_.limit);
    return nullptr;
  }
  ring_bytes = protocol::ShmRingBytes(ring_bytes);
  if (!grants_.memory.AddRings(protocol::ShmBytes(ring_bytes))) {
    grants_.open.Remove();
    *why = "shared memory may take half of client_memory_limit, which is " +
           std::to_string(grants_.memory.limit()) + " bytes";
    return nullptr;
  }
  std::unique_ptr<ShmLink> link;
  try {
    link = ShmLink::Open(socket(), ring_bytes, user(), grants_, why);
  } catch (const std::bad_alloc&) {
    *why = "the server has no memory for it";
  }
  if (link == nullptr) {
    grants_.open.Remove();
    grants_.memory.RemoveRings(protocol::ShmBytes(ring_bytes));
  } else {
    grants_.metrics.shm_opened.Add(1);
  }
  return link;
}

}  // namespace tagcache::server
