#include "tools/bench/report.h"

#include <cstdarg>
#include <cstdio>

namespace tagcache::bench {
namespace {

struct Column {
  const char* name;
  double percent;
};
constexpr Column kPercentiles[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}};

double Microseconds(std::chrono::nanoseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

double ASecond(uint64_t count, const LoadResult& result) {
  return result.seconds > 0 ? static_cast<double>(count) / result.seconds : 0;
}

unsigned long long Wide(uint64_t number) { return number; }

[[gnu::format(printf, 2, 3)]] void Append(std::string* out, const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  *out += text;
}

void AppendLatencyRow(std::string* out, std::string_view operation, const char* what,
                      const LatencyHistogram& histogram) {
  Append(out, "%-10s  %-9s  %9.1f", std::string(operation).c_str(), what,
         Microseconds(histogram.Mean()));
  for (const Column& column : kPercentiles) {
    Append(out, "  %9.1f", Microseconds(histogram.Percentile(column.percent)));
  }
  Append(out, "  %9.1f\n", Microseconds(histogram.max()));
}

// Calls `with(name, tally)` for each operation that was answered, and for all of them together.
template <typename With>
void ForEachOperation(const Tally& tally, With with) {
  for (size_t i = 0; i < kOperations; ++i) {
    const OperationTally& each = tally.of(static_cast<Operation>(i));
    if (each.calls > 0) with(kOperationNames[i], each);
  }
  with(std::string_view("all"), tally.All());
}

void AppendLatencies(std::string* out, const BenchOptions& options, const Tally& tally) {
  Append(out, "%-10s  %-9s  %9s", "latency us", "", "mean");
  for (const Column& column : kPercentiles) Append(out, "  %9s", column.name);
  Append(out, "  %9s\n", "max");
  ForEachOperation(tally, [&](std::string_view name, const OperationTally& each) {
    AppendLatencyRow(out, name, "service", each.service);
    if (!options.closed_loop()) AppendLatencyRow(out, name, "corrected", each.corrected);
  });
}

void AppendQuoted(std::string* out, std::string_view text) {
  *out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      *out += '\\';
      *out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      Append(out, "\\u%04x", static_cast<unsigned>(c));
    } else {
      *out += c;
    }
  }
  *out += '"';
}

void AppendLatencyObject(std::string* out, const char* name, const LatencyHistogram& histogram) {
  Append(out, ",\"%s\":{\"mean\":%.3f", name, Microseconds(histogram.Mean()));
  for (const Column& column : kPercentiles) {
    Append(out, ",\"%s\":%.3f", column.name, Microseconds(histogram.Percentile(column.percent)));
  }
  Append(out, ",\"max\":%.3f}", Microseconds(histogram.max()));
}

uint64_t ErrorsOf(const Tally& tally) {
  uint64_t errors = 0;
  for (const auto& [kind, error] : tally.errors()) errors += error.count;
  return errors;
}

}  // namespace

std::string AsTable(const BenchOptions& options, const LoadResult& result) {
  const Tally& tally = result.tally;
  std::string out = options.dsn;
  Append(&out, ": %zu connections, %zu threads, depth %zu, batch %zu, ", options.connections,
         options.threads, options.depth, options.batch);
  if (options.closed_loop()) {
    out += "closed loop";
  } else {
    Append(&out, "open loop of %.0f calls/s", options.rate);
  }
  Append(&out, ", %.3f s\n\n%-10s  %12s  %12s  %12s  %12s  %12s\n", result.seconds, "operation",
         "calls", "calls/s", "keys", "keys/s", "misses");
  ForEachOperation(tally, [&](std::string_view name, const OperationTally& each) {
    Append(&out, "%-10s  %12llu  %12.0f  %12llu  %12.0f  %12llu\n", std::string(name).c_str(),
           Wide(each.calls), ASecond(each.calls, result), Wide(each.keys),
           ASecond(each.keys, result), Wide(each.misses));
  });
  out += "\n";
  AppendLatencies(&out, options, tally);
  if (tally.unsent() > 0) {
    Append(&out, "\n%llu calls were due and had not been sent at the end\n", Wide(tally.unsent()));
  }
  Append(&out, "\n%llu errors\n", Wide(ErrorsOf(tally)));
  for (const auto& [kind, error] : tally.errors()) {
    Append(&out, "%12llu  %s: ", Wide(error.count), kind.c_str());
    out += error.example + "\n";
  }
  return out;
}

std::string AsJson(const BenchOptions& options, const LoadResult& result) {
  const Tally& tally = result.tally;
  std::string out = "{\"server\":";
  AppendQuoted(&out, options.dsn);
  Append(&out,
         ",\"protocol\":\"%s\",\"connections\":%zu,\"idle_connections\":%zu,\"threads\":%zu,"
         "\"depth\":%zu,\"batch\":%zu,\"rate\":%.3f,\"seconds\":%.6f,\"unsent\":%llu",
         options.server.protocol == Protocol::kText ? "text" : "binary", options.connections,
         options.idle_connections, options.threads, options.depth, options.batch, options.rate,
         result.seconds, Wide(tally.unsent()));
  out += ",\"operations\":{";
  const char* separator = "";
  ForEachOperation(tally, [&](std::string_view name, const OperationTally& each) {
    out += separator;
    separator = ",";
    AppendQuoted(&out, name);
    Append(&out,
           ":{\"calls\":%llu,\"calls_per_s\":%.3f,\"keys\":%llu,\"keys_per_s\":%.3f,"
           "\"misses\":%llu",
           Wide(each.calls), ASecond(each.calls, result), Wide(each.keys),
           ASecond(each.keys, result), Wide(each.misses));
    AppendLatencyObject(&out, "service_us", each.service);
    if (!options.closed_loop()) AppendLatencyObject(&out, "corrected_us", each.corrected);
    out += "}";
  });
  out += "},\"errors\":{";
  separator = "";
  for (const auto& [kind, error] : tally.errors()) {
    out += separator;
    separator = ",";
    AppendQuoted(&out, kind);
    Append(&out, ":{\"count\":%llu,\"first\":", Wide(error.count));
    AppendQuoted(&out, error.example);
    out += "}";
  }
  return out + "}}\n";
}

}  // namespace tagcache::bench
