#ifndef TAGCACHE_PHP_EXT_EXCEPTIONS_H_
#define TAGCACHE_PHP_EXT_EXCEPTIONS_H_

// The exception classes, and the one mapping from native errors to them.

#include <string_view>

#include "php-ext/php_tagcache.h"
#include "tagcache/status.h"

namespace tagcache::php {

extern zend_class_entry* exception_ce;
extern zend_class_entry* connection_exception_ce;
extern zend_class_entry* timeout_exception_ce;
extern zend_class_entry* protocol_exception_ce;
extern zend_class_entry* server_exception_ce;
extern zend_class_entry* usage_exception_ce;

zend_class_entry* ExceptionOf(ErrorCode code);

// Makes an exception without throwing it. Its code is the server's status, where the server
// refused.
void MakeException(zval* exception, zend_class_entry* ce, std::string_view message,
                   ServerError code = ServerError::kNone);
void MakeException(zval* exception, const Status& status);

// Throws a TagCacheUsageException.
ZEND_COLD void ThrowUsage(const char* format, ...) ZEND_ATTRIBUTE_FORMAT(printf, 1, 2);

}  // namespace tagcache::php

#endif  // TAGCACHE_PHP_EXT_EXCEPTIONS_H_
