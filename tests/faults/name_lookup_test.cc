// Lessons 38: looking a name up obeys the deadline, whatever the name server does.

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "tagcache/client.h"
#include "tests/client/fake_server.h"
#include "tests/faults/name_server.h"
#include "tests/support/server_process.h"

namespace tagcache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::NameServer;
using testing::Stopwatch;
using testing::WithNameServer;

using Answer = NameServer::Answer;

std::unique_ptr<Client> Connect(std::vector<std::string> servers, milliseconds timeout,
                                milliseconds connect_timeout = seconds(10)) {
  Options options;
  options.servers = std::move(servers);
  options.timeout = timeout;
  options.connect_timeout = connect_timeout;
  options.backoff = milliseconds(0);
  return *Client::Create(options);
}

// Collects what does not hold; the body of a test returns it.
class Report {
 public:
  template <typename... T>
  void Check(bool holds, const T&... words) {
    if (!holds) (text_ << ... << words) << "\n";
  }
  void CheckHas(const Status& status, const std::string& words) {
    Check(status.message().find(words) != std::string::npos, "'", words, "' is not in '",
          status.message(), "'");
  }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
};

size_t Threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<size_t>(std::distance(tasks, {}));
}

TEST(NameLookup, EachCallEndsAtItsDeadlineWhileTheNameServerIsSilent) {
  WithNameServer([](NameServer& server) {
    Report report;
    const size_t threads = Threads();
    const auto client = Connect({"tcp://cache.test:1984"}, milliseconds(200));
    for (int i = 0; i < 20; ++i) {
      const Stopwatch watch;
      const Status status = client->Put("k", {"v"});
      report.Check(!status.ok() && watch.elapsed() < milliseconds(400), i, ": ", status.message());
      report.CheckHas(status, "the name 'cache.test'");
      report.Check(Threads() <= threads + 1, Threads(), " threads");
    }
    report.Check(server.questions() > 0, "it was not asked");
    return report.text();
  });
}

TEST(NameLookup, ConnectTimeoutBoundsIt) {
  WithNameServer([](NameServer&) {
    Report report;
    const auto client = Connect({"tcp://cache.test"}, seconds(5), milliseconds(100));
    const Stopwatch watch;
    const Status status = client->Get("k").status();
    report.Check(watch.elapsed() < milliseconds(300), "it took too long");
    report.Check(status.code() == ErrorCode::kConnection, status.message());
    report.CheckHas(status, "connect_timeout 100 ms");
    return report.text();
  });
}

TEST(NameLookup, ServerThatIsReachableByAnotherAddressIsUsed) {
  testing::ServerProcess cache;
  WithNameServer([&](NameServer&) {
    Report report;
    const auto client = Connect({"tcp://cache.test", cache.tcp_dsn()}, milliseconds(400));
    const Status first = client->Put("k", {"v"});
    report.Check(first.ok(), first.message());
    // The silent name costs its share of the time once.
    client->CloseConnections();
    const Stopwatch watch;
    const Status second = client->Put("k", {"v"});
    report.Check(second.ok() && watch.elapsed() < milliseconds(100), second.message());
    return report.text();
  });
}

TEST(NameLookup, NameThatDoesNotResolveSaysSo) {
  WithNameServer([](NameServer& server) {
    Report report;
    server.set_answer(Answer::kNoSuchName);
    const auto client = Connect({"tcp://cache.test"}, seconds(5));
    const Status status = client->Get("k").status();
    report.Check(status.code() == ErrorCode::kConnection, status.message());
    report.CheckHas(status, "the name 'cache.test' does not resolve: ");
    return report.text();
  });
}

TEST(NameLookup, AddressesAreKeptForAWhileAndForAllClients) {
  testing::ServerProcess cache;
  WithNameServer([&](NameServer& server) {
    Report report;
    server.set_answer(Answer::kAddress);
    const std::string dsn = "tcp://cache.test:" + std::to_string(cache.port());
    const Status first = Connect({dsn}, seconds(5))->Put("k", {"v"});
    report.Check(first.ok(), first.message());
    const int questions = server.questions();
    server.set_answer(Answer::kNever);
    const Status second = Connect({dsn}, milliseconds(300))->Put("k", {"v"});
    report.Check(second.ok(), second.message());
    report.Check(server.questions() == questions, "it was asked again");
    return report.text();
  });
}

TEST(NameLookup, AnswerThatCameTooLateIsUsedByALaterCall) {
  testing::ServerProcess cache;
  WithNameServer([&](NameServer& server) {
    Report report;
    const auto client =
        Connect({"tcp://cache.test:" + std::to_string(cache.port())}, milliseconds(100));
    report.Check(!client->Put("k", {"v"}).ok(), "it was answered");
    server.set_answer(Answer::kAddress);  // the resolver asks again after three seconds
    const Stopwatch watch;
    Status status;
    do {
      status = client->Put("k", {"v"});
      usleep(20'000);
    } while (!status.ok() && watch.elapsed() < seconds(10));
    report.Check(status.ok(), status.message());
    return report.text();
  });
}

TEST(NameLookup, ChildOfAForkLooksUpForItself) {
  testing::ServerProcess cache;
  WithNameServer([&](NameServer& server) {
    Report report;
    const std::string dsn = "tcp://cache.test:" + std::to_string(cache.port());
    const auto client = Connect({dsn}, milliseconds(100));
    report.Check(!client->Put("k", {"v"}).ok(), "it was answered");  // its helper is at work
    server.set_answer(Answer::kAddress);
    const pid_t child = fork();
    if (child == 0) {
      const auto own = Connect({dsn}, seconds(2));
      _exit(own->Put("child", {"v"}).ok() ? 0 : 1);
    }
    int state = 0;
    waitpid(child, &state, 0);
    report.Check(state == 0, "the child's call failed");
    return report.text();
  });
}

TEST(NameLookup, ProcessEndsWhileALookUpIsAtWork) {
  WithNameServer([](NameServer&) {
    Report report;
    const Stopwatch watch;
    const pid_t child = fork();
    if (child == 0) {
      const bool failed = !Connect({"tcp://cache.test"}, milliseconds(100))->Put("k", {"v"}).ok();
      exit(failed ? 0 : 1);
    }
    int state = 0;
    waitpid(child, &state, 0);
    report.Check(state == 0, "state ", state);
    report.Check(watch.elapsed() < seconds(2), "it waited for the name server");
    return report.text();
  });
}

TEST(NameLookup, NumericAddressStartsNoHelper) {
  testing::ServerProcess cache;
  const size_t threads = Threads();
  EXPECT_TRUE(Connect({cache.tcp_dsn()}, seconds(5))->Put("k", {"v"}).ok());
  EXPECT_EQ(Threads(), threads);
}

}  // namespace
}  // namespace tagcache
