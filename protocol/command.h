#ifndef TAGCACHE_PROTOCOL_COMMAND_H_
#define TAGCACHE_PROTOCOL_COMMAND_H_

// The command table: one row a command, for both codecs, the server's dispatch and the client's
// retry rule. Adding a command is adding a row here and a handler in server/commands/; see
// docs/adding-a-command.md.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tagcache::protocol {

// Numbers are part of the binary protocol; never reuse one.
enum class Op : uint8_t {
  kHello = 0x01,
  kAuth = 0x02,
  kPing = 0x03,
  kGet = 0x10,
  kPut = 0x11,
  kAdd = 0x12,
  kReplace = 0x13,
  kDelete = 0x14,
  kExists = 0x15,
  kTouch = 0x16,
  kIncrement = 0x17,
  kDecrement = 0x18,
  kMeta = 0x19,
  kGetLease = 0x1A,
  kGetAndTouch = 0x1B,
  kCompareAndSet = 0x1C,
  kCompareAndDelete = 0x1D,
  kAppend = 0x1E,
  kPrepend = 0x1F,
  kMGet = 0x20,
  kMPut = 0x21,
  kMDelete = 0x22,
  kInvalidateTag = 0x30,
  kInvalidateTags = 0x31,
  kInvalidateKeys = 0x32,
  kKeysByTag = 0x33,
  kSearch = 0x34,
  kScan = 0x35,
  kDeletePrefix = 0x36,
  kTagStats = 0x37,
  kStats = 0x40,
  kFlush = 0x41,
};

// The fields a binary body is made of, in the order of the row. Widths and grammar:
// docs/protocol.md. kTtl, kTags and kToken are there when their bit in kOptions is set.
enum class Field : uint8_t {
  kEnd = 0,
  kHello,        // versions, features, frame limit, client name
  kCredentials,  // user, password
  kOptions,      // a byte of Option bits
  kKey,
  kPrefix,
  kKeys,  // a list
  kTag,
  kTags,     // a list; in writes, optional
  kTtl,      // optional
  kToken,    // optional: of the lease a value was computed under
  kVersion,  // the one that the entry must have
  kLease,    // how long the client may compute, and how long it waits
  kValueFlags,
  kValue,  // flags and bytes
  kItems,  // a list of options, key, ttl, tags, value
  kBy,
  kInitial,
  kMode,  // any, all
  kCursor,
  kLimit,
};

// What an answer's body holds when its status is kOk.
enum class Reply : uint8_t {
  kNothing,
  kHello,
  kValue,
  kValues,     // in the order asked, a miss marked as such
  kNumber,     // i64
  kPutReport,  // the number of items stored, and which were refused
  kKeyPage,
  kMeta,
  kLease,     // a value, a token, or nothing
  kProgress,  // number i64, and a cursor to continue from
  kTagStats,
  kStats,
};

// Traits of a command; a bit set.
enum Trait : uint8_t {
  kIdempotent = 1,  // may be sent again after a broken connection
  kBeforeAuth = 2,  // allowed without credentials
  kWrites = 4,
};

struct Command {
  Op op;
  std::string_view name;  // "GET": in logs, statistics, documents
  std::array<Field, 8> fields;
  Reply reply;
  uint8_t traits;
  // Text codec: its verbs (the second an alias), or empty where that protocol has none.
  std::string_view text_verb = {};
  std::string_view text_alias = {};
};

// Whether a body of the command holds the field, at least as an option.
constexpr bool HasField(const Command& command, Field wanted) {
  for (const Field field : command.fields) {
    if (field == wanted) return true;
  }
  return false;
}

// All commands, in the order of their opcodes.
std::span<const Command> Commands();
// nullptr when there is none.
const Command* FindCommand(uint8_t opcode);
// REQUIRES: op is one of the enumerators.
const Command& CommandOf(Op op);
// Case-insensitive; nullptr when there is none.
const Command* FindTextVerb(std::string_view verb);
// Whether a verb that FindTextVerb found is the row's alias. In rows with a kMode the verb says any
// and the alias says all.
bool IsTextAlias(const Command& command, std::string_view verb);

inline constexpr size_t kOpCodes = 256;

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_COMMAND_H_
