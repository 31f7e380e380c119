#include "libclient/transport/name_lookup.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <utility>

#include "libclient/transport/fork_guard.h"

namespace tagcache {

using std::chrono::steady_clock;

namespace {

// A process seldom knows more than one server by name.
constexpr size_t kMaxNames = 64;
constexpr size_t kMaxHelpers = 8;
// getaddrinfo puts its larger buffers on the heap.
constexpr size_t kHelperStack = 512 * 1024;

class NameTable;

// A name and what is known of it. Guarded by the table's mutex, but for host and port.
struct Name {
  std::string host;
  std::string port;
  NameTable* table = nullptr;
  TimePoint asked_at;
  bool answered = false;
  TimePoint answered_at;
  LookUpResult result;

  bool Kept(TimePoint now) const {
    return !answered || (result.status == IoStatus::kOk && now - answered_at < kAddressesKept);
  }
};
using NameRef = std::shared_ptr<Name>;

std::string Milliseconds(Duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return std::to_string(count) + " ms";
}

LookUpResult Failed(std::string why) { return {IoStatus::kFailed, {}, std::move(why)}; }

// Calls getaddrinfo. `flags` beside AI_NUMERICSERV.
LookUpResult Resolve(const std::string& host, const std::string& port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) {
    const std::string reason =
        error == EAI_SYSTEM ? std::generic_category().message(errno) : gai_strerror(error);
    return Failed("the name '" + host + "' does not resolve: " + reason);
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, freeaddrinfo);
  LookUpResult result;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    HostAddress& address = result.addresses.emplace_back();
    if (at->ai_addrlen > sizeof(address.address)) {
      result.addresses.pop_back();
      continue;
    }
    std::memcpy(&address.address, at->ai_addr, at->ai_addrlen);
    address.size = at->ai_addrlen;
  }
  return result;
}

// The names of one process. Never destroyed, because a helper may end later than anything else.
class NameTable {
 public:
  static NameTable& OfThisProcess();

  LookUpResult Find(const std::string& host, const std::string& port, TimePoint deadline);

 private:
  explicit NameTable(NameTable* inherited) : inherited_(inherited), generation_(ForkGeneration()) {}

  NameRef Ask(const std::string& host, const std::string& port, TimePoint now, std::string* why);
  void MakeRoom(TimePoint now);
  void Answer(Name& name, LookUpResult result);
  static void* Help(void* name);
  static int StartHelper(const NameRef& name);
  static void KeepThisLibraryLoaded();

  [[maybe_unused]] NameTable* const
      inherited_;  // the parent's, as it was at the fork: reachable, never touched
  const uint64_t generation_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::map<std::string, NameRef> names_;  // by host and port
  size_t helpers_ = 0;
};

// Several threads of a child may come here at once; one of the new tables stays.
NameTable& NameTable::OfThisProcess() {
  static std::atomic<NameTable*> current{nullptr};
  NameTable* table = current.load(std::memory_order_acquire);
  if (table != nullptr && table->generation_ == ForkGeneration()) return *table;
  std::unique_ptr<NameTable> fresh(new NameTable(table));
  if (current.compare_exchange_strong(table, fresh.get(), std::memory_order_acq_rel)) {
    return *fresh.release();
  }
  return *table;
}

LookUpResult NameTable::Find(const std::string& host, const std::string& port, TimePoint deadline) {
  const TimePoint now = steady_clock::now();
  std::unique_lock lock(mutex_);
  std::string why;
  const NameRef name = Ask(host, port, now, &why);
  if (name == nullptr) return Failed(std::move(why));
  const TimePoint until = name->asked_at + (deadline - now);
  if (!name->answered && until <= now) {
    return Failed("the name '" + host + "' is not resolved: no answer to its look-up for " +
                  Milliseconds(now - name->asked_at));
  }
  while (!name->answered && steady_clock::now() < until) answered_.wait_until(lock, until);
  if (name->answered) return name->result;
  return {IoStatus::kTimeout,
          {},
          "no answer to the look-up of the name '" + host + "' for " +
              Milliseconds(steady_clock::now() - name->asked_at)};
}

// The name, with its addresses or a helper at work; nullptr: *why there is no helper.
NameRef NameTable::Ask(const std::string& host, const std::string& port, TimePoint now,
                       std::string* why) {
  const std::string key = host + ":" + port;
  const auto known = names_.find(key);
  if (known != names_.end() && known->second->Kept(now)) return known->second;
  if (helpers_ == kMaxHelpers) {
    *why = "the name '" + host + "' is not resolved: " + std::to_string(kMaxHelpers) +
           " other look-ups are waiting for an answer";
    return nullptr;
  }
  MakeRoom(now);
  const auto name = std::make_shared<Name>();
  name->host = host;
  name->port = port;
  name->table = this;
  name->asked_at = now;
  NameRef& place = names_[key];
  if (const int error = StartHelper(name); error != 0) {
    names_.erase(key);
    *why = "the name '" + host +
           "' is not resolved: no thread for it: " + std::generic_category().message(error);
    return nullptr;
  }
  ++helpers_;
  place = name;
  return name;
}

// Forgets what is no longer kept, or if everything is, the answered names. Those with a helper are
// few enough.
void NameTable::MakeRoom(TimePoint now) {
  if (names_.size() < kMaxNames) return;
  std::erase_if(names_, [now](const auto& entry) { return !entry.second->Kept(now); });
  if (names_.size() < kMaxNames) return;
  std::erase_if(names_, [](const auto& entry) { return entry.second->answered; });
}

void NameTable::Answer(Name& name, LookUpResult result) {
  const std::lock_guard lock(mutex_);
  name.result = std::move(result);
  name.answered = true;
  name.answered_at = steady_clock::now();
  --helpers_;
  answered_.notify_all();
}

void* NameTable::Help(void* argument) {
  const std::unique_ptr<NameRef> name(static_cast<NameRef*>(argument));
  LookUpResult result;
  try {
    result = Resolve((*name)->host, (*name)->port, 0);
  } catch (const std::bad_alloc&) {
    result = {IoStatus::kFailed, {}, "out of memory"};  // too short to allocate
  }
  (*name)->table->Answer(**name, std::move(result));
  return nullptr;
}

// 0, or the error.
int NameTable::StartHelper(const NameRef& name) {
  KeepThisLibraryLoaded();
  auto argument = std::make_unique<NameRef>(name);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kHelperStack);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t helper;
  const int error = pthread_create(&helper, &attributes, Help, argument.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (error == 0) static_cast<void>(argument.release());  // the helper's
  return error;
}

// PHP unloads its extensions when it ends, and a helper may still be at work then.
void NameTable::KeepThisLibraryLoaded() {
  static const bool once = [] {
    Dl_info info{};
    if (dladdr(reinterpret_cast<void*>(&NameTable::Help), &info) == 0) return false;
    void* const self = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
    return self != nullptr && dlclose(self) == 0;
  }();
  static_cast<void>(once);  // false: a program, which is never unloaded
}

}  // namespace

LookUpResult LookUp(const std::string& host, const std::string& port, TimePoint deadline) {
  LookUpResult numeric = Resolve(host, port, AI_NUMERICHOST);
  if (numeric.status == IoStatus::kOk) return numeric;
  return NameTable::OfThisProcess().Find(host, port, deadline);
}

}  // namespace tagcache
