#ifndef TAGCACHE_STATUS_H_
#define TAGCACHE_STATUS_H_

// The result of a call of the client library: a Status, or a Result<T> that holds a value or a
// Status.
//
// Ownership: a Status owns its message. Threads: values, as thread-safe as std::string.
// Errors: nothing here throws but std::bad_alloc while a message is copied.
// Not an error: a miss, an ADD on a key that exists, a DELETE of a key that does not. Those are
// answers, and calls return them as values.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace tagcache {

// The family of an error. A caller acts on the family; the message names the rest (operation, key,
// limit, server).
enum class ErrorCode : uint8_t {
  kOk = 0,
  kConnection,  // no connection could be had, or it broke before the answer was complete
  kTimeout,     // the deadline passed; whether the server carried out a write is unknown
  kProtocol,    // the peer sent bytes that are not the protocol; the connection was closed
  kServer,      // the server refused: a limit, credentials, overflow, not an integer, ...
  kUsage,       // the call can not be made: a bad option, or nothing that this protocol can carry
  kNoMemory,    // this process could not allocate memory
};

// Why the server refused: the number of its status in docs/protocol.md. kNone outside
// ErrorCode::kServer. The enumerators are those that callers distinguish; every other number of
// that table, and of a later server's, may be here too.
enum class ServerError : uint8_t {
  kNone = 0,
  kNotAnInteger = 16,
  kOverflow = 17,
  kKeyTooLong = 18,
  kTagTooLong = 19,
  kTooManyTags = 20,
  kValueTooLarge = 21,
  kAuthRequired = 24,
  kAuthFailed = 25,
  kOutOfMemory = 26,
  kShuttingDown = 27,
  kStaleToken = 39,  // a Put with the token of a lease, after a newer write or invalidation
  kTooManyConnections = 69,
};

class [[nodiscard]] Status {
 public:
  Status() = default;  // ok
  Status(ErrorCode code, std::string message, ServerError server_error = ServerError::kNone)
      : code_(code), server_error_(server_error), message_(std::move(message)) {}

  bool ok() const { return code_ == ErrorCode::kOk; }
  ErrorCode code() const { return code_; }
  ServerError server_error() const { return server_error_; }
  // One sentence for a person: "get 'user:1' on tcp://127.0.0.1:1984: timed out after 250 ms".
  const std::string& message() const { return message_; }

 private:
  ErrorCode code_ = ErrorCode::kOk;
  ServerError server_error_ = ServerError::kNone;
  std::string message_;
};

// A key or tag as the messages show it between quotes: at most 64 bytes, and "..." where it was
// cut. Printable ASCII characters stand for themselves; ', \ and all other bytes are written as
// \xHH.
std::string ShownKey(std::string_view key);

// A T, or the Status with the reason why there is none.
//
// A Result is not a bool: `if (client->Add(...))` could mean "the call worked" or "the key was
// added". Write result.ok() for the first, result.value() for the second.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit
  // REQUIRES: !status.ok(). An ok Status is no reason; it becomes a kUsage error.
  Result(Status status) : state_(std::in_place_index<1>, ReasonOf(std::move(status))) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }

  // REQUIRES: ok().
  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // An ok Status when there is a value.
  Status status() const { return ok() ? Status() : *std::get_if<1>(&state_); }

 private:
  static Status ReasonOf(Status status) {
    if (!status.ok()) return status;
    return Status(ErrorCode::kUsage, "a result was made from a status without an error");
  }

  std::variant<T, Status> state_;
};

}  // namespace tagcache

#endif  // TAGCACHE_STATUS_H_
