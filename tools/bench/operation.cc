#include "tools/bench/operation.h"

#include <algorithm>
#include <charconv>

namespace tagcache::bench {
namespace {

constexpr uint32_t kMaxWeight = 1'000'000;

std::string Names() {
  std::string all;
  for (const std::string_view name : kOperationNames) {
    if (!all.empty()) all += ", ";
    all += name;
  }
  return all;
}

}  // namespace

std::optional<Mix> Mix::Parse(std::string_view text, std::string* why) {
  Mix mix;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string_view part = text.substr(at, end - at);
    at = end + 1;
    const size_t equals = part.find('=');
    const std::string_view name = part.substr(0, equals);
    const auto found = std::find(kOperationNames.begin(), kOperationNames.end(), name);
    if (found == kOperationNames.end() || equals == std::string_view::npos) {
      *why = "'" + std::string(part) + "' is not NAME=WEIGHT with a NAME of " + Names();
      return std::nullopt;
    }
    const std::string_view weight = part.substr(equals + 1);
    uint32_t& number = mix.weights_[static_cast<size_t>(found - kOperationNames.begin())];
    if (number != 0) {
      *why = "'" + std::string(name) + "' is given twice";
      return std::nullopt;
    }
    const auto [stop, failure] =
        std::from_chars(weight.data(), weight.data() + weight.size(), number);
    if (failure != std::errc() || stop != weight.data() + weight.size() || number > kMaxWeight) {
      *why = "the weight of '" + std::string(name) + "' is '" + std::string(weight) +
             "', it is from 0 to " + std::to_string(kMaxWeight);
      return std::nullopt;
    }
    mix.total_ += number;
  }
  if (mix.total_ > 0) return mix;
  *why = "no operation has a weight over 0";
  return std::nullopt;
}

Operation Mix::Choose(Random& random) const {
  uint64_t draw = std::uniform_int_distribution<uint64_t>(0, total_ - 1)(random);
  size_t operation = 0;
  while (draw >= weights_[operation]) draw -= weights_[operation++];
  return static_cast<Operation>(operation);
}

}  // namespace tagcache::bench
