#include "server/net/deadlines.h"

#include <cassert>

#include "server/net/clock.h"
#include "server/net/connection.h"

namespace tagcache::server {

Deadlines::Deadlines(uv_loop_t* loop) : loop_(loop) {
  uv_timer_init(loop, &timer_);
  timer_.data = this;
}

void Deadlines::Set(Connection& connection, TimeMs deadline) {
  if (connection.next_deadline == deadline) return;
  const bool first = deadlines_.empty() || deadline < deadlines_.begin()->first;
  if (deadline != kNoDeadline) deadlines_.emplace(deadline, &connection);
  if (connection.next_deadline != kNoDeadline) {
    [[maybe_unused]] const size_t erased =
        deadlines_.erase({connection.next_deadline, &connection});
    assert(erased == 1);
  }
  connection.next_deadline = deadline;
  if (first) StartTimer();
}

void Deadlines::StartTimer() {
  if (deadlines_.empty()) return;
  const TimeMs now = Clock::Now();
  const TimeMs first = deadlines_.begin()->first;
  uv_update_time(loop_);
  uv_timer_start(
      &timer_, [](uv_timer_t* timer) { static_cast<Deadlines*>(timer->data)->Expire(); },
      first > now ? first - now : 0, 0);
}

void Deadlines::Expire() {
  const TimeMs now = Clock::Now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    Connection& connection = *deadlines_.begin()->second;
    assert(connection.next_deadline == deadlines_.begin()->first);
    deadlines_.erase(deadlines_.begin());
    connection.next_deadline = kNoDeadline;
    connection.CheckDeadlines(now);
  }
  StartTimer();
}

void Deadlines::Close() {
  assert(deadlines_.empty());
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
}

}  // namespace tagcache::server
