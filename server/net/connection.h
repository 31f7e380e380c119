#ifndef TAGCACHE_SERVER_NET_CONNECTION_H_
#define TAGCACHE_SERVER_NET_CONNECTION_H_

// A session on a libuv stream.
//
//   readable -> Session::Receive -> Flush: write what the socket takes at once
//                                       \-> it takes no more: one chunk goes to uv_write, and its
//                                           end calls Flush again
//
// Ownership: made by its worker, deletes itself when libuv has closed the handle.
// Threads: its worker's alone.

#include <uv.h>

#include <memory>
#include <string_view>

#include "server/net/session.h"
#include "server/net/socket_options.h"

namespace tagcache::server {

class Worker;

class Connection {
 public:
  Connection(Worker& worker, Transport transport);

  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle_); }

  // After uv_accept. `rejected`: the first request is answered with too_many_connections.
  void Start(bool rejected);
  // Answers what was read, then closes.
  void ShutDown();
  // A request of it came out of the worker's queue. Call Flush after the last one.
  void Wake(Parked* parked);
  // Sends what there is, until the socket takes no more.
  void Flush();
  // Answers the requests that have waited as long as they asked.
  void CheckDeadlines(TimeMs now);
  // Closes when it has been idle, or has lingered, for too long.
  void CheckTime(TimeMs now);
  void CloseNow(std::string_view reason);

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

  void Take(std::string_view bytes);
  bool WriteSome(size_t* written);
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
  std::unique_ptr<char[]> chunk_;  // what uv_write is sending
  size_t queued_ = 0;              // of it, when it was last looked at
  TimeMs now_ = 0;                 // of the event being handled
  TimeMs last_activity_ = 0;
  TimeMs deadline_ = 0;  // of lingering
  Transport transport_;
  bool reading_ = false;
  bool writing_ = false;
  bool rejected_ = false;
  bool peer_finished_ = false;  // it will send no more
  bool lingering_ = false;      // everything was sent; what comes in is dropped
  bool closed_ = false;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_CONNECTION_H_
