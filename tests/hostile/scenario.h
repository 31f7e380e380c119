#ifndef TAGCACHE_TESTS_HOSTILE_SCENARIO_H_
#define TAGCACHE_TESTS_HOSTILE_SCENARIO_H_

// Who attacks how, and what must hold. The table is in scenarios.cc: a further scenario is a row.
//
// What must hold in every scenario is in hostile_test.cc; a row says only where it differs.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/hostile/attacks.h"
#include "tests/support/server_process.h"

namespace tagcache::testing {

struct Scenario {
  std::string_view name;
  std::vector<Attack> attacks;  // a thread each; every other one over the Unix socket
  std::vector<std::string> flags = {};
  ProcessBounds bounds = {};
  size_t memory_limit_mib = 256;
  void (*prepare)(const Target& target) = nullptr;
  bool password = false;  // the server asks for one; the bystanders have it, the attackers do not
  // The attackers remove or displace what others stored, as they may: a bystander's miss is none of
  // its failures, and the entries that were there before need not be there afterwards.
  bool may_remove = false;
  bool unix_only = false;  // all attackers are at the Unix socket, and not every other one
  // In the middle of the attack, a client of this machine that connects anew is served: the
  // attackers have all places, but those above the limit only for a short time.
  bool serves_newcomers = false;
};

std::span<const Scenario> Scenarios();
// Some of the attacks at once, chosen by the seed.
Scenario MixtureOf(unsigned seed);

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_HOSTILE_SCENARIO_H_
