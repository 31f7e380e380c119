#include "server/commands/waiting_requests.h"

namespace tagcache::server {

// Whoever takes this from the queue may free it at once, and with it the last hold on the queue.
void WaitingRequest::Wake() {
  const std::shared_ptr<WakeQueue> wakes = wakes_;
  wakes->Push(this);
}

protocol::Request WaitingRequest::request() const {
  protocol::Request request;
  request.op = protocol::Op::kGetLease;
  request.id = id_;
  request.key = key_;
  request.lease_ms = lease_ms_;
  request.stale_ok = stale_ok_;
  return request;
}

void* WaitingRequest::owner() const {
  return waiting_requests_ == nullptr ? nullptr : waiting_requests_->owner_;
}

void WakeQueue::Push(WaitingRequest* waiting) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!closed_) {
      const bool tell = first_ == nullptr;
      (tell ? first_ : last_->next_) = waiting;
      last_ = waiting;
      if (tell && signal_ != nullptr) signal_(context_);
      return;
    }
  }
  delete waiting;  // its session has ended
}

WaitingRequest* WakeQueue::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(first_, nullptr);
}

void WakeQueue::Close() {
  WaitingRequest* waiting;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    waiting = std::exchange(first_, nullptr);
  }
  while (waiting != nullptr) delete std::exchange(waiting, waiting->TakeNext());
}

WaitingRequests::WaitingRequests(std::shared_ptr<WakeQueue> wakes, void* owner)
    : wakes_(std::move(wakes)), owner_(owner) {}

WaitingRequests::~WaitingRequests() = default;

Waiter* WaitingRequests::Next(const protocol::Request& request, TimeMs deadline) {
  if (parked_.size() >= kMaxParked || wakes_->parked_ >= WakeQueue::kMaxParked) return nullptr;
  if (spare_ == nullptr) spare_ = std::make_unique<WaitingRequest>(wakes_);
  if (parked_.size() == parked_.capacity()) parked_.reserve(parked_.size() * 2 + 4);
  // All before the store has it: it may be woken at once.
  spare_->key_ = request.key;
  spare_->id_ = request.id;
  spare_->lease_ms_ = request.lease_ms;
  spare_->stale_ok_ = request.stale_ok;
  spare_->deadline_ = deadline;
  return spare_.get();
}

void WaitingRequests::Park() {
  WaitingRequest* waiting = spare_.release();
  waiting->waiting_requests_ = this;
  waiting->place_ = parked_.size();
  parked_.push_back(waiting);
  ++wakes_->parked_;
  next_deadline_ = std::min(next_deadline_, waiting->deadline_);
}

void WaitingRequests::Forget(WaitingRequest* waiting) {
  parked_.back()->place_ = waiting->place_;
  parked_[waiting->place_] = parked_.back();
  parked_.pop_back();
  --wakes_->parked_;
  waiting->waiting_requests_ = nullptr;
  if (!parked_.empty()) return;
  next_deadline_ = kNoDeadline;
  parked_ = std::vector<WaitingRequest*>();
}

void WaitingRequests::Free(WaitingRequest* waiting) {
  Forget(waiting);
  delete waiting;
}

void WaitingRequests::Defer(WaitingRequest* waiting) {
  waiting->deferred_ = true;
  (first_deferred_ == nullptr ? first_deferred_ : last_deferred_->next_) = waiting;
  last_deferred_ = waiting;
}

WaitingRequest* WaitingRequests::TakeDeferred() {
  WaitingRequest* waiting = first_deferred_;
  if (waiting == nullptr) return nullptr;
  first_deferred_ = waiting->TakeNext();
  waiting->deferred_ = false;
  return waiting;
}

}  // namespace tagcache::server
