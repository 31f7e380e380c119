#ifndef TAGCACHE_SERVER_SESSION_TEXT_WIRE_H_
#define TAGCACHE_SERVER_SESSION_TEXT_WIRE_H_

// The tab-delimited codec at work on one connection. Answers leave in the order of the requests.

#include <string>

#include "protocol/text_codec.h"
#include "server/commands/engine.h"
#include "server/session/codec.h"
#include "server/session/ordered_replies.h"
#include "server/session/wire.h"

namespace tagcache::server {

class TextWire final : public Wire {
 public:
  explicit TextWire(const Engine& engine);

  // Whatever no other codec recognizes is text: its answer is a line that a person can read.
  static Recognition Recognize(std::string_view) { return Recognition::kYes; }

  void Next(std::string_view bytes, protocol::Scratch& scratch, Incoming* incoming) override;
  void Answer(const protocol::Request& request, const protocol::Response& response,
              protocol::Buffer& out) override;
  void AnswerValue(const protocol::Request& request, EntryRef value, bool stale,
                   protocol::Buffer& out) override;
  void AnswerValues(const protocol::Request& request, std::span<EntryRef> values, bool last,
                    protocol::Buffer& out) override;
  bool AnswerKeys(std::span<const std::string_view> keys) override;
  void AnswerRefusal(const Incoming& incoming, std::string_view message,
                     protocol::Buffer& out) override;
  void RefuseIncomplete(std::string_view tail, protocol::StatusCode status,
                        std::string_view message, protocol::Buffer& out) override;
  bool waiting() const override { return replies_.waiting(); }
  void Produce(protocol::Buffer& out, Borrowed* borrowed) override {
    replies_.Produce(out, borrowed);
  }
  bool full() const override { return replies_.pinned() + replies_.copied() >= max_waiting_; }
  size_t output_capacity() const override { return replies_.capacity() + list_.capacity(); }
  size_t held_output() const override { return replies_.copied() + list_.size(); }
  size_t held() const override { return replies_.held() + list_.size(); }
  size_t pinned() const override { return replies_.pinned(); }
  size_t CountPinnedRemoved() const override { return replies_.CountPinnedRemoved(); }

 private:
  void BreakLine(std::string_view bytes, protocol::Scratch& scratch, Incoming* incoming);

  const size_t max_line_;
  const size_t max_waiting_;  // bytes of answers, copied or not, after which the peer must read
  OrderedReplies replies_;
  protocol::Buffer list_;  // the front of the answer that lists keys
  size_t searched_ = 0;    // of an incomplete line
  std::string detail_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_SESSION_TEXT_WIRE_H_
