// A session is fed arbitrary bytes in arbitrary pieces, and its output is taken in arbitrary
// pieces. It must not crash, must hold no more than its bounds, and what it sends must be frames or
// lines.
//
// Input: one byte of choices, then pieces, each a length byte, a byte that says how much output is
// taken before it, and its bytes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocol/frame.h"
#include "server/session/session.h"

namespace {

using tagcache::server::Engine;
using tagcache::server::EngineOptions;
using tagcache::server::Session;

constexpr size_t kBacklog = 64 * 1024;
constexpr size_t kMaxValue = 100'000;

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "session_fuzz: %s\n", what);
  std::abort();
}

EngineOptions Options(bool credentials) {
  EngineOptions options;
  options.store = {
      .shards = 2, .seed = 1, .max_key = 100, .max_tag = 50, .max_tags = 8, .max_value = kMaxValue};
  options.max_frame = tagcache::protocol::kBaseMaxFrame;
  options.output_backlog = kBacklog;
  options.max_reply = 10'000;
  if (credentials) {
    options.username = "u";
    options.password = "p";
  }
  return options;
}

// Everything that was sent must parse: whole frames, or lines.
void CheckSent(std::string_view sent, bool binary) {
  if (!binary) {
    Require(sent.empty() || sent.back() == '\n', "a text answer ends in LF");
    return;
  }
  while (!sent.empty()) {
    tagcache::protocol::FrameHeader header;
    tagcache::protocol::StatusCode error;
    const auto state =
        tagcache::protocol::ReadFrame(sent, tagcache::protocol::kResponseMagic,
                                      tagcache::protocol::kBaseMaxFrame, &header, &error);
    Require(state == tagcache::protocol::FrameState::kDone, "output is whole frames");
    sent.remove_prefix(tagcache::protocol::kHeaderSize + header.length);
  }
}

class Run {
 public:
  explicit Run(uint8_t choices)
      : engine_(Options((choices & 1) != 0)), session_(engine_, engine_.AddWorker()) {
    // One value that makes a long answer, one that makes a reply in pieces.
    Store("s", std::string(10'000, 's'));
    Store("l", std::string(kMaxValue, 'l'));
    if ((choices & 2) != 0) session_.Reject();
  }

  void Feed(std::string_view piece) {
    if (!session_.wants_input()) return;
    if (first_ && !piece.empty()) binary_ = static_cast<uint8_t>(piece[0]) == 0xC7;
    first_ = first_ && piece.empty();
    session_.Receive(piece, ++now_);
    Check();
  }
  void Take(size_t most) {
    while (most > 0) {
      const std::string_view output = session_.Output(now_);
      if (output.empty()) return;
      const size_t n = std::min(most, output.size());
      if (sent_.size() < kKeptOutput) sent_.append(output.substr(0, n));
      most -= n;
      session_.Sent(n, now_);
      Check();
    }
  }
  void Finish() {
    session_.ShutDown(now_);
    for (int i = 0; i < 100'000 && !session_.Output(now_).empty(); ++i) Take(SIZE_MAX);
    Require(session_.closing(), "a session that was shut down and drained is closing");
    if (sent_.size() < kKeptOutput) CheckSent(sent_, binary_);
  }

 private:
  static constexpr size_t kKeptOutput = 32 * 1024 * 1024;

  void Store(std::string_view key, std::string_view value) {
    engine_.store().Put(
        {.key = key, .value = value, .flags = 0, .ttl_ms = std::nullopt, .tags = {}},
        tagcache::server::WriteMode::kPut, now_);
  }
  void Check() {
    Require(session_.buffered_output() <= kBacklog + kMaxValue + 64 * 1024, "output is bounded");
    Require(session_.buffered_input() <= 64 * 1024 * 1024, "input is bounded");
  }

  Engine engine_;
  Session session_;
  std::string sent_;
  uint64_t now_ = 1000;
  bool first_ = true;
  bool binary_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Run run(static_cast<uint8_t>(input[0]));
  input.remove_prefix(1);
  while (input.size() > 2) {
    const size_t length = static_cast<uint8_t>(input[0]);
    const size_t taken = static_cast<uint8_t>(input[1]) * size_t{1000};
    input.remove_prefix(2);
    run.Take(taken);
    run.Feed(input.substr(0, length));
    input.remove_prefix(std::min(length, input.size()));
  }
  run.Finish();
  return 0;
}
