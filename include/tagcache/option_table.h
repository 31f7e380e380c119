#ifndef TAGCACHE_OPTION_TABLE_H_
#define TAGCACHE_OPTION_TABLE_H_

// The options of a client as one table: for each its name, its field, its range, its line in the
// manual, and how it is read, checked and written as text. ParseDsn, ValidateOptions, the PHP
// extension's arrays and INI settings and the table in docs/php.md all follow from it: a further
// option is a field of Options and a row here. A program that has options of its own beside the
// client's (the PHP extension does) describes them with rows of the same shape.
//
// Ownership: tables are constants; a value owns what it holds. Threads: functions here only read
// the table. Errors: kUsage, naming the option, what was given (never a secret) and what is
// allowed.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "tagcache/options.h"
#include "tagcache/status.h"

namespace tagcache {

enum class OptionKind : uint8_t {
  kNumber,   // a whole number, or a time in the unit of its field
  kSwitch,   // on or off
  kText,     // bytes
  kChoice,   // one word of a few
  kServers,  // a list of addresses
};

// The value of an option, whatever its field's type: a number, or the position of a choice's word;
// a switch; text; addresses.
using OptionValue = std::variant<int64_t, bool, std::string, std::vector<std::string>>;

// What is known of an option without its field.
struct OptionInfo {
  // In a DSN's query and in a PHP array; in PHP's INI after "tagcache.".
  std::string_view name = {};
  // kNumber: the range. kText: the range of its length in bytes.
  int64_t least = 0;
  int64_t most = std::numeric_limits<int64_t>::max();
  std::string_view unit = {};                      // kNumber: "milliseconds"
  std::span<const std::string_view> choices = {};  // kChoice: the words, in the field's order
  bool secret = false;                             // never shown
  std::string_view doc = {};                       // its line in docs/php.md, Markdown
  OptionKind kind = OptionKind::kNumber;           // OptionFor takes it from the field's type
};

// An option of the struct S.
template <typename S>
struct OptionRow : OptionInfo {
  OptionValue (*get)(const S&) = nullptr;
  // REQUIRES: CheckOption accepts the value.
  void (*set)(S&, OptionValue) = nullptr;
};

// Every option of Options, in the order of the manual.
std::span<const OptionRow<Options>> OptionTable();

// The value from text. Addresses are separated by commas and percent-encoded; the words of a switch
// are 1, 0, true, false, on and off in upper or lower case.
Result<OptionValue> ParseOption(const OptionInfo& option, std::string_view text);

// Whether the value is within the option's range. REQUIRES: it has the option's type.
Status CheckOption(const OptionInfo& option, const OptionValue& value);

// The value as text that ParseOption reads back as the same value; two values never have the same
// text.
std::string FormatOption(const OptionInfo& option, const OptionValue& value);

// What the option may be, in words: "a whole number of milliseconds from 1 to 86400000".
std::string AllowedValues(const OptionInfo& option);

// nullptr: there is no option of that name.
template <typename S>
const OptionRow<S>* FindOption(std::span<const OptionRow<S>> table, std::string_view name) {
  for (const OptionRow<S>& row : table) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

// Sets one option; what is refused leaves it as it was. Checks across several options are those of
// ValidateOptions, made when all of them are set.
template <typename S>
Status SetOptionValue(const OptionRow<S>& row, S& settings, OptionValue value) {
  if (Status status = CheckOption(row, value); !status.ok()) return status;
  row.set(settings, std::move(value));
  return {};
}
template <typename S>
Status SetOptionText(const OptionRow<S>& row, S& settings, std::string_view text) {
  Result<OptionValue> value = ParseOption(row, text);
  if (!value.ok()) return value.status();
  row.set(settings, std::move(value).value());
  return {};
}

// Calls `set` with each part of a DSN: "servers" and the text before the '?', then the name and the
// decoded value of each part of the query. Ends with the first error.
Status ForEachDsnPart(
    std::string_view dsn,
    const std::function<Status(std::string_view name, std::string_view text)>& set);

namespace option_field {

template <typename>
struct Member;
template <typename S, typename T>
struct Member<T S::*> {
  using Owner = S;
  using Type = T;
};
template <auto kField>
using Owner = typename Member<decltype(kField)>::Owner;
template <auto kField>
using Type = typename Member<decltype(kField)>::Type;

template <typename T>
concept Time = requires(T time) {
  T(time.count());
};

template <typename T>
constexpr OptionKind KindOf() {
  if constexpr (std::is_same_v<T, bool>) return OptionKind::kSwitch;
  if constexpr (std::is_same_v<T, std::string>) return OptionKind::kText;
  if constexpr (std::is_same_v<T, std::vector<std::string>>) return OptionKind::kServers;
  if constexpr (std::is_enum_v<T>) return OptionKind::kChoice;
  return OptionKind::kNumber;
}

template <auto kField>
OptionValue Get(const Owner<kField>& settings) {
  using T = Type<kField>;
  if constexpr (Time<T>) {
    return int64_t{(settings.*kField).count()};
  } else if constexpr (KindOf<T>() == OptionKind::kNumber || KindOf<T>() == OptionKind::kChoice) {
    return static_cast<int64_t>(settings.*kField);
  } else {
    return settings.*kField;
  }
}

template <auto kField>
void Set(Owner<kField>& settings, OptionValue value) {
  using T = Type<kField>;
  if constexpr (Time<T>) {
    settings.*kField = T(std::get<int64_t>(value));
  } else if constexpr (KindOf<T>() == OptionKind::kNumber || KindOf<T>() == OptionKind::kChoice) {
    settings.*kField = static_cast<T>(std::get<int64_t>(value));
  } else {
    settings.*kField = std::get<T>(std::move(value));
  }
}

}  // namespace option_field

// A row of a table: OptionFor<&Options::timeout>({.name = "timeout_ms", .least = 1, ...}).
// REQUIRES: the field can hold the whole range.
template <auto kField>
constexpr OptionRow<option_field::Owner<kField>> OptionFor(OptionInfo info) {
  info.kind = option_field::KindOf<option_field::Type<kField>>();
  return {info, option_field::Get<kField>, option_field::Set<kField>};
}

}  // namespace tagcache

#endif  // TAGCACHE_OPTION_TABLE_H_
