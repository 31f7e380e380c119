#ifndef TAGCACHE_SERVER_LOG_RATE_H_
#define TAGCACHE_SERVER_LOG_RATE_H_

// How many lines of each kind the log takes. Peers can cause some events as often as they can send,
// so of each kind kLinesPerSecond are written in a second, and the others are counted.
//
// The kinds are the names of events. The code names them, not a peer, so there are a few dozen.
//
// Threads: none of its own; the owner locks. Time is an argument.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tagcache::server {

class LogRate {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr unsigned kLinesPerSecond = 10;

  struct LeftOut {
    std::string event;
    uint64_t lines = 0;
  };

  // Whether one more line of this kind may be written at `now`. If not, it is counted.
  bool Admit(std::string_view event, Time now);

  // The lines that were left out in seconds that are over at `now`, by kind. Each is returned once.
  std::vector<LeftOut> TakeLeftOut(Time now);
  // When TakeLeftOut has something to return; Time::max(): nothing was left out.
  Time next_report() const { return next_report_; }

  // All lines left out so far.
  uint64_t left_out() const { return left_out_; }

 private:
  struct Kind {
    Time second_began;
    unsigned written = 0;   // in this second
    uint64_t left_out = 0;  // and not reported yet
  };

  std::map<std::string, Kind, std::less<>> kinds_;
  Time next_report_ = Time::max();
  uint64_t left_out_ = 0;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_LOG_RATE_H_
