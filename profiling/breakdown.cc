// Measures the parts of a single get that need no PHP. Usage: profiling_breakdown DSN, of a server
// that has "item:7" with 100 bytes. Prints microseconds of three things: an exchange of as many
// bytes with a process that only echoes, an exchange of a prepared request with the server, and
// Client::Get.

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "profiling/peers/server_process.h"
#include "tagcache/client.h"

namespace tagcache::profiling {
namespace {

// GET item:7 with request ID 1, in the bytes of docs/protocol.md, and the length of its answer.
constexpr std::string_view kRequest(
    "\xc7\x10\0\0\x09\0\0\0\x01\0\0\0\0\0\0\0"
    "\0\x06\0item:7",
    25);
constexpr size_t kAnswerBytes = 16 + 4 + 4 + 100;

int ConnectTo(const std::string& dsn) {
  sockaddr_storage address{};
  socklen_t length = 0;
  if (dsn.starts_with("unix://")) {
    auto* unix_address = reinterpret_cast<sockaddr_un*>(&address);
    unix_address->sun_family = AF_UNIX;
    std::strncpy(unix_address->sun_path, dsn.c_str() + 7, sizeof unix_address->sun_path - 1);
    length = sizeof *unix_address;
  } else {
    auto* tcp_address = reinterpret_cast<sockaddr_in*>(&address);
    tcp_address->sin_family = AF_INET;
    tcp_address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    tcp_address->sin_port = htons(static_cast<uint16_t>(std::stoi(dsn.substr(dsn.rfind(':') + 1))));
    length = sizeof *tcp_address;
  }
  const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), length) != 0) Fail("no server: " + dsn);
  return fd;
}

void Receive(int fd, size_t bytes) {
  char buffer[4096];
  while (bytes > 0) {
    const ssize_t got = read(fd, buffer, bytes);
    if (got <= 0) Fail("a connection ended");
    bytes -= static_cast<size_t>(got);
  }
}

void Exchange(int fd) {
  if (write(fd, kRequest.data(), kRequest.size()) != static_cast<ssize_t>(kRequest.size())) {
    Fail("a connection ended");
  }
  Receive(fd, kAnswerBytes);
}

double Microseconds(const std::function<void()>& call) {
  using Clock = std::chrono::steady_clock;
  for (int i = 0; i < 50; ++i) call();
  const auto start = Clock::now();
  Clock::duration took{};
  int calls = 0;
  for (; took < std::chrono::milliseconds(20); took = Clock::now() - start) {
    for (int i = 0; i < 20; ++i) call();
    calls += 20;
  }
  return std::chrono::duration<double, std::micro>(took).count() / calls;
}

// Connects a pair of sockets of the DSN's kind. The other end answers until this one is closed.
int StartEcho(const std::string& dsn) {
  int ends[2];
  if (dsn.starts_with("unix://")) {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) Fail("no socket pair");
  } else {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0) Fail("no port");
    listen(listener, 1);
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
    ends[0] = ConnectTo("tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
    ends[1] = accept(listener, nullptr, nullptr);
    close(listener);
  }
  if (fork() == 0) {
    close(ends[0]);
    char buffer[kAnswerBytes] = {};
    while (read(ends[1], buffer, sizeof buffer) > 0 &&
           write(ends[1], buffer, sizeof buffer) == sizeof buffer) {
    }
    _exit(0);
  }
  close(ends[1]);
  return ends[0];
}

}  // namespace
}  // namespace tagcache::profiling

int main(int argc, char** argv) {
  using namespace tagcache::profiling;
  if (argc != 2) Fail("usage: profiling_breakdown DSN");
  const int echo = StartEcho(argv[1]);
  const double bare = Microseconds([echo] { Exchange(echo); });
  close(echo);
  wait(nullptr);
  const int server = ConnectTo(argv[1]);
  const double ready_made = Microseconds([server] { Exchange(server); });
  close(server);
  auto options = tagcache::ParseDsn(argv[1]);
  if (!options.ok()) Fail(options.status().message());
  auto client = tagcache::Client::Create(*options);
  if (!client.ok()) Fail(client.status().message());
  const double library = Microseconds([&client] {
    const auto value = (*client)->Get("item:7");
    if (!value.ok() || !value->has_value()) Fail("item:7 is not there");
  });
  std::printf("%.3f %.3f %.3f\n", bare, ready_made, library);
  return 0;
}
