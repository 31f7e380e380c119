#ifndef TAGCACHE_PROFILING_PEERS_LINE_CONNECTION_H_
#define TAGCACHE_PROFILING_PEERS_LINE_CONNECTION_H_

// A blocking connection whose answers are lines, and blocks whose length a line gives.

#include <cstddef>
#include <string>
#include <string_view>

namespace tagcache::profiling {

class LineConnection {
 public:
  explicit LineConnection(int fd) : fd_(fd) {}  // takes the socket
  ~LineConnection();
  LineConnection(const LineConnection&) = delete;
  LineConnection& operator=(const LineConnection&) = delete;

  void Send(std::string_view bytes);
  std::string_view Line();  // without CR LF; valid until the next call
  void Skip(size_t bytes);

 private:
  void Fill();

  int fd_;
  std::string buffer_;
  size_t at_ = 0;
};

}  // namespace tagcache::profiling

#endif  // TAGCACHE_PROFILING_PEERS_LINE_CONNECTION_H_
