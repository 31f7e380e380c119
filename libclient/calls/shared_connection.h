#ifndef TAGCACHE_LIBCLIENT_CALLS_SHARED_CONNECTION_H_
#define TAGCACHE_LIBCLIENT_CALLS_SHARED_CONNECTION_H_

// The connection that carries Submit: many batches of many threads are under way on it at once.
//
// There is no thread that reads. Of the threads that wait, one reads for all of them (the leader);
// the others sleep until their answers are in or the leader has gone:
//
//   thread A   Wait ---- leader: recv, tell all ----> own answers are in: returns
//   thread B   Wait ---- sleeps ------------------------------> leader: recv, tell all ---->
//   thread C   Submit (encode, send what the socket takes)
//
// What is left of a batch that the socket did not take at once is sent by whoever waits.
//
// A channel's machine is guarded by mutex_. I/O happens outside of it, in two roles that one thread
// at a time has: the reader owns the machine's receive buffer, the writer owns outbox.
//
// Threads: any. Errors: as Client::Submit and Wait.

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "libclient/calls/batch_run.h"
#include "libclient/pool/connection.h"
#include "libclient/pool/connector.h"
#include "libclient/pool/error_message.h"
#include "libclient/pool/mutex.h"
#include "libclient/pool/pool_counters.h"
#include "tagcache/batch.h"

namespace tagcache {

class SharedConnection {
 public:
  // `generation` is that of the process: its tickets bear it.
  SharedConnection(const Options& options, Connector& connector, PoolCounters& counters,
                   uint64_t generation);
  ~SharedConnection();

  Result<Ticket> Submit(const CallContext& call, const Batch& batch) EXCLUDES(mutex_);
  Result<std::vector<BatchResult>> Wait(Ticket ticket) EXCLUDES(mutex_);
  // The next Submit opens another connection; this one ends with its last ticket.
  void CloseAll() EXCLUDES(mutex_);

 private:
  struct Errand;

  // A connection and what is under way on it.
  struct Channel {
    explicit Channel(Connector& c) : connector(c) {}
    ~Channel() { connector.Close(std::move(connection)); }

    Connector& connector;
    std::unique_ptr<Connection> connection;
    std::map<uint64_t, Errand*> by_first_id;  // those that are not complete
    bool reading = false;                     // a thread has the reader's role
    bool writing = false;
    bool write_failed = false;
    protocol::Buffer outbox;  // the writer's; when nobody writes, under the mutex
    bool failed = false;
    ErrorCode failure = ErrorCode::kOk;
    ServerError server_error = ServerError::kNone;
    std::string because;
  };
  using ChannelRef = std::shared_ptr<Channel>;

  // A ticket's batch.
  struct Errand {
    Errand(const Batch& b, const Options& options, const CallContext& c)
        : batch(b), call(c), run(batch, options, call) {}

    const Batch batch;  // messages name its keys
    const CallContext call;
    BatchRun run;
    ChannelRef channel;
    bool waited_for = false;
  };

  Status Ensure(MutexLock& lock, const CallContext& call, ChannelRef* channel) REQUIRES(mutex_);
  bool StillGood(const CallContext& call, Channel& channel) REQUIRES(mutex_);
  void Write(Channel& channel) REQUIRES(mutex_);
  void WaitToWrite(Channel& channel, TimePoint deadline) REQUIRES(mutex_);
  Status Await(MutexLock& lock, Errand& errand) REQUIRES(mutex_);
  void Lead(Errand& errand) REQUIRES(mutex_);
  bool TellAll(Channel& channel) REQUIRES(mutex_);
  void TakeReadResult(Channel& channel, const IoResult& result) REQUIRES(mutex_);
  void Fail(Channel& channel, ErrorCode code, std::string_view because,
            ServerError server_error = ServerError::kNone) REQUIRES(mutex_);
  Status GiveUp(Errand& errand) REQUIRES(mutex_);

  const Options& options_;
  Connector& connector_;
  PoolCounters& counters_;
  const uint64_t ticket_mark_;  // the high bits of this process's tickets

  Mutex mutex_;
  std::condition_variable changed_;
  ChannelRef current_ GUARDED_BY(mutex_);
  bool opening_ GUARDED_BY(mutex_) = false;
  uint64_t epoch_ GUARDED_BY(mutex_) = 0;
  uint64_t last_ticket_ GUARDED_BY(mutex_) = 0;
  std::unordered_map<Ticket, std::unique_ptr<Errand>> errands_ GUARDED_BY(mutex_);
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_CALLS_SHARED_CONNECTION_H_
