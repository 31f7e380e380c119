#include "libclient/pool/pool.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace tagcache {

using std::chrono::steady_clock;

void Checkout::Assign(Pool* pool, std::unique_ptr<Connection> connection,
                      TimePoint checked_out_at) {
  assert(connection_ == nullptr && connection != nullptr);
  pool_ = pool;
  connection_ = std::move(connection);
  checked_out_at_ = checked_out_at;
  generation_ = ForkGeneration();
}

void Checkout::Return() {
  if (connection_ == nullptr) return;
  if (!of_this_process()) return connection_.reset();  // its socket was closed by the fork
  if (!connection_->machine().quiescent()) return Discard();
  connection_->machine().Trim();
  pool_->CheckIn(std::move(connection_), checked_out_at_);
}

void Checkout::Discard() {
  if (connection_ == nullptr) return;
  if (!of_this_process()) return connection_.reset();
  pool_->Drop(std::move(connection_));
}

void Checkout::DiscardBroken() {
  if (connection_ == nullptr) return;
  Pool* const pool = pool_;
  const bool here = of_this_process();
  Discard();
  if (here) pool->CloseIdle(steady_clock::now());
}

Pool::Pool(const Options& options, Connector& connector, PoolCounters& counters)
    : options_(options), connector_(connector), counters_(counters) {
  idle_.reserve(options.pool_max);  // so that a connection can always come back
}

Pool::~Pool() {
  CloseAll();
  assert(open_ == 0 && waiters_.empty());  // every checkout has ended
}

void Pool::CheckCounts() const {
  assert(idle_.size() <= open_ && open_ <= options_.pool_max);
  assert(idle_.empty() || waiters_.empty());  // a connection that comes back goes to a waiter first
}

Status Pool::CheckOut(const CallContext& call, bool check, Checkout* checkout) {
  checkout->Return();
  for (;;) {
    Owned connection;
    if (Status status = Acquire(call, &connection); !status.ok()) return status;
    const bool reused = connection != nullptr;
    if (!reused) {
      if (Status status = OpenOne(call, &connection); !status.ok()) return status;
    }
    checkout->Assign(this, std::move(connection), call.start);
    if (reused && !Usable(**checkout, call, check)) {
      checkout->DiscardBroken();
      continue;
    }
    (*checkout)->BeginCall();
    if (reused) {
      counters_.reused.Add();
    } else {
      OpenMinimum(call);
    }
    return {};
  }
}

Status Pool::Acquire(const CallContext& call, Owned* connection) {
  MutexLock lock(mutex_);
  while (Owned expired = RemoveExpired(call.start)) {
    lock.Unlock();
    connector_.Close(std::move(expired));
    lock.Lock();
  }
  CheckCounts();
  if (!idle_.empty()) {
    *connection = std::move(idle_.back());
    idle_.pop_back();
    return {};
  }
  if (open_ < options_.pool_max) {
    ++open_;
    return {};
  }
  assert(idle_.empty() && open_ == options_.pool_max);
  counters_.pool_waits.Add();
  Waiter waiter;
  waiters_.push_back(&waiter);
  while (!waiter.served) {
    if (steady_clock::now() >= call.deadline) {
      waiters_.erase(std::find(waiters_.begin(), waiters_.end(), &waiter));
      counters_.timeouts.Add();
      return MakeError(ErrorCode::kTimeout, call, connector_.servers(),
                       "timed out after " + std::to_string(call.timeout.count()) +
                           " ms, waiting for one of the " + std::to_string(options_.pool_max) +
                           " connections of the pool");
    }
    lock.Wait(waiter.signal, call.deadline);
  }
  *connection = std::move(waiter.connection);
  return {};
}

bool Pool::Usable(Connection& connection, const CallContext& call, bool check) {
  const Duration idle = call.start - connection.idle_since;
  const bool ping =
      options_.health_check.count() > 0 &&
      call.start - std::max(connection.idle_since, connection.checked_at) >= options_.health_check;
  if (!ping && !check && idle < options_.idle_check) return true;
  counters_.health_checks.Add();
  bool alive = connection.LooksAlive();
  if (alive && ping) {
    // If the peer has vanished, time must remain to use another connection.
    const TimePoint now = steady_clock::now();
    const Duration limit =
        std::min<Duration>((call.deadline - now) / 2, Duration(options_.connect_timeout));
    alive = connection.Ping(now + limit);
    connection.checked_at = now;
  }
  if (!alive) counters_.health_check_failures.Add();
  return alive;
}

Status Pool::OpenOne(const CallContext& call, Owned* connection) {
  struct Slot {  // frees what was not filled, also when memory runs out
    Pool* pool;
    bool filled = false;
    ~Slot() {
      if (filled) return;
      const MutexLock lock(pool->mutex_);
      pool->FreeSlot();
    }
  } slot{this};
  uint64_t epoch = 0;
  {
    const MutexLock lock(mutex_);
    epoch = epoch_;
  }
  auto opened = connector_.Open(call);
  if (!opened.ok()) return opened.status();
  *connection = std::move(*opened);
  (*connection)->epoch = epoch;
  slot.filled = true;
  return {};
}

// The first call that has a connection opens the rest of pool_min. It does not need them itself, so
// one that fails to connect now is opened when it is needed.
void Pool::OpenMinimum(const CallContext& call) {
  for (;;) {
    {
      const MutexLock lock(mutex_);
      if (minimum_opened_ || open_ >= options_.pool_min) {
        minimum_opened_ = true;
        return;
      }
      ++open_;
    }
    Owned connection;
    if (!OpenOne(call, &connection).ok()) {
      const MutexLock lock(mutex_);
      minimum_opened_ = true;
      return;
    }
    const TimePoint opened_at = connection->opened_at;
    CheckIn(std::move(connection), opened_at);
  }
}

size_t Pool::CheckIdle(const CallContext& call) {
  size_t checked = 0;
  const auto due = [&](const Connection& connection) {
    return connection.checked_at < call.start &&
           call.start - std::max(connection.idle_since, connection.checked_at) >=
               options_.health_check;
  };
  while (Owned connection = RemoveIdle(due)) {
    const TimePoint now = steady_clock::now();
    ++checked;
    counters_.health_checks.Add();
    connection->checked_at = now;
    if (connection->LooksAlive() &&
        connection->Ping(now + std::min(options_.timeout, options_.connect_timeout))) {
      const TimePoint idle_since = connection->idle_since;
      CheckIn(std::move(connection), idle_since);
    } else {
      counters_.health_check_failures.Add();
      Drop(std::move(connection));
    }
  }
  return checked;
}

void Pool::CloseAll() {
  {
    const MutexLock lock(mutex_);
    ++epoch_;
  }
  CloseIdle(TimePoint::max());
}

void Pool::CloseIdle(TimePoint opened_before) {
  const auto older = [&](const Connection& connection) {
    return connection.opened_at < opened_before;
  };
  while (Owned connection = RemoveIdle(older)) Drop(std::move(connection));
}

void Pool::CheckIn(Owned connection, TimePoint idle_since) {
  connector_.CountLateReplies(*connection);
  connection->idle_since = idle_since;
  {
    const MutexLock lock(mutex_);
    if (connection->epoch == epoch_) {
      assert(idle_.size() < open_);  // it is not idle, and counted
      if (!Serve(&connection)) PutIdle(std::move(connection));
      CheckCounts();
      return;
    }
  }
  Drop(std::move(connection));
}

void Pool::Drop(Owned connection) {
  connector_.Close(std::move(connection));
  const MutexLock lock(mutex_);
  FreeSlot();
}

void Pool::FreeSlot() {
  assert(idle_.size() < open_);  // the slot is of no idle connection
  Owned none;
  if (!Serve(&none)) --open_;
  CheckCounts();
}

// Gives a connection, or the slot to open one, to the call that has waited longest.
bool Pool::Serve(Owned* connection) {
  if (waiters_.empty()) return false;
  Waiter& waiter = *waiters_.front();
  waiters_.pop_front();
  waiter.connection = std::move(*connection);
  waiter.served = true;
  waiter.signal.notify_one();
  return true;
}

void Pool::PutIdle(Owned connection) {
  if (idle_.empty() || idle_.back()->idle_since <= connection->idle_since) {
    idle_.push_back(std::move(connection));
    return;
  }
  const auto place =
      std::upper_bound(idle_.begin(), idle_.end(), connection->idle_since,
                       [](TimePoint time, const Owned& idle) { return time < idle->idle_since; });
  idle_.insert(place, std::move(connection));
}

// The slot stays counted: the caller puts the connection back or drops it.
Pool::Owned Pool::RemoveIdle(FunctionRef<bool(const Connection&)> wanted) {
  const MutexLock lock(mutex_);
  const auto found =
      std::find_if(idle_.begin(), idle_.end(), [&](const Owned& idle) { return wanted(*idle); });
  if (found == idle_.end()) return nullptr;
  Owned taken = std::move(*found);
  idle_.erase(found);
  return taken;
}

Pool::Owned Pool::RemoveExpired(TimePoint now) {
  if (idle_.empty() || options_.idle_timeout.count() == 0 || open_ <= options_.pool_min ||
      now - idle_.front()->idle_since < options_.idle_timeout) {
    return nullptr;
  }
  Owned expired = std::move(idle_.front());
  idle_.erase(idle_.begin());
  FreeSlot();
  return expired;
}

}  // namespace tagcache
