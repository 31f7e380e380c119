// HELLO, AUTH and PING.

#include <algorithm>

#include "server/commands/handlers.h"

namespace tagcache::server {
namespace {

using protocol::StatusCode;

constexpr uint8_t kAuthAttempts = 3;
constexpr size_t kShownName = 64;

// Returns whether the peer may go on. A server without credentials accepts any: so clients can be
// configured with theirs before the server is.
bool CheckCredentials(Call& call) {
  const protocol::Request& request = call.request;
  if (!call.engine.needs_credentials() || call.engine.Accepts(request.user, request.password)) {
    call.peer.authenticated = true;
    return true;
  }
  call.peer.authenticated = false;
  call.metrics.auth_failures.Add(1);
  call.engine.events().Write(
      Level::kWarning, "auth_failed",
      {{"peer", call.peer.address}, {"user", request.user.substr(0, kShownName)}});
  call.Refuse(StatusCode::kAuthFailed,
              std::string(call.command.name)
                  .append(": user '" + Shown(request.user))
                  .append("' and the password given do not match the server's credentials"));
  call.close = ++call.peer.auth_failures >= kAuthAttempts;
  return false;
}

}  // namespace

void HandleHello(Call& call) {
  const protocol::Hello& hello = call.request.hello;
  if (call.earlier_requests > 0) {
    return call.Refuse(StatusCode::kBadRequest,
                       "HELLO: it must be the first request of its connection");
  }
  if (hello.min_version > protocol::kVersion || hello.max_version < protocol::kVersion) {
    call.close = true;
    return call.Refuse(StatusCode::kUnsupportedVersion,
                       "HELLO: versions " + std::to_string(hello.min_version) + " to " +
                           std::to_string(hello.max_version) +
                           " are asked for, this server speaks version 1 to 1");
  }
  if (hello.max_frame < protocol::kBaseMaxFrame) {
    return call.Refuse(StatusCode::kBadRequest,
                       "HELLO: max_frame is " + std::to_string(hello.max_frame) +
                           ", every peer must accept " + std::to_string(protocol::kBaseMaxFrame));
  }
  call.peer.client_name = hello.name.substr(0, kShownName);
  const bool has_credentials = !call.request.user.empty() || !call.request.password.empty();
  if (has_credentials && !CheckCredentials(call)) return;
  call.peer.busy_poll = (hello.features & protocol::kFeatureBusyPoll) != 0;
  call.peer.max_frame = std::min(hello.max_frame, call.engine.options().max_frame);
  call.scratch.message = "tagcached " + call.engine.options().version;
  call.response.hello = {.min_version = protocol::kVersion,
                         .max_version = protocol::kVersion,
                         .features = hello.features & protocol::kFeatures,
                         .max_frame = call.peer.max_frame,
                         .name = call.scratch.message};
}

void HandleAuth(Call& call) { CheckCredentials(call); }

void HandlePing(Call&) {}

}  // namespace tagcache::server
