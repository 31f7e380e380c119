#include "tests/support/server_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace tagcache::testing {

namespace {

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "ServerProcess: %s\n", what.c_str());
  std::abort();
}

// Reads until the peer closes: tagcached closes the ready descriptor when it listens.
std::string ReadAll(int fd) {
  std::string all;
  char chunk[512];
  for (;;) {
    const ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return all;
    all.append(chunk, static_cast<size_t>(n));
  }
}

// A server that waited for a reader would still get through its start.
void FillAllButAPage(const int ends[2]) {
  char page[4096] = {};
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  while (write(ends[1], page, sizeof page) > 0) {
  }
  fcntl(ends[1], F_SETFL, 0);
  if (read(ends[0], page, sizeof page) != sizeof page) Fail("the pipe was not filled");
}

int OpenOutput(ProcessBounds::Output output, const std::string& path, int* unread_pipe) {
  switch (output) {
    case ProcessBounds::Output::kFile:
      return open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    case ProcessBounds::Output::kFullDisk:
      return open("/dev/full", O_WRONLY | O_CLOEXEC);
    case ProcessBounds::Output::kUnreadPipe: {
      int ends[2];
      if (pipe2(ends, O_CLOEXEC) != 0) Fail("pipe2");
      FillAllButAPage(ends);
      *unread_pipe = ends[0];
      return ends[1];
    }
  }
  return -1;
}

// Fills a file up to a size with a line, so that what follows begins a line.
void FillTo(int fd, uint64_t bytes) {
  if (ftruncate(fd, static_cast<off_t>(bytes - 1)) != 0 || write(fd, "\n", 1) != 1) Fail("fill");
}

void Limit(__rlimit_resource resource, uint64_t most) {
  if (most == 0) return;
  const rlimit limit = {.rlim_cur = most, .rlim_max = most};
  setrlimit(resource, &limit);
}

}  // namespace

ServerProcess::ServerProcess(std::vector<std::string> flags, int port,
                             const ProcessBounds& bounds) {
  char name[] = "/tmp/tagcached-test-XXXXXX";
  if (mkdtemp(name) == nullptr) Fail("mkdtemp");
  directory_ = name;
  socket_path_ = directory_ + "/tagcached.sock";
  log_path_ = directory_ + "/log";
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) Fail("pipe2");

  std::vector<std::string> args = {TAGCACHED_PATH, "--port=" + std::to_string(port),
                                   "--unix-socket=" + socket_path_, "--ready-fd=3"};
  args.insert(args.end(), flags.begin(), flags.end());
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);

  const int output = OpenOutput(bounds.output, log_path_, &unread_pipe_);
  if (bounds.file_bytes > 0) FillTo(output, bounds.file_bytes - 1024);
  pid_ = fork();
  if (pid_ < 0) Fail("fork");
  if (pid_ == 0) {
    // The ready pipe may itself be descriptor 3, so it is moved up first.
    const int pipe_end = fcntl(ready[1], F_DUPFD, 10);
    dup2(output, 1);
    dup2(output, 2);
    dup2(pipe_end, 3);
    for (int fd = 4; fd < 1024; ++fd) close(fd);
    if (bounds.close_standard) {
      for (int fd = 0; fd <= 2; ++fd) close(fd);
    }
    Limit(RLIMIT_NOFILE, bounds.descriptors);
    Limit(RLIMIT_FSIZE, bounds.file_bytes);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(output);
  close(ready[1]);
  std::istringstream lines(ReadAll(ready[0]));
  close(ready[0]);
  for (std::string kind, address; lines >> kind >> address;) {
    if (kind == "tcp") port_ = std::atoi(address.substr(address.rfind(':') + 1).c_str());
  }
  if (port_ == 0) Fail("tagcached did not start:\n" + Log());
}

ServerProcess::~ServerProcess() {
  Kill();
  if (unread_pipe_ >= 0) close(unread_pipe_);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string ServerProcess::tcp_dsn() const { return "tcp://127.0.0.1:" + std::to_string(port_); }
std::string ServerProcess::unix_dsn() const { return "unix://" + socket_path_; }
std::string ServerProcess::shm_dsn() const { return "shm://" + socket_path_; }

std::string ServerProcess::Log() const {
  std::ifstream file(log_path_);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void ServerProcess::Signal(int signal) {
  if (pid_ > 0) kill(pid_, signal);
}

int ServerProcess::Wait(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (pid_ > 0) {
    int state = 0;
    if (waitpid(pid_, &state, WNOHANG) == pid_) {
      pid_ = -1;
      return WIFEXITED(state) ? WEXITSTATUS(state) : -WTERMSIG(state);
    }
    if (std::chrono::steady_clock::now() >= end) return -1000;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return -1000;
}

void ServerProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  Wait();
}

}  // namespace tagcache::testing
