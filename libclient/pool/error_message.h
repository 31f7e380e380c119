#ifndef TAGCACHE_LIBCLIENT_POOL_ERROR_MESSAGE_H_
#define TAGCACHE_LIBCLIENT_POOL_ERROR_MESSAGE_H_

// The one place where error messages are written: "get 'user:1' on tcp://127.0.0.1:1984: timed out
// after 250 ms". And the one place where a server's status becomes an error of the public face.
//
// Threads: pure functions. Errors: std::bad_alloc.

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "protocol/message.h"
#include "protocol/status_code.h"
#include "tagcache/status.h"

namespace tagcache {

// The call that is being made, and its deadline. The views outlive the call.
struct CallContext {
  std::string_view operation;  // "get"
  std::string_view key;        // or the tag; as the caller knows it, without the prefix
  bool has_key = false;
  std::chrono::milliseconds timeout{0};
  std::chrono::steady_clock::time_point start;
  std::chrono::steady_clock::time_point deadline;
};

// "operation 'key' on server: what". An empty server is left out.
Status MakeError(ErrorCode code, const CallContext& call, std::string_view server,
                 std::string_view what, ServerError server_error = ServerError::kNone);
Status TimedOut(const CallContext& call, std::string_view server);
// The parts of a request that a limit of the server may be about, as they went to it.
struct SentParts {
  std::string_view key;
  size_t value_size = 0;
  std::span<const std::string_view> tags;
};
inline SentParts PartsOf(const protocol::Request& request) {
  return {request.key, request.value.size(), request.tags.value_or(protocol::Tags())};
}

// The error for what the server refused. `message` is the server's, or empty: the text protocol and
// the reports of bulk writes carry only the status. The message is then made from `sent`, the parts
// of the request that a limit may be about.
Status Refused(const CallContext& call, std::string_view server, protocol::StatusCode status,
               std::string_view message, const SentParts& sent = {});

// Whether the server refused one key or value, and not the connection or everything: the other
// items of a bulk call go on.
bool IsOfOneItem(protocol::StatusCode status);

// The error of a repetition. `lost` is how the attempt before it ended, after it had been sent: it
// may have been carried out. An ok `lost`: there was none.
Status AfterLost(Status status, const Status& lost);

// kUsage: a lease token where no write takes one.
Status RefuseToken(const CallContext& call);

ServerError ServerErrorOf(protocol::StatusCode status);

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_POOL_ERROR_MESSAGE_H_
