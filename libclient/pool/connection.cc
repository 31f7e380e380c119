#include "libclient/pool/connection.h"

#include <cassert>
#include <utility>

namespace tagcache {
namespace {

// A feeder is asked for more while less than this is waiting to be sent.
constexpr size_t kLowWater = 128 * 1024;

}  // namespace

Connection::Connection(Transport transport, const MachineOptions& options,
                       const std::string& server, Duration spin)
    : transport_(std::move(transport)),
      machine_(options),
      server_(server),
      protocol_(options.protocol),
      spin_(spin) {}

void Connection::BeginCall() {
  sent_any_ = false;
  read_any_ = false;
}

Progress Connection::Advance(TimePoint deadline, Feeder feeder, Event* event) {
  bool more_to_feed = static_cast<bool>(feeder);
  for (;;) {
    *event = machine_.Next();
    if (event->kind != Event::Kind::kNeedMore) return Progress::kEvent;
    while (more_to_feed && machine_.Output().size() < kLowWater) more_to_feed = feeder(machine_);
    const bool writing = !machine_.Output().empty() && !write_closed_;
    const IoResult result = writing ? Flush(deadline) : ReadMore(deadline);
    if (result.status == IoStatus::kOk || result.status == IoStatus::kWouldBlock) continue;
    return Ended(result);
  }
}

Progress Connection::Ended(const IoResult& result) {
  if (result.status == IoStatus::kTimeout) return Progress::kTimeout;
  error_ = result.status == IoStatus::kClosed ? write_error_ : result.error;
  return Progress::kLost;
}

// How many bytes are left to be sent.
size_t Connection::SendSome() {
  const std::string_view output = machine_.Output();
  const IoResult sent = transport_.Send(output);
  if (sent.status == IoStatus::kFailed) {
    write_closed_ = true;
    write_error_ = sent.error;
    return 0;
  }
  assert(sent.bytes <= output.size());
  if (sent.bytes > 0) sent_any_ = true;
  machine_.Sent(sent.bytes);
  return output.size() - sent.bytes;
}

void Connection::SendAtOnce() {
  if (!machine_.Output().empty() && !write_closed_) SendSome();
}

// Sends what the socket takes; when it is full, waits until it takes more or something can be read.
IoResult Connection::Flush(TimePoint deadline) {
  if (sent_any_ && std::chrono::steady_clock::now() >= deadline) return {IoStatus::kTimeout};
  if (SendSome() == 0) return {};
  bool readable = false;
  bool writable = false;
  const IoResult waited = transport_.Wait(deadline, &readable, &writable);
  if (waited.status != IoStatus::kOk || !readable) return waited;
  return ReadInto([this](std::span<char> space) { return transport_.ReceiveNow(space); });
}

IoResult Connection::ReadMore(TimePoint deadline) {
  // A peer that always has a few more bytes must not keep a call past its deadline.
  if (read_any_ && std::chrono::steady_clock::now() >= deadline) return {IoStatus::kTimeout};
  return ReadInto(
      [&](std::span<char> space) { return transport_.Receive(space, deadline, spin_); });
}

IoResult Connection::ReadInto(FunctionRef<IoResult(std::span<char>)> read) {
  const IoResult result = read(machine_.ReadSpace(1));
  if (result.status == IoStatus::kOk) {
    machine_.Received(result.bytes);
    read_any_ = true;
  }
  return result;
}

std::string Connection::lost_because() const {
  return error_ == 0 ? "the server closed the connection" : ErrnoText(error_);
}

bool Connection::Ping(TimePoint deadline) {
  protocol::Request request;
  request.op = protocol::Op::kPing;
  // The text protocol has no PING; the empty key is never there.
  if (protocol_ == Protocol::kText) request.op = protocol::Op::kGet;
  BeginCall();
  const uint64_t id = machine_.Send(request);
  Event event;
  return Advance(deadline, {}, &event) == Progress::kEvent && event.kind == Event::Kind::kDone &&
         event.id == id && !protocol::IsError(event.response->status) && machine_.quiescent();
}

}  // namespace tagcache
