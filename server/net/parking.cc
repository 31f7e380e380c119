#include "server/net/parking.h"

namespace tagcache::server {

// Whoever takes this from the queue may free it at once, and with it the last hold on the queue.
void Parked::Wake() {
  const std::shared_ptr<WakeQueue> wakes = wakes_;
  wakes->Push(this);
}

protocol::Request Parked::request() const {
  protocol::Request request;
  request.op = protocol::Op::kGetLease;
  request.id = id_;
  request.key = key_;
  request.lease_ms = lease_ms_;
  request.stale_ok = stale_ok_;
  return request;
}

void* Parked::owner() const { return parking_ == nullptr ? nullptr : parking_->owner_; }

void WakeQueue::Push(Parked* parked) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!closed_) {
      const bool tell = first_ == nullptr;
      (tell ? first_ : last_->next_) = parked;
      last_ = parked;
      if (tell && signal_ != nullptr) signal_(context_);
      return;
    }
  }
  delete parked;  // its session has ended
}

Parked* WakeQueue::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(first_, nullptr);
}

void WakeQueue::Close() {
  Parked* parked;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    parked = std::exchange(first_, nullptr);
  }
  while (parked != nullptr) delete std::exchange(parked, parked->TakeNext());
}

Parking::Parking(std::shared_ptr<WakeQueue> wakes, void* owner)
    : wakes_(std::move(wakes)), owner_(owner) {}

Parking::~Parking() = default;

Waiter* Parking::Next(const protocol::Request& request, TimeMs deadline) {
  if (parked_.size() >= kMaxParked || wakes_->parked_ >= WakeQueue::kMaxParked) return nullptr;
  if (spare_ == nullptr) spare_ = std::make_unique<Parked>(wakes_);
  if (parked_.size() == parked_.capacity()) parked_.reserve(parked_.size() * 2 + 4);
  // All before the store has it: it may be woken at once.
  spare_->key_ = request.key;
  spare_->id_ = request.id;
  spare_->lease_ms_ = request.lease_ms;
  spare_->stale_ok_ = request.stale_ok;
  spare_->deadline_ = deadline;
  return spare_.get();
}

void Parking::Park() {
  Parked* parked = spare_.release();
  parked->parking_ = this;
  parked->place_ = parked_.size();
  parked_.push_back(parked);
  ++wakes_->parked_;
  next_deadline_ = std::min(next_deadline_, parked->deadline_);
}

void Parking::Forget(Parked* parked) {
  parked_.back()->place_ = parked->place_;
  parked_[parked->place_] = parked_.back();
  parked_.pop_back();
  --wakes_->parked_;
  parked->parking_ = nullptr;
  if (!parked_.empty()) return;
  next_deadline_ = kNoDeadline;
  parked_ = std::vector<Parked*>();
}

void Parking::Free(Parked* parked) {
  Forget(parked);
  delete parked;
}

void Parking::Defer(Parked* parked) {
  parked->deferred_ = true;
  (first_deferred_ == nullptr ? first_deferred_ : last_deferred_->next_) = parked;
  last_deferred_ = parked;
}

Parked* Parking::TakeDeferred() {
  Parked* parked = first_deferred_;
  if (parked == nullptr) return nullptr;
  first_deferred_ = parked->TakeNext();
  parked->deferred_ = false;
  return parked;
}

}  // namespace tagcache::server
