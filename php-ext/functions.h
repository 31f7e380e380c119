#ifndef TAGCACHE_PHP_EXT_FUNCTIONS_H_
#define TAGCACHE_PHP_EXT_FUNCTIONS_H_

// The functions that tagcache_arginfo.h puts in its tables, and what several of their files share.

#include <string_view>

#include "php-ext/client_object.h"
#include "php-ext/php_tagcache.h"
#include "php-ext/value.h"

namespace tagcache::php {

// Ends the decoding of one value after its stream has ended: unpacks it, which may run user code.
// false: the call has failed, by an exception or, where errors are silent, kept in the object.
bool FinishDecode(ClientObject* self, const char* operation, std::string_view key, Decoded decoded,
                  zval* value);

}  // namespace tagcache::php

ZEND_FUNCTION(tagcache_create);
ZEND_FUNCTION(tagcache_get);
ZEND_FUNCTION(tagcache_put);
ZEND_FUNCTION(tagcache_add);
ZEND_FUNCTION(tagcache_replace);
ZEND_FUNCTION(tagcache_delete);
ZEND_FUNCTION(tagcache_has);
ZEND_FUNCTION(tagcache_touch);
ZEND_FUNCTION(tagcache_increment);
ZEND_FUNCTION(tagcache_decrement);
ZEND_FUNCTION(tagcache_meta);
ZEND_FUNCTION(tagcache_mget);
ZEND_FUNCTION(tagcache_mput);
ZEND_FUNCTION(tagcache_mdelete);
ZEND_FUNCTION(tagcache_invalidate_tag);
ZEND_FUNCTION(tagcache_invalidate_tags);
ZEND_FUNCTION(tagcache_keys_by_tag);
ZEND_FUNCTION(tagcache_search_any);
ZEND_FUNCTION(tagcache_search_all);
ZEND_FUNCTION(tagcache_stats);
ZEND_FUNCTION(tagcache_flush);
ZEND_FUNCTION(tagcache_ping);
ZEND_FUNCTION(tagcache_close);
ZEND_FUNCTION(tagcache_last_error);
ZEND_METHOD(TagCache, __construct);
ZEND_METHOD(TagCacheServerException, getRefused);

#endif  // TAGCACHE_PHP_EXT_FUNCTIONS_H_
