#ifndef TAGCACHE_SERVER_NET_POLLER_H_
#define TAGCACHE_SERVER_NET_POLLER_H_

// Polls connections after traffic: checks each of them again and again for more, instead of
// sleeping in the loop until the kernel reports it. To sleep and be woken costs more than a small
// request.
//
//   traffic -> Add -> [ turn of polling -> turn of the loop ] ... -> quiet for the window
//                                                                    -> the loop reports traffic
//
// A turn is short, and between two of them the loop has one for everything else: when its time is
// over it ends, and the next one begins with the connection after the last. With no connection to
// poll the worker sleeps in the loop.
//
// Threads: its loop's.

#include <uv.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace tagcache::server {

class Connection;

class Poller {
 public:
  // `window`: how long a connection is polled after its last traffic; zero: not at all.
  Poller(uv_loop_t* loop, std::chrono::microseconds window);
  // REQUIRES: Close was called, and the loop has run since.
  ~Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Polls the connection until it has been quiet for the window. false: it does not; there is no
  // window, there are too many already, or StopAll was called. REQUIRES: it is not polled.
  bool Add(Connection& connection);
  // Polls the connection at least in the next turn. For a connection that has something to do which
  // the loop would not report. REQUIRES: it is not polled.
  void AddOnce(Connection& connection);
  // The connection may not be polled.
  void Remove(Connection& connection);
  // Removes all of them, and Add adds no more.
  void StopAll();
  // REQUIRES: no connection is polled.
  void Close();

 private:
  template <typename Visit>
  void ForEach(Visit visit);
  void RunTurn();
  uint64_t CheckEach(uint64_t now, uint64_t end, bool* found);
  void RemoveQuiet(uint64_t now);

  const uint64_t window_ns_;
  uv_idle_t turn_;  // active while there is a connection to poll
  std::vector<Connection*> polled_;
  size_t next_ = 0;  // in polled_: the first to be checked in the next turn
  bool stopped_ = false;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_POLLER_H_
