#include "server/net/connection.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "server/net/worker.h"

namespace tagcache::server {
namespace {

// What is handed to uv_write when the socket takes no more: the rest stays in the session, where it
// counts towards the backlog.
constexpr size_t kChunk = 64 * 1024;
// A fast reader of a large value gets this much before other connections have their turn.
constexpr size_t kTurn = 1024 * 1024;
// A peer may still be sending when the last answer has left. Closing then would reset the
// connection and could destroy the answer on its way, so what comes is read and dropped this long.
constexpr TimeMs kLinger = 1000;
// A rejected connection that asks for nothing does not keep its place longer.
constexpr TimeMs kRejectedIdle = 2000;

Connection& Of(void* data) { return *static_cast<Connection*>(data); }

std::string PeerAddress(const uv_tcp_t* tcp) {
  sockaddr_storage address{};
  int size = sizeof address;
  if (uv_tcp_getpeername(tcp, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  char host[64] = "";
  const bool v6 = address.ss_family == AF_INET6;
  const auto* v4_address = reinterpret_cast<const sockaddr_in*>(&address);
  const auto* v6_address = reinterpret_cast<const sockaddr_in6*>(&address);
  if (v6) {
    uv_ip6_name(v6_address, host, sizeof host);
  } else {
    uv_ip4_name(v4_address, host, sizeof host);
  }
  const auto port = ntohs(v6 ? v6_address->sin6_port : v4_address->sin_port);
  return (v6 ? "[" + std::string(host) + "]" : host) + ":" + std::to_string(port);
}

}  // namespace

Connection::Connection(Worker& worker, Transport transport)
    : worker_(worker), session_(worker.engine(), worker.metrics()), transport_(transport) {
  if (transport == Transport::kTcp) {
    uv_tcp_init(worker.loop(), &handle_.tcp);
  } else {
    uv_pipe_init(worker.loop(), &handle_.pipe, 0);
  }
  session_.AllowWaiting(worker.wakes(), this);
  stream()->data = this;
  write_.data = this;
  shutdown_.data = this;
}

void Connection::Start(bool rejected) {
  now_ = last_activity_ = Worker::Now();
  int fd = -1;
  uv_fileno(reinterpret_cast<uv_handle_t*>(stream()), &fd);
  const std::string error = ApplySocketOptions(fd, transport_, worker_.options().sockets);
  EventSink& events = worker_.engine().events();
  session_.SetAddress(transport_ == Transport::kTcp ? PeerAddress(&handle_.tcp) : "unix");
  if (!error.empty()) {
    // The peer may be gone already; then reading says so.
    events.Write(Level::kDebug, "socket_option_refused",
                 {{"peer", session_.peer().address}, {"detail", error}});
  }
  if (events.Enabled(Level::kDebug)) {
    events.Write(Level::kDebug, "connection_opened", {{"peer", session_.peer().address}});
  }
  rejected_ = rejected;
  if (rejected) session_.Reject();
  UpdateReading();
}

void Connection::OnAllocate(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
  *buffer = Of(handle->data).worker_.read_buffer();
}

void Connection::OnRead(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
  Connection& connection = Of(stream->data);
  if (size == 0) return;
  if (size > 0) return connection.Take({buffer->base, static_cast<size_t>(size)});
  if (size != UV_EOF) return connection.CloseNow(uv_strerror(static_cast<int>(size)));
  if (connection.lingering_) return connection.CloseNow("done");
  connection.now_ = Worker::Now();
  connection.peer_finished_ = true;
  connection.UpdateReading();
  connection.Flush();
}

void Connection::Take(std::string_view bytes) {
  if (lingering_) return;
  now_ = last_activity_ = Worker::Now();
  try {
    session_.Receive(bytes, now_);
  } catch (const std::bad_alloc&) {
    return CloseNow("out of memory");
  }
  Flush();
}

void Connection::Wake(Parked* parked) {
  if (closed_) return;
  now_ = Worker::Now();
  try {
    session_.Wake(parked, now_);
  } catch (const std::bad_alloc&) {
    CloseNow("out of memory");
  }
}

void Connection::CheckDeadlines(TimeMs now) {
  now_ = now;
  try {
    session_.CheckDeadlines(now);
  } catch (const std::bad_alloc&) {
    return CloseNow("out of memory");
  }
  Flush();
}

void Connection::Flush() {
  size_t written = 0;
  try {
    while (!closed_ && !writing_ && WriteSome(&written)) {
    }
    if (!closed_) AfterFlush();
  } catch (const std::bad_alloc&) {
    CloseNow("out of memory");
  }
}

// false: nothing further can be written now.
bool Connection::WriteSome(size_t* written) {
  const std::string_view output = session_.Output(now_);
  if (output.empty()) return false;
  if (*written >= kTurn) {
    WriteLater();
    return false;
  }
  uv_buf_t buffer =
      uv_buf_init(const_cast<char*>(output.data()), static_cast<unsigned>(output.size()));
  const int n = uv_try_write(stream(), &buffer, 1);
  if (n < 0 && n != UV_EAGAIN) {
    CloseNow(uv_strerror(n));
    return false;
  }
  if (n > 0) {
    const bool all = static_cast<size_t>(n) == output.size();
    *written += static_cast<size_t>(n);
    last_activity_ = now_;
    session_.Sent(static_cast<size_t>(n), now_);
    if (all) return true;
  }
  WriteLater();
  return false;
}

void Connection::WriteLater() {
  const std::string_view output = session_.Output(now_);
  const size_t size = std::min(output.size(), kChunk);
  if (size == 0) return;
  if (chunk_ == nullptr) chunk_.reset(new char[kChunk]);
  std::memcpy(chunk_.get(), output.data(), size);
  session_.Sent(size, now_);
  uv_buf_t buffer = uv_buf_init(chunk_.get(), static_cast<unsigned>(size));
  const int failure = uv_write(&write_, stream(), &buffer, 1, OnWritten);
  if (failure != 0) return CloseNow(uv_strerror(failure));
  writing_ = true;
  queued_ = uv_stream_get_write_queue_size(stream());
}

void Connection::OnWritten(uv_write_t* request, int status) {
  Connection& connection = Of(request->data);
  connection.writing_ = false;
  if (connection.closed_) return;
  if (status != 0) return connection.CloseNow(uv_strerror(status));
  connection.now_ = connection.last_activity_ = Worker::Now();
  connection.Flush();
}

void Connection::AfterFlush() {
  UpdateReading();
  worker_.SetDeadline(*this, session_.NextDeadline());
  if (writing_ || lingering_) return;
  chunk_.reset();
  if (!session_.Output(now_).empty()) return;
  if (session_.closing()) return Linger();
  if (peer_finished_) CloseNow("end of stream");
}

void Connection::Linger() {
  if (peer_finished_) return CloseNow("done");
  lingering_ = true;
  deadline_ = now_ + std::min(kLinger, worker_.options().shutdown_timeout);
  if (uv_shutdown(&shutdown_, stream(), [](uv_shutdown_t*, int) {}) != 0) return CloseNow("done");
  UpdateReading();
}

void Connection::UpdateReading() {
  const bool wanted = !peer_finished_ && (lingering_ || session_.wants_input());
  if (wanted == reading_ || closed_) return;
  reading_ = wanted;
  if (wanted) {
    uv_read_start(stream(), OnAllocate, OnRead);
  } else {
    uv_read_stop(stream());
  }
}

void Connection::ShutDown() {
  if (lingering_) return;
  now_ = Worker::Now();
  try {
    session_.ShutDown(now_);
    // A connection that has been quiet has no answer on its way that a plain close could harm.
    const bool quiet = !writing_ && now_ - last_activity_ >= kLinger;
    if (quiet && session_.closing() && session_.Output(now_).empty()) return CloseNow("shutdown");
  } catch (const std::bad_alloc&) {
    return CloseNow("out of memory");
  }
  Flush();
}

void Connection::CheckTime(TimeMs now) {
  if (lingering_) {
    if (now >= deadline_) CloseNow("done");
    return;
  }
  if (writing_) {
    // A chunk that shrinks is a peer that reads, however slowly.
    const size_t queued = uv_stream_get_write_queue_size(stream());
    if (queued != queued_) last_activity_ = now;
    queued_ = queued;
  }
  if (session_.waiting()) last_activity_ = now;
  const TimeMs idle = now > last_activity_ ? now - last_activity_ : 0;
  const TimeMs limit = worker_.options().idle_timeout;
  if ((limit > 0 && idle >= limit) || (rejected_ && idle >= kRejectedIdle)) {
    worker_.metrics().connections_closed_idle.Add(1);
    CloseNow("idle");
  }
}

void Connection::CloseNow(std::string_view reason) {
  if (closed_) return;
  closed_ = true;
  EventSink& events = worker_.engine().events();
  if (events.Enabled(Level::kDebug)) {
    events.Write(Level::kDebug, "connection_closed",
                 {{"peer", session_.peer().address},
                  {"client", session_.peer().client_name},
                  {"requests", session_.requests()},
                  {"reason", reason}});
  }
  session_.Closed(Worker::Now());
  worker_.Remove(*this);
  uv_close(reinterpret_cast<uv_handle_t*>(stream()), OnClosed);
}

void Connection::OnClosed(uv_handle_t* handle) { delete &Of(handle->data); }

}  // namespace tagcache::server
