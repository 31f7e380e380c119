#include "php-ext/value.h"

#include <bit>
#include <cassert>
#include <charconv>
#include <cstring>
#include <type_traits>

#include "php-ext/arguments.h"
#include "php-ext/exceptions.h"
#include "php-ext/functions.h"
#include "php-ext/handle.h"
#include "php-ext/nesting.h"
#include "php-ext/text_value.h"

extern "C" {
#include "ext/standard/basic_functions.h"
#include "ext/standard/php_var.h"
#include "zend_smart_str.h"
}

namespace tagcache::php {
namespace {

void StoreDouble(double number, char* out) {
  auto bits = std::bit_cast<uint64_t>(number);
  for (int i = 0; i < 8; ++i) out[i] = static_cast<char>(bits >> (8 * i));
}

double LoadDouble(const char* bytes) {
  uint64_t bits = 0;
  for (int i = 0; i < 8; ++i)
    bits |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  return std::bit_cast<double>(bits);
}

void EncodeBinary(const zval* value, bool serialized, Encoded* encoded) {
  switch (Z_TYPE_P(value)) {
    case IS_FALSE:
      encoded->view.flags = MakeFlags(ValueType::kFalse);
      return;
    case IS_TRUE:
      encoded->view.flags = MakeFlags(ValueType::kTrue);
      return;
    case IS_LONG:
      encoded->view.bytes = FormatInteger(Z_LVAL_P(value), encoded->digits);
      encoded->view.flags = MakeFlags(ValueType::kInteger);
      return;
    case IS_DOUBLE:
      StoreDouble(Z_DVAL_P(value), encoded->digits);
      encoded->view.bytes = {encoded->digits, 8};
      encoded->view.flags = MakeFlags(ValueType::kFloat);
      return;
    case IS_STRING:
      encoded->view.bytes = ViewOf(Z_STR_P(value));
      encoded->view.flags = serialized ? MakeFlags(ValueType::kSerialized, Serializer::kPhp)
                                       : MakeFlags(ValueType::kBytes);
      return;
  }
  assert(Z_TYPE_P(value) == IS_NULL || Z_TYPE_P(value) == IS_UNDEF);
  encoded->view.flags = MakeFlags(ValueType::kNull);
}

Decoded Bad(const char* why) {
  ThisCall().status = Status(ErrorCode::kProtocol, why);
  return Decoded::kBad;
}

Decoded BadFormat(const char* what, uint32_t number) {
  ThisCall().status = Status(ErrorCode::kProtocol,
                             "the value was written with " + std::string(what) + " " +
                                 std::to_string(number) + ", which this extension can not read");
  return Decoded::kBad;
}

Decoded DecodeSerialized(const ValueView& view, zval* out) {
  switch (SerializerOf(view.flags)) {
    case Serializer::kPhp:
      if (!CheckMemory(view.bytes.size())) return Decoded::kBad;
      ZVAL_STRINGL(out, view.bytes.data(), view.bytes.size());
      return Decoded::kPacked;
    case Serializer::kIgbinary:
      return Bad(
          "the value was written with the serializer igbinary, which this version can not read");
    case Serializer::kMsgpack:
      return Bad(
          "the value was written with the serializer msgpack, which this version can not read");
    case Serializer::kJson:
      return Bad("the value was written with the serializer json, which this version can not read");
    case Serializer::kNone:
      break;
  }
  return BadFormat("serializer", static_cast<uint32_t>(SerializerOf(view.flags)));
}

Decoded DecodeBinary(const ValueView& view, zval* out) {
  if (CompressionOf(view.flags) != Compression::kNone) {
    return BadFormat("compression", static_cast<uint32_t>(CompressionOf(view.flags)));
  }
  if (view.flags >> 12 != 0) return BadFormat("flags", view.flags);
  switch (TypeOf(view.flags)) {
    case ValueType::kBytes:
      if (!CheckMemory(view.bytes.size())) return Decoded::kBad;
      ZVAL_STRINGL_FAST(out, view.bytes.data(), view.bytes.size());
      return Decoded::kValue;
    case ValueType::kInteger: {
      zend_long number = 0;
      const char* end = view.bytes.data() + view.bytes.size();
      const auto [stop, error] = std::from_chars(view.bytes.data(), end, number);
      if (error != std::errc() || stop != end) return Bad("an integer holds what is no integer");
      ZVAL_LONG(out, number);
      return Decoded::kValue;
    }
    case ValueType::kFloat:
      if (view.bytes.size() != 8) return Bad("a float is not 8 bytes long");
      ZVAL_DOUBLE(out, LoadDouble(view.bytes.data()));
      return Decoded::kValue;
    case ValueType::kFalse:
      ZVAL_FALSE(out);
      return Decoded::kValue;
    case ValueType::kTrue:
      ZVAL_TRUE(out);
      return Decoded::kValue;
    case ValueType::kNull:
      ZVAL_NULL(out);
      return Decoded::kValue;
    case ValueType::kSerialized:
      return DecodeSerialized(view, out);
  }
  return BadFormat("type", static_cast<uint32_t>(TypeOf(view.flags)));
}

// serialize() and unserialize() share their tables with a call that is in progress, so that
// Serializable can nest them. A value in the cache is read on its own: its back-references count
// from its own beginning. Plain memory; after a long jump PHP resets what this would put back.
class OwnSerializerState {
 public:
  OwnSerializerState()
      : lock_(BG(serialize_lock)), serialize_(BG(serialize)), unserialize_(BG(unserialize)) {
    BG(serialize_lock) = 0;
    BG(serialize) = {};
    BG(unserialize) = {};
  }
  void End() const {
    BG(serialize_lock) = lock_;
    BG(serialize) = serialize_;
    BG(unserialize) = unserialize_;
  }

 private:
  decltype(BG(serialize_lock)) lock_;
  std::remove_reference_t<decltype((BG(serialize)))> serialize_;
  std::remove_reference_t<decltype((BG(unserialize)))> unserialize_;
};

}  // namespace

bool FitsMemory(size_t bytes) {
  // Zend takes memory from the system in chunks, and larger allocations as mappings of their own.
  constexpr size_t kChunk = 2 * 1024 * 1024;
  constexpr size_t kPage = 4096;
  const zend_long limit = PG(memory_limit);
  if (limit < 0 || !is_zend_mm()) return true;
  const auto fits = [=] {
    const size_t taken = zend_memory_usage(true);
    const size_t wanted = bytes < kChunk - kPage ? kChunk : bytes + kPage;
    if (taken + wanted <= static_cast<size_t>(limit)) return true;
    // No further chunk: what is free in those that there are has to do, holes included.
    const size_t free = taken - zend_memory_usage(false);
    return bytes < kChunk - kPage && taken <= static_cast<size_t>(limit) && bytes * 2 <= free;
  };
  if (EXPECTED(fits())) return true;
  zend_mm_gc(zend_mm_get_heap());
  return fits();
}

bool CheckMemory(size_t bytes) {
  if (EXPECTED(FitsMemory(bytes))) return true;
  const std::string what =
      bytes == 0 ? "no more fits" : "a value of " + std::to_string(bytes) + " bytes does not fit";
  ThisCall().status =
      Status(ErrorCode::kNoMemory,
             what + " into memory_limit (" + std::to_string(PG(memory_limit)) + " bytes)");
  return false;
}

bool Serialize(zval* value, zend_string** out) {
  // So many digits, or PHP's "as many as needed", read back as the same float.
  constexpr zend_long kAllDigits = 17;
  constexpr zend_long kAsNeeded = -1;
  smart_str text = {nullptr, 0};
  php_serialize_data_t seen;
  const OwnSerializerState state;
  const zend_long precision = PG(serialize_precision);
  const bool too_few = precision != kAsNeeded && precision < kAllDigits;
  if (too_few) PG(serialize_precision) = kAsNeeded;
  PHP_VAR_SERIALIZE_INIT(seen);
  zend_try { php_var_serialize(&text, value, &seen); }
  zend_catch {
    if (too_few) PG(serialize_precision) = precision;
    zend_bailout();
  }
  zend_end_try();
  if (too_few) PG(serialize_precision) = precision;
  PHP_VAR_SERIALIZE_DESTROY(seen);
  state.End();
  if (EG(exception)) {
    smart_str_free(&text);
    return false;
  }
  smart_str_0(&text);
  *out = text.s;
  return true;
}

bool Unserialize(zend_string* serialized, zval* value) {
  if (!CheckMemory(0)) return false;
  const auto* at = reinterpret_cast<const unsigned char*>(ZSTR_VAL(serialized));
  const unsigned char* end = at + ZSTR_LEN(serialized);
  php_unserialize_data_t seen;
  const OwnSerializerState state;
  PHP_VAR_UNSERIALIZE_INIT(seen);
  php_var_unserialize_set_max_depth(seen, static_cast<zend_long>(kMaxNesting));
  zval unpacked;
  ZVAL_UNDEF(&unpacked);
  const bool read = php_var_unserialize(&unpacked, &at, end, &seen) && at == end;
  // Destroying `seen` runs the __wakeup and __unserialize that were put off.
  PHP_VAR_UNSERIALIZE_DESTROY(seen);
  state.End();
  if (read && !EG(exception)) {
    ZVAL_COPY_DEREF(value, &unpacked);
    zval_ptr_dtor(&unpacked);
    return true;
  }
  zval_ptr_dtor(&unpacked);
  if (!EG(exception)) {
    ThisCall().status = Status(ErrorCode::kProtocol, "the serialized value can not be read");
  }
  return false;
}

namespace {

bool RefuseValue(std::string_view key, const char* why) {
  ThisCall().text = ShownKey(key);
  ThrowUsage("%s '%s': %s", OperationName(), ThisCall().text.c_str(), why);
  return false;
}

bool RefuseNesting(std::string_view key, Nesting nesting) {
  if (nesting == Nesting::kResource) return RefuseValue(key, "a resource can not be stored");
  static_assert(kMaxNesting == 4096);
  return RefuseValue(key,
                     "the value has more than 4096 levels of arrays and objects, which could "
                     "not be read back");
}

bool SerializeChecked(zval* value, std::string_view key, zend_string** out) {
  NestingReport report = InspectNesting(value);
  const bool written =
      report.nesting == Nesting::kFine ? Serialize(value, out) : RefuseNesting(key, report.nesting);
  ReleaseHeld(&report);
  if (!written) return false;
  // Only what classes make of their objects can have more levels than were visited.
  if (!report.has_objects || FitsNesting(ViewOf(*out))) return true;
  zend_string_release(*out);
  return RefuseNesting(key, Nesting::kTooDeep);
}

}  // namespace

bool Prepare(zval* value, std::string_view key, Prepared* prepared) {
  ZVAL_DEREF(value);
  prepared->serialized = false;
  ZVAL_COPY(&prepared->value, value);
  if (!NeedsPreparing(value)) return true;
  zval held = prepared->value;
  zend_string* serialized = nullptr;
  const bool written = SerializeChecked(&held, key, &serialized);
  zval_ptr_dtor(&held);
  ZVAL_UNDEF(&prepared->value);
  if (!written) return false;
  ZVAL_STR(&prepared->value, serialized);
  prepared->serialized = true;
  return true;
}

void Release(Prepared* prepared) {
  zval_ptr_dtor(&prepared->value);
  ZVAL_UNDEF(&prepared->value);
}

void Encode(const zval* value, bool serialized, bool text, Encoded* encoded) {
  encoded->view = ValueView();
  encoded->owned = nullptr;
  if (text) return EncodeText(value, serialized, encoded);
  EncodeBinary(value, serialized, encoded);
}

void Release(Encoded* encoded) {
  if (encoded->owned != nullptr) zend_string_release(encoded->owned);
  encoded->owned = nullptr;
}

Decoded Decode(const ValueView& view, bool text, zval* out) {
  return text ? DecodeText(view, out) : DecodeBinary(view, out);
}

bool Unpack(zval* value, bool text) {
  if (text) return UnpackText(value);
  zend_string* packed = Z_STR_P(value);
  ZVAL_NULL(value);
  const bool read = Unserialize(packed, value);
  zend_string_release(packed);
  return read;
}

}  // namespace tagcache::php
