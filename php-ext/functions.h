#ifndef TAGCACHE_PHP_EXT_FUNCTIONS_H_
#define TAGCACHE_PHP_EXT_FUNCTIONS_H_

// What several files of PHP functions share. The functions themselves are declared by
// tagcache_arginfo.h, whose tables name them.

#include <string_view>

#include "php-ext/client_object.h"
#include "php-ext/php_tagcache.h"
#include "php-ext/value.h"

namespace tagcache::php {

// The function that PHP is carrying out, as it was called ("set", "tagcache_put"): what messages
// name the operation. It stays as long as the function's class. REQUIRES: a function of the
// extension is being carried out.
inline const char* OperationName() { return get_active_function_name(); }
inline CallOptions ThisCallOptions() { return {.operation = OperationName()}; }

// Ends the decoding of one value after its stream has ended: unpacks it, which may run user code.
// false: the call has failed, by an exception or, where errors are silent, kept in the object.
bool FinishDecode(ClientObject* self, std::string_view key, Decoded decoded, zval* value);

}  // namespace tagcache::php

#endif  // TAGCACHE_PHP_EXT_FUNCTIONS_H_
