// Options from text: one by name, or all of a DSN.

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>

#include "libclient/transport/endpoint.h"
#include "tagcache/options.h"

namespace tagcache {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// The option's value from text. nullptr: done; otherwise what is allowed.
using Setter = const char* (*)(Options&, std::string_view);

constexpr char kWholeNumber[] = "a whole number";
constexpr char kMilliseconds[] = "a whole number of milliseconds";
constexpr char kMicroseconds[] = "a whole number of microseconds";
constexpr char kBytes[] = "a whole number of bytes";
constexpr char kSwitch[] = "1, 0, true, false, on or off";

template <typename T>
std::optional<T> Number(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <auto Member>
const char* SetMilliseconds(Options& options, std::string_view text) {
  const auto value = Number<int64_t>(text);
  if (!value) return kMilliseconds;
  options.*Member = milliseconds(*value);
  return nullptr;
}

template <auto Member, const char* kAllowed>
const char* SetSize(Options& options, std::string_view text) {
  const auto value = Number<size_t>(text);
  if (!value) return kAllowed;
  options.*Member = *value;
  return nullptr;
}

template <auto Member>
const char* SetSwitch(Options& options, std::string_view text) {
  const bool on = text == "1" || text == "true" || text == "on";
  if (!on && text != "0" && text != "false" && text != "off") return kSwitch;
  options.*Member = on;
  return nullptr;
}

template <auto Member>
const char* SetBytes(Options& options, std::string_view text) {
  options.*Member = text;
  return nullptr;
}

const char* SetRetries(Options& options, std::string_view text) {
  const auto value = Number<uint32_t>(text);
  if (!value) return kWholeNumber;
  options.retries = *value;
  return nullptr;
}

const char* SetBusyPoll(Options& options, std::string_view text) {
  const auto value = Number<int64_t>(text);
  if (!value) return kMicroseconds;
  options.busy_poll = microseconds(*value);
  return nullptr;
}

const char* SetProtocol(Options& options, std::string_view text) {
  if (text != "binary" && text != "text") return "binary or text";
  options.protocol = text == "text" ? Protocol::kText : Protocol::kBinary;
  return nullptr;
}

constexpr struct {
  std::string_view name;
  Setter set;
} kRows[] = {
    {"timeout_ms", SetMilliseconds<&Options::timeout>},
    {"connect_timeout_ms", SetMilliseconds<&Options::connect_timeout>},
    {"protocol", SetProtocol},
    {"pool_size", SetSize<&Options::pool_max, kWholeNumber>},
    {"pool_min", SetSize<&Options::pool_min, kWholeNumber>},
    {"idle_timeout_ms", SetMilliseconds<&Options::idle_timeout>},
    {"idle_check_ms", SetMilliseconds<&Options::idle_check>},
    {"health_check_ms", SetMilliseconds<&Options::health_check>},
    {"retries", SetRetries},
    {"backoff_ms", SetMilliseconds<&Options::backoff>},
    {"backoff_max_ms", SetMilliseconds<&Options::backoff_max>},
    {"tcp_nodelay", SetSwitch<&Options::tcp_nodelay>},
    {"tcp_keepalive", SetSwitch<&Options::tcp_keepalive>},
    {"send_buffer", SetSize<&Options::send_buffer, kBytes>},
    {"receive_buffer", SetSize<&Options::receive_buffer, kBytes>},
    {"busy_poll_us", SetBusyPoll},
    {"username", SetBytes<&Options::username>},
    {"password", SetBytes<&Options::password>},
    {"client_name", SetBytes<&Options::client_name>},
    {"prefix", SetBytes<&Options::prefix>},
    {"default_ttl_ms", SetMilliseconds<&Options::default_ttl>},
};

std::string KnownNames() {
  std::string names;
  for (const auto& row : kRows) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return names;
}

Status Refuse(std::string message) { return Status(ErrorCode::kUsage, std::move(message)); }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// false: a '%' is not followed by two hexadecimal digits.
bool PercentDecode(std::string_view text, std::string* out) {
  out->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out->push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return false;
    out->push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return true;
}

// Calls `take` with each piece between separators; stops at the first error.
template <typename F>
Status ForEachPiece(std::string_view text, char separator, F take) {
  for (;;) {
    const size_t end = text.find(separator);
    if (Status status = take(text.substr(0, end)); !status.ok()) return status;
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Status SetOption(Options& options, std::string_view name, std::string_view value) {
  for (const auto& row : kRows) {
    if (row.name != name) continue;
    Options changed = options;
    if (const char* allowed = row.set(changed, value)) {
      return Refuse("option " + std::string(name) + ": '" + std::string(value) +
                    "' is not allowed, it is " + allowed);
    }
    options = std::move(changed);
    return {};
  }
  return Refuse("option '" + std::string(name) + "' is not known; known are " + KnownNames());
}

Result<Options> ParseDsn(std::string_view dsn, const Options& base) {
  Options options = base;
  options.servers.clear();
  const size_t query_start = dsn.find('?');
  std::string decoded;
  Status status = ForEachPiece(dsn.substr(0, query_start), ',', [&](std::string_view address) {
    if (!PercentDecode(address, &decoded)) {
      return Refuse("server '" + std::string(address) +
                    "': a '%' must be followed by two hexadecimal digits");
    }
    options.servers.push_back(decoded);
    return ParseEndpoint(decoded).status();
  });
  if (!status.ok()) return status;
  if (query_start != std::string_view::npos && query_start + 1 < dsn.size()) {
    status = ForEachPiece(dsn.substr(query_start + 1), '&', [&](std::string_view part) {
      const size_t equals = part.find('=');
      if (equals == std::string_view::npos) {
        return Refuse("option '" + std::string(part) + "': a part of the query is name=value");
      }
      const std::string_view name = part.substr(0, equals);
      if (!PercentDecode(part.substr(equals + 1), &decoded)) {
        return Refuse("option " + std::string(name) +
                      ": a '%' must be followed by two hexadecimal digits");
      }
      return SetOption(options, name, decoded);
    });
  }
  if (status.ok()) status = ValidateOptions(options);
  if (!status.ok()) return status;
  return options;
}

}  // namespace tagcache
