#include "php-ext/arguments.h"

#include <algorithm>
#include <charconv>

extern "C" {
#include "zend_enum.h"
#include "zend_interfaces.h"
}

namespace tagcache::php {
namespace {

bool IsBackedEnum(const zend_object* object) {
  return (object->ce->ce_flags & ZEND_ACC_ENUM) != 0 && object->ce->enum_backing_type != IS_UNDEF;
}

// What a key or tag is, as a string or an integer: a copy in *name. false where it is neither of
// the types; an exception may be thrown as well, by a __toString. May run user code.
bool CopyName(zval* value, zval* name) {
  ZVAL_DEREF(value);
  if (Z_TYPE_P(value) == IS_STRING || Z_TYPE_P(value) == IS_LONG) {
    ZVAL_COPY(name, value);
    return true;
  }
  if (Z_TYPE_P(value) != IS_OBJECT) return false;
  if (IsBackedEnum(Z_OBJ_P(value))) {
    ZVAL_COPY(name, zend_enum_fetch_case_value(Z_OBJ_P(value)));
    return true;
  }
  if (!instanceof_function(Z_OBJCE_P(value), zend_ce_stringable)) return false;
  zval object;
  ZVAL_COPY(&object, value);  // its __toString may drop the last reference to it
  zend_string* string = zval_try_get_string(&object);
  zval_ptr_dtor(&object);
  if (string == nullptr) return false;
  ZVAL_STR(name, string);
  return true;
}

bool RefuseElement(uint32_t argument, size_t position, zval* element) {
  if (EG(exception)) return false;
  zend_argument_type_error(
      argument,
      "must hold strings, integers, Stringables and backed enums only, %s given at position %zu",
      zend_zval_type_name(element), position);
  return false;
}

// false with an exception thrown for an element that is no key; *objects: whether there are any
// that have to be converted first.
bool CheckNames(HashTable* array, uint32_t argument, bool* objects) {
  size_t position = 0;
  zval* element;
  ZEND_HASH_FOREACH_VAL(array, element) {
    ZVAL_DEREF(element);
    if (Z_TYPE_P(element) == IS_OBJECT) {
      *objects = true;
    } else if (Z_TYPE_P(element) != IS_STRING && Z_TYPE_P(element) != IS_LONG) {
      return RefuseElement(argument, position, element);
    }
    ++position;
  }
  ZEND_HASH_FOREACH_END();
  return true;
}

}  // namespace

std::string_view FormatInteger(zend_long number, char* digits) {
  const auto end = std::to_chars(digits, digits + MAX_LENGTH_OF_LONG, number).ptr;
  return {digits, static_cast<size_t>(end - digits)};
}

bool ReadName(zval* value, uint32_t argument, Name* name) {
  name->owned = nullptr;
  zval copy;
  if (!CopyName(value, &copy)) {
    ZVAL_DEREF(value);
    if (!EG(exception)) {
      zend_argument_type_error(argument, "must be of type string, %s given",
                               zend_zval_type_name(value));
    }
    return false;
  }
  if (Z_TYPE(copy) == IS_LONG) {
    name->view = FormatInteger(Z_LVAL(copy), name->digits);
    return true;
  }
  name->owned = Z_STR(copy);
  name->view = ViewOf(name->owned);
  return true;
}

void Release(Name* name) {
  if (name->owned != nullptr) zend_string_release(name->owned);
  name->owned = nullptr;
}

HashTable* ReadNames(HashTable* array, uint32_t argument, HashTable** made) {
  *made = nullptr;
  bool objects = false;
  if (!CheckNames(array, argument, &objects)) return nullptr;
  if (!objects) return array;
  HashTable* names = zend_new_array(zend_hash_num_elements(array));
  zend_hash_real_init_packed(names);
  zval* element;
  ZEND_HASH_FOREACH_VAL(array, element) {
    zval name;
    if (!CopyName(element, &name)) {
      ZVAL_DEREF(element);
      RefuseElement(argument, zend_hash_num_elements(names), element);
      zend_array_destroy(names);
      return nullptr;
    }
    zend_hash_next_index_insert_new(names, &name);
  }
  ZEND_HASH_FOREACH_END();
  *made = names;
  return names;
}

void ReleaseNames(HashTable* made) {
  if (made != nullptr) zend_array_destroy(made);
}

bool ReadStrings(HashTable* array, uint32_t argument, StringList* list) {
  *list = {nullptr, nullptr, nullptr, 0};
  if (array == nullptr || zend_hash_num_elements(array) == 0) return true;
  array = ReadNames(array, argument, &list->made);
  if (array == nullptr) return false;
  const size_t size = zend_hash_num_elements(array);
  list->views = static_cast<std::string_view*>(safe_emalloc(size, sizeof(std::string_view), 0));
  zval* element;
  ZEND_HASH_FOREACH_VAL(array, element) {
    ZVAL_DEREF(element);
    if (Z_TYPE_P(element) == IS_STRING) {
      list->views[list->count] = ViewOf(Z_STR_P(element));
    } else {
      if (list->digits == nullptr) {
        list->digits = static_cast<char*>(safe_emalloc(size, MAX_LENGTH_OF_LONG, 0));
      }
      list->views[list->count] =
          FormatInteger(Z_LVAL_P(element), list->digits + list->count * MAX_LENGTH_OF_LONG);
    }
    ++list->count;
  }
  ZEND_HASH_FOREACH_END();
  return true;
}

void Release(StringList* list) {
  if (list->views != nullptr) efree(list->views);
  if (list->digits != nullptr) efree(list->digits);
  ReleaseNames(list->made);
  *list = {nullptr, nullptr, nullptr, 0};
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
