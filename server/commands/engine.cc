#include "server/commands/engine.h"

#include <cassert>

namespace tagcache::server {
namespace {

class NoEvents final : public EventSink {
 public:
  bool Enabled(Level) const override { return false; }
  void Write(Level, std::string_view, std::initializer_list<EventField>) override {}
};

EventSink* NullSink() {
  static NoEvents sink;
  return &sink;
}

[[maybe_unused]] bool HandlersMatchCommands(const HandlerTable& handlers) {
  for (size_t opcode = 0; opcode < handlers.size(); ++opcode) {
    const bool is_command = protocol::FindCommand(static_cast<uint8_t>(opcode)) != nullptr;
    if (is_command != (handlers[opcode] != nullptr)) return false;
  }
  return true;
}

// Compares every byte of `given`, also after one that differs. The time does not depend on the
// length of `expected` either, because the loop runs over what the peer sent.
bool SameBytes(std::string_view given, std::string_view expected) {
  unsigned different = given.size() == expected.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i) {
    const char other = expected.empty() ? '\0' : expected[i % expected.size()];
    different |= static_cast<unsigned>(given[i] ^ other);
  }
  return different == 0;
}

StoreOptions StoreOptionsOf(const EngineOptions& options) {
  StoreOptions store = options.store;
  store.reserved = ReservedForClients(store.memory_limit, options.client_memory_limit);
  return store;
}

}  // namespace

Engine::Engine(const EngineOptions& options, EventSink* sink, TimeMs started)
    : options_(options),
      store_(StoreOptionsOf(options)),
      client_memory_(options.client_memory_limit, store_),
      sink_(sink != nullptr ? sink : NullSink()),
      started_(started),
      max_connections_(options.max_connections) {
  assert(HandlersMatchCommands(*options_.handlers));
}

bool Engine::Accepts(std::string_view user, std::string_view password) const {
  const bool same_user = SameBytes(user, options_.username);
  const bool same_password = SameBytes(password, options_.password);
  return same_user & same_password;
}

size_t Engine::max_write_overhead() const {
  const StoreOptions& store = options_.store;
  return store.max_key + store.max_tags * (store.max_tag + 2) + 64 * 1024;
}

}  // namespace tagcache::server
