#ifndef TAGCACHE_SERVER_NET_ACCEPTOR_H_
#define TAGCACHE_SERVER_NET_ACCEPTOR_H_

// Accepts the connections of all workers, in the loop of the first one, and hands each to the
// worker that has the fewest.
//
//   listeners -> OnAccepted: a place for it? -> Worker::Hand of the worker with the fewest
//                              \-> none: closed at once, and counted
//
// One listener for an address serves all workers: connections are spread evenly, however they come,
// and a second server on the same address is refused by the system.
//
// Threads: its loop's.

#include <uv.h>

#include <memory>
#include <span>
#include <string>

#include "server/commands/engine.h"
#include "server/net/clock.h"
#include "server/net/listener.h"
#include "server/net/open_connections.h"

namespace tagcache::server {

class Worker;

class Acceptor final : private ListenerUser {
 public:
  // The workers, and everything else, outlive it; `metrics` and `loop` are those of the first one.
  Acceptor(Engine& engine, WorkerMetrics& metrics, OpenConnections& open, uv_loop_t* loop,
           std::span<const std::unique_ptr<Worker>> workers);
  // REQUIRES: Close was called, and the loop has run since.
  ~Acceptor() = default;

  // Takes over the socket `fd`, which listens; one of each transport. Returns empty or what is
  // wrong.
  std::string Add(int fd, Transport transport);
  // Logs what was rejected since the last report, at most once a second. Call it now and then.
  void Report(TimeMs now);
  // Accepts no more. It may be closed already.
  void Close();

 private:
  // ListenerUser:
  void OnAccepted(int fd, Transport transport, bool local) override;
  void OnAcceptFailed(const char* reason) override;

  Worker& WithFewest() const;

  Engine& engine_;
  WorkerMetrics& metrics_;
  OpenConnections& open_;
  uv_loop_t* const loop_;
  const std::span<const std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Listener> tcp_;
  std::unique_ptr<Listener> unix_;
  TimeMs last_report_ = 0;
  uint64_t unreported_ = 0;  // connections rejected or refused since the last report
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_ACCEPTOR_H_
