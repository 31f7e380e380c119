#ifndef TAGCACHE_TESTS_SIMULATION_JUDGE_H_
#define TAGCACHE_TESTS_SIMULATION_JUDGE_H_

// Decides whether an answer fits the operation that it was given to, and can be true. Adds what
// follows from the answer to the history.

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/message.h"
#include "tests/simulation/history.h"
#include "tests/simulation/workload.h"

namespace tagcache::simulation {

class Judge {
 public:
  Judge(Records& records, const Workload& workload) : records_(records), workload_(workload) {}

  // One value of an MGET. `status`: not kOk, where the server refused this key alone. `binary`: the
  // codec carries flags. `refusable`: the server is shutting down.
  Verdict Item(Operation& operation, size_t index, const protocol::ValueItem& item,
               protocol::StatusCode status, bool binary, bool refusable, Moment now) {
    if (operation.op != protocol::Op::kMGet) return "a value of a bulk reply";
    if (index != operation.items) return "item " + std::to_string(index) + " is out of its order";
    if (index >= operation.keys.size()) return "more items than keys";
    ++operation.items;
    if (protocol::IsError(status)) return Refused(status, refusable);
    return Read(operation.keys[index], item.found, item.value, item.flags, binary, operation.start,
                now);
  }

  // The end of an answer. `refusable`: the server is shutting down.
  Verdict Done(Operation& operation, const protocol::Response& response, bool binary,
               bool refusable, Moment now) {
    if (response.op != operation.op) return "the answer to another command";
    if (protocol::IsError(response.status)) return Error(operation, response, refusable, now);
    if (operation.op == protocol::Op::kMDelete && !response.refused.empty()) {
      EndAll(operation, Fate::kUnknown, now);
      return Refused(response.refused[0].status, refusable);
    }
    return Answer(operation, response, binary, now);
  }

  // No answer will come. The server may have carried the operation out by now, and will not later.
  void Lost(const Operation& operation, Moment now) { EndAll(operation, Fate::kUnknown, now); }

 private:
  static Verdict Refused(protocol::StatusCode status, bool refusable) {
    if (status == protocol::StatusCode::kShuttingDown && refusable) return "";
    return "a key is refused: " + std::string(protocol::NameOf(status));
  }

  Verdict Read(size_t key, bool found, std::string_view value, uint32_t flags, bool binary,
               Moment start, Moment now) {
    if (key >= kDataKeys) return ReadCounter(key - kDataKeys, found, value, start, now);
    if (!found) return records_.data.Miss(key, start, now);
    const std::optional<Payload> payload = ReadPayload(value);
    if (!payload) return "a value that nobody wrote, " + std::to_string(value.size()) + " bytes";
    if (payload->key != key) return "the value of key " + std::to_string(payload->key);
    if (binary && flags != workload_.FlagsOf(payload->write)) return "flags of another value";
    return records_.data.Value(key, payload->write, value.size(), start, now);
  }
  Verdict ReadCounter(size_t counter, bool found, std::string_view value, Moment start,
                      Moment now) {
    if (!found) return "a counter is missing";
    int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size()) {
      return "no number where a counter was asked for";
    }
    return records_.counters[counter].Read(number, start, now);
  }

  Verdict Error(Operation& operation, const protocol::Response& response, bool refusable,
                Moment now) {
    using protocol::StatusCode;
    if (response.status == StatusCode::kValueTooLarge && operation.parts.size() == 1 &&
        operation.parts[0].value.size() > kMaxValue) {
      records_.data.End(operation.effects[0], Fate::kDone, now);
      return "";
    }
    if (response.status != StatusCode::kShuttingDown || !refusable) {
      return "refused: " + std::string(protocol::NameOf(response.status)) + " " +
             std::string(response.message);
    }
    // On the text codec a part of a bulk request may have been carried out.
    const bool whole = operation.effects.size() <= 1;
    EndAll(operation, whole ? Fate::kNothing : Fate::kUnknown, now);
    return "";
  }

  Verdict Answer(Operation& operation, const protocol::Response& response, bool binary,
                 Moment now) {
    using protocol::Op;
    const bool done = response.status == protocol::StatusCode::kOk;
    switch (operation.op) {
      case Op::kGet:
        return Read(operation.keys[0], done, response.value, response.flags, binary,
                    operation.start, now);
      case Op::kGetLease:  // nobody asks for stale values, and a token proves nothing
        return Read(operation.keys[0], response.lease == protocol::LeaseKind::kValue,
                    response.value, response.flags, binary, operation.start, now);
      case Op::kGetAndTouch: {
        const Verdict verdict = Conditional(operation, done, /*needs_absence=*/false, now);
        if (!done || !verdict.empty()) return verdict;
        return Read(operation.keys[0], true, response.value, response.flags, binary,
                    operation.start, now);
      }
      case Op::kMGet:
        return operation.items == operation.keys.size() ? "" : "fewer items than keys";
      case Op::kPut:
        return Written(operation, now);
      case Op::kAdd:
        return Conditional(operation, done, /*needs_absence=*/true, now);
      case Op::kReplace:
      case Op::kTouch:
        return Conditional(operation, done, /*needs_absence=*/false, now);
      case Op::kDelete:
        return Deleted(operation, done, now);
      case Op::kExists:
        return done ? records_.data.Found(operation.keys[0], operation.start)
                    : records_.data.Miss(operation.keys[0], operation.start, now);
      case Op::kMeta:
        if (!done) return records_.data.Miss(operation.keys[0], operation.start, now);
        return records_.data.Described(operation.keys[0], response.meta.size,
                                       response.meta.tags.size(), operation.start);
      case Op::kMPut:
        return BulkWritten(operation, response, now);
      case Op::kMDelete:
      case Op::kInvalidateKeys:
      case Op::kInvalidateTag:
      case Op::kInvalidateTags:
        return Removed(operation, response.number, binary, now);
      case Op::kIncrement:
      case Op::kDecrement:
        return records_.counters[operation.counter].Incremented(operation.increment,
                                                                response.number, now);
      case Op::kKeysByTag:
      case Op::kSearch:
      case Op::kScan:
        return Page(operation, response, now);
      case Op::kStats:
        return Statistics(response);
      case Op::kPing:
        return "";
      case Op::kHello:
      case Op::kAuth:
      case Op::kFlush:
      case Op::kCompareAndSet:
      case Op::kCompareAndDelete:
      case Op::kAppend:
      case Op::kPrepend:
      case Op::kDeletePrefix:
      case Op::kTagStats:
        return "an operation nobody makes";
    }
    return "an operation nobody makes";
  }

  Verdict Written(const Operation& operation, Moment now) {
    if (operation.parts[0].value.size() > kMaxValue) return "a value over the limit was stored";
    records_.data.End(operation.effects[0], Fate::kDone, now);
    return "";
  }

  // ADD, REPLACE, TOUCH: the answer also shows whether something was there.
  Verdict Conditional(const Operation& operation, bool done, bool needs_absence, Moment now) {
    History& data = records_.data;
    const size_t key = operation.keys[0];
    data.End(operation.effects[0], Fate::kNothing, now);
    const bool was_there = done != needs_absence;
    const Verdict verdict =
        was_there ? data.Found(key, operation.start) : data.Miss(key, operation.start, now);
    if (done) data.End(operation.effects[0], Fate::kDone, now);
    return verdict;
  }
  Verdict Deleted(const Operation& operation, bool done, Moment now) {
    const Verdict verdict = Conditional(operation, done, /*needs_absence=*/false, now);
    records_.data.End(operation.effects[0], Fate::kDone, now);
    return verdict;
  }

  Verdict BulkWritten(const Operation& operation, const protocol::Response& response, Moment now) {
    std::vector<bool> refused(operation.parts.size());
    for (const protocol::RefusedItem& item : response.refused) {
      if (item.index >= refused.size() || refused[item.index]) return "a refusal of no item";
      refused[item.index] = true;
      const bool too_large = item.status == protocol::StatusCode::kValueTooLarge &&
                             operation.parts[item.index].value.size() > kMaxValue;
      if (!too_large && item.status != protocol::StatusCode::kShuttingDown) {
        return "item refused: " + std::string(protocol::NameOf(item.status));
      }
      records_.data.End(operation.effects[item.index], too_large ? Fate::kDone : Fate::kNothing,
                        now);
    }
    const size_t stored = refused.size() - response.refused.size();
    if (response.number != static_cast<int64_t>(stored)) return "a wrong count of stored items";
    for (size_t i = 0; i < refused.size(); ++i) {
      if (refused[i]) continue;
      if (operation.parts[i].value.size() > kMaxValue) return "a value over the limit was stored";
      records_.data.End(operation.effects[i], Fate::kDone, now);
    }
    return "";
  }

  Verdict Removed(const Operation& operation, int64_t number, bool binary, Moment now) {
    std::vector<size_t> keys = operation.keys;
    // On the text codec each key of an MDELETE is a line: a key that occurs twice may be found
    // twice.
    if (binary || operation.op != protocol::Op::kMDelete) {
      std::sort(keys.begin(), keys.end());
      keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    }
    int64_t most = 0;
    for (const size_t key : keys) {
      most += records_.data.Found(key, operation.start).empty();
    }
    for (size_t key = 0; operation.tags != 0 && key < kDataKeys; ++key) {
      most += records_.data.Listed(key, operation.tags, operation.all, operation.start).empty();
    }
    EndAll(operation, Fate::kDone, now);
    if (number >= 0 && number <= most) return "";
    return std::to_string(number) + " removed, but at most " + std::to_string(most) + " were there";
  }

  Verdict Page(Operation& operation, const protocol::Response& response, Moment now) {
    const std::vector<std::string>& names = workload_.names().keys;
    for (const std::string_view name : response.keys) {
      const size_t key =
          static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
      if (key >= kDataKeys && operation.op == protocol::Op::kScan) continue;  // a counter
      if (key >= kDataKeys) return "a key without tags was listed";
      if (!operation.listed.insert(key).second && operation.op == protocol::Op::kScan) {
        return "a key was scanned twice";
      }
      const Verdict verdict =
          records_.data.Listed(key, operation.tags, operation.all, operation.start);
      if (!verdict.empty()) return verdict;
    }
    operation.cursor = response.cursor;
    if (response.cursor != 0) return "";
    for (size_t key = 0; key < kDataKeys; ++key) {
      if (operation.listed.count(key) != 0) continue;
      const Verdict verdict =
          records_.data.NotListed(key, operation.tags, operation.all, operation.listing_start, now);
      if (!verdict.empty()) return verdict;
    }
    return "";
  }

  Verdict Statistics(const protocol::Response& response) {
    uint64_t puts = 0;
    for (const auto& [name, text] : response.stats) {
      if (name != "puts") continue;
      std::from_chars(text.data(), text.data() + text.size(), puts);
      return puts > workload_.writes() ? "more puts than were asked for" : "";
    }
    return "statistics without puts";
  }

  void EndAll(const Operation& operation, Fate fate, Moment now) {
    for (const size_t effect : operation.effects) records_.data.End(effect, fate, now);
    if (operation.by != 0) records_.counters[operation.counter].End(operation.increment, fate, now);
  }

  Records& records_;
  const Workload& workload_;
};

}  // namespace tagcache::simulation

#endif  // TAGCACHE_TESTS_SIMULATION_JUDGE_H_
