#ifndef TAGCACHE_SERVER_LOG_OUTPUT_H_
#define TAGCACHE_SERVER_LOG_OUTPUT_H_

// The descriptor that log lines go to: a file, a FIFO, a terminal, or what stderr happens to be.
//
// A line is there whole or not at all. A file takes part of a line when the disk becomes full in
// the middle of it: then that part is removed again. A pipe takes at most kMaxLine bytes whole or
// not at all (PIPE_BUF). A socket may take a part, and then gets the rest later.
//
// Threads: one.

#include <cstddef>
#include <string>
#include <string_view>

namespace tagcache::server {

class LogOutput {
 public:
  static constexpr size_t kMaxLine = 4096;  // with its LF

  enum class Result {
    kWritten,
    kBusy,    // nobody reads fast enough; write the same line again when fd() can be written
    kFailed,  // the line is lost: the disk is full, the reader has gone, the file is too large
  };

  // stderr.
  LogOutput();
  // Takes ownership of `fd`.
  explicit LogOutput(int fd);
  ~LogOutput();
  LogOutput(LogOutput&& other) noexcept;
  LogOutput& operator=(LogOutput&& other) noexcept;

  // Opens a file for appending, without waiting for anybody. Returns a descriptor, or -1 with errno
  // set. A FIFO is opened for reading, too: so it need not have a reader yet, and one that leaves
  // and comes back finds what was written meanwhile.
  static int OpenFile(const std::string& path);

  int fd() const { return fd_; }
  // Does not wait, unless another process fills the same pipe at this moment.
  // REQUIRES: `line` ends with LF and has at most kMaxLine bytes.
  Result Write(std::string_view line);

 private:
  // As write(), but where write() would wait it fails with EAGAIN.
  ssize_t Put(std::string_view bytes);
  // Removes the part of a line that a file has taken. Returns false if that is not possible.
  bool RemoveTaken();

  int fd_;
  bool owned_;
  bool socket_;
  size_t taken_ = 0;   // bytes of the line that is being written
  bool torn_ = false;  // the last line is there in part, without its LF
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_LOG_OUTPUT_H_
