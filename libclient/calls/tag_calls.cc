// Client: the calls on tags, on prefixes of keys, and on the cache as a whole.

#include <utility>

#include "libclient/calls/client_core.h"
#include "libclient/calls/wire_names.h"
#include "tagcache/client.h"

namespace tagcache {

using protocol::Op;
using protocol::Request;
using protocol::Response;

namespace {

protocol::Mode ModeOf(TagMode mode) {
  return mode == TagMode::kAll ? protocol::Mode::kAll : protocol::Mode::kAny;
}

Result<uint64_t> AskNumber(ClientCore& core, const CallContext& call, const Request& request) {
  uint64_t number = 0;
  Status status = core.Call(call, request, [&](const Response& response) {
    number = static_cast<uint64_t>(response.number);
  });
  if (!status.ok()) return status;
  return number;
}

Result<KeyPage> AskKeys(ClientCore& core, const CallContext& call, const Request& request) {
  KeyPage page;
  Status status = core.Call(call, request, [&](const Response& response) {
    page.cursor = response.cursor;
    page.keys.reserve(response.keys.size());
    for (std::string_view key : response.keys) {
      if (WireNames::Strip(core.options().prefix, &key)) page.keys.emplace_back(key);
    }
  });
  if (!status.ok()) return status;
  return page;
}

}  // namespace

Result<uint64_t> Client::InvalidateTag(std::string_view tag, CallOptions call) {
  return Guarded<Result<uint64_t>>([&] {
    WireNames names(core_->options().prefix);
    Request request;
    request.op = Op::kInvalidateTag;
    request.key = names.Key(tag);
    return AskNumber(*core_, core_->Begin("invalidate tag", tag, call), request);
  });
}

Result<uint64_t> Client::InvalidateTags(std::span<const std::string_view> tags, TagMode mode,
                                        CallOptions call) {
  return Guarded<Result<uint64_t>>([&] {
    WireNames names(core_->options().prefix);
    Request request;
    request.op = Op::kInvalidateTags;
    request.mode = ModeOf(mode);
    request.tags = names.List(tags);
    return AskNumber(*core_, core_->Begin("invalidate tags", call), request);
  });
}

Result<KeyPage> Client::KeysByTag(std::string_view tag, uint64_t cursor, uint32_t limit,
                                  CallOptions call) {
  return Guarded<Result<KeyPage>>([&] {
    WireNames names(core_->options().prefix);
    Request request;
    request.op = Op::kKeysByTag;
    request.key = names.Key(tag);
    request.cursor = cursor;
    request.limit = limit;
    return AskKeys(*core_, core_->Begin("keys by tag", tag, call), request);
  });
}

Result<KeyPage> Client::Search(std::span<const std::string_view> tags, TagMode mode,
                               uint64_t cursor, uint32_t limit, CallOptions call) {
  return Guarded<Result<KeyPage>>([&] {
    WireNames names(core_->options().prefix);
    Request request;
    request.op = Op::kSearch;
    request.mode = ModeOf(mode);
    request.tags = names.List(tags);
    request.cursor = cursor;
    request.limit = limit;
    return AskKeys(*core_, core_->Begin("search", call), request);
  });
}

Result<KeyPage> Client::Scan(std::string_view prefix, uint64_t cursor, uint32_t limit,
                             CallOptions call) {
  return Guarded<Result<KeyPage>>([&] {
    WireNames names(core_->options().prefix);
    Request request;
    request.op = Op::kScan;
    request.key = names.Key(prefix);
    request.cursor = cursor;
    request.limit = limit;
    return AskKeys(*core_, core_->Begin("scan", prefix, call), request);
  });
}

Result<uint64_t> Client::DeletePrefix(std::string_view prefix, CallOptions call) {
  return Guarded<Result<uint64_t>>([&]() -> Result<uint64_t> {
    const CallContext context = core_->Begin("delete prefix", prefix, call);
    WireNames names(core_->options().prefix);
    Request request;
    request.op = Op::kDeletePrefix;
    request.key = names.Key(prefix);
    uint64_t removed = 0;
    do {
      Status status = core_->Call(context, request, [&](const Response& response) {
        removed += static_cast<uint64_t>(response.number);
        request.cursor = response.cursor;
      });
      if (!status.ok()) return status;
    } while (request.cursor != 0);
    return removed;
  });
}

Result<std::vector<TagUsage>> Client::HeaviestTags(uint32_t limit, CallOptions call) {
  using R = Result<std::vector<TagUsage>>;
  return Guarded<R>([&]() -> R {
    Request request;
    request.op = Op::kTagStats;
    request.limit = limit;
    std::vector<TagUsage> list;
    const auto take = [&](const Response& response) {
      list.reserve(response.tag_stats.size());
      for (const protocol::TagUsage& usage : response.tag_stats) {
        std::string_view tag = usage.tag;
        if (!WireNames::Strip(core_->options().prefix, &tag)) continue;
        list.push_back(
            {std::string(tag), usage.keys, usage.bytes, usage.hits, usage.invalidations});
      }
    };
    Status status = core_->Call(core_->Begin("heaviest tags", call), request, take);
    if (!status.ok()) return status;
    return list;
  });
}

Result<StatList> Client::Stats(CallOptions call) {
  return Guarded<Result<StatList>>([&]() -> Result<StatList> {
    Request request;
    request.op = Op::kStats;
    StatList list;
    Status status =
        core_->Call(core_->Begin("stats", call), request, [&](const Response& response) {
          list.reserve(response.stats.size());
          for (const auto& [name, value] : response.stats) list.emplace_back(name, value);
        });
    if (!status.ok()) return status;
    return list;
  });
}

Result<uint64_t> Client::Flush(CallOptions call) {
  return Guarded<Result<uint64_t>>([&] {
    Request request;
    request.op = Op::kFlush;
    return AskNumber(*core_, core_->Begin("flush", call), request);
  });
}

}  // namespace tagcache
