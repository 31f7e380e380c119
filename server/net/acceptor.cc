#include "server/net/acceptor.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "server/net/worker.h"

namespace tagcache::server {
namespace {

constexpr TimeMs kReportPeriod = 1000;

}  // namespace

Acceptor::Acceptor(Engine& engine, WorkerMetrics& metrics, OpenConnections& open, uv_loop_t* loop,
                   std::span<const std::unique_ptr<Worker>> workers)
    : engine_(engine), metrics_(metrics), open_(open), loop_(loop), workers_(workers) {
  assert(!workers.empty());
}

std::string Acceptor::Add(int fd, Transport transport) {
  std::unique_ptr<Listener>& listener = transport == Transport::kTcp ? tcp_ : unix_;
  assert(listener == nullptr);
  std::string error;
  listener = Listener::Open(loop_, fd, transport, *this, &error);
  return error;
}

void Acceptor::Close() {
  if (tcp_ != nullptr) tcp_->Close();
  if (unix_ != nullptr) unix_->Close();
}

void Acceptor::OnAccepted(int fd, Transport transport, bool local) {
  AcceptedSocket accepted = {BoundSocket(fd), transport, open_.Enter(local)};
  metrics_.connections_accepted.Add(1);
  if (accepted.place == Place::kKept) metrics_.connections_kept.Add(1);
  if (accepted.place == Place::kRejected) metrics_.connections_rejected.Add(1);
  if (accepted.place == Place::kRejected || accepted.place == Place::kNone) {
    ++unreported_;
    Report(Clock::Now());
  }
  if (accepted.place == Place::kNone) {
    metrics_.connections_refused.Add(1);
    metrics_.connections_closed.Add(1);
    return;
  }
  const Place place = accepted.place;
  if (WithFewest().Hand(std::move(accepted))) return;
  open_.Leave(place);  // the server stops
  metrics_.connections_closed.Add(1);
}

void Acceptor::OnAcceptFailed(const char* reason) {
  metrics_.accept_pauses.Add(1);
  engine_.events().Write(Level::kError, "accept_failed", {{"detail", reason}});
}

// The first of them, where several have as few.
Worker& Acceptor::WithFewest() const {
  const auto fewer = [](const auto& a, const auto& b) {
    return a->connections() < b->connections();
  };
  return **std::min_element(workers_.begin(), workers_.end(), fewer);
}

void Acceptor::Report(TimeMs now) {
  if (unreported_ == 0 || now - last_report_ < kReportPeriod) return;
  last_report_ = now;
  engine_.events().Write(Level::kWarning, "connections_rejected",
                         {{"count", unreported_}, {"max_connections", open_.limits.regular}});
  unreported_ = 0;
}

}  // namespace tagcache::server
