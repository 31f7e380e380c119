// What holds across several options; the option table holds each by itself.

#include "tagcache/options.h"

#include <cstdint>

#include "tagcache/option_table.h"

namespace tagcache {
namespace {

Status Refuse(std::string message) { return Status(ErrorCode::kUsage, std::move(message)); }

// What the text protocol can not carry is refused now and not at the first call.
Status CheckTextProtocol(const Options& options) {
  if (options.protocol != Protocol::kText) return {};
  const struct {
    std::string_view name;
    std::string_view value;
    std::string_view forbidden;
    std::string_view words;
  } rows[] = {{"prefix", options.prefix, "\t\r\n,", "TAB, CR, LF or comma"},
              {"username", options.username, "\t\r\n", "TAB, CR or LF"},
              {"password", options.password, "\t\r\n", "TAB, CR or LF"}};
  for (const auto& row : rows) {
    if (row.value.find_first_of(row.forbidden) == std::string_view::npos) continue;
    return Refuse("option " + std::string(row.name) + ": with the text protocol it may not hold " +
                  std::string(row.words) + "; the binary protocol carries any bytes");
  }
  return {};
}

}  // namespace

Status ValidateOptions(const Options& options) {
  for (const auto& row : OptionTable()) {
    if (Status status = CheckOption(row, row.get(options)); !status.ok()) return status;
  }
  if (options.pool_min > options.pool_max) {
    return Refuse("option pool_min: " + std::to_string(options.pool_min) +
                  " is not allowed, it is from 0 to " + std::to_string(options.pool_max) +
                  " (pool_size)");
  }
  if (options.backoff_max < options.backoff) {
    return Refuse("option backoff_max_ms: " + std::to_string(options.backoff_max.count()) +
                  " is not allowed, it is at least " + std::to_string(options.backoff.count()) +
                  " milliseconds (backoff_ms)");
  }
  return CheckTextProtocol(options);
}

}  // namespace tagcache
