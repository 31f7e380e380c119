#ifndef TAGCACHE_PHP_EXT_CLIENT_OBJECT_H_
#define TAGCACHE_PHP_EXT_CLIENT_OBJECT_H_

// The TagCache object, and how a call on it begins and fails.
//
//   +----------------+--------+------------+-------------------+
//   | Handle* handle | silent | last_error | zend_object | properties ...
//   +----------------+--------+------------+-------------------+
//   ^ ClientObject                         ^ what Zend points to (handlers.offset)

#include <cstddef>

#include "php-ext/handle.h"
#include "php-ext/php_tagcache.h"

namespace tagcache::php {

struct ClientObject {
  Handle* handle;   // nullptr until the constructor has run
  bool silent;      // errors are kept in last_error instead of thrown
  zval last_error;  // null or a TagCacheException
  zend_object std;
};

extern zend_class_entry* client_ce;

void RegisterClientClass();

// nullptr with an exception thrown when the object is none of ours: `disable_classes=TagCache`
// leaves the class, whose objects then are plain ones.
ClientObject* ObjectOf(zval* self);

// Begins a call: forgets the last error. nullptr with an exception when the object was never
// constructed, or as ObjectOf.
ClientObject* BeginCall(zval* self);

// Ends a call that failed with ThisCall().status: throws, or keeps the exception where errors are
// silent. The caller then returns its neutral value.
void FailCall(ClientObject* self);

// The same with an exception already made; takes it over.
void FailCallWith(ClientObject* self, zval* exception);

}  // namespace tagcache::php

// A method's object is getThis(), a function's its first argument: one implementation serves both.
// Only inside ZEND_PARSE_PARAMETERS_START, whose counts then come from TAGCACHE_ARGUMENTS.
#define TAGCACHE_ARGUMENTS(count) ((count) + (getThis() == nullptr ? 1 : 0))
#define TAGCACHE_PARAM_SELF(self)                           \
  if (getThis() != nullptr) {                               \
    self = getThis();                                       \
  } else {                                                  \
    Z_PARAM_OBJECT_OF_CLASS(self, tagcache::php::client_ce) \
  }

#endif  // TAGCACHE_PHP_EXT_CLIENT_OBJECT_H_
