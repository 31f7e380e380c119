// Client: bulk writes and deletions. A call is divided into requests that are all sent without
// waiting for answers; the connection reads while it writes.

#include <algorithm>
#include <cassert>
#include <string>
#include <unordered_map>
#include <utility>

#include "libclient/calls/client_core.h"
#include "libclient/calls/key_list.h"
#include "libclient/calls/wire_names.h"
#include "libclient/calls/wire_ttl.h"
#include "tagcache/client.h"

namespace tagcache {

using protocol::Op;
using protocol::Request;
using protocol::Response;

namespace {

// Bytes of an item beside its key, tags and value.
constexpr size_t kItemHead = 24;

// MDELETE or INVALIDATE_KEYS over any number of keys.
Status RemoveKeys(ClientCore& core, const CallContext& call, Op op, KeyList& keys,
                  uint64_t* removed) {
  Request check;
  // On the text codec a key is a line of its own, or stands in a list.
  check.op = op == Op::kMDelete ? Op::kDelete : op;
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::string_view key = keys[i];
    check.key = key;
    check.keys = {&key, op == Op::kMDelete ? size_t{0} : size_t{1}};
    CallContext each = call;
    each.key = key.substr(core.options().prefix.size());
    each.has_key = true;
    Status status = CheckExpressible(each, core.options().protocol, check);
    if (!status.ok()) return status;
  }
  if (keys.size() == 0) return {};
  return core.Exchange(call, true, [&](Connection& connection) -> Outcome {
    size_t sent = 0;
    uint64_t sum = 0;
    const auto feed = [&](ConnectionMachine& machine) {
      Request request;
      request.op = op;
      request.keys = keys.Chunk(sent);
      machine.Send(request);
      sent += request.keys.size();
      return sent < keys.size();
    };
    // Every request is fed before the last answer is in: the first round feeds at least one, and
    // while there are more to feed there are answers to come.
    do {
      Event event;
      Outcome outcome =
          Await(connection, call, sent < keys.size() ? Feeder(feed) : Feeder(), &event);
      if (outcome.end != Outcome::End::kAnswered) return outcome;
      const Response& response = *event.response;
      if (protocol::IsError(response.status)) {
        outcome.status = Refused(call, connection.server(), response.status, response.message);
        return outcome;
      }
      sum += static_cast<uint64_t>(response.number);
    } while (sent < keys.size() || connection.machine().pending() > 0);
    *removed = sum;
    return {};
  });
}

// A MultiPut in progress.
class BulkPut {
 public:
  BulkPut(ClientCore& core, const CallContext& call, std::span<const PutItem> items)
      : core_(core), call_(call), items_(items), prefix_(core.options().prefix) {}

  Result<PutReport> Run() {
    Sort();
    if (!accepted_.empty()) {
      Status status =
          core_.Exchange(call_, true, [&](Connection& connection) { return Attempt(connection); });
      if (!status.ok()) return status;
    }
    if (Status status = RemoveRefused(); !status.ok()) return status;
    report_.refused.insert(report_.refused.end(), std::make_move_iterator(unsendable_.begin()),
                           std::make_move_iterator(unsendable_.end()));
    std::sort(report_.refused.begin(), report_.refused.end(),
              [](const Refusal& a, const Refusal& b) { return a.index < b.index; });
    return std::move(report_);
  }

 private:
  CallContext ContextOf(size_t index) const {
    CallContext context = call_;
    context.key = items_[index].key;
    context.has_key = true;
    return context;
  }

  // Into what can be sent and what can not.
  void Sort() {
    accepted_.reserve(items_.size());
    for (size_t i = 0; i < items_.size(); ++i) {
      if (IsOrdinary(items_[i])) {
        accepted_.push_back(i);
        continue;
      }
      WireNames names(prefix_);
      Status status = CheckItem(i, names);
      if (status.ok()) {
        accepted_.push_back(i);
      } else {
        unsendable_.push_back({i, std::move(status)});
      }
    }
  }

  // Far within what the binary protocol carries, as nearly all items are: no need to look closer.
  bool IsOrdinary(const PutItem& item) const {
    constexpr size_t kCommonName = 1024;
    constexpr size_t kCommonValue = size_t{1} << 30;
    constexpr size_t kCommonTags = 256;
    protocol::TtlMs ttl;
    return core_.options().protocol == Protocol::kBinary &&
           prefix_.size() + item.key.size() <= kCommonName &&
           item.value.bytes.size() <= kCommonValue && item.options.tags.size() <= kCommonTags &&
           std::all_of(
               item.options.tags.begin(), item.options.tags.end(),
               [&](std::string_view tag) { return prefix_.size() + tag.size() <= kCommonName; }) &&
           WireTtl(item.options.ttl, core_.options(), &ttl);
  }

  Status CheckItem(size_t index, WireNames& names) const {
    const PutItem& item = items_[index];
    const CallContext context = ContextOf(index);
    Request request;
    request.op = Op::kPut;
    request.key = names.Key(item.key);
    request.value = item.value.bytes;
    request.flags = item.value.flags;
    if (!item.options.tags.empty()) request.tags = names.List(item.options.tags);
    if (!WireTtl(item.options.ttl, core_.options(), &request.ttl)) {
      return RefuseTtl(context, item.options.ttl);
    }
    return CheckExpressible(context, core_.options().protocol, request);
  }

  Outcome Attempt(Connection& connection) {
    next_ = 0;
    request_starts_.clear();
    report_ = PutReport();
    first_id_ = 0;
    const auto feed = [&](ConnectionMachine& machine) {
      SendNext(machine);
      return next_ < accepted_.size();
    };
    do {
      Event event;
      Outcome outcome =
          Await(connection, call_, next_ < accepted_.size() ? Feeder(feed) : Feeder(), &event);
      if (outcome.end != Outcome::End::kAnswered) return outcome;
      const Response& response = *event.response;
      if (protocol::IsError(response.status)) {
        outcome.status = Refused(call_, connection.server(), response.status, response.message);
        return outcome;
      }
      if (!TakeReport(event.id, response, connection)) {
        return {Outcome::End::kBroken, MakeError(ErrorCode::kProtocol, call_, connection.server(),
                                                 "a report names an item that was not sent")};
      }
    } while (next_ < accepted_.size() || connection.machine().pending() > 0);
    return {};
  }

  void SendNext(ConnectionMachine& machine) {
    size_t end = next_;
    size_t names = 0;
    size_t tags = 0;
    for (size_t bytes = 0; end < accepted_.size() && bytes < kBulkRequestBytes; ++end) {
      const PutItem& item = items_[accepted_[end]];
      size_t item_names = prefix_.size() + item.key.size();
      for (const std::string_view tag : item.options.tags)
        item_names += prefix_.size() + tag.size();
      bytes += kItemHead + item_names + item.options.tags.size() * 2 + item.value.bytes.size();
      names += item_names;
      tags += item.options.tags.size();
    }
    // Views of both are taken while they fill, so they must not grow.
    names_.clear();
    names_.reserve(prefix_.empty() ? 0 : names);
    tags_.clear();
    tags_.reserve(prefix_.empty() ? 0 : tags);
    wire_items_.clear();
    for (size_t i = next_; i < end; ++i) wire_items_.push_back(WireItem(items_[accepted_[i]]));
    Request request;
    request.op = Op::kMPut;
    request.items = wire_items_;
    const uint64_t id = machine.Send(request);
    if (request_starts_.empty()) first_id_ = id;
    assert(id == first_id_ + request_starts_.size());
    request_starts_.push_back(next_);
    next_ = end;
  }

  std::string_view WireName(std::string_view name) {
    if (prefix_.empty()) return name;
    const size_t start = names_.size();
    assert(names_.capacity() - start >= prefix_.size() + name.size());  // views of it stay valid
    names_.append(prefix_).append(name);
    return std::string_view(names_).substr(start);
  }

  protocol::PutItem WireItem(const PutItem& item) {
    protocol::PutItem wire;
    wire.key = WireName(item.key);
    wire.value = item.value.bytes;
    wire.flags = item.value.flags;
    WireTtl(item.options.ttl, core_.options(), &wire.ttl);
    wire.tags = item.options.tags;
    if (prefix_.empty()) return wire;
    const size_t first = tags_.size();
    for (const std::string_view tag : item.options.tags) tags_.push_back(WireName(tag));
    wire.tags = std::span<const std::string_view>(tags_).subspan(first);
    return wire;
  }

  bool TakeReport(uint64_t id, const Response& response, const Connection& connection) {
    const size_t request = id - first_id_;
    if (request >= request_starts_.size()) return false;
    const size_t start = request_starts_[request];
    const size_t end = request + 1 < request_starts_.size() ? request_starts_[request + 1] : next_;
    report_.stored += static_cast<size_t>(response.number);
    for (const protocol::RefusedItem& refused : response.refused) {
      if (refused.index >= end - start) return false;
      const size_t index = accepted_[start + refused.index];
      const PutItem& item = items_[index];
      const std::string key = std::string(prefix_).append(item.key);
      const SentParts sent = {key, item.value.bytes.size(), item.options.tags};
      report_.refused.push_back(
          {index, Refused(ContextOf(index), connection.server(), refused.status, {}, sent)});
    }
    return true;
  }

  // An item that could not be sent must not leave the value it was to replace in place, unless a
  // later item of the call replaced that.
  Status RemoveRefused() {
    if (unsendable_.empty()) return {};
    std::unordered_map<std::string_view, size_t> last_sent;
    for (const size_t index : accepted_) last_sent[items_[index].key] = index;
    KeyList keys;
    for (const Refusal& refusal : unsendable_) {
      const std::string_view key = items_[refusal.index].key;
      const auto later = last_sent.find(key);
      if (later != last_sent.end() && later->second > refusal.index) continue;
      WireNames names(prefix_);
      Request removal;
      removal.op = Op::kDelete;
      removal.key = names.Key(key);
      if (!CheckExpressible(call_, core_.options().protocol, removal).ok()) continue;
      keys.Add(prefix_, key);
    }
    uint64_t removed = 0;
    return RemoveKeys(core_, call_, Op::kMDelete, keys, &removed);
  }

  ClientCore& core_;
  const CallContext& call_;
  const std::span<const PutItem> items_;
  const std::string_view prefix_;
  std::vector<size_t> accepted_;  // indices of items that can be sent
  std::vector<Refusal> unsendable_;

  // Of one attempt.
  size_t next_ = 0;                     // of accepted_
  uint64_t first_id_ = 0;               // IDs of the requests follow each other
  std::vector<size_t> request_starts_;  // into accepted_, by request
  PutReport report_;

  // Of one request, reused.
  std::vector<protocol::PutItem> wire_items_;
  std::string names_;
  std::vector<std::string_view> tags_;
};

}  // namespace

Result<PutReport> Client::MultiPut(std::span<const PutItem> items, CallOptions call) {
  return Guarded<Result<PutReport>>([&]() -> Result<PutReport> {
    const CallContext context = core_->Begin("mput", call);
    for (const PutItem& item : items) {
      if (item.options.token != 0) return RefuseToken(context);
    }
    return BulkPut(*core_, context, items).Run();
  });
}

Result<uint64_t> Client::MultiDelete(KeySource& source, CallOptions call) {
  return Guarded<Result<uint64_t>>([&]() -> Result<uint64_t> {
    KeyList keys;
    keys.Reserve(source.size());
    keys.AddAll(core_->options().prefix, source);
    uint64_t removed = 0;
    Status status = RemoveKeys(*core_, core_->Begin("mdelete", call), Op::kMDelete, keys, &removed);
    if (!status.ok()) return status;
    return removed;
  });
}

Result<uint64_t> Client::InvalidateKeys(std::span<const std::string_view> names, CallOptions call) {
  return Guarded<Result<uint64_t>>([&]() -> Result<uint64_t> {
    KeyList keys;
    keys.Reserve(names.size());
    keys.Add(core_->options().prefix, names);
    uint64_t removed = 0;
    Status status = RemoveKeys(*core_, core_->Begin("invalidate keys", call), Op::kInvalidateKeys,
                               keys, &removed);
    if (!status.ok()) return status;
    return removed;
  });
}

}  // namespace tagcache
