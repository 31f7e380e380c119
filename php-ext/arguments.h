#ifndef TAGCACHE_PHP_EXT_ARGUMENTS_H_
#define TAGCACHE_PHP_EXT_ARGUMENTS_H_

// What PHP arrays and nullable integers mean as arguments: lists of tags, lists of keys, TTLs.
// Everything here is plain memory of the request, so that a long jump leaks nothing.

#include <cstddef>
#include <span>
#include <string_view>

#include "php-ext/php_tagcache.h"
#include "tagcache/client.h"

namespace tagcache::php {

// Strings and integers of an array as bytes. Views point into the array's strings, or into
// `digits`; the array must live as long. Freed with Release.
struct StringList {
  std::string_view* views;
  char* digits;
  size_t count;
  std::span<const std::string_view> span() const { return {views, count}; }
};

// `array` may be null: an empty list. false with a TypeError thrown for an element that is neither
// string nor int; `argument` is its position in the function's list. REQUIRES: no user code runs
// while the list is in use, for it may change strings that the array holds by reference.
bool ReadStrings(HashTable* array, uint32_t argument, StringList* list);
void Release(StringList* list);

// false with a TypeError thrown when an element is neither string nor int.
bool CheckKeys(HashTable* keys, uint32_t argument);

// null: the configured default; 0: never expires. false with a ValueError thrown when negative.
// `argument` is its position in the function's list.
bool ReadTtl(zend_long ttl_ms, bool is_null, uint32_t argument, Ttl* ttl);

inline std::string_view ViewOf(const zend_string* string) {
  return {ZSTR_VAL(string), ZSTR_LEN(string)};
}

// The elements of an array, one after the other. REQUIRES: the array does not change.
class ArrayWalk {
 public:
  explicit ArrayWalk(HashTable* array) {
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

  char* at_;
  char* end_;
  size_t stride_;
};

// The keys of an array, read in place. REQUIRES: CheckKeys, and the array does not change.
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
