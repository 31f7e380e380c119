#include "server/net/worker.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <type_traits>

#include "server/net/memory_overhead.h"

namespace tagcache::server {
namespace {

constexpr int kBacklog = 1024;
constexpr TimeMs kSweepPeriod = 250;
// How soon the store is tended again: while there is work, and otherwise.
constexpr TimeMs kBusyTendPeriod = 1;
constexpr TimeMs kIdleTendPeriod = 50;
// Tending goes by pieces, between which the loop sees to requests. While there are any, a piece is
// all for this time: a client on the same core may get it only once this thread sleeps. Where there
// were none for a while, pieces follow each other for so long.
constexpr std::chrono::microseconds kTendPiece{50};
constexpr std::chrono::microseconds kQuietTendTurn{900};
constexpr TimeMs kQuietAfter = 10;
// Entries that are touched between two looks at the clock.
constexpr size_t kTendStep = 16;
constexpr TimeMs kAccountPeriod = 100;
constexpr TimeMs kReportPeriod = 1000;
// How long the others wait at most while some are polled.
constexpr uint64_t kPollTurn = 20'000;  // nanoseconds
// Looks at each of them between two looks at the clock.
constexpr int kLooks = 16;
// Each one makes the others' turns longer.
constexpr size_t kMostPolled = 32;
// Connections over the limit that are answered, each with a refusal; those beyond are closed.
constexpr size_t kAnsweredOver = 64;

template <typename Handle>
Worker& Of(Handle* handle) {
  return *static_cast<Worker*>(handle->data);
}

template <typename Handle>
void CloseHandle(Handle& handle) {
  auto* any = reinterpret_cast<uv_handle_t*>(&handle);
  if (!uv_is_closing(any)) uv_close(any, nullptr);
}

TimeMs SweepPeriod(TimeMs idle_timeout) {
  if (idle_timeout == 0) return kSweepPeriod;
  return std::clamp<TimeMs>(idle_timeout / 4, 10, kSweepPeriod);
}

}  // namespace

uint64_t Worker::Nanoseconds() {
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

// Not uv_now: that stands still while a loop works, and a TTL of 0 must be over on every worker.
TimeMs Worker::Now() { return Nanoseconds() / kNanosecondsInMs; }

Worker::Worker(Engine& engine, const WorkerOptions& options, OpenConnections& open, bool first)
    : engine_(engine),
      metrics_(engine.AddWorker()),
      options_(options),
      open_(open),
      first_(first),
      read_buffer_(new char[kReadBuffer]),
      wakes_(std::make_shared<WakeQueue>(
          [](void* signal) { uv_async_send(static_cast<uv_async_t*>(signal)); }, &wake_signal_)) {
  uv_loop_init(&loop_);
  uv_async_init(&loop_, &stop_signal_, [](uv_async_t* signal) { Of(signal).BeginStop(); });
  uv_async_init(&loop_, &wake_signal_, [](uv_async_t* signal) { Of(signal).TakeWoken(); });
  uv_check_init(&loop_, &stop_check_);
  uv_timer_init(&loop_, &stop_timer_);
  uv_timer_init(&loop_, &wait_timer_);
  uv_idle_init(&loop_, &poll_turn_);
  uv_idle_init(&loop_, &tend_piece_);
  wake_signal_.data = wait_timer_.data = poll_turn_.data = tend_piece_.data = this;
  stop_signal_.data = stop_check_.data = stop_timer_.data = this;
  const TimeMs period = SweepPeriod(options_.idle_timeout);
  sweep_timer_.emplace(
      &loop_, [](void* worker) { static_cast<Worker*>(worker)->Sweep(); }, this);
  sweep_timer_->Start(period, period);
  if (first_) {
    memory_at_start_ = MemoryOverhead(ResidentBytes(), engine_.store().Stats().held, 0);
    tend_timer_.emplace(
        &loop_, [](void* worker) { static_cast<Worker*>(worker)->BeginTending(); }, this);
    tend_timer_->Start(kIdleTendPeriod, 0);
  }
}

Worker::~Worker() {
  Join();
  if (!handles_closed_) {  // never started
    CloseAll("stopped");
    stopping_ = true;
    CloseHandlesWhenDone();
    uv_run(&loop_, UV_RUN_DEFAULT);
  }
  uv_loop_close(&loop_);
}

std::string Worker::Listen(int fd, Transport transport) {
  Listener& listener = transport == Transport::kTcp ? tcp_ : unix_;
  listener.transport = transport;
  int failure = 0;
  if (transport == Transport::kTcp) {
    uv_tcp_init(&loop_, &listener.handle.tcp);
    failure = uv_tcp_open(&listener.handle.tcp, fd);
  } else {
    uv_pipe_init(&loop_, &listener.handle.pipe, 0);
    failure = uv_pipe_open(&listener.handle.pipe, fd);
  }
  listener.open = true;
  listener.stream()->data = this;
  if (failure == 0) failure = uv_listen(listener.stream(), kBacklog, OnConnection);
  return failure == 0 ? std::string() : uv_strerror(failure);
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

void Worker::OnConnection(uv_stream_t* server, int status) {
  Worker& worker = Of(server);
  if (status != 0) {
    worker.engine_.events().Write(Level::kError, "accept_failed",
                                  {{"detail", uv_strerror(status)}});
    return;
  }
  try {
    worker.Accept(server == worker.tcp_.stream() ? worker.tcp_ : worker.unix_);
  } catch (const std::bad_alloc&) {
    worker.engine_.events().Write(Level::kError, "accept_failed", {{"detail", "out of memory"}});
  }
}

void Worker::Accept(Listener& listener) {
  auto* connection = new Connection(*this, listener.transport);
  Add(*connection);
  if (uv_accept(listener.stream(), connection->stream()) != 0) {
    return connection->CloseNow("not accepted");  // another worker was first
  }
  const size_t others = open_.all.fetch_add(1, std::memory_order_relaxed);
  connection->counted = true;
  metrics_.connections_accepted.Add(1);
  const bool rejected = others >= options_.max_connections;
  if (rejected) {
    ++unreported_;
    ReportRejected(Now());
  }
  if (others >= options_.max_connections + kAnsweredOver) {
    metrics_.connections_refused.Add(1);
    return connection->CloseNow("far over max_connections");
  }
  if (rejected) metrics_.connections_rejected.Add(1);
  connection->Start(rejected);
}

void Worker::Add(Connection& connection) {
  connection.next = connections_;
  if (connections_ != nullptr) connections_->previous = &connection;
  connections_ = &connection;
}

void Worker::Remove(Connection& connection) {
  (connection.previous != nullptr ? connection.previous->next : connections_) = connection.next;
  if (connection.next != nullptr) connection.next->previous = connection.previous;
  SetDeadline(connection, kNoDeadline);
  EndPolling(connection);
  if (connection.counted) {
    metrics_.connections_closed.Add(1);
    open_.all.fetch_sub(1, std::memory_order_relaxed);
  }
  CloseHandlesWhenDone();
}

// A flood of connections is one line a second, not one each.
void Worker::ReportRejected(TimeMs now) {
  if (unreported_ == 0 || now - last_report_ < kReportPeriod) return;
  last_report_ = now;
  engine_.events().Write(Level::kWarning, "connections_rejected",
                         {{"count", unreported_}, {"max_connections", options_.max_connections}});
  unreported_ = 0;
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

void Worker::SetDeadline(Connection& connection, TimeMs deadline) {
  if (connection.next_deadline == deadline) return;
  const bool first = deadlines_.empty() || deadline < deadlines_.begin()->first;
  if (deadline != kNoDeadline) deadlines_.emplace(deadline, &connection);
  if (connection.next_deadline != kNoDeadline) {
    deadlines_.erase({connection.next_deadline, &connection});
  }
  connection.next_deadline = deadline;
  if (first) StartWaitTimer();
}

void Worker::StartWaitTimer() {
  if (deadlines_.empty() || handles_closed_) return;
  const TimeMs now = Now();
  const TimeMs first = deadlines_.begin()->first;
  uv_update_time(&loop_);
  uv_timer_start(
      &wait_timer_, [](uv_timer_t* timer) { Of(timer).CheckDeadlines(); },
      first > now ? first - now : 0, 0);
}

void Worker::CheckDeadlines() {
  const TimeMs now = Now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    Connection& connection = *deadlines_.begin()->second;
    deadlines_.erase(deadlines_.begin());
    connection.next_deadline = kNoDeadline;
    connection.CheckDeadlines(now);
  }
  StartWaitTimer();
}

bool Worker::TakeShmPlace() {
  if (open_.shm.fetch_add(1, std::memory_order_relaxed) < options_.max_shm_connections) return true;
  GiveShmPlace();
  return false;
}

bool Worker::Poll(Connection& connection) {
  if (options_.busy_poll.count() == 0 || polled_.size() >= kMostPolled || stopping_) return false;
  PollOnce(connection);
  return true;
}

void Worker::PollOnce(Connection& connection) {
  connection.polled_at = Nanoseconds();
  connection.poll_paid = false;
  polled_.push_back(&connection);
  uv_idle_start(&poll_turn_, [](uv_idle_t* turn) { Of(turn).PollAll(); });
}

void Worker::EndPolling(Connection& connection) {
  if (connection.polled_at == 0) return;
  connection.polled_at = 0;
  *std::find(polled_.begin(), polled_.end(), &connection) = polled_.back();
  polled_.pop_back();
  if (polled_.empty()) uv_idle_stop(&poll_turn_);
}

// A connection that ends takes itself out, and the last one is in its place.
void Worker::PollAll() {
  const auto window = static_cast<uint64_t>(std::chrono::nanoseconds(options_.busy_poll).count());
  uint64_t now = Nanoseconds();
  const uint64_t end = now + kPollTurn;
  const auto for_each = [this](auto visit) {
    for (size_t i = 0; i < polled_.size();) {
      Connection* connection = polled_[i];
      visit(*connection);
      if (i < polled_.size() && polled_[i] == connection) ++i;
    }
  };
  while (!polled_.empty() && now < end) {
    bool found = false;
    for (int look = 0; look < kLooks && !found; ++look) {
      for_each([&](Connection& connection) {
        if (!connection.Poll(now)) return;
        found = true;
        // What it asked for may have taken long: the next one's time is not before that.
        connection.polled_at = now = Nanoseconds();
        connection.poll_paid = true;
      });
    }
    if (!found) now = Nanoseconds();
    for_each([&](Connection& connection) {
      if (connection.polled_at + window > now) return;
      connection.poll_gate().Report(connection.poll_paid);
      EndPolling(connection);
      if (!connection.EndPolling()) connection.AwaitTraffic();
    });
  }
}

void Worker::Sweep() {
  const TimeMs now = Now();
  ReportRejected(now);
  for (Connection* connection = connections_; connection != nullptr;) {
    Connection* next = connection->next;  // CheckTime may take it off the list
    connection->CheckTime(now);
    connection = next;
  }
}

void Worker::BeginTending() {
  const TimeMs now = Now();
  AccountMemory(now);
  if (const uint64_t bytes = metrics_.bytes_in.value(); bytes != bytes_at_traffic_) {
    bytes_at_traffic_ = bytes;
    last_traffic_ = now;
  }
  tend_until_ = std::chrono::steady_clock::now();
  if (now - last_traffic_ >= kQuietAfter) tend_until_ += kQuietTendTurn;
  uv_idle_start(&tend_piece_, [](uv_idle_t* piece) { Of(piece).TendPiece(); });
}

void Worker::TendPiece() {
  const TimeMs now = Now();
  auto time = std::chrono::steady_clock::now();
  const auto end = time + kTendPiece;
  bool more = true;
  while (more && time < end) {
    more = engine_.store().RunMaintenance(kTendStep, now) >= kTendStep;
    time = std::chrono::steady_clock::now();
  }
  if (more && time < tend_until_) return;
  uv_idle_stop(&tend_piece_);
  if (!handles_closed_) tend_timer_->Start(more ? kBusyTendPeriod : kIdleTendPeriod, 0);
}

// Tells the store what else the process holds, where there is a limit to keep to.
void Worker::AccountMemory(TimeMs now) {
  if (engine_.options().store.memory_limit == 0 || now - last_account_ < kAccountPeriod) return;
  last_account_ = now;
  Store& store = engine_.store();
  // What other workers store between the two readings must not look like overhead: that much would
  // be evicted. So the store is asked before and after.
  const size_t before = store.Stats().held;
  const size_t resident = ResidentBytes();
  const size_t held = std::max<size_t>(before, store.Stats().held);
  store.SetOverhead(MemoryOverhead(resident, held, memory_at_start_));
}

// Listeners close at once. The connections have their say after this turn of the loop, so that
// what their sockets hold now is still read.
void Worker::BeginStop() {
  if (stopping_) return;
  stopping_ = true;
  // What they have sent by now is read when they are shut down.
  while (!polled_.empty()) EndPolling(*polled_.back());
  if (tcp_.open) CloseHandle(tcp_.handle);
  if (unix_.open) CloseHandle(unix_.handle);
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
  if (tcp_.open) CloseHandle(tcp_.handle);
  if (unix_.open) CloseHandle(unix_.handle);
}

// The loop ends when nothing is left in it.
void Worker::CloseHandlesWhenDone() {
  if (!stopping_ || handles_closed_ || connections_ != nullptr ||
      uv_is_active(reinterpret_cast<uv_handle_t*>(&stop_check_))) {
    return;
  }
  handles_closed_ = true;
  wakes_->Close();
  CloseHandle(stop_signal_);
  CloseHandle(stop_check_);
  sweep_timer_->Close();
  if (tend_timer_) tend_timer_->Close();
  CloseHandle(stop_timer_);
  CloseHandle(wake_signal_);
  CloseHandle(wait_timer_);
  CloseHandle(poll_turn_);
  CloseHandle(tend_piece_);
}

}  // namespace tagcache::server
