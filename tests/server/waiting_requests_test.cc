// Requests that wait, through sessions: bytes in, bytes out. Every claim is made of two reasons to
// wait: GET_LEASE, which waits for another caller's value, and a gate that only this test has.

#include "server/commands/waiting_requests.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "tests/server/session_driver.h"

namespace tagcache::testing {
namespace {

using server::Attempt;
using server::Call;
using server::Waiter;
using server::WaitingRequest;
using server::WakeQueue;

constexpr TimeMs kWait = 100;

// Requests wait in front of it until any thread opens it.
class Gate {
 public:
  // false: it is open.
  bool Add(Waiter* waiter) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!open_) waiters_.push_back(waiter);
    return !open_;
  }
  bool Remove(Waiter* waiter) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::erase(waiters_, waiter) > 0;
  }
  void Open() {
    std::vector<Waiter*> waiters;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      open_ = true;
      waiters.swap(waiters_);
    }
    for (Waiter* waiter : waiters) waiter->Wake();
  }
  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = false;
  }
  bool is_open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return open_;
  }
  size_t waiters() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return waiters_.size();
  }

 private:
  std::mutex mutex_;
  bool open_ = false;
  std::vector<Waiter*> waiters_;
};

// A handler is a plain function, so what it uses is global.
Gate* gate = nullptr;
TimeMs last_until = 0;  // a request that was not answered at its deadline waits on until then
std::vector<Attempt> attempts;
std::vector<std::string> keys;

bool CancelAtGate(Engine&, const Request&, Waiter* waiter) { return gate->Remove(waiter); }

// EXISTS: whether the gate was opened before the deadline.
void HandleAtGate(Call& call) {
  attempts.push_back(call.attempt());
  keys.emplace_back(call.request.key);
  if (gate->is_open()) return;
  const TimeMs until = std::max(call.arrived() + kWait, last_until);
  Waiter* waiter = call.PrepareWait(until, CancelAtGate);
  if (waiter == nullptr) {
    call.response.status = StatusCode::kNotFound;
  } else if (gate->Add(waiter)) {
    call.Wait();
  }
}

const server::HandlerTable& HandlersWithGate() {
  static const server::HandlerTable table = [] {
    server::HandlerTable handlers = server::kHandlers;
    handlers[static_cast<uint8_t>(Op::kExists)] = HandleAtGate;
    return handlers;
  }();
  return table;
}

EngineOptions WithGate() {
  EngineOptions options = SmallEngine();
  options.handlers = &HandlersWithGate();
  return options;
}

enum class Reason { kLease, kGate };

// A session whose requests may wait, and what its worker does.
struct Waiting : Driver, ::testing::TestWithParam<Reason> {
  Waiting() : Driver(WithGate()) {
    gate = &the_gate;
    last_until = 0;
    attempts.clear();
    keys.clear();
    session.AllowWaiting(wakes, this);
    if (GetParam() == Reason::kLease) token = TakeLease();
  }
  ~Waiting() override {
    session.Closed(now);
    TakeWoken();
    wakes->Close();
  }
  uint64_t TakeLease() {
    holder.Receive(EncodedLease(1, 0), now);
    const std::string answer(holder.Output(now));
    holder.Sent(answer.size(), now);
    return protocol::LoadLittle<uint64_t>(Only(answer).body.data() + 1);
  }
  static std::string EncodedLease(uint64_t id, uint32_t wait_ms) {
    Request request;
    request.op = Op::kGetLease;
    request.id = id;
    request.key = "k";
    request.lease_ms = 60'000;
    request.wait_ms = wait_ms;
    return Encoded(request);
  }
  // A request that waits.
  std::string Ask(uint64_t id) {
    return GetParam() == Reason::kLease ? EncodedLease(id, kWait)
                                        : EncodedKey(Op::kExists, id, "k");
  }
  // What all wait for happens, in another thread.
  void Happen() {
    std::thread([&] {
      if (GetParam() == Reason::kGate) return gate->Open();
      Store("k", "v");
    }).join();
  }
  // Runs again what was woken. Returns how many requests were.
  int TakeWoken() {
    int count = 0;
    for (WaitingRequest* waiting = wakes->Take(); waiting != nullptr; ++count) {
      WaitingRequest* next = waiting->TakeNext();
      if (waiting->owner() == nullptr) {
        delete waiting;
      } else {
        EXPECT_EQ(waiting->owner(), this);
        session.Wake(waiting, now);
      }
      waiting = next;
    }
    return count;
  }
  bool IsSuccess(const Message& message) const {
    if (message.status != StatusCode::kOk) return false;
    return GetParam() == Reason::kGate ||
           (!message.body.empty() && message.body.substr(9) == "v" &&
            message.body[0] == static_cast<char>(protocol::LeaseKind::kValue));
  }
  bool IsNothing(const Message& message) const {
    if (GetParam() == Reason::kGate) return message.status == StatusCode::kNotFound;
    return message.status == StatusCode::kOk && message.body == std::string(1, '\0');
  }

  Gate the_gate;
  const std::shared_ptr<WakeQueue> wakes = std::make_shared<WakeQueue>();
  Session holder{engine, engine.AddWorker()};
  uint64_t token = 0;
};

TEST_P(Waiting, DoesNotHoldUpTheRequestsBehindIt) {
  const Message behind = Only(Say(Ask(1) + EncodedKey(Op::kPing, 2, "")));
  EXPECT_EQ(behind.id, 2u);
  EXPECT_TRUE(session.waiting());
}

TEST_P(Waiting, IsAnsweredByItsOwnThreadAfterAnotherWokeIt) {
  EXPECT_EQ(Say(Ask(7)), "");
  Happen();
  EXPECT_EQ(Take(), "") << "the thread that wakes it answers nothing";
  EXPECT_EQ(TakeWoken(), 1);
  const Message answer = Only(Take());
  EXPECT_EQ(answer.id, 7u);
  EXPECT_TRUE(IsSuccess(answer)) << answer.body;
  EXPECT_FALSE(session.waiting());
  EXPECT_EQ(session.NextDeadline(), server::kNoDeadline);
}

TEST_P(Waiting, KeepsItsRequestWhenTheBytesOfItAreGone) {
  std::string bytes = Ask(7);
  Feed(bytes);
  std::fill(bytes.begin(), bytes.end(), '\xFF');
  Happen();
  TakeWoken();
  EXPECT_TRUE(IsSuccess(Only(Take())));
  for (const std::string& key : keys) EXPECT_EQ(key, "k");
}

TEST_P(Waiting, EndsAtItsDeadlineAndNotBefore) {
  const TimeMs begin = now;
  Say(Ask(1));
  now += kWait / 2;
  Say(Ask(2));
  EXPECT_EQ(session.NextDeadline(), begin + kWait);
  now = begin + kWait - 1;
  session.CheckDeadlines(now);
  EXPECT_EQ(Take(), "");
  now = begin + kWait;
  session.CheckDeadlines(now);
  const Message first = Only(Take());
  EXPECT_EQ(first.id, 1u);
  EXPECT_TRUE(IsNothing(first));
  EXPECT_EQ(session.NextDeadline(), begin + kWait / 2 + kWait);
  Happen();
  EXPECT_EQ(TakeWoken(), 1) << "the first is not woken any more";
  EXPECT_TRUE(IsSuccess(Only(Take())));
}

TEST_P(Waiting, ThatWasWokenAtItsDeadlineIsAnsweredOnceAndWithWhatHappened) {
  Say(Ask(1));
  Happen();
  now += kWait;
  session.CheckDeadlines(now);
  EXPECT_EQ(Take(), "") << "the queue brings it";
  EXPECT_EQ(session.NextDeadline(), server::kNoDeadline);
  EXPECT_EQ(TakeWoken(), 1);
  EXPECT_TRUE(IsSuccess(Only(Take())));
}

TEST_P(Waiting, IsCancelledWithItsConnection) {
  Say(Ask(1) + Ask(2));
  EXPECT_TRUE(session.waiting());
  session.Closed(now);
  EXPECT_FALSE(session.waiting());
  EXPECT_EQ(the_gate.waiters(), 0u);
  Happen();
  EXPECT_EQ(TakeWoken(), 0);
}

TEST_P(Waiting, ThatWasWokenBeforeItsConnectionEndedIsFreedByTheQueue) {
  Say(Ask(1) + Ask(2));
  Happen();
  session.Closed(now);
  EXPECT_FALSE(session.waiting());
  EXPECT_EQ(TakeWoken(), 2);
  EXPECT_EQ(Take(), "");
}

TEST_P(Waiting, IsNotAnsweredWhileTheOutputIsFullWhetherWokenOrAtItsDeadline) {
  for (const bool woken : {true, false}) {
    if (!woken && GetParam() == Reason::kLease) break;  // the key is there by now
    the_gate.Close();
    EXPECT_EQ(Say(Ask(1)), "");
    const size_t full = engine.options().output_backlog;
    Store("large", Repeat('v', 8000));
    while (session.wants_input()) Feed(EncodedKey(Op::kGet, 9, "large"));
    if (woken) {
      Happen();
    } else {
      now += kWait;
      session.CheckDeadlines(now);
    }
    TakeWoken();
    EXPECT_LE(session.buffered_output(), full + 16'000);
    EXPECT_TRUE(session.waiting()) << "it has no answer yet";
    std::vector<Message> answers = Messages(Take());
    const size_t of_it = static_cast<size_t>(
        std::count_if(answers.begin(), answers.end(), [](const Message& m) { return m.id == 1; }));
    EXPECT_EQ(of_it, 1u) << "when there is room again";
    EXPECT_FALSE(session.waiting());
  }
}

TEST_P(Waiting, IsRefusedWhenTheServerShutsDown) {
  Say(Ask(1) + Ask(2));
  session.ShutDown(now);
  const std::vector<Message> answers = Messages(Take());
  ASSERT_EQ(answers.size(), 2u);
  for (const Message& answer : answers) EXPECT_EQ(answer.status, StatusCode::kShuttingDown);
  EXPECT_EQ(answers[0].op, GetParam() == Reason::kLease ? Op::kGetLease : Op::kExists);
  EXPECT_TRUE(session.closing());
  EXPECT_EQ(the_gate.waiters(), 0u);
  Happen();
  EXPECT_EQ(TakeWoken(), 0);
}

TEST_P(Waiting, IsAnsweredAtOnceWhereTooManyWait) {
  std::string asks;
  for (size_t i = 0; i < server::WaitingRequests::kMaxWaiting; ++i) asks += Ask(i);
  EXPECT_EQ(Say(asks), "");
  EXPECT_TRUE(IsNothing(Only(Say(Ask(99'999)))));
  Happen();
  EXPECT_EQ(TakeWoken(), static_cast<int>(server::WaitingRequests::kMaxWaiting));
  EXPECT_EQ(Messages(Take()).size(), server::WaitingRequests::kMaxWaiting);
}

TEST_P(Waiting, IsCountedAsOneCall) {
  Say(Ask(1));
  Happen();
  TakeWoken();
  const auto& command =
      protocol::CommandOf(GetParam() == Reason::kLease ? Op::kGetLease : Op::kExists);
  EXPECT_EQ(engine.workers().front().Of(command).calls.value(), 1u);
  EXPECT_EQ(engine.workers().front().Of(command).errors.value(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Reasons, Waiting, ::testing::Values(Reason::kLease, Reason::kGate),
                         [](const auto& info) {
                           return info.param == Reason::kLease ? "Lease" : "Gate";
                         });

using WaitingAtGate = Waiting;
INSTANTIATE_TEST_SUITE_P(Gate, WaitingAtGate, ::testing::Values(Reason::kGate));

TEST_P(WaitingAtGate, HandlerIsToldWhyItRunsAndMayWaitOn) {
  last_until = now + 3 * kWait;
  Say(Ask(1));
  EXPECT_EQ(session.NextDeadline(), now + 3 * kWait);
  the_gate.Open();
  the_gate.Close();
  EXPECT_EQ(TakeWoken(), 1);
  EXPECT_EQ(Take(), "") << "it is closed again";
  now += 3 * kWait;
  last_until = now + kWait;
  session.CheckDeadlines(now);
  EXPECT_EQ(Take(), "");
  EXPECT_EQ(session.NextDeadline(), last_until) << "it waits on";
  EXPECT_EQ(the_gate.waiters(), 1u);
  now = last_until;
  session.CheckDeadlines(now);
  EXPECT_TRUE(IsNothing(Only(Take())));
  EXPECT_EQ(attempts, (std::vector<Attempt>{Attempt::kFirst, Attempt::kWoken, Attempt::kDeadline,
                                            Attempt::kDeadline}));
}

// Whether a request is woken, comes to its deadline or loses its connection is a race; each is
// answered at most once, and nothing is left.
TEST_P(WaitingAtGate, WokenFromAnotherThreadMeanwhileEachIsAnsweredOnce) {
  for (int round = 0; round < 200; ++round) {
    Gate racing;
    gate = &racing;
    std::string asks;
    for (uint64_t i = 0; i < 20; ++i) asks += Ask(i);
    Say(asks);
    std::thread opener([&] { racing.Open(); });
    now += kWait;
    session.CheckDeadlines(now);
    TakeWoken();
    opener.join();
    TakeWoken();
    EXPECT_EQ(Messages(Take()).size(), 20u);
    EXPECT_FALSE(session.waiting());
  }
  gate = &the_gate;
}

}  // namespace
}  // namespace tagcache::testing
