#include "php-ext/msgpack_form.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace tagcache::php {
namespace {

// What follows the first byte of a value.
struct Shape {
  uint8_t length_bytes = 0;       // first: a length in so many bytes
  uint8_t values_per_length = 0;  // what it counts: elements (1), pairs of a map (2), bytes (0)
  uint64_t values = 0;            // values whose number the first byte gives
  uint64_t bytes = 0;             // bytes whose number the first byte gives
};

// The number of bytes that the last bits of the first byte are the power of.
constexpr uint8_t Width(int power) { return static_cast<uint8_t>(1 << power); }

// nullopt: no value begins with this byte.
std::optional<Shape> ShapeOf(uint8_t first) {
  if (first <= 0x7f || first >= 0xe0) return Shape{};  // small integers
  if (first <= 0x8f) return Shape{.values = (first & 0x0fu) * 2};
  if (first <= 0x9f) return Shape{.values = first & 0x0fu};
  if (first <= 0xbf) return Shape{.bytes = first & 0x1fu};
  if (first == 0xc1) return std::nullopt;
  if (first <= 0xc3) return Shape{};                                     // nil, booleans
  if (first <= 0xc6) return Shape{.length_bytes = Width(first - 0xc4)};  // bytes
  if (first <= 0xc9) return Shape{.length_bytes = Width(first - 0xc7), .bytes = 1};  // extensions
  if (first <= 0xcb) return Shape{.bytes = Width(first - 0xc8)};                     // floats
  if (first <= 0xcf) return Shape{.bytes = Width(first - 0xcc)};         // unsigned integers
  if (first <= 0xd3) return Shape{.bytes = Width(first - 0xd0)};         // signed integers
  if (first <= 0xd8) return Shape{.bytes = Width(first - 0xd4) + 1u};    // fixed extensions
  if (first <= 0xdb) return Shape{.length_bytes = Width(first - 0xd9)};  // text
  if (first <= 0xdd) return Shape{.length_bytes = Width(first - 0xdb), .values_per_length = 1};
  return Shape{.length_bytes = Width(first - 0xdd), .values_per_length = 2};
}

}  // namespace

bool IsOneMsgpackValue(std::string_view bytes) {
  // Of values that are still to come; each takes at least a byte.
  for (uint64_t values = 1; values > 0; --values) {
    if (values > bytes.size()) return false;
    std::optional<Shape> form = ShapeOf(static_cast<uint8_t>(bytes[0]));
    if (!form) return false;
    Shape& shape = *form;
    bytes.remove_prefix(1);
    if (shape.length_bytes > bytes.size()) return false;
    uint64_t length = 0;
    for (size_t i = 0; i < shape.length_bytes; ++i) {
      length = length << 8 | static_cast<uint8_t>(bytes[i]);
    }
    bytes.remove_prefix(shape.length_bytes);
    if (shape.values_per_length == 0) shape.bytes += length;
    if (shape.bytes > bytes.size()) return false;
    bytes.remove_prefix(static_cast<size_t>(shape.bytes));
    values += shape.values + length * shape.values_per_length;
  }
  return bytes.empty();
}

}  // namespace tagcache::php
