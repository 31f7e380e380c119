#include "server/commands/client_memory.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace tagcache::server {
namespace {

// How long a connection has to hold what it holds until that counts in full, and the least part
// that counts.
constexpr TimeMs kFullAfter = 1000;
constexpr TimeMs kLeastAge = 10;
// Pinned entries are not counted more often than this: it takes a visit to each connection.
constexpr TimeMs kCountPeriod = 5;
// Connections may have this share of the server's limit by default, and this share above it.
constexpr size_t kDefaultShare = 4;
constexpr size_t kShareAbove = 10;

}  // namespace

size_t DefaultClientMemoryLimit(size_t memory_limit) {
  return memory_limit == 0 ? kClientMemoryWithoutLimit : memory_limit / kDefaultShare;
}

size_t ReservedForClients(size_t memory_limit, size_t client_memory_limit) {
  if (memory_limit == 0) return 0;
  const size_t above = memory_limit / kShareAbove;
  const size_t reserved = client_memory_limit > above ? client_memory_limit - above : 0;
  return std::min(reserved, memory_limit / 2);
}

ClientMemory::Group::Group(ClientMemory& account, Signal signal, void* context)
    : account_(account), signal_(signal), context_(context) {
  MutexLock lock(account_.mutex_);
  account_.groups_.push_back(this);
}

void ClientMemory::Group::Close() {
  MutexLock lock(account_.mutex_);
  std::erase(account_.groups_, this);
}

void ClientMemory::Holder::Report(size_t owned, size_t pinned, TimeMs now) {
  // The sums wrap where they shrink, and are right again once added.
  if (owned != owned_) account_.owned_.fetch_add(owned - owned_, std::memory_order_relaxed);
  if (pinned != pinned_) account_.pinned_.fetch_add(pinned - pinned_, std::memory_order_relaxed);
  owned_ = owned;
  pinned_ = pinned;
  const size_t list = ListOf(owned + pinned);
  if (list != list_) account_.Move(*this, list, now);
}

bool ClientMemory::must_close() const {
  if (!exceeded()) return false;
  const size_t pinned =
      std::min(pinned_.load(std::memory_order_relaxed), store_.pinned_removed_bytes());
  return owned() + pinned > limit_;
}

bool ClientMemory::NeedsWork(const Group& group, TimeMs now) const {
  if (!exceeded()) return false;
  return must_close() || now >= group.counted_.load(std::memory_order_relaxed) + kCountPeriod;
}

bool ClientMemory::BeginCount(Group& group, TimeMs now) {
  if (!exceeded() || store_.pinned_removed_bytes() == 0) return false;
  if (now < group.counted_.load(std::memory_order_relaxed) + kCountPeriod) return false;
  group.counted_.store(now, std::memory_order_relaxed);
  return true;
}

// The size counts as that of the list, so only the head of each, which is the oldest of its size,
// can be the one.
ClientMemory::Holder* ClientMemory::Choose(Group& group, TimeMs now) {
  if (!exceeded()) return nullptr;
  MutexLock lock(mutex_);
  if (!must_close()) {
    SignalOthers(group, now);  // they have not counted what they pin
    return nullptr;
  }
  Holder* most = nullptr;
  double most_held = 0;
  for (size_t list = 1; list < kLists; ++list) {
    Holder* oldest = lists_[list].first;
    if (oldest == nullptr) continue;
    const TimeMs age = now > oldest->since_ ? now - oldest->since_ : 0;
    const double held = static_cast<double>(uint64_t{1} << (list + kLeastBits - 2)) *
                        static_cast<double>(std::clamp(age, kLeastAge, kFullAfter));
    if (held < most_held) continue;
    most = oldest;
    most_held = held;
  }
  if (most == nullptr || &most->group_ == &group) return most;
  most->group_.signal_(most->group_.context_);
  return nullptr;
}

void ClientMemory::SignalOthers(const Group& group, TimeMs now) {
  for (const Group* other : groups_) {
    const TimeMs counted = other->counted_.load(std::memory_order_relaxed);
    if (other != &group && now >= counted + kCountPeriod) other->signal_(other->context_);
  }
}

bool ClientMemory::AddRings(size_t bytes) {
  const size_t before = rings_.fetch_add(bytes, std::memory_order_relaxed);
  if (limit_ != 0 && before + bytes > limit_ / 2) {
    rings_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  owned_.fetch_add(bytes, std::memory_order_relaxed);
  return true;
}

void ClientMemory::RemoveRings(size_t bytes) {
  [[maybe_unused]] const size_t before = rings_.fetch_sub(bytes, std::memory_order_relaxed);
  assert(before >= bytes);
  owned_.fetch_sub(bytes, std::memory_order_relaxed);
}

size_t ClientMemory::ListOf(size_t bytes) {
  const auto bits = static_cast<size_t>(std::bit_width(bytes));
  return bits < kLeastBits ? 0 : bits - kLeastBits + 1;
}

void ClientMemory::Move(Holder& holder, size_t list, TimeMs now) {
  MutexLock lock(mutex_);
  if (holder.list_ != 0) Unlink(holder);
  holder.list_ = list;
  if (list == 0) return;
  holder.since_ = now;
  List& to = lists_[list];
  holder.before_ = to.last;
  holder.after_ = nullptr;
  (to.last != nullptr ? to.last->after_ : to.first) = &holder;
  to.last = &holder;
}

void ClientMemory::Unlink(Holder& holder) {
  List& from = lists_[holder.list_];
  (holder.before_ != nullptr ? holder.before_->after_ : from.first) = holder.after_;
  (holder.after_ != nullptr ? holder.after_->before_ : from.last) = holder.before_;
  holder.before_ = holder.after_ = nullptr;
}

}  // namespace tagcache::server
