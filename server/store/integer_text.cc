#include "server/store/integer_text.h"

#include <charconv>

namespace tagcache::server {

namespace {

std::optional<int64_t> ParseLenient(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
  if (text.front() == '+') {
    text.remove_prefix(1);
    // from_chars reads a '-' of its own; it does not read a '+'.
    if (text.starts_with('-')) return std::nullopt;
  }
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

}  // namespace

std::optional<int64_t> ParseInteger(std::string_view text, IntegerForm form) {
  const std::optional<int64_t> value = ParseLenient(text);
  if (form == IntegerForm::kLenient || !value) return value;
  if (IntegerText(*value).view() != text) return std::nullopt;
  return value;
}

std::optional<int64_t> AddIncrement(int64_t value, int64_t by, bool subtract) {
  int64_t sum = 0;
  const bool overflow =
      subtract ? __builtin_sub_overflow(value, by, &sum) : __builtin_add_overflow(value, by, &sum);
  if (overflow) return std::nullopt;
  return sum;
}

IntegerText::IntegerText(int64_t value) {
  size_ = static_cast<size_t>(std::to_chars(bytes_, bytes_ + kMaxSize, value).ptr - bytes_);
}

}  // namespace tagcache::server
