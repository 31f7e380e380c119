#include "protocol/command.h"

#include <cstddef>

namespace tagcache::protocol {
namespace {

using enum Field;
using Fields = std::array<Field, 8>;

constexpr Fields kNone = {};
constexpr Fields kWrite = {kOptions, kKey, kTtl, kTags, kValue};
constexpr Fields kPut = {kOptions, kKey, kTtl, kTags, kToken, kValue};
constexpr Fields kSet = {kOptions, kKey, kVersion, kTtl, kTags, kValue};
constexpr Fields kExtend = {kOptions, kKey, kValue};
constexpr Fields kStep = {kOptions, kKey, kBy, kInitial, kValueFlags, kTtl, kTags};

// Repeating a command that was carried out already must leave the store as one execution does; the
// answer may differ (a repeated DELETE answers not_found, a repeated INVALIDATE counts 0). REPLACE
// is one of them: it writes the same value to the same key, or again finds none. ADD is not: the
// repetition answers "exists" to the one who stored it. Nor are the COMPARE_ANDs, whose repetition
// meets a version of their own making or nothing. INCREMENT and DECREMENT step twice, APPEND and
// PREPEND add twice. A lease that is given out on a connection ends with it, so GET_LEASE is.
constexpr uint8_t kRepeatable = kIdempotent | kWrites;
constexpr uint8_t kGreeting = kIdempotent | kBeforeAuth;

// clang-format off
constexpr Command kCommands[] = {
    {Op::kHello, "HELLO", {kHello, kCredentials}, Reply::kHello, kGreeting},
    {Op::kAuth, "AUTH", {kCredentials}, Reply::kNothing, kGreeting, "AUTH"},
    {Op::kPing, "PING", kNone, Reply::kNothing, kGreeting},
    {Op::kGet, "GET", {kOptions, kKey}, Reply::kValue, kIdempotent, "GET"},
    {Op::kPut, "PUT", kPut, Reply::kNothing, kRepeatable, "PUT"},
    {Op::kAdd, "ADD", kWrite, Reply::kNothing, kWrites, "ADD"},
    {Op::kReplace, "REPLACE", kWrite, Reply::kNothing, kRepeatable},
    {Op::kDelete, "DELETE", {kKey}, Reply::kNothing, kRepeatable, "DEL"},
    {Op::kExists, "EXISTS", {kKey}, Reply::kNothing, kIdempotent},
    {Op::kTouch, "TOUCH", {kOptions, kKey, kTtl}, Reply::kNothing, kRepeatable},
    {Op::kIncrement, "INCREMENT", kStep, Reply::kNumber, kWrites, "INCR"},
    {Op::kDecrement, "DECREMENT", kStep, Reply::kNumber, kWrites, "DECR"},
    {Op::kMeta, "META", {kKey}, Reply::kMeta, kIdempotent},
    {Op::kGetLease, "GET_LEASE", {kOptions, kKey, kLease}, Reply::kLease, kIdempotent},
    {Op::kGetAndTouch, "GET_AND_TOUCH", {kOptions, kKey, kTtl}, Reply::kValue, kRepeatable},
    {Op::kCompareAndSet, "COMPARE_AND_SET", kSet, Reply::kNothing, kWrites},
    {Op::kCompareAndDelete, "COMPARE_AND_DELETE", {kKey, kVersion}, Reply::kNothing, kWrites},
    {Op::kAppend, "APPEND", kExtend, Reply::kNothing, kWrites},
    {Op::kPrepend, "PREPEND", kExtend, Reply::kNothing, kWrites},
    {Op::kMGet, "MGET", {kOptions, kKeys}, Reply::kValues, kIdempotent},
    {Op::kMPut, "MPUT", {kItems}, Reply::kPutReport, kRepeatable},
    {Op::kMDelete, "MDELETE", {kKeys}, Reply::kNumber, kRepeatable},
    {Op::kInvalidateTag, "INVALIDATE_TAG", {kTag}, Reply::kNumber, kRepeatable, "INV_TAG"},
    {Op::kInvalidateTags, "INVALIDATE_TAGS", {kMode, kTags}, Reply::kNumber, kRepeatable,
     "INV_TAGS_ANY", "INV_TAGS_ALL"},
    {Op::kInvalidateKeys, "INVALIDATE_KEYS", {kKeys}, Reply::kNumber, kRepeatable, "INV_KEYS"},
    {Op::kKeysByTag, "KEYS_BY_TAG", {kTag, kCursor, kLimit}, Reply::kKeyPage, kIdempotent,
     "KEYS_BY_TAG", "KEYS"},
    {Op::kSearch, "SEARCH", {kMode, kTags, kCursor, kLimit}, Reply::kKeyPage, kIdempotent},
    {Op::kScan, "SCAN", {kPrefix, kCursor, kLimit}, Reply::kKeyPage, kIdempotent},
    {Op::kDeletePrefix, "DELETE_PREFIX", {kPrefix, kCursor}, Reply::kProgress, kRepeatable},
    {Op::kTagStats, "TAG_STATS", {kLimit}, Reply::kTagStats, kIdempotent},
    {Op::kStats, "STATS", kNone, Reply::kStats, kIdempotent, "STATS"},
    {Op::kFlush, "FLUSH", kNone, Reply::kNumber, kRepeatable, "FLUSH"},
};
// clang-format on

constexpr bool Sorted() {
  for (size_t i = 1; i < std::size(kCommands); ++i) {
    if (kCommands[i - 1].op >= kCommands[i].op) return false;
  }
  return true;
}
static_assert(Sorted(), "rows stand in the order of their opcodes, each opcode once");

constexpr auto kByOpcode = [] {
  std::array<const Command*, kOpCodes> index{};
  for (const Command& command : kCommands) index[static_cast<uint8_t>(command.op)] = &command;
  return index;
}();

constexpr char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool SameVerb(std::string_view verb, std::string_view upper) {
  if (verb.size() != upper.size()) return false;
  for (size_t i = 0; i < verb.size(); ++i) {
    if (Upper(verb[i]) != upper[i]) return false;
  }
  return true;
}

}  // namespace

std::span<const Command> Commands() { return kCommands; }

const Command* FindCommand(uint8_t opcode) { return kByOpcode[opcode]; }

const Command& CommandOf(Op op) { return *kByOpcode[static_cast<uint8_t>(op)]; }

const Command* FindTextVerb(std::string_view verb) {
  if (verb.empty()) return nullptr;
  for (const Command& command : kCommands) {
    if (SameVerb(verb, command.text_verb) || SameVerb(verb, command.text_alias)) return &command;
  }
  return nullptr;
}

bool IsTextAlias(const Command& command, std::string_view verb) {
  return !verb.empty() && SameVerb(verb, command.text_alias);
}

}  // namespace tagcache::protocol
