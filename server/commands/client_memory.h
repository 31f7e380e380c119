#ifndef TAGCACHE_SERVER_COMMANDS_CLIENT_MEMORY_H_
#define TAGCACHE_SERVER_COMMANDS_CLIENT_MEMORY_H_

// The one account of what connections hold, and the choice of the one to close when that is too
// much.
//
//   owned    input that is not a whole request yet, answers that wait to be sent, requests that
//            wait, rings of shared memory. Each connection reports its sum after each of its turns
//   pinned   entries that the store has removed and that connections still send
//            (Store::pinned_removed_bytes). Sixty readers of a value that is still in the store pin
//            nothing of their own; sixty readers of sixty replaced versions pin all of them
//
// Past the limit connections are closed, the one that holds the most first. A transfer that is
// under way is cheaper than memory that is kept: in its first second at its size a connection
// counts by the part of it that has passed. So who sends one large value at once is not closed
// for the sake of those who keep half of one.
//
// Connections that hold 4 KiB or more are listed by size, a list for each power of two, the longest
// at that size first:
//
//   4 KiB:   a -> b -> c         A report that stays within its power of two is one atomic
//   8 KiB:                       addition. One that does not takes the lock and moves the
//   ...                          connection. The one to close is the head of one of the lists.
//   32 MiB:  d -> e
//
// A connection is closed by its own worker. If another worker's connection holds the most, that
// worker gets a signal. Which entries a connection pins that are no longer in the store is known to
// its worker alone, and changes when others write: so each worker counts them anew
// (Holder::ReportPinned) when the account is over its limit.
//
// Threads: any; a Holder only its worker's.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/store/mutex.h"
#include "server/store/store.h"

namespace tagcache::server {

// What connections may hold where nothing else is set: a quarter of the limit of the whole server,
// or this much where it has none.
inline constexpr size_t kClientMemoryWithoutLimit = size_t{256} << 20;
size_t DefaultClientMemoryLimit(size_t memory_limit);
// The part of memory_limit that entries may not use, so that connections never displace them. The
// whole server may exceed memory_limit by a tenth, and connections may have that tenth.
size_t ReservedForClients(size_t memory_limit, size_t client_memory_limit);

class ClientMemory {
 public:
  class Holder;

  // The connections of one worker. `signal` is called from any thread when one of them is to be
  // closed: the worker then calls CountPinned and Choose. It may not call the account.
  class Group {
   public:
    using Signal = void (*)(void* context);
    Group(ClientMemory& account, Signal signal, void* context);
    // No signal comes after this. Call it once, at the end.
    void Close();

   private:
    friend class ClientMemory;
    ClientMemory& account_;
    const Signal signal_;
    void* const context_;
    std::atomic<TimeMs> counted_{0};  // when its pinned entries were last counted
  };

  // One connection's part of the account.
  class Holder {
   public:
    // `owner` is what owner() returns.
    Holder(ClientMemory& account, Group& group, void* owner)
        : account_(account), group_(group), owner_(owner) {}
    ~Holder() { Report(0, 0, 0); }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

    void ReportOwned(size_t bytes, TimeMs now) {
      if (bytes != owned_) Report(bytes, pinned_, now);
    }
    void ReportPinned(size_t bytes, TimeMs now) {
      if (bytes != pinned_) Report(owned_, bytes, now);
    }
    size_t owned() const { return owned_; }
    size_t pinned() const { return pinned_; }
    size_t bytes() const { return owned_ + pinned_; }
    void* owner() const { return owner_; }

   private:
    friend class ClientMemory;
    void Report(size_t owned, size_t pinned, TimeMs now);

    ClientMemory& account_;
    Group& group_;
    void* const owner_;
    size_t owned_ = 0;
    size_t pinned_ = 0;
    size_t list_ = 0;   // 0: it is in none
    TimeMs since_ = 0;  // when it came into the list
    Holder* before_ = nullptr;
    Holder* after_ = nullptr;
  };

  // limit 0: none.
  ClientMemory(size_t limit, const Store& store) : limit_(limit), store_(store) {}

  size_t limit() const { return limit_; }
  size_t owned() const { return owned_.load(std::memory_order_relaxed); }
  // Bytes of all connections.
  size_t used() const { return owned() + store_.pinned_removed_bytes(); }
  bool exceeded() const { return limit_ != 0 && used() > limit_; }
  // Whether closing connections would help now: more is held than the limit, as far as it is known
  // who holds it.
  bool must_close() const;
  // Whether the group's worker has something to do: to choose, or first to count what its
  // connections pin.
  bool NeedsWork(const Group& group, TimeMs now) const;

  // Whether the group's pinned entries are to be counted, because they were not lately.
  bool BeginCount(Group& group, TimeMs now);
  // Returns the connection to close if it belongs to the group. nullptr: none has to be closed, or
  // it is another group's, which got a signal.
  Holder* Choose(Group& group, TimeMs now) EXCLUDES(mutex_);

  // Rings of shared memory are kept as long as their connection, whatever it does. They may take
  // half of the limit. false: these would be more.
  bool AddRings(size_t bytes);
  void RemoveRings(size_t bytes);

 private:
  // Lists are numbered by the bits of their sizes, from that of 4 KiB on.
  static constexpr size_t kLeastBits = 13;
  static constexpr size_t kLists = 64 + 1 - kLeastBits + 1;

  struct List {
    Holder* first = nullptr;
    Holder* last = nullptr;
  };

  static size_t ListOf(size_t bytes);
  void Move(Holder& holder, size_t list, TimeMs now) EXCLUDES(mutex_);
  void Unlink(Holder& holder) REQUIRES(mutex_);
  void SignalOthers(const Group& group, TimeMs now) REQUIRES(mutex_);

  const size_t limit_;
  const Store& store_;
  std::atomic<size_t> owned_{0};
  std::atomic<size_t> pinned_{0};  // as reported; an entry that several pin counts for each
  std::atomic<size_t> rings_{0};   // part of owned_
  Mutex mutex_;
  std::array<List, kLists> lists_ GUARDED_BY(mutex_);
  std::vector<Group*> groups_ GUARDED_BY(mutex_);
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_COMMANDS_CLIENT_MEMORY_H_
