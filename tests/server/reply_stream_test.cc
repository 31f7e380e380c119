// The bytes of a large reply, whatever the frames they come in.

#include "server/session/reply_stream.h"

#include <gtest/gtest.h>

#include "tests/server/session_driver.h"

namespace tagcache::testing {
namespace {

using protocol::LeaseKind;
using server::ReplyStream;

// The message that a stream of one value comes to.
Message Streamed(Op op, std::string_view value, LeaseKind kind) {
  Driver driver;
  driver.engine.store().Put({.key = "k", .value = value, .flags = 7}, server::WriteMode::kPut,
                            driver.now);
  server::EntryRef entry = driver.engine.store().Get("k", driver.now);
  ReplyStream stream(op, 5, {&entry, 1}, kind);
  protocol::Buffer out;
  for (bool last = false; !last;) {
    server::Borrowed borrowed;
    last = stream.Produce(protocol::kBaseMaxFrame, out, &borrowed);
    out.Append(borrowed.bytes);
  }
  EXPECT_EQ(stream.pinned(), 0u);
  return Only(out.view());
}

TEST(ReplyStream, OfAValueIsWhatTheCodecReads) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{65527}, size_t{65528}, size_t{200'000}}) {
    const std::string value(size, 'v');
    const Message message = Streamed(Op::kGet, value, LeaseKind::kValue);
    protocol::Scratch scratch;
    protocol::Response response;
    ASSERT_TRUE(protocol::DecodeResponse(static_cast<uint8_t>(Op::kGet), 5, StatusCode::kOk,
                                         message.body, scratch, &response));
    EXPECT_TRUE(response.value == value) << size;
    EXPECT_EQ(response.flags, 7u);
  }
}

TEST(ReplyStream, OfALeasedValueBeginsWithItsKind) {
  for (const LeaseKind kind : {LeaseKind::kValue, LeaseKind::kStaleValue}) {
    for (const size_t size : {size_t{0}, size_t{65527}, size_t{65528}, size_t{200'000}}) {
      const std::string value(size, 'v');
      const Message message = Streamed(Op::kGetLease, value, kind);
      protocol::Scratch scratch;
      protocol::Response response;
      ASSERT_TRUE(protocol::DecodeResponse(static_cast<uint8_t>(Op::kGetLease), 5, StatusCode::kOk,
                                           message.body, scratch, &response));
      EXPECT_EQ(response.lease, kind);
      EXPECT_TRUE(response.value == value) << size;
      EXPECT_EQ(response.flags, 7u);
    }
  }
}

}  // namespace
}  // namespace tagcache::testing
