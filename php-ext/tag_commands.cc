// Commands on tags.

#include "php-ext/arguments.h"
#include "php-ext/client_object.h"
#include "php-ext/exceptions.h"
#include "php-ext/functions.h"
#include "php-ext/value.h"

namespace tagcache::php {
namespace {

// One page of keys into ThisCall().page.
bool NextPage(Client& client, const StringList& tags, bool by_tag, TagMode mode, uint64_t cursor,
              uint32_t limit) {
  if (by_tag) {
    return Keep(client.KeysByTag(tags.views[0], cursor, limit, ThisCallOptions()),
                &ThisCall().page);
  }
  return Keep(client.Search(tags.span(), mode, cursor, limit, ThisCallOptions()), &ThisCall().page);
}

// Reads page after page until the last one, or until there are `limit` keys. false:
// ThisCall().status has the reason.
bool CollectPages(const Handle& handle, const StringList& tags, bool by_tag, TagMode mode,
                  zend_long limit, zval* out) {
  uint64_t cursor = 0;
  zend_long left = limit;
  do {
    // On the text protocol all keys come at once.
    const auto page = handle.text ? 0 : static_cast<uint32_t>(MIN(left, UINT32_MAX));
    if (!NextPage(*handle.client, tags, by_tag, mode, cursor, page)) return false;
    for (const std::string& key : ThisCall().page.keys) {
      if (!CheckMemory(0)) {
        ThisCall().status =
            Status(ErrorCode::kNoMemory, std::string(OperationName()) + " on " + handle.servers +
                                             ": " + ThisCall().status.message());
        return false;
      }
      add_next_index_stringl(out, key.data(), key.size());
      if (limit > 0 && --left == 0) return true;
    }
    cursor = ThisCall().page.cursor;
  } while (cursor != 0);
  return true;
}

void CollectKeys(ClientObject* self, const StringList& tags, bool by_tag, TagMode mode,
                 zend_long limit, zval* out) {
  array_init(out);
  if (CollectPages(*self->handle, tags, by_tag, mode, limit, out)) return;
  zend_array_destroy(Z_ARRVAL_P(out));
  ZVAL_EMPTY_ARRAY(out);
  FailCall(self);
}

bool CheckLimit(zend_long limit, bool is_null, uint32_t argument) {
  if (is_null || limit > 0) return true;
  zend_argument_value_error(argument, "must be greater than 0");
  return false;
}

void Search(INTERNAL_FUNCTION_PARAMETERS, TagMode mode) {
  zval* self_zval;
  HashTable* tags;
  zend_long limit = 0;
  bool limit_null = true;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(2))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_ARRAY_HT(tags)
  Z_PARAM_OPTIONAL
  Z_PARAM_LONG_OR_NULL(limit, limit_null)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  StringList list;
  if (self == nullptr || !CheckLimit(limit, limit_null, TAGCACHE_ARGUMENTS(2)) ||
      !ReadStrings(tags, TAGCACHE_ARGUMENTS(1), &list)) {
    RETURN_THROWS();
  }
  // No entry has one of no tags.
  if (list.count == 0) RETURN_EMPTY_ARRAY();
  CollectKeys(self, list, false, mode, limit, return_value);
  Release(&list);
}

}  // namespace
}  // namespace tagcache::php

using namespace tagcache::php;  // NOLINT: the functions below have C names of their own

ZEND_FUNCTION(tagcache_invalidate_tag) {
  zval* self_zval;
  zval* tag;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(1))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_ZVAL(tag)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  Name name;
  if (self == nullptr || !ReadName(tag, TAGCACHE_ARGUMENTS(1), &name)) RETURN_THROWS();
  uint64_t count = 0;
  const bool ok = Keep(self->handle->client->InvalidateTag(name.view, ThisCallOptions()), &count);
  Release(&name);
  if (!ok) FailCall(self);
  RETURN_LONG(static_cast<zend_long>(count));
}

ZEND_FUNCTION(tagcache_invalidate_tags) {
  zval* self_zval;
  HashTable* tags;
  zend_string* mode = nullptr;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(2))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_ARRAY_HT(tags)
  Z_PARAM_OPTIONAL
  Z_PARAM_STR(mode)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  if (self == nullptr) RETURN_THROWS();
  const bool all = mode != nullptr && zend_string_equals_literal(mode, "all");
  if (mode != nullptr && !all && !zend_string_equals_literal(mode, "any")) {
    zend_argument_value_error(TAGCACHE_ARGUMENTS(2), "must be \"any\" or \"all\"");
    RETURN_THROWS();
  }
  StringList list;
  if (!ReadStrings(tags, TAGCACHE_ARGUMENTS(1), &list)) RETURN_THROWS();
  if (list.count == 0) RETURN_LONG(0);
  const auto match = all ? tagcache::TagMode::kAll : tagcache::TagMode::kAny;
  uint64_t count = 0;
  const bool ok =
      Keep(self->handle->client->InvalidateTags(list.span(), match, ThisCallOptions()), &count);
  Release(&list);
  if (!ok) FailCall(self);
  RETURN_LONG(static_cast<zend_long>(count));
}

ZEND_FUNCTION(tagcache_keys_by_tag) {
  zval* self_zval;
  zval* tag;
  zend_long limit = 0;
  bool limit_null = true;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(2))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_ZVAL(tag)
  Z_PARAM_OPTIONAL
  Z_PARAM_LONG_OR_NULL(limit, limit_null)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  Name name;
  if (self == nullptr || !CheckLimit(limit, limit_null, TAGCACHE_ARGUMENTS(2)) ||
      !ReadName(tag, TAGCACHE_ARGUMENTS(1), &name)) {
    RETURN_THROWS();
  }
  CollectKeys(self, {&name.view, nullptr, nullptr, 1}, true, tagcache::TagMode::kAny, limit,
              return_value);
  Release(&name);
}

ZEND_FUNCTION(tagcache_search_any) {
  Search(INTERNAL_FUNCTION_PARAM_PASSTHRU, tagcache::TagMode::kAny);
}
ZEND_FUNCTION(tagcache_search_all) {
  Search(INTERNAL_FUNCTION_PARAM_PASSTHRU, tagcache::TagMode::kAll);
}
