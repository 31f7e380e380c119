// The command line tool `tagcache`, as scripts use it: what it prints, and its exit code.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/server_process.h"
#include "tests/support/stopped_server.h"

namespace tagcache {
namespace {

using testing::ServerProcess;

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

class Tool : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/tagcache-tool-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Runs `tagcache --server=<this test's server> args...`.
  Outcome Run(std::vector<std::string> args, const std::string& input = "") {
    args.insert(args.begin(), "--server=" + server_.tcp_dsn());
    return RunPlain(std::move(args), input);
  }
  // `servers`: TAGCACHE_SERVERS; `output`: where standard output goes.
  Outcome RunPlain(std::vector<std::string> args, const std::string& input = "",
                   const char* servers = nullptr, const char* output = nullptr) {
    const std::string in = folder_ + "/in";
    const std::string out = output != nullptr ? output : folder_ + "/out";
    const std::string err = folder_ + "/err";
    std::ofstream(in, std::ios::binary) << input;
    args.insert(args.begin(), TAGCACHE_TOOL_PATH);
    std::vector<char*> argv;
    for (std::string& arg : args) argv.push_back(arg.data());
    argv.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      dup2(open(in.c_str(), O_RDONLY), 0);
      dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
      dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
      if (servers != nullptr) {
        setenv("TAGCACHE_SERVERS", servers, 1);
      } else {
        unsetenv("TAGCACHE_SERVERS");
      }
      execv(argv[0], argv.data());
      _exit(127);
    }
    int state = 0;
    waitpid(child, &state, 0);
    Outcome outcome;
    outcome.code = WIFEXITED(state) ? WEXITSTATUS(state) : -WTERMSIG(state);
    if (output == nullptr) outcome.out = ReadFile(out);
    outcome.err = ReadFile(err);
    return outcome;
  }
  void Put(const std::string& key, const std::string& value, std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"put", key, value};
    args.insert(args.end(), more.begin(), more.end());
    EXPECT_EQ(Run(args).code, 0);
  }

  ServerProcess server_{{"--workers=2"}};
  std::string folder_;
};

std::set<std::string> Lines(const std::string& text) {
  std::istringstream stream(text);
  std::set<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

TEST_F(Tool, GetWritesTheValueByteForByte) {
  Put("k", "a value");
  const Outcome got = Run({"get", "k"});
  EXPECT_EQ(got.code, 0);
  EXPECT_EQ(got.out, "a value");
  EXPECT_EQ(got.err, "");
}

TEST_F(Tool, PutReadsBinaryValuesFromStandardInput) {
  std::string bytes("\0\n\xff\r\n", 5);
  for (int i = 0; i < 300'000; ++i) bytes += static_cast<char>(i * 7);
  EXPECT_EQ(Run({"put", "k", "-"}, bytes).code, 0);
  EXPECT_TRUE(Run({"get", "k"}).out == bytes);
  EXPECT_EQ(Run({"put", "empty", "-"}, "").code, 0);
  const Outcome empty = Run({"get", "empty"});
  EXPECT_EQ(empty.code, 0);
  EXPECT_EQ(empty.out, "");
}

TEST_F(Tool, AMissPrintsNothingAndExitsWithOne) {
  for (const char* command : {"get", "exists", "meta"}) {
    const Outcome missed = Run({command, "absent"});
    EXPECT_EQ(missed.code, 1) << command;
    EXPECT_EQ(missed.out, "") << command;
    EXPECT_EQ(missed.err, "") << command;
  }
}

TEST_F(Tool, AddAndReplaceReportWhetherTheyStored) {
  EXPECT_EQ(Run({"replace", "k", "v"}).code, 1);
  EXPECT_EQ(Run({"add", "k", "added"}).code, 0);
  EXPECT_EQ(Run({"add", "k", "again"}).code, 1);
  EXPECT_EQ(Run({"get", "k"}).out, "added");
  EXPECT_EQ(Run({"replace", "k", "replaced"}).code, 0);
  EXPECT_EQ(Run({"get", "k"}).out, "replaced");
  EXPECT_EQ(Run({"exists", "k"}).code, 0);
}

TEST_F(Tool, DeletePrintsHowManyWereThere) {
  Put("a", "1");
  Put("b", "2");
  const Outcome both = Run({"delete", "a", "b"});
  EXPECT_EQ(both.code, 0);
  EXPECT_EQ(both.out, "2\n");
  const Outcome none = Run({"delete", "a", "b"});
  EXPECT_EQ(none.code, 1);
  EXPECT_EQ(none.out, "0\n");
}

TEST_F(Tool, IncrementsPrintTheResult) {
  EXPECT_EQ(Run({"incr", "n"}).out, "1\n");
  EXPECT_EQ(Run({"incr", "n", "--by", "41"}).out, "42\n");
  EXPECT_EQ(Run({"decr", "n", "--by=-8"}).out, "50\n");
  EXPECT_EQ(Run({"decr", "m", "--initial=10"}).out, "10\n");
  Put("word", "word");
  const Outcome refused = Run({"incr", "word"});
  EXPECT_EQ(refused.code, 3);
  EXPECT_EQ(refused.out, "");
  EXPECT_NE(refused.err.find("'word'"), std::string::npos) << refused.err;
  EXPECT_EQ(Run({"get", "word"}).out, "word");
}

TEST_F(Tool, TtlAndTagsOfAWriteShowInMeta) {
  Put("k", "value", {"--ttl-ms", "60000", "-t", "blue", "--tag", "with space"});
  const Outcome meta = Run({"meta", "k"});
  EXPECT_EQ(meta.code, 0);
  const std::set<std::string> lines = Lines(meta.out);
  EXPECT_EQ(lines.count("size 5"), 1u) << meta.out;
  EXPECT_EQ(lines.count("flags 0x00000000"), 1u) << meta.out;
  EXPECT_EQ(lines.count("tag blue"), 1u) << meta.out;
  EXPECT_EQ(lines.count("tag with space"), 1u) << meta.out;
  EXPECT_EQ(lines.count("ttl_left_ms never"), 0u) << meta.out;
  EXPECT_EQ(Run({"touch", "k", "--ttl-ms", "0"}).code, 0);
  EXPECT_EQ(Lines(Run({"meta", "k"}).out).count("ttl_left_ms never"), 1u);
  EXPECT_EQ(Run({"touch", "absent", "--ttl-ms", "1000"}).code, 1);
}

TEST_F(Tool, TagOptionsBeforeTheKeyTakeOneTagEach) {
  EXPECT_EQ(Run({"put", "--tag", "t", "k", "v"}).code, 0);
  EXPECT_EQ(Run({"get", "k"}).out, "v");
  EXPECT_EQ(Run({"keys", "t"}).out, "k\n");
}

TEST_F(Tool, ValueThatLooksLikeAnOptionGoesBehindTheDashesAlsoAfterATag) {
  EXPECT_EQ(Run({"put", "--tag=a", "-t", "b", "--", "-k", "-v"}).code, 0);
  EXPECT_EQ(Run({"get", "--", "-k"}).out, "-v");
  EXPECT_EQ(Run({"invalidate", "b"}).out, "1\n");
}

TEST_F(Tool, MgetFramesTheHitsWithTheirSizes) {
  Put("a", "line\nfeed");
  Put("b", "");
  const Outcome some = Run({"mget", "a", "absent", "b"});
  EXPECT_EQ(some.code, 1);
  EXPECT_EQ(some.out, "a\t9\nline\nfeed\nb\t0\n\n");
  EXPECT_EQ(Run({"mget", "a", "b"}).code, 0);
}

TEST_F(Tool, InvalidatePrintsHowManyHadTheTag) {
  Put("a", "1", {"-t", "x"});
  Put("b", "2", {"-t", "x", "-t", "y"});
  Put("c", "3", {"-t", "y"});
  Put("d", "4");
  EXPECT_EQ(Run({"invalidate-tags", "--all", "x", "y"}).out, "1\n");
  EXPECT_EQ(Run({"get", "b"}).code, 1);
  EXPECT_EQ(Run({"invalidate", "x"}).out, "1\n");
  EXPECT_EQ(Run({"invalidate-tags", "x", "y", "z"}).out, "1\n");
  const Outcome none = Run({"invalidate", "x"});
  EXPECT_EQ(none.out, "0\n");
  EXPECT_EQ(none.code, 0);
  EXPECT_EQ(Run({"get", "d"}).code, 0);
}

TEST_F(Tool, KeysAndSearchListEveryPage) {
  std::set<std::string> expected;
  for (int i = 0; i < 30; ++i) {
    const std::string key = "key " + std::to_string(i);
    Put(key, "v",
        i % 2 == 0 ? std::vector<std::string>{"-t", "all", "-t", "even"}
                   : std::vector<std::string>{"-t", "all"});
    expected.insert(key);
  }
  EXPECT_EQ(Lines(Run({"keys", "all"}).out), expected);
  EXPECT_EQ(Lines(Run({"keys", "all", "--limit", "7"}).out).size(), 7u);
  EXPECT_EQ(Lines(Run({"search", "none", "even"}).out).size(), 15u);
  EXPECT_EQ(Lines(Run({"search", "--all", "all", "even"}).out).size(), 15u);
  const std::string null_separated = Run({"keys", "-0", "all"}).out;
  EXPECT_EQ(std::count(null_separated.begin(), null_separated.end(), '\0'), 30);
  EXPECT_EQ(null_separated.find('\n'), std::string::npos);
  EXPECT_EQ(Run({"keys", "nobody"}).code, 1);
}

TEST_F(Tool, ScanAndDeletePrefixReachTheKeysThatBeginSo) {
  std::set<std::string> expected;
  for (int i = 0; i < 30; ++i) {
    expected.insert("a:" + std::to_string(i));
    Put("a:" + std::to_string(i), "v");
  }
  Put("b", "v");
  EXPECT_EQ(Lines(Run({"scan", "a:"}).out), expected);
  EXPECT_EQ(Lines(Run({"scan", "a:", "--limit", "7"}).out).size(), 7u);
  EXPECT_EQ(Lines(Run({"scan", ""}).out).size(), 31u);
  EXPECT_EQ(Run({"delete-prefix", "a:"}).out, "30\n");
  EXPECT_EQ(Run({"delete-prefix", "a:"}).out, "0\n");
  EXPECT_EQ(Run({"scan", "a:"}).code, 1);
  EXPECT_EQ(Run({"get", "b"}).code, 0);
}

TEST_F(Tool, TagsListsTheHeaviestFirst) {
  EXPECT_EQ(Run({"tags"}).code, 1);
  Put("a", "v", {"-t", "light one"});
  Put("b", std::string(10'000, 'v'), {"-t", "heavy"});
  const std::string heaviest = Run({"tags", "--limit", "1"}).out;
  EXPECT_EQ(heaviest.substr(0, 2), "1\t");
  EXPECT_TRUE(heaviest.ends_with("\t0\theavy\n")) << heaviest;
  EXPECT_TRUE(Run({"tags"}).out.ends_with("\tlight one\n"));
}

TEST_F(Tool, AppendAndPrependAddToAValueThatIsThere) {
  Put("k", "b");
  EXPECT_EQ(Run({"append", "k", "c"}).code, 0);
  EXPECT_EQ(Run({"prepend", "k", "-"}, "a").code, 0);
  EXPECT_EQ(Run({"get", "k"}).out, "abc");
  EXPECT_EQ(Run({"append", "missing", "c"}).code, 1);
  EXPECT_EQ(Run({"get", "missing"}).code, 1);
}

TEST_F(Tool, CompareAndSetWritesOnlyOverTheVersionThatItNames) {
  const auto version = [this] {
    const std::string meta = Run({"meta", "k"}).out;
    const size_t at = meta.find("version ") + 8;
    return "--version=" + meta.substr(at, meta.find('\n', at) - at);
  };
  Put("k", "old");
  const std::string first = version();
  EXPECT_EQ(Run({"compare-and-set", "k", "new", first, "--ttl-ms=60000"}).code, 0);
  EXPECT_EQ(Run({"get", "k"}).out, "new");
  Outcome late = Run({"compare-and-set", "k", "late", first});
  EXPECT_EQ(late.code, 1);
  EXPECT_EQ(late.out, "changed\n");
  EXPECT_EQ(Run({"compare-and-delete", "k", first}).code, 1);
  EXPECT_EQ(Run({"compare-and-delete", "k", version()}).code, 0);
  late = Run({"compare-and-set", "k", "late", first});
  EXPECT_EQ(late.code, 1);
  EXPECT_EQ(late.out, "not found\n");
}

TEST_F(Tool, GetAndTouchSetsTheTimeToLive) {
  Put("k", "v");
  EXPECT_EQ(Run({"get-and-touch", "k", "--ttl-ms=60000"}).out, "v");
  EXPECT_EQ(Run({"meta", "k"}).out.find("ttl_left_ms never"), std::string::npos);
  EXPECT_EQ(Run({"get-and-touch", "missing", "--ttl-ms=1"}).code, 1);
}

TEST_F(Tool, InvalidateKeysPrintsHowManyWereThere) {
  Put("a", "1");
  Put("b", "2");
  const Outcome removed = Run({"invalidate-keys", "a", "x", "b"});
  EXPECT_EQ(removed.code, 0);
  EXPECT_EQ(removed.out, "2\n");
  EXPECT_EQ(Run({"get", "a"}).code, 1);
}

TEST_F(Tool, LeaseStoresWhatTheCommandComputesOnAMiss) {
  const std::vector<std::string> fill = {"lease", "k",  "--ttl-ms=60000",      "--tag=t", "--",
                                         "sh",    "-c", "printf computed; cat"};
  Outcome filled = Run(fill, "!");
  EXPECT_EQ(filled.code, 0) << filled.err;
  EXPECT_EQ(filled.out, "computed!");
  EXPECT_EQ(Run({"get", "k"}).out, "computed!");
  EXPECT_EQ(Run({"lease", "k", "--", "false"}).out, "computed!") << "a hit runs no command";
  EXPECT_EQ(Run({"invalidate", "t"}).out, "1\n");
}

TEST_F(Tool, LeaseStoresNothingIfTheCommandFails) {
  for (const std::string command : {"echo half; exit 7", "kill -9 $$"}) {
    const Outcome failed = Run({"lease", "k", "--", "sh", "-c", command});
    EXPECT_EQ(failed.code, 3);
    EXPECT_EQ(failed.out, "");
    EXPECT_NE(failed.err.find("nothing is stored"), std::string::npos) << failed.err;
  }
  const Outcome unknown = Run({"lease", "k", "--", "/no/such/program"});
  EXPECT_EQ(unknown.code, 3);
  EXPECT_NE(unknown.err.find("/no/such/program"), std::string::npos) << unknown.err;
  EXPECT_EQ(Run({"get", "k"}).code, 1);
  EXPECT_EQ(Run({"lease", "k", "--", "echo", "next"}).out, "next\n") << "the lease has ended";
}

TEST_F(Tool, LeaseOfAKeyThatWasInvalidatedMeanwhileIsRefused) {
  const std::string invalidate = std::string(TAGCACHE_TOOL_PATH) +
                                 " --server=" + server_.tcp_dsn() +
                                 " invalidate t >/dev/null; echo old";
  const Outcome stale = Run({"lease", "k", "--tag=t", "--", "sh", "-c", invalidate});
  EXPECT_EQ(stale.code, 3);
  EXPECT_EQ(stale.out, "");
  EXPECT_EQ(Run({"get", "k"}).code, 1);
}

TEST_F(Tool, RefusedItemsOfABulkCommandAreNamedAndTheOthersDone) {
  Put("a", "1");
  const std::string longest(5000, 'k');
  const Outcome got = Run({"mget", longest, "a"});
  EXPECT_EQ(got.code, 3);
  EXPECT_EQ(got.out, "a\t1\n1\n");
  EXPECT_NE(got.err.find("mget 'kkk"), std::string::npos) << got.err;
  const Outcome deleted = Run({"delete", longest, "a"});
  EXPECT_EQ(deleted.code, 3);
  EXPECT_EQ(deleted.out, "1\n");
}

TEST_F(Tool, NoMessageShowsAPasswordOfTheServerAddress) {
  for (const char* server : {"tcp://user:SECRET@h", "redis://h?auth=SECRET"}) {
    const Outcome refused = RunPlain({"ping"}, "", server);
    EXPECT_EQ(refused.code, 2);
    EXPECT_EQ(refused.err.find("SECRET"), std::string::npos) << refused.err;
  }
}

TEST_F(Tool, KeysMayBeNamedLikeCommandsAndOptions) {
  Put("get", "1");
  EXPECT_EQ(Run({"get", "get"}).out, "1");
  EXPECT_EQ(Run({"put", "--", "--ttl-ms", "-v"}).code, 0);
  EXPECT_EQ(Run({"get", "--", "--ttl-ms"}).out, "-v");
  EXPECT_EQ(Run({"put", "", "the empty key"}).code, 0);
  EXPECT_EQ(Run({"get", ""}).out, "the empty key");
}

TEST_F(Tool, StatsFlushAndPing) {
  Put("a", "1");
  Put("b", "2");
  EXPECT_EQ(Lines(Run({"stats"}).out).count("items 2"), 1u);
  EXPECT_EQ(Run({"flush"}).out, "2\n");
  EXPECT_EQ(Run({"flush"}).out, "0\n");
  const Outcome ping = Run({"ping"});
  EXPECT_EQ(ping.code, 0);
  EXPECT_NE(ping.out.find(" ms\n"), std::string::npos) << ping.out;
}

TEST_F(Tool, ServerComesFromTheOptionThenTheEnvironment) {
  Put("k", "v");
  EXPECT_EQ(RunPlain({"get", "k"}, "", server_.unix_dsn().c_str()).out, "v");
  EXPECT_EQ(RunPlain({"--server=" + server_.unix_dsn(), "get", "k"}, "", "tcp://127.0.0.1:1").out,
            "v");
  EXPECT_EQ(RunPlain({"-s", server_.tcp_dsn() + "?protocol=text", "get", "k"}).out, "v");
}

TEST_F(Tool, MistakesExitWithTwoAndAreNamed) {
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{},
                                             {"bogus"},
                                             {"get"},
                                             {"put", "k"},
                                             {"get", "k", "--colour"},
                                             {"put", "k", "v", "--ttl-ms", "-1"},
                                             {"put", "k", "v", "--ttl-ms", "soon"},
                                             {"touch", "k"},
                                             {"incr", "k", "--by", "1.5"},
                                             {"keys", "t", "--limit", "-1"},
                                             {"--server=bogus://x", "ping"},
                                             {"--server=tcp://127.0.0.1:1984?bogus=1", "ping"}}) {
    const Outcome refused = RunPlain(args);
    EXPECT_EQ(refused.code, 2) << (args.empty() ? "" : args.back());
    EXPECT_NE(refused.err, "") << (args.empty() ? "" : args.back());
    EXPECT_EQ(refused.out, "") << (args.empty() ? "" : args.back());
  }
  // A key that the codec can not carry is the caller's mistake as well. It is not sent.
  const Outcome refused =
      RunPlain({"-s", server_.tcp_dsn() + "?protocol=text", "put", "a\tb", "v"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("TAB"), std::string::npos) << refused.err;
}

TEST_F(Tool, HelpListsTheCommands) {
  const Outcome help = RunPlain({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* command :
       {"get",    "put",  "add",  "replace",       "delete",     "exists",          "touch",
        "incr",   "decr", "meta", "mget",          "invalidate", "invalidate-tags", "keys",
        "search", "tags", "scan", "delete-prefix", "stats",      "flush",           "ping"}) {
    EXPECT_NE(help.out.find(std::string("\n  ") + command + " "), std::string::npos) << command;
  }
  EXPECT_EQ(RunPlain({"put", "--help"}).code, 0);
}

TEST_F(Tool, AServerThatIsNotThereExitsWithThree) {
  server_.Kill();
  const Outcome refused = Run({"get", "k"});
  EXPECT_EQ(refused.code, 3);
  EXPECT_EQ(refused.out, "");
  EXPECT_NE(refused.err.find(std::to_string(server_.port())), std::string::npos) << refused.err;
}

// lessons 12
TEST_F(Tool, AStalledServerExitsWithThreeAfterTheTimeOut) {
  Stop(server_);
  const auto start = std::chrono::steady_clock::now();
  const Outcome late = RunPlain({"-s", server_.tcp_dsn() + "?timeout_ms=200", "get", "k"});
  const auto took = std::chrono::steady_clock::now() - start;
  server_.Signal(SIGCONT);
  EXPECT_EQ(late.code, 3);
  EXPECT_NE(late.err.find("200 ms"), std::string::npos) << late.err;
  EXPECT_LT(took, std::chrono::seconds(5));
}

TEST_F(Tool, OutputThatCanNotBeWrittenExitsWithThree) {
  Put("k", "v");
  const Outcome full =
      RunPlain({"--server=" + server_.tcp_dsn(), "get", "k"}, "", nullptr, "/dev/full");
  EXPECT_EQ(full.code, 3);
  EXPECT_NE(full.err.find("standard output"), std::string::npos) << full.err;
}

}  // namespace
}  // namespace tagcache
