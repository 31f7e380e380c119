#ifndef TAGCACHE_TOOLS_BENCH_OPERATION_H_
#define TAGCACHE_TOOLS_BENCH_OPERATION_H_

// What a request does, and in which proportion ("get=90,set=9,invalidate=1").
//
// Threads: plain values.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tools/bench/key_chooser.h"

namespace tagcache::bench {

enum class Operation : uint8_t { kGet, kSet, kSetTagged, kInvalidate, kDelete };
inline constexpr size_t kOperations = 5;
inline constexpr std::array<std::string_view, kOperations> kOperationNames = {
    "get", "set", "set-tagged", "invalidate", "delete"};

class Mix {
 public:
  // nullopt: the text is no such list, and *why explains it.
  static std::optional<Mix> Parse(std::string_view text, std::string* why);

  Operation Choose(Random& random) const;
  bool Has(Operation operation) const { return weights_[static_cast<size_t>(operation)] > 0; }

 private:
  std::array<uint32_t, kOperations> weights_{};
  uint64_t total_ = 0;
};

}  // namespace tagcache::bench

#endif  // TAGCACHE_TOOLS_BENCH_OPERATION_H_
