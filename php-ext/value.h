#ifndef TAGCACHE_PHP_EXT_VALUE_H_
#define TAGCACHE_PHP_EXT_VALUE_H_

// PHP values to bytes and flags, and back: type by type, floats bit for bit. On the binary protocol
// the flags carry the type (tagcache/value.h); on the text protocol the bytes do (text_value.h).

#include "php-ext/php_tagcache.h"
#include "tagcache/value.h"

namespace tagcache::php {

// A value that no user code can change any more: a scalar or a string as it was given, or, where
// `serialized`, the string of an array's or object's serialized form. Released with Release.
struct Prepared {
  zval value;
  bool serialized;
};

// A value as bytes and flags. `view` points into `digits`, into `owned`, or into the string that
// was encoded; so it must not be moved. Plain memory: a long jump past it leaks nothing but what
// the request frees.
struct Encoded {
  ValueView view;
  zend_string* owned;
  char digits[32];
};

// Whether PHP's memory_limit leaves room for a string of that size. Later releases of PHP raise
// "Allowed memory size exhausted" when a function returns, and kill the process where one goes far
// over the limit; so what brings in bytes asks first. Exact from 2 MiB on; below that, false once
// the limit is passed.
bool FitsMemory(size_t bytes);
// false, with ThisCall().status, when it does not fit.
bool CheckMemory(size_t bytes);

// Whether user code may run before the value can be encoded.
inline bool NeedsPreparing(const zval* value) {
  return Z_TYPE_P(value) == IS_ARRAY || Z_TYPE_P(value) == IS_OBJECT ||
         Z_TYPE_P(value) == IS_RESOURCE;
}
// false with an exception thrown: what the value holds can not be stored (a resource, too many
// levels), or its own code threw. May run user code (__serialize, __sleep); the value is held
// meanwhile. `key` is for the message.
bool Prepare(zval* value, std::string_view key, Prepared* prepared);
void Release(Prepared* prepared);

// `value` is what Prepare made, or a value that did not need it; it must live as long as *encoded.
// Runs no user code.
void Encode(const zval* value, bool serialized, bool text, Encoded* encoded);
void Release(Encoded* encoded);

// The result of decoding.
enum class Decoded {
  kValue,   // *out is the value
  kPacked,  // *out is a string that Unpack turns into the value: it may run user code, so it waits
            // until no answer is being read
  kBad,     // ThisCall().status has the reason, without the key
};

// Runs no user code.
Decoded Decode(const ValueView& view, bool text, zval* out);

// Turns the string that Decode(..., text, ...) left in *value into what it holds. false: an
// exception is thrown (by user code), or ThisCall().status is that the bytes can not be read.
// *value is then null. May run user code.
bool Unpack(zval* value, bool text);

// serialize()'s form in a new string, with every digit of a float whatever serialize_precision is;
// false with an exception thrown.
bool Serialize(zval* value, zend_string** out);
// Its reverse, with the errors of Unpack, whatever unserialize_max_depth is. REQUIRES: *value holds
// nothing that needs releasing.
bool Unserialize(zend_string* serialized, zval* value);

}  // namespace tagcache::php

#endif  // TAGCACHE_PHP_EXT_VALUE_H_
