#include "profiling/peers/line_connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "profiling/peers/server_process.h"

namespace tagcache::profiling {

LineConnection::~LineConnection() { close(fd_); }

void LineConnection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) Fail("a server closed its connection");
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

void LineConnection::Fill() {
  buffer_.erase(0, at_);
  at_ = 0;
  constexpr size_t kChunk = 256 * 1024;
  const size_t had = buffer_.size();
  buffer_.resize(had + kChunk);
  const ssize_t got = recv(fd_, buffer_.data() + had, kChunk, 0);
  if (got <= 0) Fail("a server closed its connection");
  buffer_.resize(had + static_cast<size_t>(got));
}

std::string_view LineConnection::Line() {
  size_t end;
  while ((end = buffer_.find("\r\n", at_)) == std::string::npos) Fill();
  const std::string_view line = std::string_view(buffer_).substr(at_, end - at_);
  at_ = end + 2;
  return line;
}

void LineConnection::Skip(size_t bytes) {
  for (;;) {
    const size_t here = std::min(bytes, buffer_.size() - at_);
    at_ += here;
    bytes -= here;
    if (bytes == 0) return;
    Fill();
  }
}

}  // namespace tagcache::profiling
