#include "libclient/calls/wire_ttl.h"

#include <limits>
#include <string>

namespace tagcache {

namespace {

// A step without a TTL keeps the entry's, so "never" is sent as the longest there is. The server
// counts an expiry past the end of its clock as one that never comes.
constexpr uint64_t kLongest = std::numeric_limits<uint64_t>::max();

}  // namespace

Status RefuseTtl(const CallContext& call, Ttl ttl) {
  return MakeError(ErrorCode::kUsage, call, "",
                   "a TTL of " + std::to_string(ttl.count()) +
                       " ms is not allowed, it is 0 (never expires) or more");
}

Status FillStep(const CallContext& call, const Options& options, protocol::Op op,
                const IncrementOptions& step, protocol::Request* request) {
  request->op = op;
  request->by = step.by;
  request->flags = MakeFlags(ValueType::kInteger);
  if (step.initial) {
    request->initial = *step.initial;
  } else if (op == protocol::Op::kIncrement) {
    request->initial = step.by;
  } else if (step.by == std::numeric_limits<int64_t>::min()) {
    return MakeError(ErrorCode::kUsage, call, "",
                     "a step of -9223372036854775808 can not be negated for the initial value");
  } else {
    request->initial = -step.by;
  }
  const Ttl ttl = step.ttl.value_or(kDefaultTtl);
  if (!WireTtl(ttl, options, &request->ttl)) return RefuseTtl(call, ttl);
  if (step.touch) {
    if (!request->ttl) request->ttl = kLongest;
    return {};
  }
  // The text protocol has no TTL that is for a new counter alone. The default is then set anew with
  // each step, lest a counter live for ever; a TTL that the call names is refused as such.
  const bool text_default = options.protocol == Protocol::kText && !step.ttl;
  request->ttl_at_creation = request->ttl.has_value() && !text_default;
  return {};
}

}  // namespace tagcache
