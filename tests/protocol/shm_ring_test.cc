#include "protocol/shm_ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <thread>

namespace tagcache::protocol {
namespace {

// Both ends of one memory, in one process.
struct Memory {
  explicit Memory(uint32_t bytes = kShmMinRing)
      : ring_bytes(bytes), memory(static_cast<char*>(std::aligned_alloc(4096, ShmBytes(bytes)))) {
    std::fill_n(memory.get(), ShmBytes(bytes), '\0');
  }
  ShmHead& head() { return *reinterpret_cast<ShmHead*>(memory.get()); }

  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };
  const uint32_t ring_bytes;
  std::unique_ptr<char, Free> memory;
  ShmEnd server = ShmServerEnd(memory.get(), ring_bytes);
  ShmEnd client = ShmClientEnd(memory.get(), ring_bytes);
};

std::string ReadAll(ShmReader& reader) {
  std::string all;
  char space[1000];
  while (const size_t n = reader.Read(space)) all.append(space, n);
  return all;
}

TEST(ShmRing, WhatOneEndWritesTheOtherReadsInBothDirections) {
  Memory memory;
  EXPECT_EQ(memory.client.writer.Write("ask"), 3u);
  EXPECT_EQ(memory.server.writer.Write("answer"), 6u);
  EXPECT_EQ(ReadAll(memory.server.reader), "ask");
  EXPECT_EQ(ReadAll(memory.client.reader), "answer");
  EXPECT_FALSE(memory.server.reader.Ready());
}

TEST(ShmRing, TakesWhatThereIsRoomForAndTheRestLater) {
  Memory memory;
  const std::string bytes(kShmMinRing + 100, 'x');
  EXPECT_EQ(memory.client.writer.Write(bytes), kShmMinRing);
  EXPECT_EQ(memory.client.writer.Write("y"), 0u);
  char space[kShmMinRing / 4];
  EXPECT_EQ(memory.server.reader.Read(std::span(space, 100)), 100u);
  EXPECT_EQ(memory.client.writer.Write(bytes), 0u) << "published by quarters";
  EXPECT_EQ(memory.server.reader.Read(space), sizeof space);
  EXPECT_EQ(memory.client.writer.Write(bytes), 100 + sizeof space);
  EXPECT_FALSE(memory.client.writer.broken());
}

TEST(ShmRing, AWriterThatSleepsIsToldAtOnce) {
  Memory memory;
  memory.client.writer.Write(std::string(kShmMinRing, 'x'));
  EXPECT_TRUE(memory.client.writer.Sleep());
  char space[1];
  EXPECT_EQ(memory.server.reader.Read(space), 1u);
  EXPECT_TRUE(memory.server.reader.MustRing());
  EXPECT_EQ(memory.client.writer.Room(), 1u);
}

TEST(ShmRing, AWriterFindsTheRoomThatAReaderWithNothingLeftMade) {
  Memory memory;
  char space[kShmMinRing];
  for (int i = 0; i < 1000; ++i) {
    const std::string bytes(static_cast<size_t>(i) * 16 % (kShmMinRing * 3 / 4), 'x');
    ASSERT_EQ(memory.client.writer.Write(bytes), bytes.size());
    ASSERT_EQ(memory.server.reader.Read(space), bytes.size());
  }
}

TEST(ShmRing, BytesKeepTheirOrderWhereverTheyGoRoundTheEnd) {
  Memory memory;
  std::mt19937 random(1);
  std::string sent;
  std::string received;
  char space[3000];
  for (int i = 0; i < 20'000; ++i) {
    std::string piece(random() % sizeof space, '\0');
    for (char& byte : piece) byte = static_cast<char>(random());
    sent.append(piece, 0, memory.client.writer.Write(piece));
    const size_t n = memory.server.reader.Read(std::span(space, random() % sizeof space));
    received.append(space, n);
  }
  received += ReadAll(memory.server.reader);
  EXPECT_GT(sent.size(), 100 * size_t{kShmMinRing});
  EXPECT_TRUE(sent == received);
}

TEST(ShmRing, ACounterThatCannotBeTrueBreaksTheEndThatSeesIt) {
  for (const uint64_t written : {uint64_t{kShmMinRing} + 1, UINT64_MAX, uint64_t{1} << 40}) {
    Memory memory;
    memory.head().up.written.bytes = written;
    char space[64];
    EXPECT_EQ(memory.server.reader.Read(space), 0u);
    EXPECT_TRUE(memory.server.reader.broken());
    EXPECT_TRUE(memory.server.reader.Ready()) << "or nobody would notice";
  }
  Memory memory;
  memory.head().down.read.bytes = 1;  // of what was never written
  EXPECT_EQ(memory.server.writer.Write(std::string(kShmMinRing + 1, 'x')), 0u);
  EXPECT_TRUE(memory.server.writer.broken());
  EXPECT_EQ(memory.server.writer.Write("x"), 0u);
}

TEST(ShmRing, ACounterThatGoesBackBreaksTheReader) {
  Memory memory;
  memory.client.writer.Write("abc");
  EXPECT_EQ(ReadAll(memory.server.reader), "abc");
  memory.head().up.written.bytes = 2;
  EXPECT_TRUE(memory.server.reader.Ready());
  EXPECT_TRUE(memory.server.reader.broken());
}

TEST(ShmRing, OnesOwnCounterIsNotReadBack) {
  Memory memory;
  memory.client.writer.Write("abc");
  memory.head().up.read.bytes = 12345;
  EXPECT_EQ(ReadAll(memory.server.reader), "abc");
  EXPECT_FALSE(memory.server.reader.broken());
}

TEST(ShmRing, WhoeverSleepsIsRungOnce) {
  Memory memory;
  EXPECT_FALSE(memory.client.writer.MustRing()) << "nobody sleeps";
  EXPECT_TRUE(memory.server.reader.Sleep());
  memory.client.writer.Write("a");
  EXPECT_TRUE(memory.client.writer.MustRing());
  EXPECT_FALSE(memory.client.writer.MustRing());
}

TEST(ShmRing, WhoeverHasWorkDoesNotSleep) {
  Memory memory;
  memory.client.writer.Write("a");
  EXPECT_FALSE(memory.server.reader.Sleep());
  EXPECT_FALSE(memory.client.writer.Sleep()) << "there is room";
  EXPECT_FALSE(memory.client.writer.MustRing()) << "the word was taken back";
  memory.client.writer.Write(std::string(kShmMinRing, 'x'));
  EXPECT_TRUE(memory.client.writer.Sleep());
  ReadAll(memory.server.reader);
  EXPECT_TRUE(memory.server.reader.MustRing());
}

// Two threads, each sleeping (here: waiting for a ring) whenever it may: nobody sleeps for ever.
TEST(ShmRing, NoRingIsLostBetweenThreads) {
  Memory memory;
  constexpr size_t kBytes = 4'000'000;
  std::atomic<int> rings_for_reader{0};
  std::atomic<int> rings_for_writer{0};
  const auto sleep = [](std::atomic<int>& rings) {
    while (rings.load() == 0) std::this_thread::yield();
    rings.fetch_sub(1);
  };
  std::thread writer([&] {
    ShmWriter& out = memory.client.writer;
    const std::string piece(777, 'x');
    for (size_t sent = 0; sent < kBytes;) {
      const size_t n = out.Write(std::string_view(piece).substr(0, kBytes - sent));
      sent += n;
      if (n > 0 && out.MustRing()) rings_for_reader.fetch_add(1);
      if (n == 0 && out.Sleep()) sleep(rings_for_writer);
    }
  });
  char space[500];
  for (size_t received = 0; received < kBytes;) {
    ShmReader& in = memory.server.reader;
    const size_t n = in.Read(space);
    received += n;
    if (n > 0 && in.MustRing()) rings_for_writer.fetch_add(1);
    if (n == 0 && in.Sleep()) sleep(rings_for_reader);
  }
  writer.join();
  EXPECT_FALSE(memory.server.reader.Ready());
}

TEST(ShmRing, SizesAreCutToPowersOfTwoInTheirRange) {
  EXPECT_EQ(ShmRingBytes(0), kShmMinRing);
  EXPECT_EQ(ShmRingBytes(100'000), 65'536u);
  EXPECT_EQ(ShmRingBytes(kShmUsualRing), kShmUsualRing);
  EXPECT_EQ(ShmRingBytes(UINT32_MAX), kShmMaxRing);
}

TEST(ShmRing, AskAndGrantComeBackAsTheyWent) {
  uint32_t ring_bytes = 0;
  const std::string ask = EncodeShmAsk(kShmUsualRing);
  ASSERT_EQ(ask.size(), kShmAskBytes);
  EXPECT_TRUE(DecodeShmAsk(ask, &ring_bytes));
  EXPECT_EQ(ring_bytes, kShmUsualRing);
  for (const ShmGrant& sent : {ShmGrant{true, kShmUsualRing, ""}, ShmGrant{false, 0, "no room"}}) {
    const std::string bytes = EncodeShmGrant(sent);
    ShmGrant grant;
    size_t message_size = 0;
    ASSERT_TRUE(
        DecodeShmGrant(std::string_view(bytes).substr(0, kShmGrantBytes), &grant, &message_size));
    EXPECT_EQ(grant.granted, sent.granted);
    EXPECT_EQ(grant.ring_bytes, sent.ring_bytes);
    EXPECT_EQ(bytes.substr(kShmGrantBytes), sent.message);
    EXPECT_EQ(message_size, sent.message.size());
  }
}

TEST(ShmRing, WhatIsNoAskOrGrantIsRefused) {
  uint32_t ring_bytes = 0;
  EXPECT_FALSE(DecodeShmAsk(std::string("\xC9\x02\0\0\0\0\0\0", 8), &ring_bytes)) << "version 2";
  EXPECT_FALSE(DecodeShmAsk(std::string("\xC9\x01\x01\0\0\0\0\0", 8), &ring_bytes));
  ShmGrant grant;
  size_t message_size = 0;
  EXPECT_FALSE(DecodeShmGrant("ERR unkn", &grant, &message_size)) << "of an older server";
  EXPECT_FALSE(DecodeShmGrant(std::string("\xCA\0\0\0\1\0\0\0", 8), &grant, &message_size))
      << "a ring of one byte";
  EXPECT_FALSE(DecodeShmGrant(std::string("\xCA\1\xFF\xFF\0\0\0\0", 8), &grant, &message_size));
}

}  // namespace
}  // namespace tagcache::protocol
