#include "server/net/worker.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

#include "server/net/socket_link.h"
#include "server/net/socket_watcher.h"
#include "server/net/unix_link.h"

namespace tagcache::server {
namespace {

// How often the connections are checked for those that were idle for too long.
constexpr TimeMs kCheckPeriod = 250;

template <typename Handle>
Worker& Of(Handle* handle) {
  return *static_cast<Worker*>(handle->data);
}

template <typename Handle>
void CloseHandle(Handle& handle) {
  auto* any = reinterpret_cast<uv_handle_t*>(&handle);
  if (!uv_is_closing(any)) uv_close(any, nullptr);
}

TimeMs CheckPeriod(TimeMs idle_timeout) {
  if (idle_timeout == 0) return kCheckPeriod;
  return std::clamp<TimeMs>(idle_timeout / 4, 10, kCheckPeriod);
}

}  // namespace

Worker::Worker(Engine& engine, const WorkerOptions& options, OpenConnections& open, bool first)
    : engine_(engine),
      metrics_(engine.AddWorker()),
      options_(options),
      open_(open),
      shm_grants_{open.shm, options.max_shm_connections, metrics_, engine.events(),
                  engine.client_memory()},
      poller_(&loop_, options.busy_poll),
      deadlines_(&loop_),
      arrivals_(&arrival_signal_),
      turns_(&loop_),
      read_buffer_(new char[kReadBuffer]),
      wakes_(std::make_shared<WakeQueue>(
          [](void* signal) { uv_async_send(static_cast<uv_async_t*>(signal)); }, &wake_signal_)),
      client_memory_group_(
          engine.client_memory(),
          [](void* signal) { uv_async_send(static_cast<uv_async_t*>(signal)); }, &wake_signal_) {
  uv_async_init(&loop_, &stop_signal_, [](uv_async_t* signal) { Of(signal).BeginStop(); });
  uv_async_init(&loop_, &wake_signal_, [](uv_async_t* signal) {
    Of(signal).TakeWoken();
    Of(signal).KeepClientMemory();
  });
  uv_async_init(&loop_, &arrival_signal_, [](uv_async_t* signal) { Of(signal).TakeArrivals(); });
  uv_check_init(&loop_, &stop_check_);
  uv_timer_init(&loop_, &stop_timer_);
  stop_signal_.data = wake_signal_.data = arrival_signal_.data = this;
  stop_check_.data = stop_timer_.data = this;
  const TimeMs period = CheckPeriod(options_.idle_timeout);
  check_timer_.emplace(
      &loop_, [](void* worker) { static_cast<Worker*>(worker)->CheckTimes(); }, this);
  check_timer_->Start(period, period);
  if (first) maintenance_.emplace(engine_, metrics_, &loop_);
}

Worker::~Worker() {
  Join();
  if (!handles_closed_) {  // never started
    CloseAll("stopped");
    stopping_ = true;
    CloseHandlesWhenDone();
    uv_run(&loop_, UV_RUN_DEFAULT);
  }
  [[maybe_unused]] const int busy = uv_loop_close(&loop_);
  assert(busy == 0);
}

std::string Worker::Listen(int fd, Transport transport,
                           std::span<const std::unique_ptr<Worker>> workers) {
  assert(!workers.empty() && workers.front().get() == this);
  if (!acceptor_) acceptor_.emplace(engine_, metrics_, open_, &loop_, workers);
  return acceptor_->Add(fd, transport);
}

void Worker::Start() {
  thread_ = std::thread([this] { uv_run(&loop_, UV_RUN_DEFAULT); });
}

void Worker::Stop() {
  if (thread_.joinable()) uv_async_send(&stop_signal_);
}

void Worker::Join() {
  if (thread_.joinable()) thread_.join();
}

bool Worker::Hand(AcceptedSocket accepted) {
  count_.fetch_add(1, std::memory_order_relaxed);
  try {
    if (arrivals_.Add(std::move(accepted))) return true;
  } catch (const std::bad_alloc&) {
  }
  count_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void Worker::TakeArrivals() {
  for (AcceptedSocket& accepted : arrivals_.Take()) {
    const Place place = accepted.place;
    const char* failure = "out of memory";
    try {
      failure = stopping_ ? "stopping" : Open(std::move(accepted));
    } catch (const std::bad_alloc&) {
    }
    count_.fetch_sub(1, std::memory_order_relaxed);
    if (failure == nullptr) continue;
    if (!stopping_) engine_.events().Write(Level::kError, "accept_failed", {{"detail", failure}});
    CountClosed(place);
  }
}

// Returns null or what is wrong; there is no connection then.
const char* Worker::Open(AcceptedSocket accepted) {
  const BoundSocket& socket = accepted.socket;
  const Transport transport = accepted.transport;
  auto connection = std::make_unique<Connection>(*this);
  auto watcher = std::make_unique<SocketWatcher>();
  SocketWatcher& watched = *watcher;
  std::unique_ptr<Link> link;
  if (transport == Transport::kUnix) {
    link = std::make_unique<UnixLink>(std::move(watcher), connection->link_user(), shm_grants_);
  } else {
    link = std::make_unique<SocketLink>(std::move(watcher), transport, connection->link_user());
  }
  const std::string refused = ApplySocketOptions(socket.fd(), transport, options_.sockets);
  // From here on nothing throws.
  const int failure = watched.Open(&loop_, accepted.socket.Release());
  if (failure != 0) return uv_strerror(failure);
  Add(*connection);
  connection.release()->Start(std::move(link), accepted.place, refused);
  return nullptr;
}

void Worker::Add(Connection& connection) {
  assert(!connection.listed && connection.previous == nullptr && connection.next == nullptr);
  connection.listed = true;
  connection.next = connections_;
  if (connections_ != nullptr) connections_->previous = &connection;
  connections_ = &connection;
  count_.fetch_add(1, std::memory_order_relaxed);
}

void Worker::Remove(Connection& connection) {
  assert(connection.listed);
  assert((connection.previous == nullptr) == (connections_ == &connection));
  connection.listed = false;
  (connection.previous != nullptr ? connection.previous->next : connections_) = connection.next;
  if (connection.next != nullptr) connection.next->previous = connection.previous;
  deadlines_.Set(connection, kNoDeadline);
  poller_.Remove(connection);
  count_.fetch_sub(1, std::memory_order_relaxed);
  CountClosed(connection.place());
  CloseHandlesWhenDone();
}

void Worker::CountClosed(Place place) {
  metrics_.connections_closed.Add(1);
  open_.Leave(place);
}

// First all that were woken, then one write for each connection.
void Worker::TakeWoken() {
  Connection* woken = nullptr;
  for (WaitingRequest* waiting = wakes_->Take(); waiting != nullptr;) {
    WaitingRequest* next = waiting->TakeNext();
    if (waiting->owner() == nullptr) {
      delete waiting;
    } else {
      auto& connection = *static_cast<Connection*>(waiting->owner());
      if (!connection.woken) {
        connection.woken = true;
        connection.next_woken = std::exchange(woken, &connection);
      }
      connection.Wake(waiting);
    }
    waiting = next;
  }
  while (woken != nullptr) {
    Connection& connection = *woken;
    woken = std::exchange(connection.next_woken, nullptr);
    connection.woken = false;
    connection.Flush();
  }
}

// Closes connections as long as all of them hold too much and one of this worker's holds the most.
void Worker::KeepClientMemory() {
  ClientMemory& memory = engine_.client_memory();
  const TimeMs now = Now();
  if (memory.BeginCount(client_memory_group_, now)) {
    for (Connection* connection = connections_; connection != nullptr;
         connection = connection->next) {
      connection->CountPinned();
    }
  }
  while (ClientMemory::Holder* most = memory.Choose(client_memory_group_, now)) {
    static_cast<Connection*>(most->owner())->CloseForMemory();
  }
}

void Worker::CheckTimes() {
  const TimeMs now = Now();
  if (acceptor_) acceptor_->Report(now);
  for (Connection* connection = connections_; connection != nullptr;) {
    Connection* next = connection->next;  // CheckTime may remove it from the list
    connection->CheckTime(now);
    connection = next;
  }
}

// Listeners close at once. The connections are shut down after this turn of the loop, so that what
// their sockets hold now is still read.
void Worker::BeginStop() {
  if (stopping_) return;
  if (acceptor_) acceptor_->Close();
  TakeArrivals();
  stopping_ = true;
  poller_.StopAll();
  uv_check_start(&stop_check_, [](uv_check_t* check) {
    uv_check_stop(check);
    Of(check).ShutDownConnections();
  });
  uv_timer_start(
      &stop_timer_, [](uv_timer_t* timer) { Of(timer).CloseAll("shutdown time-out"); },
      options_.shutdown_timeout, 0);
}

void Worker::ShutDownConnections() {
  for (Connection* connection = connections_; connection != nullptr;) {
    Connection* next = connection->next;
    connection->ShutDown();
    connection = next;
  }
  CloseHandlesWhenDone();
}

void Worker::CloseAll(std::string_view reason) {
  while (connections_ != nullptr) connections_->CloseNow(reason);
  if (acceptor_) acceptor_->Close();
}

// The loop ends when nothing is left in it.
void Worker::CloseHandlesWhenDone() {
  if (!stopping_ || handles_closed_ || connections_ != nullptr ||
      uv_is_active(reinterpret_cast<uv_handle_t*>(&stop_check_))) {
    return;
  }
  handles_closed_ = true;
  for (const AcceptedSocket& late : arrivals_.Close()) CountClosed(late.place);
  wakes_->Close();
  client_memory_group_.Close();
  CloseHandle(stop_signal_);
  CloseHandle(wake_signal_);
  CloseHandle(arrival_signal_);
  CloseHandle(stop_check_);
  CloseHandle(stop_timer_);
  check_timer_->Close();
  if (maintenance_) maintenance_->Close();
  poller_.Close();
  deadlines_.Close();
  turns_.Close();
}

}  // namespace tagcache::server
