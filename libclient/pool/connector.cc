#include "libclient/pool/connector.h"

#include <algorithm>
#include <random>
#include <utility>

namespace tagcache {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// Besides the pool's connections: the one that carries Submit, and replaced ones whose last ticket
// has not been waited for.
constexpr size_t kSpareSockets = 64;

MachineOptions MachineOptionsOf(const Options& options) {
  MachineOptions machine;
  machine.protocol = options.protocol;
  machine.client_name = options.client_name;
  machine.username = options.username;
  machine.password = options.password;
  machine.busy_poll = options.busy_poll.count() > 0;
  return machine;
}

std::string Milliseconds(Duration duration) {
  return std::to_string(duration_cast<milliseconds>(duration).count()) + " ms";
}

}  // namespace

Connector::Connector(const Options& options, PoolCounters& counters)
    : options_(options),
      counters_(counters),
      machine_options_(MachineOptionsOf(options)),
      socket_options_{options.tcp_nodelay, options.tcp_keepalive, options.send_buffer,
                      options.receive_buffer},
      sockets_(options.pool_max + kSpareSockets),
      health_(options.backoff, options.backoff_max),
      random_(std::random_device()()) {
  for (const std::string& server : options.servers) {
    endpoints_.push_back(std::move(ParseEndpoint(server)).value());
    servers_ += (servers_.empty() ? "" : ",") + server;
  }
}

Result<std::unique_ptr<Connection>> Connector::Open(const CallContext& call) {
  const TimePoint now = steady_clock::now();
  if (now >= call.deadline) {
    counters_.timeouts.Add();
    return TimedOut(call, servers_);
  }
  if (Status down = RefuseWhileDown(call, now); !down.ok()) return down;
  // From here on the attempt is always reported to health_, also when memory runs out.
  Transport transport;
  const TimePoint limit = std::min(call.deadline, now + options_.connect_timeout);
  Attempt attempt;
  std::unique_ptr<Connection> connection;
  try {
    ConnectAny(limit, &transport, &attempt);
    if (attempt.result.status == IoStatus::kOk) {
      connection = std::make_unique<Connection>(std::move(transport), machine_options_,
                                                attempt.endpoint->name, options_.busy_poll);
    }
  } catch (const std::bad_alloc&) {
    attempt.result = {IoStatus::kFailed, 0, ENOMEM};
  }
  if (connection == nullptr) return Failed(call, limit, attempt);
  {
    const MutexLock lock(mutex_);
    health_.Succeeded();
  }
  connection->opened_at = connection->idle_since = steady_clock::now();
  counters_.opened.Add();
  counters_.open.Add();
  return Result<std::unique_ptr<Connection>>(std::move(connection));
}

Status Connector::RefuseWhileDown(const CallContext& call, TimePoint now) {
  std::string what;
  {
    const MutexLock lock(mutex_);
    if (health_.Admit(now)) return {};
    const Duration wait = std::max(health_.retry_at() - now, Duration::zero());
    what = "the server is down (" + last_failure_ + "); it is tried again in " + Milliseconds(wait);
  }
  counters_.fail_fast.Add();
  return MakeError(ErrorCode::kConnection, call, servers_, what);
}

void Connector::ConnectAny(TimePoint deadline, Transport* transport, Attempt* attempt) {
  auto left = static_cast<Duration::rep>(endpoints_.size());
  for (const Endpoint& candidate : endpoints_) {
    const TimePoint now = steady_clock::now();
    if (attempt->endpoint != nullptr) {
      attempt->earlier += "; before that " + attempt->endpoint->name + ": " + attempt->why;
    }
    attempt->endpoint = &candidate;
    attempt->result = {IoStatus::kTimeout};
    if (now < deadline) {
      attempt->result =
          transport->Connect(candidate, socket_options_, now + (deadline - now) / left--, sockets_);
    }
    if (attempt->result.status == IoStatus::kOk) return;
    attempt->why = transport->refusal();
    if (!attempt->why.empty()) continue;
    attempt->why = attempt->result.status == IoStatus::kTimeout ? "connecting timed out"
                                                                : ErrnoText(attempt->result.error);
  }
}

// `limit`: the end of the attempt, which is either the call's deadline or connect_timeout. The
// clock can not decide which: a connect over a Unix socket may end some microseconds before its
// limit.
Status Connector::Failed(const CallContext& call, TimePoint limit, const Attempt& attempt) {
  const TimePoint now = steady_clock::now();
  const std::string& server = attempt.endpoint->name;
  counters_.connect_failures.Add();
  {
    const MutexLock lock(mutex_);
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    health_.Failed(now, random_ >> 33);
    last_failure_ = server + ": " + attempt.why + attempt.earlier;
  }
  if (attempt.result.error == ENOMEM) {
    return MakeError(ErrorCode::kNoMemory, call, server, "no memory to connect");
  }
  const std::string why = attempt.why + attempt.earlier;
  if (attempt.result.status != IoStatus::kTimeout) {
    return MakeError(ErrorCode::kConnection, call, server, "connecting failed: " + why);
  }
  if (limit < call.deadline) {
    return MakeError(ErrorCode::kConnection, call, server,
                     "connecting took longer than connect_timeout " +
                         Milliseconds(options_.connect_timeout) + " (" + why + ")");
  }
  counters_.timeouts.Add();
  return MakeError(
      ErrorCode::kTimeout, call, server,
      "timed out after " + Milliseconds(call.timeout) + ", while connecting (" + why + ")");
}

void Connector::CountLateReplies(Connection& connection) {
  const uint64_t late = connection.machine().late_replies();
  if (late == connection.late_counted) return;
  counters_.late_replies.Add(late - connection.late_counted);
  connection.late_counted = late;
}

void Connector::Close(std::unique_ptr<Connection> connection) {
  if (connection == nullptr) return;
  CountLateReplies(*connection);
  connection.reset();
  counters_.open.Subtract();
}

}  // namespace tagcache
