#include "server/log_rate.h"

#include <algorithm>
#include <utility>

namespace tagcache::server {
namespace {

constexpr std::chrono::seconds kSecond{1};

}  // namespace

bool LogRate::Admit(std::string_view event, Time now) {
  auto found = kinds_.find(event);
  if (found == kinds_.end()) {
    found = kinds_.emplace(std::string(event), Kind{.second_began = now}).first;
  }
  Kind& kind = found->second;
  if (now - kind.second_began >= kSecond) {
    kind.second_began = now;
    kind.written = 0;
  }
  if (kind.written < kLinesPerSecond) {
    ++kind.written;
    return true;
  }
  ++kind.left_out;
  ++left_out_;
  next_report_ = std::min(next_report_, kind.second_began + kSecond);
  return false;
}

std::vector<LogRate::LeftOut> LogRate::TakeLeftOut(Time now) {
  std::vector<LeftOut> all;
  if (now < next_report_) return all;
  next_report_ = Time::max();
  for (auto& [event, kind] : kinds_) {
    if (kind.left_out == 0) continue;
    const Time over = kind.second_began + kSecond;
    if (now < over) {
      next_report_ = std::min(next_report_, over);
    } else {
      all.push_back({event, std::exchange(kind.left_out, 0)});
    }
  }
  return all;
}

}  // namespace tagcache::server
