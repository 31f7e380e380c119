#include "server/session/session.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tagcache::server {
namespace {

using protocol::StatusCode;

// A large reply adds a piece whenever less than this waits to be sent.
constexpr size_t kLowWater = 64 * 1024;
// The front of an unfinished answer is sent when it has this many bytes: fewer are not worth a
// system call.
constexpr size_t kWorthSending = 16 * 1024;
// The input buffer is kept up to this size, even when most of it is free.
constexpr size_t kKeptInput = 512 * 1024;
constexpr std::string_view kShuttingDown =
    "the server is shutting down; the request was not carried out";
// The output buffer a thread keeps for its next session that has something to send.
constexpr size_t kKeptOutput = 2 * 1024 * 1024;
// An MGET looks up no more while so much waits to be sent.
constexpr size_t kMaxAhead = 256 * 1024;
// Pieces that are no request take almost no time: of so many the clock is read once.
constexpr unsigned kPartsPerReading = 16;
// How long a peer may take to show its credentials: a client does so in its first packet.
constexpr std::string_view kAuthFirst = "the server asks for credentials first";

// Sessions of one thread run one after the other, and none needs this memory between two calls. So
// ten thousand idle connections share it.
CallScratch& ThreadScratch() {
  static thread_local CallScratch scratch;
  return scratch;
}

}  // namespace

Session::Session(Engine& engine, WorkerMetrics& metrics, std::span<const Codec> codecs)
    : engine_(engine), metrics_(metrics), scratch_(ThreadScratch()), codecs_(codecs) {
  peer_.number = engine_.NumberConnection();
}

Session::~Session() { StopWaiting(); }

void Session::AllowWaiting(std::shared_ptr<WakeQueue> wakes, void* owner) {
  waiting_requests_ = std::make_unique<WaitingRequests>(engine_, std::move(wakes), owner);
}

void Session::Receive(std::string_view bytes, TimeMs now, uint64_t clock) {
  metrics_.bytes_in.Add(bytes.size());
  if (closing_ || bytes.empty()) return;
  if (wire_ == nullptr && !ChooseWire(bytes)) {
    if (!closing_) in_.Append(bytes);
    return;
  }
  if (held_) return AppendInput(bytes);
  turn_.Begin(clock);
  OpenOutput();
  if (in_.empty()) {
    const size_t used = Consume(bytes, clock, now);
    if (!closing_) AppendInput(bytes.substr(used));
  } else {
    in_.Append(bytes);
    ProcessHeldInput(now);
  }
  LimitUnauthenticated();
  if (out_.empty()) ReturnOutput();
  scratch_.Trim();
}

void Session::TakeTurn(TimeMs now, uint64_t clock) {
  assert(wants_turn_ && !closing_);
  turn_.Begin(clock);
  wants_turn_ = false;
  OpenOutput();
  GoOnWhenDrained(now);
  RunReady(now);
  LimitUnauthenticated();
  if (out_.empty()) ReturnOutput();
}

// What a peer without credentials makes this session hold is bounded, whatever it is made of.
void Session::LimitUnauthenticated() {
  if (closing_ || wire_ == nullptr || MayAsk()) return;
  if (buffered_input() + buffered_output() <= kMaxBeforeAuth) return;
  metrics_.connections_closed_unauthenticated.Add(1);
  wire_->RefuseIncomplete(in_.view(), StatusCode::kAuthRequired,
                          "the server asks for credentials first, and accepts no more than 65536 "
                          "bytes before",
                          out_);
  Close(StatusCode::kAuthRequired);
  in_.Release(0);
}

// Makes the wire of the codec that the first bytes choose: those received before, and `bytes`.
// false: more bytes are needed, or the server does not speak that codec, and closes.
bool Session::ChooseWire(std::string_view bytes) {
  assert(in_.size() < kMaxPrefix);
  if (in_.empty()) {
    codec_ = ChooseCodec(codecs_, bytes);
  } else {
    char prefix[kMaxPrefix];
    const size_t before = in_.view().copy(prefix, sizeof prefix);
    const size_t added = bytes.copy(prefix + before, sizeof prefix - before);
    codec_ = ChooseCodec(codecs_, {prefix, before + added});
  }
  if (codec_ == nullptr) return false;
  if (codec_->make == nullptr) {
    metrics_.http_refused.Add(1);
    Close(StatusCode::kBadRequest);
    return false;
  }
  wire_ = codec_->make(engine_);
  wire_->SetRestricted(!MayAsk());
  return true;
}

// Keeps bytes that are carried out later.
void Session::AppendInput(std::string_view bytes) {
  if (bytes.empty()) return;
  // The request of an unfinished command is in `bytes` if it has just begun, else in in_.
  const std::string_view before = in_.view();
  in_.Append(bytes);
  MoveUnfinished(before, in_.data());
  MoveUnfinished(bytes, in_.data() + before.size());
}

void Session::ShrinkInput() {
  const std::string_view before = in_.view();
  in_.Shrink(kKeptInput);
  MoveUnfinished(before, in_.data());
}

// The bytes `from` are now at `to`: views of an unfinished command go with them. Those of a message
// that the codec has put together stay where they are.
void Session::MoveUnfinished(std::string_view from, const char* to) {
  if (unfinished_ == nullptr || from.empty() || from.data() == to) return;
  const auto move = [&](std::string_view& view) {
    const auto at = reinterpret_cast<uintptr_t>(view.data());
    const auto begin = reinterpret_cast<uintptr_t>(from.data());
    if (at >= begin && at + view.size() <= begin + from.size()) {
      view = {to + (at - begin), view.size()};
    }
  };
  move(unfinished_->request.key);
  move(unfinished_->request.batch.bytes);
  move(unfinished_->progress.rest.bytes);
  for (std::string_view& tag : unfinished_->tags) move(tag);
}

// Prepares the output for an answer. An idle session holds no output buffer: it has the thread's
// while there is something to send. What is borrowed comes before the answer, so its rest is
// copied, unless the answer will queue up in the codec.
void Session::OpenOutput() {
  if (out_.capacity() == 0) out_ = std::move(scratch_.spare_output);  // swaps
  if (borrowed_.bytes.empty() || AnswersQueueUp()) return;
  out_.Append(borrowed_.bytes);
  out_.Append(borrowed_.end);
  borrowed_ = Borrowed();
}

bool Session::AnswersQueueUp() const { return wire_->traits().in_order && wire_->waiting(); }

void Session::ReturnOutput() {
  out_.Release(kKeptOutput);
  if (out_.capacity() > scratch_.spare_output.capacity()) out_ = std::move(scratch_.spare_output);
  out_.Release(0);
}

void Session::ProcessHeldInput(TimeMs now) {
  OpenOutput();
  if (FinishUnfinished(now)) in_.Consume(Consume(in_.view(), engine_.LatencyClock(), now));
  if (closing_) in_.Clear();
  if (in_.empty()) {
    in_.Release(0);
  } else {
    ShrinkInput();
  }
}

// Goes on with what is held back, unless what was answered must be sent first.
void Session::GoOnWhenDrained(TimeMs now) {
  // The large replies come first, so that a stream of small requests does not starve them.
  Produce();
  if (MustDrain()) return Hold(false);
  held_ = false;
  ProcessHeldInput(now);
  scratch_.Trim();
}

// No further request is carried out until output has drained, or until the next turn.
void Session::Hold(bool for_a_turn) {
  held_ = true;
  wants_turn_ = for_a_turn;
}

bool Session::MustDrain() const {
  if (OutputFull()) return true;
  return unfinished_ != nullptr && Full() &&
         protocol::CommandOf(unfinished_->request.op).reply == protocol::Reply::kValues;
}

// Carries out the requests at the front of `bytes` until they end or output must drain first.
// Returns how many bytes it consumed.
size_t Session::Consume(std::string_view bytes, uint64_t begin, TimeMs now) {
  assert(wire_ != nullptr);
  size_t consumed = 0;
  unsigned parts = 0;
  Incoming incoming;
  while (!closing_) {
    if (consumed == bytes.size() && consumed > 0 && !shutting_down_) return consumed;
    if (OutputFull()) {
      Hold(false);
      return consumed;
    }
    // Each turn does something, however long it was waited for.
    if (consumed > 0 && turn_.IsOverAt(begin)) {
      Hold(true);
      return consumed;
    }
    wire_->Next(bytes.substr(consumed), scratch_.decode, &incoming);
    consumed += incoming.used;
    assert(consumed <= bytes.size());
    assert(incoming.used > 0 || incoming.kind == Incoming::Kind::kNeedMore ||
           incoming.kind == Incoming::Kind::kBroken);
    switch (incoming.kind) {
      case Incoming::Kind::kNeedMore:
        if (shutting_down_) {
          RefuseRest(bytes.substr(consumed), StatusCode::kShuttingDown, kShuttingDown);
        }
        return consumed;
      case Incoming::Kind::kPart:
        if (++parts % kPartsPerReading == 0) begin = engine_.LatencyClock();
        break;
      case Incoming::Kind::kRequest:
        begin = Execute(incoming.request, begin, now);
        if (unfinished_ == nullptr) {
          wire_->RequestDone();
          break;
        }
        unfinished_->input = incoming.used;
        return consumed - incoming.used;
      case Incoming::Kind::kRefused:
      case Incoming::Kind::kOversize:
      case Incoming::Kind::kBroken:
        Refuse(incoming, now);
        begin = engine_.LatencyClock();
        break;
    }
  }
  return consumed;
}

bool Session::OutputFull() const {
  return out_.size() >= engine_.options().output_backlog || wire_->full() ||
         (out_.size() >= kMaxBeforeAuth / 2 && !MayAsk());
}

uint64_t Session::Execute(const protocol::Request& request, uint64_t begin, TimeMs now) {
  const protocol::Command& command = protocol::CommandOf(request.op);
  CommandMetrics& counters = metrics_.Of(command);
  Call call(engine_, metrics_, scratch_, peer_, request, command, now);
  call.earlier_requests = requests_++;
  Connect(call);
  if (MayRun(call)) engine_.HandlerOf(request.op)(call);
  if (!call.waiting && !call.goes_on) Answer(call);
  // One clock read a command: its end is the beginning of the next one.
  const uint64_t end = engine_.LatencyClock();
  if (call.goes_on) {
    Suspend(call, end - begin);
    return end;
  }
  counters.calls.Add(1);
  if (protocol::IsError(call.response.status)) counters.errors.Add(1);
  counters.latency_ns.Record(end - begin);
  if (call.close) Close(call.response.status);
  return end;
}

// What a handler needs of this session, whichever time it runs.
void Session::Connect(Call& call) {
  call.max_page = wire_->traits().max_page;
  call.default_page = wire_->traits().default_page;
  call.waiting_requests = wire_->traits().in_order ? nullptr : waiting_requests_.get();
  call.sink = this;
  call.turn = &turn_;
}

// The command goes on in a later turn, or when its answer was sent so far.
void Session::Suspend(const Call& call, uint64_t spent_ns) {
  assert(unfinished_ == nullptr && !call.waiting && !call.close);
  unfinished_ = std::make_unique<Unfinished>();
  unfinished_->request = call.request;
  unfinished_->progress = std::move(scratch_.progress);
  unfinished_->spent_ns = spent_ns;
  if (call.request.tags) {
    unfinished_->tags.assign(call.request.tags->begin(), call.request.tags->end());
    unfinished_->request.tags = protocol::Tags(unfinished_->tags);
  }
  Hold(!MustDrain());
}

// Runs the unfinished command again, if there is one. false: it goes on later.
bool Session::FinishUnfinished(TimeMs now) {
  if (unfinished_ == nullptr) return true;
  const protocol::Request& request = unfinished_->request;
  const protocol::Command& command = protocol::CommandOf(request.op);
  const uint64_t begin = engine_.LatencyClock();
  Call call(engine_, metrics_, scratch_, peer_, request, command, now);
  Connect(call);
  call.earlier = &unfinished_->progress;
  engine_.HandlerOf(request.op)(call);
  unfinished_->spent_ns += engine_.LatencyClock() - begin;
  if (call.goes_on) {
    Hold(!MustDrain());
    return false;
  }
  assert(!call.waiting && !call.close);
  Answer(call);
  CommandMetrics& counters = metrics_.Of(command);
  counters.calls.Add(1);
  if (protocol::IsError(call.response.status)) counters.errors.Add(1);
  counters.latency_ns.Record(unfinished_->spent_ns);
  in_.Consume(unfinished_->input);
  unfinished_.reset();
  wire_->RequestDone();
  return true;
}

bool Session::MayRun(Call& call) {
  if (rejected_) {
    call.close = true;
    call.Refuse(StatusCode::kTooManyConnections, RejectionMessage());
    return false;
  }
  assert((MayAsk() || (call.command.traits & protocol::kBeforeAuth) != 0) &&
         "the codec decodes nothing else before credentials");
  return true;
}

std::string Session::RejectionMessage() const {
  const size_t limit = engine_.options().max_connections;
  std::string message =
      "too many connections: the limit max_connections is " + std::to_string(limit);
  if (engine_.max_connections() < limit) {
    message += ", of which the server's file descriptors allow " +
               std::to_string(engine_.max_connections());
  }
  return message;
}

void Session::Answer(Call& call) {
  if (call.response.status == StatusCode::kOk) {
    if (call.value) {
      const bool stale = call.response.lease == protocol::LeaseKind::kStaleValue;
      return wire_->AnswerValue(call.request, std::move(call.value), stale, out_);
    }
    if (call.command.reply == protocol::Reply::kValues) return;  // SendValues did
  }
  wire_->Answer(call.request, call.response, out_);
  if ((call.command.traits & protocol::kBeforeAuth) == 0) return;
  wire_->SetRestricted(!MayAsk());
  if (call.command.op == protocol::Op::kHello && peer_.max_frame != 0) {
    wire_->SetMaxFrame(peer_.max_frame);
  }
}

void Session::SendValues(const protocol::Request& request, std::span<EntryRef> values, bool last) {
  wire_->AnswerValues(request, values, last, out_);
  if (last || early_ == nullptr || out_.size() < kWorthSending) return;
  const size_t sent = early_->SendEarly(out_.view());
  metrics_.bytes_out.Add(sent);
  out_.Consume(sent);
}

bool Session::SendKeys(std::span<const std::string> keys) {
  std::vector<std::string_view>& views = scratch_.views;
  views.assign(keys.begin(), keys.end());
  return wire_->AnswerKeys(views);
}

bool Session::Full() const { return out_.size() >= kMaxAhead || wire_->answer_waits(); }

void Session::Refuse(Incoming& incoming, TimeMs now) {
  requests_++;
  if (rejected_) {
    incoming.error = StatusCode::kTooManyConnections;
    wire_->AnswerRefusal(incoming, RejectionMessage(), out_);
    return Close(incoming.error);
  }
  const bool broken = incoming.kind == Incoming::Kind::kBroken;
  const bool may_write = MayAsk();
  const bool oversize = incoming.kind == Incoming::Kind::kOversize;
  if (!may_write && !broken) {
    incoming.error = StatusCode::kAuthRequired;
    incoming.detail = kAuthFirst;
  } else if (may_write && (oversize || incoming.lost_put) &&
             incoming.request.op == protocol::Op::kPut) {
    // The value that the peer tried to replace must no longer be served.
    engine_.store().Delete(incoming.request.key, now);
  }
  CountRefusal(incoming);
  wire_->AnswerRefusal(incoming, RefusalMessage(incoming), out_);
  if (broken) Close(incoming.error);
}

void Session::CountRefusal(const Incoming& incoming) {
  const protocol::Command* command =
      protocol::FindCommand(static_cast<uint8_t>(incoming.request.op));
  if (incoming.error == StatusCode::kUnknownCommand || command == nullptr) {
    metrics_.unknown_commands.Add(1);
  } else if (incoming.kind != Incoming::Kind::kBroken) {
    metrics_.Of(*command).calls.Add(1);
    metrics_.Of(*command).errors.Add(1);
  }
}

std::string Session::RefusalMessage(const Incoming& incoming) const {
  const protocol::Command* command =
      protocol::FindCommand(static_cast<uint8_t>(incoming.request.op));
  const bool named = command != nullptr && incoming.error != StatusCode::kBadFrame;
  if (incoming.kind == Incoming::Kind::kOversize && incoming.error == StatusCode::kValueTooLarge) {
    return Subject(*command, incoming.request.key) + ": the value's message has " +
           std::to_string(incoming.size) + " bytes, the limit max_value is " +
           std::to_string(engine_.options().store.max_value);
  }
  if (command != nullptr && named) {
    return std::string(command->name).append(": ").append(incoming.detail);
  }
  return std::string(incoming.detail);
}

void Session::Close(StatusCode why) {
  assert(codec_ != nullptr && !closing_);
  closing_ = true;
  held_ = wants_turn_ = false;
  StopWaiting();
  if (why != StatusCode::kTooManyConnections && why != StatusCode::kAuthFailed) {
    metrics_.protocol_errors.Add(1);
    engine_.events().Write(Level::kWarning, "protocol_error",
                           {{"peer", peer_.address},
                            {"client", peer_.client_name},
                            {"error", protocol::NameOf(why)},
                            {"codec", codec_->name}});
  }
}

std::string_view Session::Output(TimeMs) {
  Produce();
  if (!out_.empty()) return out_.view();
  ReturnOutput();
  return borrowed_.bytes;
}

void Session::Produce() {
  if (wire_ == nullptr || !borrowed_.bytes.empty() || !wire_->waiting()) return;
  OpenOutput();
  while (out_.size() < kLowWater && borrowed_.bytes.empty() && wire_->waiting()) {
    wire_->Produce(out_, &borrowed_);
    assert(borrowed_.end.empty() || !borrowed_.bytes.empty());
  }
}

void Session::Sent(size_t n, TimeMs now) {
  metrics_.bytes_out.Add(n);
  const size_t copied = std::min(n, out_.size());
  out_.Consume(copied);
  const size_t lent = std::min(n - copied, borrowed_.bytes.size());
  borrowed_.bytes.remove_prefix(lent);
  assert(n - copied - lent <= borrowed_.end.size() && "more was sent than there was to send");
  borrowed_.end.remove_prefix(n - copied - lent);
  if (!borrowed_.bytes.empty()) return;
  if (!borrowed_.end.empty()) {
    OpenOutput();
    out_.Append(std::exchange(borrowed_.end, {}));
  }
  borrowed_.pin.Reset();
  if (held_ && !wants_turn_ && out_.size() <= kLowWater) {
    if (turn_.IsOverAt(engine_.LatencyClock())) {
      Hold(true);
    } else {
      GoOnWhenDrained(now);
    }
  }
  if (!closing_ && out_.size() <= kLowWater) RunReady(now);
  if (out_.empty()) {
    ReturnOutput();
  } else {
    out_.Shrink(kKeptOutput);
  }
}

void Session::Wake(WaitingRequest* waiting, TimeMs now) {
  assert(!closing_);  // nothing of a closing session waits
  waiting_requests_->MakeReady(waiting);
  RunReady(now);
}

void Session::CheckDeadlines(TimeMs now) {
  if (now < NextDeadline()) return;
  waiting_requests_->Expire(now);
  RunReady(now);
}

// Runs the waiting requests that are ready until output must drain first; Sent() goes on then.
void Session::RunReady(TimeMs now) {
  if (waiting_requests_ == nullptr || !waiting_requests_->has_ready()) return;
  OpenOutput();
  while (!OutputFull()) {
    WaitingRequest* waiting = waiting_requests_->TakeReady();
    if (waiting == nullptr) break;
    RunAgain(waiting, now);
  }
  if (out_.empty()) ReturnOutput();
  scratch_.Trim();
}

void Session::RunAgain(WaitingRequest* waiting, TimeMs now) {
  const protocol::Request& request = waiting->request();
  Call call(engine_, metrics_, scratch_, peer_, request, protocol::CommandOf(request.op), now);
  Connect(call);
  call.again = waiting;
  engine_.HandlerOf(request.op)(call);
  if (call.waiting) return;
  Answer(call);
  if (protocol::IsError(call.response.status)) metrics_.Of(call.command).errors.Add(1);
  waiting_requests_->Free(waiting);
  if (call.close) Close(call.response.status);
}

void Session::StopWaiting() {
  if (waiting_requests_ != nullptr) waiting_requests_->Clear([](const protocol::Request&) {});
}

void Session::ShutDown(TimeMs now) {
  if (closing_ || shutting_down_) return;
  shutting_down_ = true;
  if (held_) return;  // Sent() goes on with what was read
  if (wire_ == nullptr) {
    closing_ = true;
    return;
  }
  OpenOutput();
  ProcessHeldInput(now);
}

// Refuses what was not carried out: requests of which a part was received, `tail` being the front
// of one, and those that wait. Then closing().
void Session::RefuseRest(std::string_view tail, StatusCode status, std::string_view why) {
  wire_->RefuseIncomplete(tail, status, why, out_);
  if (waiting_requests_ != nullptr) {
    waiting_requests_->Clear([&](const protocol::Request& request) {
      Incoming refused;
      refused.request = request;
      refused.error = status;
      wire_->AnswerRefusal(refused, why, out_);
    });
  }
  closing_ = true;
}

// A refusal cannot stand in the middle of an answer that is being sent, and a peer that does not
// read its answers would not read this one either.
void Session::GiveUp(std::string_view why) {
  const bool idle = out_.empty() && borrowed_.bytes.empty();
  if (!closing_ && idle && wire_ != nullptr && !wire_->waiting()) {
    OpenOutput();
    RefuseRest(in_.view(), StatusCode::kOutOfMemory, why);
  } else {
    out_.Clear();
  }
  Release();
}

// Frees everything but an answer that is ready to be sent.
void Session::Release() {
  StopWaiting();
  closing_ = true;
  held_ = false;
  borrowed_ = Borrowed();
  wire_.reset();
  in_.Release(0);
  if (out_.empty()) out_.Release(0);
}

void Session::Closed(TimeMs now) {
  out_.Clear();
  Release();
  if (peer_.has_leased) engine_.store().EndLeases(peer_.number, now);
}

size_t Session::held() const {
  size_t bytes = in_.capacity() + out_.capacity();
  if (wire_ != nullptr) bytes += wire_->held();
  if (waiting_requests_ != nullptr) bytes += waiting_requests_->held();
  return bytes;
}

bool Session::pins_entries() const {
  return borrowed_.pin || (wire_ != nullptr && wire_->pinned() > 0);
}

size_t Session::CountPinnedRemoved() const {
  const bool borrowed = borrowed_.pin && borrowed_.pin.removed();
  return (borrowed ? borrowed_.pin.value().size() : 0) +
         (wire_ != nullptr ? wire_->CountPinnedRemoved() : 0);
}

size_t Session::buffered_input() const {
  return in_.size() + (wire_ != nullptr ? wire_->held_input() : 0);
}

size_t Session::buffered_output() const {
  return out_.size() + (wire_ != nullptr ? wire_->held_output() : 0);
}

}  // namespace tagcache::server
