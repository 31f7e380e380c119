#include "php-ext/text_value.h"

#include <cassert>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

#include "php-ext/arguments.h"
#include "php-ext/handle.h"
#include "php-ext/msgpack_form.h"

extern "C" {
#include "ext/standard/base64.h"
#include "zend_smart_str.h"
}

namespace tagcache::php {
namespace {

constexpr std::string_view kMarker = "__TC_";
constexpr std::string_view kTrue = "__TC_TRUE__";
constexpr std::string_view kFalse = "__TC_FALSE__";
constexpr std::string_view kNull = "__TC_NULL__";
constexpr std::string_view kSerialized = "__TC_SERIALIZED__";

// The shortest decimal that reads back as the same bits, and that is not read as an integer.
// REQUIRES: finite. Returns its length; at most 32 bytes.
size_t FormatFloat(double number, char* out) {
  const auto end = std::to_chars(out, out + 28, number).ptr;
  size_t length = static_cast<size_t>(end - out);
  if (std::string_view(out, length).find_first_of(".e") == std::string_view::npos) {
    out[length++] = '.';
    out[length++] = '0';
  }
  return length;
}

// true: an older client would read the text as a number (PHP's is_numeric).
bool LooksNumeric(std::string_view text) {
  zend_long integer;
  double number;
  return is_numeric_string(text.data(), text.size(), &integer, &number, false) != 0;
}

bool NeedsMarker(std::string_view text) {
  return text.starts_with(kMarker) || text.find('\n') != text.npos || text.ends_with('\r') ||
         LooksNumeric(text);
}

void EncodeMarked(const zend_string* serialized, Encoded* encoded) {
  zend_string* base64 = php_base64_encode(
      reinterpret_cast<const unsigned char*>(ZSTR_VAL(serialized)), ZSTR_LEN(serialized));
  encoded->owned = zend_string_concat2(kSerialized.data(), kSerialized.size(), ZSTR_VAL(base64),
                                       ZSTR_LEN(base64));
  zend_string_release(base64);
  encoded->view.bytes = ViewOf(encoded->owned);
}

// A scalar or a string whose plain form would be read as another value.
void EncodeSerialized(const zval* value, Encoded* encoded) {
  zval copy;
  ZVAL_COPY_VALUE(&copy, value);
  zend_string* serialized = nullptr;
  [[maybe_unused]] const bool written = Serialize(&copy, &serialized);
  assert(written);  // it holds no object
  EncodeMarked(serialized, encoded);
  zend_string_release(serialized);
}

// The markers with base64 behind them, and the function of another extension that reads the bytes
// (nullptr: unserialize). `holds` says of the bytes and of what that function made of them whether
// the one is the other, for it returns what it could read, or null, of bytes that are damaged.
struct Packing {
  std::string_view marker;
  const char* function;
  bool (*holds)(std::string_view packed, const zval* value);
};

// igbinary returns null for what it cannot read. A null that was written is its header (a version
// of 4 bytes) and a byte 0.
bool HoldsIgbinary(std::string_view packed, const zval* value) {
  return Z_TYPE_P(value) != IS_NULL || (packed.size() == 5 && packed[4] == 0);
}

// msgpack returns the first value of the bytes, whatever follows, and false where they end too
// early.
bool HoldsMsgpack(std::string_view packed, const zval*) { return IsOneMsgpackValue(packed); }

constexpr Packing kPackings[] = {{kSerialized, nullptr, nullptr},
                                 {"__TC_IGBINARY__", "igbinary_unserialize", HoldsIgbinary},
                                 {"__TC_MSGPACK__", "msgpack_unpack", HoldsMsgpack}};

const Packing* FindPacking(std::string_view text) {
  for (const Packing& packing : kPackings) {
    if (text.starts_with(packing.marker)) return &packing;
  }
  return nullptr;
}

// Calls the function of a packing. false: ThisCall().status or an exception has the reason; *value
// is then null.
bool CallUnpacker(const Packing& packing, zend_string* payload, zval* value) {
  zval name, argument;
  ZVAL_STRING(&name, packing.function);
  ZVAL_STR_COPY(&argument, payload);
  const bool known = zend_is_callable(&name, 0, nullptr);
  const bool called =
      known && call_user_function(nullptr, nullptr, &name, value, 1, &argument) == SUCCESS;
  zval_ptr_dtor(&argument);
  zval_ptr_dtor(&name);
  if (called && !EG(exception) && packing.holds(ViewOf(payload), value)) return true;
  if (called) zval_ptr_dtor(value);
  ZVAL_NULL(value);
  if (EG(exception)) return false;
  const std::string function(packing.function);
  ThisCall().status =
      Status(ErrorCode::kProtocol,
             known ? "the value can not be read by " + function + "()"
                   : "the value was written for " + function + "(), whose extension is not loaded");
  return false;
}

// true: PHP itself writes the number like this ("1.0E+25", "0.10000000000000001"), so an older
// client may have. Both precisions that PHP has had as default for keeping all digits.
bool IsPhpForm(double number, std::string_view text) {
  for (const int precision : {-1, 17}) {
    smart_str form = {nullptr, 0};
    smart_str_append_double(&form, number, precision, false);
    const bool same = text == std::string_view(ZSTR_VAL(form.s), ZSTR_LEN(form.s));
    smart_str_free(&form);
    if (same) return true;
  }
  return false;
}

// Numbers come back as numbers only in the form that this extension or, for what is a number, an
// older one writes: "007", "1e5", "1.50" and "+1" stay strings.
bool DecodeNumber(std::string_view text, zval* out) {
  const char* end = text.data() + text.size();
  zend_long integer;
  auto [stop, error] = std::from_chars(text.data(), end, integer);
  char again[32];
  if (error == std::errc() && stop == end) {
    const auto length = std::to_chars(again, again + sizeof(again), integer).ptr - again;
    if (text != std::string_view(again, static_cast<size_t>(length))) return false;
    ZVAL_LONG(out, integer);
    return true;
  }
  double number;
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || !std::isfinite(number)) return false;
  if (text != std::string_view(again, FormatFloat(number, again)) && !IsPhpForm(number, text)) {
    return false;
  }
  ZVAL_DOUBLE(out, number);
  return true;
}

}  // namespace

void EncodeText(const zval* value, bool serialized, Encoded* encoded) {
  if (serialized) return EncodeMarked(Z_STR_P(value), encoded);
  switch (Z_TYPE_P(value)) {
    case IS_NULL:
    case IS_UNDEF:
      encoded->view.bytes = kNull;
      return;
    case IS_FALSE:
      encoded->view.bytes = kFalse;
      return;
    case IS_TRUE:
      encoded->view.bytes = kTrue;
      return;
    case IS_LONG:
      encoded->view.bytes = FormatInteger(Z_LVAL_P(value), encoded->digits);
      return;
    case IS_DOUBLE:
      if (!std::isfinite(Z_DVAL_P(value))) break;
      encoded->view.bytes = {encoded->digits, FormatFloat(Z_DVAL_P(value), encoded->digits)};
      return;
    case IS_STRING:
      if (NeedsMarker(ViewOf(Z_STR_P(value)))) break;
      encoded->view.bytes = ViewOf(Z_STR_P(value));
      return;
  }
  EncodeSerialized(value, encoded);
}

Decoded DecodeText(const ValueView& view, zval* out) {
  const std::string_view text = view.bytes;
  if (text.starts_with(kMarker)) {
    if (text == kTrue || text == kFalse) {
      ZVAL_BOOL(out, text == kTrue);
      return Decoded::kValue;
    }
    if (text == kNull) {
      ZVAL_NULL(out);
      return Decoded::kValue;
    }
    if (FindPacking(text) != nullptr) {
      if (!CheckMemory(text.size())) return Decoded::kBad;
      ZVAL_STRINGL(out, text.data(), text.size());
      return Decoded::kPacked;
    }
    // No marker of this protocol: a string that begins like one, from a client without markers.
  }
  if (DecodeNumber(text, out)) return Decoded::kValue;
  if (!CheckMemory(text.size())) return Decoded::kBad;
  ZVAL_STRINGL_FAST(out, text.data(), text.size());
  return Decoded::kValue;
}

// REQUIRES: DecodeText left the string in *value and returned kPacked.
bool UnpackText(zval* value) {
  zend_string* packed = Z_STR_P(value);
  ZVAL_NULL(value);
  const Packing& packing = *FindPacking({ZSTR_VAL(packed), ZSTR_LEN(packed)});
  zend_string* payload = php_base64_decode_ex(
      reinterpret_cast<const unsigned char*>(ZSTR_VAL(packed)) + packing.marker.size(),
      ZSTR_LEN(packed) - packing.marker.size(), true);
  zend_string_release(packed);
  if (payload == nullptr) {
    ThisCall().status =
        Status(ErrorCode::kProtocol, "the base64 behind the value's marker can not be read");
    return false;
  }
  const bool unpacked = packing.function == nullptr ? Unserialize(payload, value)
                                                    : CallUnpacker(packing, payload, value);
  zend_string_release(payload);
  return unpacked;
}

}  // namespace tagcache::php
