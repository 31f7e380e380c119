#include "protocol/buffer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace tagcache::protocol {
namespace {

TEST(Buffer, GivesBackInOrderWhatWasPutIn) {
  Buffer buffer;
  std::string model;
  std::mt19937 random(7);
  for (int step = 0; step < 20'000; ++step) {
    const std::string piece(random() % 700, static_cast<char>('a' + step % 26));
    buffer.Append(piece);
    model += piece;
    const size_t taken = random() % (model.size() + 1);
    buffer.Consume(taken);
    model.erase(0, taken);
    ASSERT_EQ(buffer.view(), model);
  }
}

TEST(Buffer, TakesWhatWasWrittenIntoPreparedRoom) {
  Buffer buffer;
  buffer.Append("ab");
  char* room = buffer.Prepare(1000);
  ASSERT_GE(buffer.space(), 1000u);
  room[0] = 'c';
  buffer.Commit(1);
  EXPECT_EQ(buffer.view(), "abc");
}

TEST(Buffer, CutsItsEndOff) {
  Buffer buffer;
  buffer.Append("abcdef");
  buffer.Consume(2);
  buffer.Truncate(1);
  EXPECT_EQ(buffer.view(), "c");
}

TEST(Buffer, StaysAsLargeAsItsQueueWasLong) {
  Buffer buffer;
  for (int round = 0; round < 100'000; ++round) {
    buffer.Append("0123456789");
    buffer.Append("0123456789");
    buffer.Consume(10);
    buffer.Consume(9);
    if (buffer.size() > 400) buffer.Consume(300);
  }
  EXPECT_LE(buffer.capacity(), 4096u);
}

TEST(Buffer, GivesMemoryBackOverWhatIsKept) {
  Buffer buffer;
  buffer.Append(std::string(10'000, 'x'));
  buffer.Release(20'000);
  EXPECT_GE(buffer.capacity(), 10'000u);
  EXPECT_TRUE(buffer.empty());
  buffer.Release(5'000);
  EXPECT_EQ(buffer.capacity(), 0u);
}

TEST(Buffer, MovesItsBytes) {
  Buffer from;
  from.Append("abc");
  Buffer to = std::move(from);
  EXPECT_EQ(to.view(), "abc");
}

}  // namespace
}  // namespace tagcache::protocol
