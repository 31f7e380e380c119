#ifndef TAGCACHE_OPTIONS_H_
#define TAGCACHE_OPTIONS_H_

// How a Client reaches and uses its server: a plain struct for designated initialisers. The comment
// of each field gives its unit and what zero means. Client::Create checks all of it; nothing is
// ignored. option_table.h has the ranges, and the names that the options have as text.
//
// Ownership: an Options owns its strings. Threads: plain values. Errors: kUsage.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tagcache/status.h"

namespace tagcache {

enum class Protocol : uint8_t {
  kBinary,  // the native protocol: every command, any bytes, request IDs
  kText,    // the tab-delimited protocol of older servers: fewer commands, no LF in anything
};

struct Options {
  // Addresses of ONE server, tried in this order until one connects (for example its Unix socket
  // first, then TCP). They are not shards and not replicas: a second server would have values that
  // an invalidation on the first never reached. "tcp://host:port" (port 1984 when left out),
  // "unix:///path", or "shm:///path" for memory shared with the server that listens on that Unix
  // socket. Empty is an error. A host that is a name is looked up when connecting, within
  // connect_timeout and the deadline; the addresses are then kept for half a minute
  // (docs/decisions/name-lookup.md).
  std::vector<std::string> servers = {"tcp://127.0.0.1:1984"};
  Protocol protocol = Protocol::kBinary;

  // The time one call may take in all: waiting for a pooled connection, connecting, writing and
  // reading. Zero is an error.
  std::chrono::milliseconds timeout{1000};
  // The part of it that connecting may take. Zero is an error.
  std::chrono::milliseconds connect_timeout{500};

  // Connections kept per client. At most pool_max exist at a time (1 to 1024; one more carries
  // Submit); a call that finds all of them taken waits for one until its deadline. pool_min (0 to
  // pool_max) connections are opened by the first call and kept when idle ones are closed; 0 opens
  // each when it is first needed.
  size_t pool_min = 0;
  size_t pool_max = 4;
  // An idle connection above pool_min is closed at the next call after this time. Zero: never.
  std::chrono::milliseconds idle_timeout{60'000};
  // A connection that was idle this long is checked, without a round trip, before it is reused, so
  // that it is noticed here and not by the request if the server has closed it. Zero: at each
  // reuse.
  std::chrono::milliseconds idle_check{5};
  // A connection that was idle this long is PINGed before it is reused. Zero: never.
  std::chrono::milliseconds health_check{30'000};

  // How often a request is sent again after its connection broke, if it is idempotent or if no byte
  // of it was sent. Always within the call's deadline. Zero: never.
  uint32_t retries = 1;
  // After a failed connect the server counts as down: calls fail in microseconds until the back-off
  // has passed, then one call tries again. The back-off doubles from `backoff` to `backoff_max`; up
  // to half of it is random. Zero backoff: every call tries.
  std::chrono::milliseconds backoff{50};
  std::chrono::milliseconds backoff_max{2000};

  // Socket options. Buffer sizes in bytes; zero leaves the system's default.
  bool tcp_nodelay = true;
  bool tcp_keepalive = true;
  size_t send_buffer = 0;
  size_t receive_buffer = 0;
  // Spin this long for an answer before sleeping, and ask the server to do so for requests. Zero:
  // sleep at once (over shared memory: 20 microseconds). Costs CPU; gives up while it does not pay.
  std::chrono::microseconds busy_poll{0};

  // Credentials; both empty: none are sent.
  std::string username = {};
  std::string password = {};
  // Shown in the server's log.
  std::string client_name = "libtagcache";

  // Put before every key and tag on the wire, and removed from the keys that come back. Plain
  // concatenation: key "2:a" under prefix "shop" is key ":a" under prefix "shop2", and DeletePrefix
  // of the one removes entries of the other. End a prefix with a delimiter that no other prefix
  // continues: "shop:", "shop2:".
  std::string prefix = {};
  // Time to live of writes that give none. Zero: they never expire.
  std::chrono::milliseconds default_ttl{0};
};

// Splits a DSN into options: one or more addresses separated by commas, then an optional query with
// the names of docs/php.md ("tcp://cache:1984?timeout_ms=250&pool_size=8"). Starts from `base`.
// Bytes in addresses and values may be percent-encoded. Errors: kUsage, naming the part that is
// unknown or out of range and what is allowed.
// No message shows credentials that an address or a query holds: see ShownServer.
Result<Options> ParseDsn(std::string_view dsn, const Options& base = {});

// Sets one option by its name in a DSN ("timeout_ms"), or "servers", from text. Checks its own
// range but not how it agrees with other options. Errors: kUsage, as above; the options are then as
// they were.
Status SetOption(Options& options, std::string_view name, std::string_view value);

// A server address or DSN as the messages show it: "***" stands for what may be a secret, namely
// for everything from the scheme to the last '@', for a port that is no number, and for a query.
std::string ShownServer(std::string_view address);

// Checks every field, and the fields that depend on each other. Errors: kUsage, naming the first
// option that is not allowed and what is allowed.
Status ValidateOptions(const Options& options);

}  // namespace tagcache

#endif  // TAGCACHE_OPTIONS_H_
