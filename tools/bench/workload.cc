#include "tools/bench/workload.h"

namespace tagcache::bench {

Workload::Workload(const BenchOptions& options, uint64_t stream)
    : options_(options), keys_(options.keys, options.skew) {
  std::seed_seq seed{options.seed, stream};
  random_.seed(seed);
  std::uniform_int_distribution<int> letter('!', '~');
  bytes_.resize(options.max_value);
  for (char& byte : bytes_) byte = static_cast<char>(letter(random_));
}

std::string_view Workload::DrawValue() {
  if (options_.min_value == options_.max_value) return bytes_;
  std::uniform_int_distribution<size_t> size(options_.min_value, options_.max_value);
  return std::string_view(bytes_).substr(0, size(random_));
}

std::string Workload::Name(std::string_view kind, uint64_t number) const {
  constexpr size_t kDigits = 10;  // at least; up to 10^10 all keys have the same length
  char digits[20];
  size_t first = sizeof digits;
  while (number > 0 || first > sizeof digits - kDigits) {
    digits[--first] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  std::string name;
  name.reserve(options_.key_prefix.size() + kind.size() + sizeof digits);
  name += options_.key_prefix;
  name += kind;
  name.append(digits + first, sizeof digits - first);
  return name;
}

std::string Workload::KeyName(uint64_t key) const { return Name("", key); }

std::string Workload::TagName(uint64_t key) const { return Name("tag:", key % options_.tags); }

bool Workload::tagged_load() const {
  return options_.mix.Has(Operation::kSetTagged) || options_.mix.Has(Operation::kInvalidate);
}

}  // namespace tagcache::bench
