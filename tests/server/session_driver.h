#ifndef TAGCACHE_TESTS_SERVER_SESSION_DRIVER_H_
#define TAGCACHE_TESTS_SERVER_SESSION_DRIVER_H_

// A session with an engine of its own, driven by bytes, and the other side's view of its answers.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/binary_codec.h"
#include "protocol/text_codec.h"
#include "server/session/session.h"

namespace tagcache::testing {

using protocol::Op;
using protocol::Request;
using protocol::StatusCode;
using server::Engine;
using server::EngineOptions;
using server::EventField;
using server::EventSink;
using server::Level;
using server::Session;
using server::TimeMs;

// Keeps events as lines.
class Events final : public EventSink {
 public:
  bool Enabled(Level) const override { return true; }
  void Write(Level, std::string_view event, std::initializer_list<EventField> fields) override {
    lines.emplace_back(event);
    for (const EventField& field : fields) {
      lines.back().append(" ").append(field.key).append("=").append(field.text());
    }
  }
  std::vector<std::string> lines;
};

// One message that came back, its frames put together.
struct Message {
  Op op = Op::kPing;
  uint64_t id = 0;
  StatusCode status = StatusCode::kOk;
  std::string body;

  // REQUIRES: the reply is of that kind.
  int64_t number() const { return protocol::LoadLittle<int64_t>(body.data()); }
  std::string value() const { return body.substr(8); }
};

inline EngineOptions SmallEngine() {
  EngineOptions options;
  options.store = {.shards = 4, .seed = 7};
  options.version = "9.8.7";
  return options;
}

// Encodes a request. Its limit is that of a peer without a HELLO.
inline std::string Encoded(const Request& request, uint32_t max_frame = protocol::kBaseMaxFrame) {
  protocol::Buffer out;
  protocol::EncodeRequest(request, max_frame, out);
  return std::string(out.view());
}
inline std::string EncodedPut(uint64_t id, std::string_view key, std::string_view value) {
  Request request;
  request.op = Op::kPut;
  request.id = id;
  request.key = key;
  request.value = value;
  return Encoded(request);
}
inline std::string EncodedKey(Op op, uint64_t id, std::string_view key) {
  Request request;
  request.op = op;
  request.id = id;
  request.key = key;
  return Encoded(request);
}
inline std::string EncodedKeys(Op op, uint64_t id, const std::vector<std::string_view>& keys) {
  Request request;
  request.op = op;
  request.id = id;
  request.keys = keys;
  return Encoded(request);
}
inline std::string EncodedHello(uint32_t max_frame, std::string_view user = {},
                                std::string_view password = {}) {
  Request request;
  request.op = Op::kHello;
  request.id = 1;
  request.hello.max_frame = max_frame;
  request.hello.name = "test";
  request.user = user;
  request.password = password;
  return Encoded(request);
}

struct Driver {
  explicit Driver(const EngineOptions& options = SmallEngine(),
                  std::span<const server::Codec> codecs = server::Codecs())
      : engine(options, &events), session(engine, engine.AddWorker(), codecs) {}

  void Feed(std::string_view bytes) { session.Receive(bytes, now); }
  // Takes at most `most` bytes of what is to be sent.
  std::string Take(size_t most = SIZE_MAX) {
    std::string taken;
    while (taken.size() < most) {
      const std::string_view output = session.Output(now);
      if (output.empty()) break;
      const size_t n = std::min(output.size(), most - taken.size());
      taken.append(output.substr(0, n));
      session.Sent(n, now);
    }
    return taken;
  }
  std::string Say(std::string_view bytes) {
    Feed(bytes);
    return Take();
  }
  void Store(std::string_view key, std::string_view value) {
    engine.store().Put({.key = key, .value = value}, server::WriteMode::kPut, now);
  }
  bool Has(std::string_view key) { return engine.store().Exists(key, now); }

  Events events;
  Engine engine;
  Session session;
  TimeMs now = 1000;
};

// Splits what a session sent into messages, in the order in which they were complete. A frame that
// does not parse or that is cut off adds a message whose body says so.
inline std::vector<Message> Messages(std::string_view bytes, uint32_t max_frame = 1 << 24) {
  std::vector<Message> complete;
  std::map<uint64_t, std::string> open;
  while (!bytes.empty()) {
    protocol::FrameHeader header;
    StatusCode error = StatusCode::kOk;
    if (protocol::ReadFrame(bytes, protocol::kResponseMagic, max_frame, &header, &error) !=
        protocol::FrameState::kDone) {
      complete.push_back({.body = "(broken frame)"});
      return complete;
    }
    std::string& body = open[header.id];
    body.append(bytes.substr(protocol::kHeaderSize, header.length));
    bytes.remove_prefix(protocol::kHeaderSize + header.length);
    if (header.more) continue;
    complete.push_back({static_cast<Op>(header.opcode), header.id, header.status, body});
    open.erase(header.id);
  }
  if (!open.empty()) complete.push_back({.body = "(message cut off)"});
  return complete;
}

// The only message that was sent.
inline Message Only(std::string_view bytes) {
  std::vector<Message> messages = Messages(bytes);
  if (messages.size() == 1) return messages[0];
  return {.body = "(" + std::to_string(messages.size()) + " messages)"};
}

inline std::string Repeat(char c, size_t n) { return std::string(n, c); }

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_SERVER_SESSION_DRIVER_H_
