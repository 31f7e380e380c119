#ifndef TAGCACHE_TESTS_HOSTILE_OBSERVATION_H_
#define TAGCACHE_TESTS_HOSTILE_OBSERVATION_H_

// What a process uses, as the system shows it, and what its log says.

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

namespace tagcache::testing {

size_t ResidentBytesOf(pid_t pid);
size_t DescriptorsOf(pid_t pid);
// Processor time so far, of all threads.
std::chrono::milliseconds ProcessorTimeOf(pid_t pid);

// Lines of each kind of event, from a log's text.
std::map<std::string, size_t> LinesByEvent(const std::string& log);

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_HOSTILE_OBSERVATION_H_
