#include "tagcache/options.h"

#include <gtest/gtest.h>

#include "tagcache/client.h"

namespace tagcache {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

std::string Refusal(std::string_view dsn) {
  const auto options = ParseDsn(dsn);
  if (options.ok()) return "accepted";
  EXPECT_EQ(options.status().code(), ErrorCode::kUsage);
  return options.status().message();
}

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Dsn, EveryOptionReachesItsField) {
  const auto parsed = ParseDsn(
      "tcp://cache:1985,unix:///run/t.sock?timeout_ms=1&connect_timeout_ms=2&protocol=text&"
      "pool_size=9&pool_min=3&idle_timeout_ms=4&idle_check_ms=5&health_check_ms=6&retries=7&"
      "backoff_ms=8&backoff_max_ms=10&tcp_nodelay=0&tcp_keepalive=off&send_buffer=4096&"
      "receive_buffer=8192&busy_poll_us=11&username=u&password=p%26%3D%25&client_name=n&"
      "prefix=a%3A&default_ttl_ms=12");
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  const Options& options = *parsed;
  EXPECT_EQ(options.servers, (std::vector<std::string>{"tcp://cache:1985", "unix:///run/t.sock"}));
  EXPECT_EQ(options.timeout, milliseconds(1));
  EXPECT_EQ(options.connect_timeout, milliseconds(2));
  EXPECT_EQ(options.protocol, Protocol::kText);
  EXPECT_EQ(options.pool_max, 9u);
  EXPECT_EQ(options.pool_min, 3u);
  EXPECT_EQ(options.idle_timeout, milliseconds(4));
  EXPECT_EQ(options.idle_check, milliseconds(5));
  EXPECT_EQ(options.health_check, milliseconds(6));
  EXPECT_EQ(options.retries, 7u);
  EXPECT_EQ(options.backoff, milliseconds(8));
  EXPECT_EQ(options.backoff_max, milliseconds(10));
  EXPECT_FALSE(options.tcp_nodelay);
  EXPECT_FALSE(options.tcp_keepalive);
  EXPECT_EQ(options.send_buffer, 4096u);
  EXPECT_EQ(options.receive_buffer, 8192u);
  EXPECT_EQ(options.busy_poll, microseconds(11));
  EXPECT_EQ(options.username, "u");
  EXPECT_EQ(options.password, "p&=%");
  EXPECT_EQ(options.client_name, "n");
  EXPECT_EQ(options.prefix, "a:");
  EXPECT_EQ(options.default_ttl, milliseconds(12));
}

TEST(Dsn, WhatItDoesNotNameKeepsTheBasesValue) {
  Options base;
  base.timeout = milliseconds(77);
  base.servers = {"unix:///other"};
  const auto parsed = ParseDsn("tcp://h?retries=0", base);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->timeout, milliseconds(77));
  EXPECT_EQ(parsed->servers, std::vector<std::string>{"tcp://h"});
}

// Lessons 23.
TEST(Dsn, UnknownOptionIsRefusedByNameWithWhatIsKnown) {
  const std::string message = Refusal("tcp://h?max_connections=5");
  EXPECT_TRUE(Contains(message, "max_connections")) << message;
  EXPECT_TRUE(Contains(message, "pool_size")) << message;
}

// Lessons 23.
TEST(Dsn, ValuesOfTheWrongTypeOrOutOfRangeAreRefusedWithNameAndRange) {
  const std::pair<const char*, const char*> cases[] = {
      {"timeout_ms=abc", "whole number of milliseconds"},
      {"timeout_ms=", "whole number of milliseconds"},
      {"timeout_ms=1.5", "whole number"},
      {"timeout_ms=0", "from 1 to 86400000"},
      {"connect_timeout_ms=0", "from 1"},
      {"timeout_ms=99999999999999999999", "whole number"},
      {"pool_size=1025", "from 1 to 1024"},
      {"pool_min=5", "from 0 to 4"},
      {"backoff_ms=3000", "backoff_max_ms"},
      {"tcp_nodelay=maybe", "true, false"},
      {"protocol=redis", "binary or text"},
      {"busy_poll_us=-1", "from 0"},
      {"retries=-1", "whole number"},
      {"default_ttl_ms=-1", "from 0"},
      {"prefix=%zz", "hexadecimal"},
  };
  for (const auto& [query, part] : cases) {
    const std::string message = Refusal(std::string("tcp://h?") + query);
    const std::string name = std::string(query).substr(0, std::string_view(query).find('='));
    EXPECT_TRUE(Contains(message, part)) << query << ": " << message;
    EXPECT_TRUE(name == "backoff_ms" || Contains(message, name)) << message;
  }
}

// Lessons 19.
TEST(Dsn, PoolSizeZeroAndNegativeAreRefused) {
  EXPECT_TRUE(Contains(Refusal("tcp://h?pool_size=0"), "from 1 to 1024"));
  EXPECT_TRUE(Contains(Refusal("tcp://h?pool_size=-1"), "pool_size"));
  EXPECT_FALSE(Client::Create({.pool_max = 0}).ok());
  EXPECT_FALSE(Client::Create({.pool_max = static_cast<size_t>(-1)}).ok());
}

// Lessons 39: what may be a password is not shown, also where the address or query is wrong.
TEST(Dsn, NoRefusalShowsWhatMayBeAPassword) {
  for (const char* dsn :
       {"tcp://user:SECRET@h", "tcp://user:SECRET@h:1984", "tcp://SECRET@h", "tcp://:SECRET@h",
        "tcp://user:SECRET", "tcp://user:SEC,RET@h", "tcp://user:%53ECRET@h",
        "redis://:SECRET@h:6379", "redis://h?auth=SECRET", "tls://h?password=SECRET",
        "user:SECRET@h", "unix://u:SECRET@/path", "tcp:///u:SECRET@h", "tcp://h?password=a&SECRET",
        "tcp://h?password=%zzSECRET", "tcp://h%zz:SECRET", "tcp://[::1]:SECRET",
        "tcp://a:b:SECRET"}) {
    const std::string message = Refusal(dsn);
    EXPECT_FALSE(message.empty()) << dsn;
    EXPECT_FALSE(Contains(message, "SEC") || Contains(message, "RET")) << dsn << ": " << message;
  }
  // Not from a DSN: nothing has cut the query off.
  Options options;
  options.servers = {"tcp://h?password=SECRET"};
  EXPECT_FALSE(Contains(ValidateOptions(options).message(), "SECRET"));
  options.servers = {"unix:///tmp/none?password=SECRET"};
  const auto client = Client::Create(options);
  ASSERT_TRUE(client.ok());
  EXPECT_FALSE(Contains((*client)->Get("k").status().message(), "SECRET"));
  EXPECT_TRUE(Contains(Refusal("tcp://h?retries"), "name=value"));
}

TEST(Dsn, ShownServerKeepsWhatIsNoSecret) {
  for (const char* address :
       {"tcp://cache:1984", "tcp://[::1]:1984", "tcp://[::1]", "tcp://10.0.0.1",
        "unix:///tmp/a@b:c.sock", "shm:///run/x", "h", "h:1984"}) {
    EXPECT_EQ(ShownServer(address), address);
  }
  EXPECT_EQ(ShownServer("redis://u:p@h:1"), "redis://***@h:1");
  EXPECT_EQ(ShownServer("tcp://h?password=p"), "tcp://h?***");
}

TEST(Dsn, SchemesThatDoNotExistYetAreRefusedWithASentence) {
  EXPECT_TRUE(Contains(Refusal("tls://h:1"), "this version does not support tls://"));
  EXPECT_TRUE(Contains(Refusal("shm://x"), "the path of a Unix socket is absolute: shm:///path"));
  EXPECT_TRUE(Contains(Refusal("http://h"), "tcp://host:port, unix:///path or shm:///path"));
}

TEST(Dsn, AddressesThatCanNotBeMeantAreRefused) {
  for (const char* const address :
       {"", "tcp://", "tcp://:1984", "tcp://h:0", "tcp://h:65536", "tcp://h:x",
        "tcp://h:", "tcp://::1:1984", "tcp://[::1", "tcp://[::1]x", "tcp://u:p@h", "tcp://h/db",
        "unix://rel", "unix://", "tcp://a,,tcp://b", "unix:///%z"}) {
    EXPECT_TRUE(Contains(Refusal(address), "server '")) << address;
  }
  EXPECT_TRUE(Contains(Refusal("unix:///" + std::string(200, 'x')), "107"));
}

TEST(Dsn, Ipv6StandsInBrackets) {
  EXPECT_TRUE(ParseDsn("tcp://[::1]:1984").ok());
  EXPECT_TRUE(ParseDsn("tcp://[::1]").ok());
}

TEST(Dsn, PercentEncodingIsDecodedInPathsAndValues) {
  const auto parsed = ParseDsn("unix:///tmp/a%2Cb%3f.sock?prefix=%00x");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->servers[0], "unix:///tmp/a,b?.sock");
  EXPECT_EQ(parsed->prefix, std::string("\0x", 2));
}

TEST(Options, FailedSetOptionChangesNothing) {
  Options options;
  EXPECT_FALSE(SetOption(options, "timeout_ms", "12x").ok());
  EXPECT_EQ(options.timeout, Options().timeout);
}

TEST(Options, EmptyServerListIsRefused) {
  Options options;
  options.servers.clear();
  EXPECT_TRUE(Contains(ValidateOptions(options).message(), "servers"));
}

TEST(Options, WhatTheTextProtocolCanNotCarryIsRefusedAtOnce) {
  Options options;
  options.protocol = Protocol::kText;
  options.prefix = "a\tb";
  EXPECT_TRUE(Contains(ValidateOptions(options).message(), "prefix"));
  options.prefix = "a,b";
  EXPECT_FALSE(ValidateOptions(options).ok());
  options.prefix = "ab";
  EXPECT_TRUE(ValidateOptions(options).ok());
  options.password = "x\ny";
  const std::string message = ValidateOptions(options).message();
  EXPECT_TRUE(Contains(message, "password"));
  EXPECT_FALSE(Contains(message, "x\ny")) << "a password is not shown";
}

// Lessons 23: a buffer that the system would silently cut is not accepted.
TEST(Options, BufferTheSystemDoesNotGrantIsRefusedWithItsLimit) {
  const auto created = Client::Create({.receive_buffer = size_t{1} << 30});
  if (created.ok()) GTEST_SKIP() << "this system grants a gigabyte";
  EXPECT_EQ(created.status().code(), ErrorCode::kUsage);
  EXPECT_TRUE(Contains(created.status().message(), "net.core.rmem_max"));
}

}  // namespace
}  // namespace tagcache
