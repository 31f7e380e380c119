#ifndef TAGCACHE_TESTS_STORE_THREADS_HISTORY_CHECK_H_
#define TAGCACHE_TESTS_STORE_THREADS_HISTORY_CHECK_H_

// Is a history of concurrent calls linearizable? Each call has an interval; the history is, when
// the calls can be put in one order such that each takes effect at a point of its interval and
// answers as the sequential model does.
//
// The search is Wing & Gong's (Journal of Parallel and Distributed Computing 17, 1993) with the
// memory of Lowe (Concurrency and Computation 29, 2017): it goes on with any call that no other,
// not yet ordered one precedes, and never goes twice to the same set of ordered calls with the same
// state. A call that, with its answer, changes no state at all is ordered as soon as it fits, and
// for good: what follows does not depend on its place. (A write that happens to leave this state as
// it is does not qualify: later it might undo another.)
//
// State: copyable, comparable, with `uint64_t Hash() const`.
// Call: has uint64_t begin and end, numbers that no two calls share.
// bool Apply(State*, const Call&): whether the answer is what the model says in this state, which
// becomes the one after the call.
// bool IsRead(const Call&): a call that answered so changes nothing, in whatever state.
// Both are found by argument-dependent lookup.

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <unordered_set>
#include <vector>

namespace tagcache::testing {

template <typename State, typename Call>
class HistoryCheck {
 public:
  static constexpr size_t kMaxCalls = 128;

  // REQUIRES: at most kMaxCalls.
  bool IsLinearizable(const State& initial, std::span<const Call> calls) {
    calls_ = calls;
    by_begin_.resize(calls.size());
    std::iota(by_begin_.begin(), by_begin_.end(), size_t{0});
    std::sort(by_begin_.begin(), by_begin_.end(),
              [&](size_t a, size_t b) { return calls[a].begin < calls[b].begin; });
    visited_.clear();
    order_.clear();
    longest_.clear();
    return Search({}, initial);
  }

  // Indices of the calls, in the order of their beginnings.
  std::span<const size_t> by_begin() const { return by_begin_; }
  // After a history that is not linearizable: the longest order found that explains so many calls.
  std::span<const size_t> longest() const { return longest_; }
  // How many states the search branched in.
  size_t visited() const { return visited_.size(); }

 private:
  using Ordered = std::bitset<kMaxCalls>;
  struct Point {
    Ordered ordered;
    State state;
    bool operator==(const Point&) const = default;
  };
  struct PointHash {
    size_t operator()(const Point& point) const {
      return std::hash<Ordered>()(point.ordered) * 0x9E3779B97F4A7C15 ^ point.state.Hash();
    }
  };

  // The calls that may come next.
  template <typename Visit>
  void ForEachCandidate(const Ordered& ordered, Visit visit) const {
    uint64_t first_end = UINT64_MAX;
    for (const size_t i : by_begin_) {
      if (ordered[i]) continue;
      if (calls_[i].begin > first_end) return;
      first_end = std::min(first_end, calls_[i].end);
      if (!visit(i)) return;
    }
  }

  // Orders calls that change nothing as long as one fits.
  void OrderReads(Ordered* ordered, const State& state) {
    for (bool found = true; found;) {
      found = false;
      ForEachCandidate(*ordered, [&](size_t i) {
        State after = state;
        found = IsRead(calls_[i]) && Apply(&after, calls_[i]);
        if (found) {
          ordered->set(i);
          order_.push_back(i);
        }
        return !found;
      });
    }
  }

  bool Search(Ordered ordered, const State& state) {
    const size_t length = order_.size();
    OrderReads(&ordered, state);
    if (order_.size() > longest_.size()) longest_ = order_;
    if (order_.size() == calls_.size()) return true;
    bool linearizable = false;
    if (visited_.insert({ordered, state}).second) {
      ForEachCandidate(ordered, [&](size_t i) {
        State after = state;
        if (!Apply(&after, calls_[i])) return true;
        order_.push_back(i);
        linearizable = Search(Ordered(ordered).set(i), after);
        if (!linearizable) order_.pop_back();
        return !linearizable;
      });
    }
    if (!linearizable) order_.resize(length);
    return linearizable;
  }

  std::span<const Call> calls_;
  std::vector<size_t> by_begin_;
  std::unordered_set<Point, PointHash> visited_;
  std::vector<size_t> order_;
  std::vector<size_t> longest_;
};

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_STORE_THREADS_HISTORY_CHECK_H_
