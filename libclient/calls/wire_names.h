#ifndef TAGCACHE_LIBCLIENT_CALLS_WIRE_NAMES_H_
#define TAGCACHE_LIBCLIENT_CALLS_WIRE_NAMES_H_

// Options::prefix put in front of the keys and tags of one call. Without a prefix names go through
// as they are; a prefixed key of common length is put together on the stack.
//
// Ownership: views it returns live as long as it does, and until the same function is called again.
// Threads: one at a time. Errors: std::bad_alloc.

#include <cassert>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tagcache {

class WireNames {
 public:
  explicit WireNames(std::string_view prefix) : prefix_(prefix) {}
  WireNames(const WireNames&) = delete;
  WireNames& operator=(const WireNames&) = delete;

  std::string_view Key(std::string_view key) {
    if (prefix_.empty()) return key;
    const size_t size = prefix_.size() + key.size();
    if (size > sizeof(short_key_)) {
      long_key_.assign(prefix_).append(key);
      return long_key_;
    }
    std::memcpy(short_key_, prefix_.data(), prefix_.size());
    if (!key.empty()) std::memcpy(short_key_ + prefix_.size(), key.data(), key.size());
    return {short_key_, size};
  }

  std::span<const std::string_view> List(std::span<const std::string_view> names) {
    if (prefix_.empty()) return names;
    size_t size = 0;
    for (const std::string_view name : names) size += prefix_.size() + name.size();
    list_bytes_.clear();
    list_bytes_.reserve(size);  // views of it are taken while it fills
    list_.clear();
    list_.reserve(names.size());
    for (const std::string_view name : names) {
      const size_t start = list_bytes_.size();
      list_bytes_.append(prefix_).append(name);
      list_.push_back(std::string_view(list_bytes_).substr(start));
    }
    assert(list_bytes_.size() == size);
    return list_;
  }

  // Takes the prefix off a name that came back. false: the name has none, so it is not one of this
  // client's.
  static bool Strip(std::string_view prefix, std::string_view* name) {
    if (name->substr(0, prefix.size()) != prefix) return false;
    name->remove_prefix(prefix.size());
    return true;
  }

 private:
  const std::string_view prefix_;
  char short_key_[256];
  std::string long_key_;
  std::string list_bytes_;
  std::vector<std::string_view> list_;
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_CALLS_WIRE_NAMES_H_
