#include "profiling/traces/policy.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <list>
#include <random>
#include <set>
#include <utility>

namespace tagcache::profiling {
namespace {

// Counts bytes and batches. A policy only decides about hits, insertions and evictions.
class Policy : public Cache {
 public:
  Policy(const Trace& trace, const PolicyLimits& limits)
      : trace_(trace), limits_(limits), resident_(trace.universe), random_(limits.seed) {}

  void Get(std::span<const Key> keys, std::vector<Key>* missed) final {
    for (Key key : keys) {
      ++now_;
      if (resident_[key]) {
        OnHit(key);
      } else {
        missed->push_back(key);
        OnMiss(key);
      }
    }
  }

  void Put(std::span<const Key> keys) final {
    for (Key key : keys) {
      while (used_ + Cost(key) > limits_.memory) {
        const Key victim = Evict();
        resident_[victim] = false;
        used_ -= Cost(victim);
      }
      resident_[key] = true;
      used_ += Cost(key);
      inserted_ += Cost(key);
      OnInsert(key);
    }
  }

 protected:
  virtual void OnHit(Key key) = 0;
  virtual void OnMiss(Key) {}
  virtual void OnInsert(Key key) = 0;
  // Forgets a resident key and returns it.
  virtual Key Evict() = 0;

  size_t Cost(Key key) const { return kKeyBytes + trace_.value_size[key] + limits_.item_overhead; }
  size_t Below(size_t bound) { return random_() % bound; }

  const Trace& trace_;
  const PolicyLimits limits_;
  std::vector<bool> resident_;
  size_t used_ = 0;
  size_t inserted_ = 0;  // bytes, ever
  size_t now_ = 0;       // requests, ever
  std::mt19937_64 random_;
};

class Lru : public Policy {
 public:
  Lru(const Trace& trace, const PolicyLimits& limits)
      : Policy(trace, limits), at_(trace.universe) {}

 protected:
  void OnHit(Key key) override { order_.splice(order_.begin(), order_, at_[key]); }
  void OnInsert(Key key) override { at_[key] = order_.insert(order_.begin(), key); }
  Key Evict() override {
    const Key victim = order_.back();
    order_.pop_back();
    return victim;
  }

  std::list<Key> order_;
  std::vector<std::list<Key>::iterator> at_;
};

// Resident keys in an array, so that one can be drawn at random.
class Sampling : public Policy {
 public:
  Sampling(const Trace& trace, const PolicyLimits& limits)
      : Policy(trace, limits), place_(trace.universe) {}

 protected:
  void OnHit(Key) override {}
  void OnInsert(Key key) override {
    place_[key] = keys_.size();
    keys_.push_back(key);
  }
  Key Draw() { return keys_[Below(keys_.size())]; }
  Key Evict() override { return Remove(Draw()); }
  Key Remove(Key key) {
    place_[keys_.back()] = place_[key];
    keys_[place_[key]] = keys_.back();
    keys_.pop_back();
    return key;
  }

  std::vector<Key> keys_;
  std::vector<size_t> place_;
};

// FIFO with a hand that skips, once, a key that was hit since the hand last passed it.
class Sieve : public Policy {
 public:
  Sieve(const Trace& trace, const PolicyLimits& limits)
      : Policy(trace, limits), visited_(trace.universe), hand_(order_.end()) {}

 protected:
  void OnHit(Key key) override { visited_[key] = true; }
  void OnInsert(Key key) override {
    visited_[key] = false;
    order_.push_front(key);
  }
  Key Evict() override {
    if (hand_ == order_.end()) --hand_;
    while (visited_[*hand_]) {
      visited_[*hand_] = false;
      if (hand_ == order_.begin()) hand_ = order_.end();
      --hand_;
    }
    const Key victim = *hand_;
    hand_ = order_.erase(hand_);
    hand_ = hand_ == order_.begin() ? order_.end() : std::prev(hand_);
    return victim;
  }

  std::vector<bool> visited_;
  std::list<Key> order_;  // the newest first
  std::list<Key>::iterator hand_;
};

// The keys that were evicted last, as many as would fill the whole memory.
class Ghosts {
 public:
  explicit Ghosts(const Trace& trace) : stamp_(trace.universe) {}
  bool Has(Key key) const { return stamp_[key] != 0; }
  void Forget(Key key) { stamp_[key] = 0; }
  void Add(Key key, size_t most) {
    stamp_[key] = ++last_;
    order_.emplace_back(key, last_);
    while (order_.size() > most) {
      const auto [oldest, stamp] = order_.front();
      if (stamp_[oldest] == stamp) stamp_[oldest] = 0;
      order_.pop_front();
    }
  }

 private:
  std::vector<uint64_t> stamp_;
  uint64_t last_ = 0;
  std::deque<std::pair<Key, uint64_t>> order_;
};

// A small FIFO with a tenth of the bytes in front of the main one, and ghosts of keys that left it
// without a hit.
class S3Fifo : public Policy {
 public:
  S3Fifo(const Trace& trace, const PolicyLimits& limits)
      : Policy(trace, limits), hits_(trace.universe), ghosts_(trace) {}

 protected:
  void OnHit(Key key) override { hits_[key] = std::min(hits_[key] + 1, 3); }
  void OnInsert(Key key) override {
    hits_[key] = 0;
    if (ghosts_.Has(key)) {
      ghosts_.Forget(key);
      main_.push_back(key);
    } else {
      small_.push_back(key);
      small_bytes_ += Cost(key);
    }
  }
  Key Evict() override {
    for (;;) {
      if (!small_.empty() && (small_bytes_ > limits_.memory / 10 || main_.empty())) {
        const Key key = small_.front();
        small_.pop_front();
        small_bytes_ -= Cost(key);
        if (hits_[key] < 2) {
          ghosts_.Add(key, main_.size());
          return key;
        }
        hits_[key] = 0;
        main_.push_back(key);
      } else {
        const Key key = main_.front();
        main_.pop_front();
        if (hits_[key] == 0) return key;
        --hits_[key];
        main_.push_back(key);
      }
    }
  }

  std::vector<int> hits_;
  Ghosts ghosts_;
  std::deque<Key> small_, main_;
  size_t small_bytes_ = 0;
};

struct SampledLfuOptions {
  int samples = 16;
  uint32_t turnovers = 8;  // how often the memory is filled anew until a counter is halved
  bool by_size = true;     // rank by hits for each byte, not by hits
  bool oldest = false;     // among equals evict the one not hit for the longest; false: any of them
  // In percent: how likely an evicted key that returns has its old counter and one more; 0: it
  // starts anew. With 100 percent, resident keys would not gain on ghosts, and a loop longer than
  // the memory would evict everything in turn.
  size_t ghost_gain = 0;
};

// The victim has the lowest eviction score of a few keys drawn at random. A counter of 6 bits
// counts hits and is halved with age. The age is counted in quarters of a turnover, in 8 bits.
class SampledLfu : public Sampling {
 public:
  SampledLfu(const Trace& trace, const PolicyLimits& limits, const SampledLfuOptions& options)
      : Sampling(trace, limits),
        options_(options),
        state_(trace.universe),
        ghosts_(options.ghost_gain > 0 ? 4 * limits.memory / kValueBytes : 0) {}

 protected:
  static constexpr uint32_t kMostHits = 63;
  struct State {
    uint32_t hits = 0;
    uint32_t epoch = 0;
  };
  struct Ghost {
    uint32_t tag = 0;  // 12 bits of the key's hash; zero: no ghost
    State state;
  };

  void OnHit(Key key) override {
    state_[key] = {std::min(Aged(state_[key]) + 1, kMostHits), Epoch()};
  }
  void OnInsert(Key key) override {
    Sampling::OnInsert(key);
    state_[key] = {0, Epoch()};
    if (ghosts_.empty()) return;
    Ghost& ghost = GhostOf(key);
    if (ghost.tag != TagOf(key)) return;
    const uint32_t gain = Below(100) < options_.ghost_gain ? 1 : 0;
    state_[key].hits = std::min(Aged(ghost.state) + gain, kMostHits);
    ghost = {};
  }
  Key Evict() override {
    Key victim = Draw();
    for (int i = 1; i < options_.samples; ++i) {
      const Key other = Draw();
      if (LessWorthy(other, victim)) victim = other;
    }
    if (!ghosts_.empty()) GhostOf(victim) = {TagOf(victim), {Aged(state_[victim]), Epoch()}};
    return Remove(victim);
  }

 private:
  uint32_t Epoch() const { return static_cast<uint32_t>(4 * inserted_ / limits_.memory) & 0xff; }
  uint32_t Age(const State& state) const { return (Epoch() - state.epoch) & 0xff; }
  uint32_t Aged(const State& state) const {
    const uint32_t halvings = Age(state) / (4 * options_.turnovers);
    return halvings > 6 ? 0 : state.hits >> halvings;
  }
  bool LessWorthy(Key a, Key b) const {
    // Its insertion counts as half a hit, so that size matters among keys that were never hit.
    uint64_t worth_a = 2 * Aged(state_[a]) + 1, worth_b = 2 * Aged(state_[b]) + 1;
    if (options_.by_size) {
      worth_a *= Cost(b);
      worth_b *= Cost(a);
    }
    if (worth_a != worth_b) return worth_a < worth_b;
    return options_.oldest && Age(state_[a]) > Age(state_[b]);
  }
  static uint64_t Hash(Key key) { return (key + 1) * 0x9e3779b97f4a7c15; }
  static uint32_t TagOf(Key key) { return static_cast<uint32_t>(Hash(key) >> 8 & 0xfff) | 0x1000; }
  Ghost& GhostOf(Key key) { return ghosts_[(Hash(key) >> 20) % ghosts_.size()]; }

  const SampledLfuOptions options_;
  std::vector<State> state_;
  std::vector<Ghost> ghosts_;
};

// Evicts the key whose next request is the latest. No policy is better where sizes are equal.
class Belady : public Policy {
 public:
  Belady(const Trace& trace, const PolicyLimits& limits)
      : Policy(trace, limits), next_(trace.requests.size() + 1, kNever), at_(trace.universe) {
    std::vector<size_t> seen(trace.universe, kNever);
    for (size_t i = trace.requests.size(); i-- > 0;) {
      next_[i + 1] = seen[trace.requests[i]];
      seen[trace.requests[i]] = i + 1;
    }
  }

 protected:
  static constexpr size_t kNever = std::numeric_limits<size_t>::max();
  void OnHit(Key key) override {
    order_.erase({at_[key], key});
    at_[key] = next_[now_];
    order_.insert({at_[key], key});
  }
  void OnMiss(Key key) override { at_[key] = next_[now_]; }
  void OnInsert(Key key) override { order_.insert({at_[key], key}); }
  Key Evict() override {
    const Key victim = std::prev(order_.end())->second;
    order_.erase(std::prev(order_.end()));
    return victim;
  }

  std::vector<size_t> next_;  // by request, from 1
  std::vector<size_t> at_;
  std::set<std::pair<size_t, Key>> order_;
};

template <typename T, typename... Args>
NamedPolicy Named(std::string name, Args... args) {
  return {std::move(name), [=](const Trace& trace, const PolicyLimits& limits) {
            return std::unique_ptr<Cache>(new T(trace, limits, args...));
          }};
}

}  // namespace

std::unique_ptr<Cache> MakeLru(const Trace& trace, const PolicyLimits& limits) {
  return std::make_unique<Lru>(trace, limits);
}
std::unique_ptr<Cache> MakeRandom(const Trace& trace, const PolicyLimits& limits) {
  return std::make_unique<Sampling>(trace, limits);
}

std::vector<NamedPolicy> CandidatePolicies() {
  using Lfu = SampledLfuOptions;
  return {
      Named<Lru>("LRU"),
      Named<Sampling>("random"),
      Named<Sieve>("SIEVE"),
      Named<S3Fifo>("S3-FIFO"),
      Named<SampledLfu>("sampled LFU", Lfu{}),
      Named<SampledLfu>("  8 samples", Lfu{.samples = 8}),
      Named<SampledLfu>("  32 samples", Lfu{.samples = 32}),
      Named<SampledLfu>("  halved each turnover", Lfu{.turnovers = 1}),
      Named<SampledLfu>("  each 2", Lfu{.turnovers = 2}),
      Named<SampledLfu>("  each 3", Lfu{.turnovers = 3}),
      Named<SampledLfu>("  each 16", Lfu{.turnovers = 16}),
      Named<SampledLfu>("  not by size", Lfu{.by_size = false}),
      Named<SampledLfu>("  oldest among equals", Lfu{.by_size = false, .oldest = true}),
      Named<SampledLfu>("  ghosts", Lfu{.ghost_gain = 50}),
      Named<SampledLfu>("  ghosts, sure gain", Lfu{.ghost_gain = 100}),
      Named<Belady>("Belady (bound)"),
  };
}

}  // namespace tagcache::profiling
