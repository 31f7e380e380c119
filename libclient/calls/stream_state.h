#ifndef TAGCACHE_LIBCLIENT_CALLS_STREAM_STATE_H_
#define TAGCACHE_LIBCLIENT_CALLS_STREAM_STATE_H_

// A get or bulk get in progress. The keys of a bulk get are divided into requests; two of them are
// in flight at a time, so that the connection never idles and what the server answers out of turn
// (it interleaves long replies) stays bounded by one reply.
//
// A key that the protocol can not carry is not sent, and one that the server refuses costs its own
// item alone: the request in which it was is sent again in parts, until the key is alone in one.
//
// Threads: one at a time. Errors: as Stream. All memory is kept for the next use.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
    uint64_t id = 0;  // 0: nothing is to come, `error` is the one item
    size_t first_key = 0;
    size_t keys = 0;
    Status error = {};
  };
  static constexpr size_t kWindow = 2;

  size_t count() const { return bulk_ ? keys_.size() : 1; }
  Status CheckKeys();
  Status CheckKey(std::string_view key) const;
  // Checks a connection out and sends the first requests. `check`: this is a repetition, on a
  // connection that is checked first.
  Status Open(bool check);
  void SendWindow();
  void PopFront();
  bool DeliverError(StreamItem* item);
  Status RefusedKey(size_t index, protocol::StatusCode status, std::string_view message) const;
  // The server refused request `id` because of one of its keys.
  void SendRefusedAgain(uint64_t id, protocol::StatusCode status, std::string_view message);
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
  std::vector<Refusal> unsendable_;  // in the order of the keys
  size_t alone_over_ = SIZE_MAX;     // see AloneOverAfter
  Status item_error_;                // of the item delivered last
  bool bulk_ = false;
  bool open_ = false;
  size_t sent_ = 0;       // keys, those that are not sent at all included
  size_t delivered_ = 0;  // items
  uint32_t tries_ = 0;
  Status lost_;                              // see AfterLost
  std::array<InFlight, kWindow> in_flight_;  // the oldest first
  size_t in_flight_count_ = 0;
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_CALLS_STREAM_STATE_H_
