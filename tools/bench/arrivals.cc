#include "tools/bench/arrivals.h"

namespace tagcache::bench {

Arrivals::Arrivals(ArrivalKind kind, double rate, TimePoint first, Random& random)
    : kind_(kind), rate_(rate), first_(first) {
  if (kind == ArrivalKind::kPoisson) Advance(random);
}

TimePoint Arrivals::next() const {
  return first_ + std::chrono::duration_cast<TimePoint::duration>(
                      std::chrono::duration<double>(after_first_));
}

void Arrivals::Advance(Random& random) { after_first_ += Gap(random); }

double Arrivals::Gap(Random& random) {
  switch (kind_) {
    case ArrivalKind::kConstant:
      return 1 / rate_;
    case ArrivalKind::kPoisson:
      return std::exponential_distribution<double>(rate_)(random);
  }
  return 0;
}

}  // namespace tagcache::bench
