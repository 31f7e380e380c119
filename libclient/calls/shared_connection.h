#ifndef TAGCACHE_LIBCLIENT_CALLS_SHARED_CONNECTION_H_
#define TAGCACHE_LIBCLIENT_CALLS_SHARED_CONNECTION_H_

// The connection that carries Submit: many batches of many threads are in flight on it at once.
//
// No thread of its own reads from it. One of the threads that wait reads for all of them (the
// leader); the others sleep until their answers have come or the leader returns:
//
//   thread A   Wait ---- leader: recv, dispatch ----> its answers have come: returns
//   thread B   Wait ---- sleeps ------------------------------> leader: recv, dispatch ---->
//   thread C   Submit (encode, send what the socket takes)
//
// A thread that waits also sends what the socket did not take at once.
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
  // `generation` is that of the process and is part of its tickets.
  SharedConnection(const Options& options, Connector& connector, PoolCounters& counters,
                   uint64_t generation);
  ~SharedConnection();

  Result<Ticket> Submit(const CallContext& call, const Batch& batch) EXCLUDES(mutex_);
  Result<std::vector<BatchResult>> Wait(Ticket ticket) EXCLUDES(mutex_);
  size_t tickets_open() EXCLUDES(mutex_);
  // The next Submit opens another connection; this one ends with its last ticket.
  void CloseAll() EXCLUDES(mutex_);

 private:
  struct InFlightBatch;

  // A connection and the batches in flight on it.
  struct Channel {
    explicit Channel(Connector& c) : connector(c) {}
    ~Channel() { connector.Close(std::move(connection)); }

    Connector& connector;
    std::unique_ptr<Connection> connection;
    std::map<uint64_t, InFlightBatch*> by_first_id;  // those that are not complete
    bool reading = false;                            // a thread has the reader's role
    bool writing = false;
    bool write_failed = false;
    protocol::Buffer outbox;  // the writer's; when nobody writes, under the mutex
    bool failed = false;
    ErrorCode failure = ErrorCode::kOk;
    ServerError server_error = ServerError::kNone;
    std::string because;
  };
  using ChannelRef = std::shared_ptr<Channel>;

  // The batch of a ticket that was not waited for yet.
  struct InFlightBatch {
    InFlightBatch(const Batch& b, const Options& options, const CallContext& c)
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
  Status Await(MutexLock& lock, InFlightBatch& batch) REQUIRES(mutex_);
  void Lead(InFlightBatch& batch) REQUIRES(mutex_);
  bool DispatchEvents(Channel& channel) REQUIRES(mutex_);
  void TakeReadResult(Channel& channel, const IoResult& result) REQUIRES(mutex_);
  void Fail(Channel& channel, ErrorCode code, std::string_view because,
            ServerError server_error = ServerError::kNone) REQUIRES(mutex_);
  Status GiveUp(InFlightBatch& batch) REQUIRES(mutex_);

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
  std::unordered_map<Ticket, std::unique_ptr<InFlightBatch>> in_flight_ GUARDED_BY(mutex_);
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_CALLS_SHARED_CONNECTION_H_
