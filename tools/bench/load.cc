#include "tools/bench/load.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "tagcache/client.h"
#include "tools/bench/worker.h"

namespace tagcache::bench {
namespace {

using std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

TimePoint::duration AsDuration(double seconds) {
  return std::chrono::duration_cast<TimePoint::duration>(Seconds(seconds));
}

// Raises the limit to a descriptor for each connection, and some for the process itself.
Status RaiseDescriptorLimit(size_t connections) {
  const rlim_t wanted = connections + 64;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return {};
  limit.rlim_cur = wanted;
  limit.rlim_max = std::max(limit.rlim_max, wanted);  // the superuser may
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return {};
  return Status(ErrorCode::kUsage, std::to_string(connections) +
                                       " connections need as many open files (ulimit -n), and the "
                                       "system allows fewer");
}

Result<std::vector<std::unique_ptr<Client>>> OpenIdle(const BenchOptions& options) {
  std::vector<std::unique_ptr<Client>> clients;
  while (clients.size() < options.idle_connections) {
    Result<std::unique_ptr<Client>> client = Client::Create(options.server);
    if (!client.ok()) return client.status();
    if (const auto ping = (*client)->Ping(); !ping.ok()) return ping.status();
    clients.push_back(std::move(*client));
  }
  return clients;
}

// Stores every key, so that gets hit.
Status StoreKeys(const BenchOptions& options) {
  Result<std::unique_ptr<Client>> client = Client::Create(options.server);
  if (!client.ok()) return client.status();
  Workload workload(options, 0);
  const size_t chunk = std::clamp<size_t>((1 << 20) / (options.max_value + 1), 1, 500);
  std::vector<std::string> keys(chunk), tags(chunk);
  std::vector<std::string_view> views(chunk);  // of tags
  std::vector<PutItem> items;
  for (uint64_t at = 0; at < options.keys; at += chunk) {
    items.clear();
    for (size_t i = 0; i < chunk && at + i < options.keys; ++i) {
      keys[i] = workload.KeyName(at + i);
      PutItem item{.key = keys[i], .value = {workload.DrawValue()}};
      if (workload.tagged_load()) {
        views[i] = tags[i] = workload.TagName(at + i);
        item.options.tags = std::span(&views[i], 1);
      }
      items.push_back(item);
    }
    const Result<PutReport> report = (*client)->MultiPut(items);
    if (!report.ok()) return report.status();
    if (!report->refused.empty()) return report->refused.front().status;
  }
  return {};
}

using Workers = std::vector<std::unique_ptr<Worker>>;

Result<Workers> MakeWorkers(const BenchOptions& options, Clock& clock) {
  std::vector<std::vector<std::unique_ptr<Lane>>> lanes(options.threads);
  for (size_t i = 0; i < options.connections; ++i) {
    Result<std::unique_ptr<Lane>> lane = MakeLane(options);
    if (!lane.ok()) return lane.status();
    if (Status status = (*lane)->Connect(); !status.ok()) return status;
    lanes[i % options.threads].push_back(std::move(*lane));
  }
  Workers workers;
  for (size_t i = 0; i < options.threads; ++i) {
    workers.push_back(
        std::make_unique<Worker>(std::move(lanes[i]), Workload(options, i + 1), clock));
  }
  return workers;
}

// Prints once a second what happened in that second, until the workers are done.
class ProgressLine {
 public:
  ProgressLine(const std::vector<Progress>& threads, bool visible)
      : threads_(threads), visible_(visible) {}

  void WaitFor(size_t workers) {
    const TimePoint start = steady_clock::now();
    TimePoint next = start;
    std::unique_lock lock(mutex_);
    for (;;) {
      next += std::chrono::seconds(1);
      if (changed_.wait_until(lock, next, [&] { return done_ == workers; })) return;
      if (visible_)
        Print(std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now() - start));
    }
  }

  void Done() {
    const std::lock_guard lock(mutex_);
    ++done_;
    changed_.notify_all();
  }

 private:
  void Print(std::chrono::seconds since_start) {
    uint64_t calls = 0, keys = 0, errors = 0;
    for (const Progress& thread : threads_) {
      calls += thread.calls.load(std::memory_order_relaxed);
      keys += thread.keys.load(std::memory_order_relaxed);
      errors += thread.errors.load(std::memory_order_relaxed);
    }
    std::fprintf(stderr, "%5lld s  %10llu calls/s  %10llu keys/s  %llu errors\n",
                 static_cast<long long>(since_start.count()),
                 static_cast<unsigned long long>(calls - calls_),
                 static_cast<unsigned long long>(keys - keys_),
                 static_cast<unsigned long long>(errors));
    calls_ = calls;
    keys_ = keys;
  }

  const std::vector<Progress>& threads_;
  const bool visible_;
  uint64_t calls_ = 0;
  uint64_t keys_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t done_ = 0;
};

Share ShareOf(const BenchOptions& options, TimePoint start, size_t thread) {
  Share share;
  share.start = start;
  share.measured_from = start + AsDuration(options.warmup);
  share.end = share.measured_from + AsDuration(options.seconds);
  share.requests = options.requests / options.threads;
  if (thread < options.requests % options.threads) ++share.requests;
  share.rate = options.rate / static_cast<double>(options.threads);
  share.arrivals = options.arrivals;
  share.first_arrival = start;
  if (!options.closed_loop()) {
    share.first_arrival += AsDuration(static_cast<double>(thread) / options.rate);
  }
  return share;
}

LoadResult RunWorkers(const BenchOptions& options, const std::atomic<bool>& stop,
                      const Workers& workers) {
  const TimePoint start =
      steady_clock::now() + std::chrono::milliseconds(5);  // all threads are there
  std::vector<Progress> progress(workers.size());
  ProgressLine line(progress, !options.quiet && isatty(STDERR_FILENO) != 0);
  std::vector<Tally> tallies;
  for (size_t i = 0; i < workers.size(); ++i) {
    tallies.emplace_back(ShareOf(options, start, i).measured_from, &progress[i]);
  }
  std::vector<std::thread> threads;
  for (size_t i = 0; i < workers.size(); ++i) {
    threads.emplace_back([&, i] {
      workers[i]->Run(ShareOf(options, start, i), stop, tallies[i]);
      line.Done();
    });
  }
  line.WaitFor(workers.size());
  for (std::thread& thread : threads) thread.join();

  LoadResult result;
  for (const Tally& tally : tallies) result.tally.Merge(tally);
  const Share share = ShareOf(options, start, 0);
  TimePoint end = result.tally.last_answer();
  if (options.requests == 0 && !stop) end = std::max(end, share.end);
  result.seconds = std::max(Seconds(end - share.measured_from).count(), 0.0);
  return result;
}

}  // namespace

Result<LoadResult> RunLoad(const BenchOptions& options, const std::atomic<bool>& stop) {
  if (Status status = RaiseDescriptorLimit(options.connections + options.idle_connections);
      !status.ok()) {
    return status;
  }
  if (options.load) {
    if (Status status = StoreKeys(options); !status.ok()) return status;
  }
  const auto idle = OpenIdle(options);
  if (!idle.ok()) return idle.status();
  Clock clock;
  const auto workers = MakeWorkers(options, clock);
  if (!workers.ok()) return workers.status();
  return RunWorkers(options, stop, *workers);
}

}  // namespace tagcache::bench
