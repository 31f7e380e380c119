#ifndef TAGCACHE_LIBCLIENT_CALLS_BATCH_RUN_H_
#define TAGCACHE_LIBCLIENT_CALLS_BATCH_RUN_H_

// A batch on its way over one connection: commands to requests, answers to results.
//
// Threads: one at a time. Lifetime: the batch and the options outlive it.
// Errors: each command's is in its result; std::bad_alloc.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "libclient/calls/wire_names.h"
#include "libclient/machine/connection_machine.h"
#include "libclient/pool/error_message.h"
#include "tagcache/batch.h"

namespace tagcache {

class BatchRun {
 public:
  BatchRun(const Batch& batch, const Options& options, const CallContext& call);

  // Whether all of it may be sent again after a broken connection.
  bool idempotent() const;
  void set_server(const std::string& server) { server_ = server; }

  // Sends commands until `enough` bytes are waiting to be sent; false: that was the last. What the
  // protocol can not carry is not sent and has its result at once. REQUIRES: between the first call
  // and the last nobody else sends on the machine.
  bool SendSome(ConnectionMachine& machine, size_t enough = 256 * 1024);
  bool all_sent() const { return next_ == batch_.size(); }
  bool complete() const { return all_sent() && answered_ == sent_.size(); }

  // Takes the answer to request `id`.
  void Take(uint64_t id, const protocol::Response& response);
  std::vector<BatchResult> TakeResults() { return std::move(results_); }

  // The IDs of its requests are first_id(), first_id() + 1, ... A ticket whose deadline has passed
  // abandons those without an answer.
  uint64_t first_id() const { return first_id_; }
  size_t id_count() const { return sent_.size(); }
  bool answered(uint64_t id) const {
    assert(id - first_id_ < sent_.size());
    return sent_[id - first_id_].answered;
  }

 private:
  struct Sent {
    size_t index = 0;      // of the command
    bool removal = false;  // a DELETE in the place of a PUT that could not be sent
    bool answered = false;
  };

  CallContext ContextOf(size_t index) const;
  Status Fill(size_t index, WireNames& names, protocol::Request* request);
  void SendOne(size_t index, ConnectionMachine& machine);
  void Send(size_t index, bool removal, const protocol::Request& request,
            ConnectionMachine& machine);

  const Batch& batch_;
  const Options& options_;
  const CallContext call_;
  std::string server_;
  size_t next_ = 0;  // command
  uint64_t first_id_ = 0;
  std::vector<Sent> sent_;
  size_t answered_ = 0;
  std::vector<BatchResult> results_;
  std::vector<std::string_view> tags_;
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_CALLS_BATCH_RUN_H_
