#include "tagcache/option_table.h"

#include <gtest/gtest.h>

namespace tagcache {
namespace {

// A set of options whose every field differs from its default.
Options AllChanged() {
  const auto parsed = ParseDsn(
      "unix:///a%2Cb%25c%3Fd,tcp://h:1?protocol=text&timeout_ms=1&connect_timeout_ms=2&pool_size=9&"
      "pool_min=3&idle_timeout_ms=4&idle_check_ms=6&health_check_ms=7&retries=8&backoff_ms=9&"
      "backoff_max_ms=10&tcp_nodelay=0&tcp_keepalive=0&send_buffer=4096&receive_buffer=8192&"
      "busy_poll_us=11&username=u&password=p&client_name=n&prefix=x&default_ttl_ms=12");
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  return *parsed;
}

TEST(OptionTable, EveryRowReadsBackTheTextItWrites) {
  const Options changed = AllChanged();
  for (const auto& row : OptionTable()) {
    const OptionValue value = row.get(changed);
    EXPECT_NE(value, row.get(Options())) << row.name << " is not changed: extend AllChanged";
    const std::string text = FormatOption(row, value);
    Options options;
    ASSERT_TRUE(SetOptionText(row, options, text).ok()) << row.name << "=" << text;
    EXPECT_EQ(row.get(options), value) << row.name << "=" << text;
  }
}

TEST(OptionTable, DefaultsAreWithinTheirRanges) {
  for (const auto& row : OptionTable()) {
    EXPECT_TRUE(CheckOption(row, row.get(Options())).ok()) << row.name;
    EXPECT_FALSE(row.doc.empty()) << row.name;
  }
  EXPECT_TRUE(ValidateOptions(Options()).ok());
}

TEST(OptionTable, BothEndsOfEachRangeAreAcceptedAndWhatIsBeyondIsRefused) {
  for (const auto& row : OptionTable()) {
    if (row.kind != OptionKind::kNumber) continue;
    Options options;
    for (const int64_t end : {row.least, row.most}) {
      ASSERT_TRUE(SetOptionValue(row, options, end).ok()) << row.name << "=" << end;
      EXPECT_EQ(row.get(options), OptionValue(end)) << row.name << "=" << end;
    }
    const OptionValue before = row.get(options);
    EXPECT_FALSE(SetOptionValue(row, options, row.least - 1).ok()) << row.name;
    if (row.most < INT64_MAX) {
      EXPECT_FALSE(SetOptionValue(row, options, row.most + 1).ok()) << row.name;
    }
    EXPECT_EQ(row.get(options), before) << row.name << ": what is refused changes nothing";
  }
}

// A number that a field of 32 bits would cut to one in range.
TEST(OptionTable, NumberThatItsFieldCanNotHoldIsRefused) {
  Options options;
  EXPECT_FALSE(SetOption(options, "retries", "4294967297").ok());
  EXPECT_EQ(options.retries, Options().retries);
}

TEST(OptionTable, SwitchTakesItsWordsInUpperAndLowerCase) {
  Options options;
  for (const char* const word : {"0", "off", "Off", "OFF", "false", "False"}) {
    options.tcp_nodelay = true;
    EXPECT_TRUE(SetOption(options, "tcp_nodelay", word).ok()) << word;
    EXPECT_FALSE(options.tcp_nodelay) << word;
  }
  for (const char* const word : {"1", "on", "On", "true", "TRUE"}) {
    options.tcp_nodelay = false;
    EXPECT_TRUE(SetOption(options, "tcp_nodelay", word).ok()) << word;
    EXPECT_TRUE(options.tcp_nodelay) << word;
  }
  EXPECT_FALSE(SetOption(options, "tcp_nodelay", "").ok());
}

TEST(OptionTable, ListsOfServersThatDifferHaveDifferentTexts) {
  const auto* const servers = FindOption(OptionTable(), "servers");
  ASSERT_NE(servers, nullptr);
  const auto text = [&](std::vector<std::string> list) {
    return FormatOption(*servers, std::move(list));
  };
  EXPECT_NE(text({"unix:///a,unix:///b"}), text({"unix:///a", "unix:///b"}));
  EXPECT_NE(text({"unix:///a%2C"}), text({"unix:///a,"}));
}

TEST(OptionTable, SecretIsNotShownInARefusal) {
  Options options;
  const Status status = SetOption(options, "password", std::string(300, 'p'));
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.message().find("ppp"), std::string::npos) << status.message();
}

// Checks across options are made when all of them are set.
TEST(OptionTable, OrderOfOptionsInADsnDoesNotMatter) {
  std::vector<std::string> parts = {"backoff_max_ms=9000", "backoff_ms=5000", "pool_min=8",
                                    "pool_size=10"};
  do {
    std::string dsn = "tcp://h";
    for (const std::string& part : parts) dsn += (dsn == "tcp://h" ? "?" : "&") + part;
    EXPECT_TRUE(ParseDsn(dsn).ok()) << dsn;
  } while (std::next_permutation(parts.begin(), parts.end()));
}

TEST(OptionTable, AddressesInTheQueryOfADsnAreRefused) {
  EXPECT_FALSE(ParseDsn("tcp://h?servers=tcp://other").ok());
}

}  // namespace
}  // namespace tagcache
