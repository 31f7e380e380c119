#include "tools/bench/report.h"

#include <gtest/gtest.h>

#include <sstream>

namespace tagcache::bench {
namespace {

using namespace std::chrono_literals;

class Report : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ostringstream ignored;
    ASSERT_FALSE(ParseCommandLine({}, &options_, ignored, ignored));
    const TimePoint start(1h);
    result_.seconds = 2;
    for (int i = 0; i < 3; ++i) {
      result_.tally.Answered(Operation::kGet, {start, start + 1us}, start + 5us, 10, 1);
    }
  }

  BenchOptions options_;
  LoadResult result_;
};

TEST_F(Report, JsonOfAClosedLoopHoldsServiceTimesAlone) {
  const std::string one =
      "{\"calls\":3,\"calls_per_s\":1.500,\"keys\":30,\"keys_per_s\":15.000,\"misses\":3,"
      "\"service_us\":{\"mean\":4.000,\"p50\":4.000,\"p90\":4.000,\"p99\":4.000,\"p99.9\":4.000,"
      "\"max\":4.000}}";
  options_.threads = 2;
  EXPECT_EQ(AsJson(options_, result_),
            "{\"server\":\"tcp://127.0.0.1:1984\",\"protocol\":\"binary\",\"connections\":50,"
            "\"idle_connections\":0,\"threads\":2,\"depth\":1,\"batch\":1,\"rate\":0.000,"
            "\"seconds\":2.000000,\"unsent\":0,\"operations\":{\"get\":" +
                one + ",\"all\":" + one + "},\"errors\":{}}\n");
}

TEST_F(Report, WithARateCorrectedTimesStandBesideTheServiceTimes) {
  EXPECT_EQ(AsTable(options_, result_).find("corrected"), std::string::npos);
  options_.rate = 100;
  EXPECT_NE(AsTable(options_, result_).find("corrected"), std::string::npos);
  EXPECT_NE(AsJson(options_, result_).find("\"corrected_us\":{\"mean\":5.000"), std::string::npos);
}

TEST_F(Report, ErrorsAreNamedAndQuoted) {
  result_.tally.Failed(Status(ErrorCode::kTimeout, "get 'a\"b\\\n'"));
  EXPECT_NE(
      AsJson(options_, result_)
          .find("\"errors\":{\"timeout\":{\"count\":1,\"first\":\"get 'a\\\"b\\\\\\u000a'\"}}"),
      std::string::npos)
      << AsJson(options_, result_);
  EXPECT_NE(AsTable(options_, result_).find("1 errors"), std::string::npos);
  EXPECT_NE(AsTable(options_, result_).find("timeout: get"), std::string::npos);
}

TEST_F(Report, UnsentCallsAreReported) {
  result_.tally.Unsent(5);
  EXPECT_NE(AsTable(options_, result_).find("5 calls were due"), std::string::npos);
  EXPECT_NE(AsJson(options_, result_).find("\"unsent\":5"), std::string::npos);
}

TEST_F(Report, ARunThatAnsweredNothingHasNoRate) {
  result_ = LoadResult();
  EXPECT_NE(AsJson(options_, result_).find("\"calls_per_s\":0.000"), std::string::npos);
}

}  // namespace
}  // namespace tagcache::bench
