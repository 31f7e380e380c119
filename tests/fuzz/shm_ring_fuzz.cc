// The server's end of shared memory beside a client that does with the memory what it likes: writes
// any counter, any byte, anywhere, in any order. Nothing outside the memory may be touched, no more
// may be read or written than was asked for, and an end that is not broken must hold its promises.
//
// Input: steps of a byte that says what, and the bytes it takes.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "protocol/shm_ring.h"
#include "server/session/session.h"

namespace {

using namespace tagcache::protocol;  // NOLINT: what is fuzzed
using tagcache::server::Engine;
using tagcache::server::EngineOptions;
using tagcache::server::Session;

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "shm_ring_fuzz: %s\n", what);
  std::abort();
}

class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  uint64_t Number(size_t size) {
    uint64_t value = 0;
    const std::string_view taken = Bytes(size);
    std::memcpy(&value, taken.data(), taken.size());
    return value;
  }
  std::string_view Bytes(size_t size) {
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view bytes_;
};

// As a connection does it: what comes out of the memory goes to a session, its answers go back.
void Serve(ShmEnd& end, Session& session) {
  std::array<char, 4096> space;
  for (int turns = 0; turns < 64; ++turns) {
    const size_t n = end.reader.Read(space);
    Require(n <= space.size(), "no more is read than there is space");
    Require(n == 0 || !end.reader.broken(), "what is broken gives nothing");
    if (n > 0 && session.wants_input()) session.Receive({space.data(), n}, 1);
    const std::string_view output = session.Output(1);
    const size_t room = end.writer.Room();
    const size_t written = end.writer.Write(output);
    Require(written <= output.size(), "no more is written than there is");
    Require(room <= kShmMinRing, "there is no more room than the queue has");
    session.Sent(written, 1);
    end.writer.MustRing();
    end.reader.MustRing();
    if (n == 0 && written == 0) break;
  }
  end.reader.Sleep();
  end.writer.Sleep();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Just as large as it says, so that the sanitizer sees one byte too many.
  const std::unique_ptr<char, void (*)(void*)> memory(
      static_cast<char*>(std::aligned_alloc(64, ShmBytes(kShmMinRing))), std::free);
  std::fill_n(memory.get(), ShmBytes(kShmMinRing), '\0');
  auto& head = *reinterpret_cast<ShmHead*>(memory.get());
  ShmEnd server = ShmServerEnd(memory.get(), kShmMinRing);
  ShmEnd client = ShmClientEnd(memory.get(), kShmMinRing);
  EngineOptions options;
  options.store = {.shards = 1, .seed = 1, .max_value = 100'000};
  options.output_backlog = 64 * 1024;
  Engine engine(options);
  Session session(engine, engine.AddWorker());

  Input input({reinterpret_cast<const char*>(data), size});
  while (!input.empty() && !session.closing()) {
    switch (input.Number(1) % 8) {
      case 0:
        head.up.written.bytes = input.Number(8);
        break;
      case 1:
        head.down.read.bytes = input.Number(8);
        break;
      case 2:
        head.down.written.bytes = input.Number(8);
        head.up.read.bytes = input.Number(8);
        break;
      case 3:
        head.up.written.sleeps = static_cast<uint32_t>(input.Number(1));
        head.down.read.sleeps = static_cast<uint32_t>(input.Number(1));
        break;
      case 4: {
        const size_t at = input.Number(3) % (ShmBytes(kShmMinRing) - 256);
        const std::string_view bytes = input.Bytes(input.Number(1));
        std::copy(bytes.begin(), bytes.end(), memory.get() + at);
        break;
      }
      case 5:
      case 6:  // an honest client
        client.writer.Write(input.Bytes(input.Number(1)));
        break;
      case 7: {
        std::array<char, 256> answer;
        client.reader.Read(answer);
        break;
      }
    }
    Serve(server, session);
    if (server.reader.broken() || server.writer.broken()) break;  // the connection is closed
  }
  session.Closed(1);
  return 0;
}
