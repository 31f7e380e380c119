#include "tests/hostile/bystander.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace tagcache::testing {
namespace {

using Clock = std::chrono::steady_clock;

// Between two rounds: three bystanders leave the machine mostly to the server and the attackers.
constexpr std::chrono::microseconds kPause{500};
constexpr std::chrono::milliseconds kTimeout{5000};
constexpr size_t kMostFailures = 5;

double Milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

double Experience::Percentile(double share) const {
  if (milliseconds.empty()) return 0;
  std::vector<double> sorted = milliseconds;
  std::sort(sorted.begin(), sorted.end());
  const auto at = static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::clamp<size_t>(at, 1, sorted.size()) - 1];
}

Bystander::Bystander(std::string transport, const std::string& dsn, const std::string& username,
                     const std::string& password, bool may_miss)
    : transport_(std::move(transport)), may_miss_(may_miss) {
  Options options;
  options.servers = {dsn};
  options.timeout = kTimeout;
  options.connect_timeout = kTimeout;
  options.username = username;
  options.password = password;
  options.client_name = "bystander";
  options.retries = 0;
  auto client = Client::Create(options);
  if (!client.ok()) std::abort();
  client_ = std::move(*client);
  // Connected before anybody attacks.
  if (const auto ping = client_->Ping(); !ping.ok()) Fail(ping.status().message());
  thread_ = std::thread([this] { Run(); });
}

Bystander::~Bystander() { Stop(); }

void Bystander::Stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

Experience Bystander::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Experience taken = std::exchange(experience_, {});
  if (began_ != Clock::time_point{}) {
    taken.milliseconds.push_back(Milliseconds(Clock::now() - began_));
  }
  return taken;
}

void Bystander::Fail(std::string what) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (experience_.failures.size() < kMostFailures) {
    experience_.failures.push_back(transport_ + ": " + std::move(what));
  }
}

template <typename F>
auto Bystander::Timed(F call) {
  const auto start = Clock::now();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    began_ = start;
  }
  auto result = call();
  const std::lock_guard<std::mutex> lock(mutex_);
  began_ = {};
  experience_.milliseconds.push_back(Milliseconds(Clock::now() - start));
  return result;
}

void Bystander::Run() {
  for (uint64_t i = 0; !stop_; ++i) {
    Round(i);
    std::this_thread::sleep_for(kPause);
  }
}

void Bystander::Round(uint64_t i) {
  const std::string key = "bystander:" + transport_ + ":" + std::to_string(i % 16);
  const std::string tag = "bystander:" + transport_;
  const std::string value = std::to_string(i) + std::string(100, 'v');
  const std::string_view tags[] = {tag};
  const Status put = Timed([&] { return client_->Put(key, {value}, {.tags = tags}); });
  if (!put.ok()) return Fail(put.message());
  const auto got = Timed([&] { return client_->Get(key); });
  if (!got.ok()) return Fail(got.status().message());
  const bool missed = !got->has_value();
  if (missed ? !may_miss_ : (**got).bytes != value) {
    return Fail("get: not what was put just now");
  }
  if (i % 4 != 3) return;
  const auto gone = Timed([&] { return client_->InvalidateTag(tag); });
  if (!gone.ok()) return Fail(gone.status().message());
  const auto miss = Timed([&] { return client_->Get(key); });
  if (!miss.ok()) return Fail(miss.status().message());
  if (miss->has_value()) Fail("get: what was invalidated is still there");
}

MachineProbe::MachineProbe() {
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_) != 0) std::abort();
  echo_ = std::thread([this] {
    char byte = 0;
    while (read(ends_[1], &byte, 1) == 1 && write(ends_[1], &byte, 1) == 1) {
    }
  });
  asker_ = std::thread([this] {
    while (!stop_) {
      const auto start = Clock::now();
      char byte = 1;
      if (write(ends_[0], &byte, 1) != 1 || read(ends_[0], &byte, 1) != 1) return;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        experience_.milliseconds.push_back(Milliseconds(Clock::now() - start));
      }
      std::this_thread::sleep_for(kPause);
    }
  });
}

MachineProbe::~MachineProbe() {
  stop_ = true;
  asker_.join();
  shutdown(ends_[0], SHUT_RDWR);
  echo_.join();
  close(ends_[0]);
  close(ends_[1]);
}

Experience MachineProbe::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(experience_, {});
}

}  // namespace tagcache::testing
