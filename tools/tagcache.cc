// tagcache runs every command of the cache from a shell. It uses the installed C++ API only.
//
// Standard output holds the answer and nothing else; a value is written as it is stored, byte for
// byte. Errors go to standard error. Exit codes, for scripts:
//
//   0  done: found, stored, deleted, ...
//   1  the answer is no: a miss, a key that existed (add) or did not (replace, delete, touch)
//   2  the command line is wrong, or the call can not be made as asked
//   3  no connection, time-out, protocol error, refusal by the server, or output that failed

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tagcache/client.h"

namespace {

using tagcache::Client;
using tagcache::Status;

enum Exit : int { kDone = 0, kNo = 1, kUsage = 2, kFailed = 3 };

// What the command line gave. Each command reads the fields of its own options.
struct Arguments {
  std::string server = "tcp://127.0.0.1:1984";
  std::string key;
  std::string value;
  std::string tag;
  std::vector<std::string> keys;
  std::vector<std::string> tags;
  std::optional<int64_t> ttl_ms;
  int64_t by = 1;
  std::optional<int64_t> initial;
  int64_t limit = 0;
  bool all = false;
  bool null_separated = false;
};

int Fail(const Status& status) {
  std::fprintf(stderr, "tagcache: %s\n", status.message().c_str());
  return status.code() == tagcache::ErrorCode::kUsage ? kUsage : kFailed;
}

// The items of a bulk command that were refused, a line each. The others are done.
int Fail(const std::vector<tagcache::Refusal>& refused) {
  int code = kDone;
  for (const tagcache::Refusal& refusal : refused) code = Fail(refusal.status);
  return code;
}

// main finds a failure at the end, by ferror(stdout).
void Print(std::string_view bytes) { std::fwrite(bytes.data(), 1, bytes.size(), stdout); }
void PrintNumber(int64_t number) { std::printf("%lld\n", static_cast<long long>(number)); }

int PrintCount(const tagcache::Result<uint64_t>& count) {
  if (!count.ok()) return Fail(count.status());
  std::printf("%llu\n", static_cast<unsigned long long>(*count));
  return kDone;
}

int YesOrNo(const tagcache::Result<bool>& result) {
  if (!result.ok()) return Fail(result.status());
  return *result ? kDone : kNo;
}

std::vector<std::string_view> Views(const std::vector<std::string>& strings) {
  return {strings.begin(), strings.end()};
}

bool ReadStandardInput(std::string* value) {
  char chunk[64 * 1024];
  value->clear();
  for (size_t n; (n = std::fread(chunk, 1, sizeof chunk, stdin)) > 0;) value->append(chunk, n);
  return std::ferror(stdin) == 0;
}

tagcache::Ttl TtlOf(const Arguments& arguments) {
  return arguments.ttl_ms ? tagcache::Ttl(*arguments.ttl_ms) : tagcache::kDefaultTtl;
}

int Get(Client& client, const Arguments& arguments) {
  const auto value = client.Get(arguments.key);
  if (!value.ok()) return Fail(value.status());
  if (!value->has_value()) return kNo;
  Print((*value)->bytes);
  return kDone;
}

enum class Write { kPut, kAdd, kReplace };

int Store(Client& client, const Arguments& arguments, Write write) {
  std::string value = arguments.value;
  if (value == "-" && !ReadStandardInput(&value)) {
    std::fprintf(stderr, "tagcache: standard input: %s\n", std::strerror(errno));
    return kFailed;
  }
  const auto tags = Views(arguments.tags);
  const tagcache::WriteOptions options{TtlOf(arguments), tags};
  const tagcache::ValueView view{value};
  switch (write) {
    case Write::kPut: {
      const Status status = client.Put(arguments.key, view, options);
      return status.ok() ? int{kDone} : Fail(status);
    }
    case Write::kAdd:
      return YesOrNo(client.Add(arguments.key, view, options));
    case Write::kReplace:
      return YesOrNo(client.Replace(arguments.key, view, options));
  }
  return kFailed;
}

int Delete(Client& client, const Arguments& arguments) {
  const auto keys = Views(arguments.keys);
  const auto report = client.MultiDelete(keys);
  if (!report.ok()) return Fail(report.status());
  PrintCount(report->deleted);
  if (!report->refused.empty()) return Fail(report->refused);
  return report->deleted < keys.size() ? int{kNo} : int{kDone};
}

int IncrementBy(Client& client, const Arguments& arguments, bool subtract) {
  const auto tags = Views(arguments.tags);
  tagcache::IncrementOptions options;
  options.by = arguments.by;
  options.initial = arguments.initial;
  if (arguments.ttl_ms) options.ttl = TtlOf(arguments);
  if (!tags.empty()) options.tags = tags;
  const auto value = subtract ? client.Decrement(arguments.key, options)
                              : client.Increment(arguments.key, options);
  if (!value.ok()) return Fail(value.status());
  PrintNumber(*value);
  return kDone;
}

int Meta(Client& client, const Arguments& arguments) {
  const auto meta = client.GetMeta(arguments.key);
  if (!meta.ok()) return Fail(meta.status());
  if (!meta->has_value()) return kNo;
  const tagcache::Meta& entry = **meta;
  if (entry.ttl_left) {
    std::printf("ttl_left_ms %lld\n", static_cast<long long>(entry.ttl_left->count()));
  } else {
    std::printf("ttl_left_ms never\n");
  }
  std::printf("age_ms %lld\n", static_cast<long long>(entry.age.count()));
  std::printf("size %llu\n", static_cast<unsigned long long>(entry.size));
  std::printf("version %llu\n", static_cast<unsigned long long>(entry.version));
  std::printf("flags 0x%08x\n", static_cast<unsigned>(entry.flags));
  for (const std::string& tag : entry.tags) {
    Print("tag ");
    Print(tag);
    Print("\n");
  }
  return kDone;
}

// A hit is a line "key TAB size", then the value's bytes, then LF. With the size a program can read
// any bytes. Misses are left out.
int MultiGet(Client& client, const Arguments& arguments) {
  const auto keys = Views(arguments.keys);
  const auto report = client.MultiGet(keys);
  if (!report.ok()) return Fail(report.status());
  int code = kDone;
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::optional<tagcache::Value>& value = report->values[i];
    if (!value) {
      code = kNo;
      continue;
    }
    Print(keys[i]);
    std::printf("\t%zu\n", value->bytes.size());
    Print(value->bytes);
    Print("\n");
  }
  return report->refused.empty() ? code : Fail(report->refused);
}

using PageCall = std::function<tagcache::Result<tagcache::KeyPage>(uint64_t cursor)>;

// Prints page by page, so that a tag of any size needs the memory of one page. A key that is
// written between two pages may be printed twice.
int PrintKeys(const Arguments& arguments, const PageCall& page_at) {
  int64_t printed = 0;
  uint64_t cursor = 0;
  do {
    const auto page = page_at(cursor);
    if (!page.ok()) return Fail(page.status());
    for (const std::string& key : page->keys) {
      if (arguments.limit > 0 && printed == arguments.limit) return kDone;
      Print(key);
      Print(arguments.null_separated ? std::string_view("\0", 1) : std::string_view("\n"));
      ++printed;
    }
    cursor = page->cursor;
  } while (cursor != 0 && (arguments.limit == 0 || printed < arguments.limit));
  return printed > 0 ? kDone : kNo;
}

int Keys(Client& client, const Arguments& arguments) {
  return PrintKeys(arguments,
                   [&](uint64_t cursor) { return client.KeysByTag(arguments.tag, cursor); });
}

int Search(Client& client, const Arguments& arguments) {
  const auto tags = Views(arguments.keys);
  const auto mode = arguments.all ? tagcache::TagMode::kAll : tagcache::TagMode::kAny;
  return PrintKeys(arguments, [&](uint64_t cursor) { return client.Search(tags, mode, cursor); });
}

int Scan(Client& client, const Arguments& arguments) {
  return PrintKeys(arguments, [&](uint64_t cursor) { return client.Scan(arguments.key, cursor); });
}

// Each line is "keys bytes hits invalidations tag": the tag comes last because it may have blanks.
int HeaviestTags(Client& client, const Arguments& arguments) {
  const auto limit = static_cast<uint32_t>(arguments.limit);
  const auto tags = client.HeaviestTags(limit);
  if (!tags.ok()) return Fail(tags.status());
  for (const tagcache::TagUsage& usage : *tags) {
    for (const uint64_t number : {usage.keys, usage.bytes, usage.hits, usage.invalidations}) {
      std::printf("%llu\t", static_cast<unsigned long long>(number));
    }
    Print(usage.tag);
    Print("\n");
  }
  return tags->empty() ? kNo : kDone;
}

int InvalidateTags(Client& client, const Arguments& arguments) {
  const auto tags = Views(arguments.keys);
  const auto mode = arguments.all ? tagcache::TagMode::kAll : tagcache::TagMode::kAny;
  return PrintCount(client.InvalidateTags(tags, mode));
}

int Stats(Client& client) {
  const auto stats = client.Stats();
  if (!stats.ok()) return Fail(stats.status());
  for (const auto& [name, value] : *stats) std::printf("%s %s\n", name.c_str(), value.c_str());
  return kDone;
}

int Ping(Client& client) {
  const auto took = client.Ping();
  if (!took.ok()) return Fail(took.status());
  std::printf("%.3f ms\n", static_cast<double>(took->count()) / 1e6);
  return kDone;
}

// The commands, and the one the command line chose.
class CommandLine {
 public:
  CommandLine() {
    app_.require_subcommand(1);
    app_.add_option("-s,--server", arguments_.server,
                    "Server as tcp://host:port or unix:///path, options as ?timeout_ms=250&...")
        ->envname("TAGCACHE_SERVERS")
        ->capture_default_str();
    app_.set_version_flag("--version", "tagcache " TAGCACHE_VERSION);
    app_.footer(
        "Exit codes: 0 done; 1 a miss, or nothing changed; 2 usage; 3 connection, time-out or "
        "server error.\nA key or value that starts with '-' goes after '--'.");
    AddReads();
    AddWrites();
    AddTags();
    AddPrefixes();
    AddServer();
  }

  int Run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? kDone : kUsage;
    }
    const auto options = tagcache::ParseDsn(arguments_.server);
    if (!options.ok()) return Fail(options.status());
    const auto client = Client::Create(*options);
    if (!client.ok()) return Fail(client.status());
    return chosen_(**client, arguments_);
  }

 private:
  using Handler = std::function<int(Client&, const Arguments&)>;

  CLI::App* Add(const char* name, const char* what, Handler handler) {
    CLI::App* command = app_.add_subcommand(name, what);
    command->callback([this, handler = std::move(handler)] { chosen_ = handler; });
    return command;
  }
  void Key(CLI::App* command) { command->add_option("key", arguments_.key, "Key")->required(); }
  CLI::Option* List(CLI::App* command, const char* name, const char* what) {
    return command->add_option(name, arguments_.keys, what)->required();
  }
  CLI::Option* TtlOption(CLI::App* command) {
    return command
        ->add_option("--ttl-ms", arguments_.ttl_ms, "Time to live in milliseconds; 0 never expires")
        ->check(CLI::Range(int64_t{0}, std::numeric_limits<int64_t>::max() / 2));
  }
  void TagOption(CLI::App* command) {
    command->add_option("-t,--tag", arguments_.tags, "Tag of the entry; repeat for more")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  void AddReads() {
    Key(Add("get", "Write a value to standard output", Get));
    List(Add("mget", "Values of several keys: 'key TAB size' LF value LF for each hit", MultiGet),
         "keys", "Keys");
    Key(Add("exists", "Exit 0 when the key is there, 1 when not",
            [](Client& client, const Arguments& arguments) {
              return YesOrNo(client.Exists(arguments.key));
            }));
    Key(Add("meta", "Time to live, age, size, version, flags and tags of an entry", Meta));
  }

  void AddWrites() {
    AddWrite("put", "Store a value", Write::kPut);
    AddWrite("add", "Store a value if the key is absent", Write::kAdd);
    AddWrite("replace", "Store a value if the key is there", Write::kReplace);
    List(Add("delete", "Delete keys; prints how many were there", Delete), "keys", "Keys");
    CLI::App* touch =
        Add("touch", "Set an entry's time to live", [](Client& client, const Arguments& arguments) {
          return YesOrNo(client.Touch(arguments.key, TtlOf(arguments)));
        });
    Key(touch);
    TtlOption(touch)->required();
    AddCounter("incr", "Add to an integer; prints the result", false);
    AddCounter("decr", "Subtract from an integer; prints the result", true);
  }

  void AddWrite(const char* name, const char* what, Write write) {
    CLI::App* command = Add(name, what, [write](Client& client, const Arguments& arguments) {
      return Store(client, arguments, write);
    });
    Key(command);
    command->add_option("value", arguments_.value, "Value; '-' reads it from standard input")
        ->required();
    TtlOption(command);
    TagOption(command);
  }

  void AddCounter(const char* name, const char* what, bool subtract) {
    CLI::App* command = Add(name, what, [subtract](Client& client, const Arguments& arguments) {
      return IncrementBy(client, arguments, subtract);
    });
    Key(command);
    command->add_option("--by", arguments_.by, "Increment")->capture_default_str();
    command->add_option("--initial", arguments_.initial,
                        "Value of a key that was absent; default: the increment");
    TtlOption(command);
    TagOption(command);
  }

  void AddTags() {
    CLI::App* invalidate = Add("invalidate", "Remove every entry with a tag; prints how many",
                               [](Client& client, const Arguments& arguments) {
                                 return PrintCount(client.InvalidateTag(arguments.tag));
                               });
    invalidate->add_option("tag", arguments_.tag, "Tag")->required();
    CLI::App* several =
        Add("invalidate-tags", "Remove every entry with any of the tags", InvalidateTags);
    List(several, "tags", "Tags");
    several->add_flag("--all", arguments_.all, "Only entries with all of the tags");
    CLI::App* keys = Add("keys", "Keys with a tag, one a line", Keys);
    keys->add_option("tag", arguments_.tag, "Tag")->required();
    AddListing(keys);
    CLI::App* search = Add("search", "Keys with any of the tags, one a line", Search);
    List(search, "tags", "Tags");
    search->add_flag("--all", arguments_.all, "Only keys with all of the tags");
    AddListing(search);
    CLI::App* heaviest =
        Add("tags", "Tags with the most bytes: keys, bytes, hits, invalidations, tag a line",
            HeaviestTags);
    heaviest
        ->add_option("--limit", arguments_.limit, "At most this many; 0: the server's page size")
        ->check(CLI::Range(int64_t{0}, int64_t{std::numeric_limits<uint32_t>::max()}))
        ->capture_default_str();
  }

  void AddPrefixes() {
    CLI::App* scan = Add("scan", "Keys that begin with a prefix, one a line", Scan);
    scan->add_option("prefix", arguments_.key, "Prefix; empty: every key")->required();
    AddListing(scan);
    Add("delete-prefix", "Remove every entry whose key begins with a prefix; prints how many",
        [](Client& client, const Arguments& arguments) {
          return PrintCount(client.DeletePrefix(arguments.key));
        })
        ->add_option("prefix", arguments_.key, "Prefix")
        ->required();
  }

  void AddListing(CLI::App* command) {
    command->add_option("--limit", arguments_.limit, "Print at most this many; 0: all")
        ->check(CLI::Range(int64_t{0}, std::numeric_limits<int64_t>::max() / 2))
        ->capture_default_str();
    command->add_flag("-0,--null", arguments_.null_separated, "End each key with NUL, not LF");
  }

  void AddServer() {
    Add("stats", "Server statistics, 'name value' a line",
        [](Client& client, const Arguments&) { return Stats(client); });
    Add("flush", "Drop every entry; prints how many there were",
        [](Client& client, const Arguments&) { return PrintCount(client.Flush()); });
    Add("ping", "Time of a round trip",
        [](Client& client, const Arguments&) { return Ping(client); });
  }

  CLI::App app_{"Command line of the TagCache server", "tagcache"};
  Arguments arguments_;
  Handler chosen_;
};

}  // namespace

int main(int argc, char** argv) {
  const int code = CommandLine().Run(argc, argv);
  // Without this check a full disk would look like an empty value.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    std::fprintf(stderr, "tagcache: standard output: %s\n", std::strerror(errno));
    return kFailed;
  }
  return code;
}
