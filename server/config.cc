#include "server/config.h"

#include <toml++/toml.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <new>
#include <set>
#include <utility>
#include <vector>

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

// CLI11 takes the next argument for the value of "--host=". So each value gets this mark in front,
// which no argument can hold, and is never empty.
constexpr char kMark = '\0';

// The arguments as CLI11 takes them: in reverse.
std::vector<std::string> MarkedArguments(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  for (std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    if (argument.starts_with("--") && equals != std::string::npos) {
      argument.insert(equals + 1, 1, kMark);
    }
  }
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

// The values of a flag, without marks.
std::vector<std::string> ValuesOf(const CLI::App& app, const std::string& flag) {
  std::vector<std::string> values = app.get_option(flag)->results();
  for (std::string& value : values) {
    if (value.starts_with(kMark)) value.erase(0, 1);
  }
  return values;
}

std::string WithoutMarks(std::string text) {
  std::erase(text, kMark);
  return text;
}

// The settings that a source has set: a weaker source does not matter for them.
using Given = std::set<std::string_view>;

// Of a flag that is given several times the last one counts, and each is checked: what is refused
// does not depend on their order.
std::string SetFromFlags(const CLI::App& app, Config* config, Given* given) {
  for (const Setting& setting : Settings()) {
    const std::string flag = FlagOf(setting);
    for (const std::string& text : ValuesOf(app, flag)) {
      const std::string allowed = SetFromText(setting, text, config);
      if (!allowed.empty()) return Refusal(flag, Shown(setting, text) + " was given", allowed);
      given->insert(setting.name);
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

// "tcp://10.96.12.7:1984" in TAGCACHE_PORT: Kubernetes (and Docker, for a link) sets it where a
// service is named tagcache.
bool IsOfOrchestrator(const Setting& setting, std::string_view text) {
  if (setting.kind == SettingKind::kText || setting.kind == SettingKind::kSecret) return false;
  return text.starts_with("tcp://") || text.starts_with("udp://") || text.starts_with("sctp://");
}

std::string ReadEnvironment(const Environment& environment, const Given& given, CommandLine* line) {
  for (const Setting& setting : Settings()) {
    const std::string variable = VariableOf(setting);
    const char* text = environment(variable.c_str());
    if (text == nullptr || given.contains(setting.name)) continue;
    if (IsOfOrchestrator(setting, text)) {
      line->ignored_variables.emplace_back(variable, text);
      continue;
    }
    const std::string allowed = SetFromText(setting, text, &line->config);
    if (!allowed.empty()) {
      return Refusal("environment " + variable, Shown(setting, text) + " was given", allowed);
    }
  }
  return {};
}

std::string ReadFile(const std::string& path, Config* config, Given* given) {
  try {
    const toml::table table = toml::parse_file(path);
    // toml++ sorts the keys, but a person corrects a file from its top.
    std::map<std::pair<uint32_t, std::string>, const toml::node*> in_order;
    for (const auto& [key, node] : table) {
      in_order[{node.source().begin.line, std::string(key.str())}] = &node;
    }
    for (const auto& [position, node] : in_order) {
      const Setting* setting = FindSetting(position.second);
      if (setting != nullptr && !given->insert(setting->name).second) continue;
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

// "[::1]", as addresses with a port are written, is ::1.
void WithoutBrackets(std::string* host) {
  if (host->starts_with('[') && host->ends_with(']')) *host = host->substr(1, host->size() - 2);
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

// The strongest source comes first; a weaker one does not touch what is given already.
std::string ReadAll(const CLI::App& app, const Environment& environment,
                    std::string_view default_file, CommandLine* line) {
  Given given;
  if (std::string error = SetFromFlags(app, &line->config, &given); !error.empty()) return error;
  const std::vector<std::string> named = ValuesOf(app, "--config");
  std::string file = named.empty() ? std::string() : named.back();
  if (named.empty() && access(std::string(default_file).c_str(), F_OK) == 0) file = default_file;
  if (!named.empty() && file.empty()) return "--config: the name is empty; allowed: a path";
  if (!file.empty()) {
    if (std::string error = ReadFile(file, &line->config, &given); !error.empty()) return error;
  }
  if (std::string error = ReadEnvironment(environment, given, line); !error.empty()) return error;
  WithoutBrackets(&line->config.host);
  return CheckTogether(line->config, &line->memory);
}

// A descriptor that is not given is -1.
std::string ReadReadyDescriptor(const CLI::App& app, int* fd) {
  constexpr int kMost = 1'000'000;
  for (const std::string& text : ValuesOf(app, "--ready-fd")) {
    const char* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, *fd);
    if (failure != std::errc() || stop != end || *fd < 0 || *fd > kMost) {
      return Refusal("--ready-fd", "'" + text + "' was given",
                     "an integer from 0 to " + std::to_string(kMost));
    }
  }
  return {};
}

}  // namespace

CommandLine ReadCommandLine(int argc, const char* const* argv, const Environment& environment,
                            std::string_view version, std::string_view default_file) try {
  CLI::App app(
      "A cache server with tags. Flags are stronger than the file, the file is stronger "
      "than the environment (TAGCACHE_<NAME>).",
      "tagcached");
  AddFlags(app);
  bool print = false;
  app.add_option("--config", CLI::callback_t(),
                 "the configuration file, TOML [path; default " + std::string(default_file) +
                     " if it exists]")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->type_name("");
  app.add_flag("--print-config", print, "print the settings in force as TOML, and exit");
  app.add_option("--ready-fd", CLI::callback_t(),
                 "write 'tcp ADDRESS' and 'unix PATH' lines to this descriptor and close it once "
                 "all listeners are open [descriptor; default none]")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->type_name("");
  app.set_version_flag("--version", "tagcached " + std::string(version));

  CommandLine line;
  try {
    app.parse(MarkedArguments(argc, argv));
  } catch (const CLI::CallForHelp&) {
    line.action = CommandLine::Action::kPrint;
    line.output = app.help();
    return line;
  } catch (const CLI::CallForVersion& call) {
    line.action = CommandLine::Action::kPrint;
    line.output = std::string(call.what()) + "\n";
    return line;
  } catch (const CLI::ParseError& error) {
    return Refused(WithoutMarks(error.what()) + "; tagcached --help lists what is allowed");
  }
  std::string error = ReadReadyDescriptor(app, &line.ready_fd);
  if (error.empty()) error = ReadAll(app, environment, default_file, &line);
  if (!error.empty()) return Refused(std::move(error));
  if (print) {
    line.action = CommandLine::Action::kPrint;
    line.output = PrintConfig(line.config);
  }
  return line;
} catch (const std::exception& error) {
  return Refused(error.what());
}

}  // namespace tagcache::server
