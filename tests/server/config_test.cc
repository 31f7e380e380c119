#include "server/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>

namespace tagcache::testing {
namespace {

using server::CommandLine;
using server::Config;
using server::Setting;
using server::SettingKind;
using Action = CommandLine::Action;

// A file that exists as long as this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    char name[] = "/tmp/tagcached-config-XXXXXX";
    close(mkstemp(name));
    path_ = name;
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

CommandLine Read(std::vector<std::string> flags, std::map<std::string, std::string> variables = {},
                 const std::string& default_file = "/nonexistent") {
  std::vector<const char*> argv = {"tagcached"};
  for (const std::string& flag : flags) argv.push_back(flag.c_str());
  return server::ReadCommandLine(
      static_cast<int>(argv.size()), argv.data(),
      [&](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
      },
      "1.2.3", default_file);
}

// The message with which a file of this text is refused; "FILE" stands for its path.
std::string RefusalOfFile(const std::string& text) {
  const TemporaryFile file(text);
  const CommandLine line = Read({"--config", file.path()});
  if (line.action != Action::kRefuse) return "(accepted)";
  std::string message = line.output;
  const size_t at = message.find(file.path());
  if (at != std::string::npos) message.replace(at, file.path().size(), "FILE");
  return message;
}

TEST(Config, DefaultsBindLoopbackWithoutCredentials) {
  const CommandLine line = Read({});
  EXPECT_EQ(line.action, Action::kServe);
  EXPECT_EQ(line.config, Config());
  EXPECT_EQ(line.config.host, "127.0.0.1");
  EXPECT_TRUE(line.config.password.empty());
}

TEST(Config, EverySettingHasAFlagAVariableAndAKeyOfTheSameName) {
  for (const Setting& setting : server::Settings()) {
    // A value that differs from the default and is allowed.
    const bool is_flag = setting.kind == SettingKind::kFlag;
    const bool is_text = setting.kind == SettingKind::kText || setting.kind == SettingKind::kSecret;
    std::string text = is_flag ? "false" : is_text ? "other" : "128";
    if (setting.kind == SettingKind::kOctal) text = "0600";
    if (setting.kind == SettingKind::kChoice) text = "error";
    if (setting.name == "memory_limit") text = std::to_string(server::kLeastMemoryLimit);
    if (setting.max > 0 && setting.min > 128) text = std::to_string(setting.min);
    Config expected;
    ASSERT_EQ(SetFromText(setting, text, &expected), "") << setting.name;
    ASSERT_NE(expected, Config()) << setting.name;

    std::string flags_partner, name(setting.name);
    std::vector<std::string> flags = {FlagOf(setting) + "=" + text};
    std::map<std::string, std::string> variables = {{VariableOf(setting), text}};
    std::string toml = name + " = " + TomlOf(setting, expected) + "\n";
    if (setting.kind == SettingKind::kSecret) toml = name + " = \"other\"\n";
    if (name == "username" || name == "password") {
      const std::string partner = name == "username" ? "password" : "username";
      flags.push_back("--" + partner + "=p");
      variables[partner == "password" ? "TAGCACHE_PASSWORD" : "TAGCACHE_USERNAME"] = "p";
      toml += partner + " = \"p\"\n";
      (partner == "password" ? expected.password : expected.username) = "p";
    }
    EXPECT_EQ(Read(flags).config, expected) << setting.name;
    EXPECT_EQ(Read({}, variables).config, expected) << setting.name;
    const TemporaryFile file(toml);
    const CommandLine line = Read({"--config", file.path()});
    EXPECT_EQ(line.config, expected) << setting.name << ": " << line.output;
  }
}

TEST(Config, FlagsBeatTheFileAndTheFileBeatsTheEnvironment) {
  const TemporaryFile file("port = 2\nmax_key = 2\n");
  const CommandLine line =
      Read({"--config", file.path(), "--port=3"},
           {{"TAGCACHE_PORT", "1"}, {"TAGCACHE_MAX_KEY", "1"}, {"TAGCACHE_MAX_TAG", "1"}});
  EXPECT_EQ(line.config.port, 3u);
  EXPECT_EQ(line.config.max_key, 2u);
  EXPECT_EQ(line.config.max_tag, 1u);
}

TEST(Config, TheDefaultFileIsReadIfItExists) {
  const TemporaryFile file("port = 2\n");
  EXPECT_EQ(Read({}, {}, file.path()).config.port, 2u);
}

// lessons 23
TEST(Config, AnUnknownKeyIsRefusedWithFileLineAndTheNames) {
  const std::string refusal = RefusalOfFile("port = 1\n\nmax_value_length = 5\n");
  EXPECT_EQ(refusal.substr(0, 76),
            "tagcached: FILE:3: max_value_length: there is no such setting; allowed: host");
}

TEST(Config, AWrongTypeIsRefusedWithFileLineAndWhatIsAllowed) {
  EXPECT_EQ(RefusalOfFile("port = \"1984\"\n"),
            "tagcached: FILE:1: port: a string was given; allowed: an integer from 0 to 65535\n");
  EXPECT_EQ(RefusalOfFile("\ntcp_nodelay = 1\n"),
            "tagcached: FILE:2: tcp_nodelay: an integer was given; allowed: true or false\n");
  EXPECT_EQ(RefusalOfFile("host = [\"a\", \"b\"]\n"),
            "tagcached: FILE:1: host: an array was given; allowed: text without a NUL\n");
  EXPECT_EQ(RefusalOfFile("unix_socket_mode = 660\n"),
            "tagcached: FILE:1: unix_socket_mode: an integer was given; allowed: octal digits as "
            "text, \"0\" to \"777\"\n");
  EXPECT_EQ(RefusalOfFile("max_value = 1.5\n"),
            "tagcached: FILE:1: max_value: a float was given; allowed: bytes as an integer, or one "
            "with KiB, MiB or GiB, from 1 to 1073741824\n");
}

TEST(Config, AValueOutOfRangeIsRefusedWithFileLineAndTheRange) {
  EXPECT_EQ(RefusalOfFile("port = 65536\n"),
            "tagcached: FILE:1: port: '65536' was given; allowed: an integer from 0 to 65535\n");
  EXPECT_EQ(RefusalOfFile("port = -1\n"),
            "tagcached: FILE:1: port: '-1' was given; allowed: an integer from 0 to 65535\n");
  EXPECT_EQ(RefusalOfFile("shards = 3\n"),
            "tagcached: FILE:1: shards: '3' was given; allowed: a power of two from 1 to 256\n");
  EXPECT_EQ(RefusalOfFile("log_level = \"loud\"\n"),
            "tagcached: FILE:1: log_level: 'loud' was given; allowed: one of debug info warning "
            "error off\n");
}

TEST(Config, TheFirstMistakeOfAFileIsNamed) {
  EXPECT_EQ(RefusalOfFile("workers = -1\nhost = 5\n").substr(0, 26), "tagcached: FILE:1: workers");
}

TEST(Config, AFileThatIsNoTomlIsRefusedWithItsLine) {
  EXPECT_EQ(RefusalOfFile("port = 1\nport 2\n").substr(0, 29), "tagcached: FILE:2: not TOML: ");
}

TEST(Config, ASettingGivenTwiceIsRefused) {
  EXPECT_EQ(RefusalOfFile("port = 1\nport = 2\n").substr(0, 19), "tagcached: FILE:2: ");
}

TEST(Config, AFileThatIsNotThereIsRefusedByName) {
  const CommandLine line = Read({"--config", "/nonexistent/tagcache.conf"});
  EXPECT_EQ(line.action, Action::kRefuse);
  EXPECT_NE(line.output.find("/nonexistent/tagcache.conf"), std::string::npos);
}

TEST(Config, AnUnknownFlagIsRefusedByName) {
  const CommandLine line = Read({"--max-value-length=5"});
  EXPECT_EQ(line.action, Action::kRefuse);
  EXPECT_NE(line.output.find("--max-value-length"), std::string::npos);
}

TEST(Config, AFlagOutOfRangeIsRefusedWithTheRange) {
  EXPECT_EQ(Read({"--max-tags=5000"}).output,
            "tagcached: --max-tags: '5000' was given; allowed: an integer from 0 to 255\n");
  EXPECT_EQ(Read({"--tcp-nodelay=yes"}).output,
            "tagcached: --tcp-nodelay: 'yes' was given; allowed: true or false\n");
}

TEST(Config, AFlagGivenTwiceIsTheLastOneAndBothAreChecked) {
  EXPECT_EQ(Read({"--port=1", "--port=2"}).config.port, 2u);
  const std::vector<std::vector<std::string>> orders = {{"--port=1", "--port=x"},
                                                        {"--port=x", "--port=1"}};
  for (const std::vector<std::string>& flags : orders) {
    EXPECT_EQ(Read(flags).output,
              "tagcached: --port: 'x' was given; allowed: an integer from 0 to 65535\n");
  }
}

TEST(Config, AVariableOutOfRangeIsRefusedByName) {
  EXPECT_EQ(Read({}, {{"TAGCACHE_MAX_FRAME", "1000"}}).output,
            "tagcached: environment TAGCACHE_MAX_FRAME: '1000' was given; allowed: bytes as an "
            "integer, or one with KiB, MiB or GiB, from 65536 to 16777216\n");
}

// lessons 36
TEST(Config, AWeakerSourceDoesNotMatterWhereAStrongerOneSpeaks) {
  const TemporaryFile file("port = 70000\nmax_key = 2\n");
  const CommandLine line = Read({"--config", file.path(), "--port=3"},
                                {{"TAGCACHE_PORT", "x"}, {"TAGCACHE_MAX_KEY", "x"}});
  EXPECT_EQ(line.action, Action::kServe) << line.output;
  EXPECT_EQ(line.config.port, 3u);
  EXPECT_EQ(line.config.max_key, 2u);
}

// lessons 36
TEST(Config, AVariableThatKubernetesSetsIsLeftAlone) {
  const std::map<std::string, std::string> variables = {
      {"TAGCACHE_PORT", "tcp://10.96.12.7:1984"},
      {"TAGCACHE_PORT_1984_TCP", "tcp://10.96.12.7:1984"},
      {"TAGCACHE_PORT_1984_TCP_PORT", "1984"},
      {"TAGCACHE_SERVICE_HOST", "10.96.12.7"},
      {"TAGCACHE_SERVICE_PORT", "1984"}};
  const CommandLine line = Read({}, variables);
  EXPECT_EQ(line.action, Action::kServe) << line.output;
  EXPECT_EQ(line.config, Config());
  ASSERT_EQ(line.ignored_variables.size(), 1u);
  EXPECT_EQ(line.ignored_variables[0].first, "TAGCACHE_PORT");
  EXPECT_EQ(line.ignored_variables[0].second, "tcp://10.96.12.7:1984");
  EXPECT_TRUE(Read({"--port=0"}, variables).ignored_variables.empty());
}

TEST(Config, SizesTakeUnits) {
  EXPECT_EQ(Read({"--max-value=8MiB"}).config.max_value, 8u * 1024 * 1024);
  EXPECT_EQ(Read({"--max-value=1GiB"}).config.max_value, 1024u * 1024 * 1024);
  EXPECT_EQ(Read({"--max-value=16 KiB"}).config.max_value, 16u * 1024);
  for (const char* wrong : {"8MB", "8M", "MiB", "-1KiB", "18446744073709551615KiB", ""}) {
    EXPECT_EQ(Read({std::string("--max-value=") + wrong}).action, Action::kRefuse) << wrong;
  }
}

// lessons 24
TEST(Config, HalfOfTheCredentialsIsRefused) {
  EXPECT_EQ(Read({"--username=app"}).action, Action::kRefuse);
  EXPECT_EQ(Read({"--password=secret"}).action, Action::kRefuse);
  EXPECT_EQ(Read({"--username=app", "--password=secret"}).action, Action::kServe);
}

TEST(Config, NoListenerAtAllIsRefused) {
  EXPECT_EQ(Read({"--host="}).action, Action::kRefuse);
  EXPECT_EQ(Read({"--host=", "--port=0"}).action, Action::kRefuse);
  const CommandLine line = Read({"--host=", "--unix-socket=/tmp/s"});
  EXPECT_EQ(line.action, Action::kServe);
  EXPECT_EQ(line.config.host, "");
  EXPECT_EQ(line.config.unix_socket, "/tmp/s");
}

// lessons 36
TEST(Config, AnEmptyValueOfAFlagIsAnEmptyValue) {
  const CommandLine line = Read({"--unix-socket=", "--password=", "--username=", "--port=7"});
  EXPECT_EQ(line.action, Action::kServe) << line.output;
  EXPECT_EQ(line.config.unix_socket, "");
  EXPECT_EQ(line.config.password, "");
  EXPECT_EQ(line.config.port, 7u);
  EXPECT_EQ(Read({"--port=", "--max-key=5"}).output,
            "tagcached: --port: '' was given; allowed: an integer from 0 to 65535\n");
  EXPECT_EQ(Read({"--config=", "--port=7"}).output,
            "tagcached: --config: the name is empty; allowed: a path\n");
  EXPECT_EQ(Read({"--ready-fd=", "--port=7"}).output,
            "tagcached: --ready-fd: '' was given; allowed: an integer from 0 to 1000000\n");
  EXPECT_EQ(Read({"--ready-fd=5"}).ready_fd, 5);
}

TEST(Config, AValueOfAFlagMayBeAnyText) {
  EXPECT_EQ(Read({"--username=a", "--password=--x=[y,z]"}).config.password, "--x=[y,z]");
  EXPECT_EQ(Read({"--username=a", "--password=[y,z]"}).config.password, "[y,z]");
  EXPECT_EQ(Read({"--username", "a", "--password", "b"}).config.password, "b");
}

TEST(Config, AnAddressInBracketsIsTheAddress) {
  EXPECT_EQ(Read({"--host=[::1]"}).config.host, "::1");
  EXPECT_EQ(Read({"--host", "[::1]"}).config.host, "::1");
  EXPECT_EQ(Read({}, {{"TAGCACHE_HOST", "[::1]"}}).config.host, "::1");
  const TemporaryFile file("host = \"[::1]\"\n");
  EXPECT_EQ(Read({"--config", file.path()}).config.host, "::1");
}

TEST(Config, PrintConfigReadsBackAsTheSame) {
  const CommandLine first =
      Read({"--print-config", "--host=::1", "--port=7", "--unix-socket=/tmp/a \"b\"\\c",
            "--unix-socket-mode=0600", "--max-value=3MiB", "--tcp-nodelay=false",
            "--log-level=warning", "--idle-timeout-ms=0"});
  ASSERT_EQ(first.action, Action::kPrint);
  const TemporaryFile file(first.output);
  const CommandLine second = Read({"--print-config", "--config", file.path()});
  EXPECT_EQ(second.config, first.config);
  EXPECT_EQ(second.output, first.output);
}

TEST(Config, PrintConfigMasksThePasswordAndTheMaskIsNoPassword) {
  const CommandLine line = Read({"--print-config", "--username=app", "--password=hunter2"});
  EXPECT_EQ(line.output.find("hunter2"), std::string::npos);
  EXPECT_NE(line.output.find("password = \"********\""), std::string::npos);
  EXPECT_NE(RefusalOfFile(line.output).find("password: the value given was given"),
            std::string::npos);
}

TEST(Config, ARefusedPasswordIsNotRepeated) {
  const TemporaryFile file("username = \"app\"\npassword = 12345\n");
  EXPECT_EQ(Read({"--config", file.path()}).output.find("12345"), std::string::npos);
}

TEST(Config, HelpListsEverySettingWithUnitRangeAndDefault) {
  const CommandLine line = Read({"--help"});
  EXPECT_EQ(line.action, Action::kPrint);
  const Config defaults;
  for (const Setting& setting : server::Settings()) {
    EXPECT_NE(line.output.find(FlagOf(setting) + " "), std::string::npos) << setting.name;
    const std::string note =
        "[" + UnitAndRangeOf(setting) + "; default " + TomlOf(setting, defaults) + "]";
    EXPECT_NE(line.output.find(note), std::string::npos) << note;
  }
}

TEST(Config, TheTableOfTheOperatorsGuideIsTheTableOfTheCode) {
  std::ifstream file(TAGCACHE_SOURCE_DIR "/docs/operations.md");
  const std::string guide((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::string table =
      "| name | default | unit and range | what it is |\n| --- | --- | --- | --- |\n";
  const Config defaults;
  for (const Setting& setting : server::Settings()) {
    table.append("| `").append(setting.name).append("` | `").append(TomlOf(setting, defaults));
    table.append("` | ").append(UnitAndRangeOf(setting)).append(" | ").append(setting.help);
    table.append(" |\n");
  }
  EXPECT_NE(guide.find("\n\n" + table + "\n"), std::string::npos)
      << "docs/operations.md should hold:\n"
      << table;
}

TEST(Config, LimitsOfMemoryAreSizesOrWorkedOut) {
  const CommandLine line = Read({"--memory-limit=64MiB"});
  EXPECT_EQ(line.memory.limit, 64u << 20);
  EXPECT_EQ(line.memory.client_limit, 16u << 20);
  const TemporaryFile file("memory_limit = \"auto\"\nclient_memory_limit = \"8 MiB\"\n");
  const CommandLine automatic = Read({"--config", file.path()}, {{"TAGCACHE_MEMORY_LIMIT", "0"}});
  EXPECT_EQ(automatic.config.memory_limit, server::kAutomatic);
  EXPECT_EQ(automatic.memory.client_limit, 8u << 20);
  EXPECT_GE(automatic.memory.limit, server::kLeastMemoryLimit);
  EXPECT_LE(automatic.memory.limit, server::MemoryOfProcess() / 2);
  EXPECT_NE(Read({"--print-config"}).output.find("\nmemory_limit = \"auto\"\n"), std::string::npos);
}

TEST(Config, AMemoryLimitBelowWhatAServerNeedsIsRefused) {
  const CommandLine line = Read({"--memory-limit=1MiB"});
  EXPECT_EQ(line.action, Action::kRefuse);
  EXPECT_NE(line.output.find("memory_limit: 1048576 was given"), std::string::npos) << line.output;
  EXPECT_EQ(Read({"--client-memory-limit=0"}).action, Action::kRefuse);
}

TEST(Config, WhatTheStoreCanHoldIsTheRangeOfItsSettings) {
  server::StoreOptions over;
  over.shards = server::FindSetting("shards")->max + 1;
  over.max_key = server::FindSetting("max_key")->max + 1;
  over.max_tag = server::FindSetting("max_tag")->max + 1;
  over.max_tags = server::FindSetting("max_tags")->max + 1;
  const server::StoreOptions used = server::Store(over).options();
  EXPECT_EQ(used.shards, server::FindSetting("shards")->max);
  EXPECT_EQ(used.max_key, server::FindSetting("max_key")->max);
  EXPECT_EQ(used.max_tag, server::FindSetting("max_tag")->max);
  EXPECT_EQ(used.max_tags, server::FindSetting("max_tags")->max);
}

}  // namespace
}  // namespace tagcache::testing
