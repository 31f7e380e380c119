#include "tools/program_output.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace {

// The end of the pipe that this process reads; -1: *error says why there is none.
int Spawn(const std::vector<std::string>& command, pid_t* child, int* error) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    *error = errno;
    return -1;
  }
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  *error = posix_spawnp(child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (*error == 0) return ends[0];
  close(ends[0]);
  return -1;
}

}  // namespace

ProgramOutput RunProgram(const std::vector<std::string>& command) {
  ProgramOutput output;
  pid_t child = -1;
  int error = 0;
  const int end = Spawn(command, &child, &error);
  if (end < 0) {
    output.failure = command[0] + ": " + std::strerror(error);
    return output;
  }
  char chunk[64 * 1024];
  for (;;) {
    const ssize_t n = read(end, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    output.bytes.append(chunk, static_cast<size_t>(n));
  }
  close(end);
  int state = 0;
  while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(state)) {
    output.failure = command[0] + " was ended by signal " + std::to_string(WTERMSIG(state));
  } else if (WEXITSTATUS(state) != 0) {
    output.failure = command[0] + " exited with " + std::to_string(WEXITSTATUS(state));
  }
  return output;
}
