#include "server/net/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "server/net/peer_credentials.h"
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

uv_buf_t BufferOf(std::string_view bytes) {
  return uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
}

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
  session_.AllowEarlyOutput(this);
  stream()->data = this;
  write_.data = this;
  shutdown_.data = this;
}

void Connection::Start(bool rejected) {
  now_ = last_activity_ = Worker::Now();
  uv_fileno(reinterpret_cast<uv_handle_t*>(stream()), &fd_);
  const std::string error = ApplySocketOptions(fd_, transport_, worker_.options().sockets);
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
  if (size > 0) {
    connection.OnBytes({buffer->base, static_cast<size_t>(size)});
    return connection.AwaitTraffic();
  }
  if (size != UV_EOF) return connection.CloseNow(uv_strerror(static_cast<int>(size)));
  if (connection.lingering_) return connection.CloseNow("done");
  connection.now_ = Worker::Now();
  if (connection.shm_ != nullptr) return connection.CloseNow("end of stream");
  connection.peer_finished_ = true;
  connection.UpdateReading();
  connection.Flush();
}

void Connection::OnBytes(std::string_view bytes) {
  if (shm_ != nullptr) {
    shm_->Wake();
    Poll(Worker::Nanoseconds());
    return;
  }
  bytes = TakeAsk(bytes);
  if (bytes.empty() || shm_ != nullptr) return;
  begun_ = true;
  Take(bytes, Worker::Nanoseconds());
}

// One look at the clock tells the time and begins the first request's latency.
void Connection::Take(std::string_view bytes, uint64_t clock) {
  if (lingering_) return;
  now_ = last_activity_ = clock / Worker::kNanosecondsInMs;
  sent_early_ = 0;
  try {
    session_.Receive(bytes, now_, worker_.engine().measures_latency() ? clock : 0);
  } catch (const std::bad_alloc&) {
    return CloseNow("out of memory");
  }
  Flush();
}

// Takes the ask for shared memory off the front of a connection, whole or in pieces; returns what
// is not part of one.
std::string_view Connection::TakeAsk(std::string_view bytes) {
  const bool may_ask =
      transport_ == Transport::kUnix && !begun_ &&
      static_cast<uint8_t>(ask_.empty() ? bytes[0] : ask_[0]) == protocol::kShmAskMagic;
  if (!may_ask) return bytes;
  const size_t size = std::min(bytes.size(), protocol::kShmAskBytes - ask_.size());
  ask_.append(bytes.substr(0, size));
  if (ask_.size() == protocol::kShmAskBytes) {
    begun_ = true;
    OpenShm();
  }
  return bytes.substr(size);
}

void Connection::OpenShm() {
  uint32_t ring_bytes = 0;
  std::string why;
  if (rejected_) {
    why = session_.RejectionMessage();
  } else if (!protocol::DecodeShmAsk(ask_, &ring_bytes)) {
    why = "this server speaks version 1 of the shared memory transport";
  } else if (why = WhyPeerMayNot(fd_); !why.empty()) {
    // Said below.
  } else if (!worker_.TakeShmPlace()) {
    why =
        "the limit max_shm_connections is " + std::to_string(worker_.options().max_shm_connections);
  } else {
    shm_ = ShmLink::Grant(fd_, protocol::ShmRingBytes(ring_bytes), &why);
    if (shm_ == nullptr) worker_.GiveShmPlace();
  }
  if (shm_ == nullptr) {
    worker_.metrics().shm_refused.Add(1);
    worker_.engine().events().Write(Level::kWarning, "shm_refused",
                                    {{"peer", session_.peer().address}, {"detail", why}});
    ShmLink::Refuse(fd_, why);
    return Linger();
  }
  worker_.metrics().shm_opened.Add(1);
  session_.SetAddress("shm");
}

void Connection::ReadShm(uint64_t clock) {
  const uv_buf_t buffer = worker_.read_buffer();
  if (!closed_ && !lingering_ && session_.wants_input()) {
    const size_t n = shm_->Read({buffer.base, buffer.len});
    if (n > 0) Take({buffer.base, n}, clock);
  }
  if (!closed_ && shm_->broken()) CloseNow("the peer broke the rules of the shared memory");
}

// Copies what there is room for. false: nothing further can be written now; the peer rings when
// there is room.
bool Connection::WriteShm(std::string_view output, size_t* written) {
  const size_t n = shm_->Write(output);
  blocked_ = n == 0;
  if (n > 0) {
    *written += n;
    last_activity_ = now_;
    session_.Sent(n, now_);
    return true;
  }
  if (shm_->broken()) CloseNow("the peer broke the rules of the shared memory");
  return false;
}

bool Connection::Poll(uint64_t clock) {
  if (closed_ || lingering_) return false;
  if (shm_ != nullptr) {
    const bool unblocked = blocked_ && shm_->Writable();
    if (!unblocked && (!session_.wants_input() || !shm_->Readable())) return false;
    if (unblocked) {
      now_ = Worker::Now();
      Flush();
    }
    ReadShm(clock);
    return true;
  }
  if (!reading_) return false;
  const uv_buf_t buffer = worker_.read_buffer();
  const ssize_t n = recv(fd_, buffer.base, buffer.len, MSG_DONTWAIT);
  if (n <= 0) return false;  // an end or an error is there for the loop to read, too
  Take({buffer.base, static_cast<size_t>(n)}, clock);
  return true;
}

bool Connection::EndPolling() {
  if (closed_ || lingering_ || shm_ == nullptr) return true;
  return shm_->Sleep(session_.wants_input(), blocked_);
}

// After the loop told of traffic: the worker polls for more, or the loop tells again.
void Connection::AwaitTraffic() {
  if (closed_ || lingering_ || polled_at != 0) return;
  if (shm_ == nullptr && !session_.peer().busy_poll) return;
  if (poll_gate_.Open() && worker_.Poll(*this)) return;
  // A peer that is faster than this worker leaves the loop its turns, too.
  if (shm_ != nullptr && !EndPolling()) worker_.PollOnce(*this);
}

void Connection::Wake(WaitingRequest* waiting) {
  if (closed_) return;
  now_ = Worker::Now();
  try {
    session_.Wake(waiting, now_);
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
    do {
      while (!closed_ && !writing_ && WriteSome(&written)) {
      }
      // Whoever is not polled is rung when there is room, unless there is some by now.
    } while (!closed_ && blocked_ && polled_at == 0 && !shm_->Sleep(false, true));
    if (!closed_) AfterFlush();
  } catch (const std::bad_alloc&) {
    CloseNow("out of memory");
  }
}

// false: nothing further can be written now.
bool Connection::WriteSome(size_t* written) {
  const std::string_view output = session_.Output(now_);
  if (output.empty()) return false;
  if (shm_ == nullptr && *written >= kTurn) {
    WriteLater();
    return false;
  }
  if (shm_ != nullptr) return WriteShm(output, written);
  const std::string_view after = session_.OutputAfter();
  const std::string_view end = session_.OutputEnd();
  const uv_buf_t buffers[] = {BufferOf(output), BufferOf(after), BufferOf(end)};
  const unsigned count = after.empty() ? 1 : end.empty() ? 2 : 3;
  const int n = uv_try_write(stream(), buffers, count);
  if (n < 0 && n != UV_EAGAIN) {
    CloseNow(uv_strerror(n));
    return false;
  }
  if (n > 0) {
    const bool all = static_cast<size_t>(n) == output.size() + after.size() + end.size();
    *written += static_cast<size_t>(n);
    last_activity_ = now_;
    session_.Sent(static_cast<size_t>(n), now_);
    if (all) return true;
  }
  WriteLater();
  return false;
}

// What goes wrong here goes wrong again in Flush, which sees to it.
size_t Connection::SendEarly(std::string_view bytes) {
  if (closed_ || writing_ || sent_early_ >= kTurn) return 0;
  size_t n = 0;
  if (shm_ != nullptr) {
    n = shm_->Write(bytes);
  } else {
    const uv_buf_t buffer = BufferOf(bytes);
    n = static_cast<size_t>(std::max(uv_try_write(stream(), &buffer, 1), 0));
  }
  sent_early_ += n;
  return n;
}

void Connection::WriteLater() {
  const std::string_view output = session_.Output(now_).substr(0, kChunk);
  const std::string_view after = session_.OutputAfter().substr(0, kChunk - output.size());
  const size_t size = output.size() + after.size();
  if (size == 0) return;
  if (chunk_ == nullptr) chunk_.reset(new char[kChunk]);
  std::memcpy(chunk_.get(), output.data(), output.size());
  if (!after.empty()) std::memcpy(chunk_.get() + output.size(), after.data(), after.size());
  writing_ = true;  // Sent may make more to send: it comes after the chunk
  session_.Sent(size, now_);
  uv_buf_t buffer = uv_buf_init(chunk_.get(), static_cast<unsigned>(size));
  const int failure = uv_write(&write_, stream(), &buffer, 1, OnWritten);
  if (failure != 0) return CloseNow(uv_strerror(failure));
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
  // With shared memory the socket tells when the peer is gone, whatever the session wants.
  const bool wanted = !peer_finished_ && (lingering_ || shm_ != nullptr || session_.wants_input());
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
  if (shm_ != nullptr) ReadShm(Worker::Nanoseconds());
  if (closed_ || lingering_) return;
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
  if (shm_ != nullptr) {
    worker_.metrics().shm_closed.Add(1);
    worker_.GiveShmPlace();
  }
  worker_.Remove(*this);
  uv_close(reinterpret_cast<uv_handle_t*>(stream()), OnClosed);
}

void Connection::OnClosed(uv_handle_t* handle) { delete &Of(handle->data); }

}  // namespace tagcache::server
