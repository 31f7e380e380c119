#include "tests/protocol/samples.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>

namespace tagcache::protocol {
namespace {

using std::string_view;

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr uint64_t kMaxU64 = std::numeric_limits<uint64_t>::max();
constexpr uint32_t kMaxU32 = std::numeric_limits<uint32_t>::max();

string_view EveryByte() {
  static const std::string bytes = [] {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    return all;
  }();
  return bytes;
}

const string_view kTwo[] = {"user:1", "user:2"};
const string_view kOddKeys[] = {"", string_view("\0\t\n,", 4), "same", "same"};
const string_view kOddTags[] = {"", "php", "php", string_view("\0\r\n\t,-", 6)};
const string_view kOneTag[] = {"section:web"};
const PutItem kItems[] = {
    {"plain", "value", 0, std::nullopt, {}},
    {"with ttl", "", 6, 0, {}},
    {"with tags", "v", kMaxU32, std::nullopt, kOddTags},
    {"", "both", 0x112, kMaxU64, kOneTag},
};
const RefusedItem kRefused[] = {{0, StatusCode::kValueTooLarge}, {kMaxU32, StatusCode::kOverflow}};
const TagUsage kUsage[] = {{"section:web", 12, 4096, 3, 1},
                           {"", 0, kMaxU64, kMaxU64 - 1, kMaxU64 - 2}};
const std::pair<string_view, string_view> kStats[] = {
    {"hits", "12"}, {"misses", "4"}, {"", ""}, {"version", "0.1.0"}};

Request Of(Op op) {
  Request request;
  request.op = op;
  return request;
}

Request OfKey(Op op, string_view key) {
  Request request = Of(op);
  request.key = key;
  return request;
}

Request OfKeys(Op op, std::span<const string_view> keys) {
  Request request = Of(op);
  request.keys = keys;
  return request;
}

Request Write(Op op, string_view key, string_view value, uint32_t flags, TtlMs ttl,
              std::optional<Tags> tags) {
  Request request = OfKey(op, key);
  request.value = value;
  request.flags = flags;
  request.ttl = ttl;
  request.tags = tags;
  return request;
}

Request Step(Op op, int64_t by, int64_t initial, TtlMs ttl, std::optional<Tags> tags) {
  Request request = Write(op, "counter", "", 1, ttl, tags);
  request.by = by;
  request.initial = initial;
  return request;
}

Request AtCreation(Request request) {
  request.ttl_at_creation = true;
  return request;
}

Request OfTags(Op op, Mode mode, Tags tags, uint64_t cursor = 0, uint32_t limit = 0) {
  Request request = Of(op);
  request.mode = mode;
  request.tags = tags;
  request.cursor = cursor;
  request.limit = limit;
  return request;
}

Request Paged(Request request, uint64_t cursor, uint32_t limit) {
  request.cursor = cursor;
  request.limit = limit;
  return request;
}

Request Versioned(Request request, uint64_t version) {
  request.version = version;
  return request;
}

Request UnderLease(Request request, uint64_t token) {
  request.token = token;
  return request;
}

Request Leased(string_view key, uint32_t lease_ms, uint32_t wait_ms, bool stale_ok) {
  Request request = OfKey(Op::kGetLease, key);
  request.lease_ms = lease_ms;
  request.wait_ms = wait_ms;
  request.stale_ok = stale_ok;
  return request;
}

Request Credentials(Op op, string_view user, string_view password, Hello hello = {}) {
  Request request = Of(op);
  request.user = user;
  request.password = password;
  request.hello = hello;
  return request;
}

Response Answer(Op op, StatusCode status = StatusCode::kOk) {
  Response response;
  response.op = op;
  response.status = status;
  return response;
}

Response Number(Op op, int64_t number) {
  Response response = Answer(op);
  response.number = number;
  return response;
}

Response Progress(int64_t number, uint64_t cursor) {
  Response response = Number(Op::kDeletePrefix, number);
  response.cursor = cursor;
  return response;
}

Response Lease(LeaseKind kind, string_view value = {}, uint32_t flags = 0, uint64_t token = 0) {
  Response response = Answer(Op::kGetLease);
  response.lease = kind;
  response.value = value;
  response.flags = flags;
  response.token = token;
  return response;
}

Response Valued(string_view value, uint32_t flags, Op op = Op::kGet) {
  Response response = Answer(op);
  response.value = value;
  response.flags = flags;
  return response;
}

Response Page(Op op, std::span<const string_view> keys, uint64_t cursor) {
  Response response = Answer(op);
  response.keys = keys;
  response.cursor = cursor;
  return response;
}

Response Error(Op op, StatusCode status, string_view message) {
  Response response = Answer(op, status);
  response.message = message;
  return response;
}

}  // namespace

std::vector<Request> SampleRequests() {
  std::vector<Request> all = {
      Credentials(Op::kHello, "", "", {1, 1, 0, 0, ""}),
      Credentials(Op::kHello, "u", "p", {1, 255, kMaxU32, kMaxU32, "libtagcache"}),
      Credentials(Op::kAuth, "user", "password"),
      Credentials(Op::kAuth, "", EveryByte()),
      Of(Op::kPing),
      OfKey(Op::kGet, "user:1"),
      OfKey(Op::kGet, ""),
      OfKey(Op::kGet, EveryByte()),
      Write(Op::kReplace, EveryByte(), EveryByte(), kMaxU32, kMaxU64, Tags(kOddTags)),
      OfKey(Op::kDelete, "user:1"),
      OfKey(Op::kExists, "user:1"),
      OfKey(Op::kTouch, "forever"),
      Write(Op::kTouch, "k", "", 0, 1, std::nullopt),
      Step(Op::kIncrement, 1, 1, std::nullopt, std::nullopt),
      Step(Op::kIncrement, kMax, kMin, 0, Tags(kOddTags)),
      Step(Op::kDecrement, kMin, kMax, kMaxU64, Tags()),
      Step(Op::kDecrement, 7, -7, std::nullopt, Tags(kOneTag)),
      AtCreation(Step(Op::kIncrement, 1, 1, 60'000, Tags(kOneTag))),
      OfKey(Op::kMeta, "user:1"),
      OfKeys(Op::kMGet, {}),
      OfKeys(Op::kMGet, kTwo),
      OfKeys(Op::kMGet, kOddKeys),
      OfKeys(Op::kMDelete, kOddKeys),
      OfKeys(Op::kInvalidateKeys, kTwo),
      OfKey(Op::kInvalidateTag, "section:web"),
      OfKey(Op::kInvalidateTag, ""),
      OfTags(Op::kInvalidateTags, Mode::kAny, kOddTags),
      OfTags(Op::kInvalidateTags, Mode::kAll, kOneTag),
      OfTags(Op::kInvalidateTags, Mode::kAll, {}),
      OfKey(Op::kKeysByTag, "section:web"),
      Paged(OfKey(Op::kKeysByTag, "t"), kMaxU64, kMaxU32),
      OfTags(Op::kSearch, Mode::kAll, kOddTags, 12, 1000),
      OfKey(Op::kScan, ""),
      Paged(OfKey(Op::kScan, EveryByte()), kMaxU64, kMaxU32),
      OfKey(Op::kDeletePrefix, "user:"),
      Paged(OfKey(Op::kDeletePrefix, ""), kMaxU64, 0),
      Of(Op::kTagStats),
      Paged(Of(Op::kTagStats), 0, kMaxU32),
      Leased("k", 0, 0, false),
      Leased(EveryByte(), kMaxU32, 1, true),
      Leased("", 1, kMaxU32, false),
      OfKey(Op::kGetAndTouch, "forever"),
      Write(Op::kGetAndTouch, "k", "", 0, kMaxU64, std::nullopt),
      Versioned(OfKey(Op::kCompareAndDelete, "k"), kMaxU64),
      Write(Op::kAppend, "k", EveryByte(), 0, std::nullopt, std::nullopt),
      Write(Op::kPrepend, "", "", kMaxU32, std::nullopt, std::nullopt),
      UnderLease(Write(Op::kPut, "k", "v", 0, std::nullopt, std::nullopt), 1),
      UnderLease(Write(Op::kPut, "k", EveryByte(), 6, 0, Tags(kOddTags)), kMaxU64),
      Of(Op::kStats),
      Of(Op::kFlush),
  };
  for (const Op op : {Op::kPut, Op::kAdd, Op::kReplace, Op::kCompareAndSet}) {
    const uint64_t version = op == Op::kCompareAndSet ? kMaxU64 - all.size() : 0;
    all.push_back(Versioned(Write(op, "k", "v", 0, std::nullopt, std::nullopt), version));
    all.push_back(Versioned(Write(op, "k", "", 3, 0, std::nullopt), version));
    all.push_back(Versioned(Write(op, "", "v", 0, 60'000, Tags()), version));
    all.push_back(
        Versioned(Write(op, "k", EveryByte(), 0x112, std::nullopt, Tags(kOneTag)), version));
  }
  Request items = Of(Op::kMPut);
  all.push_back(items);
  items.items = kItems;
  all.push_back(items);
  uint64_t id = kMaxU64;
  for (Request& request : all) request.id = id--;
  return all;
}

std::vector<Response> SampleResponses() {
  std::vector<Response> all = {
      Answer(Op::kAuth),
      Answer(Op::kPing),
      Valued("", 0),
      Valued(EveryByte(), kMaxU32),
      Answer(Op::kGet, StatusCode::kNotFound),
      Answer(Op::kPut),
      Answer(Op::kAdd),
      Answer(Op::kAdd, StatusCode::kExists),
      Answer(Op::kReplace),
      Answer(Op::kReplace, StatusCode::kNotFound),
      Answer(Op::kDelete),
      Answer(Op::kDelete, StatusCode::kNotFound),
      Answer(Op::kExists),
      Answer(Op::kTouch),
      Number(Op::kIncrement, kMax),
      Number(Op::kDecrement, kMin),
      Number(Op::kMDelete, 2),
      Number(Op::kInvalidateTag, 0),
      Number(Op::kInvalidateTags, 500'000),
      Number(Op::kInvalidateKeys, 1),
      Number(Op::kFlush, kMax),
      Page(Op::kKeysByTag, {}, 0),
      Page(Op::kKeysByTag, kOddKeys, kMaxU64),
      Page(Op::kSearch, kTwo, 17),
      Page(Op::kScan, {}, 1),
      Page(Op::kScan, kOddKeys, 0),
      Progress(0, kMaxU64),
      Progress(kMax, 0),
      Lease(LeaseKind::kNothing),
      Lease(LeaseKind::kValue, "", 0),
      Lease(LeaseKind::kValue, EveryByte(), kMaxU32),
      Lease(LeaseKind::kStaleValue, "last", 6),
      Lease(LeaseKind::kToken, "", 0, kMaxU64),
      Valued("touched", 1, Op::kGetAndTouch),
      Answer(Op::kGetAndTouch, StatusCode::kNotFound),
      Answer(Op::kCompareAndSet),
      Answer(Op::kCompareAndSet, StatusCode::kNotFound),
      Error(Op::kCompareAndSet, StatusCode::kVersionMismatch, "written since"),
      Answer(Op::kCompareAndDelete),
      Answer(Op::kCompareAndDelete, StatusCode::kNotFound),
      Error(Op::kPut, StatusCode::kStaleToken, "overtaken"),
      Answer(Op::kAppend),
      Answer(Op::kAppend, StatusCode::kNotFound),
      Answer(Op::kPrepend),
      Answer(Op::kTagStats),
      Answer(Op::kStats),
      Error(Op::kPut, StatusCode::kOutOfMemory, ""),
      Error(Op::kMGet, StatusCode::kBadRequest, EveryByte()),
      Error(static_cast<Op>(0xEE), StatusCode::kUnknownCommand, "no such command"),
  };
  for (const int number : {16, 17, 22, 30, 37, 64, 69, 128, 255}) {
    all.push_back(Error(Op::kGet, static_cast<StatusCode>(number), "what went wrong"));
  }
  Response response = Number(Op::kMPut, kMaxU32);
  all.push_back(response);
  response.refused = kRefused;
  all.push_back(response);
  response = Answer(Op::kMeta);
  all.push_back(response);
  response.meta = {kMax, kMaxU64, 64 << 20, kMaxU64, kMaxU32, kOddTags};
  all.push_back(response);
  response = Answer(Op::kStats);
  response.stats = kStats;
  all.push_back(response);
  response = Answer(Op::kTagStats);
  response.tag_stats = kUsage;
  all.push_back(response);
  response = Answer(Op::kHello);
  response.hello = {1, 1, kMaxU32, 262'144, "tagcached 0.1.0"};
  all.push_back(response);
  uint64_t id = kMaxU64;
  for (Response& sample : all) sample.id = id--;
  return all;
}

TEST(Samples, HoldARequestOfEveryCommand) {
  std::set<Op> ops;
  for (const Request& request : SampleRequests()) ops.insert(request.op);
  for (const Command& command : Commands()) EXPECT_EQ(ops.count(command.op), 1u) << command.name;
}

TEST(Samples, HoldAnAnswerOfEveryCommandButMGet) {
  std::set<Op> ops;
  for (const Response& response : SampleResponses()) {
    if (response.status == StatusCode::kOk) ops.insert(response.op);
  }
  for (const Command& command : Commands()) {
    EXPECT_EQ(ops.count(command.op), command.op == Op::kMGet ? 0u : 1u) << command.name;
  }
}

}  // namespace tagcache::protocol
