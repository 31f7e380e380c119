#ifndef TAGCACHE_TESTS_STORE_THREADS_CALL_HISTORY_H_
#define TAGCACHE_TESTS_STORE_THREADS_CALL_HISTORY_H_

// A call of the store with its answer, and the sequential model that says whether the answer is
// right: a few keys, a few tags, no time to live, no memory limit. For HistoryCheck.
//
// Keys and tags are numbers, sets of them are masks. Key numbers are in the order of the keys'
// hashes, since that is the order of a page of keys.
//
// Fillers are entries of the store besides those keys, which no call names: they make counts large.
// The model keeps how many there are of each set of tags.
//
// An entry's version is known once a call has returned it: until then it is 0 here, and differs
// from every version that was returned before.

#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ostream>
#include <string>
#include <string_view>

#include "tests/store/cache.h"

namespace tagcache::testing {

constexpr size_t kHistoryKeys = 5;
constexpr size_t kHistoryTags = 3;
constexpr size_t kTagSets = size_t{1} << kHistoryTags;

// A short value, without an allocation and with no byte undefined.
struct Text {
  std::array<char, 31> bytes{};
  uint8_t size = 0;

  Text() = default;
  Text(std::string_view text) : size(static_cast<uint8_t>(text.size())) {  // NOLINT: a text
    std::memcpy(bytes.data(), text.data(), std::min(text.size(), bytes.size()));
  }
  explicit Text(int64_t number) : Text(std::string_view(std::to_string(number))) {}
  std::string_view view() const { return {bytes.data(), size}; }
  bool operator==(const Text&) const = default;
};

enum class Verb : uint8_t {
  kPut,
  kAdd,
  kReplace,
  kCompareAndSet,
  kAppend,
  kDelete,
  kCompareAndDelete,
  kGet,
  kExists,
  kMeta,
  kIncrement,
  kInvalidateAny,
  kInvalidateAll,
  kKeysAny,
  kKeysAll,
  kFlush,
  kFillers,  // how many there are with exactly `tags`: only while no other call runs
};

struct Call {
  Verb verb = Verb::kGet;
  uint8_t thread = 0;
  uint64_t begin = 0;
  uint64_t end = 0;

  uint8_t key = 0;
  uint8_t tags = 0;       // a set: of the entry, or asked for
  bool sets_tags = true;  // kIncrement: false: keeps them
  Text value = {};        // written, or appended
  int64_t by = 0;         // kIncrement
  int64_t initial = 0;    // kIncrement
  uint64_t version = 0;   // kCompareAndSet, kCompareAndDelete
  bool at_least = false;  // kInvalidateAny, kFlush: the number may be too high, but not too low
  uint8_t limit = 0;      // kKeysAny, kKeysAll: of the page; 0: none. Only without fillers

  // The answer.
  Outcome outcome = Outcome::kOk;
  bool found = false;   // kGet, kExists, kMeta, kDelete; kKeysAny, kKeysAll: there are more
  Text read = {};       // kGet
  uint64_t number = 0;  // a count, kMeta's version, kIncrement's value
  uint8_t set = 0;      // kMeta: tags; kKeysAny, kKeysAll: keys
};

struct KeyState {
  bool present = false;
  uint8_t tags = 0;
  Text value = {};
  uint64_t version = 0;   // 0: not known
  uint64_t reported = 0;  // the last version that a call returned, of this entry or an earlier one

  bool operator==(const KeyState&) const = default;

  void Write(const Text& written, uint8_t of_entry) {
    present = true;
    value = written;
    tags = of_entry;
    version = 0;
  }
  void Remove() { *this = KeyState{.reported = reported}; }
};

struct CacheState {
  std::array<KeyState, kHistoryKeys> keys;
  std::array<uint32_t, kTagSets> fillers{};

  bool operator==(const CacheState&) const = default;
  uint64_t Hash() const {
    uint64_t hash = 0;
    const auto mix = [&hash](uint64_t word) {
      hash = (hash ^ word) * 0x9E3779B97F4A7C15;
      hash ^= hash >> 29;
    };
    for (const KeyState& key : keys) {
      mix(key.present | key.tags << 1 | key.value.size << 16);
      mix(key.version);
      mix(key.reported);
      for (size_t i = 0; i < key.value.size; i += 8) {
        uint64_t word = 0;
        std::memcpy(&word, &key.value.bytes[i], std::min<size_t>(8, key.value.bytes.size() - i));
        mix(word);
      }
    }
    for (const uint32_t count : fillers) mix(count);
    return hash;
  }
};

namespace call_history {

inline bool Matches(uint8_t tags, uint8_t asked, bool all) {
  return all ? (tags & asked) == asked : (tags & asked) != 0;
}

// How many entries there were that match; they are removed.
template <typename Match>
uint64_t RemoveAll(CacheState* state, Match match) {
  uint64_t count = 0;
  for (KeyState& key : state->keys) {
    if (!key.present || !match(key.tags)) continue;
    key.Remove();
    ++count;
  }
  for (size_t set = 0; set < kTagSets; ++set) {
    if (!match(static_cast<uint8_t>(set))) continue;
    count += state->fillers[set];
    state->fillers[set] = 0;
  }
  return count;
}

// Whether the call may return its number where `removed` entries were removed.
inline bool Counted(const Call& call, uint64_t removed) {
  return call.at_least ? call.number >= removed : call.number == removed;
}

inline bool ApplyWrite(KeyState* key, const Call& call) {
  Outcome expected = Outcome::kOk;
  const bool conditional = call.verb != Verb::kPut && call.verb != Verb::kAdd;
  if (call.verb == Verb::kAdd && key->present) expected = Outcome::kExists;
  if (conditional && !key->present) expected = Outcome::kNotFound;
  if ((call.verb == Verb::kCompareAndSet || call.verb == Verb::kCompareAndDelete) && key->present &&
      (key->version == 0 || key->version != call.version)) {
    expected = Outcome::kVersionMismatch;
  }
  if (call.outcome != expected) return false;
  if (expected != Outcome::kOk) return true;
  if (call.verb == Verb::kCompareAndDelete) {
    key->Remove();
  } else if (call.verb == Verb::kAppend) {
    std::string longer(key->value.view());
    longer += call.value.view();
    key->Write(Text(std::string_view(longer)), key->tags);
  } else {
    key->Write(call.value, call.tags);
  }
  return true;
}

inline bool ApplyIncrement(KeyState* key, const Call& call) {
  int64_t number = call.initial;
  if (key->present) {
    const std::string_view text = key->value.view();
    int64_t held = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), held);
    if (error != std::errc() || end != text.data() + text.size()) {
      return call.outcome == Outcome::kNotAnInteger;
    }
    number = held + call.by;
  }
  if (call.outcome != Outcome::kOk || static_cast<int64_t>(call.number) != number) return false;
  key->Write(Text(number), call.sets_tags ? call.tags : key->tags);
  return true;
}

// A version that is returned for the first time is higher than all that were returned before for
// this key.
inline bool ApplyMeta(KeyState* key, const Call& call) {
  if (call.found != key->present) return false;
  if (!key->present) return true;
  if (call.set != key->tags) return false;
  if (key->version != 0) return call.number == key->version;
  if (call.number <= key->reported) return false;
  key->version = key->reported = call.number;
  return true;
}

inline bool ApplyKeys(const CacheState& state, const Call& call) {
  const bool all = call.verb == Verb::kKeysAll;
  uint8_t expected = 0;
  uint64_t fillers = 0;
  for (size_t i = 0; i < kHistoryKeys; ++i) {
    const KeyState& key = state.keys[i];
    if (key.present && Matches(key.tags, call.tags, all)) expected |= 1u << i;
  }
  for (size_t set = 0; set < kTagSets; ++set) {
    if (Matches(static_cast<uint8_t>(set), call.tags, all)) fillers += state.fillers[set];
  }
  bool more = false;
  if (call.limit != 0) {
    for (; std::popcount(expected) > call.limit; more = true) {
      expected &= static_cast<uint8_t>(std::bit_floor(expected) - 1);
    }
  }
  return call.set == expected && call.number == fillers && call.found == more;
}

}  // namespace call_history

inline bool Apply(CacheState* state, const Call& call) {
  KeyState* key = &state->keys[call.key];
  switch (call.verb) {
    case Verb::kPut:
    case Verb::kAdd:
    case Verb::kReplace:
    case Verb::kCompareAndSet:
    case Verb::kAppend:
    case Verb::kCompareAndDelete:
      return call_history::ApplyWrite(key, call);
    case Verb::kDelete:
      if (call.found != key->present) return false;
      key->Remove();
      return true;
    case Verb::kGet:
      return call.found == key->present && call.read == key->value;
    case Verb::kExists:
      return call.found == key->present;
    case Verb::kMeta:
      return call_history::ApplyMeta(key, call);
    case Verb::kIncrement:
      return call_history::ApplyIncrement(key, call);
    case Verb::kInvalidateAny:
    case Verb::kInvalidateAll:
      return call_history::Counted(call, call_history::RemoveAll(state, [&](uint8_t tags) {
                                     return call_history::Matches(
                                         tags, call.tags, call.verb == Verb::kInvalidateAll);
                                   }));
    case Verb::kKeysAny:
    case Verb::kKeysAll:
      return call_history::ApplyKeys(*state, call);
    case Verb::kFlush:
      return call_history::Counted(call,
                                   call_history::RemoveAll(state, [](uint8_t) { return true; }));
    case Verb::kFillers:
      return call.number == state->fillers[call.tags];
  }
  return false;
}

// Meta is none: it returns a version, and an unknown version may belong to either of two writes.
inline bool IsRead(const Call& call) {
  switch (call.verb) {
    case Verb::kPut:
      return false;
    case Verb::kAdd:
    case Verb::kReplace:
    case Verb::kCompareAndSet:
    case Verb::kAppend:
    case Verb::kCompareAndDelete:
    case Verb::kIncrement:
      return call.outcome != Outcome::kOk;
    case Verb::kDelete:
    case Verb::kMeta:
      return !call.found;
    case Verb::kInvalidateAny:
    case Verb::kInvalidateAll:
    case Verb::kFlush:
      return call.number == 0;
    case Verb::kGet:
    case Verb::kExists:
    case Verb::kKeysAny:
    case Verb::kKeysAll:
    case Verb::kFillers:
      return true;
  }
  return false;
}

// For messages: "17..22 thread 1: Put(k2, "31", {a,c}) -> ok".
inline std::ostream& operator<<(std::ostream& out, const Call& call) {
  static constexpr std::array kNames = {
      "Put",           "Add",     "Replace",          "CompareAndSet",
      "Append",        "Delete",  "CompareAndDelete", "Get",
      "Exists",        "Meta",    "Increment",        "InvalidateAny",
      "InvalidateAll", "KeysAny", "KeysAll",          "Flush",
      "Fillers"};
  static constexpr std::array kOutcomes = {"ok",           "not found",        "exists",
                                           "no integer",   "overflow",         "key too long",
                                           "tag too long", "too many tags",    "value too large",
                                           "no memory",    "version mismatch", "stale token"};
  const auto set = [](uint8_t mask, char first) {
    std::string text = "{";
    for (int i = 0; i < 8; ++i) {
      if (mask >> i & 1) text += static_cast<char>(first + i);
    }
    return text + "}";
  };
  out << call.begin << ".." << call.end << " thread " << int{call.thread} << ": "
      << kNames[static_cast<size_t>(call.verb)] << "(";
  if (call.verb < Verb::kInvalidateAny) out << "k" << int{call.key};
  const bool writes = call.verb <= Verb::kReplace || call.verb == Verb::kCompareAndSet;
  if (writes || call.verb == Verb::kAppend) out << " \"" << call.value.view() << '"';
  if (writes || (call.verb == Verb::kIncrement && call.sets_tags) ||
      call.verb >= Verb::kInvalidateAny) {
    out << " " << set(call.tags, 'a');
  }
  if (call.verb == Verb::kIncrement) out << " by " << call.by << " from " << call.initial;
  if (call.verb == Verb::kCompareAndSet || call.verb == Verb::kCompareAndDelete) {
    out << " version " << call.version;
  }
  if (call.limit != 0) out << " limit " << int{call.limit};
  out << ") -> " << kOutcomes[static_cast<size_t>(call.outcome)];
  if (call.found) out << ", yes";
  if (call.verb == Verb::kGet && call.found) out << " \"" << call.read.view() << '"';
  if (call.number != 0) out << ", " << static_cast<int64_t>(call.number);
  if (call.verb == Verb::kMeta && call.found) out << " " << set(call.set, 'a');
  if (call.verb == Verb::kKeysAny || call.verb == Verb::kKeysAll) out << " " << set(call.set, '0');
  return out;
}

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_STORE_THREADS_CALL_HISTORY_H_
