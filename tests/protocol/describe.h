#ifndef TAGCACHE_TESTS_PROTOCOL_DESCRIBE_H_
#define TAGCACHE_TESTS_PROTOCOL_DESCRIBE_H_

// Messages as text, every field of them: two messages are the same when their descriptions are, and
// a failing test shows which field differs.

#include <cstdio>
#include <string>
#include <string_view>

#include "protocol/message.h"

namespace tagcache::protocol {

inline std::string Quote(std::string_view bytes) {
  std::string out = "\"";
  for (const char c : bytes) {
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
      out += c;
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\x%02x", static_cast<unsigned char>(c));
      out += escaped;
    }
  }
  return out + '"';
}

inline std::string QuoteAll(std::span<const std::string_view> list) {
  std::string out = "[";
  for (const std::string_view piece : list) out += Quote(piece) + ",";
  return out + "]";
}

inline std::string Describe(const TtlMs& ttl) { return ttl ? std::to_string(*ttl) : "none"; }

inline std::string Describe(const Hello& hello) {
  return std::to_string(hello.min_version) + "-" + std::to_string(hello.max_version) +
         " features=" + std::to_string(hello.features) +
         " max_frame=" + std::to_string(hello.max_frame) + " name=" + Quote(hello.name);
}

inline std::string Describe(const PutItem& item) {
  return Quote(item.key) + "=" + Quote(item.value) + " flags=" + std::to_string(item.flags) +
         " ttl=" + Describe(item.ttl) + " tags=" + QuoteAll(item.tags);
}

// Without the ID: the text codec has none.
inline std::string Describe(const Request& request) {
  std::string out = "op=" + std::to_string(static_cast<int>(request.op));
  out += " key=" + Quote(request.key) + " value=" + Quote(request.value);
  out += " flags=" + std::to_string(request.flags) + " ttl=" + Describe(request.ttl);
  out += " tags=" + (request.tags ? QuoteAll(*request.tags) : "none");
  out += " keys=" + QuoteAll(request.keys) + " items=[";
  for (const PutItem& item : request.items) out += "{" + Describe(item) + "}";
  out += "] by=" + std::to_string(request.by) + " initial=" + std::to_string(request.initial);
  out += " mode=" + std::to_string(static_cast<int>(request.mode));
  out += " cursor=" + std::to_string(request.cursor) + " limit=" + std::to_string(request.limit);
  out += " version=" + std::to_string(request.version);
  out += " token=" + std::to_string(request.token);
  out += " lease=" + std::to_string(request.lease_ms) + "/" + std::to_string(request.wait_ms) +
         (request.stale_ok ? " stale_ok" : "") +
         (request.ttl_at_creation ? " ttl_at_creation" : "");
  out += " hello={" + Describe(request.hello) + "}";
  return out + " user=" + Quote(request.user) + " password=" + Quote(request.password);
}

inline std::string Describe(const MetaReply& meta) {
  return "ttl_left=" + std::to_string(meta.ttl_left_ms) + " age=" + std::to_string(meta.age_ms) +
         " size=" + std::to_string(meta.size) + " version=" + std::to_string(meta.version) +
         " flags=" + std::to_string(meta.flags) + " tags=" + QuoteAll(meta.tags);
}

inline std::string Describe(const Response& response) {
  std::string out = "op=" + std::to_string(static_cast<int>(response.op));
  out += " status=" + std::string(NameOf(response.status)) + "/" +
         std::to_string(static_cast<int>(response.status));
  out += " message=" + Quote(response.message) + " number=" + std::to_string(response.number);
  out += " value=" + Quote(response.value) + " flags=" + std::to_string(response.flags);
  out += " lease=" + std::to_string(static_cast<int>(response.lease)) +
         " token=" + std::to_string(response.token) + " refused=[";
  for (const RefusedItem& item : response.refused) {
    out += std::to_string(item.index) + ":" + std::to_string(static_cast<int>(item.status)) + ",";
  }
  out += "] keys=" + QuoteAll(response.keys) + " cursor=" + std::to_string(response.cursor);
  out += " tag_stats=[";
  for (const TagUsage& usage : response.tag_stats) {
    out += Quote(usage.tag);
    for (const uint64_t n : {usage.keys, usage.bytes, usage.hits, usage.invalidations}) {
      out += "/" + std::to_string(n);
    }
    out += ",";
  }
  out += "] meta={" + Describe(response.meta) + "} stats=[";
  for (const auto& [name, value] : response.stats) out += Quote(name) + "=" + Quote(value) + ",";
  return out + "] hello={" + Describe(response.hello) + "}";
}

}  // namespace tagcache::protocol

#endif  // TAGCACHE_TESTS_PROTOCOL_DESCRIBE_H_
