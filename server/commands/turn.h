#ifndef TAGCACHE_SERVER_COMMANDS_TURN_H_
#define TAGCACHE_SERVER_COMMANDS_TURN_H_

// How long a connection works before the other connections of its worker have their turns, and what
// a command keeps that goes on in a later turn.
//
//   turn of A     others     turn of A     others     turn of A
//   |GET|GET|MGE|  ......    |  MGET   |    ......    |GET |GET|
//            \________________\_______/________________/
//                 one command in three turns: its handler runs three times
//
// A handler that may visit many things does a part, asks Call::TurnIsOver, and calls Call::GoOn
// when it is: it runs again in the next turn of its connection, with the same Progress. Requests
// behind it on the same connection wait for its answer.
//
// Threads: one at a time, the worker's.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "protocol/batch.h"
#include "protocol/message.h"
#include "server/store/store.h"

namespace tagcache::server {

// A turn ends after this time, once the part that was begun is done. Between two turns a worker
// asks the kernel for events, which costs some microseconds: a turn of this length loses 2 % to
// that. Of a hundred connections that all use up their turns each waits 20 ms.
inline constexpr uint64_t kTurnLengthNs = 200'000;

class Turn {
 public:
  // `clock` is Engine::LatencyClock() now; 0: time is not measured, and the turn has no end.
  void Begin(uint64_t clock) { end_ = clock == 0 ? UINT64_MAX : clock + kTurnLengthNs; }
  bool IsOverAt(uint64_t clock) const { return clock >= end_; }

 private:
  uint64_t end_ = UINT64_MAX;
};

// What a command keeps from one turn to the next. Each handler uses some of it.
struct Progress {
  protocol::Batch rest;  // of the keys or items: not yet checked, and then not yet carried out
  bool checked = false;  // all of the batch was checked
  size_t done = 0;       // elements in front of `rest`; entries visited; tags invalidated
  int64_t number = 0;    // of the answer
  uint64_t cursor = 0;   // where the next part begins
  size_t bytes = 0;      // of the keys that were listed
  std::vector<protocol::RefusedItem> refused;
  std::vector<std::string> keys;
  std::unique_ptr<TagRanking> ranking;

  // Begins anew and keeps the memory of the lists.
  void Clear() {
    rest = {};
    checked = false;
    done = bytes = 0;
    number = 0;
    cursor = 0;
    refused.clear();
    keys.clear();
    ranking.reset();
  }
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_COMMANDS_TURN_H_
