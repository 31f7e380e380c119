#ifndef TAGCACHE_SERVER_NET_CONNECTION_H_
#define TAGCACHE_SERVER_NET_CONNECTION_H_

// Drives a session (server/session/session.h) with the bytes of a link (link.h).
//
//   the link is ready, or   ->  Link::Read  ->  Session::Receive  ->  Send
//   the worker polls it
//
//   Send: Session::Output  ->  Link::Write  ->  no room: blocked_, until the link is ready again
//
// After each event the connection says what it waits for: Link::Wait. After traffic the worker may
// poll it for a while instead (poller.h): if its link expects that, or its peer asked for it in
// HELLO.
//
// Ownership: made by its worker; deletes itself when its link has closed. Owns the link.
// Threads: its worker's alone.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/spin_gate.h"
#include "server/net/link.h"
#include "server/net/open_connections.h"
#include "server/session/session.h"

namespace tagcache::server {

class Worker;

class Connection final : private EarlyOutput, private LinkUser {
 public:
  // REQUIRES: Start is called next.
  explicit Connection(Worker& worker);

  LinkUser& link_user() { return *this; }
  // In a rejected place the first request is answered with too_many_connections.
  // `option_refused`: the socket option that the system refused, for the log; usually empty.
  void Start(std::unique_ptr<Link> link, Place place, const std::string& option_refused = {});
  Place place() const { return place_; }
  // Answers what was read, then closes.
  void ShutDown();
  // A request of this connection came out of the worker's queue. Call Flush after the last one.
  void Wake(WaitingRequest* waiting);
  // Sends what there is to send, as far as the link has room.
  void Flush();
  // Goes on with what the session had no time for.
  void TakeTurn();
  // Answers the requests whose deadline has passed.
  void CheckDeadlines(TimeMs now);
  // Closes the connection if it has been idle, has lingered, or has lasted for too long.
  void CheckTime(TimeMs now);
  void CloseNow(std::string_view reason);
  // Closes the connection because all of them hold too much, and this one the most.
  void CloseForMemory();
  // Adds to the account what it pins of entries that the store has removed.
  // It has held that since it last sent something.
  void CountPinned() { memory_.ReportPinned(session_.CountPinnedRemoved(), last_activity_); }

  // For the poller. Does what there is to do. false: there was nothing. `clock` is a recent
  // Clock::Nanoseconds.
  bool Poll(uint64_t clock);
  // The poller has removed the connection: from now on the link reports traffic.
  void PollingEnded();
  bool polled() const { return polled_at != 0; }
  // Whether recent polling found traffic.
  protocol::SpinGate& poll_gate() { return poll_gate_; }
  uint64_t polled_at = 0;  // the poller's: Clock::Nanoseconds of the last traffic; 0: not polled
  bool poll_paid = false;  // the poller's: there was traffic since polling began

  Connection* previous = nullptr;  // the worker's list
  Connection* next = nullptr;
  bool listed = false;
  Connection* next_woken = nullptr;  // the worker's, while it takes from the queue
  bool woken = false;
  bool waits_for_turn = false;         // Turns'
  TimeMs next_deadline = kNoDeadline;  // of Deadlines: when it calls CheckDeadlines

 private:
  // How much more one flush may send before the other connections have their turn.
  struct FlushBudget {
    size_t sent = 0;      // bytes
    uint64_t end_ns = 0;  // of Clock::Nanoseconds; 0: this is the first write
  };

  // LinkUser:
  void OnReady(bool readable, bool writable) override;
  void OnClosed() override;

  bool ReadOnce(uint64_t clock, size_t* size);
  void Receive(std::string_view bytes, uint64_t clock);
  void Upgrade();
  bool DropInput();
  void Send();
  void SendBlocked();
  bool SendSome(FlushBudget& budget);
  size_t SendEarly(std::string_view bytes) override;
  bool WaitForLink();
  void Wait();
  void AwaitTraffic();
  void Linger();
  bool LastedTooLong(TimeMs now);
  void ReportMemory();

  Worker& worker_;
  Session session_;
  ClientMemory::Holder memory_;
  std::unique_ptr<Link> link_;
  protocol::SpinGate poll_gate_;
  size_t sent_early_ = 0;     // of the answers to what was received last
  TimeMs now_ = 0;            // of the event being handled
  TimeMs last_activity_ = 0;  // when bytes were last received or sent
  TimeMs linger_until_ = 0;
  TimeMs started_ = 0;
  bool blocked_ = false;  // there is output that has to wait until the link has room, or for a turn
  bool peer_finished_ = false;  // it sends no more
  bool lingering_ = false;      // everything was sent; what is received is dropped
  bool closed_ = false;
  Place place_ = Place::kNone;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_CONNECTION_H_
