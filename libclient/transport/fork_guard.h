#ifndef TAGCACHE_LIBCLIENT_TRANSPORT_FORK_GUARD_H_
#define TAGCACHE_LIBCLIENT_TRANSPORT_FORK_GUARD_H_

// Keeps a child process from using its parent's connections.
//
// Every open socket is listed in a SocketTable: a fixed array of atomics, which is valid whatever
// the parent's threads were doing at the moment of the fork. The fork handler closes all of them in
// the child, before the child runs anything else, and increments the generation. An object that was
// made in another generation must not use its connections. No call needs the process id.
//
// Not covered: a child made by the raw system call, because fork handlers do not run then. exec is
// covered by SOCK_CLOEXEC.
//
// Threads: any. Errors: none.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace tagcache {

extern std::atomic<uint64_t> fork_generation;  // fork_guard.cc alone changes it
// Differs between a process and its children. Costs one relaxed load.
inline uint64_t ForkGeneration() { return fork_generation.load(std::memory_order_relaxed); }

class SocketTable {
 public:
  explicit SocketTable(size_t size);
  ~SocketTable();
  SocketTable(const SocketTable&) = delete;
  SocketTable& operator=(const SocketTable&) = delete;

  // Remembers an open socket. Returns its place, or -1 when the table is full.
  int Add(int fd);
  // Closes the socket in a place and frees the place.
  void Close(int place);

 private:
  friend struct SocketTables;
  void CloseAll();

  const size_t size_;
  const std::unique_ptr<std::atomic<int>[]> sockets_;  // -1: free
  SocketTable* next_ = nullptr;                        // in the list of all tables
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_TRANSPORT_FORK_GUARD_H_
