// Client: a get whose miss is given to one of those who ask.

#include <limits>
#include <string>
#include <utility>

#include "libclient/calls/client_core.h"
#include "libclient/calls/wire_names.h"
#include "tagcache/client.h"

namespace tagcache {

using protocol::LeaseKind;
using protocol::Request;
using protocol::Response;
using std::chrono::milliseconds;

namespace {

constexpr int64_t kLongest = std::numeric_limits<uint32_t>::max();

Status CheckLease(const CallContext& call, const LeaseOptions& lease) {
  const auto refuse = [&](const char* what, milliseconds given, const char* least) {
    return MakeError(ErrorCode::kUsage, call, "",
                     std::string("a ") + what + " of " + std::to_string(given.count()) +
                         " ms is not allowed, it is " + least + " to " + std::to_string(kLongest));
  };
  if (lease.lease.count() < 1 || lease.lease.count() > kLongest) {
    return refuse("lease", lease.lease, "1");
  }
  if (lease.wait.count() < 0 || lease.wait.count() > kLongest) {
    return refuse("wait", lease.wait, "0");
  }
  return {};
}

}  // namespace

Result<Leased> Client::GetOrLease(std::string_view key, const LeaseOptions& lease,
                                  CallOptions call) {
  return Guarded<Result<Leased>>([&]() -> Result<Leased> {
    CallContext context = core_->Begin("get or lease", key, call);
    if (Status status = CheckLease(context, lease); !status.ok()) return status;
    context.timeout += lease.wait;
    context.deadline += lease.wait;
    WireNames names(core_->options().prefix);
    Request request;
    request.op = protocol::Op::kGetLease;
    request.key = names.Key(key);
    request.lease_ms = static_cast<uint32_t>(lease.lease.count());
    request.wait_ms = static_cast<uint32_t>(lease.wait.count());
    request.stale_ok = lease.stale_ok;
    Leased leased;
    Status status = core_->Call(context, request, [&](const Response& response) {
      leased.token = response.token;
      leased.stale = response.lease == LeaseKind::kStaleValue;
      if (leased.stale || response.lease == LeaseKind::kValue) {
        leased.value = Value{std::string(response.value), response.flags};
      }
    });
    if (!status.ok()) return status;
    return leased;
  });
}

}  // namespace tagcache
