#ifndef TAGCACHE_SERVER_STORE_INTEGER_TEXT_H_
#define TAGCACHE_SERVER_STORE_INTEGER_TEXT_H_

// Values that INCREMENT counts with: decimal text of an int64.
// Threads: any; nothing is kept.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tagcache::server {

enum class IntegerForm : uint8_t {
  kCanonical,  // as IntegerText writes it
  kLenient,    // blanks around, one sign '+' or '-', leading zeros
};

// nullopt: it has another form, or does not fit.
std::optional<int64_t> ParseInteger(std::string_view text, IntegerForm form);

// value + by, or value - by when `subtract`. nullopt: it does not fit.
std::optional<int64_t> AddIncrement(int64_t value, int64_t by, bool subtract);

// The text of a number, in place.
class IntegerText {
 public:
  static constexpr size_t kMaxSize = 20;  // "-9223372036854775808"
  explicit IntegerText(int64_t value);
  std::string_view view() const { return {bytes_, size_}; }

 private:
  char bytes_[kMaxSize];
  size_t size_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_STORE_INTEGER_TEXT_H_
