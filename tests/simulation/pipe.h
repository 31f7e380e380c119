#ifndef TAGCACHE_TESTS_SIMULATION_PIPE_H_
#define TAGCACHE_TESTS_SIMULATION_PIPE_H_

// One direction of a simulated connection: pieces of a byte stream, each with the time at which it
// arrives. It keeps their order, as TCP does. The sender chooses delays and sizes at random.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace tagcache::simulation {

class Pipe {
 public:
  void Push(std::string_view bytes, uint64_t arrives_us) {
    last_us_ = std::max(last_us_, arrives_us);
    pieces_.push_back({std::string(bytes), last_us_});
    size_ += bytes.size();
  }
  // No Push may follow. The reader sees the end after the bytes that are on the way.
  void Finish() { finished_ = true; }

  // Bytes that have arrived and can be read in one go.
  std::string_view Arrived(uint64_t now_us) const {
    if (pieces_.empty() || pieces_.front().arrives_us > now_us) return {};
    return std::string_view(pieces_.front().bytes).substr(taken_);
  }
  // REQUIRES: n <= Arrived().size().
  void Take(size_t n) {
    taken_ += n;
    size_ -= n;
    if (taken_ < pieces_.front().bytes.size()) return;
    pieces_.pop_front();
    taken_ = 0;
  }
  // Loses everything after the first `n` bytes on the way.
  void Truncate(size_t n) {
    while (size_ > n) {
      const size_t drop = std::min(size_ - n, Left(pieces_.size() - 1));
      pieces_.back().bytes.resize(pieces_.back().bytes.size() - drop);
      size_ -= drop;
      if (Left(pieces_.size() - 1) == 0) PopBack();
    }
  }

  size_t size() const { return size_; }
  bool at_end() const { return finished_ && pieces_.empty(); }
  // When the next piece arrives. REQUIRES: size() > 0.
  uint64_t next_arrival_us() const { return pieces_.front().arrives_us; }

 private:
  struct Piece {
    std::string bytes;
    uint64_t arrives_us;
  };
  size_t Left(size_t index) const {
    return pieces_[index].bytes.size() - (index == 0 ? taken_ : 0);
  }
  void PopBack() {
    pieces_.pop_back();
    if (pieces_.empty()) taken_ = 0;
  }

  std::deque<Piece> pieces_;
  size_t taken_ = 0;  // of the front piece
  size_t size_ = 0;
  uint64_t last_us_ = 0;
  bool finished_ = false;
};

}  // namespace tagcache::simulation

#endif  // TAGCACHE_TESTS_SIMULATION_PIPE_H_
