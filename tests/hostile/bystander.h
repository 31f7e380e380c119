#ifndef TAGCACHE_TESTS_HOSTILE_BYSTANDER_H_
#define TAGCACHE_TESTS_HOSTILE_BYSTANDER_H_

// A well-behaved client beside the attackers: it puts, gets and invalidates all the time, over one
// transport, and checks every answer. What others do to the server is judged by what happens to it.
//
// Threads: the bystander has one of its own; its methods are called from another.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tagcache/client.h"

namespace tagcache::testing {

// What one stretch of time was like.
struct Experience {
  std::vector<double> milliseconds;   // of each call
  std::vector<std::string> failures;  // errors and wrong answers, in words
  double Percentile(double share) const;
  double Worst() const { return Percentile(1); }
};

class Bystander {
 public:
  // `may_miss`: others may remove its entries; that a value is not there is not a failure then.
  Bystander(std::string transport, const std::string& dsn, const std::string& username,
            const std::string& password, bool may_miss);
  ~Bystander();

  const std::string& transport() const { return transport_; }
  // Ends the stretch that began with the last call of this, and returns it. A call that is still
  // under way counts with the time it took so far.
  Experience Take();
  void Stop();

 private:
  void Run();
  void Round(uint64_t i);
  template <typename F>
  auto Timed(F call);
  void Fail(std::string what);

  const std::string transport_;
  const bool may_miss_;
  std::unique_ptr<Client> client_;
  std::mutex mutex_;
  Experience experience_;
  std::chrono::steady_clock::time_point began_{};  // of the call under way; zero: none is
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// What the machine itself does meanwhile: two threads of this program that wake each other through
// a socket pair, as a client and a server do.
class MachineProbe {
 public:
  MachineProbe();
  ~MachineProbe();
  Experience Take();

 private:
  int ends_[2] = {-1, -1};
  std::mutex mutex_;
  Experience experience_;
  std::atomic<bool> stop_{false};
  std::thread echo_;
  std::thread asker_;
};

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_HOSTILE_BYSTANDER_H_
