#include "server/net/turns.h"

#include <algorithm>
#include <cassert>

#include "server/net/connection.h"

namespace tagcache::server {

Turns::Turns(uv_loop_t* loop) {
  uv_idle_init(loop, &turn_);
  turn_.data = this;
}

void Turns::Add(Connection& connection) {
  if (connection.waits_for_turn) return;
  waiting_.push_back(&connection);
  connection.waits_for_turn = true;
  uv_idle_start(&turn_, [](uv_idle_t* turn) { static_cast<Turns*>(turn->data)->Next(); });
}

void Turns::Remove(Connection& connection) {
  if (!connection.waits_for_turn) return;
  const auto found = std::find(waiting_.begin(), waiting_.end(), &connection);
  assert(found != waiting_.end());
  waiting_.erase(found);
  connection.waits_for_turn = false;
  if (waiting_.empty()) uv_idle_stop(&turn_);
}

void Turns::Close() {
  assert(waiting_.empty());
  uv_close(reinterpret_cast<uv_handle_t*>(&turn_), nullptr);
}

void Turns::Next() {
  assert(!waiting_.empty());
  Connection& connection = *waiting_.front();
  Remove(connection);
  connection.TakeTurn();
}

}  // namespace tagcache::server
