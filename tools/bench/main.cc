// tagcache-bench loads a server as many clients would, and reports throughput and latency. It uses
// the installed C++ API only. --help explains every option.

#include <signal.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <optional>

#include "tools/bench/load.h"
#include "tools/bench/options.h"
#include "tools/bench/report.h"

namespace {

using namespace tagcache::bench;  // NOLINT: a program of its own

std::atomic<bool> stop = false;  // the first Ctrl-C ends the run, the second the program

void StopEarly() {
  struct sigaction action {};
  action.sa_handler = [](int) { stop = true; };
  action.sa_flags = SA_RESETHAND;
  sigaction(SIGINT, &action, nullptr);
}

int Run(int argc, char** argv) {
  BenchOptions options;
  const std::optional<int> code =
      ParseCommandLine({argv + 1, argv + argc}, &options, std::cout, std::cerr);
  if (code) return *code;
  StopEarly();
  const auto result = RunLoad(options, stop);
  if (!result.ok()) {
    std::cerr << "tagcache-bench: " << result.status().message() << "\n";
    return result.status().code() == tagcache::ErrorCode::kUsage ? kUsage : kFailed;
  }
  std::cout << (options.json ? AsJson(options, *result) : AsTable(options, *result));
  return result->tally.errors().empty() ? kDone : kErrors;
}

}  // namespace

int main(int argc, char** argv) {
  const int code = Run(argc, argv);
  // Without this check a run whose report met a full disk would look like a good one.
  if (!std::cout.flush()) {
    std::cerr << "tagcache-bench: standard output: " << std::strerror(errno) << "\n";
    return kFailed;
  }
  return code;
}
