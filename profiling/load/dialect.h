#ifndef TAGCACHE_PROFILING_LOAD_DIALECT_H_
#define TAGCACHE_PROFILING_LOAD_DIALECT_H_

// The requests to the three servers and their answers, byte for byte: RESP, memcached's text
// protocol, tagcached's binary frames. All of them are made before a run, so that a run costs the
// same whatever the protocol is.
//
// Threads: plain values. Errors: none.

#include <span>
#include <string>
#include <string_view>

namespace tagcache::profiling {

struct Exchange {
  std::string request;
  std::string reply;  // to a server that holds the keys

  void Append(const Exchange& next) {
    request += next.request;
    reply += next.reply;
  }
};

enum class Shape {
  kPipelined,  // a command for each key, all sent before the answers are read
  kBulk,       // one command for all keys
};

// Every key holds the same value.
using MakeSet = Exchange (*)(std::string_view key, std::string_view value);
using MakeGets = Exchange (*)(std::span<const std::string_view> keys, std::string_view value,
                              Shape shape);

struct Dialect {
  MakeSet set;
  MakeGets gets;
};

extern const Dialect kRedis;
extern const Dialect kMemcached;
extern const Dialect kTagcached;

}  // namespace tagcache::profiling

#endif  // TAGCACHE_PROFILING_LOAD_DIALECT_H_
