// How much does mass invalidation, expiry or a flush disturb GETs? Usage:
//   profiling_interference TAGCACHED ENTRIES ROUNDS RATE
//
// An open loop sends GETs at a fixed rate, below what the server can do, over a few connections to
// a Unix socket. A GET's time counts from when it was due, so one that had to wait before it was
// sent is not reported as fast. A round is a second at rest, then the event, then a second in which
// the server reclaims its entries. The two seconds follow each other, so that another program's
// load meets both. The result is the ratio of their 99th percentiles, as the median over the
// rounds.

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "profiling/peers/server_process.h"
#include "tagcache/client.h"

namespace tagcache::profiling {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr size_t kConnections = 4;
constexpr size_t kKeys = 10'000;  // that the GETs read
constexpr auto kWindow = std::chrono::seconds(1);
constexpr double kMostRatio = 2;
constexpr double kMostSpread = 3;
constexpr std::string_view kTag = "all of them";

template <typename T>
T Checked(Result<T> result) {
  if (!result.ok()) Fail("tagcached: " + result.status().message());
  return std::move(*result);
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double Microseconds(Clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

class Server {
 public:
  explicit Server(const std::string& program)
      : process_({program, "--port=0", "--unix-socket={socket}"}) {
    Options options;
    options.servers = {"unix://" + process_.socket_path()};
    options.timeout = std::chrono::seconds(60);
    client_ = Checked(Client::Create(options));
  }
  const ServerProcess& process() const { return process_; }
  Client& client() { return *client_; }

  // Stores entries that all expire at `end` unless that is zero, all with `tag` unless that is
  // empty.
  void Fill(std::string_view prefix, size_t entries, std::string_view tag,
            Clock::time_point end = {}) {
    const std::string value(100, 'v');
    constexpr size_t kBatch = 1000;
    std::vector<std::string> keys(kBatch);
    std::vector<PutItem> items;
    const std::span<const std::string_view> tags(&tag, tag.empty() ? 0 : 1);
    for (size_t at = 0; at < entries; at += kBatch) {
      items.clear();
      const auto ttl = end == Clock::time_point()
                           ? kNeverExpires
                           : std::chrono::duration_cast<milliseconds>(end - Clock::now());
      if (end != Clock::time_point() && ttl <= milliseconds(0)) Fail("too slow to fill in time");
      for (size_t i = 0; i < std::min(kBatch, entries - at); ++i) {
        keys[i] = std::string(prefix) + std::to_string(at + i);
        items.push_back(
            {.key = keys[i], .value = {.bytes = value}, .options = {.ttl = ttl, .tags = tags}});
      }
      if (Checked(client_->MultiPut(items)).stored != items.size()) Fail("a put was refused");
    }
  }
  uint64_t Count(std::string_view name) {
    for (const auto& [key, value] : Checked(client_->Stats())) {
      if (key == name) return std::strtoull(value.c_str(), nullptr, 10);
    }
    Fail("STATS has no " + std::string(name));
  }
  // Waits until so many were removed by a tag, by expiry or by a flush; at most two minutes.
  void AwaitRemoved(uint64_t removed) {
    const auto give_up = Clock::now() + std::chrono::minutes(2);
    while (Count("reclaimed") + Count("expired") < removed) {
      if (Clock::now() > give_up) Fail("the entries are not taken back");
      std::this_thread::sleep_for(milliseconds(100));  // each question is traffic as well
    }
  }
  uint64_t Removed() { return Count("reclaimed") + Count("expired"); }

 private:
  ServerProcess process_;
  std::unique_ptr<Client> client_;
};

// GETs at a fixed rate over connections of its own.
class OpenLoop {
 public:
  OpenLoop(const ServerProcess& process, size_t rate) : step_(nanoseconds(1'000'000'000 / rate)) {
    for (Connection& connection : connections_) {
      connection.fd = process.Connect();
      fcntl(connection.fd, F_SETFL, O_NONBLOCK);
    }
  }
  ~OpenLoop() {
    for (Connection& connection : connections_) close(connection.fd);
  }
  OpenLoop(const OpenLoop&) = delete;
  OpenLoop& operator=(const OpenLoop&) = delete;

  // Runs for `length`, waits for all answers, and returns the 99th percentile in microseconds.
  double Run(Clock::duration length) {
    prctl(PR_SET_TIMERSLACK, 1);
    times_.clear();
    const auto begin = Clock::now();
    Clock::time_point due = begin;
    while (due < begin + length || waiting_ > 0) {
      for (; due <= Clock::now() && due < begin + length; due += step_) Ask(due);
      Await(due < begin + length ? due : Clock::now() + milliseconds(10));
    }
    const auto at = times_.begin() + static_cast<ptrdiff_t>(times_.size() * 99 / 100);
    std::nth_element(times_.begin(), at, times_.end());
    return *at;
  }

 private:
  struct Connection {
    int fd = -1;
    std::deque<Clock::time_point> due;  // of GETs that have no answer yet
    std::string unsent;                 // while the server's side of the socket is full
  };

  void Ask(Clock::time_point due) {
    Connection& connection = connections_[asked_ % kConnections];
    const std::string request = "GET\tkey" + std::to_string(asked_ * 7919 % kKeys) + "\n";
    ++asked_;
    connection.unsent += request;
    Send(connection);
    connection.due.push_back(due);
    ++waiting_;
  }

  void Send(Connection& connection) {
    if (connection.unsent.empty()) return;
    const ssize_t size = write(connection.fd, connection.unsent.data(), connection.unsent.size());
    if (size < 0 && errno != EAGAIN) Fail("a GET could not be sent");
    if (size > 0) connection.unsent.erase(0, static_cast<size_t>(size));
  }

  void Await(Clock::time_point until) {
    std::array<pollfd, kConnections> polled{};
    for (size_t i = 0; i < kConnections; ++i) {
      const bool full = !connections_[i].unsent.empty();
      polled[i] = {connections_[i].fd, static_cast<short>(full ? POLLIN | POLLOUT : POLLIN), 0};
    }
    const auto left = std::max(nanoseconds(0), nanoseconds(until - Clock::now()));
    const timespec wait{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    if (ppoll(polled.data(), polled.size(), &wait, nullptr) <= 0) return;
    for (size_t i = 0; i < kConnections; ++i) {
      if ((polled[i].revents & POLLOUT) != 0) Send(connections_[i]);
      if ((polled[i].revents & ~POLLOUT) != 0) Read(connections_[i]);
    }
  }

  // Each line is the answer to one GET.
  void Read(Connection& connection) {
    std::array<char, 65536> bytes;
    const ssize_t size = read(connection.fd, bytes.data(), bytes.size());
    if (size <= 0 && errno != EAGAIN) Fail("tagcached closed a connection");
    const auto now = Clock::now();
    for (ssize_t i = 0; i < size; ++i) {
      if (bytes[static_cast<size_t>(i)] != '\n') continue;
      times_.push_back(Microseconds(now - connection.due.front()));
      connection.due.pop_front();
      --waiting_;
    }
  }

  std::array<Connection, kConnections> connections_;
  const Clock::duration step_;
  std::vector<double> times_;
  size_t asked_ = 0;
  size_t waiting_ = 0;
};

// true: the target is met. `prepare` prepares the event and returns when it is due; then `event`
// runs beside the load.
bool MeasureEvent(Server& server, OpenLoop& load, int rounds, size_t entries,
                  const std::string& what, const std::function<Clock::time_point()>& prepare,
                  const std::function<void()>& event) {
  std::vector<double> rest, during, ratios;
  for (int round = 0; round < rounds; ++round) {
    const uint64_t removed = server.Removed();
    server.Fill("key", kKeys, "");
    const Clock::time_point due = prepare();
    rest.push_back(load.Run(kWindow));
    std::this_thread::sleep_until(due);
    std::thread other(event);
    during.push_back(load.Run(kWindow));
    other.join();
    ratios.push_back(during.back() / rest.back());
    server.AwaitRemoved(removed + entries);
  }
  const double ratio = Median(ratios);
  const bool met = ratio < kMostRatio;
  std::printf("%-44s %9.0f %9.0f %7.2f  target %.0f: %s\n", what.c_str(), Median(rest),
              Median(during), ratio, kMostRatio, met ? "met" : "MISSED");
  std::fflush(stdout);
  return met;
}

bool MeasureEvents(const std::string& program, size_t entries, int rounds, size_t rate) {
  Server server(program);
  server.Fill("key", kKeys, "");
  OpenLoop load(server.process(), rate);
  load.Run(kWindow);  // warm
  std::printf(
      "%zu GETs a second, %zu connections; 99th percentile, us, median of %d rounds\n%-44s "
      "%9s %9s %7s\n",
      rate, kConnections, rounds, "", "at rest", "during", "ratio");
  const std::string count = std::to_string(entries);
  const auto fill = [&] {
    server.Fill("other", entries, kTag);
    return Clock::now();
  };
  bool met = MeasureEvent(
      server, load, rounds, 0, "nothing", [] { return Clock::now(); }, [] {});
  met &= MeasureEvent(server, load, rounds, entries, "a tag of " + count + " keys is invalidated",
                      fill, [&] {
                        if (Checked(server.client().InvalidateTag(kTag)) != entries) {
                          Fail("not as many were invalidated as had been put");
                        }
                      });
  // Long enough to store them all and to measure the second at rest.
  const auto ahead = kWindow + milliseconds(1000 + entries / 250);
  met &= MeasureEvent(
      server, load, rounds, entries, count + " entries expire at once",
      [&] {
        const auto due = Clock::now() + ahead;
        server.Fill("other", entries, "", due);
        return due;
      },
      [] {});
  met &= MeasureEvent(server, load, rounds, 0, count + " entries are flushed", fill,
                      [&] { Checked(server.client().Flush()); });
  return met;
}

// How long INVALIDATE_TAG takes to answer, by the number of keys with the tag.
bool MeasureAnswer(const std::string& program, size_t most, int rounds) {
  std::vector<size_t> sizes;
  for (size_t size : {1, 1000, 100'000, 1'000'000}) {
    if (size <= 4 * most) sizes.push_back(size);
  }
  Server server(program);
  std::vector<std::vector<double>> times(sizes.size());
  for (int round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < sizes.size(); ++i) {
      // Fewer keys are stored sooner, so there are more rounds.
      const int repeats = sizes[i] <= 1000 ? 20 : sizes[i] <= 100'000 ? 5 : 1;
      for (int repeat = 0; repeat < repeats; ++repeat) {
        const uint64_t removed = server.Removed();
        server.Fill("other", sizes[i], kTag);
        const auto from = Clock::now();
        const uint64_t count = Checked(server.client().InvalidateTag(kTag));
        times[i].push_back(Microseconds(Clock::now() - from));
        if (count != sizes[i]) Fail("not as many were invalidated as had been put");
        server.AwaitRemoved(removed + sizes[i]);
      }
    }
  }
  std::printf("\n%-44s %9s\n", "INVALIDATE_TAG until its answer, of", "us");
  double least = 0, longest = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const double time = Median(times[i]);
    std::printf("%-44s %9.0f\n", (std::to_string(sizes[i]) + " keys").c_str(), time);
    if (i == 0) least = longest = time;
    least = std::min(least, time);
    longest = std::max(longest, time);
  }
  const bool met = longest <= kMostSpread * least;
  std::printf("%-44s %9.2f  target %.0f: %s\n", "the longest to the shortest", longest / least,
              kMostSpread, met ? "met" : "MISSED");
  return met;
}

}  // namespace
}  // namespace tagcache::profiling

int main(int argc, char** argv) {
  using namespace tagcache::profiling;
  if (argc != 5) Fail("usage: profiling_interference TAGCACHED ENTRIES ROUNDS RATE");
  const size_t entries = std::strtoull(argv[2], nullptr, 10);
  const int rounds = std::atoi(argv[3]);
  const size_t rate = std::strtoull(argv[4], nullptr, 10);
  if (entries == 0 || rounds <= 0 || rate == 0) Fail("counts are numbers above 0");
  const bool events = MeasureEvents(argv[1], entries, rounds, rate);
  const bool answers = MeasureAnswer(argv[1], entries, rounds);
  return events && answers ? 0 : 1;
}
