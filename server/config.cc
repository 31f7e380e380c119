#include "server/config.h"

#include <toml++/toml.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <map>
#include <new>

namespace tagcache::server {
namespace {

std::string Refusal(std::string where, std::string_view what, std::string_view allowed) {
  return where.append(": ").append(what).append("; allowed: ").append(allowed);
}

// No message repeats a secret.
std::string Shown(const Setting& setting, std::string_view text) {
  if (setting.kind == SettingKind::kSecret) return "the value given";
  return "'" + std::string(text) + "'";
}

std::string At(const std::string& path, const toml::source_region& source) {
  return path + ":" + std::to_string(source.begin.line);
}

// Converts a node of the file to text. Returns false if its type is not one that the setting takes.
bool TextOf(const Setting& setting, const toml::node& node, std::string* text) {
  switch (setting.kind) {
    case SettingKind::kText:
    case SettingKind::kSecret:
    case SettingKind::kOctal:
    case SettingKind::kChoice:
      if (!node.is_string()) return false;
      *text = node.as_string()->get();
      return true;
    case SettingKind::kNumber:
    case SettingKind::kPowerOfTwo:
      if (!node.is_integer()) return false;
      *text = std::to_string(node.as_integer()->get());
      return true;
    case SettingKind::kSize:
    case SettingKind::kAutoSize:
      if (!node.is_integer() && !node.is_string()) return false;
      *text = node.is_string() ? node.as_string()->get() : std::to_string(node.as_integer()->get());
      return true;
    case SettingKind::kFlag:
      if (!node.is_boolean()) return false;
      *text = node.as_boolean()->get() ? "true" : "false";
      return true;
  }
  return false;
}

std::string_view TypeName(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::none:
      return "nothing";
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a float";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
  }
  return "something else";
}

std::string SetFromNode(const std::string& path, std::string_view key, const toml::node& node,
                        Config* config) {
  const std::string where = At(path, node.source()) + ": " + std::string(key);
  const Setting* setting = FindSetting(key);
  if (setting == nullptr) {
    std::string names;
    for (const Setting& known : Settings()) names.append(names.empty() ? "" : ", ") += known.name;
    return Refusal(where, "there is no such setting", names);
  }
  std::string text;
  if (!TextOf(*setting, node, &text)) {
    Config unused;
    const std::string allowed = SetFromText(*setting, std::string_view("\0", 1), &unused);
    return Refusal(where, std::string(TypeName(node)) + " was given", allowed);
  }
  const std::string allowed = SetFromText(*setting, text, config);
  return allowed.empty() ? allowed : Refusal(where, Shown(*setting, text) + " was given", allowed);
}

void AddFlags(CLI::App& app) {
  const Config defaults;
  for (const Setting& setting : Settings()) {
    std::string help(setting.help);
    help.append(" [").append(UnitAndRangeOf(setting)).append("; default ");
    help.append(TomlOf(setting, defaults)).append("]");
    app.add_option(FlagOf(setting), CLI::callback_t(), help)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->type_name("");
  }
}

// Of a flag that is given several times the last one counts, and each is checked: what is refused
// does not depend on their order.
std::string SetFromFlags(const CLI::App& app, Config* config) {
  for (const Setting& setting : Settings()) {
    const std::string flag = FlagOf(setting);
    for (const std::string& text : app.get_option(flag)->results()) {
      const std::string allowed = SetFromText(setting, text, config);
      if (!allowed.empty()) return Refusal(flag, Shown(setting, text) + " was given", allowed);
    }
  }
  return {};
}

CommandLine Refused(std::string why) {
  CommandLine line;
  line.action = CommandLine::Action::kRefuse;
  line.output = "tagcached: " + why + "\n";
  return line;
}

struct Flags {
  std::string file;
  bool print = false;
  int ready_fd = -1;
};

std::string ReadEnvironment(const Environment& environment, Config* config) {
  for (const Setting& setting : Settings()) {
    const std::string variable = VariableOf(setting);
    const char* text = environment(variable.c_str());
    if (text == nullptr) continue;
    const std::string allowed = SetFromText(setting, text, config);
    if (!allowed.empty()) {
      return Refusal("environment " + variable, Shown(setting, text) + " was given", allowed);
    }
  }
  return {};
}

std::string ReadFile(const std::string& path, Config* config) {
  try {
    const toml::table table = toml::parse_file(path);
    // toml++ sorts the keys, but a person corrects a file from its top.
    std::map<std::pair<uint32_t, std::string>, const toml::node*> in_order;
    for (const auto& [key, node] : table) {
      in_order[{node.source().begin.line, std::string(key.str())}] = &node;
    }
    for (const auto& [position, node] : in_order) {
      std::string error = SetFromNode(path, position.second, *node, config);
      if (!error.empty()) return error;
    }
    return {};
  } catch (const toml::parse_error& error) {
    if (error.source().begin.line == 0) return path + ": " + std::string(error.description());
    return At(path, error.source()) + ": not TOML: " + std::string(error.description());
  } catch (const std::exception& error) {
    return path + ": " + error.what();
  }
}

// What must hold between settings.
std::string CheckTogether(const Config& config, MemoryLimits* memory) {
  if (config.username.empty() != config.password.empty()) {
    return "username and password: only one of them is set; allowed: both, or none";
  }
  if (config.host.empty() && config.unix_socket.empty()) {
    return "host and unix_socket: both are empty, so nobody could connect; allowed: one or both";
  }
  return ChooseMemoryLimits(config.memory_limit, config.client_memory_limit, MemoryOfProcess(),
                            memory);
}

std::string PrintConfig(const Config& config) {
  std::string file = "# The configuration in force. Give it to tagcached with --config.\n";
  for (const Setting& setting : Settings()) {
    file.append("\n# ").append(setting.help).append(" [").append(UnitAndRangeOf(setting));
    file.append("]\n");
    file.append(setting.name).append(" = ").append(TomlOf(setting, config)).append("\n");
  }
  return file;
}

// The weakest source comes first; each one overwrites what the one before has set.
std::string ReadAll(const CLI::App& app, const Flags& flags, const Environment& environment,
                    std::string_view default_file, Config* config, MemoryLimits* memory) {
  if (std::string error = ReadEnvironment(environment, config); !error.empty()) return error;
  std::string file = flags.file;
  if (app.count("--config") == 0 && access(std::string(default_file).c_str(), F_OK) == 0) {
    file = default_file;
  }
  if (app.count("--config") > 0 || !file.empty()) {
    if (std::string error = ReadFile(file, config); !error.empty()) return error;
  }
  if (std::string error = SetFromFlags(app, config); !error.empty()) return error;
  return CheckTogether(*config, memory);
}

}  // namespace

CommandLine ReadCommandLine(int argc, const char* const* argv, const Environment& environment,
                            std::string_view version, std::string_view default_file) try {
  CLI::App app(
      "A cache server with tags. Flags are stronger than the file, the file is stronger "
      "than the environment (TAGCACHE_<NAME>).",
      "tagcached");
  Flags flags;
  AddFlags(app);
  app.add_option("--config", flags.file,
                 "the configuration file, TOML [path; default " + std::string(default_file) +
                     " if it exists]")
      ->type_name("");
  app.add_flag("--print-config", flags.print, "print the settings in force as TOML, and exit");
  app.add_option("--ready-fd", flags.ready_fd,
                 "write 'tcp ADDRESS' and 'unix PATH' lines to this descriptor and close it once "
                 "all listeners are open [descriptor; default none]")
      ->check(CLI::Range(0, 1'000'000))
      ->type_name("");
  app.set_version_flag("--version", "tagcached " + std::string(version));

  CommandLine line;
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    line.action = CommandLine::Action::kPrint;
    line.output = app.help();
    return line;
  } catch (const CLI::CallForVersion& call) {
    line.action = CommandLine::Action::kPrint;
    line.output = std::string(call.what()) + "\n";
    return line;
  } catch (const CLI::ParseError& error) {
    return Refused(std::string(error.what()) + "; tagcached --help lists what is allowed");
  }
  line.ready_fd = flags.ready_fd;
  std::string error = ReadAll(app, flags, environment, default_file, &line.config, &line.memory);
  if (!error.empty()) return Refused(std::move(error));
  if (flags.print) {
    line.action = CommandLine::Action::kPrint;
    line.output = PrintConfig(line.config);
  }
  return line;
} catch (const std::exception& error) {
  return Refused(error.what());
}

}  // namespace tagcache::server
