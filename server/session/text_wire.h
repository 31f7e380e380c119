#ifndef TAGCACHE_SERVER_SESSION_TEXT_WIRE_H_
#define TAGCACHE_SERVER_SESSION_TEXT_WIRE_H_

// The tab-delimited codec at work on one connection. Answers leave in the order of the requests, so
// every answer is appended whole, large values too.

#include <string>

#include "protocol/text_codec.h"
#include "server/session/wire.h"

namespace tagcache::server {

class TextWire final : public Wire {
 public:
  explicit TextWire(const Engine& engine);

  static bool Speaks(uint8_t) { return true; }

  void Next(std::string_view bytes, protocol::Scratch& scratch, Incoming* incoming) override;
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
  bool waiting() const override { return false; }
  void Produce(protocol::Buffer&, Borrowed*) override {}
  bool full() const override { return false; }
  size_t held_input() const override { return 0; }
  void SetMaxFrame(uint32_t) override {}
  size_t max_page() const override { return SIZE_MAX; }  // one answer lists all
  size_t default_page() const override { return SIZE_MAX; }

 private:
  void BreakLine(std::string_view bytes, protocol::Scratch& scratch, Incoming* incoming);

  size_t max_line_;
  size_t searched_ = 0;  // of an incomplete line
  std::string detail_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_SESSION_TEXT_WIRE_H_
