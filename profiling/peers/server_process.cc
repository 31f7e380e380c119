#include "profiling/peers/server_process.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "profiling/peers/address.h"

namespace tagcache::profiling {
namespace {

void ReplaceAll(std::string* text, std::string_view what, const std::string& with) {
  for (size_t at = 0; (at = text->find(what, at)) != std::string::npos; at += with.size()) {
    text->replace(at, what.size(), with);
  }
}

// A port that nobody listens on now. If another process takes it first, the server does not start.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    Fail("no free port: " + std::string(std::strerror(errno)));
  }
  close(fd);
  return ntohs(address.sin_port);
}

[[noreturn]] void RunChild(const std::vector<std::string>& command, const std::string& log) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(fd, STDOUT_FILENO);
  dup2(fd, STDERR_FILENO);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execv(words[0], words.data());
  std::perror(words[0]);
  _exit(127);
}

std::string Contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

void Fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(2);
}

std::string FindProgram(std::string_view name) {
  if (name.find('/') != std::string_view::npos) {
    return access(std::string(name).c_str(), X_OK) == 0 ? std::string(name) : "";
  }
  const char* path = getenv("PATH");
  std::istringstream folders(path ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string full = folder + "/" + std::string(name);
    if (access(full.c_str(), X_OK) == 0) return full;
  }
  return "";
}

ServerProcess::ServerProcess(std::vector<std::string> command) {
  std::string made = (std::filesystem::temp_directory_path() / "tagcache-XXXXXX").string();
  if (!mkdtemp(made.data())) Fail("no temporary directory: " + std::string(std::strerror(errno)));
  directory_ = made;
  socket_path_ = directory_ + "/socket";
  for (std::string& word : command) {
    ReplaceAll(&word, "{dir}", directory_);
    ReplaceAll(&word, "{socket}", socket_path_);
    if (word.find("{port}") == std::string::npos) continue;
    if (port_ == 0) port_ = FreePort();
    ReplaceAll(&word, "{port}", std::to_string(port_));
  }
  const std::string log = directory_ + "/log";
  pid_ = fork();
  if (pid_ == 0) RunChild(command, log);

  // The server is ready when it accepts. Between two tries this waits for its end.
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  int fd;
  while ((fd = port_ > 0 ? TryConnect(port_) : TryConnect(socket_path_)) < 0) {
    pollfd ended{pidfd, POLLIN, 0};
    if (poll(&ended, 1, 1) > 0 || std::chrono::steady_clock::now() > give_up) {
      kill(pid_, SIGKILL);
      Fail(command[0] + " did not start: " + Contents(log));
    }
  }
  close(fd);
  close(pidfd);
}

ServerProcess::~ServerProcess() {
  kill(pid_, SIGKILL);  // its data is not kept, so it need not end in order
  waitpid(pid_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

size_t ServerProcess::ResidentBytes() const { return Status("VmRSS:"); }
size_t ServerProcess::HighestResidentBytes() const { return Status("VmHWM:"); }

// Bytes that the kernel reports for the process under this name.
size_t ServerProcess::Status(std::string_view name) const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(name)) continue;
    return std::strtoull(line.c_str() + name.size(), nullptr, 10) * 1024;
  }
  Fail("the server is gone: " + Contents(directory_ + "/log"));
}

std::chrono::nanoseconds ServerProcess::CpuTime() const {
  const std::string stat = Contents("/proc/" + std::to_string(pid_) + "/stat");
  const size_t name_ends = stat.rfind(')');  // the name may have blanks
  if (name_ends == std::string::npos) Fail("the server is gone: " + Contents(directory_ + "/log"));
  std::istringstream fields(stat.substr(name_ends + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  int64_t user = 0, system = 0;
  fields >> user >> system;
  return std::chrono::nanoseconds(1'000'000'000 / sysconf(_SC_CLK_TCK) * (user + system));
}

int ServerProcess::Connect() const {
  const int fd = port_ > 0 ? TryConnect(port_) : TryConnect(socket_path_);
  if (fd < 0) Fail("cannot connect: " + std::string(std::strerror(errno)));
  return fd;
}

}  // namespace tagcache::profiling
