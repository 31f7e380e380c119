#include <iterator>
#include <random>

#include "tests/hostile/scenario.h"

namespace tagcache::testing {

std::span<const Scenario> Scenarios() {
  using Output = ProcessBounds::Output;
  static const std::vector<Scenario> all = {
      {.name = "few_descriptors",
       .attacks = {HoldConnections, Reconnect, Reconnect},
       .bounds = {.descriptors = 96}},
      {.name = "some_descriptors",
       .attacks = {HoldConnections, Reconnect, Reconnect},
       .bounds = {.descriptors = 256}},
      {.name = "many_descriptors",
       .attacks = {HoldConnections, HoldConnections, Reconnect, Reconnect},
       .bounds = {.descriptors = 1024}},
      {.name = "full_of_connections",
       .attacks = {HoldConnections, TrickleBytes, Reconnect},
       .flags = {"--max-connections=100"}},
      {.name = "slow_above_the_limit",
       .attacks = {TrickleBytes, TrickleBytes},
       .flags = {"--max-connections=50"},
       .serves_newcomers = true},
      {.name = "unix_socket_alone",
       .attacks = {HoldConnections, TrickleBytes, Reconnect, Reconnect},
       .unix_only = true},

      {.name = "large_values_unread", .attacks = {LeaveLargeValuesUnread}},
      {.name = "text_values_unread", .attacks = {LeaveTextValuesUnread}},
      {.name = "misses_unread", .attacks = {LeaveMissesUnread, LeaveMissesUnread}},
      {.name = "half_lines", .attacks = {SendHalfLines}},
      {.name = "half_messages", .attacks = {SendHalfMessages}},
      {.name = "rings_unread", .attacks = {HoldRings}},
      {.name = "large_batches", .attacks = {SendLargeBatches}},
      {.name = "half_messages_without_password",
       .attacks = {SendHalfMessages, SendHalfLines},
       .password = true},
      {.name = "large_batches_without_password", .attacks = {SendLargeBatches}, .password = true},
      {.name = "fill_and_flush",
       .attacks = {FillAndFlush, FillAndFlush},
       .memory_limit_mib = 64,
       .may_remove = true},
      {.name = "many_tags",
       .attacks = {StoreManyTags, StoreManyTags},
       .memory_limit_mib = 64,
       .may_remove = true},

      {.name = "pipelined_stats", .attacks = {PipelineStats, PipelineStats}},
      {.name = "pipelined_flush", .attacks = {PipelineFlush}, .may_remove = true},
      {.name = "pipelined_scans", .attacks = {PipelineScans}, .prepare = FillOneTag},
      {.name = "pipelined_tag_stats", .attacks = {PipelineTagStats}, .prepare = FillTags},
      {.name = "pipelined_text", .attacks = {PipelineText, PipelineText}},
      {.name = "drained_shared_memory", .attacks = {DrainSharedMemory}},
      {.name = "listed_keys", .attacks = {ListKeys}, .prepare = FillOneTag},
      {.name = "empty_keys", .attacks = {GetEmptyKeys}},
      {.name = "invalidated_pieces", .attacks = {InvalidatePieces}},
      {.name = "one_key_in_a_batch", .attacks = {PutOneKeyOften}},
      {.name = "many_keys_in_a_batch", .attacks = {PutManyKeys}, .memory_limit_mib = 1024},
      {.name = "append_while_written", .attacks = {AppendWhileWritten}, .memory_limit_mib = 1024},

      {.name = "unread_log",
       .attacks = {SendGarbage, SendGarbage},
       .bounds = {.output = Output::kUnreadPipe}},
      {.name = "garbage", .attacks = {SendGarbage, SendGarbage}},
      {.name = "guessed_passwords", .attacks = {GuessPasswords, GuessPasswords}, .password = true},
      {.name = "full_disk", .attacks = {SendGarbage}, .bounds = {.output = Output::kFullDisk}},
      {.name = "bounded_log_file", .attacks = {SendGarbage}, .bounds = {.file_bytes = 4'000'000}},
      {.name = "no_standard_descriptors",
       .attacks = {SendGarbage},
       .bounds = {.close_standard = true}},
      {.name = "browser", .attacks = {PostFromBrowser}},
  };
  return all;
}

// Attacks that remove nothing of others' and need no other setting may meet in any number.
Scenario MixtureOf(unsigned seed) {
  static constexpr Attack kMixable[] = {
      Reconnect,      TrickleBytes,      SendGarbage,           PostFromBrowser,
      SendHalfLines,  SendHalfMessages,  SendLargeBatches,      LeaveLargeValuesUnread,
      PipelineStats,  PipelineTagStats,  LeaveTextValuesUnread, LeaveMissesUnread,
      PipelineText,   DrainSharedMemory, GetEmptyKeys,          InvalidatePieces,
      PutOneKeyOften, PipelineScans,     AppendWhileWritten};
  std::mt19937 random(seed);
  Scenario mixture = {.name = "mixture", .attacks = {}, .memory_limit_mib = 1024};
  for (unsigned i = 0; i < 2 + random() % 4; ++i) {
    mixture.attacks.push_back(kMixable[random() % std::size(kMixable)]);
  }
  return mixture;
}

}  // namespace tagcache::testing
