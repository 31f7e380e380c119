// The table of settings, and the textual form of each kind.

#include <array>
#include <bit>
#include <charconv>
#include <cstdio>
#include <limits>

#include "protocol/message.h"
#include "server/config.h"

namespace tagcache::server {
namespace {

constexpr uint64_t kKi = 1024;
constexpr uint64_t kMi = kKi * 1024;
constexpr uint64_t kGi = kMi * 1024;
constexpr uint64_t kTi = kGi * 1024;
constexpr uint64_t kDay = 86'400'000;  // milliseconds

constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error", "off"};

using enum SettingKind;

constexpr Setting kSettings[] = {
    {"host", kText, &Config::host, 0, 0, "address",
     "where to listen for TCP; a name is resolved once, and its first address is used; empty: no "
     "TCP"},
    {"port", kNumber, &Config::port, 0, 65535, "port", "TCP port; 0: a free one"},
    {"unix_socket", kText, &Config::unix_socket, 0, 0, "path",
     "where to listen on a Unix socket; empty: nowhere"},
    {"unix_socket_mode", kOctal, &Config::unix_socket_mode, 0, 0777, "octal mode",
     "permissions of the socket file"},
    {"workers", kNumber, &Config::workers, 0, 1024, "threads",
     "threads, each with an event loop of its own; 0: one for each processor that the process may "
     "use"},
    {"shards", kPowerOfTwo, &Config::shards, 1, 256, "shards",
     "parts of the store, each with a lock of its own"},
    {"max_key", kSize, &Config::max_key, 1, 4000, "bytes", "longest key"},
    {"max_tag", kSize, &Config::max_tag, 1, 4000, "bytes", "longest tag"},
    {"max_tags", kNumber, &Config::max_tags, 0, 255, "tags", "most tags on one entry"},
    {"max_value", kSize, &Config::max_value, 1, kGi, "bytes", "largest value"},
    {"memory_limit", kAutoSize, &Config::memory_limit, 0, kTi, "bytes",
     "entries are evicted to keep all memory of the server below it; auto: half of the memory that "
     "the process may have; 0: no limit"},
    {"client_memory_limit", kAutoSize, &Config::client_memory_limit, kLeastClientMemoryLimit, kTi,
     "bytes",
     "what all connections may hold together; past it the one that holds the most is closed; auto: "
     "a quarter of memory_limit, or 256 MiB where there is none"},
    {"max_lease_ms", kNumber, &Config::max_lease_ms, 1, kDay, "milliseconds",
     "the longest lease; who asks for a longer one gets this"},
    {"max_frame", kSize, &Config::max_frame, protocol::kBaseMaxFrame, 16 * kMi, "bytes",
     "longest body of a binary frame, in both directions"},
    {"max_connections", kNumber, &Config::max_connections, 1, 1'000'000, "connections",
     "connections served at once, all workers together"},
    {"max_shm_connections", kNumber, &Config::max_shm_connections, 0, 100'000, "connections",
     "connections over shared memory served at once; each takes 516 KiB; 0: none"},
    {"busy_poll_us", kNumber, &Config::busy_poll_us, 0, 100'000, "microseconds",
     "how long after traffic a worker polls the connections over shared memory and those that ask "
     "for it; 0: it sleeps at once"},
    {"idle_timeout_ms", kNumber, &Config::idle_timeout_ms, 0, 30 * kDay, "milliseconds",
     "a connection is closed after this time without traffic; 0: never"},
    {"output_backlog", kSize, &Config::output_backlog, 64 * kKi, kGi, "bytes",
     "unread answers of a connection beyond which its further requests are held back"},
    {"shutdown_timeout_ms", kNumber, &Config::shutdown_timeout_ms, 1, kDay, "milliseconds",
     "after SIGTERM: the time to answer what was read"},
    {"tcp_nodelay", kFlag, &Config::tcp_nodelay, 0, 0, "true or false",
     "send small answers at once (TCP_NODELAY)"},
    {"tcp_keepalive_s", kNumber, &Config::tcp_keepalive_s, 0, 32767, "seconds",
     "idle time before TCP checks whether the peer is still there; 0: it does not"},
    {"send_buffer", kSize, &Config::send_buffer, 0, kGi, "bytes",
     "send buffer of the sockets (SO_SNDBUF); 0: the system's default"},
    {"receive_buffer", kSize, &Config::receive_buffer, 0, kGi, "bytes",
     "receive buffer of the sockets (SO_RCVBUF); 0: the system's default"},
    {"username", kText, &Config::username, 0, 0, "text",
     "with password: the credentials that clients must give; empty: none are needed"},
    {"password", kSecret, &Config::password, 0, 0, "text",
     "with username; set it in the file: other users can see the command line"},
    {"log_file", kText, &Config::log_file, 0, 0, "path",
     "where to log; it is opened again on SIGHUP; empty: stderr"},
    {"log_level", kChoice, &Config::log_level, 0, 0, "debug, info, warning, error or off",
     "the least important events that are logged", kLevels},
};

constexpr std::string_view kMask = "********";
constexpr std::string_view kAuto = "auto";

std::string RangeOf(const Setting& setting, std::string_view noun) {
  return std::string(noun) + " from " + std::to_string(setting.min) + " to " +
         std::to_string(setting.max);
}

std::string AllowedOf(const Setting& setting) {
  switch (setting.kind) {
    case kText:
      return "text without a NUL";
    case kSecret:
      return "text without a NUL, and not the mask that --print-config shows";
    case kNumber:
      return RangeOf(setting, "an integer");
    case kSize:
      return RangeOf(setting, "bytes as an integer, or one with KiB, MiB or GiB,");
    case kAutoSize:
      return RangeOf(setting, "auto, or bytes as an integer, or one with KiB, MiB or GiB,");
    case kPowerOfTwo:
      return RangeOf(setting, "a power of two");
    case kOctal:
      return "octal digits as text, \"0\" to \"777\"";
    case kFlag:
      return "true or false";
    case kChoice: {
      std::string all = "one of";
      for (const std::string_view choice : setting.choices) all.append(" ").append(choice);
      return all;
    }
  }
  return {};
}

bool ParseNumber(std::string_view text, int base, uint64_t* number) {
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, *number, base);
  return failure == std::errc() && stop == end;
}

bool ParseSize(std::string_view text, uint64_t* size) {
  static constexpr std::pair<std::string_view, uint64_t> kUnits[] = {
      {"KiB", kKi}, {"MiB", kMi}, {"GiB", kGi}};
  uint64_t unit = 1;
  for (const auto& [suffix, factor] : kUnits) {
    if (!text.ends_with(suffix)) continue;
    unit = factor;
    text.remove_suffix(suffix.size());
    while (text.ends_with(' ')) text.remove_suffix(1);
  }
  if (!ParseNumber(text, 10, size)) return false;
  if (*size > std::numeric_limits<uint64_t>::max() / unit) return false;
  *size *= unit;
  return true;
}

bool SetNumber(const Setting& setting, std::string_view text, Config* config) {
  uint64_t number = 0;
  const bool is_size = setting.kind == kSize || setting.kind == kAutoSize;
  const bool parsed = is_size ? ParseSize(text, &number)
                              : ParseNumber(text, setting.kind == kOctal ? 8 : 10, &number);
  if (!parsed || number < setting.min || number > setting.max) return false;
  if (setting.kind == kPowerOfTwo && !std::has_single_bit(number)) return false;
  config->*std::get<uint64_t Config::*>(setting.field) = number;
  return true;
}

bool SetText(const Setting& setting, std::string_view text, Config* config) {
  if (text.find('\0') != std::string_view::npos) return false;
  if (setting.kind == kSecret && text == kMask) return false;
  config->*std::get<std::string Config::*>(setting.field) = text;
  return true;
}

bool SetFlag(const Setting& setting, std::string_view text, Config* config) {
  if (text != "true" && text != "false") return false;
  config->*std::get<bool Config::*>(setting.field) = text == "true";
  return true;
}

bool SetChoice(const Setting& setting, std::string_view text, Config* config) {
  for (const std::string_view choice : setting.choices) {
    if (text == choice) return SetText(setting, text, config);
  }
  return false;
}

bool Set(const Setting& setting, std::string_view text, Config* config) {
  switch (setting.kind) {
    case kText:
    case kSecret:
      return SetText(setting, text, config);
    case kNumber:
    case kSize:
    case kPowerOfTwo:
    case kOctal:
      return SetNumber(setting, text, config);
    case kAutoSize:
      if (text != kAuto) return SetNumber(setting, text, config);
      config->*std::get<uint64_t Config::*>(setting.field) = kAutomatic;
      return true;
    case kFlag:
      return SetFlag(setting, text, config);
    case kChoice:
      return SetChoice(setting, text, config);
  }
  return false;
}

// "64 KiB"; a number that is no multiple of a unit stays as it is.
std::string ReadableSize(uint64_t bytes) {
  static constexpr std::pair<std::string_view, uint64_t> kUnits[] = {
      {" TiB", kTi}, {" GiB", kGi}, {" MiB", kMi}, {" KiB", kKi}};
  for (const auto& [suffix, factor] : kUnits) {
    if (bytes == 0 || bytes % factor != 0) continue;
    return std::to_string(bytes / factor).append(suffix);
  }
  return std::to_string(bytes);
}

std::string Octal(uint64_t mode) {
  char digits[8];
  std::snprintf(digits, sizeof digits, "%04o", static_cast<unsigned>(mode));
  return digits;
}

// A TOML basic string.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted.append(1, '\\').append(1, c);
    } else if (byte < 0x20 || byte == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      quoted += escape;
    } else {
      quoted += c;
    }
  }
  return quoted += '"';
}

}  // namespace

std::span<const Setting> Settings() { return kSettings; }

const Setting* FindSetting(std::string_view name) {
  for (const Setting& setting : kSettings) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

std::string FlagOf(const Setting& setting) {
  std::string flag = "--";
  for (const char c : setting.name) flag += c == '_' ? '-' : c;
  return flag;
}

std::string VariableOf(const Setting& setting) {
  std::string variable = "TAGCACHE_";
  for (const char c : setting.name) {
    variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return variable;
}

std::string UnitAndRangeOf(const Setting& setting) {
  std::string text(setting.unit);
  switch (setting.kind) {
    case kText:
    case kSecret:
    case kFlag:
    case kChoice:
      return text;
    case kNumber:
      return text.append(", ") + std::to_string(setting.min) + " to " + std::to_string(setting.max);
    case kPowerOfTwo:
      return text.append(", a power of two, ") + std::to_string(setting.min) + " to " +
             std::to_string(setting.max);
    case kAutoSize:
      return text.append(" or auto, ") + ReadableSize(setting.min) + " to " +
             ReadableSize(setting.max);
    case kSize:
      return text.append(", ") + ReadableSize(setting.min) + " to " + ReadableSize(setting.max);
    case kOctal:
      return text.append(", ") + Octal(setting.min) + " to " + Octal(setting.max);
  }
  return text;
}

std::string SetFromText(const Setting& setting, std::string_view text, Config* config) {
  return Set(setting, text, config) ? std::string() : AllowedOf(setting);
}

std::string TomlOf(const Setting& setting, const Config& config) {
  switch (setting.kind) {
    case kText:
    case kChoice:
      return Quoted(config.*std::get<std::string Config::*>(setting.field));
    case kSecret:
      return Quoted((config.*std::get<std::string Config::*>(setting.field)).empty() ? "" : kMask);
    case kAutoSize:
      if (config.*std::get<uint64_t Config::*>(setting.field) == kAutomatic) return Quoted(kAuto);
      [[fallthrough]];
    case kNumber:
    case kSize:
    case kPowerOfTwo:
      return std::to_string(config.*std::get<uint64_t Config::*>(setting.field));
    case kOctal:
      return Quoted(Octal(config.*std::get<uint64_t Config::*>(setting.field)));
    case kFlag:
      return config.*std::get<bool Config::*>(setting.field) ? "true" : "false";
  }
  return {};
}

}  // namespace tagcache::server
