#ifndef TAGCACHE_PROTOCOL_BINARY_FIELDS_H_
#define TAGCACHE_PROTOCOL_BINARY_FIELDS_H_

// What the fields and replies of the binary protocol are made of, each described once, for both
// directions. The descriptions are templates over what goes through a body in its order: BodyWriter
// (body_writer.h) makes bytes of a message, BodyReader (body_reader.h) a message of bytes. So a new
// field is one case here, and the two cannot disagree about an order or a width. `R` is a Request
// or Response, const where it is only read. The vocabulary:
//
//   Number(x)             as wide as x is, little-endian     NumberAs<T>(x)  as wide as T
//   Short(x)              u16 length, bytes                  Long(x)         u32 length, bytes
//   Options()             the options byte                   Has(bit)        whether a bit is set
//   Flag(bit, x)          x is that bit; no bytes            Ttl(x)          u64
//   Keys(x)               u32 count, shorts                  TagList(x)      u16 count, shorts
//   Items(x)              u32 count, items
//   List<T>(x, where, smallest, describe)
//                         T count, elements of at least `smallest` bytes; the reader keeps them in
//                         the vector `where` of the Scratch
//   Require(holds, why)   else the reader refuses the body
//   RestIsForLater()      the reader skips what follows: fields of later versions
//
// A description has one caller for each direction and is inlined there: single requests are short,
// and a call for each field would show.
//
// Private to protocol/. Grammar: docs/protocol.md.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/binary_codec.h"
#include "protocol/command.h"
#include "protocol/message.h"

namespace tagcache::protocol {

// The least an item of MPUT takes: options, empty key, value flags and length.
inline constexpr size_t kMinItem = 1 + 2 + 4 + 4;
// The same of the other lists' elements.
inline constexpr size_t kMinRefused = 4 + 1;
inline constexpr size_t kMinTagUsage = 2 + 4 * 8;
inline constexpr size_t kMinStat = 2 + 2;
// What a body without an options byte holds of its optional fields.
inline constexpr uint8_t kOptionsOfNoByte = kHasTags;

template <typename Io, typename H>
[[gnu::always_inline]] inline void DescribeHelloRest(Io& io, H& hello) {
  io.Number(hello.features);
  io.Number(hello.max_frame);
  io.Short(hello.name);
}

template <typename Io, typename Item>
[[gnu::always_inline]] inline void DescribeItem(Io& io, Item& item) {
  io.Options();
  io.Short(item.key);
  if (io.Has(kHasTtl)) io.Ttl(item.ttl);
  if (io.Has(kHasTags)) io.TagList(item.tags);
  io.Number(item.flags);
  io.Long(item.value);
}

// A field of a request.
template <typename Io, typename R>
[[gnu::always_inline]] inline void DescribeField(Io& io, Field field, R& request) {
  switch (field) {
    case Field::kEnd:
      return;
    case Field::kHello:
      io.Number(request.hello.min_version);
      io.Number(request.hello.max_version);
      io.Require(request.hello.min_version <= request.hello.max_version,
                 "the lowest version is above the highest");
      return DescribeHelloRest(io, request.hello);
    case Field::kCredentials:
      io.Short(request.user);
      return io.Short(request.password);
    case Field::kOptions:
      return io.Options();
    case Field::kKey:
    case Field::kPrefix:
    case Field::kTag:
      return io.Short(request.key);
    case Field::kKeys:
      return io.Keys(request.keys);
    case Field::kTags:
      if (io.Has(kHasTags)) io.TagList(request.tags);
      return;
    case Field::kTtl:
      if (io.Has(kHasTtl)) io.Ttl(request.ttl);
      return;
    case Field::kToken:
      if (!io.Has(kHasToken)) return;
      io.Number(request.token);
      return io.Require(request.token != 0, "the lease token is 0, which no lease has");
    case Field::kVersion:
      return io.Number(request.version);
    case Field::kLease:
      io.Flag(kStaleOk, request.stale_ok);
      io.Number(request.lease_ms);
      return io.Number(request.wait_ms);
    case Field::kValueFlags:
      return io.Number(request.flags);
    case Field::kValue:
      io.Number(request.flags);
      return io.Long(request.value);
    case Field::kItems:
      return io.Items(request.items);
    case Field::kBy:
      io.Flag(kTtlAtCreation, request.ttl_at_creation);
      return io.Number(request.by);
    case Field::kInitial:
      return io.Number(request.initial);
    case Field::kMode:
      io.Number(request.mode);
      return io.Require(request.mode <= Mode::kAll, "the mode is neither 0 (any) nor 1 (all)");
    case Field::kCursor:
      return io.Number(request.cursor);
    case Field::kLimit:
      return io.Number(request.limit);
  }
}

template <typename Io, typename R>
[[gnu::always_inline]] inline void DescribeLeaseReply(Io& io, R& response) {
  io.Number(response.lease);
  switch (response.lease) {
    case LeaseKind::kNothing:
      return;
    case LeaseKind::kValue:
    case LeaseKind::kStaleValue:
      io.Number(response.flags);
      return io.Long(response.value);
    case LeaseKind::kToken:
      return io.Number(response.token);
  }
  io.Require(false, "the answer is of no known kind");
}

// The body of a response whose status is kOk.
template <typename Io, typename R>
[[gnu::always_inline]] inline void DescribeReply(Io& io, Reply reply, R& response) {
  switch (reply) {
    case Reply::kNothing:
      return;
    case Reply::kValues:  // item by item: WriteValueItem, ReadValueItem
      return io.RestIsForLater();
    case Reply::kHello:
      io.Number(response.hello.max_version);
      DescribeHelloRest(io, response.hello);
      return io.RestIsForLater();
    case Reply::kValue:
      io.Number(response.flags);
      return io.Long(response.value);
    case Reply::kNumber:
      return io.Number(response.number);
    case Reply::kPutReport:
      io.template NumberAs<uint32_t>(response.number);
      return io.template List<uint32_t>(response.refused, &Scratch::refused, kMinRefused,
                                        [](auto& inner, auto& item) {
                                          inner.Number(item.index);
                                          inner.Number(item.status);
                                        });
    case Reply::kKeyPage:
      io.Number(response.cursor);
      return io.Keys(response.keys);
    case Reply::kMeta:
      io.Number(response.meta.ttl_left_ms);
      io.Number(response.meta.age_ms);
      io.Number(response.meta.size);
      io.Number(response.meta.version);
      io.Number(response.meta.flags);
      return io.TagList(response.meta.tags);
    case Reply::kLease:
      return DescribeLeaseReply(io, response);
    case Reply::kProgress:
      io.Number(response.number);
      return io.Number(response.cursor);
    case Reply::kTagStats:
      return io.template List<uint32_t>(response.tag_stats, &Scratch::tag_stats, kMinTagUsage,
                                        [](auto& inner, auto& usage) {
                                          inner.Short(usage.tag);
                                          inner.Number(usage.keys);
                                          inner.Number(usage.bytes);
                                          inner.Number(usage.hits);
                                          inner.Number(usage.invalidations);
                                        });
    case Reply::kStats:
      return io.template List<uint16_t>(response.stats, &Scratch::stats, kMinStat,
                                        [](auto& inner, auto& stat) {
                                          inner.Short(stat.first);
                                          inner.Short(stat.second);
                                        });
  }
}

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_BINARY_FIELDS_H_
