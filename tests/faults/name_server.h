#ifndef TAGCACHE_TESTS_FAULTS_NAME_SERVER_H_
#define TAGCACHE_TESTS_FAULTS_NAME_SERVER_H_

// A name server on loopback, and a child process whose resolver asks it: the child has a mount
// namespace of its own, where /etc/resolv.conf names it. That takes root.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

namespace tagcache::testing {

// Answers questions for A with 127.0.0.1, and others with nothing.
class NameServer {
 public:
  enum class Answer { kNever, kAddress, kNoSuchName };

  NameServer();
  ~NameServer();

  // Why there is none; empty: it listens.
  const std::string& unavailable() const { return unavailable_; }
  const std::string& address() const { return address_; }
  void set_answer(Answer answer) { answer_ = answer; }
  int questions() const { return questions_; }

 private:
  void Serve();

  int fd_ = -1;
  std::string address_;
  std::string unavailable_;
  std::atomic<Answer> answer_{Answer::kNever};
  std::atomic<int> questions_{0};
  std::thread thread_;
  std::atomic<bool> stop_{false};
};

// Runs `body` in a child process that asks a NameServer. The test fails with what `body` returns,
// if that is not empty, and is skipped where this system does not allow it.
void WithNameServer(const std::function<std::string(NameServer&)>& body);

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_FAULTS_NAME_SERVER_H_
