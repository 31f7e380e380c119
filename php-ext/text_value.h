#ifndef TAGCACHE_PHP_EXT_TEXT_VALUE_H_
#define TAGCACHE_PHP_EXT_TEXT_VALUE_H_

// Values on the tab-delimited protocol, which carries no types: the markers of docs/protocol.md.
// What an older client reads as the value it went as is written plain; every other string goes as
// __TC_SERIALIZED__ and base64, so that it comes back as the string it was.

#include "php-ext/value.h"

namespace tagcache::php {

// As Encode of value.h.
void EncodeText(const zval* value, bool serialized, Encoded* encoded);
Decoded DecodeText(const ValueView& view, zval* out);
bool UnpackText(zval* value);

}  // namespace tagcache::php

#endif  // TAGCACHE_PHP_EXT_TEXT_VALUE_H_
