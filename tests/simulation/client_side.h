#ifndef TAGCACHE_TESTS_SIMULATION_CLIENT_SIDE_H_
#define TAGCACHE_TESTS_SIMULATION_CLIENT_SIDE_H_

// The client's end of a simulated connection: the real machine, or one that is broken on purpose to
// test the checker.

#include <algorithm>
#include <cstring>
#include <deque>
#include <string_view>
#include <utility>

#include "libclient/machine/connection_machine.h"

namespace tagcache::simulation {

class ClientSide {
 public:
  explicit ClientSide(const MachineOptions& options) : machine_(options) {}
  virtual ~ClientSide() = default;

  virtual uint64_t Send(const protocol::Request& request) { return machine_.Send(request); }
  virtual Event Next() { return machine_.Next(); }
  virtual void Abandon(uint64_t id) { machine_.Abandon(id); }

  void Feed(std::string_view bytes) {
    const std::span<char> room = machine_.ReadSpace(bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    machine_.Received(bytes.size());
  }
  ConnectionMachine& machine() { return machine_; }

 protected:
  ConnectionMachine machine_;
};

// The bug of lessons 1: it ignores IDs. It gives the next answer to the request that has waited
// longest. The answer to a request that was given up goes to the next request, and the connection
// is used on.
class FifoClientSide : public ClientSide {
 public:
  using ClientSide::ClientSide;

  uint64_t Send(const protocol::Request& request) override {
    const uint64_t id = machine_.Send(request);
    waiting_.push_back({id, request.op, 0});
    return id;
  }
  Event Next() override {
    for (;;) {
      Event event = machine_.Next();
      if (event.kind != Event::Kind::kItem && event.kind != Event::Kind::kDone) return event;
      if (waiting_.empty()) continue;
      Waiting& first = waiting_.front();
      event.id = first.id;
      if (event.kind == Event::Kind::kItem) {
        event.index = first.items++;
        return event;
      }
      response_ = *event.response;
      response_.id = first.id;
      response_.op = first.op;
      event.response = &response_;
      waiting_.pop_front();
      return event;
    }
  }
  void Abandon(uint64_t id) override {
    waiting_.erase(std::find_if(waiting_.begin(), waiting_.end(),
                                [id](const Waiting& waiting) { return waiting.id == id; }));
  }

 private:
  struct Waiting {
    uint64_t id;
    protocol::Op op;
    size_t items;
  };
  std::deque<Waiting> waiting_;
  protocol::Response response_;
};

}  // namespace tagcache::simulation

#endif  // TAGCACHE_TESTS_SIMULATION_CLIENT_SIDE_H_
