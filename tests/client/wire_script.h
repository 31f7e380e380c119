#ifndef TAGCACHE_TESTS_CLIENT_WIRE_SCRIPT_H_
#define TAGCACHE_TESTS_CLIENT_WIRE_SCRIPT_H_

// The server's half of a conversation, as bytes; and what a client machine made of it.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libclient/machine/connection_machine.h"
#include "protocol/binary_codec.h"

namespace tagcache::testing {

inline std::string Bytes(const protocol::Response& response, uint32_t max_frame = 1 << 20) {
  protocol::Buffer out;
  protocol::EncodeResponse(response, max_frame, out);
  return std::string(out.view());
}

inline std::string HelloReply(uint32_t max_frame = 256 * 1024) {
  protocol::Response response;
  response.op = protocol::Op::kHello;
  response.hello.max_frame = max_frame;
  response.hello.name = "script";
  return Bytes(response);
}

inline std::string ValueReply(uint64_t id, std::string_view value, uint32_t max_frame = 1 << 20) {
  protocol::Response response;
  response.op = protocol::Op::kGet;
  response.id = id;
  response.value = value;
  return Bytes(response, max_frame);
}

inline std::string ErrorReply(protocol::Op op, uint64_t id, protocol::StatusCode status,
                              std::string_view message = {}) {
  protocol::Response response;
  response.op = op;
  response.id = id;
  response.status = status;
  response.message = message;
  return Bytes(response);
}

// One frame with any body.
inline std::string Frame(protocol::Op op, uint64_t id, std::string_view body, bool more) {
  protocol::Buffer out;
  protocol::FrameWriter writer(out, protocol::kResponseMagic, static_cast<uint8_t>(op), id,
                               protocol::StatusCode::kOk, 1 << 30);
  writer.Bytes(body);
  writer.Finish(more);
  return std::string(out.view());
}

// The body of an MGET reply; nullopt is a miss.
inline std::string ValuesBody(const std::vector<std::optional<std::string>>& values) {
  protocol::Buffer out;
  for (const auto& value : values) {
    char head[protocol::kMaxValueHead] = {value ? '\1' : '\0'};
    if (value) {
      protocol::StoreLittle<uint32_t>(7, head + 1);
      protocol::StoreLittle(static_cast<uint32_t>(value->size()), head + 5);
    }
    out.Append(head, value ? sizeof(head) : 1);
    if (value) out.Append(*value);
  }
  return std::string(out.view());
}

// The frames of an MGET reply, cut every `cut` bytes of its body.
inline std::vector<std::string> ValuesFrames(uint64_t id,
                                             const std::vector<std::optional<std::string>>& values,
                                             size_t cut) {
  const std::string body = ValuesBody(values);
  std::vector<std::string> frames;
  for (size_t at = 0; at < body.size() || at == 0; at += cut) {
    frames.push_back(Frame(protocol::Op::kMGet, id, body.substr(at, cut), at + cut < body.size()));
  }
  return frames;
}

// An event with copies of what it pointed to.
struct EventCopy {
  Event::Kind kind = Event::Kind::kNeedMore;
  uint64_t id = 0;
  size_t index = 0;
  bool found = false;
  std::string value;
  protocol::StatusCode status = protocol::StatusCode::kOk;
  std::string message;
  int64_t number = 0;
  std::vector<protocol::RefusedItem> refused;
};

inline EventCopy Copy(const Event& event) {
  EventCopy copy;
  copy.kind = event.kind;
  copy.id = event.id;
  copy.index = event.index;
  copy.status = event.status;
  copy.message = event.reason;
  if (event.kind == Event::Kind::kItem) {
    copy.found = event.item.found;
    copy.value = event.item.value;
  }
  if (event.kind == Event::Kind::kDone) {
    const protocol::Response& response = *event.response;
    copy.found = response.status == protocol::StatusCode::kOk;
    copy.value = response.value;
    copy.status = response.status;
    copy.message = response.message;
    copy.number = response.number;
    copy.refused.assign(response.refused.begin(), response.refused.end());
  }
  return copy;
}

inline std::vector<EventCopy> Drain(ConnectionMachine& machine) {
  std::vector<EventCopy> all;
  for (;;) {
    const Event event = machine.Next();
    if (event.kind == Event::Kind::kNeedMore) return all;
    all.push_back(Copy(event));
    if (event.kind == Event::Kind::kBroken) return all;
  }
}

// Hands bytes over `step` at a time and collects all events. The machine's output counts as sent
// before that: no server answers a request that it has not received.
inline std::vector<EventCopy> Feed(ConnectionMachine& machine, std::string_view bytes,
                                   size_t step = ~size_t{0}) {
  std::vector<EventCopy> all;
  machine.Sent(machine.Output().size());
  while (!bytes.empty()) {
    const size_t n = std::min(step, bytes.size());
    const auto space = machine.ReadSpace(n);
    std::memcpy(space.data(), bytes.data(), n);
    machine.Received(n);
    bytes.remove_prefix(n);
    for (EventCopy& event : Drain(machine)) all.push_back(std::move(event));
    if (machine.broken()) break;
  }
  return all;
}

// Everything the machine has to send; it counts as sent.
inline std::string TakeAll(ConnectionMachine& machine) {
  std::string sent(machine.Output());
  machine.Sent(sent.size());
  return sent;
}

inline protocol::Request GetOf(std::string_view key) {
  protocol::Request request;
  request.op = protocol::Op::kGet;
  request.key = key;
  return request;
}

inline protocol::Request MGetOf(std::span<const std::string_view> keys) {
  protocol::Request request;
  request.op = protocol::Op::kMGet;
  request.keys = keys;
  return request;
}

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_CLIENT_WIRE_SCRIPT_H_
