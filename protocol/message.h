#ifndef TAGCACHE_PROTOCOL_MESSAGE_H_
#define TAGCACHE_PROTOCOL_MESSAGE_H_

// Requests and responses as all codecs read and write them. They borrow everything: views point
// into the bytes they were decoded from (or that the caller sends), spans into a Scratch. They are
// valid until those bytes are consumed or the Scratch is used again.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/batch.h"
#include "protocol/command.h"
#include "protocol/status_code.h"

namespace tagcache::protocol {

inline constexpr uint8_t kVersion = 1;
// Every peer accepts frames with a body up to this size, before and without a HELLO.
inline constexpr uint32_t kBaseMaxFrame = 64 * 1024;

// Bits of Hello::features.
inline constexpr uint32_t kFeatureLeaseToken = 1;  // PUT accepts the option bit of a lease token
inline constexpr uint32_t kFeatureBusyPoll = 2;    // the client polls; the server is asked to
inline constexpr uint32_t kFeatures = kFeatureLeaseToken | kFeatureBusyPoll;  // all that are known

// Time to live in milliseconds. nullopt: none given (a write never expires, INCREMENT keeps).
using TtlMs = std::optional<uint64_t>;
using Tags = std::span<const std::string_view>;

enum class Mode : uint8_t { kAny = 0, kAll = 1 };

// What decoding a request does with a list of keys or items: reads it into the Scratch, or leaves
// it in Request::batch, to be read a slice at a time.
enum class Lists : uint8_t { kDecoded, kLeftInBatch };

struct PutItem {
  std::string_view key;
  std::string_view value;
  uint32_t flags = 0;
  TtlMs ttl;
  Tags tags;
};

struct Hello {
  uint8_t min_version = kVersion;
  uint8_t max_version = kVersion;
  uint32_t features = 0;   // kFeature bits; the reply names those in force
  uint32_t max_frame = 0;  // longest body of a frame this peer accepts, bytes
  std::string_view name;   // of the client, or of the server in the reply ("tagcached 0.1.0")
};

struct Request {
  Op op = Op::kPing;
  uint64_t id = 0;       // the codec's; it comes back with the response
  std::string_view key;  // or the tag of INVALIDATE_TAG and KEYS_BY_TAG, or a prefix
  std::string_view value;
  uint32_t flags = 0;
  TtlMs ttl;
  std::optional<Tags> tags;  // nullopt: none given
  std::span<const std::string_view> keys;
  std::span<const PutItem> items;
  Batch batch;  // the keys or items, where they were left as bytes (Lists::kLeftInBatch)
  // INCREMENT, DECREMENT: only a key that was absent gets `ttl`.
  bool ttl_at_creation = false;
  // The text codec only: the number that is stored may have blanks around it and a '+'.
  bool lenient_number = false;
  int64_t by = 0;
  int64_t initial = 0;
  // The text codec only: the number that an absent key would get does not fit `initial`.
  bool initial_overflows = false;
  Mode mode = Mode::kAny;
  uint64_t cursor = 0;
  uint32_t limit = 0;    // 0: the server's page size; text codec: all
  uint64_t version = 0;  // COMPARE_AND_SET, COMPARE_AND_DELETE
  uint64_t token = 0;    // PUT: of the lease the value was computed under; 0: none
  // GET_LEASE: how many milliseconds the client may compute, and how many it waits for a value that
  // another one computes (0: it does not wait); whether the last value is acceptable meanwhile.
  uint32_t lease_ms = 0;
  uint32_t wait_ms = 0;
  bool stale_ok = false;
  Hello hello;
  std::string_view user;
  std::string_view password;
};

// Whether the request may be sent again after a broken connection. A PUT with a lease token may
// not: if it was carried out it ended the lease, and its repetition would be refused as stale.
inline bool IsRepeatable(const Request& request) {
  return request.token == 0 && (CommandOf(request.op).traits & kIdempotent) != 0;
}

struct MetaReply {
  int64_t ttl_left_ms = -1;  // -1: never expires
  uint64_t age_ms = 0;
  uint64_t size = 0;
  uint64_t version = 0;
  uint32_t flags = 0;
  Tags tags;
};

struct RefusedItem {
  uint32_t index = 0;
  StatusCode status = StatusCode::kOk;
};

// What a kLease reply holds. The numbers are part of the protocol.
enum class LeaseKind : uint8_t {
  kNothing = 0,     // another client computes, and the time to wait is over
  kValue = 1,       // a hit
  kStaleValue = 2,  // the last value, while another client computes
  kToken = 3,       // this client is to compute the value
};

// One item of a kTagStats reply.
struct TagUsage {
  std::string_view tag;
  uint64_t keys = 0;
  uint64_t bytes = 0;  // of the entries that have the tag
  uint64_t hits = 0;
  uint64_t invalidations = 0;
};

// One item of a kValues reply.
struct ValueItem {
  bool found = false;
  uint32_t flags = 0;
  std::string_view value;
};

struct Response {
  Op op = Op::kPing;
  uint64_t id = 0;
  StatusCode status = StatusCode::kOk;
  std::string_view message;               // of an error: what and which limit; may be empty
  int64_t number = 0;                     // kNumber, kProgress; kPutReport: stored
  std::string_view value;                 // kValue; kLease with a value
  uint32_t flags = 0;                     // of the value
  LeaseKind lease = LeaseKind::kNothing;  // kLease
  uint64_t token = 0;                     // kLease with a token
  std::span<const RefusedItem> refused;
  std::span<const std::string_view> keys;  // kKeyPage
  uint64_t cursor = 0;                     // kKeyPage, kProgress; 0: that was the end
  MetaReply meta;
  std::span<const TagUsage> tag_stats;
  std::span<const std::pair<std::string_view, std::string_view>> stats;
  Hello hello;
};

// Memory that decoding fills and reuses: after warm-up, decoding allocates nothing.
struct Scratch {
  std::vector<std::string_view> views;
  std::vector<PutItem> items;
  // Lists in `views`, which may move while it grows: they are set when all of them were read.
  struct Slice {
    Tags* list;
    size_t first;
    size_t count;
  };
  std::vector<Slice> lists;
  std::vector<RefusedItem> refused;
  std::vector<TagUsage> tag_stats;
  std::vector<std::pair<std::string_view, std::string_view>> stats;
};

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_MESSAGE_H_
