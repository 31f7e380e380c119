#include "libclient/transport/transport.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "libclient/transport/socket_poll.h"

namespace tagcache {

using std::chrono::steady_clock;

namespace {

// A deadline is honoured to a few milliseconds, so a receive limit may be that much too long; it is
// set again only when it differs by more.
constexpr Duration kSlack = std::chrono::milliseconds(2);
constexpr Duration kShortest = std::chrono::milliseconds(1);

IoResult Failure(int error) { return {IoStatus::kFailed, 0, error}; }

}  // namespace

std::string ErrnoText(int error) { return std::generic_category().message(error); }

Transport& Transport::operator=(Transport&& other) noexcept {
  if (this == &other) return *this;
  Close();
  fd_ = std::exchange(other.fd_, -1);
  place_ = std::exchange(other.place_, -1);
  table_ = std::exchange(other.table_, nullptr);
  receive_limit_ = std::exchange(other.receive_limit_, Duration());
  rings_ = std::move(other.rings_);
  refusal_ = std::move(other.refusal_);
  return *this;
}

void Transport::Close() {
  if (fd_ < 0) return;
  rings_.reset();
  fd_ = -1;
  receive_limit_ = Duration();
  table_->Close(std::exchange(place_, -1));
}

IoResult Transport::Send(std::string_view bytes) {
  if (rings_ != nullptr) return rings_->Send(bytes);
  ssize_t n;
  do {
    n = send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return {IoStatus::kOk, static_cast<size_t>(n), 0};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoStatus::kWouldBlock};
  return Failure(errno);
}

IoResult Transport::ReceiveNow(std::span<char> space) {
  if (rings_ != nullptr) return rings_->ReceiveNow(space);
  ssize_t n;
  do {
    n = recv(fd_, space.data(), space.size(), MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  return FromReceive(n);
}

IoResult Transport::Receive(std::span<char> space, TimePoint deadline, Duration spin) {
  if (rings_ != nullptr) return rings_->Receive(space, deadline, spin);
  TimePoint now = steady_clock::now();
  if (spin > Duration::zero() && gate_.Open()) {
    const TimePoint until = std::min(now + spin, deadline);
    for (; now < until; now = steady_clock::now()) {
      const IoResult result = ReceiveNow(space);
      if (result.status != IoStatus::kWouldBlock) {
        gate_.Report(true);
        return result;
      }
      Relax();
    }
    gate_.Report(false);
  }
  if (now >= deadline) return {IoStatus::kTimeout};
  LimitReceive(deadline - now);
  return FromReceive(recv(fd_, space.data(), space.size(), 0));
}

// A recv that returns before the deadline because of an older, shorter limit is only asked again;
// so the limit is set when it is too long, or much too short.
void Transport::LimitReceive(Duration left) {
  if (receive_limit_ <= left + kSlack && receive_limit_ > left / 2) return;
  receive_limit_ = std::max(left, kShortest);
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(receive_limit_).count();
  timeval limit{};
  limit.tv_sec = static_cast<time_t>(us / 1'000'000);
  limit.tv_usec = static_cast<suseconds_t>(us % 1'000'000);
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

IoResult Transport::Wait(TimePoint deadline, bool* readable, bool* writable) {
  if (rings_ != nullptr) return rings_->Wait(deadline, readable, writable);
  short got = 0;
  const IoResult result = PollSocket(fd_, POLLIN | POLLOUT, deadline, &got);
  // A hang-up or an error counts as readable: recv then returns which it is.
  *readable = (got & ~POLLOUT) != 0;
  *writable = (got & POLLOUT) != 0;
  return result;
}

void Transport::WaitWritable(TimePoint deadline) {
  if (rings_ != nullptr) return rings_->WaitWritable(deadline);
  short got = 0;
  PollSocket(fd_, POLLOUT, deadline, &got);
}

void Transport::ShutDown() { shutdown(fd_, SHUT_RDWR); }

bool Transport::LooksIdle() const {
  if (rings_ != nullptr) return rings_->LooksIdle();
  char byte;
  ssize_t n;
  do {
    n = recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace tagcache
