#include "php-ext/nesting.h"

#include <charconv>

namespace tagcache::php {
namespace {

bool HasOwnForm(const zend_class_entry* ce) {
  return ce->__serialize != nullptr || ce->serialize != nullptr ||
         (ce->ce_flags & (ZEND_ACC_ENUM | ZEND_ACC_NOT_SERIALIZABLE)) != 0 ||
         zend_hash_str_exists(&ce->function_table, "__sleep", sizeof("__sleep") - 1);
}

class Inspector {
 public:
  explicit Inspector(NestingReport* report) : report_(*report) {}

  // false: the report has the reason.
  bool Visit(zval* value, size_t level) {
    switch (Z_TYPE_P(value)) {
      case IS_RESOURCE:
        report_.nesting = Nesting::kResource;
        return false;
      case IS_REFERENCE:
        return VisitOnce(Z_REF_P(value), Z_REFVAL_P(value)) || Visit(Z_REFVAL_P(value), level);
      case IS_ARRAY:
        return VisitElements(Z_ARRVAL_P(value), level + 1);
      case IS_OBJECT:
        report_.has_objects = true;
        return VisitOnce(Z_OBJ_P(value), value) || VisitObject(Z_OBJ_P(value), level + 1);
      default:
        return true;
    }
  }

 private:
  // true: it was visited before. A cycle goes through an object or a reference, and serialize()
  // writes both only once.
  bool VisitOnce(const void* address, zval* content) {
    if (report_.held == nullptr) {
      report_.held = static_cast<HashTable*>(emalloc(sizeof(HashTable)));
      zend_hash_init(report_.held, 8, nullptr, ZVAL_PTR_DTOR, false);
    }
    if (zend_hash_index_add(report_.held, reinterpret_cast<zend_ulong>(address), content) ==
        nullptr) {
      return true;
    }
    Z_TRY_ADDREF_P(content);
    return false;
  }

  bool VisitElements(HashTable* elements, size_t level) {
    if (level > kMaxNesting) {
      report_.nesting = Nesting::kTooDeep;
      return false;
    }
    zval* element;
    ZEND_HASH_FOREACH_VAL_IND(elements, element) {
      if (!Visit(element, level)) return false;
    }
    ZEND_HASH_FOREACH_END();
    return true;
  }

  bool VisitObject(zend_object* object, size_t level) {
    if (HasOwnForm(object->ce)) return true;
    zval value;
    ZVAL_OBJ(&value, object);
    HashTable* properties = zend_get_properties_for(&value, ZEND_PROP_PURPOSE_SERIALIZE);
    if (properties == nullptr) return true;
    const bool fine = VisitElements(properties, level);
    zend_release_properties(properties);
    return fine;
  }

  NestingReport& report_;
};

// The number at the start of the text, and what is behind it and the ':' that ends it.
size_t TakeLength(std::string_view* text) {
  size_t length = 0;
  const auto end = std::from_chars(text->data(), text->data() + text->size(), length).ptr;
  const auto taken = static_cast<size_t>(end - text->data()) + 1;
  text->remove_prefix(taken < text->size() ? taken : text->size());
  return length;
}

void Skip(std::string_view* text, size_t bytes) {
  text->remove_prefix(bytes < text->size() ? bytes : text->size());
}

}  // namespace

NestingReport InspectNesting(zval* value) {
  NestingReport report = {Nesting::kFine, false, nullptr};
  Inspector(&report).Visit(value, 0);
  return report;
}

void ReleaseHeld(NestingReport* report) {
  if (report->held == nullptr) return;
  zend_hash_destroy(report->held);
  efree(report->held);
  report->held = nullptr;
}

// Each element begins with its letter: s, C, O and E have a length and so many bytes in quotes (C a
// second length and bytes in braces); a and O end with a brace that opens a level.
bool FitsNesting(std::string_view text) {
  size_t level = 0;
  while (!text.empty()) {
    const char letter = text[0];
    if (letter == '}') {
      --level;
      text.remove_prefix(1);
      continue;
    }
    Skip(&text, 2);
    if (letter == 's' || letter == 'E' || letter == 'O' || letter == 'C') {
      const size_t length = TakeLength(&text);
      Skip(&text, length + 3);  // quotes, and the ';' or ':'
    }
    if (letter == 'C') {
      const size_t length = TakeLength(&text);
      Skip(&text, length + 2);  // braces
    } else if (letter == 'a' || letter == 'O') {
      TakeLength(&text);
      Skip(&text, 1);
      if (++level > kMaxNesting) return false;
    } else if (letter != 's' && letter != 'E') {
      const size_t end = text.find(';');
      Skip(&text, letter == 'N' ? 0 : end == text.npos ? text.size() : end + 1);
    }
  }
  return true;
}

}  // namespace tagcache::php
