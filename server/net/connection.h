#ifndef TAGCACHE_SERVER_NET_CONNECTION_H_
#define TAGCACHE_SERVER_NET_CONNECTION_H_

// A session on a libuv stream.
//
//   readable -> Session::Receive -> Flush: write what the socket takes at once
//                                       \-> it takes no more: one chunk goes to uv_write, and its
//                                           end calls Flush again
//
// On a Unix socket the peer may ask for shared memory first (shm_link.h). Then the bytes travel
// there, and what can be read on the socket means: look at the memory.
//
//   rung, or polled -> ShmLink::Read -> Session::Receive -> Flush: write what there is room for
//                                                           \-> no room: the peer rings when there
//                                                           is
//
// Polling: after traffic the worker looks at a connection again and again for a while, without the
// loop (worker.h), if it is one of shared memory or its peer asked for that in HELLO.
//
// Ownership: made by its worker, deletes itself when libuv has closed the handle.
// Threads: its worker's alone.

#include <uv.h>

#include <memory>
#include <string>
#include <string_view>

#include "protocol/spin_gate.h"
#include "server/net/shm_link.h"
#include "server/net/socket_options.h"
#include "server/session/session.h"

namespace tagcache::server {

class Worker;

class Connection final : private EarlyOutput {
 public:
  Connection(Worker& worker, Transport transport);

  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle_); }

  // After uv_accept. `rejected`: the first request is answered with too_many_connections.
  void Start(bool rejected);
  // Answers what was read, then closes.
  void ShutDown();
  // A request of it came out of the worker's queue. Call Flush after the last one.
  void Wake(WaitingRequest* waiting);
  // Sends what there is, until the socket takes no more.
  void Flush();
  // Answers the requests that have waited as long as they asked.
  void CheckDeadlines(TimeMs now);
  // Closes when it has been idle, or has lingered, for too long.
  void CheckTime(TimeMs now);
  void CloseNow(std::string_view reason);

  // Looks whether there is something to do, and does it. true: there was. `clock` is the last look
  // at the clock, Worker::Nanoseconds.
  bool Poll(uint64_t clock);
  // There was traffic: polls for more, or else the loop tells.
  void AwaitTraffic();
  // The worker is to look at it no more: from now on the loop tells. false: there is something
  // already.
  bool EndPolling();
  // Whether the last turns of polling were worth it, and who is told so.
  protocol::SpinGate& poll_gate() { return poll_gate_; }
  uint64_t polled_at = 0;  // the worker's: nanoseconds of the last traffic; 0: it is not polled
  bool poll_paid = false;  // the worker's: there was traffic since polling began

  Connection* previous = nullptr;  // the worker's list
  Connection* next = nullptr;
  Connection* next_woken = nullptr;  // the worker's, while it takes from the queue
  bool woken = false;
  TimeMs next_deadline = kNoDeadline;  // at which the worker calls CheckDeadlines
  bool counted = false;                // among the open connections

 private:
  static void OnAllocate(uv_handle_t* handle, size_t, uv_buf_t* buffer);
  static void OnRead(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer);
  static void OnWritten(uv_write_t* request, int status);
  static void OnClosed(uv_handle_t* handle);

  void OnBytes(std::string_view bytes);
  void Take(std::string_view bytes, uint64_t clock);
  std::string_view TakeAsk(std::string_view bytes);
  void OpenShm();
  void ReadShm(uint64_t clock);
  bool WriteShm(std::string_view output, size_t* written);
  bool WriteSome(size_t* written);
  size_t SendEarly(std::string_view bytes) override;
  void WriteLater();
  void AfterFlush();
  void Linger();
  void UpdateReading();

  Worker& worker_;
  Session session_;
  union {
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } handle_;
  uv_write_t write_;
  uv_shutdown_t shutdown_;
  std::unique_ptr<ShmLink> shm_;  // nullptr: the bytes go over the socket
  std::string ask_;               // for shared memory, as far as it came
  protocol::SpinGate poll_gate_;
  std::unique_ptr<char[]> chunk_;  // what uv_write is sending
  size_t sent_early_ = 0;          // of the answers to what was received last
  size_t queued_ = 0;              // of it, when it was last looked at
  TimeMs now_ = 0;                 // of the event being handled
  TimeMs last_activity_ = 0;
  TimeMs deadline_ = 0;  // of lingering
  int fd_ = -1;
  Transport transport_;
  bool begun_ = false;    // the first byte came
  bool blocked_ = false;  // the shared memory has no room for what there is to write
  bool reading_ = false;
  bool writing_ = false;
  bool rejected_ = false;
  bool peer_finished_ = false;  // it will send no more
  bool lingering_ = false;      // everything was sent; what comes in is dropped
  bool closed_ = false;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_CONNECTION_H_
