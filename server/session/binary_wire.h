#ifndef TAGCACHE_SERVER_SESSION_BINARY_WIRE_H_
#define TAGCACHE_SERVER_SESSION_BINARY_WIRE_H_

// The binary codec at work on one connection. A request in a single frame is decoded in place. A
// message in several frames is put together here; how many, and how large, is bounded.

#include <string>
#include <vector>

#include "protocol/binary_codec.h"
#include "server/commands/engine.h"
#include "server/session/codec.h"
#include "server/session/reply_stream.h"
#include "server/session/wire.h"

namespace tagcache::server {

class BinaryWire final : public Wire {
 public:
  explicit BinaryWire(const Engine& engine);

  static Recognition Recognize(std::string_view prefix) {
    return static_cast<uint8_t>(prefix[0]) == protocol::kRequestMagic ? Recognition::kYes
                                                                      : Recognition::kNo;
  }

  void Next(std::string_view bytes, protocol::Scratch& scratch, Incoming* incoming) override;
  void RequestDone() override { current_.Release(0); }
  void Answer(const protocol::Request& request, const protocol::Response& response,
              protocol::Buffer& out) override;
  void AnswerValue(const protocol::Request& request, EntryRef value, bool stale,
                   protocol::Buffer& out) override;
  void AnswerValues(const protocol::Request& request, std::span<EntryRef> values, bool last,
                    protocol::Buffer& out) override;
  void AnswerRefusal(const Incoming& incoming, std::string_view message,
                     protocol::Buffer& out) override;
  void RefuseIncomplete(std::string_view tail, protocol::StatusCode status,
                        std::string_view message, protocol::Buffer& out) override;
  bool answer_waits() const override { return answer_waits_; }
  bool waiting() const override { return !waiting_.empty(); }
  void Produce(protocol::Buffer& out, Borrowed* borrowed) override;
  bool full() const override;
  size_t held_input() const override { return held_bytes_; }
  size_t held() const override;
  size_t pinned() const override { return pinned_; }
  size_t CountPinnedRemoved() const override;
  void SetMaxFrame(uint32_t max_frame) override { max_frame_out_ = max_frame; }

 private:
  // A message whose last frame has not arrived.
  struct Assembly {
    uint64_t id = 0;
    uint8_t opcode = 0;
    bool oversize = false;  // too large for any value: only its front is kept
    size_t size = 0;        // of the bodies so far
    protocol::Buffer body;
  };

  void AddPart(const protocol::FrameHeader& header, std::string_view body,
               protocol::Scratch& scratch, Incoming* incoming);
  Assembly* Find(uint64_t id);
  bool Append(Assembly& assembly, std::string_view body, Incoming* incoming);
  void Complete(Assembly& assembly, protocol::Scratch& scratch, Incoming* incoming);
  void Drop(Assembly& assembly);
  void Decode(uint8_t opcode, uint64_t id, std::string_view body, protocol::Scratch& scratch,
              Incoming* incoming);
  void Break(protocol::StatusCode error, std::string_view detail, Incoming* incoming);
  void Wait(ReplyStream stream);

  const Engine& engine_;
  uint32_t max_frame_out_ = protocol::kBaseMaxFrame;
  std::vector<Assembly> assemblies_;
  size_t held_bytes_ = 0;     // of all assemblies
  protocol::Buffer current_;  // the message whose request Next returned last
  std::string detail_;
  std::vector<ReplyStream> waiting_;
  bool answer_waits_ = false;  // more values of the answer of one of them follow
  size_t turn_ = 0;            // the next of them to produce a piece: they take turns
  size_t pinned_ = 0;          // bytes, by all of them
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_SESSION_BINARY_WIRE_H_
