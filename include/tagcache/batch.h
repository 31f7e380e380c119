#ifndef TAGCACHE_BATCH_H_
#define TAGCACHE_BATCH_H_

// A list of mixed commands, run in one exchange by Client::Run or Client::Submit.
//
// Ownership: a batch copies the keys, values and tags that it is given.
// Threads: one at a time. Errors: none; if the server refuses a command, its result has the error.
// Order: commands of one batch are carried out in the order they were added.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tagcache/client.h"
#include "tagcache/status.h"
#include "tagcache/value.h"

namespace tagcache {

class Batch {
 public:
  // Each returns the index of its result.
  size_t Get(std::string_view key);
  size_t Put(std::string_view key, ValueView value, const WriteOptions& options = {});
  size_t Add(std::string_view key, ValueView value, const WriteOptions& options = {});
  size_t Replace(std::string_view key, ValueView value, const WriteOptions& options = {});
  size_t Delete(std::string_view key);
  size_t Exists(std::string_view key);
  size_t Touch(std::string_view key, Ttl ttl);
  size_t Increment(std::string_view key, const IncrementOptions& options = {});
  size_t Decrement(std::string_view key, const IncrementOptions& options = {});
  size_t InvalidateTag(std::string_view tag);

  size_t size() const { return commands_.size(); }
  bool empty() const { return commands_.empty(); }
  void Clear();  // keeps the memory

  // How the commands are stored; for libclient/.
  enum class Kind : uint8_t {
    kGet,
    kPut,
    kAdd,
    kReplace,
    kDelete,
    kExists,
    kTouch,
    kIncrement,
    kDecrement,
    kInvalidateTag
  };
  struct Piece {  // of bytes_
    size_t offset = 0;
    size_t size = 0;
  };
  struct Command {
    Kind kind;
    bool has_tags = false;
    Piece key;  // or the tag
    Piece value;
    uint32_t flags = 0;
    size_t first_tag = 0;  // into tags_
    size_t tag_count = 0;
    std::optional<Ttl> ttl;
    bool touch = false;
    uint64_t token = 0;
    int64_t by = 0;
    std::optional<int64_t> initial;
  };
  const std::vector<Command>& commands() const { return commands_; }
  const std::vector<Piece>& tags() const { return tags_; }
  std::string_view bytes(Piece piece) const {
    return std::string_view(bytes_).substr(piece.offset, piece.size);
  }

 private:
  Piece Keep(std::string_view bytes);
  Command& Append(Kind kind, std::string_view key);
  size_t AppendBare(Kind kind, std::string_view key);
  size_t AppendWrite(Kind kind, std::string_view key, ValueView value, const WriteOptions& options);
  size_t AppendStep(Kind kind, std::string_view key, const IncrementOptions& options);
  void KeepTags(Command& command, std::span<const std::string_view> tags);

  std::vector<Command> commands_;
  std::vector<Piece> tags_;
  std::string bytes_;
};

}  // namespace tagcache

#endif  // TAGCACHE_BATCH_H_
