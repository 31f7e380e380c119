#ifndef TAGCACHE_LIBCLIENT_TRANSPORT_IO_RESULT_H_
#define TAGCACHE_LIBCLIENT_TRANSPORT_IO_RESULT_H_

// The result of an attempt to move bytes, and the clock of the deadlines.

#include <chrono>
#include <cstddef>

namespace tagcache {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

enum class IoStatus {
  kOk,
  kWouldBlock,
  kTimeout,  // the deadline passed
  kClosed,   // the peer closed
  kFailed,   // because of `error`
};

struct IoResult {
  IoStatus status = IoStatus::kOk;
  size_t bytes = 0;
  int error = 0;  // errno
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_TRANSPORT_IO_RESULT_H_
