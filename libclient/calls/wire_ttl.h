#ifndef TAGCACHE_LIBCLIENT_CALLS_WIRE_TTL_H_
#define TAGCACHE_LIBCLIENT_CALLS_WIRE_TTL_H_

// Times to live and steps as the protocol has them: no TTL in a write means "never expires", no TTL
// in a step means "as it is" (and "never" for a new counter), and 0 means "now". The public API has
// kNeverExpires and kDefaultTtl.
//
// Threads: pure functions. Errors: kUsage for a TTL below zero.

#include "libclient/pool/error_message.h"
#include "protocol/message.h"
#include "tagcache/client.h"

namespace tagcache {

// The TTL of a write. false: the TTL is negative.
inline bool WireTtl(Ttl ttl, const Options& options, protocol::TtlMs* wire) {
  if (ttl == kDefaultTtl) ttl = options.default_ttl;
  if (ttl.count() < 0) return false;
  *wire = ttl == kNeverExpires ? protocol::TtlMs() : static_cast<uint64_t>(ttl.count());
  return true;
}

Status RefuseTtl(const CallContext& call, Ttl ttl);

// Op, by, initial value, flags and TTL of an INCREMENT or DECREMENT; its key and tags are the
// caller's to fill.
Status FillStep(const CallContext& call, const Options& options, protocol::Op op,
                const IncrementOptions& step, protocol::Request* request);

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_CALLS_WIRE_TTL_H_
