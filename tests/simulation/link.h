#ifndef TAGCACHE_TESTS_SIMULATION_LINK_H_
#define TAGCACHE_TESTS_SIMULATION_LINK_H_

// One simulated connection: a client machine, a server session, and the bytes between them. Either
// end may be gone while its bytes are still under way.

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "server/session/session.h"
#include "tagcache/options.h"
#include "tests/simulation/client_side.h"
#include "tests/simulation/pipe.h"
#include "tests/simulation/workload.h"

namespace tagcache::simulation {

struct Link {
  bool binary() const { return protocol == Protocol::kBinary; }
  bool gone() const { return client == nullptr && session == nullptr; }

  size_t number = 0;
  Protocol protocol = Protocol::kBinary;
  std::unique_ptr<ClientSide> client;        // null: closed
  std::unique_ptr<server::Session> session;  // null: closed
  Pipe up;                                   // client to server
  Pipe down;
  bool shut_down = false;  // the session answers what it has read, and ends
  std::map<uint64_t, Operation> pending;
  // Operations that were given up, or whose answer was cut off. The server may still carry them
  // out.
  std::vector<Operation> loose;
  uint64_t abandoned = 0;
};

}  // namespace tagcache::simulation

#endif  // TAGCACHE_TESTS_SIMULATION_LINK_H_
