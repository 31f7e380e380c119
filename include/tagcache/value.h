#ifndef TAGCACHE_VALUE_H_
#define TAGCACHE_VALUE_H_

// A value on the wire: bytes, and 32 bits of flags that describe them. The server stores and
// returns the flags untouched. They are an agreement between clients, written down here so that one
// client can read what another has written.
//
//   31                12 11     8 7      4 3      0
//  +--------------------+--------+--------+--------+
//  |   reserved, zero   | compr. | serial.|  type  |
//  +--------------------+--------+--------+--------+
//
// Ownership: a ValueView borrows, a Value owns. Threads: plain values.

#include <cstdint>
#include <string>
#include <string_view>

namespace tagcache {

enum class ValueType : uint32_t {
  kBytes = 0,       // bytes as they are
  kInteger = 1,     // a signed 64-bit integer in decimal ASCII, so that INCREMENT works on it
  kFloat = 2,       // IEEE 754 binary64, 8 bytes, little-endian, bit for bit
  kFalse = 3,       // no bytes
  kTrue = 4,        // no bytes
  kNull = 5,        // no bytes
  kSerialized = 6,  // written by the serializer named in bits 4-7
};

enum class Serializer : uint32_t { kNone = 0, kPhp = 1, kIgbinary = 2, kMsgpack = 3, kJson = 4 };

enum class Compression : uint32_t { kNone = 0, kLz4 = 1, kZstd = 2 };

constexpr uint32_t MakeFlags(ValueType type, Serializer serializer = Serializer::kNone,
                             Compression compression = Compression::kNone) {
  return static_cast<uint32_t>(type) | static_cast<uint32_t>(serializer) << 4 |
         static_cast<uint32_t>(compression) << 8;
}
constexpr ValueType TypeOf(uint32_t flags) { return static_cast<ValueType>(flags & 0xF); }
constexpr Serializer SerializerOf(uint32_t flags) {
  return static_cast<Serializer>(flags >> 4 & 0xF);
}
constexpr Compression CompressionOf(uint32_t flags) {
  return static_cast<Compression>(flags >> 8 & 0xF);
}

struct Value {
  std::string bytes = {};
  uint32_t flags = 0;
};

struct ValueView {
  std::string_view bytes = {};
  uint32_t flags = 0;
};

}  // namespace tagcache

#endif  // TAGCACHE_VALUE_H_
