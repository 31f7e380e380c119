// tagcached: reads its settings, opens its listeners and waits for signals while the workers run.
//
//   SIGTERM, SIGINT: stop accepting, answer what was read, exit 0
//   SIGHUP: open the log file again
//   SIGPIPE, SIGXFSZ: ignored
//
// Exit status: 0 stopped as asked, 1 could not start, 2 settings refused.

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <string>

#include "server/config.h"
#include "server/log.h"
#include "server/net/server.h"
#include "server/processors.h"

namespace tagcache::server {
namespace {

constexpr int kCouldNotStart = 1;
constexpr int kRefused = 2;

// Whoever waits for --ready-fd finds the lines of the start in the log, if it can be written.
constexpr std::chrono::milliseconds kLogTime{200};

void Print(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n <= 0) return;
    text.remove_prefix(static_cast<size_t>(n));
  }
}

sigset_t HandledSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

uint64_t RandomSeed() {
  std::random_device device;
  return static_cast<uint64_t>(device()) << 32 | device();
}

size_t WorkersOf(const Config& config) {
  if (config.workers > 0) return config.workers;
  return UsableProcessors();
}

EngineOptions EngineOptionsOf(const Config& config, const MemoryLimits& memory) {
  EngineOptions options;
  options.store = {.shards = config.shards,
                   .seed = RandomSeed(),
                   .max_key = config.max_key,
                   .max_tag = config.max_tag,
                   .max_tags = config.max_tags,
                   .max_value = config.max_value,
                   .memory_limit = memory.limit,
                   .max_lease_ms = config.max_lease_ms};
  if (const uint64_t machine = MemoryOfProcess(); machine > 0) {
    options.store.machine_memory = machine;
  }
  options.client_memory_limit = memory.client_limit;
  options.max_frame = static_cast<uint32_t>(config.max_frame);
  options.output_backlog = config.output_backlog;
  options.max_connections = config.max_connections;
  options.username = config.username;
  options.password = config.password;
  options.version = TAGCACHE_VERSION;
  options.latency_clock = [] {
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                     std::chrono::steady_clock::now().time_since_epoch())
                                     .count());
  };
  return options;
}

ServerOptions ServerOptionsOf(const Config& config) {
  ServerOptions options;
  options.host = config.host;
  options.port = static_cast<uint16_t>(config.port);
  options.unix_socket = config.unix_socket;
  options.unix_socket_mode = static_cast<mode_t>(config.unix_socket_mode);
  options.workers = WorkersOf(config);
  options.worker.max_connections = config.max_connections;
  options.worker.max_shm_connections = config.max_shm_connections;
  options.worker.busy_poll = std::chrono::microseconds(config.busy_poll_us);
  options.worker.idle_timeout = config.idle_timeout_ms;
  options.worker.shutdown_timeout = config.shutdown_timeout_ms;
  options.worker.sockets = {.tcp_nodelay = config.tcp_nodelay,
                            .tcp_keepalive_s = static_cast<unsigned>(config.tcp_keepalive_s),
                            .send_buffer = config.send_buffer,
                            .receive_buffer = config.receive_buffer};
  return options;
}

void LogIgnoredVariables(const CommandLine& line, Log& log) {
  for (const auto& [variable, value] : line.ignored_variables) {
    log.Write(Level::kWarning, "variable_ignored",
              {{"variable", variable},
               {"value", value},
               {"detail", "this is no setting but the address of a service"}});
  }
}

// Writes where the server listens to the descriptor of --ready-fd.
void Announce(int fd, const Server& server) {
  if (fd < 0) return;
  std::string lines;
  if (!server.tcp_address().empty()) lines += "tcp " + server.tcp_address() + "\n";
  if (!server.unix_path().empty()) lines += "unix " + server.unix_path() + "\n";
  Print(fd, lines);
  close(fd);
}

// Memory that was freed goes back to the system: large blocks are mapped one by one, and the heap's
// end is cut off. By default glibc keeps blocks of up to 32 MiB, once some of that size were freed.
void LimitFreeHeap() {
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
}

void LogStart(const Config& config, const MemoryLimits& memory, const Server& server, Log& log) {
  log.Write(Level::kInfo, "started",
            {{"version", TAGCACHE_VERSION}, {"pid", getpid()}, {"workers", WorkersOf(config)}});
  log.Write(Level::kInfo, "memory",
            {{"memory_limit", memory.limit},
             {"client_memory_limit", memory.client_limit},
             {"available", memory.available},
             {"chosen_by", config.memory_limit == kAutomatic ? "default" : "setting"}});
  if (!server.tcp_address().empty()) {
    log.Write(Level::kInfo, "listening", {{"transport", "tcp"}, {"address", server.tcp_address()}});
    if (config.username.empty() && !IsLoopback(config.host)) {
      log.Write(Level::kWarning, "no_credentials",
                {{"address", server.tcp_address()},
                 {"detail", "whoever reaches this address can read and write the cache"}});
    }
  }
  if (!server.unix_path().empty()) {
    log.Write(Level::kInfo, "listening", {{"transport", "unix"}, {"path", server.unix_path()}});
  }
}

// Returns when the process is to stop.
void WaitForSignals(const sigset_t& signals, Log& log) {
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal != SIGHUP) {
      log.Write(Level::kInfo, "stopping", {{"signal", sigabbrev_np(signal)}});
      return;
    }
    const std::string error = log.Open();
    if (error.empty()) {
      log.Write(Level::kInfo, "log_opened", {{"signal", "HUP"}});
    } else {
      log.Write(Level::kError, "log_not_opened", {{"detail", error}});
    }
  }
}

int Serve(const CommandLine& line) {
  const Config& config = line.config;
  // Blocked before any thread is made, so that only WaitForSignals sees them.
  const sigset_t signals = HandledSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Log log(config.log_file, config.log_level);
  if (const std::string error = log.Open(); !error.empty()) {
    Print(STDERR_FILENO, "tagcached: " + error + "\n");
    return kCouldNotStart;
  }
  LogIgnoredVariables(line, log);
  LimitFreeHeap();
  Engine engine(EngineOptionsOf(config, line.memory), &log, Worker::Now());
  Server server(engine, ServerOptionsOf(config));
  if (const std::string error = server.Open(); !error.empty()) {
    log.Write(Level::kError, "not_started", {{"detail", error}});
    if (!config.log_file.empty()) Print(STDERR_FILENO, "tagcached: " + error + "\n");
    return kCouldNotStart;
  }
  server.Start();
  LogStart(config, line.memory, server, log);
  log.Flush(kLogTime);
  Announce(line.ready_fd, server);
  WaitForSignals(signals, log);
  server.Stop();
  server.Join();
  log.Write(Level::kInfo, "stopped", {});
  return 0;
}

int Run(int argc, char** argv) {
  const CommandLine line = ReadCommandLine(
      argc, argv, [](const char* name) { return std::getenv(name); }, TAGCACHE_VERSION);
  switch (line.action) {
    case CommandLine::Action::kServe:
      return Serve(line);
    case CommandLine::Action::kPrint:
      Print(STDOUT_FILENO, line.output);
      return 0;
    case CommandLine::Action::kRefuse:
      Print(STDERR_FILENO, line.output);
      return kRefused;
  }
  return kRefused;
}

// Descriptors 0, 1 and 2 may be closed at the start. The next files and sockets that are opened
// would then get these numbers, and what is meant for stderr would go there.
void OpenStandardDescriptors() {
  for (;;) {
    const int fd = open("/dev/null", O_RDWR);
    if (fd >= 0 && fd <= STDERR_FILENO) continue;
    if (fd >= 0) close(fd);
    return;
  }
}

// A peer that has gone and a file that may not grow are errors of one write, not the end.
void IgnoreSignals() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

}  // namespace
}  // namespace tagcache::server

int main(int argc, char** argv) {
  tagcache::server::OpenStandardDescriptors();
  tagcache::server::IgnoreSignals();
  try {
    return tagcache::server::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tagcached: %s\n", error.what());
    return 1;
  }
}
