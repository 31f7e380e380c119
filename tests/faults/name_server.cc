#include "tests/faults/name_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace tagcache::testing {
namespace {

constexpr char kSkip = 's';

std::string Failure(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

// This process sees `text` as /etc/resolv.conf; others see what they saw before. Why not, or empty.
std::string ReplaceResolvConf(const std::string& text) {
  char path[] = "/tmp/tagcache-resolv-XXXXXX";
  const int fd = mkstemp(path);
  if (fd < 0) return Failure("mkstemp");
  close(fd);
  std::ofstream(path) << text;
  std::string why;
  if (unshare(CLONE_NEWNS) != 0) {
    why = Failure("unshare(CLONE_NEWNS)");
  } else if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    why = Failure("mount / private");
  } else if (mount(path, "/etc/resolv.conf", nullptr, MS_BIND, nullptr) != 0) {
    why = Failure("mount over /etc/resolv.conf");
  }
  unlink(path);
  return why;
}

}  // namespace

NameServer::NameServer() {
  // Each process has a loopback address of its own, so tests that run at once do not meet.
  const auto pid = static_cast<unsigned>(getpid());
  address_ = "127." + std::to_string(64 + (pid >> 16) % 64) + "." +
             std::to_string((pid >> 8) % 256) + "." + std::to_string(pid % 254 + 1);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  inet_pton(AF_INET, address_.c_str(), &address.sin_addr);
  fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const timeval limit{0, 50'000};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    unavailable_ = Failure(("bind to " + address_ + ":53").c_str());
    return;
  }
  unavailable_ = ReplaceResolvConf("nameserver " + address_ + "\noptions timeout:3 attempts:2\n");
  if (unavailable_.empty()) thread_ = std::thread([this] { Serve(); });
}

NameServer::~NameServer() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  close(fd_);
}

void NameServer::Serve() {
  char message[512];
  while (!stop_) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const ssize_t n =
        recvfrom(fd_, message, sizeof message - 16, 0, reinterpret_cast<sockaddr*>(&peer), &size);
    if (n < 17) continue;
    ++questions_;
    const Answer answer = answer_;
    if (answer == Answer::kNever) continue;
    size_t end = 12;
    while (message[end] != 0) end += static_cast<unsigned char>(message[end]) + 1u;
    const bool asks_a = message[end + 1] == 0 && message[end + 2] == 1;
    end += 5;
    const bool found = answer == Answer::kAddress;
    message[2] = '\x81';
    message[3] = found ? '\x80' : '\x83';
    const bool has_record = found && asks_a;
    const char counts[] = {0, 1, 0, has_record, 0, 0, 0, 0};
    std::memcpy(message + 4, counts, sizeof counts);
    const char record[] = {'\xc0', 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1};
    if (has_record) {
      std::memcpy(message + end, record, sizeof record);
      end += sizeof record;
    }
    sendto(fd_, message, end, 0, reinterpret_cast<sockaddr*>(&peer), size);
  }
}

void WithNameServer(const std::function<std::string(NameServer&)>& body) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    std::string report;
    {
      NameServer server;
      report = server.unavailable().empty() ? body(server) : kSkip + server.unavailable();
    }
    if (write(ends[1], report.data(), report.size()) < 0) _exit(2);
    _exit(0);
  }
  close(ends[1]);
  std::string report;
  char chunk[512];
  for (ssize_t n; (n = read(ends[0], chunk, sizeof chunk)) > 0;) {
    report.append(chunk, static_cast<size_t>(n));
  }
  close(ends[0]);
  int state = 0;
  waitpid(child, &state, 0);
  if (report.substr(0, 1) == std::string(1, kSkip)) GTEST_SKIP() << report.substr(1);
  EXPECT_EQ(report, "");
  EXPECT_TRUE(WIFEXITED(state) && WEXITSTATUS(state) == 0) << "state " << state;
}

}  // namespace tagcache::testing
