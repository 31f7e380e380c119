#ifndef TAGCACHE_TESTS_SIMULATION_WORLD_H_
#define TAGCACHE_TESTS_SIMULATION_WORLD_H_

// A cache, its clients and the network between them, in one thread and in virtual time. Everything
// follows from the seed: the callers' requests, how their bytes are cut into pieces and how long
// each piece takes, which requests are given up, which connections are cut and where.
//
//   callers -> ClientSide ==Pipe up==>   Session -> Store (one for all)
//           <-    |       <==Pipe down==    |
//               Judge: can this answer be true? (History)

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/commands/engine.h"
#include "server/session/session.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/link.h"
#include "tests/simulation/random.h"
#include "tests/simulation/workload.h"

namespace tagcache::simulation {

enum class Codecs : uint8_t { kBinary, kText, kMixed };

// What is broken on purpose, to test that the checker catches it.
enum class Sabotage : uint8_t {
  kNone,
  kFifoReplies,     // the client ignores IDs and reuses connections with an answer under way
  kUndeadValues,    // a value comes back after it was deleted or invalidated
  kForgetfulStore,  // a value disappears that nobody removed
  kLostReply,       // an answer is never sent
};

// How often things happened. A test checks that a run was not empty.
struct Tally {
  uint64_t operations = 0;
  uint64_t answers = 0;
  uint64_t items = 0;
  uint64_t abandoned = 0;
  uint64_t late_replies = 0;
  uint64_t cuts = 0;
  uint64_t shutdowns = 0;
  uint64_t cut_off = 0;       // operations that a cut left without an answer
  uint64_t out_of_order = 0;  // answers that overtook an earlier request's
  uint64_t held_back = 0;     // steps in which a session read no input
  uint64_t expired = 0;
};

class World {
 public:
  World(uint64_t seed, Codecs codecs, Sabotage sabotage = Sabotage::kNone, bool trace = false)
      : random_(seed * 0x9E3779B97F4A7C15u + static_cast<uint64_t>(codecs)),
        codecs_(codecs),
        sabotage_(sabotage),
        trace_(trace),
        workload_(random_, records_, codecs == Codecs::kBinary),
        judge_(records_, workload_),
        engine_(MakeEngineOptions(random_)),
        metrics_(engine_.AddWorker()) {
    for (size_t i = 0; i < kCounters; ++i) PutCounter(i);
    callers_.resize(random_.Between(1, 5));
    links_.resize(random_.Between(1, 3));
    operations_left_ = random_.Between(10, 60);
    fault_every_ = random_.OneIn(4) ? 0 : random_.Between(20, 300);
    slowness_ = random_.Between(1, 8);
  }

  // Empty: every answer can be true. Otherwise the answer that can not, and its step.
  Verdict Run() {
    // If every caller waits for an answer that is lost, Settle reports it.
    const uint64_t most_steps = kStepsPerOperation * operations_left_;
    while (operations_left_ > 0 && failure_.empty() && step_ < most_steps) Step();
    Settle();
    for (size_t key = 0; key < kDataKeys + kCounters && failure_.empty(); ++key) LastCheck(key);
    Settle();
    tally_.expired = engine_.store().Stats().expired;
    return failure_;
  }
  const Tally& tally() const { return tally_; }

 private:
  using LinkPtr = std::unique_ptr<Link>;
  struct Caller {
    bool busy = false;
    std::optional<Operation> next_page;
  };

  static server::EngineOptions MakeEngineOptions(Random& random) {
    server::EngineOptions options;
    options.store.shards = size_t{1} << random.Below(4);
    options.store.seed = random.Next();
    options.store.max_value = kMaxValue;
    options.max_frame = random.OneIn(2) ? protocol::kBaseMaxFrame : 200 * 1024;
    options.output_backlog = random.OneIn(2) ? 64 * 1024 : 512 * 1024;
    return options;
  }

  server::TimeMs NowMs() const { return kStartMs + now_us_ / 1000; }
  Moment Now() const { return {step_, NowMs()}; }

  void PutCounter(size_t index) {
    const std::string residue = std::to_string(index + 1);
    server::Write write;
    write.key = workload_.names().keys[kDataKeys + index];
    write.value = residue;
    engine_.store().Put(write, server::WriteMode::kPut, NowMs());
  }

  template <typename... Args>
  void Trace(const char* format, Args... args) {
    if (!trace_) return;
    std::fprintf(stderr, "%6llu %8llu us  ", static_cast<unsigned long long>(step_),
                 static_cast<unsigned long long>(now_us_));
    std::fprintf(stderr, format, args...);
    std::fputc('\n', stderr);
  }
  void Fail(const Verdict& verdict, const Link& link, const Operation* operation) {
    if (verdict.empty() || !failure_.empty()) return;
    failure_ = "step " + std::to_string(step_) + ", connection " + std::to_string(link.number) +
               (link.binary() ? " (binary)" : " (text)");
    if (operation != nullptr) {
      failure_ += ", operation " + std::to_string(operation->number) + " " +
                  std::string(protocol::CommandOf(operation->op).name) + " of caller " +
                  std::to_string(operation->caller) + " begun in step " +
                  std::to_string(operation->start.step);
    }
    failure_ += ": " + verdict;
    Trace("FAILED %s", failure_.c_str());
  }

  void Step() {
    ++step_;
    now_us_ += random_.Below(100 * slowness_);
    if (fault_every_ != 0 && random_.OneIn(fault_every_)) return Fault();
    const size_t dice = random_.Below(16);
    if (dice < 3) return Ask();
    if (dice == 3) {
      engine_.store().RunMaintenance(4, NowMs());
      return;
    }
    if (dice == 4 && random_.OneIn(4)) {
      now_us_ += random_.Below(30'000);
      return;
    }
    const LinkPtr& link = links_[random_.Below(links_.size())];
    if (link) Pump(*link, random_.Below(4));
    if (!closing_.empty() && random_.OneIn(2)) {
      Pump(*closing_[random_.Below(closing_.size())], random_.Below(4));
    }
    EraseGone();
  }

  // --- Callers.

  void Ask() {
    const size_t index = random_.Below(callers_.size());
    Caller& caller = callers_[index];
    if (caller.busy) return;
    Link& link = OpenLink(random_.Below(links_.size()));
    --operations_left_;
    if (caller.next_page && link.binary()) {
      Operation operation = *std::move(caller.next_page);
      caller.next_page.reset();
      operation.start = Now();
      return Send(link, std::move(operation));
    }
    caller.next_page.reset();
    Send(link, workload_.Make(link.protocol, index, Now()));
  }

  Link& OpenLink(size_t slot) {
    LinkPtr& link = links_[slot];
    const bool usable = link && link->client && !link->client->machine().broken();
    if (usable && !link->shut_down) return *link;
    if (link) CloseClient(*link);
    if (link) closing_.push_back(std::move(link));
    link = std::make_unique<Link>();
    link->number = ++links_opened_;
    const bool text = codecs_ == Codecs::kText || (codecs_ == Codecs::kMixed && random_.OneIn(2));
    link->protocol = text ? Protocol::kText : Protocol::kBinary;
    MachineOptions options;
    options.protocol = link->protocol;
    options.client_name = "simulation";
    options.max_frame = random_.OneIn(2) ? protocol::kBaseMaxFrame : 128 * 1024;
    if (sabotage_ == Sabotage::kFifoReplies) {
      link->client = std::make_unique<FifoClientSide>(options);
    } else {
      link->client = std::make_unique<ClientSide>(options);
    }
    link->session = std::make_unique<server::Session>(engine_, metrics_);
    return *link;
  }

  void Send(Link& link, Operation operation) {
    const RequestView view(operation, workload_.names());
    const uint64_t id = link.client->Send(view.request());
    callers_[operation.caller].busy = true;
    ++tally_.operations;
    Trace("caller %zu asks %s (operation %llu) on connection %zu", operation.caller,
          protocol::CommandOf(operation.op).name.data(),
          static_cast<unsigned long long>(operation.number), link.number);
    if (!link.pending.emplace(id, std::move(operation)).second) {
      Fail("a request ID was given twice", link, nullptr);
    }
  }

  void LastCheck(size_t key) {
    ++step_;
    Link& link = OpenLink(random_.Below(links_.size()));
    Send(link, workload_.MakeGet(key, Now()));
  }

  // --- Faults.

  void Fault() {
    const LinkPtr& link = links_[random_.Below(links_.size())];
    if (!link || !link->client) return;
    const size_t dice = random_.Below(8);
    if (dice < 5) return AbandonOne(*link);
    if (dice < 7) return Cut(*link);
    if (!link->session || link->shut_down) return;
    Trace("connection %zu: the server shuts down", link->number);
    ++tally_.shutdowns;
    link->shut_down = true;
    link->session->ShutDown(NowMs());
  }

  void AbandonOne(Link& link) {
    if (link.pending.empty()) return;
    auto victim = link.pending.begin();
    std::advance(victim, random_.Below(link.pending.size()));
    Trace("connection %zu: operation %llu is given up", link.number,
          static_cast<unsigned long long>(victim->second.number));
    ++tally_.abandoned;
    ++link.abandoned;
    callers_[victim->second.caller].busy = false;
    const uint64_t id = victim->first;
    link.loose.push_back(std::move(victim->second));
    link.pending.erase(victim);
    link.client->Abandon(id);
    if (link.client->machine().broken()) CloseClient(link);
  }

  // Both directions end at a random byte; the bytes before it may still arrive.
  void Cut(Link& link) {
    Trace("connection %zu: cut, %zu bytes up and %zu down", link.number, link.up.size(),
          link.down.size());
    ++tally_.cuts;
    link.up.Truncate(random_.Below(link.up.size() + 1));
    link.down.Truncate(random_.Below(link.down.size() + 1));
    while (link.client && link.down.size() > 0) {
      const std::string_view bytes = link.down.Arrived(UINT64_MAX);
      link.client->Feed(bytes);
      link.down.Take(bytes.size());
      Events(link);
    }
    tally_.cut_off += link.pending.size();
    CloseClient(link);
  }

  void CloseClient(Link& link) {
    if (!link.client) return;
    tally_.late_replies += link.client->machine().late_replies();
    for (auto& [id, operation] : link.pending) {
      callers_[operation.caller].busy = false;
      link.loose.push_back(std::move(operation));
    }
    link.pending.clear();
    link.client.reset();
    link.up.Finish();
    link.down = Pipe();
    if (!link.session) EndLoose(link);
  }
  void CloseSession(Link& link) {
    Trace("connection %zu: the server's end is closed", link.number);
    link.session.reset();
    link.down.Finish();
    link.up = Pipe();
    EndLoose(link);
  }
  void EndLoose(Link& link) {
    for (const Operation& operation : link.loose) judge_.Lost(operation, Now());
    link.loose.clear();
  }
  void EraseGone() {
    std::erase_if(closing_, [](const LinkPtr& link) { return link->gone(); });
  }

  // --- The network.

  size_t PieceSize(size_t size) {
    switch (random_.Below(6)) {
      case 0:
        return 1;
      case 1:
        return std::min<size_t>(size, random_.Between(1, 20));
      case 2:
        return std::min<size_t>(size, random_.Between(1, 600));
      case 3:
        return random_.Between(1, size);
      default:
        return size;
    }
  }
  uint64_t Arrival() {
    const size_t dice = random_.Below(20);
    if (dice < 13) return now_us_ + random_.Below(50 * slowness_);
    return now_us_ + random_.Below(dice < 19 ? 500 * slowness_ : 5000 * slowness_);
  }

  // Moves bytes at one of four places. true: some moved.
  bool Pump(Link& link, size_t place) {
    switch (place) {
      case 0:
        return ClientSends(link);
      case 1:
        return ServerReceives(link);
      case 2:
        return ServerSends(link);
      default:
        return ClientReceives(link);
    }
  }

  bool ClientSends(Link& link) {
    if (!link.client || link.client->machine().Output().empty()) return false;
    const std::string_view output = link.client->machine().Output();
    const size_t n = PieceSize(output.size());
    if (link.session) link.up.Push(output.substr(0, n), Arrival());
    link.client->machine().Sent(n);
    return true;
  }

  bool ServerReceives(Link& link) {
    if (!link.session) return false;
    if (link.up.at_end()) {
      CloseSession(link);
      return true;
    }
    const std::string_view bytes = link.up.Arrived(now_us_);
    if (bytes.empty()) return false;
    if (!link.session->wants_input()) {
      ++tally_.held_back;
      return false;
    }
    const size_t n = PieceSize(bytes.size());
    link.session->Receive(bytes.substr(0, n), NowMs());
    link.up.Take(n);
    return true;
  }

  bool ServerSends(Link& link) {
    if (!link.session) return false;
    const std::string_view output = link.session->Output(NowMs());
    if (output.empty()) {
      if (!link.session->closing()) return false;
      CloseSession(link);
      return true;
    }
    const size_t n = PieceSize(output.size());
    if (link.client && !LosesReply(output)) link.down.Push(output.substr(0, n), Arrival());
    link.session->Sent(n, NowMs());
    return true;
  }

  bool ClientReceives(Link& link) {
    if (!link.client) return false;
    if (link.down.at_end()) {
      tally_.cut_off += link.pending.size();
      CloseClient(link);
      return true;
    }
    const std::string_view bytes = link.down.Arrived(now_us_);
    if (bytes.empty()) {
      Events(link);  // on the text codec the answer to an empty bulk request has no bytes
      return false;
    }
    const size_t n = PieceSize(bytes.size());
    link.client->Feed(bytes.substr(0, n));
    link.down.Take(n);
    Events(link);
    return true;
  }

  void Events(Link& link) {
    while (link.client && failure_.empty()) {
      const Event event = link.client->Next();
      switch (event.kind) {
        case Event::Kind::kNeedMore:
          return CheckQuiescence(link);
        case Event::Kind::kBroken:
          return Broken(link, event);
        case Event::Kind::kItem:
          TakeItem(link, event);
          break;
        case Event::Kind::kDone:
          TakeAnswer(link, event);
          break;
      }
    }
  }

  void Broken(Link& link, const Event& event) {
    if (!link.shut_down) {
      Fail("a sound stream broke the machine: " + std::string(event.reason), link, nullptr);
    }
    CloseClient(link);
  }

  void TakeItem(Link& link, const Event& event) {
    const auto found = link.pending.find(event.id);
    if (found == link.pending.end()) {
      return Fail("a value for a request that nobody waits for", link, nullptr);
    }
    ++tally_.items;
    Operation& operation = found->second;
    Fail(judge_.Item(operation, event.index, event.item, event.status, link.binary(),
                     link.shut_down, Now()),
         link, &operation);
  }

  void TakeAnswer(Link& link, const Event& event) {
    const auto found = link.pending.find(event.id);
    if (found == link.pending.end()) {
      return Fail("an answer to a request that nobody waits for", link, nullptr);
    }
    ++tally_.answers;
    if (found != link.pending.begin()) ++tally_.out_of_order;
    Operation operation = std::move(found->second);
    link.pending.erase(found);
    Trace("operation %llu is answered: %s", static_cast<unsigned long long>(operation.number),
          protocol::NameOf(event.response->status).data());
    Fail(judge_.Done(operation, *event.response, link.binary(), link.shut_down, Now()), link,
         &operation);
    Caller& caller = callers_[operation.caller];
    caller.busy = false;
    Sabotaged(operation, *event.response);
    if (operation.cursor != 0) caller.next_page = std::move(operation);
  }

  // If no request is under way, every abandoned one has had its late answer, which was dropped.
  void CheckQuiescence(Link& link) {
    if (sabotage_ == Sabotage::kFifoReplies) return;
    ConnectionMachine& machine = link.client->machine();
    if (machine.pending() != link.pending.size()) {
      return Fail("the machine waits for " + std::to_string(machine.pending()) + " answers, not " +
                      std::to_string(link.pending.size()),
                  link, nullptr);
    }
    if (machine.late_replies() > link.abandoned) {
      return Fail("more late replies than abandoned requests", link, nullptr);
    }
    if (!machine.quiescent()) return;
    if (machine.late_replies() != link.abandoned) {
      Fail("quiescent, but an abandoned request is not answered", link, nullptr);
    }
    EndLoose(link);
    if (random_.OneIn(8)) machine.Trim();
  }

  // --- The end of a schedule.

  // Delivers everything, without further faults. A caller that still waits then would wait for
  // ever.
  void Settle() {
    while (failure_.empty()) {
      ++step_;
      bool moved = false;
      for (const LinkPtr& link : links_) {
        for (size_t place = 0; link && place < 4; ++place) moved |= Pump(*link, place);
      }
      for (const LinkPtr& link : closing_) {
        for (size_t place = 0; place < 4; ++place) moved |= Pump(*link, place);
      }
      EraseGone();
      if (!moved && !AdvanceToArrival()) break;
    }
    for (const LinkPtr& link : links_) {
      if (!link || !link->client) continue;
      if (!link->pending.empty()) {
        Fail("no answer came", *link, &link->pending.begin()->second);
      } else if (sabotage_ != Sabotage::kFifoReplies && !link->client->machine().quiescent()) {
        Fail("everything is answered, but the machine is not quiescent", *link, nullptr);
      }
    }
  }
  bool AdvanceToArrival() {
    uint64_t next = UINT64_MAX;
    const auto consider = [&](const Link& link) {
      if (link.session && link.up.size() > 0) next = std::min(next, link.up.next_arrival_us());
      if (link.client && link.down.size() > 0) next = std::min(next, link.down.next_arrival_us());
    };
    for (const LinkPtr& link : links_) {
      if (link) consider(*link);
    }
    for (const LinkPtr& link : closing_) consider(*link);
    if (next == UINT64_MAX || next <= now_us_) return false;
    now_us_ = next;
    return true;
  }

  // --- Sabotage.

  bool LosesReply(std::string_view output) {
    return sabotage_ == Sabotage::kLostReply && output.size() < 64 && random_.OneIn(16);
  }
  void Sabotaged(const Operation& operation, const protocol::Response&) {
    if (sabotage_ != Sabotage::kUndeadValues && sabotage_ != Sabotage::kForgetfulStore) return;
    server::Store& store = engine_.store();
    for (const PutPart& part : operation.parts) {
      if (sabotage_ == Sabotage::kForgetfulStore) {
        store.Delete(workload_.names().keys[part.key], NowMs());
      }
      if (part.value.size() <= kMaxValue) undead_[part.key] = part.value;
    }
    if (sabotage_ == Sabotage::kForgetfulStore || operation.effects.empty()) return;
    if (!operation.parts.empty() || operation.op == protocol::Op::kTouch) return;
    for (const auto& [key, value] : undead_) {
      server::Write write;
      write.key = workload_.names().keys[key];
      write.value = value;
      write.flags = workload_.FlagsOf(ReadPayload(value)->write);
      store.Put(write, server::WriteMode::kAdd, NowMs());
    }
  }

  static constexpr server::TimeMs kStartMs = 1'000'000;
  static constexpr uint64_t kStepsPerOperation = 2000;

  Random random_;
  const Codecs codecs_;
  const Sabotage sabotage_;
  const bool trace_;
  Records records_;
  Workload workload_;
  Judge judge_;
  server::Engine engine_;
  server::WorkerMetrics& metrics_;
  std::vector<Caller> callers_;
  std::vector<LinkPtr> links_;
  std::vector<LinkPtr> closing_;  // replaced, but bytes are still under way to the server
  size_t links_opened_ = 0;
  size_t operations_left_ = 0;
  size_t fault_every_ = 0;  // 0: a schedule without faults
  size_t slowness_ = 1;
  uint64_t step_ = 0;
  uint64_t now_us_ = 0;
  std::map<size_t, std::string> undead_;  // the last value of each key
  Tally tally_;
  Verdict failure_;
};

}  // namespace tagcache::simulation

#endif  // TAGCACHE_TESTS_SIMULATION_WORLD_H_
