#include "server/net/poller.h"

#include <algorithm>
#include <cassert>

#include "server/net/clock.h"
#include "server/net/connection.h"

namespace tagcache::server {
namespace {

// How long the loop waits at most while connections are polled.
constexpr uint64_t kTurnNs = 20'000;
// Each connection is checked so often between two readings of the clock.
constexpr int kChecks = 16;
// Each further connection makes the others wait longer.
constexpr size_t kMostPolled = 32;

}  // namespace

Poller::Poller(uv_loop_t* loop, std::chrono::microseconds window)
    : window_ns_(static_cast<uint64_t>(std::chrono::nanoseconds(window).count())) {
  uv_idle_init(loop, &turn_);
  turn_.data = this;
}

bool Poller::Add(Connection& connection) {
  if (window_ns_ == 0 || polled_.size() >= kMostPolled || stopped_) return false;
  AddOnce(connection);
  return true;
}

void Poller::AddOnce(Connection& connection) {
  assert(!connection.polled());
  assert(std::find(polled_.begin(), polled_.end(), &connection) == polled_.end());
  polled_.push_back(&connection);
  connection.polled_at = Clock::Nanoseconds();
  connection.poll_paid = false;
  uv_idle_start(&turn_, [](uv_idle_t* turn) { static_cast<Poller*>(turn->data)->RunTurn(); });
}

void Poller::Remove(Connection& connection) {
  if (!connection.polled()) return;
  const auto found = std::find(polled_.begin(), polled_.end(), &connection);
  assert(found != polled_.end());
  *found = polled_.back();
  polled_.pop_back();
  connection.polled_at = 0;
  if (polled_.empty()) uv_idle_stop(&turn_);
}

void Poller::StopAll() {
  stopped_ = true;
  while (!polled_.empty()) Remove(*polled_.back());
}

void Poller::Close() {
  assert(polled_.empty());
  uv_close(reinterpret_cast<uv_handle_t*>(&turn_), nullptr);
}

// A visit may remove the connection; the last one is then in its place.
template <typename Visit>
void Poller::ForEach(Visit visit) {
  for (size_t i = 0; i < polled_.size();) {
    Connection* connection = polled_[i];
    assert(connection->polled());
    visit(*connection);
    if (i < polled_.size() && polled_[i] == connection) ++i;
  }
}

void Poller::RunTurn() {
  uint64_t now = Clock::Nanoseconds();
  const uint64_t end = now + kTurnNs;
  while (!polled_.empty() && now < end) {
    bool found = false;
    for (int i = 0; i < kChecks && !found; ++i) now = CheckEach(now, end, &found);
    if (!found) now = Clock::Nanoseconds();
    RemoveQuiet(now);
  }
}

// Checks each once, or until the time is over. Returns the time, read anew only after there was
// something to do.
uint64_t Poller::CheckEach(uint64_t now, uint64_t end, bool* found) {
  for (size_t left = polled_.size(); left > 0 && !polled_.empty() && now < end; --left) {
    if (next_ >= polled_.size()) next_ = 0;
    Connection* connection = polled_[next_];
    if (!connection->Poll(now)) {
      ++next_;
      continue;
    }
    *found = true;
    // The request may have taken long. The next connection's time is not before its end.
    now = Clock::Nanoseconds();
    // If it has closed, the last one is in its place.
    if (next_ >= polled_.size() || polled_[next_] != connection) continue;
    connection->polled_at = now;
    connection->poll_paid = true;
    ++next_;
  }
  return now;
}

void Poller::RemoveQuiet(uint64_t now) {
  ForEach([&](Connection& connection) {
    if (connection.polled_at + window_ns_ > now) return;
    connection.poll_gate().Report(connection.poll_paid);
    Remove(connection);
    connection.PollingEnded();
  });
}

}  // namespace tagcache::server
