// Client: its making, and the calls of one key.

#include "tagcache/client.h"

#include <limits>
#include <new>
#include <utility>

#include "libclient/calls/client_core.h"
#include "libclient/calls/wire_names.h"
#include "libclient/calls/wire_ttl.h"

namespace tagcache {

using protocol::Op;
using protocol::Request;
using protocol::Response;
using protocol::StatusCode;

namespace {

// A buffer that the system silently makes smaller is refused.
Status CheckBuffers(const Options& options) {
  for (const bool send : {true, false}) {
    const size_t wanted = send ? options.send_buffer : options.receive_buffer;
    const size_t limit = BufferLimit(send, wanted);
    if (limit == 0) continue;
    return Status(ErrorCode::kUsage,
                  std::string("option ") + (send ? "send_buffer" : "receive_buffer") + ": " +
                      std::to_string(wanted) + " bytes are not allowed, this system's " +
                      (send ? "net.core.wmem_max" : "net.core.rmem_max") + " allows " +
                      std::to_string(limit));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Client>> Client::Create(const Options& options) {
  using R = Result<std::unique_ptr<Client>>;
  return Guarded<R>([&]() -> R {
    if (Status status = ValidateOptions(options); !status.ok()) return status;
    if (Status status = CheckBuffers(options); !status.ok()) return status;
    return std::unique_ptr<Client>(new Client(std::make_unique<ClientCore>(options)));
  });
}

Client::Client(std::unique_ptr<ClientCore> core) : core_(std::move(core)) {}
Client::~Client() = default;

const Options& Client::options() const { return core_->options(); }

namespace {

using Found = Result<std::optional<Value>>;

// GET, and GET_AND_TOUCH with a TTL.
Found Read(ClientCore& core, const CallContext& call, Op op, std::string_view key,
           const Ttl* ttl = nullptr) {
  return Guarded<Found>([&]() -> Found {
    WireNames names(core.options().prefix);
    Request request;
    request.op = op;
    request.key = names.Key(key);
    if (ttl != nullptr && !WireTtl(*ttl, core.options(), &request.ttl)) {
      return RefuseTtl(call, *ttl);
    }
    std::optional<Value> found;
    Status status = core.Call(call, request, [&](const Response& response) {
      if (response.status != StatusCode::kOk) return;
      found = Value{std::string(response.value), response.flags};
    });
    if (!status.ok()) return status;
    return found;
  });
}

// Commands with a value, a TTL and tags; COMPARE_AND_SET with the version that is expected.
// *answer: the status that the server answered, unless it was an error.
Status Write(ClientCore& core, const CallContext& call, Op op, std::string_view key,
             ValueView value, const WriteOptions& options, StatusCode* answer,
             uint64_t version = 0) {
  if (options.token != 0 && op != Op::kPut) return RefuseToken(call);
  WireNames names(core.options().prefix);
  Request request;
  request.op = op;
  request.version = version;
  request.token = options.token;
  request.key = names.Key(key);
  request.value = value.bytes;
  request.flags = value.flags;
  if (!WireTtl(options.ttl, core.options(), &request.ttl)) return RefuseTtl(call, options.ttl);
  if (!options.tags.empty()) request.tags = names.List(options.tags);
  Status status = CheckExpressible(call, core.options().protocol, request);
  if (!status.ok()) {
    // If a value can not be sent, the one that it was to replace must not stay. (An entry that is
    // there although a lease was given out is newer.)
    if (op != Op::kPut || options.token != 0) return status;
    Request removal;
    removal.op = Op::kDelete;
    removal.key = request.key;
    if (!CheckExpressible(call, core.options().protocol, removal).ok()) return status;
    const Status removed = core.CallChecked(call, removal, [](const Response&) {});
    if (removed.ok()) return status;
    return Status(status.code(), status.message() + " (and the old value could not be removed: " +
                                     removed.message() + ")");
  }
  return core.CallChecked(call, request,
                          [&](const Response& response) { *answer = response.status; });
}

Result<bool> WriteIf(ClientCore& core, const CallContext& call, Op op, std::string_view key,
                     ValueView value, const WriteOptions& options) {
  return Guarded<Result<bool>>([&]() -> Result<bool> {
    StatusCode answer = StatusCode::kOk;
    Status status = Write(core, call, op, key, value, options, &answer);
    if (!status.ok()) return status;
    return answer == StatusCode::kOk;
  });
}

Compared ComparedOf(StatusCode answer) {
  if (answer == StatusCode::kOk) return Compared::kDone;
  return answer == StatusCode::kNotFound ? Compared::kNotFound : Compared::kChanged;
}

// Requests that are answered with yes or no.
Result<bool> AskYesNo(ClientCore& core, const CallContext& call, Op op, std::string_view key,
                      const Ttl* ttl = nullptr) {
  return Guarded<Result<bool>>([&]() -> Result<bool> {
    WireNames names(core.options().prefix);
    Request request;
    request.op = op;
    request.key = names.Key(key);
    if (ttl != nullptr && !WireTtl(*ttl, core.options(), &request.ttl)) {
      return RefuseTtl(call, *ttl);
    }
    bool yes = false;
    Status status = core.Call(
        call, request, [&](const Response& response) { yes = response.status == StatusCode::kOk; });
    if (!status.ok()) return status;
    return yes;
  });
}

Result<int64_t> Step(ClientCore& core, const CallContext& call, Op op, std::string_view key,
                     const IncrementOptions& options) {
  return Guarded<Result<int64_t>>([&]() -> Result<int64_t> {
    WireNames names(core.options().prefix);
    Request request;
    if (Status status = FillStep(call, core.options(), op, options, &request); !status.ok()) {
      return status;
    }
    request.key = names.Key(key);
    if (options.tags) request.tags = names.List(*options.tags);
    int64_t number = 0;
    Status status =
        core.Call(call, request, [&](const Response& response) { number = response.number; });
    if (!status.ok()) return status;
    return number;
  });
}

// APPEND and PREPEND.
Result<bool> Extend(ClientCore& core, const CallContext& call, Op op, std::string_view key,
                    std::string_view bytes) {
  return Guarded<Result<bool>>([&]() -> Result<bool> {
    WireNames names(core.options().prefix);
    Request request;
    request.op = op;
    request.key = names.Key(key);
    request.value = bytes;
    bool found = false;
    Status status = core.Call(call, request, [&](const Response& response) {
      found = response.status == StatusCode::kOk;
    });
    if (!status.ok()) return status;
    return found;
  });
}

}  // namespace

Result<std::optional<Value>> Client::Get(std::string_view key, CallOptions call) {
  return Read(*core_, core_->Begin("get", key, call), Op::kGet, key);
}

Result<std::optional<Value>> Client::GetAndTouch(std::string_view key, Ttl ttl, CallOptions call) {
  return Read(*core_, core_->Begin("get and touch", key, call), Op::kGetAndTouch, key, &ttl);
}

Result<Compared> Client::CompareAndSet(std::string_view key, uint64_t version, ValueView value,
                                       const WriteOptions& options, CallOptions call) {
  return Guarded<Result<Compared>>([&]() -> Result<Compared> {
    StatusCode answer = StatusCode::kOk;
    Status status = Write(*core_, core_->Begin("compare and set", key, call), Op::kCompareAndSet,
                          key, value, options, &answer, version);
    if (!status.ok()) return status;
    return ComparedOf(answer);
  });
}

Result<Compared> Client::CompareAndDelete(std::string_view key, uint64_t version,
                                          CallOptions call) {
  return Guarded<Result<Compared>>([&]() -> Result<Compared> {
    WireNames names(core_->options().prefix);
    Request request;
    request.op = Op::kCompareAndDelete;
    request.key = names.Key(key);
    request.version = version;
    StatusCode answer = StatusCode::kOk;
    Status status = core_->Call(core_->Begin("compare and delete", key, call), request,
                                [&](const Response& response) { answer = response.status; });
    if (!status.ok()) return status;
    return ComparedOf(answer);
  });
}

Result<bool> Client::Append(std::string_view key, std::string_view bytes, CallOptions call) {
  return Extend(*core_, core_->Begin("append", key, call), Op::kAppend, key, bytes);
}

Result<bool> Client::Prepend(std::string_view key, std::string_view bytes, CallOptions call) {
  return Extend(*core_, core_->Begin("prepend", key, call), Op::kPrepend, key, bytes);
}

Status Client::Put(std::string_view key, ValueView value, const WriteOptions& options,
                   CallOptions call) {
  return Guarded<Status>([&] {
    StatusCode answer = StatusCode::kOk;
    return Write(*core_, core_->Begin("put", key, call), Op::kPut, key, value, options, &answer);
  });
}

Result<bool> Client::Add(std::string_view key, ValueView value, const WriteOptions& options,
                         CallOptions call) {
  return WriteIf(*core_, core_->Begin("add", key, call), Op::kAdd, key, value, options);
}

Result<bool> Client::Replace(std::string_view key, ValueView value, const WriteOptions& options,
                             CallOptions call) {
  return WriteIf(*core_, core_->Begin("replace", key, call), Op::kReplace, key, value, options);
}

Result<bool> Client::Delete(std::string_view key, CallOptions call) {
  return AskYesNo(*core_, core_->Begin("delete", key, call), Op::kDelete, key);
}

Result<bool> Client::Exists(std::string_view key, CallOptions call) {
  return AskYesNo(*core_, core_->Begin("exists", key, call), Op::kExists, key);
}

Result<bool> Client::Touch(std::string_view key, Ttl ttl, CallOptions call) {
  return AskYesNo(*core_, core_->Begin("touch", key, call), Op::kTouch, key, &ttl);
}

Result<int64_t> Client::Increment(std::string_view key, const IncrementOptions& options,
                                  CallOptions call) {
  return Step(*core_, core_->Begin("increment", key, call), Op::kIncrement, key, options);
}

Result<int64_t> Client::Decrement(std::string_view key, const IncrementOptions& options,
                                  CallOptions call) {
  return Step(*core_, core_->Begin("decrement", key, call), Op::kDecrement, key, options);
}

Result<std::optional<Meta>> Client::GetMeta(std::string_view key, CallOptions call) {
  using R = Result<std::optional<Meta>>;
  return Guarded<R>([&]() -> R {
    const std::string_view prefix = core_->options().prefix;
    WireNames names(prefix);
    Request request;
    request.op = Op::kMeta;
    request.key = names.Key(key);
    std::optional<Meta> found;
    const auto take = [&](const Response& response) {
      if (response.status != StatusCode::kOk) return;
      const protocol::MetaReply& reply = response.meta;
      Meta& meta = found.emplace();
      if (reply.ttl_left_ms >= 0) meta.ttl_left = std::chrono::milliseconds(reply.ttl_left_ms);
      meta.age = std::chrono::milliseconds(reply.age_ms);
      meta.size = reply.size;
      meta.version = reply.version;
      meta.flags = reply.flags;
      for (std::string_view tag : reply.tags) {
        if (WireNames::Strip(prefix, &tag)) meta.tags.emplace_back(tag);
      }
    };
    Status status = core_->Call(core_->Begin("meta", key, call), request, take);
    if (!status.ok()) return status;
    return found;
  });
}

Result<std::chrono::nanoseconds> Client::Ping(CallOptions call) {
  using R = Result<std::chrono::nanoseconds>;
  return Guarded<R>([&]() -> R {
    const CallContext context = core_->Begin("ping", call);
    Request request;
    // The text protocol has no PING; the empty key is never there.
    request.op = core_->options().protocol == Protocol::kText ? Op::kGet : Op::kPing;
    Status status = core_->Call(context, request, [](const Response&) {});
    if (!status.ok()) return status;
    return std::chrono::nanoseconds(std::chrono::steady_clock::now() - context.start);
  });
}

size_t Client::CheckIdleConnections() {
  const auto checked = Guarded<Result<size_t>>([&]() -> Result<size_t> {
    return core_->state().pool.CheckIdle(core_->Begin("ping", CallOptions()));
  });
  return checked.ok() ? *checked : 0;
}

PoolStats Client::pool_stats() const {
  const auto stats = Guarded<Result<PoolStats>>([&]() -> Result<PoolStats> {
    CoreState& state = core_->state();
    PoolStats read = state.counters.Read();
    read.tickets_open = state.shared.tickets_open();
    return read;
  });
  return stats.ok() ? *stats : PoolStats();
}

void Client::CloseConnections() {
  (void)Guarded<Status>([&] {
    CoreState& state = core_->state();
    state.pool.CloseAll();
    state.shared.CloseAll();
    return Status();
  });
}

}  // namespace tagcache
