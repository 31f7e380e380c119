#ifndef TAGCACHE_PHP_EXT_OPTIONS_H_
#define TAGCACHE_PHP_EXT_OPTIONS_H_

// Options as PHP gives them: an array, or a DSN with a query; the INI settings are their defaults.

#include "php-ext/php_tagcache.h"

namespace tagcache::php {

// Fills ThisCall().settings. false with an exception thrown: an option that is unknown, of the
// wrong type, out of range, or not supported by this version. The order of the array does not
// matter.
bool ReadOptions(HashTable* array, zend_string* dsn);

}  // namespace tagcache::php

#endif  // TAGCACHE_PHP_EXT_OPTIONS_H_
