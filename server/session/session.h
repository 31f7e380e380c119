#ifndef TAGCACHE_SERVER_SESSION_SESSION_H_
#define TAGCACHE_SERVER_SESSION_SESSION_H_

// The server's side of one connection, without I/O: bytes and time go in, bytes come out. It
// chooses the codec by the first bytes, carries requests out on the store, and puts replies
// together.
//
// Small replies gather in one reused output buffer. A large reply (values over 16 KiB, long MGETs)
// is produced a piece at a time from entries it has pinned; so what it holds in the buffer is
// bounded by the output backlog, whatever was asked for. On a codec that answers in any order the
// pieces alternate with other replies; on one that answers in order those queue up behind it.
// Values over 16 KiB are not copied, except the rest of a piece that another reply follows. While
// the backlog is full no further request is carried out and wants_input() is false. Of a long MGET
// no more is looked up than is about to be sent.
//
// A session works for a turn at a time (server/commands/turn.h). When the turn is over and there is
// more to do, wants_turn() is true and wants_input() is not; TakeTurn goes on:
//
//   Receive ──> requests ──> the turn is over ──> wants_turn() ──> TakeTurn ──> requests ...
//                  └──> a command is not done: its bytes stay at the front of the input
//
// A peer that has not shown the credentials which the server asks for has kilobytes
// (kMaxBeforeAuth), and no request but HELLO, AUTH and PING is decoded.
//
// Threads: one at a time, its worker's. Errors: a peer's errors are answers to the peer.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/buffer.h"
#include "protocol/message.h"
#include "server/commands/call.h"
#include "server/commands/engine.h"
#include "server/commands/turn.h"
#include "server/commands/waiting_requests.h"
#include "server/session/codec.h"
#include "server/session/wire.h"
#include "server/store/store.h"

namespace tagcache::server {

// Sends the front of an answer while the rest of it is still being made.
class EarlyOutput {
 public:
  // Returns how many of the bytes it sent; 0: none can be sent now.
  virtual size_t SendEarly(std::string_view bytes) = 0;

 protected:
  ~EarlyOutput() = default;
};

class Session final : private PartSink {
 public:
  // `metrics` is engine.AddWorker() of the worker that runs this session. Both outlive it, and so
  // does the table of the codecs that the peer may speak.
  Session(Engine& engine, WorkerMetrics& metrics, std::span<const Codec> codecs = Codecs());
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Without this no part of an answer is sent before all of it is made. `early` outlives this.
  void AllowEarlyOutput(EarlyOutput* early) { early_ = early; }
  // Takes bytes from the peer and carries out the requests that are complete. `clock` is
  // engine.LatencyClock() when the bytes arrived.
  void Receive(std::string_view bytes, TimeMs now, uint64_t clock);
  void Receive(std::string_view bytes, TimeMs now) { Receive(bytes, now, engine_.LatencyClock()); }
  // The bytes to send next; empty: there are none for now. Valid until the next call of another
  // function.
  std::string_view Output(TimeMs now);
  // The bytes that follow Output(), when they are ready too, so that one system call can send both:
  // a large value, in its entry's own memory.
  std::string_view OutputAfter() const {
    return out_.empty() ? std::string_view() : borrowed_.bytes;
  }
  // And the bytes that follow OutputAfter(): the few that end an answer.
  std::string_view OutputEnd() const { return out_.empty() ? std::string_view() : borrowed_.end; }
  // The first `n` bytes of Output(), OutputAfter() and OutputEnd() were sent. Goes on with requests
  // that were held back.
  void Sent(size_t n, TimeMs now);

  // false: do not read from the peer for now. It becomes true again when enough was Sent(), or in a
  // later turn.
  bool wants_input() const { return !held_ && !closing_; }
  // The turn is over and there is more to do: call TakeTurn when the other connections had theirs.
  bool wants_turn() const { return wants_turn_; }
  // `clock` is engine.LatencyClock(). REQUIRES: wants_turn().
  void TakeTurn(TimeMs now, uint64_t clock);
  // Whether the peer still has an answer to come that it need not ask for again.
  bool has_work() const { return wants_turn_ || unfinished_ != nullptr || waiting(); }
  // Close the connection once Output() is empty.
  bool closing() const { return closing_; }
  // Answers the requests that were read and refuses the rest with kShuttingDown, then closing().
  void ShutDown(TimeMs now);
  // Frees all that this session holds, then closing(). Where no answer is on its way, what was not
  // carried out is refused with kOutOfMemory and `why`, which is all that is left to be sent.
  void GiveUp(std::string_view why);
  // Frees everything but an answer that is ready to be sent: nothing more is read or answered.
  void Release();
  // The connection is gone: what it had leased may be computed by others, and nothing is waited for
  // any more, nor anything held. Call it once, at the end.
  void Closed(TimeMs now);

  // Lets requests wait; without this, each is answered at once. `owner` is what
  // WaitingRequest::owner returns.
  void AllowWaiting(std::shared_ptr<WakeQueue> wakes, void* owner);
  // A request of this session came out of the queue: it runs again when there is room for output.
  void Wake(WaitingRequest* waiting, TimeMs now);
  // Runs the requests again whose deadline has come.
  void CheckDeadlines(TimeMs now);
  // When to call CheckDeadlines, or before.
  TimeMs NextDeadline() const {
    return waiting_requests_ == nullptr ? kNoDeadline : waiting_requests_->next_deadline();
  }
  bool waiting() const { return waiting_requests_ != nullptr && !waiting_requests_->empty(); }
  // The first request is answered with kTooManyConnections, then closing().
  void Reject() { rejected_ = true; }
  std::string RejectionMessage() const;

  // The most that a peer without credentials may make this session hold.
  static constexpr size_t kMaxBeforeAuth = 64 * 1024;

  // For the log: where the peer is.
  void SetAddress(std::string_view address) { peer_.address = address; }
  const Peer& peer() const { return peer_; }
  uint64_t requests() const { return requests_; }

  // Bytes held in this session's own buffers, for tests of the bounds.
  size_t buffered_input() const;
  size_t buffered_output() const;
  size_t output_capacity() const {
    return out_.capacity() + (wire_ != nullptr ? wire_->output_capacity() : 0);
  }
  bool holds_memory() const { return in_.capacity() + out_.capacity() > 0; }

  // Memory that this session holds by itself: buffers, answers that wait, requests that wait.
  size_t held() const;
  // Whether it still sends entries of the store.
  bool pins_entries() const;
  // Bytes of those of them that the store has removed. Visits all of them.
  size_t CountPinnedRemoved() const;

 private:
  // A command that goes on in a later turn. The bytes of its request stay at the front of in_.
  struct Unfinished {
    protocol::Request request;
    std::vector<std::string_view> tags;  // of the request
    Progress progress;
    size_t input = 0;       // bytes of in_ that are to be consumed when it is done
    uint64_t spent_ns = 0;  // in the turns so far
  };

  // PartSink:
  void SendValues(const protocol::Request& request, std::span<EntryRef> values, bool last) override;
  bool SendKeys(std::span<const std::string> keys) override;
  bool Full() const override;

  bool ChooseWire(std::string_view bytes);
  void OpenOutput();
  bool AnswersQueueUp() const;
  void ReturnOutput();
  void AppendInput(std::string_view bytes);
  void ShrinkInput();
  void MoveUnfinished(std::string_view from, const char* to);
  void ProcessHeldInput(TimeMs now);
  void GoOnWhenDrained(TimeMs now);
  void Hold(bool for_a_turn);
  bool MustDrain() const;
  size_t Consume(std::string_view bytes, uint64_t begin, TimeMs now);
  bool OutputFull() const;
  uint64_t Execute(const protocol::Request& request, uint64_t begin, TimeMs now);
  void Suspend(const Call& call, uint64_t spent_ns);
  bool FinishUnfinished(TimeMs now);
  bool MayAsk() const { return peer_.authenticated || !engine_.needs_credentials(); }
  void LimitUnauthenticated();
  void Connect(Call& call);
  bool MayRun(Call& call);
  void Answer(Call& call);
  void Refuse(Incoming& incoming, TimeMs now);
  void CountRefusal(const Incoming& incoming);
  std::string RefusalMessage(const Incoming& incoming) const;
  void Close(protocol::StatusCode why);
  void RefuseRest(std::string_view tail, protocol::StatusCode status, std::string_view why);
  void RunReady(TimeMs now);
  void RunAgain(WaitingRequest* waiting, TimeMs now);
  void StopWaiting();
  void Produce();

  Engine& engine_;
  WorkerMetrics& metrics_;
  CallScratch& scratch_;  // of the thread the session was made in
  std::span<const Codec> codecs_;
  const Codec* codec_ = nullptr;  // nullptr until the first bytes have chosen one
  std::unique_ptr<Wire> wire_;    // of the codec
  protocol::Buffer in_;           // an incomplete request, or requests held back
  protocol::Buffer out_;
  Borrowed borrowed_;  // sent after out_
  Peer peer_;
  EarlyOutput* early_ = nullptr;
  std::unique_ptr<WaitingRequests> waiting_requests_;  // nullptr: no request may wait
  uint64_t requests_ = 0;
  std::unique_ptr<Unfinished> unfinished_;  // usually none
  Turn turn_;
  bool held_ = false;  // requests wait until output has drained, or for the next turn
  bool wants_turn_ = false;
  bool closing_ = false;
  bool shutting_down_ = false;
  bool rejected_ = false;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_SESSION_SESSION_H_
