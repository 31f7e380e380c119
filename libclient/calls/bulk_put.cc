// Client: bulk writes. A call is divided into requests that are all sent without waiting for
// answers; the connection reads while it writes.

#include <algorithm>
#include <cassert>
#include <string>
#include <unordered_map>
#include <utility>

#include "libclient/calls/bulk_delete.h"
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
// An item of more bytes has a PUT of its own. A line of text may have 64 KiB and the largest value,
// so that no line of an MPUT is ever too long for the server.
constexpr size_t kAlone = 64 * 1024;

// A MultiPut in progress. Items travel in MPUTs, but a large one in a PUT of its own: the server
// refuses a message that is too large as a whole, and closes the connection on a line of text that
// is too long. The call then goes on with the item behind it, on another connection.
class BulkPut {
 public:
  BulkPut(ClientCore& core, const CallContext& call, std::span<const PutItem> items)
      : core_(core), call_(call), items_(items), prefix_(core.options().prefix) {}

  Result<PutReport> Run() {
    Sort();
    while (done_ < accepted_.size()) {
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
  // A request: these of accepted_.
  struct Sent {
    size_t first = 0;
    size_t end = 0;
    bool alone = false;  // a PUT
  };

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

  // Sends what is not done yet. report_ and done_ change when all of it is answered, or when the
  // server closed the connection on one item; an attempt that broke leaves no trace.
  Outcome Attempt(Connection& connection) {
    next_ = done_;
    requests_.clear();
    first_id_ = 0;
    PutReport report = report_;
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
      assert(event.id - first_id_ < requests_.size());
      const Sent& sent = requests_[event.id - first_id_];
      if (protocol::IsError(response.status)) {
        if (!sent.alone || !IsOfOneItem(response.status)) {
          outcome.status = Refused(call_, connection.server(), response.status, response.message);
          return outcome;
        }
        Refuse(sent.first, response.status, response.message, connection, &report);
        if (protocol::ClosesConnection(response.status)) {
          // Text answers come in order: all before this item is answered, and nothing after it.
          next_ = sent.first + 1;
          break;
        }
      } else if (sent.alone) {
        ++report.stored;
      } else if (!TakeReport(sent, response, connection, &report)) {
        return {Outcome::End::kBroken, MakeError(ErrorCode::kProtocol, call_, connection.server(),
                                                 "a report names an item that was not sent")};
      }
    } while (next_ < accepted_.size() || connection.machine().pending() > 0);
    report_ = std::move(report);
    done_ = next_;
    return {};
  }

  // Bytes of an item's key and tags on the wire.
  size_t NameBytes(const PutItem& item) const {
    size_t bytes = prefix_.size() + item.key.size();
    for (const std::string_view tag : item.options.tags) bytes += prefix_.size() + tag.size();
    return bytes;
  }
  size_t ItemBytes(const PutItem& item) const {
    return kItemHead + NameBytes(item) + item.options.tags.size() * 2 + item.value.bytes.size();
  }
  const PutItem& Accepted(size_t i) const { return items_[accepted_[i]]; }

  // The end of the request that begins with item next_, of accepted_.
  size_t RequestEnd(bool* alone) const {
    size_t bytes = ItemBytes(Accepted(next_));
    size_t end = next_ + 1;
    *alone = bytes > kAlone;
    if (*alone) return end;
    for (; end < accepted_.size() && bytes < kBulkRequestBytes; ++end) {
      const size_t more = ItemBytes(Accepted(end));
      if (more > kAlone) break;
      bytes += more;
    }
    return end;
  }

  void SendNext(ConnectionMachine& machine) {
    bool alone = false;
    const size_t end = RequestEnd(&alone);
    FillWireItems(end);
    Request request;
    if (alone) {
      const protocol::PutItem& item = wire_items_.front();
      request.op = Op::kPut;
      request.key = item.key;
      request.value = item.value;
      request.flags = item.flags;
      request.ttl = item.ttl;
      if (!item.tags.empty()) request.tags = item.tags;
    } else {
      request.op = Op::kMPut;
      request.items = wire_items_;
    }
    const uint64_t id = machine.Send(request);
    if (requests_.empty()) first_id_ = id;
    assert(id == first_id_ + requests_.size());
    requests_.push_back({next_, end, alone});
    next_ = end;
  }

  // wire_items_ = accepted_ from next_ to `end`, as they go on the wire.
  void FillWireItems(size_t end) {
    names_.clear();
    tags_.clear();
    if (!prefix_.empty()) {
      // Views of both are taken while they fill, so they must not grow.
      size_t names = 0;
      size_t tags = 0;
      for (size_t i = next_; i < end; ++i) {
        names += NameBytes(Accepted(i));
        tags += Accepted(i).options.tags.size();
      }
      names_.reserve(names);
      tags_.reserve(tags);
    }
    wire_items_.clear();
    for (size_t i = next_; i < end; ++i) wire_items_.push_back(WireItem(Accepted(i)));
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

  bool TakeReport(const Sent& sent, const Response& response, const Connection& connection,
                  PutReport* report) const {
    report->stored += static_cast<size_t>(response.number);
    for (const protocol::RefusedItem& refused : response.refused) {
      if (refused.index >= sent.end - sent.first) return false;
      Refuse(sent.first + refused.index, refused.status, {}, connection, report);
    }
    return true;
  }

  // `accepted`: index into accepted_.
  void Refuse(size_t accepted, protocol::StatusCode status, std::string_view message,
              const Connection& connection, PutReport* report) const {
    const size_t index = accepted_[accepted];
    const PutItem& item = items_[index];
    const std::string key = std::string(prefix_).append(item.key);
    const SentParts parts = {key, item.value.bytes.size(), item.options.tags};
    report->refused.push_back(
        {index, Refused(ContextOf(index), connection.server(), status, message, parts)});
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
    DeleteReport ignored;  // a key that is refused has no entry
    return DeleteKeys(core_, call_, keys, &ignored);
  }

  ClientCore& core_;
  const CallContext& call_;
  const std::span<const PutItem> items_;
  const std::string_view prefix_;
  std::vector<size_t> accepted_;  // indices of items that can be sent
  std::vector<Refusal> unsendable_;

  size_t done_ = 0;  // of accepted_: these are in report_
  PutReport report_;

  // Of one attempt.
  size_t next_ = 0;             // of accepted_
  uint64_t first_id_ = 0;       // IDs of the requests follow each other
  std::vector<Sent> requests_;  // by request

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

}  // namespace tagcache
