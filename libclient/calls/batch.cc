#include "tagcache/batch.h"

#include "libclient/calls/batch_run.h"
#include "libclient/calls/client_core.h"

namespace tagcache {

Batch::Piece Batch::Keep(std::string_view bytes) {
  const Piece piece = {bytes_.size(), bytes.size()};
  bytes_.append(bytes);
  return piece;
}

Batch::Command& Batch::Append(Kind kind, std::string_view key) {
  Command command{};
  command.kind = kind;
  command.key = Keep(key);
  commands_.push_back(command);
  return commands_.back();
}

void Batch::KeepTags(Command& command, std::span<const std::string_view> tags) {
  command.has_tags = true;
  command.first_tag = tags_.size();
  command.tag_count = tags.size();
  for (const std::string_view tag : tags) tags_.push_back(Keep(tag));
}

size_t Batch::AppendWrite(Kind kind, std::string_view key, ValueView value,
                          const WriteOptions& options) {
  Command& command = Append(kind, key);
  command.value = Keep(value.bytes);
  command.flags = value.flags;
  command.ttl = options.ttl;
  command.token = options.token;
  if (!options.tags.empty()) KeepTags(command, options.tags);
  return commands_.size() - 1;
}

size_t Batch::AppendStep(Kind kind, std::string_view key, const IncrementOptions& options) {
  Command& command = Append(kind, key);
  command.by = options.by;
  command.initial = options.initial;
  command.touch = options.touch;
  command.ttl = options.ttl;
  if (options.tags) KeepTags(command, *options.tags);
  return commands_.size() - 1;
}

size_t Batch::AppendBare(Kind kind, std::string_view key) {
  Append(kind, key);
  return commands_.size() - 1;
}

size_t Batch::Get(std::string_view key) { return AppendBare(Kind::kGet, key); }
size_t Batch::Delete(std::string_view key) { return AppendBare(Kind::kDelete, key); }
size_t Batch::Exists(std::string_view key) { return AppendBare(Kind::kExists, key); }
size_t Batch::InvalidateTag(std::string_view tag) { return AppendBare(Kind::kInvalidateTag, tag); }

size_t Batch::Put(std::string_view key, ValueView value, const WriteOptions& options) {
  return AppendWrite(Kind::kPut, key, value, options);
}
size_t Batch::Add(std::string_view key, ValueView value, const WriteOptions& options) {
  return AppendWrite(Kind::kAdd, key, value, options);
}
size_t Batch::Replace(std::string_view key, ValueView value, const WriteOptions& options) {
  return AppendWrite(Kind::kReplace, key, value, options);
}

size_t Batch::Touch(std::string_view key, Ttl ttl) {
  Append(Kind::kTouch, key).ttl = ttl;
  return commands_.size() - 1;
}

size_t Batch::Increment(std::string_view key, const IncrementOptions& options) {
  return AppendStep(Kind::kIncrement, key, options);
}
size_t Batch::Decrement(std::string_view key, const IncrementOptions& options) {
  return AppendStep(Kind::kDecrement, key, options);
}

void Batch::Clear() {
  commands_.clear();
  tags_.clear();
  bytes_.clear();
}

Result<std::vector<BatchResult>> Client::Run(const Batch& batch, CallOptions call) {
  using R = Result<std::vector<BatchResult>>;
  return Guarded<R>([&]() -> R {
    const CallContext context = core_->Begin("run", call);
    std::optional<BatchRun> run;
    run.emplace(batch, core_->options(), context);
    const bool idempotent = run->idempotent();
    Status status = core_->Exchange(context, idempotent, [&](Connection& connection) -> Outcome {
      run.emplace(batch, core_->options(), context);
      run->set_server(connection.server());
      const auto feed = [&](ConnectionMachine& machine) { return run->SendSome(machine); };
      for (;;) {
        // First what has its result without being sent: of a batch of only that no answer comes.
        // An answer that ends the connection breaks the machine: Await then reports it.
        if (!run->all_sent() && !connection.machine().broken()) {
          run->SendSome(connection.machine());
        }
        if (run->complete()) break;
        Event event;
        Outcome outcome =
            Await(connection, context, run->all_sent() ? Feeder() : Feeder(feed), &event);
        if (outcome.end != Outcome::End::kAnswered) return outcome;
        run->Take(event.id, *event.response);
      }
      return {};
    });
    if (!status.ok()) return status;
    return run->TakeResults();
  });
}

}  // namespace tagcache
