#ifndef TAGCACHE_PHP_EXT_ARGUMENTS_H_
#define TAGCACHE_PHP_EXT_ARGUMENTS_H_

// What PHP values mean as arguments: keys and tags, alone and in lists, and TTLs. A key or a tag is
// the same everywhere: a string, an integer (its decimal text), a Stringable, or a backed enum (its
// value).
// Everything here is plain memory of the request, so that a long jump leaks nothing.

#include <cstddef>
#include <span>
#include <string_view>

#include "php-ext/php_tagcache.h"
#include "tagcache/client.h"

namespace tagcache::php {

// One key or tag. `view` points into `owned` or into `digits`, so a Name must not be moved.
struct Name {
  std::string_view view;
  zend_string* owned;
  char digits[MAX_LENGTH_OF_LONG + 1];
};

// false with an exception thrown: the value is no key, or its __toString threw. `argument` is its
// position in the function's list. May run user code.
bool ReadName(zval* value, uint32_t argument, Name* name);
void Release(Name* name);

// The keys or tags of an array as strings and integers: the array itself, or, if it holds objects,
// a new array that *made points to; the caller releases it with ReleaseNames. nullptr with an
// exception thrown. May run user code.
HashTable* ReadNames(HashTable* array, uint32_t argument, HashTable** made);
void ReleaseNames(HashTable* made);

// Tags of an array as bytes. Views point into the array's strings, into those of `made`, or into
// `digits`; the array must live as long. Freed with Release.
struct StringList {
  std::string_view* views;
  char* digits;
  HashTable* made;
  size_t count;
  std::span<const std::string_view> span() const { return {views, count}; }
};

// `array` may be null: an empty list. Errors as ReadNames. May run user code; afterwards no user
// code may run while the list is in use, for it may change strings that the array holds by
// reference.
bool ReadStrings(HashTable* array, uint32_t argument, StringList* list);
void Release(StringList* list);

// null: the configured default; 0: never expires. false with a ValueError thrown when negative.
// `argument` is its position in the function's list.
bool ReadTtl(zend_long ttl_ms, bool is_null, uint32_t argument, Ttl* ttl);

// The text of an integer, in `digits`.
std::string_view FormatInteger(zend_long number, char* digits);

inline std::string_view ViewOf(const zend_string* string) {
  return {ZSTR_VAL(string), ZSTR_LEN(string)};
}

// The elements of an array, one after the other. REQUIRES: the array does not change.
class ArrayWalk {
 public:
  explicit ArrayWalk(HashTable* array) : array_(array) {
    // A packed array is a row of zvals, others (and before PHP 8.2 all) are rows of buckets.
    stride_ = sizeof(Bucket);
    at_ = reinterpret_cast<char*>(array->arData);
#if PHP_VERSION_ID >= 80200
    if (HT_IS_PACKED(array)) {
      stride_ = sizeof(zval);
      at_ = reinterpret_cast<char*>(array->arPacked);
    }
#endif
    end_ = at_ + stride_ * array->nNumUsed;
    SkipHoles();
  }
  // The element, behind a reference too; nullptr after the last one.
  zval* element() const {
    if (at_ == end_) return nullptr;
    return UNEXPECTED(Z_ISREF_P(place())) ? Z_REFVAL_P(place()) : place();
  }
  // The key of the element: *name, or *index where *name is nullptr. REQUIRES: element() is one.
  void ReadKey(zend_string** name, zend_ulong* index) const {
    *name = nullptr;
#if PHP_VERSION_ID >= 80200
    if (HT_IS_PACKED(array_)) {
      *index = static_cast<zend_ulong>(place() - array_->arPacked);
      return;
    }
#endif
    const auto* bucket = reinterpret_cast<const Bucket*>(at_);
    *name = bucket->key;
    *index = bucket->h;
  }
  void Forward() {
    at_ += stride_;
    SkipHoles();
  }

 private:
  static_assert(offsetof(Bucket, val) == 0);
  zval* place() const { return reinterpret_cast<zval*>(at_); }
  void SkipHoles() {
    while (at_ != end_ && UNEXPECTED(Z_ISUNDEF_P(place()))) at_ += stride_;
  }

  HashTable* array_;
  char* at_;
  char* end_;
  size_t stride_;
};

// The keys of an array, read in place. REQUIRES: ReadNames returned it, and it does not change.
class ArrayKeys final : public KeySource {
 public:
  explicit ArrayKeys(HashTable* keys) : keys_(keys), walk_(keys) {}
  size_t size() const override { return zend_hash_num_elements(keys_); }
  size_t Next(std::span<std::string_view> keys) override;

 private:
  static constexpr size_t kAtOnce = 64;

  HashTable* keys_;
  ArrayWalk walk_;
  char digits_[kAtOnce][MAX_LENGTH_OF_LONG + 1];
};

}  // namespace tagcache::php

#endif  // TAGCACHE_PHP_EXT_ARGUMENTS_H_
