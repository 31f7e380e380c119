#ifndef TAGCACHE_TESTS_CLIENT_FAKE_SERVER_H_
#define TAGCACHE_TESTS_CLIENT_FAKE_SERVER_H_

// A server of the test's own making: a listening socket, and a script that is run for each
// connection on a thread of its own. The script uses the binary protocol, and breaks it where the
// test needs that.

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "protocol/binary_codec.h"
#include "tests/client/wire_script.h"

namespace tagcache::testing {

// A request as the server received it.
struct Heard {
  protocol::Op op = protocol::Op::kPing;
  uint64_t id = 0;
  std::string key;
  std::vector<std::string> keys;
};

class FakePeer {
 public:
  FakePeer(int fd, size_t number) : fd_(fd), number_(number) {}
  ~FakePeer() { Close(); }

  int fd() const { return fd_; }
  size_t number() const { return number_; }  // 0 is the first connection
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  // The next request; HELLO is answered on the way. nullopt: the client closed.
  std::optional<Heard> Next() {
    for (;;) {
      protocol::FrameHeader header;
      protocol::StatusCode error;
      const auto state =
          protocol::ReadFrame(in_.view(), protocol::kRequestMagic, 1u << 30, &header, &error);
      if (state == protocol::FrameState::kBad) return std::nullopt;
      if (state == protocol::FrameState::kNeedMore) {
        if (!Read()) return std::nullopt;
        continue;
      }
      in_.Consume(protocol::kHeaderSize);
      body_.append(in_.data(), header.length);
      in_.Consume(header.length);
      if (header.more) continue;
      const std::string body = std::exchange(body_, {});
      if (header.opcode == static_cast<uint8_t>(protocol::Op::kHello)) {
        if (!answer_hello) continue;
        if (!Send(HelloReply())) return std::nullopt;
        continue;
      }
      return Decode(header, body);
    }
  }

  // The next line of the text protocol.
  std::optional<std::string> NextLine() {
    for (;;) {
      const size_t end = in_.view().find('\n');
      if (end != std::string_view::npos) {
        std::string line(in_.view().substr(0, end));
        in_.Consume(end + 1);
        return line;
      }
      if (!Read()) return std::nullopt;
    }
  }

  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  // The value of every key is "v:" and the key; everything else is answered with yes.
  bool Answer(const Heard& heard) {
    if (heard.op == protocol::Op::kGet) return Send(ValueReply(heard.id, "v:" + heard.key));
    if (heard.op == protocol::Op::kMGet) {
      std::vector<std::optional<std::string>> values;
      for (const std::string& key : heard.keys) values.push_back("v:" + key);
      return Send(ValuesFrames(heard.id, values, 60'000)[0]);
    }
    protocol::Response response;
    response.op = heard.op;
    response.id = heard.id;
    return Send(Bytes(response));
  }
  void AnswerAll() {
    while (const auto heard = Next()) {
      if (!Answer(*heard)) return;
    }
  }
  // Until the client closes.
  void SwallowAll() {
    while (Read()) in_.Clear();
  }

  bool answer_hello = true;

 private:
  bool Read() {
    const ssize_t n = recv(fd_, in_.Prepare(65536), 65536, 0);
    if (n <= 0) return false;
    in_.Commit(static_cast<size_t>(n));
    return true;
  }
  static std::optional<Heard> Decode(const protocol::FrameHeader& header, const std::string& body) {
    protocol::Scratch scratch;
    protocol::Request request;
    protocol::StatusCode error;
    std::string_view detail;
    if (!protocol::DecodeRequest(header.opcode, header.id, body, scratch, &request, &error,
                                 &detail)) {
      return std::nullopt;
    }
    Heard heard{request.op, request.id, std::string(request.key), {}};
    for (const std::string_view key : request.keys) heard.keys.emplace_back(key);
    return heard;
  }

  int fd_;
  const size_t number_;
  protocol::Buffer in_;
  std::string body_;
};

class FakeServer {
 public:
  using Script = std::function<void(FakePeer&)>;

  explicit FakeServer(Script script, int port = 0) : script_(std::move(script)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    socklen_t size = sizeof(address);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_, 128) != 0) {
      std::abort();
    }
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
  }
  ~FakeServer() {
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    for (const auto& session : sessions_) {
      {
        const std::lock_guard lock(mutex_);
        if (!session->done) shutdown(session->peer.fd(), SHUT_RDWR);
      }
      session->thread.join();
    }
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  int port() const { return port_; }
  std::string dsn() const { return "tcp://127.0.0.1:" + std::to_string(port_); }
  size_t accepted() const { return accepted_; }

 private:
  struct Session {
    Session(int fd, size_t number) : peer(fd, number) {}
    FakePeer peer;
    bool done = false;  // guarded by mutex_
    std::thread thread;
  };

  void Accept() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (stopping_ || fd < 0) {
        if (fd >= 0) close(fd);
        return;
      }
      sessions_.push_back(std::make_unique<Session>(fd, accepted_++));
      Session& session = *sessions_.back();
      session.thread = std::thread([this, &session] {
        script_(session.peer);
        const std::lock_guard lock(mutex_);
        session.done = true;
        session.peer.Close();
      });
    }
  }

  const Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<size_t> accepted_{0};
  std::mutex mutex_;
  std::vector<std::unique_ptr<Session>> sessions_;  // the acceptor's until it is joined
  std::thread acceptor_;
};

// Something that happens once, in one thread, and is waited for in another.
class Flag {
 public:
  void Set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  bool Wait(std::chrono::seconds limit = std::chrono::seconds(20)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, std::chrono::system_clock::now() + limit,
                               [this] { return set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

class Stopwatch {
 public:
  std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start_);
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Looks until it is so; the limit is only there so that a failure ends.
inline bool Until(const std::function<bool()>& so) {
  const Stopwatch watch;
  while (!so()) {
    if (watch.elapsed() > std::chrono::seconds(20)) return false;
    std::this_thread::yield();
  }
  return true;
}

// A port of this machine where nobody listens.
inline int DeadPort() {
  return FakeServer([](FakePeer&) {}).port();
}

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_CLIENT_FAKE_SERVER_H_
