#include <algorithm>

#include "profiling/peers/peer.h"
#include "tagcache/client.h"

namespace tagcache::profiling {
namespace {

class Tagcached : public Peer {
 public:
  explicit Tagcached(std::vector<std::string> command) : process_(std::move(command)) {
    Options options;
    options.servers = {"unix://" + process_.socket_path()};
    options.timeout = std::chrono::seconds(60);
    options.pool_max = 1;
    client_ = std::move(Client::Create(options).value());
  }

  size_t Put(std::span<const PeerItem> items, std::chrono::seconds ttl) override {
    writes_.clear();
    for (const PeerItem& item : items) {
      writes_.push_back({.key = item.key,
                         .value = {.bytes = item.value},
                         .options = {.ttl = ttl, .tags = item.tags}});
    }
    auto report = client_->MultiPut(writes_);
    if (!report.ok()) Fail("tagcached: " + report.status().message());
    return report->stored;
  }

  void Get(std::span<const std::string_view> keys, std::vector<bool>* found) override {
    auto values = client_->MultiGet(keys);
    if (!values.ok()) Fail("tagcached: " + values.status().message());
    for (size_t i = 0; i < keys.size(); ++i) (*found)[i] = values->values[i].has_value();
  }

  uint64_t Items() override {
    auto stats = client_->Stats();
    if (!stats.ok()) Fail("tagcached: " + stats.status().message());
    for (const auto& [name, value] : *stats) {
      if (name == "items") return std::stoull(value);
    }
    Fail("tagcached: STATS has no items");
  }

  const ServerProcess& process() const override { return process_; }

 private:
  ServerProcess process_;
  std::unique_ptr<Client> client_;
  std::vector<PutItem> writes_;
};

}  // namespace

std::unique_ptr<Peer> StartTagcached(const std::string& program, const PeerOptions& options) {
  const std::string path = FindProgram(program);
  if (path.empty()) return nullptr;
  std::vector<std::string> command = {path, "--port=0", "--unix-socket={socket}"};
  command.push_back("--memory-limit=" + std::to_string(options.memory));
  return std::make_unique<Tagcached>(std::move(command));
}

}  // namespace tagcache::profiling
