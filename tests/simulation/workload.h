#ifndef TAGCACHE_TESTS_SIMULATION_WORKLOAD_H_
#define TAGCACHE_TESTS_SIMULATION_WORKLOAD_H_

// Makes the random operations of the simulated callers, and adds each to the history when it
// begins.

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/message.h"
#include "tagcache/options.h"
#include "tests/simulation/history.h"
#include "tests/simulation/payload.h"
#include "tests/simulation/random.h"

namespace tagcache::simulation {

inline constexpr size_t kDataKeys = 6;
inline constexpr size_t kCounters = 2;
inline constexpr size_t kTags = 4;
inline constexpr uint32_t kLeaseMs = 20;
inline constexpr size_t kMaxValue = 128 * 1024;  // the server's limit

// Names of keys (counters last) and tags. Where every connection uses the binary codec, they have
// bytes that the text codec can not carry.
struct Names {
  std::vector<std::string> keys;
  std::vector<std::string> tags;
};

inline Names MakeNames(bool any_bytes) {
  using std::string_literals::operator""s;
  if (any_bytes) {
    return {{"", "tab\there", "line\nfeed\n", "comma,", "nul\0nul"s, "VALUE\tx\r\n", "c0", "c\n1"},
            {"", "a,b", "t\n2", "t3"}};
  }
  return {{"k0", "k1", "k2", "NF", "ERR x", "k5", "c0", "c1"}, {"t0", "t1", "t 2", "t3"}};
}

struct PutPart {
  size_t key = 0;
  std::string value;
  uint32_t flags = 0;
  uint32_t tags = 0;
  std::optional<uint64_t> ttl_ms;
  size_t effect = 0;  // in the history
};

// One operation of a caller, from its request to its answer.
struct Operation {
  protocol::Op op = protocol::Op::kPing;
  size_t caller = 0;
  uint64_t number = 0;
  Moment start;
  std::vector<size_t> keys;
  std::vector<size_t> effects;
  std::vector<PutPart> parts;  // of PUT, ADD, REPLACE (one) and MPUT
  uint32_t tags = 0;
  bool all = false;
  std::optional<uint64_t> ttl_ms;
  int64_t by = 0;
  size_t counter = 0;    // of an INCREMENT
  size_t increment = 0;  // in the counter's history
  uint64_t cursor = 0;
  uint32_t limit = 0;
  size_t items = 0;         // of an MGET, received so far
  std::set<size_t> listed;  // by earlier pages of the same listing
  Moment listing_start;
};

// What the answers so far show of the cache's contents.
struct Records {
  History data{kDataKeys};
  std::vector<CounterHistory> counters{CounterHistory(1), CounterHistory(2)};
};

class Workload {
 public:
  Workload(Random& random, Records& records, bool any_bytes)
      : random_(random), records_(records), any_bytes_(any_bytes), names_(MakeNames(any_bytes)) {}

  const Names& names() const { return names_; }
  bool any_bytes() const { return any_bytes_; }
  uint64_t writes() const { return writes_; }  // asked for so far
  // The flags of a write's value; the text codec carries none.
  uint32_t FlagsOf(uint64_t write) const {
    return any_bytes_ ? static_cast<uint32_t>(write * 2654435761u) : 0;
  }

  Operation Make(Protocol protocol, size_t caller, Moment now) {
    Operation operation;
    operation.op = ChooseOp(protocol);
    operation.caller = caller;
    operation.number = ++operations_;
    operation.start = operation.listing_start = now;
    Fill(operation);
    return operation;
  }
  // A plain read, for the last check of a key.
  Operation MakeGet(size_t key, Moment now) {
    Operation operation;
    operation.op = protocol::Op::kGet;
    operation.number = ++operations_;
    operation.start = now;
    operation.keys = {key};
    return operation;
  }

 private:
  protocol::Op ChooseOp(Protocol protocol) {
    using protocol::Op;
    static constexpr Op kBoth[] = {Op::kGet,
                                   Op::kGet,
                                   Op::kGet,
                                   Op::kGet,
                                   Op::kPut,
                                   Op::kPut,
                                   Op::kPut,
                                   Op::kMGet,
                                   Op::kMGet,
                                   Op::kMPut,
                                   Op::kMPut,
                                   Op::kAdd,
                                   Op::kDelete,
                                   Op::kMDelete,
                                   Op::kIncrement,
                                   Op::kIncrement,
                                   Op::kDecrement,
                                   Op::kInvalidateTag,
                                   Op::kInvalidateTag,
                                   Op::kInvalidateTags,
                                   Op::kInvalidateKeys,
                                   Op::kKeysByTag,
                                   Op::kStats};
    static constexpr Op kBinaryOnly[] = {
        Op::kReplace,   Op::kExists, Op::kTouch,       Op::kTouch,    Op::kMeta, Op::kSearch,
        Op::kKeysByTag, Op::kPing,   Op::kGetAndTouch, Op::kGetLease, Op::kScan};
    if (protocol == Protocol::kBinary && random_.OneIn(4)) {
      return kBinaryOnly[random_.Below(std::size(kBinaryOnly))];
    }
    return kBoth[random_.Below(std::size(kBoth))];
  }

  void Fill(Operation& operation) {
    using protocol::Op;
    switch (operation.op) {
      case Op::kGet:
        operation.keys = {random_.Below(kDataKeys + kCounters)};
        return;
      case Op::kMGet:
        for (size_t i = random_.Below(9); i > 0; --i) {
          operation.keys.push_back(random_.Below(kDataKeys + kCounters));
        }
        return;
      case Op::kExists:
      case Op::kMeta:
      case Op::kGetLease:
        operation.keys = {random_.Below(kDataKeys)};
        return;
      case Op::kPut:
        return AddWrites(operation, 1, true);
      case Op::kAdd:
      case Op::kReplace:
        return AddWrites(operation, 1, false);
      case Op::kMPut:
        return AddWrites(operation, random_.Below(5), true);
      case Op::kTouch:
      case Op::kGetAndTouch:
        operation.ttl_ms = random_.Between(1, 100);
        return AddRemovals(operation, 1, EffectKind::kTouch);
      case Op::kDelete:
        return AddRemovals(operation, 1, EffectKind::kRemoval);
      case Op::kMDelete:
      case Op::kInvalidateKeys:
        return AddRemovals(operation, random_.Between(1, 3), EffectKind::kRemoval);
      case Op::kIncrement:
      case Op::kDecrement:
        return AddIncrement(operation);
      case Op::kInvalidateTag:
        operation.tags = 1u << random_.Below(kTags);
        return AddInvalidation(operation);
      case Op::kInvalidateTags:
        operation.tags = SomeTags() | 1u << random_.Below(kTags);
        operation.all = random_.OneIn(2);
        return AddInvalidation(operation);
      case Op::kKeysByTag:
        operation.tags = 1u << random_.Below(kTags);
        operation.limit = static_cast<uint32_t>(random_.Below(3));
        return;
      case Op::kScan:  // of every key, whatever its tags
        operation.all = true;
        operation.limit = static_cast<uint32_t>(random_.Below(3));
        return;
      case Op::kSearch:
        operation.tags = SomeTags() | 1u << random_.Below(kTags);
        operation.all = random_.OneIn(2);
        operation.limit = static_cast<uint32_t>(random_.Below(3));
        return;
      case Op::kPing:
      case Op::kStats:
      case Op::kHello:
      case Op::kAuth:
      case Op::kFlush:
      case Op::kCompareAndSet:
      case Op::kCompareAndDelete:
      case Op::kAppend:
      case Op::kPrepend:
      case Op::kDeletePrefix:
      case Op::kTagStats:
        return;
    }
  }

  uint32_t SomeTags() { return static_cast<uint32_t>(random_.Next() & random_.Next() & 0xF); }

  // Most are small, some are over 16 KiB (streamed), a few over a frame, a few over the server's
  // limit.
  size_t ValueSize(bool may_be_refused) {
    const size_t dice = random_.Below(100);
    if (dice < 70) return random_.Between(kMinPayload, 400);
    if (dice < 86) return random_.Between(400, 9000);
    if (dice < 96) return random_.Between(16 * 1024 - 50, 40 * 1024);
    if (dice < 99 || !may_be_refused) return random_.Between(64 * 1024 - 50, 100 * 1024);
    return kMaxValue + random_.Between(1, 100);
  }

  void AddWrites(Operation& operation, size_t count, bool may_be_refused) {
    for (size_t i = 0; i < count; ++i) {
      const uint64_t write = ++writes_;
      PutPart part;
      part.key = random_.Below(kDataKeys);
      part.value =
          MakePayload({part.key, operation.caller, write}, ValueSize(may_be_refused), !any_bytes_);
      part.flags = FlagsOf(write);
      part.tags = SomeTags();
      if (random_.OneIn(5)) part.ttl_ms = random_.Between(1, 100);
      Effect effect;
      effect.key = part.key;
      effect.write = write;
      effect.size = part.value.size();
      effect.tags = part.tags;
      effect.ttl_ms = part.ttl_ms;
      effect.start = operation.start;
      if (part.value.size() > kMaxValue) {  // refused, and the old value is removed: lessons 7
        effect.kind = EffectKind::kRemoval;
        effect.tags = 0;
        effect.ttl_ms.reset();
      }
      part.effect = records_.data.Begin(effect);
      operation.keys.push_back(part.key);
      operation.effects.push_back(part.effect);
      operation.parts.push_back(std::move(part));
    }
  }

  void AddRemovals(Operation& operation, size_t count, EffectKind kind) {
    for (size_t i = 0; i < count; ++i) {
      Effect effect;
      effect.kind = kind;
      effect.key = random_.Below(kDataKeys);
      effect.start = operation.start;
      operation.keys.push_back(effect.key);
      operation.effects.push_back(records_.data.Begin(effect));
    }
  }

  void AddInvalidation(Operation& operation) {
    for (size_t key = 0; key < kDataKeys; ++key) {
      Effect effect;
      effect.kind = EffectKind::kRemoval;
      effect.key = key;
      effect.tags = operation.tags;
      effect.all_tags = operation.all;
      effect.start = operation.start;
      operation.effects.push_back(records_.data.Begin(effect));
    }
  }

  void AddIncrement(Operation& operation) {
    operation.counter = random_.Below(kCounters);
    const int64_t by = CounterHistory::kStride * static_cast<int64_t>(random_.Between(1, 9));
    operation.increment = records_.counters[operation.counter].Begin(by, operation.start);
    operation.by = operation.op == protocol::Op::kIncrement ? by : -by;
    operation.keys = {kDataKeys + operation.counter};
  }

  Random& random_;
  Records& records_;
  const bool any_bytes_;
  const Names names_;
  uint64_t operations_ = 0;
  uint64_t writes_ = 0;
};

// An operation as a request. It owns the bytes that the request's views point into.
class RequestView {
 public:
  RequestView(const Operation& operation, const Names& names) {
    request_.op = operation.op;
    request_.ttl = operation.ttl_ms;
    request_.by = operation.by;
    request_.initial = operation.by;
    request_.cursor = operation.cursor;
    request_.limit = operation.limit;
    request_.lease_ms = kLeaseMs;
    request_.mode = operation.all ? protocol::Mode::kAll : protocol::Mode::kAny;
    for (const size_t key : operation.keys) keys_.push_back(names.keys[key]);
    if (operation.op == protocol::Op::kMPut) {
      AddItems(operation, names);
    } else {
      AddFields(operation, names);
    }
  }
  const protocol::Request& request() const { return request_; }

 private:
  void AddItems(const Operation& operation, const Names& names) {
    item_tags_.resize(operation.parts.size());
    for (size_t i = 0; i < operation.parts.size(); ++i) {
      const PutPart& part = operation.parts[i];
      item_tags_[i] = TagsOf(part.tags, names);
      items_.push_back({names.keys[part.key], part.value, part.flags, part.ttl_ms, item_tags_[i]});
    }
    request_.items = items_;
  }
  void AddFields(const Operation& operation, const Names& names) {
    using protocol::Op;
    if (operation.op == Op::kMGet || operation.op == Op::kMDelete ||
        operation.op == Op::kInvalidateKeys) {
      request_.keys = keys_;
    } else if (!keys_.empty()) {
      request_.key = keys_[0];
    }
    uint32_t tags = operation.tags;
    if (!operation.parts.empty()) {
      request_.value = operation.parts[0].value;
      request_.flags = operation.parts[0].flags;
      request_.ttl = operation.parts[0].ttl_ms;
      tags = operation.parts[0].tags;
    }
    if (tags == 0) return;
    tags_ = TagsOf(tags, names);
    if (operation.op == Op::kInvalidateTag || operation.op == Op::kKeysByTag) {
      request_.key = tags_[0];
    } else {
      request_.tags = protocol::Tags(tags_);
    }
  }
  static std::vector<std::string_view> TagsOf(uint32_t bits, const Names& names) {
    std::vector<std::string_view> tags;
    for (size_t i = 0; i < kTags; ++i) {
      if ((bits >> i & 1) != 0) tags.push_back(names.tags[i]);
    }
    return tags;
  }

  protocol::Request request_;
  std::vector<std::string_view> keys_;
  std::vector<std::string_view> tags_;
  std::vector<protocol::PutItem> items_;
  std::vector<std::vector<std::string_view>> item_tags_;
};

}  // namespace tagcache::simulation

#endif  // TAGCACHE_TESTS_SIMULATION_WORKLOAD_H_
