#include "profiling/load/fleet.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

namespace tagcache::profiling {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSilenceMs = 10'000;

std::chrono::nanoseconds ThreadCpuTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void StayOn(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof set, &set);
}

}  // namespace

void Ask(int fd, std::span<const Exchange> exchanges) {
  std::string reply;
  for (const Exchange& each : exchanges) {
    for (size_t sent = 0; sent < each.request.size();) {
      const ssize_t n =
          send(fd, each.request.data() + sent, each.request.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) Fail("a server closed its connection");
      sent += static_cast<size_t>(n);
    }
    reply.resize(each.reply.size());
    if (recv(fd, reply.data(), reply.size(), MSG_WAITALL) != static_cast<ssize_t>(reply.size()) ||
        reply != each.reply) {
      Fail("a server did not answer as it should: " + reply);
    }
  }
}

struct Fleet::Connection {
  int fd = -1;
  size_t next = 0;  // of the exchanges
  const Exchange* under_way = nullptr;
  size_t sent = 0;      // of its request
  size_t received = 0;  // of its reply
};

// One thread's part of a run.
class Fleet::Loop {
 public:
  Loop(std::span<const Exchange> exchanges, std::vector<Connection*> connections)
      : exchanges_(exchanges), connections_(std::move(connections)), buffer_(256 * 1024) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    for (Connection* each : connections_) {
      epoll_event event{EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = each}};
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, each->fd, &event) != 0) Fail("epoll_ctl failed");
    }
  }
  ~Loop() { close(epoll_); }

  // Begins exchanges until then, waits for those under way, and returns how many there were.
  uint64_t Run(Clock::time_point until) {
    for (Connection* each : connections_) Begin(*each);
    epoll_event events[512];
    while (under_way_ > 0) {
      const int count = epoll_wait(epoll_, events, 512, kSilenceMs);
      if (count == 0) Fail("a server does not answer any more, or a key is gone");
      over_ = Clock::now() >= until;
      for (int i = 0; i < count; ++i) {
        Connection& connection = *static_cast<Connection*>(events[i].data.ptr);
        if (connection.under_way == nullptr) continue;
        if ((events[i].events & EPOLLOUT) != 0) Send(connection);
        if ((events[i].events & ~uint32_t{EPOLLOUT}) != 0) Receive(connection);
      }
    }
    return done_;
  }

 private:
  void Begin(Connection& connection) {
    connection.under_way = &exchanges_[connection.next++ % exchanges_.size()];
    connection.sent = connection.received = 0;
    ++under_way_;
    Send(connection);
  }

  // The next EPOLLOUT sends what the socket does not take.
  void Send(Connection& connection) {
    const std::string& request = connection.under_way->request;
    while (connection.sent < request.size()) {
      const ssize_t n = send(connection.fd, request.data() + connection.sent,
                             request.size() - connection.sent, MSG_NOSIGNAL);
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) Fail("a server closed its connection");
      connection.sent += static_cast<size_t>(n);
    }
  }

  // The reply may come in parts, and each part wakes the loop. Nothing follows the reply.
  void Receive(Connection& connection) {
    const ssize_t n = recv(connection.fd, buffer_.data(), buffer_.size(), 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) Fail("a server closed its connection");
    const std::string& reply = connection.under_way->reply;
    if (connection.received == 0 && buffer_[0] != reply[0]) Fail("a server answers another thing");
    connection.received += static_cast<size_t>(n);
    if (connection.received < reply.size()) {
      // An edge is reported once: if the buffer was full, there may be more.
      if (static_cast<size_t>(n) == buffer_.size()) Receive(connection);
      return;
    }
    if (connection.received > reply.size()) Fail("a server answers more than was asked");
    connection.under_way = nullptr;
    --under_way_;
    ++done_;
    if (!over_) Begin(connection);
  }

  const std::span<const Exchange> exchanges_;
  const std::vector<Connection*> connections_;
  std::vector<char> buffer_;
  int epoll_ = -1;
  size_t under_way_ = 0;
  bool over_ = false;
  uint64_t done_ = 0;
};

Fleet::Fleet(const ServerProcess& server, size_t connections, std::span<const Exchange> exchanges)
    : server_(server), exchanges_(exchanges), connections_(connections) {
  for (size_t i = 0; i < connections; ++i) {
    Connection& connection = connections_[i];
    connection.fd = server.Connect();
    connection.next = i * exchanges.size() / connections;
    const int yes = 1;
    setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    Ask(connection.fd, exchanges.subspan(connection.next, 1));
    fcntl(connection.fd, F_SETFL, O_NONBLOCK);
  }
}

Fleet::~Fleet() {
  for (const Connection& each : connections_) close(each.fd);
}

Throughput Fleet::Run(std::chrono::nanoseconds time, std::span<const int> cores) {
  std::vector<uint64_t> done(cores.size());
  std::vector<std::chrono::nanoseconds> cpu(cores.size());
  std::vector<std::thread> threads;
  Throughput result;
  const auto server_before = server_.CpuTime();
  const Clock::time_point start = Clock::now();
  for (size_t i = 0; i < cores.size(); ++i) {
    threads.emplace_back([&, i] {
      StayOn(cores[i]);
      std::vector<Connection*> mine;
      for (size_t c = i; c < connections_.size(); c += cores.size())
        mine.push_back(&connections_[c]);
      Loop loop(exchanges_, std::move(mine));
      done[i] = loop.Run(start + time);
      cpu[i] = ThreadCpuTime();
    });
  }
  for (std::thread& thread : threads) thread.join();
  result.wall = Clock::now() - start;
  result.server_cpu = server_.CpuTime() - server_before;
  for (size_t i = 0; i < cores.size(); ++i) {
    result.exchanges += done[i];
    result.load_cpu += cpu[i];
  }
  return result;
}

}  // namespace tagcache::profiling
