#include "libclient/transport/fork_guard.h"

#include <pthread.h>
#include <unistd.h>

#include <mutex>

namespace tagcache {

std::atomic<uint64_t> fork_generation{1};

// All tables of the process. The lock is held across a fork, so the child finds the list whole; it
// is held for a few instructions otherwise and nothing else is locked inside it.
struct SocketTables {
  std::mutex mutex;
  SocketTable* first = nullptr;

  // Never destroyed: clients may outlive the static objects of the process.
  static SocketTables& All() {
    static SocketTables* const all = [] {
      auto* const made = new SocketTables;
      pthread_atfork([] { All().mutex.lock(); }, [] { All().mutex.unlock(); },
                     [] { All().InChild(); });
      return made;
    }();
    return *all;
  }

  void InChild() {
    fork_generation.fetch_add(1, std::memory_order_relaxed);
    for (SocketTable* table = first; table != nullptr; table = table->next_) table->CloseAll();
    mutex.unlock();
  }
  void Add(SocketTable* table) {
    const std::lock_guard lock(mutex);
    table->next_ = first;
    first = table;
  }
  void Remove(SocketTable* table) {
    const std::lock_guard lock(mutex);
    SocketTable** link = &first;
    while (*link != table) link = &(*link)->next_;
    *link = table->next_;
  }
};

SocketTable::SocketTable(size_t size) : size_(size), sockets_(new std::atomic<int>[size]) {
  for (size_t i = 0; i < size_; ++i) sockets_[i].store(-1, std::memory_order_relaxed);
  SocketTables::All().Add(this);
}

SocketTable::~SocketTable() {
  SocketTables::All().Remove(this);
  CloseAll();
}

int SocketTable::Add(int fd) {
  for (size_t i = 0; i < size_; ++i) {
    int free = -1;
    if (sockets_[i].compare_exchange_strong(free, fd)) return static_cast<int>(i);
  }
  return -1;
}

void SocketTable::Close(int place) {
  const int fd = sockets_[place].exchange(-1);
  if (fd >= 0) close(fd);
}

void SocketTable::CloseAll() {
  for (size_t i = 0; i < size_; ++i) Close(static_cast<int>(i));
}

}  // namespace tagcache
