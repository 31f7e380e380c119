#ifndef TAGCACHE_LIBCLIENT_CALLS_STREAM_STATE_H_
#define TAGCACHE_LIBCLIENT_CALLS_STREAM_STATE_H_

// A get or bulk get in progress. The keys of a bulk get are divided into requests; two of them are
// in flight at a time, so that the connection never idles and what the server answers out of turn
// (it interleaves long replies) stays bounded by one reply.
//
// Threads: one at a time. Errors: as Stream. All memory is kept for the next use.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "libclient/calls/client_core.h"
#include "libclient/calls/key_list.h"
#include "tagcache/client.h"

namespace tagcache {

struct Stream::State {
 public:
  Status StartGet(ClientCore& core, std::string_view key, CallOptions options);
  Status StartMultiGet(ClientCore& core, KeySource& keys, CallOptions options);
  Result<bool> Next(StreamItem* item);
  Result<size_t> NextItems(std::span<StreamItem> items);
  void Close();
  // Closes the stream and its connection, whose state is unknown.
  void Abort();

 private:
  struct InFlight {
    uint64_t id = 0;
    size_t first_key = 0;
  };
  static constexpr size_t kWindow = 2;

  size_t count() const { return bulk_ ? keys_.size() : 1; }
  Status CheckKeys() const;
  Status CheckKey(std::string_view key) const;
  // Checks a connection out and sends the first requests. `check`: this is a repetition, on a
  // connection that is checked first.
  Status Open(bool check);
  void SendWindow();
  Status Fail(Outcome outcome);
  bool MayRepeat() const;
  bool TakeEvent(const Event& event, StreamItem* item, Outcome* outcome);

  ClientCore* core_ = nullptr;
  CoreState* process_ = nullptr;
  Checkout checkout_;
  CallContext call_;
  // As they go on the wire: the key of a single get, the keys of a bulk get.
  std::string key_;
  KeyList keys_;
  bool bulk_ = false;
  bool open_ = false;
  size_t sent_ = 0;       // keys
  size_t delivered_ = 0;  // items
  uint32_t tries_ = 0;
  std::array<InFlight, kWindow> in_flight_;  // the oldest first
  size_t in_flight_count_ = 0;
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_CALLS_STREAM_STATE_H_
