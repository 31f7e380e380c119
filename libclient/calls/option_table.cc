// The rows, and what any row's value is as text and within its range.

#include "tagcache/option_table.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <optional>

#include "libclient/calls/percent_encoding.h"
#include "libclient/transport/endpoint.h"

namespace tagcache {
namespace {

constexpr int64_t kDayMs = 24 * 60 * 60 * 1000;
constexpr int64_t kYearMs = 365 * kDayMs;
constexpr int64_t kMaxPollUs = 1'000'000;
constexpr int64_t kMaxSocketBuffer = int64_t{1} << 30;
constexpr int64_t kMaxTextBytes = 255;

constexpr std::string_view kProtocols[] = {"binary", "text"};  // as in enum Protocol

constexpr std::string_view kMs = "milliseconds";

constexpr OptionRow<Options> kRows[] = {
    OptionFor<&Options::servers>(
        {.name = "servers",
         .doc = "addresses of **one** server, tried in order, as a list or as one string with "
                "commas ([why "
                "one](decisions/one-server-per-client.md)); `shm://` is [shared "
                "memory](#shared-memory)"}),
    OptionFor<&Options::protocol>(
        {.name = "protocol",
         .choices = kProtocols,
         .doc = "[the text protocol](#the-text-protocol) is for older servers"}),
    OptionFor<&Options::timeout>(
        {.name = "timeout_ms",
         .least = 1,
         .most = kDayMs,
         .unit = kMs,
         .doc = "what one call may take in all: waiting, connecting, writing, reading"}),
    OptionFor<&Options::connect_timeout>({.name = "connect_timeout_ms",
                                          .least = 1,
                                          .most = kDayMs,
                                          .unit = kMs,
                                          .doc = "the part of it that connecting may take"}),
    OptionFor<&Options::pool_max>(
        {.name = "pool_size",
         .least = 1,
         .most = 1024,
         .doc = "most connections of a client; each is opened when it is first needed"}),
    OptionFor<&Options::pool_min>(
        {.name = "pool_min",
         .most = 1024,
         .doc = "connections that the first call opens and that stay when idle ones are closed; at "
                "most `pool_size`"}),
    OptionFor<&Options::idle_timeout>(
        {.name = "idle_timeout_ms",
         .most = kYearMs,
         .unit = kMs,
         .doc = "an idle connection above `pool_min` is closed at the next call after this; 0: "
                "never"}),
    OptionFor<&Options::idle_check>(
        {.name = "idle_check_ms",
         .most = kYearMs,
         .unit = kMs,
         .doc = "a connection that was idle for so long is checked before it is used again, "
                "without a round trip; 0: always"}),
    OptionFor<&Options::health_check>(
        {.name = "health_check_ms",
         .most = kYearMs,
         .unit = kMs,
         .doc = "a connection that was idle for so long is pinged before it is used again; 0: "
                "never"}),
    OptionFor<&Options::retries>(
        {.name = "retries",
         .most = 100,
         .doc = "how often a call is sent again after its connection broke, within its time: only "
                "calls that may be repeated, or of which no byte had left"}),
    OptionFor<&Options::backoff>(
        {.name = "backoff_ms",
         .most = kDayMs,
         .unit = kMs,
         .doc = "after a failed connect the server counts as down for so long, and calls fail at "
                "once; doubles with each failure, a random part of it; 0: every call tries"}),
    OptionFor<&Options::backoff_max>({.name = "backoff_max_ms",
                                      .most = kDayMs,
                                      .unit = kMs,
                                      .doc = "how far it doubles; at least `backoff_ms`"}),
    OptionFor<&Options::tcp_nodelay>({.name = "tcp_nodelay", .doc = "send small requests at once"}),
    OptionFor<&Options::tcp_keepalive>(
        {.name = "tcp_keepalive", .doc = "let TCP probe an idle connection"}),
    OptionFor<&Options::send_buffer>({.name = "send_buffer",
                                      .most = kMaxSocketBuffer,
                                      .unit = "bytes",
                                      .doc = "send buffer of the socket; 0: the system's"}),
    OptionFor<&Options::receive_buffer>({.name = "receive_buffer",
                                         .most = kMaxSocketBuffer,
                                         .unit = "bytes",
                                         .doc = "receive buffer of the socket; 0: the system's"}),
    OptionFor<&Options::busy_poll>(
        {.name = "busy_poll_us",
         .most = kMaxPollUs,
         .unit = "microseconds",
         .doc = "[poll](#polling) so long for an answer before sleeping: faster answers for CPU "
                "time; 0: no (over shared memory: 20)"}),
    OptionFor<&Options::username>({.name = "username",
                                   .most = kMaxTextBytes,
                                   .doc = "credentials of the server; empty: none"}),
    OptionFor<&Options::password>({.name = "password",
                                   .most = kMaxTextBytes,
                                   .secret = true,
                                   .doc = "never shown by `var_dump()`, `phpinfo()` or a message"}),
    OptionFor<&Options::client_name>(
        {.name = "client_name", .most = kMaxTextBytes, .doc = "shown in the server's log"}),
    OptionFor<&Options::prefix>(
        {.name = "prefix",
         .most = kMaxTextBytes,
         .doc = "put before every key and tag, and taken off the keys that come back"}),
    OptionFor<&Options::default_ttl>(
        {.name = "default_ttl_ms",
         .unit = kMs,
         .doc = "time to live of writes that give none; 0: they never expire"}),
};

Status Refuse(const OptionInfo& option, const std::string& why) {
  return Status(ErrorCode::kUsage, "option " + std::string(option.name) + ": " + why);
}

std::string Range(const OptionInfo& option) {
  std::string range = "from " + std::to_string(option.least);
  if (option.most < std::numeric_limits<int64_t>::max())
    range += " to " + std::to_string(option.most);
  return range;
}

std::optional<int64_t> ParseNumber(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> ParseSwitch(std::string_view text) {
  std::string word(text);
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (word == "1" || word == "true" || word == "on") return true;
  if (word == "0" || word == "false" || word == "off") return false;
  return std::nullopt;
}

Result<OptionValue> ParseServers(const OptionInfo& option, std::string_view text) {
  std::vector<std::string> servers;
  for (;;) {
    const size_t end = text.find(',');
    const std::string_view address = text.substr(0, end);
    if (!PercentDecode(address, &servers.emplace_back())) {
      return Refuse(option, "server '" + ShownServer(address) +
                                "': a '%' must be followed by two hexadecimal digits");
    }
    if (end == std::string_view::npos) return OptionValue(std::move(servers));
    text.remove_prefix(end + 1);
  }
}

// nullopt: the text has not the form of the option's values.
std::optional<OptionValue> ParseForm(const OptionInfo& option, std::string_view text) {
  switch (option.kind) {
    case OptionKind::kNumber:
      if (const auto number = ParseNumber(text)) return *number;
      return std::nullopt;
    case OptionKind::kSwitch:
      if (const auto on = ParseSwitch(text)) return *on;
      return std::nullopt;
    case OptionKind::kChoice: {
      const auto word = std::find(option.choices.begin(), option.choices.end(), text);
      if (word == option.choices.end()) return std::nullopt;
      return int64_t{word - option.choices.begin()};
    }
    case OptionKind::kText:
    case OptionKind::kServers:
      return std::string(text);
  }
  return std::nullopt;
}

Status CheckNumber(const OptionInfo& option, int64_t value) {
  if (value >= option.least && value <= option.most) return {};
  std::string why = std::to_string(value) + " is not allowed, it is " + Range(option);
  if (!option.unit.empty()) why += " " + std::string(option.unit);
  return Refuse(option, why);
}

Status CheckText(const OptionInfo& option, const std::string& value) {
  const auto size = static_cast<int64_t>(value.size());
  if (size >= option.least && size <= option.most) return {};
  return Refuse(option,
                std::to_string(size) + " bytes are not allowed, it is " + AllowedValues(option));
}

Status CheckServers(const OptionInfo& option, const std::vector<std::string>& servers) {
  if (servers.empty()) return Refuse(option, "the list is empty, it is " + AllowedValues(option));
  for (const std::string& server : servers) {
    if (const auto endpoint = ParseEndpoint(server); !endpoint.ok()) {
      return Refuse(option, endpoint.status().message());
    }
  }
  return {};
}

}  // namespace

std::span<const OptionRow<Options>> OptionTable() { return kRows; }

std::string AllowedValues(const OptionInfo& option) {
  switch (option.kind) {
    case OptionKind::kNumber:
      return "a whole number " +
             (option.unit.empty() ? "" : "of " + std::string(option.unit) + " ") + Range(option);
    case OptionKind::kSwitch:
      return "1, 0, true, false, on or off";
    case OptionKind::kText:
      return (option.least > 0 ? std::to_string(option.least) : "at most") +
             (option.least > 0 ? " to " : " ") + std::to_string(option.most) + " bytes";
    case OptionKind::kServers:
      return "one or more of tcp://host:port, unix:///path and shm:///path";
    case OptionKind::kChoice:
      break;
  }
  std::string words;
  for (size_t i = 0; i < option.choices.size(); ++i) {
    if (i > 0) words += i + 1 == option.choices.size() ? " or " : ", ";
    words += option.choices[i];
  }
  return words;
}

Result<OptionValue> ParseOption(const OptionInfo& option, std::string_view text) {
  if (option.kind == OptionKind::kServers) {
    Result<OptionValue> servers = ParseServers(option, text);
    if (!servers.ok()) return servers;
    if (Status status = CheckOption(option, *servers); !status.ok()) return status;
    return servers;
  }
  std::optional<OptionValue> value = ParseForm(option, text);
  if (value && option.kind == OptionKind::kText) {
    if (Status status = CheckOption(option, *value); !status.ok()) return status;
  } else if (!value || !CheckOption(option, *value).ok()) {
    return Refuse(option,
                  "'" + std::string(text) + "' is not allowed, it is " + AllowedValues(option));
  }
  return *std::move(value);
}

Status CheckOption(const OptionInfo& option, const OptionValue& value) {
  switch (option.kind) {
    case OptionKind::kNumber:
      return CheckNumber(option, std::get<int64_t>(value));
    case OptionKind::kText:
      return CheckText(option, std::get<std::string>(value));
    case OptionKind::kServers:
      return CheckServers(option, std::get<std::vector<std::string>>(value));
    case OptionKind::kChoice: {
      const int64_t choice = std::get<int64_t>(value);
      if (choice >= 0 && choice < static_cast<int64_t>(option.choices.size())) return {};
      return Refuse(option, "this value is not allowed, it is " + AllowedValues(option));
    }
    case OptionKind::kSwitch:
      return {};
  }
  return {};
}

std::string FormatOption(const OptionInfo& option, const OptionValue& value) {
  switch (option.kind) {
    case OptionKind::kNumber:
      return std::to_string(std::get<int64_t>(value));
    case OptionKind::kSwitch:
      return std::get<bool>(value) ? "1" : "0";
    case OptionKind::kText:
      return std::get<std::string>(value);
    case OptionKind::kChoice:
      assert(CheckOption(option, value).ok());
      return std::string(option.choices[static_cast<size_t>(std::get<int64_t>(value))]);
    case OptionKind::kServers:
      break;
  }
  std::string list;
  for (const std::string& server : std::get<std::vector<std::string>>(value)) {
    if (!list.empty()) list += ',';
    list += PercentEncode(server, ",%?");
  }
  return list;
}

}  // namespace tagcache
