#ifndef TAGCACHE_TOOLS_PROGRAM_OUTPUT_H_
#define TAGCACHE_TOOLS_PROGRAM_OUTPUT_H_

// Runs a program and collects what it writes to standard output.

#include <string>
#include <vector>

struct ProgramOutput {
  std::string bytes;
  std::string failure;  // empty: it ran and exited with 0
};

// `command` is the program, found by PATH, and its arguments. It has this process's standard input
// and standard error. REQUIRES: !command.empty().
ProgramOutput RunProgram(const std::vector<std::string>& command);

#endif  // TAGCACHE_TOOLS_PROGRAM_OUTPUT_H_
