#include "libclient/transport/socket_poll.h"

#include <poll.h>

#include <cerrno>

namespace tagcache {

using std::chrono::steady_clock;

IoResult PollSocket(int fd, short wanted, TimePoint deadline, short* got) {
  for (;;) {
    const Duration left = deadline - steady_clock::now();
    if (left <= Duration::zero()) return {IoStatus::kTimeout};
    const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
    timespec limit{};
    limit.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
    limit.tv_nsec = static_cast<long>(ns % 1'000'000'000);
    pollfd entry = {fd, wanted, 0};
    const int n = ppoll(&entry, 1, &limit, nullptr);
    if (n < 0 && errno != EINTR) return {IoStatus::kFailed, 0, errno};
    if (n <= 0) continue;
    *got = entry.revents;
    return {};
  }
}

IoResult FromReceive(long n) {
  if (n > 0) return {IoStatus::kOk, static_cast<size_t>(n), 0};
  if (n == 0) return {IoStatus::kClosed, 0, 0};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {IoStatus::kWouldBlock};
  return {IoStatus::kFailed, 0, errno};
}

}  // namespace tagcache
