#ifndef TAGCACHE_LIBCLIENT_POOL_FUNCTION_REF_H_
#define TAGCACHE_LIBCLIENT_POOL_FUNCTION_REF_H_

// A borrowed callable: what std::function is without owning, and so without allocating. Valid while
// the callable lives; made for parameters. Empty when default-constructed.

#include <type_traits>
#include <utility>

namespace tagcache {

template <typename Signature>
class FunctionRef;

template <typename R, typename... Args>
class FunctionRef<R(Args...)> {
 public:
  FunctionRef() = default;
  template <typename F, typename = std::enable_if_t<!std::is_same_v<std::decay_t<F>, FunctionRef>>>
  FunctionRef(F&& callable)  // NOLINT: implicit, so that a lambda can be passed
      : target_(const_cast<void*>(static_cast<const void*>(&callable))),
        call_([](void* target, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(target))(std::forward<Args>(args)...);
        }) {}

  explicit operator bool() const { return call_ != nullptr; }
  R operator()(Args... args) const { return call_(target_, std::forward<Args>(args)...); }

 private:
  void* target_ = nullptr;
  R (*call_)(void*, Args...) = nullptr;
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_POOL_FUNCTION_REF_H_
