#ifndef TAGCACHE_SERVER_NET_TURNS_H_
#define TAGCACHE_SERVER_NET_TURNS_H_

// The connections of a worker whose sessions have used up a turn and have more to do
// (server/commands/turn.h). Each waits here for its next turn, in the order of coming:
//
//   turn of the loop:  [ one connection's turn ] -> events of all sockets -> [ the next one's ] ...
//
// One turn for each turn of the loop: so whoever asks for little waits for one turn at most,
// besides what else arrived with it, however many connections have much to do.
//
// Threads: its loop's.

#include <uv.h>

#include <deque>

namespace tagcache::server {

class Connection;

class Turns {
 public:
  explicit Turns(uv_loop_t* loop);
  // REQUIRES: Close was called, and the loop has run since.
  ~Turns() = default;
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  // Calls the connection's TakeTurn once, when those before it had theirs. It may wait already.
  void Add(Connection& connection);
  // The connection may not be waiting.
  void Remove(Connection& connection);
  // REQUIRES: no connection waits.
  void Close();

 private:
  void Next();

  uv_idle_t turn_;  // active while a connection waits
  std::deque<Connection*> waiting_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_TURNS_H_
