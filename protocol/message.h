#ifndef TAGCACHE_PROTOCOL_MESSAGE_H_
#define TAGCACHE_PROTOCOL_MESSAGE_H_

// Requests and responses as both codecs read and write them. They borrow everything: views point
// into the bytes they were decoded from (or that the caller wants sent), spans into a Scratch.
// Valid until those bytes are consumed or the Scratch is used again.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/command.h"
#include "protocol/status_code.h"

namespace tagcache::protocol {

inline constexpr uint8_t kVersion = 1;

// Time to live in milliseconds. nullopt: none given (a write never expires, INCREMENT keeps).
using TtlMs = std::optional<uint64_t>;
using Tags = std::span<const std::string_view>;

enum class Mode : uint8_t { kAny = 0, kAll = 1 };

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
  uint32_t features = 0;   // none are defined in version 1; the reply names those in force
  uint32_t max_frame = 0;  // longest body of a frame this peer accepts, bytes
  std::string_view name;   // of the client, or of the server in the reply ("tagcached 0.1.0")
};

struct Request {
  Op op = Op::kPing;
  uint64_t id = 0;       // binary codec only
  std::string_view key;  // or the tag of INVALIDATE_TAG and KEYS_BY_TAG
  std::string_view value;
  uint32_t flags = 0;
  TtlMs ttl;
  std::optional<Tags> tags;  // nullopt: none given
  std::span<const std::string_view> keys;
  std::span<const PutItem> items;
  int64_t by = 0;
  int64_t initial = 0;
  Mode mode = Mode::kAny;
  uint64_t cursor = 0;
  uint32_t limit = 0;  // 0: the server's page size; text codec: all
  Hello hello;
  std::string_view user;
  std::string_view password;
};

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
  std::string_view message;  // for errors: what, which limit; may be empty
  int64_t number = 0;        // kNumber; kPutReport: stored
  std::string_view value;    // kValue
  uint32_t flags = 0;        // kValue
  std::span<const RefusedItem> refused;
  std::span<const std::string_view> keys;  // kKeyPage
  uint64_t cursor = 0;                     // kKeyPage; 0: the last page
  MetaReply meta;
  std::span<const std::pair<std::string_view, std::string_view>> stats;
  Hello hello;
};

// Memory that decoding fills and reuses: after warm-up, decoding allocates nothing.
struct Scratch {
  std::vector<std::string_view> views;
  std::vector<PutItem> items;
  std::vector<std::pair<size_t, size_t>> item_tags;  // first and count, until views stops growing
  std::vector<RefusedItem> refused;
  std::vector<std::pair<std::string_view, std::string_view>> stats;
};

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_MESSAGE_H_
