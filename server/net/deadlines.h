#ifndef TAGCACHE_SERVER_NET_DEADLINES_H_
#define TAGCACHE_SERVER_NET_DEADLINES_H_

// The deadlines of the requests that wait, one for each connection that has such requests: the
// earliest of them. One timer of the loop stands for all. While nothing waits there is no timer.
//
// Threads: its loop's.

#include <uv.h>

#include <set>
#include <utility>

#include "server/store/store.h"

namespace tagcache::server {

class Connection;

class Deadlines {
 public:
  explicit Deadlines(uv_loop_t* loop);
  // REQUIRES: Close was called, and the loop has run since.
  ~Deadlines() = default;
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  // Calls the connection's CheckDeadlines at that time, once; kNoDeadline: not at all. Replaces
  // what was set before for this connection.
  void Set(Connection& connection, TimeMs deadline);
  // REQUIRES: no connection has a deadline.
  void Close();

 private:
  void StartTimer();
  void Expire();

  uv_loop_t* const loop_;
  uv_timer_t timer_;
  std::set<std::pair<TimeMs, Connection*>> deadlines_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_DEADLINES_H_
