#include "server/net/connection.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <span>
#include <utility>

#include "server/net/clock.h"
#include "server/net/worker.h"

namespace tagcache::server {
namespace {

// A peer that sends or receives faster than this worker works has this many bytes before the other
// connections have their turn.
constexpr size_t kTurn = 1024 * 1024;
// And so much is sent at once to a peer that takes it as fast as it is made: through shared memory
// no system ends that. A further flush costs a turn of the loop, some microseconds, while these
// bytes take about a hundred. Carrying out the requests that were held back may take longer.
constexpr size_t kFlush = 256 * 1024;
constexpr uint64_t kFlushNs = 500'000;
// A peer may still be sending when the last answer has left. Closing then would reset the
// connection and could destroy the answer on its way, so what it sends is read and dropped this
// long.
constexpr TimeMs kLinger = 1000;
// What a connection takes that holds nothing for its peer.
constexpr size_t kBareConnection = sizeof(Connection) + 1024;
constexpr size_t kHoldsMuch = 64 * 1024;

}  // namespace

Connection::Connection(Worker& worker)
    : worker_(worker),
      session_(worker.engine(), worker.metrics()),
      memory_(worker.engine().client_memory(), worker.client_memory_group(), this) {
  session_.AllowWaiting(worker.wakes(), this);
  session_.AllowEarlyOutput(this);
}

void Connection::Start(std::unique_ptr<Link> link, Place place, const std::string& option_refused) {
  link_ = std::move(link);
  now_ = last_activity_ = started_ = Clock::Now();
  place_ = place;
  if (place == Place::kRejected) session_.Reject();
  try {
    session_.SetAddress(link_->Address());
  } catch (const std::bad_alloc&) {
    return CloseNow("out of memory");
  }
  EventSink& events = worker_.engine().events();
  if (!option_refused.empty()) {
    // The peer may be gone already; reading then reports it.
    events.Write(Level::kDebug, "socket_option_refused",
                 {{"peer", session_.peer().address}, {"detail", option_refused}});
  }
  if (events.Enabled(Level::kDebug)) {
    events.Write(Level::kDebug, "connection_opened", {{"peer", session_.peer().address}});
  }
  Wait();
}

void Connection::OnReady(bool readable, bool writable) {
  if (closed_) return;
  if (lingering_) {
    DropInput();
    return;
  }
  if (writable && blocked_) SendBlocked();
  if (readable) {
    size_t size = 0;
    for (size_t read = 0; read < kTurn && ReadOnce(0, &size); read += size) {
      if (size < worker_.read_buffer().size()) break;
    }
  }
  AwaitTraffic();
}

void Connection::OnClosed() { delete this; }

// Reads once. false: there was nothing to read, or the session wants no input now. *size is how
// many bytes were read. `clock` is a recent Clock::Nanoseconds; 0: none is known.
bool Connection::ReadOnce(uint64_t clock, size_t* size) {
  if (closed_ || lingering_ || peer_finished_ || !session_.wants_input()) return false;
  // Until the connection that holds the most is closed, those that hold something get no more.
  if (memory_.bytes() >= kHoldsMuch && worker_.engine().client_memory().must_close()) return false;
  const std::span<char> space = worker_.read_buffer();
  const Transfer read = link_->Read(space);
  *size = read.bytes;
  assert(read.bytes <= space.size());
  if (read.bytes > 0) {
    Receive({space.data(), read.bytes}, clock != 0 ? clock : Clock::Nanoseconds());
  } else if (read.failure != nullptr) {
    CloseNow(read.failure);
  } else if (read.asks_upgrade) {
    Upgrade();
  } else if (read.ended) {
    peer_finished_ = true;
    now_ = Clock::Now();
    Send();
  } else {
    return false;
  }
  return true;
}

// One reading of the clock is the time of the event and the beginning of the first request's
// latency.
void Connection::Receive(std::string_view bytes, uint64_t clock) {
  now_ = last_activity_ = clock / Clock::kNanosecondsInMs;
  sent_early_ = 0;
  try {
    session_.Receive(bytes, now_, worker_.engine().measures_latency() ? clock : 0);
  } catch (const std::bad_alloc&) {
    return CloseNow("out of memory");
  }
  Send();
}

void Connection::Upgrade() {
  try {
    std::unique_ptr<Link> successor =
        link_->Upgrade(place_ == Place::kRejected ? session_.RejectionMessage() : std::string());
    if (successor == nullptr) return Linger();
    link_ = std::move(successor);
    session_.SetAddress(link_->Address());
  } catch (const std::bad_alloc&) {
    CloseNow("out of memory");
  }
}

// Reads and drops. false: there was nothing.
bool Connection::DropInput() {
  const Transfer read = link_->Read(worker_.read_buffer());
  if (read.ended || read.failure != nullptr) CloseNow("done");
  Wait();
  return read.bytes > 0;
}

bool Connection::Poll(uint64_t clock) {
  if (closed_) return false;
  if (lingering_) return DropInput();
  const bool unblocked = blocked_ && link_->HasRoom();
  if (unblocked) SendBlocked();
  size_t size = 0;
  const bool read = ReadOnce(clock, &size);
  if (!unblocked && !read) return false;
  Wait();
  return true;
}

// false: there is something to do which the link will not report.
bool Connection::WaitForLink() {
  if (closed_) return true;
  const bool to_read = !peer_finished_ && (lingering_ || session_.wants_input());
  return link_->Wait(to_read, blocked_, polled());
}

void Connection::Wait() {
  ReportMemory();
  if (!WaitForLink()) worker_.poller().AddOnce(*this);
}

void Connection::ReportMemory() {
  if (closed_) return;
  memory_.ReportOwned(kBareConnection + session_.held(), now_);
  if (memory_.pinned() > 0 && !session_.pins_entries()) memory_.ReportPinned(0, now_);
  worker_.CheckClientMemory(now_);
}

void Connection::PollingEnded() {
  assert(!polled());
  if (!WaitForLink()) AwaitTraffic();
}

// After the link reported traffic: the poller checks for more, or the link reports again.
void Connection::AwaitTraffic() {
  const bool may_poll = !closed_ && !lingering_ && !polled() &&
                        (link_->expects_polling() || session_.peer().busy_poll);
  if (may_poll && poll_gate_.Open()) worker_.poller().Add(*this);
  // Input that has arrived meanwhile waits for a turn of its own: a peer that is faster than this
  // worker leaves the others their turns.
  Wait();
}

void Connection::Wake(WaitingRequest* waiting) {
  if (closed_) return;
  now_ = Clock::Now();
  try {
    session_.Wake(waiting, now_);
  } catch (const std::bad_alloc&) {
    CloseNow("out of memory");
  }
}

void Connection::TakeTurn() {
  if (closed_ || !session_.wants_turn()) return;
  const uint64_t clock = Clock::Nanoseconds();
  now_ = clock / Clock::kNanosecondsInMs;
  try {
    session_.TakeTurn(now_, worker_.engine().measures_latency() ? clock : 0);
  } catch (const std::bad_alloc&) {
    return CloseNow("out of memory");
  }
  Flush();
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
  Send();
  Wait();
}

void Connection::SendBlocked() {
  assert(blocked_);
  blocked_ = false;
  now_ = Clock::Now();
  Send();
}

void Connection::Send() {
  if (closed_ || lingering_) return;
  FlushBudget budget;
  try {
    while (!closed_ && !blocked_ && SendSome(budget)) {
    }
    if (closed_) return;
    worker_.deadlines().Set(*this, session_.NextDeadline());
    if (session_.wants_turn()) worker_.turns().Add(*this);
  } catch (const std::bad_alloc&) {
    return CloseNow("out of memory");
  }
  if (blocked_) return;
  if (session_.closing()) return Linger();
  if (peer_finished_ && !session_.has_work()) CloseNow("end of stream");
}

// false: there is nothing further to send.
bool Connection::SendSome(FlushBudget& budget) {
  const std::string_view output = session_.Output(now_);
  if (output.empty()) return false;
  if (budget.sent > 0) {
    const uint64_t clock = Clock::Nanoseconds();
    if (budget.end_ns == 0) budget.end_ns = clock + kFlushNs;
    blocked_ = budget.sent >= kFlush || clock >= budget.end_ns;
    if (blocked_) return true;
  }
  const std::string_view pieces[] = {output, session_.OutputAfter(), session_.OutputEnd()};
  const size_t count = pieces[1].empty() ? 1 : pieces[2].empty() ? 2 : 3;
  const size_t size = pieces[0].size() + pieces[1].size() + pieces[2].size();
  const Transfer written = link_->Write(std::span(pieces, count));
  if (written.failure != nullptr) {
    CloseNow(written.failure);
    return false;
  }
  assert(written.bytes <= size);
  blocked_ = written.bytes < size;
  if (written.bytes == 0) return true;
  budget.sent += written.bytes;
  last_activity_ = now_;
  session_.Sent(written.bytes, now_);
  return true;
}

// A failure is ignored here: it happens again in Send, which closes the connection.
size_t Connection::SendEarly(std::string_view bytes) {
  if (closed_ || blocked_ || sent_early_ >= kFlush) return 0;
  const size_t n = link_->Write(std::span(&bytes, 1)).bytes;
  sent_early_ += n;
  return n;
}

void Connection::Linger() {
  if (peer_finished_) return CloseNow("done");
  lingering_ = true;
  session_.Release();  // of a stream that broke there may be parts of requests left
  worker_.poller().Remove(*this);
  linger_until_ = now_ + std::min(kLinger, worker_.options().shutdown_timeout);
  if (!link_->FinishWriting()) CloseNow("done");
}

void Connection::ShutDown() {
  if (lingering_) return Wait();  // polling has stopped
  now_ = Clock::Now();
  size_t size = 0;
  ReadOnce(0, &size);  // what the peer has sent by now
  if (closed_ || lingering_) return Wait();
  try {
    session_.ShutDown(now_);
    // A connection that has been quiet has no answer on its way that a plain close could harm.
    const bool quiet = !blocked_ && now_ - last_activity_ >= kLinger;
    if (quiet && session_.closing() && session_.Output(now_).empty()) return CloseNow("shutdown");
  } catch (const std::bad_alloc&) {
    return CloseNow("out of memory");
  }
  Flush();
}

void Connection::CheckTime(TimeMs now) {
  if (lingering_) {
    if (now >= linger_until_) CloseNow("done");
    return;
  }
  if (LastedTooLong(now)) return;
  if (session_.waiting() || session_.wants_turn()) last_activity_ = now;
  const TimeMs idle = now > last_activity_ ? now - last_activity_ : 0;
  const TimeMs limit = worker_.options().idle_timeout;
  if (limit > 0 && idle >= limit) {
    worker_.metrics().connections_closed_idle.Add(1);
    CloseNow("idle");
  }
}

// These times count from the beginning of the connection: a byte now and then does not prolong
// them. Returns whether the connection was closed.
bool Connection::LastedTooLong(TimeMs now) {
  const TimeMs age = now > started_ ? now - started_ : 0;
  if (place_ == Place::kKept && worker_.open().Promote()) place_ = Place::kRegular;
  if (place_ != Place::kRegular && age >= worker_.options().short_place) {
    worker_.metrics().connections_closed_short.Add(1);
    CloseNow("there were max_connections others, so its time was short");
  } else if (!session_.peer().authenticated && worker_.engine().needs_credentials() &&
             age >= worker_.options().credentials_timeout) {
    worker_.metrics().connections_closed_unauthenticated.Add(1);
    CloseNow("it did not authenticate in time");
  }
  return closed_;
}

void Connection::CloseForMemory() {
  const ClientMemory& memory = worker_.engine().client_memory();
  worker_.metrics().connections_closed_memory.Add(1);
  worker_.engine().events().Write(Level::kWarning, "client_memory_exceeded",
                                  {{"peer", session_.peer().address},
                                   {"client", session_.peer().client_name},
                                   {"bytes", memory_.bytes()},
                                   {"client_memory", memory.used()},
                                   {"client_memory_limit", memory.limit()}});
  now_ = Clock::Now();
  assert(!closed_ && !lingering_);
  try {
    session_.GiveUp("the connections hold more than the limit client_memory_limit, which is " +
                    std::to_string(memory.limit()) + ", and this one holds the most");
    Send();
  } catch (const std::bad_alloc&) {
  }
  if (!lingering_) return CloseNow("client_memory_limit");
  Wait();
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
  session_.Closed(Clock::Now());
  memory_.ReportOwned(0, now_);
  memory_.ReportPinned(0, now_);
  worker_.turns().Remove(*this);
  link_->Close();
  worker_.Remove(*this);
}

}  // namespace tagcache::server
