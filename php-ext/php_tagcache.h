#ifndef PHP_TAGCACHE_H_
#define PHP_TAGCACHE_H_

// What every file of the extension needs of PHP, and the module's globals.

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

extern "C" {
#include "php.h"
#include "php_ini.h"
#include "zend_exceptions.h"
}

#define PHP_TAGCACHE_VERSION "0.1.0"

namespace tagcache::php {
struct ThreadState;  // handle.h
}

ZEND_BEGIN_MODULE_GLOBALS(tagcache)
tagcache::php::ThreadState* state;  // made with the thread, freed with it
ZEND_END_MODULE_GLOBALS(tagcache)

ZEND_EXTERN_MODULE_GLOBALS(tagcache)
#define TAGCACHE_G(v) ZEND_MODULE_GLOBALS_ACCESSOR(tagcache, v)

extern zend_module_entry tagcache_module_entry;
#define phpext_tagcache_ptr &tagcache_module_entry

#endif  // PHP_TAGCACHE_H_
