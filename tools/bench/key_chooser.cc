#include "tools/bench/key_chooser.h"

#include <algorithm>
#include <cmath>

namespace tagcache::bench {

// Zipf by rejection-inversion (Hoermann and Derflinger, 1996). Rank r = k+1 weighs h(r) = r^-s. Let
// H be an integral of h. Because h is convex, the area under h from r-1/2 to r+1/2 is at least
// h(r). So draw a point u of the whole area, find its rank r, and keep it if it lies in the upper
// part of that rank's area, which has the size h(r). Few points are thrown away, because the areas
// are hardly larger than the weights. The area of rank 1 begins where its size is exactly h(1).
//
//   H(1.5)-h(1)   H(1.5)            H(2.5)        H(3.5) ...   H(n+0.5)
//       |  rank 1   | thrown| rank 2   |thr| rank 3  |             |
KeyChooser::KeyChooser(uint64_t keys, double skew) : keys_(keys), skew_(skew) {
  lowest_ = Mass(1.5) - 1;
  highest_ = Mass(static_cast<double>(keys) + 0.5);
}

// H(x) = (x^(1-s) - 1) / (1-s), whose limit is log(x) as s goes to 1.
double KeyChooser::Mass(double x) const {
  const double log = std::log(x);
  const double t = (1 - skew_) * log;
  return std::fabs(t) < 1e-9 ? log : std::expm1(t) / t * log;
}

// The inverse of H.
double KeyChooser::Where(double mass) const {
  const double t = (1 - skew_) * mass;
  if (std::fabs(t) < 1e-9) return std::exp(mass);
  return std::exp(std::log1p(std::max(t, -1.0)) / t * mass);
}

uint64_t KeyChooser::Choose(Random& random) const {
  if (skew_ == 0) return std::uniform_int_distribution<uint64_t>(0, keys_ - 1)(random);
  return ChooseByZipf(random);
}

uint64_t KeyChooser::ChooseByZipf(Random& random) const {
  std::uniform_real_distribution<double> draw(lowest_, highest_);
  for (;;) {
    const double u = draw(random);
    const double rank = std::clamp(std::floor(Where(u) + 0.5), 1.0, static_cast<double>(keys_));
    if (u >= Mass(rank + 0.5) - std::pow(rank, -skew_)) return static_cast<uint64_t>(rank) - 1;
  }
}

}  // namespace tagcache::bench
