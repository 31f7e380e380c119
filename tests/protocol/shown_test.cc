#include "protocol/shown.h"

#include <gtest/gtest.h>

namespace tagcache::testing {
namespace {

std::string Shown(std::string_view bytes) {
  std::string shown;
  protocol::AppendShown(bytes, shown);
  return shown;
}

TEST(Shown, PrintableAsciiStandsForItself) {
  EXPECT_EQ(Shown("user:1 ~\"{}"), "user:1 ~\"{}");
  EXPECT_EQ(Shown(""), "");
}

TEST(Shown, WhatCouldEndTheQuotesOrTheLineIsEscaped) {
  EXPECT_EQ(Shown("a'b\\c"), "a\\x27b\\x5cc");
  EXPECT_EQ(Shown(std::string_view("\0\n\x7F\xC3\xA9", 5)), "\\x00\\x0a\\x7f\\xc3\\xa9");
}

TEST(Shown, LongKeysAreCutAndThatIsVisible) {
  EXPECT_EQ(Shown(std::string(64, 'k')), std::string(64, 'k'));
  EXPECT_EQ(Shown(std::string(65, 'k')), std::string(64, 'k').append("..."));
  EXPECT_EQ(Shown(std::string(100, '\n')).size(), 64u * 4 + 3);
}

}  // namespace
}  // namespace tagcache::testing
