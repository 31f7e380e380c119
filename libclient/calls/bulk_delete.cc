// Client: deletions of many keys. A call is divided into requests that are all sent without waiting
// for answers; the connection reads while it writes.

#include "libclient/calls/bulk_delete.h"

#include <algorithm>
#include <cassert>
#include <string_view>
#include <utility>
#include <vector>

namespace tagcache {

using protocol::Op;
using protocol::Request;
using protocol::Response;

namespace {

// Keys [first, end) of a list.
struct Range {
  size_t first = 0;
  size_t end = 0;
};

CallContext ContextOf(const ClientCore& core, const CallContext& call, std::string_view wire_key) {
  CallContext context = call;
  context.key = wire_key.substr(core.options().prefix.size());
  context.has_key = true;
  return context;
}

// A MultiDelete in progress. A request in which the server refuses a key is sent again in parts.
class BulkDelete {
 public:
  BulkDelete(ClientCore& core, const CallContext& call, const KeyList& keys)
      : core_(core), call_(call), keys_(keys) {}

  Status Run(DeleteReport* report) {
    Sort();
    if (!sendable_.empty()) {
      Status status =
          core_.Exchange(call_, true, [&](Connection& connection) { return Attempt(connection); });
      if (!status.ok()) return status;
    }
    report_.refused.insert(report_.refused.end(), unsendable_.begin(), unsendable_.end());
    std::sort(report_.refused.begin(), report_.refused.end(),
              [](const Refusal& a, const Refusal& b) { return a.index < b.index; });
    *report = std::move(report_);
    return {};
  }

 private:
  // Into ranges of keys that can be sent, and keys that can not.
  void Sort() {
    size_t first = 0;
    for (size_t i = 0; i < keys_.size(); ++i) {
      Request check;
      check.op = Op::kDelete;  // on the text codec each key is a line of its own
      check.key = keys_[i];
      Status status =
          CheckExpressible(ContextOf(core_, call_, keys_[i]), core_.options().protocol, check);
      if (status.ok()) continue;
      unsendable_.push_back({i, std::move(status)});
      if (first < i) sendable_.push_back({first, i});
      first = i + 1;
    }
    if (first < keys_.size()) sendable_.push_back({first, keys_.size()});
  }

  Outcome Attempt(Connection& connection) {
    report_ = DeleteReport();
    to_send_ = sendable_;
    next_ = 0;
    sent_.clear();
    const auto feed = [&](ConnectionMachine& machine) {
      SendNext(machine);
      return next_ < to_send_.size();
    };
    // Every request is fed before the last answer is in: the first round feeds at least one, and
    // while there are more to feed there are answers to come.
    do {
      Event event;
      const Feeder feeder = next_ < to_send_.size() ? Feeder(feed) : Feeder();
      Outcome outcome = Await(connection, call_, feeder, &event);
      if (outcome.end != Outcome::End::kAnswered) return outcome;
      assert(event.id - first_id_ < sent_.size());
      outcome.status = Take(sent_[event.id - first_id_], *event.response, connection);
      if (!outcome.status.ok()) return outcome;
    } while (next_ < to_send_.size() || connection.machine().pending() > 0);
    return {};
  }

  void SendNext(ConnectionMachine& machine) {
    Range& range = to_send_[next_];
    Request request;
    request.op = Op::kMDelete;
    request.keys = keys_.Chunk(range.first, range.end, alone_over_);
    const uint64_t id = machine.Send(request);
    if (sent_.empty()) first_id_ = id;
    assert(id == first_id_ + sent_.size());
    sent_.push_back({range.first, range.first + request.keys.size()});
    range.first += request.keys.size();
    if (range.first == range.end) ++next_;
  }

  // An error is one of the whole call.
  Status Take(const Range range, const Response& response, const Connection& connection) {
    if (protocol::IsError(response.status)) {
      if (!IsOfOneItem(response.status)) {
        return Refused(call_, connection.server(), response.status, response.message);
      }
      if (range.end - range.first == 1) {
        Refuse(range.first, response.status, response.message, connection);
      } else {
        alone_over_ =
            std::min(alone_over_, AloneOverAfter(keys_.Span(range.first, range.end - range.first)));
        to_send_.push_back(range);
      }
      return {};
    }
    report_.deleted += static_cast<uint64_t>(response.number);
    for (const protocol::RefusedItem& item : response.refused) {
      assert(item.index < range.end - range.first);
      if (!IsOfOneItem(item.status)) {
        return Refused(call_, connection.server(), item.status, {});
      }
      Refuse(range.first + item.index, item.status, {}, connection);
    }
    return {};
  }

  void Refuse(size_t index, protocol::StatusCode status, std::string_view message,
              const Connection& connection) {
    SentParts sent;
    sent.key = keys_[index];
    report_.refused.push_back({index, Refused(ContextOf(core_, call_, keys_[index]),
                                              connection.server(), status, message, sent)});
  }

  ClientCore& core_;
  const CallContext& call_;
  const KeyList& keys_;
  std::vector<Range> sendable_;
  std::vector<Refusal> unsendable_;
  size_t alone_over_ = SIZE_MAX;  // see AloneOverAfter

  // Of one attempt.
  std::vector<Range> to_send_;  // from next_ on
  size_t next_ = 0;
  uint64_t first_id_ = 0;    // IDs of the requests follow each other
  std::vector<Range> sent_;  // by request
  DeleteReport report_;
};

// INVALIDATE_KEYS: one step for all keys of a request, so one bad key fails the call.
Status InvalidateAll(ClientCore& core, const CallContext& call, const KeyList& keys,
                     uint64_t* removed) {
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::string_view key = keys[i];
    Request check;
    check.op = Op::kInvalidateKeys;
    check.key = key;
    check.keys = {&key, 1};  // on the text codec it stands in a list
    Status status = CheckExpressible(ContextOf(core, call, key), core.options().protocol, check);
    if (!status.ok()) return status;
  }
  if (keys.size() == 0) return {};
  return core.Exchange(call, true, [&](Connection& connection) -> Outcome {
    size_t sent = 0;
    uint64_t sum = 0;
    const auto feed = [&](ConnectionMachine& machine) {
      Request request;
      request.op = Op::kInvalidateKeys;
      request.keys = keys.Chunk(sent, keys.size(), SIZE_MAX);
      machine.Send(request);
      sent += request.keys.size();
      return sent < keys.size();
    };
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

}  // namespace

Status DeleteKeys(ClientCore& core, const CallContext& call, const KeyList& keys,
                  DeleteReport* report) {
  return BulkDelete(core, call, keys).Run(report);
}

Result<DeleteReport> Client::MultiDelete(KeySource& source, CallOptions call) {
  return Guarded<Result<DeleteReport>>([&]() -> Result<DeleteReport> {
    KeyList keys;
    keys.Reserve(source.size());
    keys.AddAll(core_->options().prefix, source);
    DeleteReport report;
    Status status = DeleteKeys(*core_, core_->Begin("mdelete", call), keys, &report);
    if (!status.ok()) return status;
    return report;
  });
}

Result<uint64_t> Client::InvalidateKeys(std::span<const std::string_view> names, CallOptions call) {
  return Guarded<Result<uint64_t>>([&]() -> Result<uint64_t> {
    KeyList keys;
    keys.Reserve(names.size());
    keys.Add(core_->options().prefix, names);
    uint64_t removed = 0;
    Status status = InvalidateAll(*core_, core_->Begin("invalidate keys", call), keys, &removed);
    if (!status.ok()) return status;
    return removed;
  });
}

}  // namespace tagcache
