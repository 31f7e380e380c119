#include "libclient/calls/shared_connection.h"

#include <cassert>
#include <iterator>
#include <limits>
#include <utility>

#include "libclient/calls/client_core.h"

namespace tagcache {

using std::chrono::steady_clock;

namespace {

constexpr int kMarkShift = 48;
constexpr uint64_t kMarkMask = ~uint64_t{0} << kMarkShift;

}  // namespace

SharedConnection::SharedConnection(const Options& options, Connector& connector,
                                   PoolCounters& counters, uint64_t generation)
    : options_(options),
      connector_(connector),
      counters_(counters),
      ticket_mark_(generation << kMarkShift) {}

SharedConnection::~SharedConnection() = default;

Result<Ticket> SharedConnection::Submit(const CallContext& call, const Batch& batch) {
  auto owned = std::make_unique<InFlightBatch>(batch, options_, call);
  InFlightBatch& submitted = *owned;
  ChannelRef channel;  // released after the lock
  MutexLock lock(mutex_);
  if (in_flight_.size() >= kMaxTickets) {
    return MakeError(ErrorCode::kUsage, call, connector_.servers(),
                     std::to_string(kMaxTickets) +
                         " tickets have not been waited for; each keeps its batch until Wait");
  }
  const Ticket ticket = ticket_mark_ | (++last_ticket_ & ~kMarkMask);
  in_flight_.emplace(ticket, std::move(owned));
  Status status;
  try {
    status = Ensure(lock, call, &channel);
    if (status.ok()) {
      submitted.channel = channel;
      submitted.run.set_server(channel->connection->server());
      submitted.run.SendSome(channel->connection->machine(), std::numeric_limits<size_t>::max());
      if (!submitted.run.complete()) {
        channel->by_first_id.emplace(submitted.run.first_id(), &submitted);
      }
    }
  } catch (const std::bad_alloc&) {
    // Part of a request may have been encoded: the server could not read what follows it.
    if (channel != nullptr) Fail(*channel, ErrorCode::kNoMemory, "out of memory");
    in_flight_.erase(ticket);
    throw;
  }
  if (!status.ok()) {
    in_flight_.erase(ticket);
    return status;
  }
  Write(*channel);
  return ticket;
}

// The channel to submit on; opens one when there is none. Releases the lock meanwhile.
Status SharedConnection::Ensure(MutexLock& lock, const CallContext& call, ChannelRef* channel) {
  for (;;) {
    if (current_ != nullptr) {
      *channel = current_;
      if (StillGood(call, **channel)) return {};
      continue;
    }
    if (!opening_) break;
    if (steady_clock::now() >= call.deadline) {
      counters_.timeouts.Add();
      return TimedOut(call, connector_.servers());
    }
    lock.Wait(changed_, call.deadline);
  }
  opening_ = true;
  const uint64_t epoch = epoch_;
  mutex_.Unlock();
  Result<std::unique_ptr<Connection>> opened = Status(ErrorCode::kNoMemory, "out of memory");
  try {
    opened = connector_.Open(call);
    if (opened.ok()) {
      *channel = std::make_shared<Channel>(connector_);
      (*channel)->connection = std::move(*opened);
    }
  } catch (const std::bad_alloc&) {
    opened = Status(ErrorCode::kNoMemory, "out of memory");
  }
  mutex_.Lock();
  opening_ = false;
  changed_.notify_all();
  if (!opened.ok()) return opened.status();
  if (epoch == epoch_) current_ = *channel;
  return {};
}

// Whether the current channel can take another batch. An idle one is checked as in the pool; one
// that was idle for so long that the pool would PING it is replaced.
bool SharedConnection::StillGood(const CallContext& call, Channel& channel) {
  if (channel.failed || channel.connection->machine().broken()) {
    if (current_.get() == &channel) current_ = nullptr;
    return false;
  }
  const Duration idle = call.start - channel.connection->idle_since;
  if (channel.reading || channel.writing || !channel.by_first_id.empty() ||
      idle < options_.idle_check) {
    return true;
  }
  if (options_.health_check.count() > 0 && idle >= options_.health_check) {
    current_ = nullptr;
    return false;
  }
  channel.reading = true;
  mutex_.Unlock();
  const bool alive = channel.connection->transport().LooksIdle();
  mutex_.Lock();
  channel.reading = false;
  changed_.notify_all();
  counters_.health_checks.Add();
  if (alive) return !channel.failed && current_.get() == &channel;
  counters_.health_check_failures.Add();
  Fail(channel, ErrorCode::kConnection, "the server closed the connection");
  return false;
}

// Sends what the socket takes at once, unless another thread is sending.
void SharedConnection::Write(Channel& channel) {
  while (!channel.writing && !channel.write_failed && !channel.failed) {
    channel.connection->machine().TakeOutput(channel.outbox);
    if (channel.outbox.empty()) return;
    channel.writing = true;
    mutex_.Unlock();
    const IoResult sent = channel.connection->transport().Send(channel.outbox.view());
    mutex_.Lock();
    channel.writing = false;
    channel.outbox.Consume(sent.bytes);
    // What the server sent before it closed can still be read, and reading finds out the rest.
    if (sent.status == IoStatus::kFailed) channel.write_failed = true;
    if (!channel.outbox.empty()) return;
  }
}

// While the leader sleeps in recv, another thread must send what the socket did not take.
void SharedConnection::WaitToWrite(Channel& channel, TimePoint deadline) {
  assert(!channel.writing);
  channel.writing = true;
  mutex_.Unlock();
  channel.connection->transport().WaitWritable(deadline);
  mutex_.Lock();
  channel.writing = false;
  Write(channel);
}

Result<std::vector<BatchResult>> SharedConnection::Wait(Ticket ticket) {
  CallContext call;
  call.operation = "wait";
  if ((ticket & kMarkMask) != ticket_mark_ && ticket != 0) {
    return MakeError(ErrorCode::kConnection, call, "",
                     "the ticket belongs to the parent process of a fork");
  }
  ChannelRef channel;  // released after the lock
  MutexLock lock(mutex_);
  const auto found = in_flight_.find(ticket);
  if (found == in_flight_.end() || found->second->waited_for) {
    return MakeError(ErrorCode::kUsage, call, "",
                     "there is no such ticket; each is waited for once");
  }
  InFlightBatch& batch = *found->second;
  batch.waited_for = true;
  channel = batch.channel;
  Status status;
  try {
    status = Await(lock, batch);
  } catch (const std::bad_alloc&) {
    status = Status(ErrorCode::kNoMemory, "out of memory");
    Fail(*channel, ErrorCode::kNoMemory, status.message());
  }
  std::vector<BatchResult> results = batch.run.TakeResults();
  if (batch.run.id_count() > 0) channel->by_first_id.erase(batch.run.first_id());
  in_flight_.erase(ticket);
  if (!status.ok()) return status;
  return results;
}

Status SharedConnection::Await(MutexLock& lock, InFlightBatch& batch) {
  Channel& channel = *batch.channel;
  while (!batch.run.complete()) {
    if (channel.failed) {
      return MakeError(channel.failure, batch.call, channel.connection->server(), channel.because,
                       channel.server_error);
    }
    if (steady_clock::now() >= batch.call.deadline) return GiveUp(batch);
    if (!channel.reading) {
      Lead(batch);
    } else if (!channel.outbox.empty() && !channel.writing && !channel.write_failed) {
      WaitToWrite(channel, batch.call.deadline);
    } else {
      lock.Wait(changed_, batch.call.deadline);
    }
  }
  return {};
}

// Reads for every waiting thread until this batch is complete, its deadline has passed or the
// channel failed.
void SharedConnection::Lead(InFlightBatch& batch) {
  Channel& channel = *batch.channel;
  Connection& connection = *channel.connection;
  const TimePoint deadline = batch.call.deadline;
  struct Leading {  // gives up the role, also when memory runs out; another thread leads then
    Channel& channel;
    std::condition_variable& changed;
    ~Leading() {
      channel.reading = false;
      changed.notify_all();
    }
  };
  assert(!channel.reading);
  channel.reading = true;
  const Leading leading{channel, changed_};
  while (!batch.run.complete() && !channel.failed && steady_clock::now() < deadline) {
    Write(channel);
    if (channel.failed) break;
    const bool to_write = !channel.outbox.empty() && !channel.writing && !channel.write_failed;
    const std::span<char> space = connection.machine().ReadSpace(1);
    if (to_write) channel.writing = true;
    mutex_.Unlock();
    IoResult result;
    if (to_write) {
      bool readable = false;
      bool writable = false;
      result = connection.transport().Wait(deadline, &readable, &writable);
      if (result.status == IoStatus::kOk) {
        result = readable ? connection.transport().ReceiveNow(space)
                          : IoResult{IoStatus::kWouldBlock, 0, 0};
      }
    } else {
      result = connection.transport().Receive(space, deadline, options_.busy_poll);
    }
    mutex_.Lock();
    if (to_write) channel.writing = false;
    TakeReadResult(channel, result);
    if (DispatchEvents(channel)) changed_.notify_all();
  }
}

void SharedConnection::TakeReadResult(Channel& channel, const IoResult& result) {
  switch (result.status) {
    case IoStatus::kOk:
      channel.connection->machine().Received(result.bytes);
      return;
    case IoStatus::kWouldBlock:
    case IoStatus::kTimeout:
      return;
    case IoStatus::kClosed:
      return Fail(channel, ErrorCode::kConnection, "the server closed the connection");
    case IoStatus::kFailed:
      return Fail(channel, ErrorCode::kConnection, ErrnoText(result.error));
  }
}

// Hands the answers received to their batches. true: at least one of them is now complete.
bool SharedConnection::DispatchEvents(Channel& channel) {
  bool completed = false;
  ConnectionMachine& machine = channel.connection->machine();
  while (!channel.failed) {
    const Event event = machine.Next();
    if (event.kind == Event::Kind::kNeedMore) break;
    if (event.kind == Event::Kind::kBroken) {
      const bool refused = event.status != protocol::StatusCode::kOk;
      Fail(channel, refused ? ErrorCode::kServer : ErrorCode::kProtocol, event.reason,
           ServerErrorOf(event.status));
      break;
    }
    auto next = channel.by_first_id.upper_bound(event.id);
    if (event.kind != Event::Kind::kDone || next == channel.by_first_id.begin()) continue;
    const auto found = std::prev(next);
    assert(event.id - found->first < found->second->run.id_count());
    found->second->run.Take(event.id, *event.response);
    if (!found->second->run.complete()) continue;
    channel.by_first_id.erase(found);
    completed = true;
  }
  if (machine.quiescent()) machine.Trim();
  channel.connection->idle_since = steady_clock::now();
  connector_.CountLateReplies(*channel.connection);
  return completed;
}

// Every ticket on the channel fails when it is waited for.
void SharedConnection::Fail(Channel& channel, ErrorCode code, std::string_view because,
                            ServerError server_error) {
  if (channel.failed) return;
  channel.failed = true;
  channel.failure = code;
  channel.server_error = server_error;
  channel.because = because;
  if (current_.get() == &channel) current_ = nullptr;
  channel.connection->transport().ShutDown();  // wakes the leader
  changed_.notify_all();
}

// The batch's deadline has passed. Answers that come later are dropped. The text codec can not
// distinguish them from others, so there the channel fails.
Status SharedConnection::GiveUp(InFlightBatch& batch) {
  Channel& channel = *batch.channel;
  ConnectionMachine& machine = channel.connection->machine();
  counters_.timeouts.Add();
  const uint64_t first = batch.run.first_id();
  for (uint64_t id = first; id < first + batch.run.id_count(); ++id) {
    if (!batch.run.answered(id)) machine.Abandon(id);
  }
  if (machine.broken()) {
    Fail(channel, ErrorCode::kConnection,
         "the connection was closed because the answer to another request is overdue");
  }
  return TimedOut(batch.call, channel.connection->server());
}

size_t SharedConnection::tickets_open() {
  const MutexLock lock(mutex_);
  return in_flight_.size();
}

void SharedConnection::CloseAll() {
  ChannelRef closing;  // released after the lock
  const MutexLock lock(mutex_);
  ++epoch_;
  closing = std::move(current_);
  current_ = nullptr;
}

Result<Ticket> Client::Submit(const Batch& batch, CallOptions call) {
  return Guarded<Result<Ticket>>(
      [&] { return core_->state().shared.Submit(core_->Begin("submit", call), batch); });
}

Result<std::vector<BatchResult>> Client::Wait(Ticket ticket) {
  using R = Result<std::vector<BatchResult>>;
  return Guarded<R>([&]() -> R { return core_->state().shared.Wait(ticket); });
}

}  // namespace tagcache
