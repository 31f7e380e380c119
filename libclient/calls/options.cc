#include "tagcache/options.h"

#include <cstdint>

#include "libclient/transport/endpoint.h"

namespace tagcache {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kDayMs = 24 * 60 * 60 * 1000;
constexpr int64_t kLongMs = 365 * kDayMs;
constexpr int64_t kMaxSpinUs = 1'000'000;
constexpr int64_t kMaxSocketBuffer = int64_t{1} << 30;
constexpr size_t kMaxName = 255;

// What every number of Options may be.
struct Range {
  std::string_view name;
  int64_t value;
  int64_t low;
  int64_t high;
  std::string_view unit;
};

Status CheckRange(const Range& range) {
  if (range.value >= range.low && range.value <= range.high) return {};
  std::string message = "option " + std::string(range.name) + ": " + std::to_string(range.value) +
                        " is not allowed, it is from " + std::to_string(range.low) + " to " +
                        std::to_string(range.high);
  if (!range.unit.empty()) message += " " + std::string(range.unit);
  return Status(ErrorCode::kUsage, std::move(message));
}

Status CheckLength(std::string_view name, std::string_view value) {
  if (value.size() <= kMaxName) return {};
  return Status(ErrorCode::kUsage,
                "option " + std::string(name) + ": " + std::to_string(value.size()) +
                    " bytes are not allowed, it is at most " + std::to_string(kMaxName) + " bytes");
}

// What the text protocol can not carry is known now and not at the first call.
Status CheckText(const Options& options) {
  if (options.protocol != Protocol::kText) return {};
  const struct {
    std::string_view name;
    std::string_view value;
    std::string_view breakers;
    std::string_view words;
  } rows[] = {{"prefix", options.prefix, "\t\r\n,", "TAB, CR, LF or comma"},
              {"username", options.username, "\t\r\n", "TAB, CR or LF"},
              {"password", options.password, "\t\r\n", "TAB, CR or LF"}};
  for (const auto& row : rows) {
    if (row.value.find_first_of(row.breakers) == std::string_view::npos) continue;
    return Status(ErrorCode::kUsage,
                  "option " + std::string(row.name) + ": with the text protocol it may not hold " +
                      std::string(row.words) + "; the binary protocol carries any bytes");
  }
  return {};
}

}  // namespace

Status ValidateOptions(const Options& options) {
  if (options.servers.empty()) {
    return Status(ErrorCode::kUsage,
                  "option servers: the list is empty, it has at least one of "
                  "tcp://host:port or unix:///path");
  }
  for (const std::string& server : options.servers) {
    if (const auto endpoint = ParseEndpoint(server); !endpoint.ok()) return endpoint.status();
  }
  const auto pool_max = static_cast<int64_t>(options.pool_max);
  const Range ranges[] = {
      {"timeout_ms", options.timeout.count(), 1, kDayMs, "milliseconds"},
      {"connect_timeout_ms", options.connect_timeout.count(), 1, kDayMs, "milliseconds"},
      {"pool_size", pool_max, 1, 1024, ""},
      {"pool_min", static_cast<int64_t>(options.pool_min), 0, pool_max, "(pool_size)"},
      {"idle_timeout_ms", options.idle_timeout.count(), 0, kLongMs, "milliseconds"},
      {"idle_check_ms", options.idle_check.count(), 0, kLongMs, "milliseconds"},
      {"health_check_ms", options.health_check.count(), 0, kLongMs, "milliseconds"},
      {"retries", options.retries, 0, 100, ""},
      {"backoff_ms", options.backoff.count(), 0, kDayMs, "milliseconds"},
      {"backoff_max_ms", options.backoff_max.count(), options.backoff.count(), kDayMs,
       "milliseconds (its least is backoff_ms)"},
      {"send_buffer", static_cast<int64_t>(options.send_buffer), 0, kMaxSocketBuffer, "bytes"},
      {"receive_buffer", static_cast<int64_t>(options.receive_buffer), 0, kMaxSocketBuffer,
       "bytes"},
      {"busy_poll_us", options.busy_poll.count(), 0, kMaxSpinUs, "microseconds"},
      {"default_ttl_ms", options.default_ttl.count(), 0, INT64_MAX, "milliseconds"},
  };
  for (const Range& range : ranges) {
    if (Status status = CheckRange(range); !status.ok()) return status;
  }
  const std::pair<std::string_view, std::string_view> names[] = {
      {"username", options.username},
      {"password", options.password},
      {"client_name", options.client_name},
      {"prefix", options.prefix}};
  for (const auto& [name, value] : names) {
    if (Status status = CheckLength(name, value); !status.ok()) return status;
  }
  return CheckText(options);
}

}  // namespace tagcache
