#include "server/commands/waiting_requests.h"

#include <algorithm>
#include <cassert>

namespace tagcache::server {
namespace {

[[maybe_unused]] bool HasNoBytesButItsKey(const protocol::Request& request) {
  return request.value.empty() && !request.tags && request.keys.empty() && request.items.empty() &&
         request.user.empty() && request.password.empty() && request.hello.name.empty();
}

}  // namespace

// Whoever takes this from the queue may free it at once, and with it the last reference to the
// queue.
void WaitingRequest::Wake() {
  const std::shared_ptr<WakeQueue> wakes = wakes_;
  wakes->Push(this);
}

void* WaitingRequest::owner() const {
  return waiting_requests_ == nullptr ? nullptr : waiting_requests_->owner_;
}

void WakeQueue::Push(WaitingRequest* waiting) {
  {
    const MutexLock lock(mutex_);
    if (!closed_) {
      const bool was_empty = first_ == nullptr;
      (was_empty ? first_ : last_->next_) = waiting;
      last_ = waiting;
      if (was_empty && signal_ != nullptr) signal_(context_);
      return;
    }
  }
  delete waiting;  // its session has ended
}

WaitingRequest* WakeQueue::Take() {
  const MutexLock lock(mutex_);
  return std::exchange(first_, nullptr);
}

void WakeQueue::Close() {
  assert(waiting_ == 0);
  WaitingRequest* waiting;
  {
    const MutexLock lock(mutex_);
    closed_ = true;
    waiting = std::exchange(first_, nullptr);
  }
  while (waiting != nullptr) delete std::exchange(waiting, waiting->TakeNext());
}

WaitingRequests::WaitingRequests(Engine& engine, std::shared_ptr<WakeQueue> wakes, void* owner)
    : engine_(engine), wakes_(std::move(wakes)), owner_(owner) {}

WaitingRequests::~WaitingRequests() { assert(waiting_.empty()); }

Waiter* WaitingRequests::Prepare(const protocol::Request& request, WaitingRequest* again,
                                 TimeMs until, CancelWait cancel) {
  assert(HasNoBytesButItsKey(request));
  if (again == nullptr) {
    if (waiting_.size() >= kMaxWaiting || wakes_->waiting_ >= WakeQueue::kMaxWaiting)
      return nullptr;
    if (spare_ == nullptr) spare_ = std::make_unique<WaitingRequest>(wakes_);
    if (waiting_.size() == waiting_.capacity()) waiting_.reserve(waiting_.size() * 2 + 4);
    spare_->key_.reserve(request.key.size());
    again = spare_.get();
  }
  assert(again->state_ == (again == spare_.get() ? WaitingRequest::State::kPrepared
                                                 : WaitingRequest::State::kRunning));
  again->until_ = until;
  again->cancel_ = cancel;
  return again;
}

// The waiter may have been woken by now: it is in the queue then, where only this thread takes it.
// Nothing is allocated here, because nobody could take the waiter back if that failed.
void WaitingRequests::Start(const protocol::Request& request, WaitingRequest* again, TimeMs now) {
  if (again == nullptr) {
    assert(spare_ != nullptr && spare_->key_.capacity() >= request.key.size());
    assert(waiting_.size() < waiting_.capacity());
    again = spare_.release();
    again->request_ = request;
    again->key_ = request.key;
    again->request_.key = again->key_;
    again->arrived_ = now;
    again->waiting_requests_ = this;
    again->place_ = waiting_.size();
    waiting_.push_back(again);
    ++wakes_->waiting_;
  }
  assert(again->until_ > now);
  again->state_ = WaitingRequest::State::kWaiting;
  next_deadline_ = std::min(next_deadline_, again->until_);
}

void WaitingRequests::MakeReady(WaitingRequest* waiting, Attempt attempt) {
  assert(waiting->waiting_requests_ == this && waiting->next_ == nullptr);
  assert(waiting->state_ == WaitingRequest::State::kWaiting ||
         waiting->state_ == WaitingRequest::State::kOverdue);
  waiting->state_ = WaitingRequest::State::kReady;
  waiting->attempt_ = attempt;
  (first_ready_ == nullptr ? first_ready_ : last_ready_->next_) = waiting;
  last_ready_ = waiting;
}

void WaitingRequests::Expire(TimeMs now) {
  if (now < next_deadline_) return;
  next_deadline_ = kNoDeadline;
  for (WaitingRequest* waiting : waiting_) {
    if (waiting->state_ != WaitingRequest::State::kWaiting) continue;
    if (waiting->until_ > now) {
      next_deadline_ = std::min(next_deadline_, waiting->until_);
    } else if (waiting->cancel_(engine_, waiting->request_, waiting)) {
      MakeReady(waiting, Attempt::kDeadline);
    } else {
      waiting->state_ = WaitingRequest::State::kOverdue;  // the queue brings it
    }
  }
}

WaitingRequest* WaitingRequests::TakeReady() {
  WaitingRequest* waiting = first_ready_;
  if (waiting == nullptr) return nullptr;
  assert(waiting->state_ == WaitingRequest::State::kReady);
  first_ready_ = waiting->TakeNext();
  waiting->state_ = WaitingRequest::State::kRunning;
  return waiting;
}

void WaitingRequests::Free(WaitingRequest* waiting) {
  Forget(waiting);
  delete waiting;
}

// Frees the request, unless it has been woken and the queue still brings it.
void WaitingRequests::EndWait(WaitingRequest* waiting) {
  switch (waiting->state_) {
    case WaitingRequest::State::kWaiting:
      if (waiting->cancel_(engine_, waiting->request_, waiting)) return Free(waiting);
      return Forget(waiting);
    case WaitingRequest::State::kOverdue:
      return Forget(waiting);
    case WaitingRequest::State::kPrepared:  // none of waiting_ is
    case WaitingRequest::State::kReady:
    case WaitingRequest::State::kRunning:  // its handler ran out of memory
      return Free(waiting);
  }
}

void WaitingRequests::Forget(WaitingRequest* waiting) {
  assert(waiting_[waiting->place_] == waiting);
  waiting_.back()->place_ = waiting->place_;
  waiting_[waiting->place_] = waiting_.back();
  waiting_.pop_back();
  --wakes_->waiting_;
  waiting->waiting_requests_ = nullptr;
  if (!waiting_.empty()) return;
  next_deadline_ = kNoDeadline;
  waiting_ = std::vector<WaitingRequest*>();
}

}  // namespace tagcache::server
