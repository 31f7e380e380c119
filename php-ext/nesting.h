#ifndef TAGCACHE_PHP_EXT_NESTING_H_
#define TAGCACHE_PHP_EXT_NESTING_H_

// What arrays and objects hold, checked before they are serialized: serialize() writes a resource
// as the integer 0, and any number of levels, of which unserialize() reads no more than it is set
// to. Both are refused at the write.

#include <cstddef>
#include <string_view>

#include "php-ext/php_tagcache.h"

namespace tagcache::php {

// Levels of arrays and objects that a value may have. unserialize() reads as many by default, and
// its stack is made for them.
inline constexpr size_t kMaxNesting = 4096;

enum class Nesting { kFine, kResource, kTooDeep };

// What a value holds. `held` has the arrays behind references that were visited: user code that
// assigns such a reference must not free the array that is being serialized. It is request memory,
// released with ReleaseHeld after the value was serialized.
struct NestingReport {
  Nesting nesting;
  bool has_objects;
  HashTable* held;
};

// Visits arrays, references, and the properties of objects whose serialized form is their
// properties. What a class makes of itself (__serialize, __sleep, Serializable) is not known before
// it is called. Runs no user code.
NestingReport InspectNesting(zval* value);
void ReleaseHeld(NestingReport* report);

// Whether serialize()'s form has at most kMaxNesting levels, whatever made it.
bool FitsNesting(std::string_view serialized);

}  // namespace tagcache::php

#endif  // TAGCACHE_PHP_EXT_NESTING_H_
