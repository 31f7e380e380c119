#include "tools/bench/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <limits>
#include <sstream>
#include <string_view>
#include <thread>

namespace tagcache::bench {
namespace {

constexpr int64_t kMaxValue = int64_t{1} << 30;
constexpr double kMaxSeconds = 30.0 * 24 * 3600;
constexpr double kMaxSkew = 10;

// Like CLI::Range, but refuses NaN.
CLI::Validator Between(double low, double high) {
  std::ostringstream range;
  range << "[" << low << " - " << high << "]";
  return CLI::Validator(
      [low, high, text = range.str()](std::string& given) {
        double value = 0;
        const bool good = CLI::detail::lexical_cast(given, value) && value >= low && value <= high;
        return good ? std::string() : "'" + given + "' is not in " + text;
      },
      range.str());
}

template <typename T>
bool ParseNumber(std::string_view text, T* number) {
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return failure == std::errc() && stop == text.data() + text.size();
}

// "uniform" or "zipf:S".
bool ParseDistribution(std::string_view text, double* skew) {
  *skew = 0;
  if (text == "uniform") return true;
  if (!text.starts_with("zipf:")) return false;
  return ParseNumber(text.substr(5), skew) && *skew > 0 && *skew <= kMaxSkew;
}

// "N" or "A-B".
bool ParseSizes(std::string_view text, size_t* low, size_t* high) {
  const size_t dash = text.find('-');
  if (!ParseNumber(text.substr(0, dash), low)) return false;
  *high = *low;
  if (dash != std::string_view::npos && !ParseNumber(text.substr(dash + 1), high)) return false;
  return *low <= *high && *high <= static_cast<size_t>(kMaxValue);
}

// What CLI11 fills in, before it becomes BenchOptions.
class CommandLine {
 public:
  explicit CommandLine(BenchOptions* options) : options_(*options) {
    app_.set_version_flag("--version", "tagcache-bench " TAGCACHE_VERSION);
    AddServer();
    AddShape();
    AddWork();
    AddLength();
    app_.footer(
        "A connection is one client with one socket; a thread serves its share of them. The "
        "thread\n"
        "sends on every connection that is free and due, then waits for the oldest request, so "
        "with\n"
        "more connections than threads an answer may be noticed late (never early). For exact\n"
        "latencies give each connection a thread.\n"
        "Latencies: 'service' counts from the moment a call was sent; 'corrected' (with --rate)\n"
        "from the moment it was due, however late it was sent. Failed calls have no latency.\n"
        "Keys, tags and values of the run are left in the server.\n"
        "Exit codes: 0 done; 1 some requests failed; 2 usage; 3 could not begin, or no output.");
  }

  std::optional<int> Parse(std::vector<std::string> arguments, std::ostream& out,
                           std::ostream& err) {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them in this order
    try {
      app_.parse(std::move(arguments));
      Take();
    } catch (const CLI::ParseError& error) {
      return app_.exit(error, out, err) == 0 ? kDone : kUsage;
    }
    return std::nullopt;
  }

 private:
  CLI::Option* Integer(const char* name, int64_t& to, const std::string& what, int64_t low,
                       int64_t high) {
    return app_.add_option(name, to, what)->check(CLI::Range(low, high))->capture_default_str();
  }
  CLI::Option* Real(const char* name, double& to, const std::string& what, double low,
                    double high) {
    return app_.add_option(name, to, what)->check(Between(low, high))->capture_default_str();
  }

  void AddServer() {
    app_.add_option("-s,--server", options_.dsn,
                    "Server as tcp://host:port, unix:///path or any other address of the client\n"
                    "library, with options as ?timeout_ms=250&...")
        ->envname("TAGCACHE_SERVERS")
        ->capture_default_str();
    app_.add_option("--protocol", protocol_, "Protocol: binary or text; left out: the server's DSN")
        ->check(CLI::IsMember({"binary", "text"}));
  }

  void AddShape() {
    Integer("-c,--connections", connections_, "Connections in use", 1, 100'000);
    Integer("-t,--threads", threads_, "Threads; 0: one a core, and no more than connections", 0,
            1024);
    Integer("--idle-connections", idle_, "Further connections that are opened and do nothing", 0,
            1'000'000);
    Integer("-d,--depth", depth_,
            "Requests sent together on a connection before their answers are\nawaited", 1, 100'000);
    Integer("-b,--batch", batch_,
            "Keys a call: bulk calls where over 1 (an invalidation stays one tag);\nnot with "
            "--depth",
            1, 1'000'000);
    Real("-r,--rate", options_.rate,
         "Calls a second in all (open loop); 0: the next follows the answer\n(closed loop)", 0,
         1e7);
    app_.add_option("--arrivals", arrivals_, "Gaps of an open loop: poisson or constant")
        ->check(CLI::IsMember({"poisson", "constant"}))
        ->capture_default_str();
  }

  void AddWork() {
    app_.add_option("-m,--mix", mix_,
                    "Proportions as get=90,set=9,set-tagged=0,invalidate=1,delete=0")
        ->capture_default_str();
    Integer("-k,--keys", keys_, "Distinct keys", 1, int64_t{1} << 48);
    app_.add_option("--distribution", distribution_,
                    "Of the keys: uniform or zipf:S, S over 0 up to 10")
        ->capture_default_str();
    app_.add_option("--value-size", value_size_,
                    "Bytes of a value, or a range A-B (uniform); up to 1 GiB")
        ->capture_default_str();
    Integer("--tags", tags_, "Distinct tags; a tagged entry has one, by its key", 1,
            int64_t{1} << 48);
    app_.add_option("--key-prefix", options_.key_prefix, "Begin of every key and tag")
        ->capture_default_str();
    Integer("--seed", seed_, "Of everything that is drawn", 0, std::numeric_limits<int64_t>::max());
    app_.add_flag_callback(
        "--no-load", [this] { options_.load = false; }, "Do not store every key before the run");
  }

  void AddLength() {
    Real("--warmup", options_.warmup, "Seconds before latencies and counts are taken", 0,
         kMaxSeconds);
    CLI::Option* seconds =
        Real("--seconds", options_.seconds, "Seconds of the run", 0.001, kMaxSeconds);
    app_.add_option("-n,--requests", requests_, "Calls of the run in all, instead of --seconds")
        ->check(CLI::Range(int64_t{1}, int64_t{1} << 60))
        ->excludes(seconds);
    app_.add_flag("--json", options_.json, "Result as JSON");
    app_.add_flag("-q,--quiet", options_.quiet,
                  "No progress (which is on where standard error is a terminal)");
  }

  // Throws CLI::ValidationError.
  void Take() {
    const Result<Options> server = ParseDsn(options_.dsn);
    if (!server.ok()) throw CLI::ValidationError("--server", server.status().message());
    options_.server = *server;
    if (!protocol_.empty()) {
      options_.server.protocol = protocol_ == "text" ? Protocol::kText : Protocol::kBinary;
    }
    options_.server.pool_min = 0;
    options_.server.pool_max = 1;
    if (const Status valid = ValidateOptions(options_.server); !valid.ok()) {
      throw CLI::ValidationError("--server", valid.message());
    }
    options_.connections = static_cast<size_t>(connections_);
    options_.threads = static_cast<size_t>(threads_);
    if (threads_ == 0) options_.threads = std::max(std::thread::hardware_concurrency(), 1u);
    options_.threads = std::min(options_.threads, options_.connections);
    options_.idle_connections = static_cast<size_t>(idle_);
    options_.depth = static_cast<size_t>(depth_);
    options_.batch = static_cast<size_t>(batch_);
    if (depth_ > 1 && batch_ > 1) {
      throw CLI::ValidationError("--batch", "is not with --depth: one of them is 1");
    }
    if (arrivals_ == "constant") options_.arrivals = ArrivalKind::kConstant;
    options_.keys = static_cast<uint64_t>(keys_);
    options_.tags = static_cast<uint64_t>(tags_);
    options_.seed = static_cast<uint64_t>(seed_);
    options_.requests = static_cast<uint64_t>(requests_);
    TakeWork();
  }

  void TakeWork() {
    std::string why;
    const std::optional<Mix> mix = Mix::Parse(mix_, &why);
    if (!mix) throw CLI::ValidationError("--mix", why);
    options_.mix = *mix;
    if (!ParseDistribution(distribution_, &options_.skew)) {
      throw CLI::ValidationError("--distribution",
                                 "'" + distribution_ + "' is not uniform or zipf:S");
    }
    if (!ParseSizes(value_size_, &options_.min_value, &options_.max_value)) {
      throw CLI::ValidationError("--value-size", "'" + value_size_ + "' is not N or A-B");
    }
  }

  BenchOptions& options_;
  CLI::App app_{"Load generator of the TagCache server", "tagcache-bench"};
  std::string protocol_;
  std::string arrivals_ = "poisson";
  std::string mix_ = "get=90,set=10";
  std::string distribution_ = "uniform";
  std::string value_size_ = "100";
  int64_t connections_ = 50;
  int64_t threads_ = 0;
  int64_t idle_ = 0;
  int64_t depth_ = 1;
  int64_t batch_ = 1;
  int64_t keys_ = 100'000;
  int64_t tags_ = 1000;
  int64_t seed_ = 1;
  int64_t requests_ = 0;
};

}  // namespace

std::optional<int> ParseCommandLine(std::vector<std::string> arguments, BenchOptions* options,
                                    std::ostream& out, std::ostream& err) {
  *options = BenchOptions();
  options->dsn = "tcp://127.0.0.1:1984";
  return CommandLine(options).Parse(std::move(arguments), out, err);
}

}  // namespace tagcache::bench
