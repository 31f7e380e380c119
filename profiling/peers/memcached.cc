#include <unistd.h>

#include <charconv>

#include "profiling/peers/line_connection.h"
#include "profiling/peers/peer.h"

namespace tagcache::profiling {
namespace {

class Memcached : public Peer {
 public:
  explicit Memcached(std::vector<std::string> command)
      : process_(std::move(command)), connection_(process_.Connect()) {}

  size_t Put(std::span<const PeerItem> items, std::chrono::seconds ttl) override {
    request_.clear();
    const std::string middle = " 0 " + std::to_string(ttl.count()) + " ";
    for (const PeerItem& item : items) {
      request_ += "set ";
      request_ += item.key;
      request_ += middle;
      request_ += std::to_string(item.value.size());
      request_ += "\r\n";
      request_ += item.value;
      request_ += "\r\n";
    }
    connection_.Send(request_);
    size_t stored = 0;
    for (size_t i = 0; i < items.size(); ++i) stored += connection_.Line() == "STORED";
    return stored;
  }

  // Answers come in the order of the keys, without the misses.
  void Get(std::span<const std::string_view> keys, std::vector<bool>* found) override {
    request_ = "get";
    for (std::string_view key : keys) (request_ += ' ') += key;
    request_ += "\r\n";
    connection_.Send(request_);
    found->assign(keys.size(), false);
    size_t next = 0;
    for (;;) {
      const std::string_view line = connection_.Line();
      if (line == "END") return;
      if (!line.starts_with("VALUE ")) Fail("memcached: " + std::string(line));
      const std::string_view key = line.substr(6, line.find(' ', 6) - 6);
      while (next < keys.size() && keys[next] != key) ++next;
      if (next == keys.size()) Fail("memcached: a key nobody asked for");
      (*found)[next++] = true;
      size_t length = 0;
      std::from_chars(line.data() + line.rfind(' ') + 1, line.data() + line.size(), length);
      connection_.Skip(length + 2);
    }
  }

  uint64_t Items() override {
    connection_.Send("stats\r\n");
    uint64_t items = 0;
    for (;;) {
      const std::string line(connection_.Line());
      if (line == "END") return items;
      if (line.starts_with("STAT curr_items ")) items = std::stoull(line.substr(16));
    }
  }

  const ServerProcess& process() const override { return process_; }

 private:
  ServerProcess process_;
  LineConnection connection_;
  std::string request_;
};

}  // namespace

std::unique_ptr<Peer> StartMemcached(const PeerOptions& options) {
  const std::string path = FindProgram("memcached");
  if (path.empty()) return nullptr;
  constexpr size_t kMebibyte = 1024 * 1024;
  const size_t mebibytes = options.memory > 0 ? options.memory / kMebibyte : 1024 * 1024;
  std::vector<std::string> command = {path, "-s", "{socket}", "-m", std::to_string(mebibytes)};
  if (geteuid() == 0) command.insert(command.end(), {"-u", "root"});  // root must name a user
  return std::make_unique<Memcached>(std::move(command));
}

}  // namespace tagcache::profiling
