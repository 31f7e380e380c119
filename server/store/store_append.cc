// Store: APPEND and PREPEND.
//
// The longer value is made outside the lock, from the entry that is there, and replaces that entry
// if it is still there. Otherwise it begins again, a bounded number of times.

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "server/store/store_impl.h"

namespace tagcache::server {
namespace {

constexpr int kTries = 3;
// After these tries: the longest value that is copied under the lock, some ten microseconds.
constexpr size_t kCopiedUnderLock = 64 * 1024;
// After so many bytes it is checked whether the entry is still there: what others replaced
// meanwhile need not be copied to the end.
constexpr size_t kCopiedAtOnce = 1024 * 1024;

}  // namespace

void PartialAppend::Abandon() {
  if (longer_ != nullptr) DropTablePin(std::exchange(longer_, nullptr));
  held_.Reset();
}

// Takes the current entry and makes room for the longer one. An outcome: it is done.
std::optional<Outcome> Store::Impl::BeginAppend(PartialAppend* append, const HashedBytes& key,
                                                TimeMs now) {
  const Write& write = append->write_;
  Shard& shard = ShardWith(key.hash);
  Shard::Current current = shard.Read(key, now);
  if (!current.entry) return Outcome::kNotFound;
  const std::string_view held = current.entry.value();
  const size_t size = held.size() + write.value.size();
  if (size > options.max_value) return Outcome::kValueTooLarge;
  if (append->tries_ == kTries) {
    if (size > kCopiedUnderLock) return Outcome::kContended;
    const Outcome outcome = shard.Append(key, write.value, append->mode_, kCopiedUnderLock, now);
    return outcome == Outcome::kValueTooLarge ? Outcome::kContended : outcome;  // longer by now
  }
  append->longer_ = MakeEntry({.key = key,
                               .value = held,
                               .more = write.value,
                               .flags = current.entry.flags(),
                               .blank = true,
                               .tags = current.tags},
                              now);
  if (append->longer_ == nullptr) return Outcome::kOutOfMemory;
  append->held_ = std::move(current.entry);
  append->version_ = current.version;
  append->tags_ = current.tags;
  append->copied_ = 0;
  return std::nullopt;
}

std::optional<Outcome> Store::ContinueAppend(PartialAppend* append, size_t bytes, TimeMs now) {
  const Write& write = append->write_;
  assert(append->mode_ == WriteMode::kAppend || append->mode_ == WriteMode::kPrepend);
  if (write.key.size() > impl_->options.max_key) return Outcome::kKeyTooLong;
  const HashedBytes key = impl_->Hash(write.key);
  Shard& shard = impl_->ShardWith(key.hash);
  if (append->longer_ == nullptr) {
    if (const auto outcome = impl_->BeginAppend(append, key, now)) return outcome;
  }
  std::string_view parts[] = {append->held_.value(), write.value};
  if (append->mode_ == WriteMode::kPrepend) std::swap(parts[0], parts[1]);
  const std::string_view whole = append->longer_->value();
  while (append->copied_ < whole.size()) {
    if (append->copied_ > 0 && !shard.HasVersion(key, append->version_, now)) {
      append->Abandon();
      ++append->tries_;
      return std::nullopt;
    }
    if (bytes == 0) return std::nullopt;
    const bool second = append->copied_ >= parts[0].size();
    const std::string_view from = parts[second]
                                      .substr(append->copied_ - (second ? parts[0].size() : 0))
                                      .substr(0, std::min(bytes, kCopiedAtOnce));
    std::memcpy(const_cast<char*>(whole.data()) + append->copied_, from.data(), from.size());
    append->copied_ += from.size();
    bytes -= from.size();
  }
  Draft draft;
  draft.key = key;
  draft.version = append->version_;
  draft.entry.reset(std::exchange(append->longer_, nullptr));
  const Outcome outcome = shard.Put(draft, append->mode_, now);
  append->held_.Reset();
  if (outcome != Outcome::kVersionMismatch) return outcome;
  ++append->tries_;
  return std::nullopt;
}

}  // namespace tagcache::server
