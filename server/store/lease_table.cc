#include "server/store/lease_table.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>
#include <utility>

namespace tagcache::server {
namespace {

// Stamps only grow: of two events at one time the later one is kept.
void Raise(std::atomic_ref<uint64_t> stamp, uint64_t value) {
  uint64_t seen = stamp.load(std::memory_order_relaxed);
  while (seen < value && !stamp.compare_exchange_weak(seen, value, std::memory_order_seq_cst)) {
  }
}

// The top bits chose the shard, the low ones choose the slot of its table.
size_t StampOf(uint64_t hash, size_t stamps) { return (hash >> 20) % stamps; }

uint64_t Scrambled(uint64_t z) {
  z += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace

// Under 2^62: there is room for more tokens than can ever be issued, and each is positive as a
// signed number too.
EventClock::EventClock(uint64_t seed) : begin_(Scrambled(seed) >> 2), now_(begin_) {}

// calloc: the system gives zeroed pages as they are touched.
TagStamps::TagStamps() : stamps_(static_cast<uint64_t*>(std::calloc(kStamps, sizeof(uint64_t)))) {}
TagStamps::~TagStamps() { std::free(stamps_); }

void TagStamps::Stamp(uint64_t tag_hash, const EventClock& clock) {
  if (!clock.AnyIssued()) return;
  if (stamps_ == nullptr) return StampFlush(clock);
  Raise(std::atomic_ref(stamps_[StampOf(tag_hash, kStamps)]), clock.now());
}

void TagStamps::StampFlush(const EventClock& clock) {
  if (!clock.AnyIssued()) return;
  const uint64_t now = clock.now();
  uint64_t seen = flush_.load(std::memory_order_relaxed);
  while (seen < now && !flush_.compare_exchange_weak(seen, now, std::memory_order_seq_cst)) {
  }
}

bool TagStamps::Overtaken(uint64_t tag_hash, uint64_t token) const {
  if (stamps_ == nullptr) return false;  // Flushed() answers for all tags
  return std::atomic_ref(stamps_[StampOf(tag_hash, kStamps)]).load(std::memory_order_seq_cst) >=
         token;
}

bool TagStamps::Flushed(uint64_t token) const {
  return flush_.load(std::memory_order_seq_cst) >= token;
}

struct LeaseRecord {
  std::string key;
  uint64_t token = 0;  // 0: nobody computes; the next caller that asks gets the lease
  uint64_t holder = 0;
  TimeMs end = 0;
  std::list<Waiter*> waiters;  // the one that has waited longest is first
  EntryRef stale;
  LeaseRecord* next_ended = nullptr;
};

struct LeaseTable::State {
  std::array<uint64_t, kStamps> stamps{};
  std::array<uint64_t, kMaxRecords> hashes;  // of the records' keys: a search reads these
  std::array<LeaseRecord*, kMaxRecords> records;
  size_t count = 0;
  size_t stale = 0;              // bytes of stale values
  size_t waiters = 0;            // of all records
  TimeMs next_end = UINT64_MAX;  // no lease ends before this
};

void Woken::WakeAll() {
  for (Waiter* waiter : passed_) waiter->Wake();
  while (ended_ != nullptr) {
    const std::unique_ptr<LeaseRecord> record(std::exchange(ended_, ended_->next_ended));
    for (Waiter* waiter : record->waiters) waiter->Wake();
  }
}

LeaseTable::LeaseTable() = default;

LeaseTable::~LeaseTable() {
  if (state_ == nullptr) return;
  for (size_t i = 0; i < state_->count; ++i) delete state_->records[i];
}

// The key's place among the records, or kMaxRecords.
size_t LeaseTable::Find(const HashedBytes& key) const {
  for (size_t i = 0; i < state_->count; ++i) {
    if (state_->hashes[i] == key.hash && state_->records[i]->key == key.bytes) return i;
  }
  return kMaxRecords;
}

bool LeaseTable::Displace(uint64_t holder, Woken* woken) {
  std::array<uint64_t, kMaxRecords> holders;
  for (size_t i = 0; i < state_->count; ++i) holders[i] = state_->records[i]->holder;
  std::sort(holders.begin(), holders.begin() + static_cast<ptrdiff_t>(state_->count));
  uint64_t largest = 0;
  size_t most = 0;
  size_t own = 0;
  for (size_t i = 0; i < state_->count;) {
    size_t end = i;
    while (end < state_->count && holders[end] == holders[i]) ++end;
    if (holders[i] == holder) own = end - i;
    if (end - i > most) {
      most = end - i;
      largest = holders[i];
    }
    i = end;
  }
  if (most <= own + 1) return false;
  size_t oldest = kMaxRecords;
  for (size_t i = 0; i < state_->count; ++i) {
    if (state_->records[i]->holder != largest) continue;
    if (oldest == kMaxRecords || state_->records[i]->token < state_->records[oldest]->token) {
      oldest = i;
    }
  }
  Remove(oldest, woken);
  return true;
}

LeaseRecord* LeaseTable::Add(const HashedBytes& key, uint64_t holder, Woken* woken) {
  if (state_->count == kMaxRecords && !Displace(holder, woken)) return nullptr;
  auto record = std::make_unique<LeaseRecord>();
  record->key = key.bytes;
  state_->hashes[state_->count] = key.hash;
  return state_->records[state_->count++] = record.release();
}

LeaseAnswer LeaseTable::Ask(const HashedBytes& key, const LeaseAsk& ask, EntryRef stale,
                            EventClock& clock, TimeMs now, Woken* woken) {
  LeaseAnswer answer;
  if (state_ == nullptr) state_ = std::make_unique<State>();
  const size_t place = Find(key);
  LeaseRecord* record = place < kMaxRecords ? state_->records[place] : Add(key, ask.holder, woken);
  if (record == nullptr) {
    answer.token = clock.Issue();
    return answer;
  }
  KeepStale(*record, std::move(stale));
  if (record->token == 0 || record->end <= now) {
    record->token = answer.token = clock.Issue();
    record->holder = ask.holder;
    record->end = now + std::min(ask.lease_ms, UINT64_MAX - now);
    state_->next_end = std::min(state_->next_end, record->end);
    return answer;
  }
  if (ask.stale_ok && record->stale) {
    record->stale.entry_->Pin();
    answer.value = EntryRef(record->stale.entry_);
    answer.stale = true;
    return answer;
  }
  if (ask.waiter == nullptr || record->waiters.size() >= kMaxWaiters) return answer;
  record->waiters.push_back(ask.waiter);
  ++state_->waiters;
  answer.waiting = true;
  return answer;
}

void LeaseTable::KeepStale(LeaseRecord& record, EntryRef stale) {
  if (!stale || record.stale) return;
  const size_t size = stale.value().size();
  if (size > kMaxStale - state_->stale) return;
  state_->stale += size;
  record.stale = std::move(stale);
}

bool LeaseTable::Overtaken(const HashedBytes& key, uint64_t token) const {
  if (state_ == nullptr) return true;  // no token was issued here
  const size_t place = Find(key);
  if (place < kMaxRecords && state_->records[place]->token == token) return false;
  return state_->stamps[StampOf(key.hash, kStamps)] >= token;
}

void LeaseTable::End(const HashedBytes& key, const EventClock& clock, Woken* woken) {
  state_->stamps[StampOf(key.hash, kStamps)] = clock.now();
  const size_t place = Find(key);
  if (place < kMaxRecords) Remove(place, woken);
}

void LeaseTable::Remove(size_t place, Woken* woken) {
  LeaseRecord* record = state_->records[place];
  const size_t last = --state_->count;
  state_->records[place] = state_->records[last];
  state_->hashes[place] = state_->hashes[last];
  state_->waiters -= record->waiters.size();
  if (record->stale) state_->stale -= record->stale.value().size();
  record->next_ended = std::exchange(woken->ended_, record);
}

// The lease ended without a value.
void LeaseTable::Pass(size_t place, TimeMs now, Woken* woken) {
  LeaseRecord& record = *state_->records[place];
  if (record.waiters.empty()) return Remove(place, woken);
  woken->passed_.splice(woken->passed_.end(), record.waiters, record.waiters.begin());
  --state_->waiters;
  record.token = 0;
  record.holder = 0;
  record.end = now + kPassTime;
  state_->next_end = std::min(state_->next_end, record.end);
}

void LeaseTable::Expire(TimeMs now, Woken* woken) {
  if (state_ == nullptr || now < state_->next_end) return;
  state_->next_end = UINT64_MAX;
  for (size_t i = state_->count; i-- > 0;) {  // Remove() puts the last one in its place
    if (state_->records[i]->end <= now) {
      Pass(i, now, woken);
    } else {
      state_->next_end = std::min(state_->next_end, state_->records[i]->end);
    }
  }
}

void LeaseTable::EndHolder(uint64_t holder, TimeMs now, Woken* woken) {
  if (state_ == nullptr) return;
  for (size_t i = state_->count; i-- > 0;) {
    const LeaseRecord& record = *state_->records[i];
    if (record.token != 0 && record.holder == holder) Pass(i, now, woken);
  }
}

void LeaseTable::Refused(const HashedBytes& key, uint64_t token, TimeMs now, Woken* woken) {
  if (state_ == nullptr) return;
  const size_t place = Find(key);
  if (place < kMaxRecords && state_->records[place]->token == token) Pass(place, now, woken);
}

bool LeaseTable::Cancel(const HashedBytes& key, Waiter* waiter) {
  if (state_ == nullptr) return false;
  const size_t place = Find(key);
  if (place == kMaxRecords) return false;
  std::list<Waiter*>& waiters = state_->records[place]->waiters;
  const auto found = std::find(waiters.begin(), waiters.end(), waiter);
  if (found == waiters.end()) return false;
  waiters.erase(found);
  --state_->waiters;
  return true;
}

void LeaseTable::Flush(Woken* woken) {
  if (state_ == nullptr) return;
  while (state_->count > 0) Remove(state_->count - 1, woken);
}

size_t LeaseTable::records() const { return state_ == nullptr ? 0 : state_->count; }

size_t LeaseTable::bytes() const {
  if (state_ == nullptr) return 0;
  // A list node is two pointers, the waiter, and the allocator's header.
  constexpr size_t kWaiter = 32;
  size_t bytes = sizeof(State) + state_->stale + state_->waiters * kWaiter;
  for (size_t i = 0; i < state_->count; ++i) {
    bytes += sizeof(LeaseRecord) + state_->records[i]->key.capacity();
  }
  return bytes;
}

}  // namespace tagcache::server
