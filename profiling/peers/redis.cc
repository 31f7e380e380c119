#include <charconv>

#include "profiling/peers/line_connection.h"
#include "profiling/peers/peer.h"

namespace tagcache::profiling {
namespace {

void AppendBulk(std::string_view bytes, std::string* out) {
  *out += '$';
  *out += std::to_string(bytes.size());
  *out += "\r\n";
  *out += bytes;
  *out += "\r\n";
}

class Redis : public Peer {
 public:
  explicit Redis(std::vector<std::string> command)
      : process_(std::move(command)), connection_(process_.Connect()) {}

  size_t Put(std::span<const PeerItem> items, std::chrono::seconds ttl) override {
    request_.clear();
    for (const PeerItem& item : items) {
      request_ += ttl.count() > 0 ? "*5\r\n" : "*3\r\n";
      AppendBulk("SET", &request_);
      AppendBulk(item.key, &request_);
      AppendBulk(item.value, &request_);
      if (ttl.count() > 0) {
        AppendBulk("EX", &request_);
        AppendBulk(std::to_string(ttl.count()), &request_);
      }
    }
    connection_.Send(request_);
    size_t stored = 0;
    for (size_t i = 0; i < items.size(); ++i) stored += connection_.Line() == "+OK";
    return stored;
  }

  void Get(std::span<const std::string_view> keys, std::vector<bool>* found) override {
    request_ = "*" + std::to_string(keys.size() + 1) + "\r\n";
    AppendBulk("MGET", &request_);
    for (std::string_view key : keys) AppendBulk(key, &request_);
    connection_.Send(request_);
    if (!connection_.Line().starts_with('*')) Fail("redis-server: MGET was refused");
    for (size_t i = 0; i < keys.size(); ++i) {
      const std::string_view line = connection_.Line();
      int length = -1;
      std::from_chars(line.data() + 1, line.data() + line.size(), length);
      (*found)[i] = length >= 0;
      if (length >= 0) connection_.Skip(static_cast<size_t>(length) + 2);
    }
  }

  uint64_t Items() override {
    connection_.Send("DBSIZE\r\n");
    return std::stoull(std::string(connection_.Line().substr(1)));
  }

  const ServerProcess& process() const override { return process_; }

 private:
  ServerProcess process_;
  LineConnection connection_;
  std::string request_;
};

}  // namespace

std::unique_ptr<Peer> StartRedis(const PeerOptions& options) {
  const std::string path = FindProgram("redis-server");
  if (path.empty()) return nullptr;
  std::vector<std::string> command = {path,    "--port", "0", "--unixsocket", "{socket}", "--dir",
                                      "{dir}", "--save", "",  "--appendonly", "no"};
  if (options.memory > 0) {
    command.insert(command.end(), {"--maxmemory", std::to_string(options.memory),
                                   "--maxmemory-policy", options.eviction});
  }
  return std::make_unique<Redis>(std::move(command));
}

}  // namespace tagcache::profiling
