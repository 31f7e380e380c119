// Attacks by what a connection makes the server hold.

#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tagcache/client.h"
#include "tests/hostile/attacks.h"

namespace tagcache::testing {
namespace {

using protocol::Op;
using protocol::PutItem;
using protocol::Request;
using std::chrono::milliseconds;

constexpr size_t kMebi = 1024 * 1024;
constexpr size_t kLarge = 12 * kMebi;
constexpr int kSmallBuffers = 4096;
constexpr uint32_t kFrame = 64 * 1024;

void SleepUntilStopped(std::stop_token stop) {
  while (!stop.stop_requested()) std::this_thread::sleep_for(milliseconds(5));
}

// Puts, and waits for the answer.
void Put(Peer& peer, std::string_view key, std::string_view value, std::stop_token stop) {
  Request put;
  put.op = Op::kPut;
  put.key = key;
  put.value = value;
  if (!peer.Send(Frames(put, kFrame), stop)) return;
  bool closed = false;
  while (!closed && !stop.stop_requested() && peer.Drain(milliseconds(20), &closed) == 0) {
  }
}

std::string Get(std::string_view key) {
  Request get;
  get.op = Op::kGet;
  get.key = key;
  return Frames(get);
}

// The first part of a write of `size` bytes whose rest never comes.
std::string HalfMessage(uint64_t id, size_t size) {
  const std::string value(size, 'h');
  Request put;
  put.op = Op::kPut;
  put.id = id;
  put.key = "half";
  put.value = value;
  std::string frames = Frames(put, kFrame);
  frames.resize(frames.size() / 2);
  return frames;
}

}  // namespace

void LeaveLargeValuesUnread(const Target& target, std::stop_token stop) {
  Peer writer(target);
  const std::string value(kLarge, 'l');
  target.Ready();
  Put(writer, "large", value, stop);
  std::vector<Peer> readers;
  while (!stop.stop_requested()) {
    if (readers.size() < 60) {
      readers.emplace_back(target, kSmallBuffers);
      readers.back().SendWhatFits(Get("large"));
    }
    // Each reader pins the value it was answered with, and there are as many as were written.
    Put(writer, "large", value, stop);
  }
}

void LeaveTextValuesUnread(const Target& target, std::stop_token stop) {
  Peer writer(target);
  Put(writer, "large", std::string(kLarge, 'l'), stop);
  target.Ready();
  std::vector<Peer> readers;
  for (int i = 0; i < 60 && !stop.stop_requested(); ++i) {
    readers.emplace_back(target, kSmallBuffers);
    readers.back().SendWhatFits("GET\tlarge\nGET\tlarge\n");
  }
  SleepUntilStopped(stop);
}

void LeaveMissesUnread(const Target& target, std::stop_token stop) {
  // Short keys: what waits to be sent is many times what was received.
  const std::vector<std::string_view> keys(120'000, "m");
  Request get;
  get.op = Op::kMGet;
  get.keys = keys;
  target.Ready();
  const std::string frames = Frames(get);
  Peer peer(target, kSmallBuffers);
  while (!stop.stop_requested()) {
    if (!peer.Send(frames, stop)) peer = Peer(target, kSmallBuffers);
  }
}

void HoldRings(const Target& target, std::stop_token stop) {
  Options options;
  options.servers = {"shm://" + target.socket_path};
  options.retries = 0;
  const std::vector<std::string_view> keys(100'000, "before:1");
  struct Reader {
    std::unique_ptr<Client> client;
    Stream stream;
  };
  std::list<Reader> readers;
  target.Ready();
  while (!stop.stop_requested()) {
    if (readers.size() == 200) {
      std::this_thread::sleep_for(milliseconds(5));
      continue;
    }
    auto client = Client::Create(options);
    Reader& reader = readers.emplace_back(Reader{std::move(*client), {}});
    StreamItem item;
    // Where no more rings are granted there is nothing to be held.
    if (reader.client->StartMultiGet(reader.stream, keys).ok()) (void)reader.stream.Next(&item);
  }
}

void SendHalfLines(const Target& target, std::stop_token stop) {
  const std::string half = "PUT\thalf\t-\t-\t" + std::string(30 * kMebi, 'h');
  target.Ready();
  std::vector<Peer> peers;
  while (!stop.stop_requested()) {
    if (peers.size() == 20) {
      std::this_thread::sleep_for(milliseconds(5));
      continue;
    }
    peers.emplace_back(target);
    peers.back().Send(half, stop);
  }
}

void SendHalfMessages(const Target& target, std::stop_token stop) {
  const std::string one = HalfMessage(1, 60 * kMebi);
  const std::string two = HalfMessage(2, 60 * kMebi);
  target.Ready();
  std::vector<Peer> peers;
  while (!stop.stop_requested()) {
    if (peers.size() == 10) {
      std::this_thread::sleep_for(milliseconds(5));
      continue;
    }
    peers.emplace_back(target);
    if (peers.back().Send(one, stop)) peers.back().Send(two, stop);
  }
}

void SendLargeBatches(const Target& target, std::stop_token stop) {
  const std::vector<std::string_view> keys(10'000'000, "ab");
  Request request;
  request.op = Op::kMDelete;
  request.keys = keys;
  const std::string frames = Frames(request);
  target.Ready();
  while (!stop.stop_requested()) {
    Peer peer(target);
    if (!peer.Send(frames, stop)) continue;
    bool closed = false;
    while (!closed && !stop.stop_requested() && peer.Drain(milliseconds(20), &closed) == 0) {
    }
  }
}

void FillAndFlush(const Target& target, std::stop_token stop) {
  const std::string value(15'000, 'f');
  std::vector<std::string> keys;
  std::vector<PutItem> items;
  for (int i = 0; i < 200; ++i) keys.push_back("filled:" + std::to_string(i));
  for (const std::string& key : keys)
    items.push_back({.key = key, .value = value, .ttl = {}, .tags = {}});
  Request put;
  put.op = Op::kMPut;
  put.items = items;
  Request flush;
  flush.op = Op::kFlush;
  const std::string both = Frames(put) + Frames(flush);
  target.Ready();
  Peer peer(target);
  while (!stop.stop_requested()) {
    bool closed = false;
    if (!peer.Send(both, stop)) peer = Peer(target);
    peer.Drain(milliseconds(0), &closed);
    if (closed) peer = Peer(target);
  }
}

void StoreManyTags(const Target& target, std::stop_token stop) {
  target.Ready();
  Peer peer(target);
  for (uint64_t i = 0; !stop.stop_requested(); ++i) {
    std::vector<std::string> tags;
    for (int j = 0; j < 64; ++j) {
      tags.push_back(std::to_string(i) + ":" + std::to_string(j));
      tags.back().resize(255, 't');
    }
    const std::vector<std::string_view> views(tags.begin(), tags.end());
    const std::string key = "tagged:" + std::to_string(i);
    Request put;
    put.op = Op::kPut;
    put.id = i;
    put.key = key;
    put.tags = protocol::Tags(views);
    bool closed = false;
    if (!peer.Send(Frames(put), stop)) peer = Peer(target);
    peer.Drain(milliseconds(0), &closed);
    if (closed) peer = Peer(target);
  }
}

}  // namespace tagcache::testing
