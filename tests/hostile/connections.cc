// Attacks by the number of connections, and by what a connection begins with.

#include <chrono>
#include <thread>
#include <vector>

#include "tests/hostile/attacks.h"

namespace tagcache::testing {
namespace {

using std::chrono::milliseconds;

constexpr size_t kMostHeld = 1500;

void Sleep(milliseconds time) { std::this_thread::sleep_for(time); }

}  // namespace

void HoldConnections(const Target& target, std::stop_token stop) {
  target.Ready();
  std::vector<Peer> held;
  while (!stop.stop_requested()) {
    if (held.size() < kMostHeld) {
      Peer peer(target);
      if (peer.connected()) {
        held.push_back(std::move(peer));
        continue;
      }
    }
    Sleep(milliseconds(5));
  }
}

void Reconnect(const Target& target, std::stop_token stop) {
  target.Ready();
  while (!stop.stop_requested()) {
    Peer peer(target);
    peer.SendWhatFits("STATS\n");
    bool closed = false;
    peer.Drain(milliseconds(1), &closed);
  }
}

void TrickleBytes(const Target& target, std::stop_token stop) {
  target.Ready();
  std::vector<Peer> peers;
  for (int i = 0; i < 200; ++i) peers.emplace_back(target);
  while (!stop.stop_requested()) {
    for (Peer& peer : peers) peer.SendWhatFits("G");
    Sleep(milliseconds(100));
  }
}

void SendGarbage(const Target& target, std::stop_token stop) {
  target.Ready();
  while (!stop.stop_requested()) {
    Peer peer(target);
    // Begins as a frame of the binary protocol does, and is none.
    peer.SendWhatFits("\xC7\xFF\xFF\xFF garbage that is long enough to be a header");
    bool closed = false;
    peer.Drain(milliseconds(2), &closed);
  }
}

void GuessPasswords(const Target& target, std::stop_token stop) {
  target.Ready();
  while (!stop.stop_requested()) {
    Peer peer(target);
    peer.SendWhatFits("AUTH\tadmin\tpassword\nAUTH\tadmin\tadmin\nAUTH\troot\t1\n");
    bool closed = false;
    peer.Drain(milliseconds(2), &closed);
  }
}

void PostFromBrowser(const Target& target, std::stop_token stop) {
  target.Ready();
  while (!stop.stop_requested()) {
    Peer peer(target);
    peer.SendWhatFits("POST / HTTP/1.1\r\nHost: x\r\n\r\nFLUSH\nSTATS\n");
    bool closed = false;
    while (!closed && peer.Drain(milliseconds(5), &closed) > 0) {
    }
  }
}

}  // namespace tagcache::testing
