// Options from text: one by name, or all of a DSN.

#include "libclient/calls/percent_encoding.h"
#include "tagcache/option_table.h"
#include "tagcache/options.h"

namespace tagcache {
namespace {

constexpr std::string_view kServers = "servers";

Status Refuse(std::string message) { return Status(ErrorCode::kUsage, std::move(message)); }

std::string KnownNames() {
  std::string names;
  for (const auto& row : OptionTable()) {
    names += (names.empty() ? "" : ", ") + std::string(row.name);
  }
  return names;
}

// The name of a part of the query, and its decoded value.
Status SplitQueryPart(std::string_view part, std::string_view* name, std::string* value) {
  const size_t equals = part.find('=');
  if (equals == std::string_view::npos) {
    if (FindOption(OptionTable(), part) != nullptr) {
      return Refuse("option " + std::string(part) + ": a part of the query is name=value");
    }
    // It is not shown: it may be the end of a password that holds an '&'.
    return Refuse("the query has a part of " + std::to_string(part.size()) +
                  " bytes without a '=': each part is name=value");
  }
  *name = part.substr(0, equals);
  if (*name == kServers) {
    return Refuse("option servers: the addresses of a DSN stand before its '?'");
  }
  if (PercentDecode(part.substr(equals + 1), value)) return {};
  return Refuse("option " + std::string(*name) +
                ": a '%' must be followed by two hexadecimal digits");
}

}  // namespace

Status SetOption(Options& options, std::string_view name, std::string_view value) {
  if (const auto* const row = FindOption(OptionTable(), name)) {
    return SetOptionText(*row, options, value);
  }
  return Refuse("option '" + std::string(name) + "' is not known; known are " + KnownNames());
}

Status ForEachDsnPart(
    std::string_view dsn,
    const std::function<Status(std::string_view name, std::string_view text)>& set) {
  const size_t question = dsn.find('?');
  Status status = set(kServers, dsn.substr(0, question));
  std::string_view query = question == dsn.npos ? std::string_view() : dsn.substr(question + 1);
  std::string_view name;
  std::string value;
  for (bool more = !query.empty(); more && status.ok();) {
    const size_t end = query.find('&');
    status = SplitQueryPart(query.substr(0, end), &name, &value);
    if (status.ok()) status = set(name, value);
    more = end != query.npos;
    if (more) query.remove_prefix(end + 1);
  }
  return status;
}

Result<Options> ParseDsn(std::string_view dsn, const Options& base) {
  Options options = base;
  Status status = ForEachDsnPart(dsn, [&options](std::string_view name, std::string_view text) {
    return SetOption(options, name, text);
  });
  if (status.ok()) status = ValidateOptions(options);
  if (!status.ok()) return status;
  return options;
}

}  // namespace tagcache
