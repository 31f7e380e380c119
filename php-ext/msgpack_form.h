#ifndef TAGCACHE_PHP_EXT_MSGPACK_FORM_H_
#define TAGCACHE_PHP_EXT_MSGPACK_FORM_H_

// The form of MessagePack, as far as finding the end of a value needs it. Pure functions; no Zend.

#include <string_view>

namespace tagcache::php {

// Whether the bytes are one value and nothing else.
bool IsOneMsgpackValue(std::string_view bytes);

}  // namespace tagcache::php

#endif  // TAGCACHE_PHP_EXT_MSGPACK_FORM_H_
