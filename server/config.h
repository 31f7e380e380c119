#ifndef TAGCACHE_SERVER_CONFIG_H_
#define TAGCACHE_SERVER_CONFIG_H_

// The settings of tagcached. One table (settings.cc) gives each its name, unit, range and help.
// The command line, the file and the environment are read by it; --help and --print-config print
// it, and a test compares docs/operations.md with it. A flag is stronger than the file, the file is
// stronger than the environment.
//
// Errors: a sentence that names where the setting was given (flag, file and line, variable) and
// what is allowed. Nothing throws.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "server/memory_limits.h"
#include "server/net/server.h"

namespace tagcache::server {

// A default that a module's options have is taken from there.
struct Config {
  std::string host = ServerOptions().host;
  uint64_t port = ServerOptions().port;
  std::string unix_socket = ServerOptions().unix_socket;
  uint64_t unix_socket_mode = ServerOptions().unix_socket_mode;
  uint64_t workers = 0;
  uint64_t shards = StoreOptions().shards;
  uint64_t max_key = StoreOptions().max_key;
  uint64_t max_tag = StoreOptions().max_tag;
  uint64_t max_tags = StoreOptions().max_tags;
  uint64_t max_value = StoreOptions().max_value;
  uint64_t memory_limit = kAutomatic;
  uint64_t client_memory_limit = kAutomatic;
  uint64_t max_lease_ms = StoreOptions().max_lease_ms;
  uint64_t max_frame = EngineOptions().max_frame;
  uint64_t max_connections = WorkerOptions().max_connections;
  uint64_t max_shm_connections = WorkerOptions().max_shm_connections;
  uint64_t busy_poll_us = static_cast<uint64_t>(WorkerOptions().busy_poll.count());
  uint64_t idle_timeout_ms = WorkerOptions().idle_timeout;
  uint64_t output_backlog = EngineOptions().output_backlog;
  uint64_t shutdown_timeout_ms = WorkerOptions().shutdown_timeout;
  bool tcp_nodelay = SocketOptions().tcp_nodelay;
  uint64_t tcp_keepalive_s = SocketOptions().tcp_keepalive_s;
  uint64_t send_buffer = SocketOptions().send_buffer;
  uint64_t receive_buffer = SocketOptions().receive_buffer;
  std::string username = EngineOptions().username;
  std::string password = EngineOptions().password;
  std::string log_file;
  std::string log_level = "info";

  bool operator==(const Config&) const = default;
};

// How the value of a setting is written and checked.
enum class SettingKind : uint8_t {
  kText,
  kSecret,      // as kText, but never shown
  kNumber,      // an integer
  kSize,        // an integer of bytes, or one with KiB, MiB or GiB
  kAutoSize,    // as kSize, or "auto"
  kPowerOfTwo,  // an integer that is one
  kOctal,       // a file mode in octal digits; text in the file
  kFlag,        // true or false
  kChoice,      // one of `choices`
};

struct Setting {
  std::string_view name;  // max_value: flag --max-value, variable TAGCACHE_MAX_VALUE
  SettingKind kind;
  std::variant<std::string Config::*, uint64_t Config::*, bool Config::*> field;
  uint64_t min = 0;  // of numbers
  uint64_t max = 0;
  std::string_view unit;
  std::string_view help;
  std::span<const std::string_view> choices = {};
};

std::span<const Setting> Settings();
// nullptr if there is none.
const Setting* FindSetting(std::string_view name);
// "--max-value" and "TAGCACHE_MAX_VALUE".
std::string FlagOf(const Setting& setting);
std::string VariableOf(const Setting& setting);
// The unit and what is allowed: "bytes, 1 to 4000".
std::string UnitAndRangeOf(const Setting& setting);

// Sets the field from its textual form. Returns an empty string, or what is allowed ("an integer
// from 0 to 65535") if the text is not.
std::string SetFromText(const Setting& setting, std::string_view text, Config* config);
// The value as a TOML file has it.
std::string TomlOf(const Setting& setting, const Config& config);

// What the command line asks the process to do.
struct CommandLine {
  enum class Action { kServe, kPrint, kRefuse };
  Action action = Action::kServe;
  std::string output;  // kPrint: for stdout; kRefuse: for stderr
  Config config;
  MemoryLimits memory;  // that follow from it
  int ready_fd = -1;
  // Variables of the environment that have the name of a setting but were left alone, with their
  // values: see ReadCommandLine.
  std::vector<std::pair<std::string, std::string>> ignored_variables;
};

// The file that is read, if it exists, when --config does not name one.
inline constexpr std::string_view kDefaultConfigFile = "/etc/tagcache/tagcache.conf";

using Environment = std::function<const char*(const char* name)>;

// Reads the command line, the file and the environment, and checks the settings together. A source
// does not matter for a setting that a stronger source gives: its value is not even checked. So a
// variable that somebody else sets can always be overruled.
//
// Kubernetes gives every container TAGCACHE_PORT=tcp://10.96.12.7:1984 if there is a service named
// tagcache. A variable with such a value is left alone, unless the setting takes any text.
//
// The answer to --print-config is a TOML file that --config takes, with a comment for each setting.
// It masks the password, and the mask is refused as a password: what was printed cannot become
// credentials.
CommandLine ReadCommandLine(int argc, const char* const* argv, const Environment& environment,
                            std::string_view version,
                            std::string_view default_file = kDefaultConfigFile);

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_CONFIG_H_
