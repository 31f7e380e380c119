#include "php-ext/arguments.h"

#include <algorithm>
#include <charconv>

namespace tagcache::php {
namespace {

std::string_view FormatInteger(zend_long number, char* digits) {
  const auto end = std::to_chars(digits, digits + MAX_LENGTH_OF_LONG, number).ptr;
  return {digits, static_cast<size_t>(end - digits)};
}

bool RefuseElement(uint32_t argument, size_t position, zval* element) {
  zend_argument_type_error(argument,
                           "must hold strings and integers only, %s given at position %zu",
                           zend_zval_type_name(element), position);
  return false;
}

}  // namespace

bool ReadStrings(HashTable* array, uint32_t argument, StringList* list) {
  *list = {nullptr, nullptr, 0};
  if (array == nullptr || zend_hash_num_elements(array) == 0) return true;
  const size_t size = zend_hash_num_elements(array);
  list->views = static_cast<std::string_view*>(safe_emalloc(size, sizeof(std::string_view), 0));
  zval* element;
  ZEND_HASH_FOREACH_VAL(array, element) {
    ZVAL_DEREF(element);
    if (Z_TYPE_P(element) == IS_STRING) {
      list->views[list->count] = ViewOf(Z_STR_P(element));
    } else if (Z_TYPE_P(element) == IS_LONG) {
      if (list->digits == nullptr) {
        list->digits = static_cast<char*>(safe_emalloc(size, MAX_LENGTH_OF_LONG, 0));
      }
      list->views[list->count] =
          FormatInteger(Z_LVAL_P(element), list->digits + list->count * MAX_LENGTH_OF_LONG);
    } else {
      RefuseElement(argument, list->count, element);
      Release(list);
      return false;
    }
    ++list->count;
  }
  ZEND_HASH_FOREACH_END();
  return true;
}

void Release(StringList* list) {
  if (list->views != nullptr) efree(list->views);
  if (list->digits != nullptr) efree(list->digits);
  *list = {nullptr, nullptr, 0};
}

bool CheckKeys(HashTable* keys, uint32_t argument) {
  size_t position = 0;
  zval* element;
  ZEND_HASH_FOREACH_VAL(keys, element) {
    ZVAL_DEREF(element);
    if (Z_TYPE_P(element) != IS_STRING && Z_TYPE_P(element) != IS_LONG) {
      return RefuseElement(argument, position, element);
    }
    ++position;
  }
  ZEND_HASH_FOREACH_END();
  return true;
}

bool ReadTtl(zend_long ttl_ms, bool is_null, uint32_t argument, Ttl* ttl) {
  if (!is_null && ttl_ms < 0) {
    zend_argument_value_error(argument, "must be greater than or equal to 0");
    return false;
  }
  *ttl = is_null ? kDefaultTtl : Ttl(ttl_ms);
  return true;
}

size_t ArrayKeys::Next(std::span<std::string_view> keys) {
  const size_t most = std::min(keys.size(), kAtOnce);
  size_t count = 0;
  ArrayWalk walk = walk_;  // a copy stays in registers
  for (; count < most; ++count, walk.Forward()) {
    zval* const element = walk.element();
    if (element == nullptr) break;
    keys[count] = Z_TYPE_P(element) == IS_STRING ? ViewOf(Z_STR_P(element))
                                                 : FormatInteger(Z_LVAL_P(element), digits_[count]);
  }
  walk_ = walk;
  return count;
}

}  // namespace tagcache::php
