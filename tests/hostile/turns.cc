// Attacks by what one connection asks for: long commands, long batches, long pipelines.

#include <chrono>
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

// Sends `bytes` again and again on several connections, so that each worker has one, and reads what
// comes: peers that are as fast as they can be.
void Pipeline(const Target& target, std::string_view bytes, std::stop_token stop) {
  target.Ready();
  struct Lane {
    Peer peer;
    std::string_view rest;
  };
  std::vector<Lane> lanes;
  for (int i = 0; i < 6; ++i) lanes.push_back({Peer(target), bytes});
  while (!stop.stop_requested()) {
    for (Lane& lane : lanes) {
      if (lane.rest.empty()) lane.rest = bytes;
      lane.rest.remove_prefix(lane.peer.SendWhatFits(lane.rest));
      bool closed = false;
      while (lane.peer.Drain(milliseconds(0), &closed) > 0 && !stop.stop_requested()) {
      }
      if (closed) lane = {Peer(target), bytes};
    }
    std::this_thread::sleep_for(milliseconds(1));
  }
}

// Sends one long request, waits for its answer, and does it again.
void AskOneByOne(const Target& target, std::string_view frames, std::stop_token stop) {
  target.Ready();
  while (!stop.stop_requested()) {
    Peer peer(target);
    if (!peer.Send(frames, stop)) continue;
    bool closed = false;
    while (!closed && !stop.stop_requested() && peer.Drain(milliseconds(20), &closed) == 0) {
    }
  }
}

std::string Plain(Op op, uint32_t limit = 0) {
  Request request;
  request.op = op;
  request.limit = limit;
  return Frames(request);
}

void MPut(Peer& peer, const std::vector<std::string>& keys, const std::string* tag) {
  const std::string_view shared = tag != nullptr ? std::string_view(*tag) : std::string_view();
  std::vector<std::string_view> own(keys.begin(), keys.end());
  std::vector<PutItem> items;
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::string_view* at = tag != nullptr ? &shared : &own[i];
    items.push_back({.key = keys[i], .value = "v", .ttl = {}, .tags = protocol::Tags(at, 1)});
  }
  Request put;
  put.op = Op::kMPut;
  put.items = items;
  if (!peer.Send(Frames(put), {})) return;
  bool closed = false;
  while (!closed && peer.Drain(milliseconds(1000), &closed) == 0) {
  }
}

void Fill(const Target& target, int entries, const std::string* tag) {
  constexpr int kAtOnce = 10'000;
  Peer peer(target);
  for (int from = 0; from < entries; from += kAtOnce) {
    std::vector<std::string> keys;
    for (int i = from; i < from + kAtOnce; ++i) keys.push_back("fill:" + std::to_string(i));
    MPut(peer, keys, tag);
  }
}

}  // namespace

void FillTags(const Target& target) { Fill(target, 100'000, nullptr); }

void FillOneTag(const Target& target) {
  const std::string tag = "everything";
  Fill(target, 300'000, &tag);
}

void PipelineStats(const Target& target, std::stop_token stop) {
  Pipeline(target, Repeat(Plain(Op::kStats), 1000), stop);
}

void PipelineFlush(const Target& target, std::stop_token stop) {
  Pipeline(target, Repeat(Plain(Op::kFlush), 5000), stop);
}

void PipelineScans(const Target& target, std::stop_token stop) {
  Request scan;
  scan.op = Op::kScan;
  scan.key = "nobody has this prefix";
  Pipeline(target, Repeat(Frames(scan), 1000), stop);
}

void PipelineTagStats(const Target& target, std::stop_token stop) {
  Pipeline(target, Repeat(Plain(Op::kTagStats, 10), 100), stop);
}

void PipelineText(const Target& target, std::stop_token stop) {
  Pipeline(target, Repeat("GET\tnothing\n", 20'000), stop);
}

void DrainSharedMemory(const Target& target, std::stop_token stop) {
  target.Ready();
  Options options;
  options.servers = {"shm://" + target.socket_path};
  const auto client = Client::Create(options);
  const std::vector<std::string_view> keys(1'000'000, "before:1");
  Stream stream;
  StreamItem item;
  while (!stop.stop_requested()) {
    if (!(*client)->StartMultiGet(stream, keys).ok()) continue;
    while (!stop.stop_requested()) {
      const auto more = stream.Next(&item);
      if (!more.ok() || !*more) break;
    }
    stream.Close();
  }
}

void ListKeys(const Target& target, std::stop_token stop) {
  Pipeline(target, "KEYS\teverything\n", stop);
}

void GetEmptyKeys(const Target& target, std::stop_token stop) {
  const std::vector<std::string_view> keys(20'000'000);
  Request get;
  get.op = Op::kMGet;
  get.keys = keys;
  AskOneByOne(target, Frames(get), stop);
}

void InvalidatePieces(const Target& target, std::stop_token stop) {
  AskOneByOne(target, "INV_KEYS\t" + Repeat("a,", 30'000'000) + "a\n", stop);
}

void PutOneKeyOften(const Target& target, std::stop_token stop) {
  const std::vector<PutItem> items(5'000'000,
                                   PutItem{.key = "k", .value = "v", .ttl = {}, .tags = {}});
  Request put;
  put.op = Op::kMPut;
  put.items = items;
  AskOneByOne(target, Frames(put), stop);
}

void PutManyKeys(const Target& target, std::stop_token stop) {
  std::vector<std::string> keys;
  for (int i = 0; i < 1'000'000; ++i) keys.push_back("many:" + std::to_string(i));
  std::vector<PutItem> items;
  for (const std::string& key : keys)
    items.push_back({.key = key, .value = "v", .ttl = {}, .tags = {}});
  Request put;
  put.op = Op::kMPut;
  put.items = items;
  AskOneByOne(target, Frames(put), stop);
}

void AppendWhileWritten(const Target& target, std::stop_token stop) {
  std::jthread writer([&](std::stop_token) {
    Peer peer(target);
    Request put;
    put.op = Op::kPut;
    put.key = "appended";
    put.value = "short";
    const std::string frames = Frames(put);
    while (!stop.stop_requested()) {
      bool closed = false;
      if (!peer.Send(frames, stop)) peer = Peer(target);
      peer.Drain(milliseconds(4), &closed);
    }
  });
  const std::string bytes(60 * 1024 * 1024, 'a');
  Request append;
  append.op = Op::kAppend;
  append.key = "appended";
  append.value = bytes;
  AskOneByOne(target, Frames(append), stop);
}

}  // namespace tagcache::testing
