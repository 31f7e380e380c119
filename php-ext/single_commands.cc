// Commands on one key.

#include "php-ext/arguments.h"
#include "php-ext/client_object.h"
#include "php-ext/exceptions.h"
#include "php-ext/functions.h"
#include "php-ext/value.h"

namespace tagcache::php {

bool FinishDecode(ClientObject* self, const char* operation, std::string_view key, Decoded decoded,
                  zval* value) {
  if (decoded == Decoded::kValue) return true;
  if (decoded == Decoded::kPacked && Unpack(value, self->handle->text)) return true;
  if (EG(exception)) return false;
  Status& status = ThisCall().status;
  status = Status(status.code(), std::string(operation) + " '" + ShownKey(key) + "' on " +
                                     self->handle->servers + ": " + status.message());
  FailCall(self);
  return false;
}

namespace {

enum class WriteKind { kPut, kAdd, kReplace };

bool Store(Client& client, WriteKind kind, std::string_view key, const ValueView& value,
           const WriteOptions& options, bool* stored) {
  *stored = true;
  switch (kind) {
    case WriteKind::kPut:
      return Keep(client.Put(key, value, options));
    case WriteKind::kAdd:
      return Keep(client.Add(key, value, options), stored);
    case WriteKind::kReplace:
      return Keep(client.Replace(key, value, options), stored);
  }
  return false;
}

void WriteOne(INTERNAL_FUNCTION_PARAMETERS, WriteKind kind) {
  zval* self_zval;
  zend_string* key;
  zval* value;
  HashTable* tags = nullptr;
  zend_long ttl_ms = 0;
  bool ttl_null = true;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(2), TAGCACHE_ARGUMENTS(4))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_STR(key)
  Z_PARAM_ZVAL(value)
  Z_PARAM_OPTIONAL
  Z_PARAM_ARRAY_HT_OR_NULL(tags)
  Z_PARAM_LONG_OR_NULL(ttl_ms, ttl_null)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  if (self == nullptr) RETURN_THROWS();
  WriteOptions options;
  StringList list;
  Encoded encoded;
  if (!ReadTtl(ttl_ms, ttl_null, TAGCACHE_ARGUMENTS(4), &options.ttl) ||
      !Encode(value, self->handle->text, ViewOf(key), &encoded)) {
    RETURN_THROWS();
  }
  // After Encode: it may run user code.
  if (!ReadStrings(tags, TAGCACHE_ARGUMENTS(3), &list)) {
    Release(&encoded);
    RETURN_THROWS();
  }
  options.tags = list.span();
  bool stored = false;
  const bool ok = Store(*self->handle->client, kind, ViewOf(key), encoded.view, options, &stored);
  Release(&encoded);
  Release(&list);
  if (!ok) {
    FailCall(self);
    RETURN_FALSE;
  }
  RETURN_BOOL(stored);
}

void Step(INTERNAL_FUNCTION_PARAMETERS,
          Result<int64_t> (Client::*step)(std::string_view, const IncrementOptions&, CallOptions)) {
  zval* self_zval;
  zend_string* key;
  zend_long by = 1;
  zend_long initial = 0;
  bool initial_null = true;
  HashTable* tags = nullptr;
  zend_long ttl_ms = 0;
  bool ttl_null = true;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(5))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_STR(key)
  Z_PARAM_OPTIONAL
  Z_PARAM_LONG(by)
  Z_PARAM_LONG_OR_NULL(initial, initial_null)
  Z_PARAM_ARRAY_HT_OR_NULL(tags)
  Z_PARAM_LONG_OR_NULL(ttl_ms, ttl_null)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  if (self == nullptr) RETURN_THROWS();
  IncrementOptions options;
  options.by = by;
  if (!initial_null) options.initial = initial;
  StringList list;
  Ttl ttl;
  if (!ReadTtl(ttl_ms, ttl_null, TAGCACHE_ARGUMENTS(5), &ttl) ||
      !ReadStrings(tags, TAGCACHE_ARGUMENTS(4), &list)) {
    RETURN_THROWS();
  }
  if (!ttl_null) options.ttl = ttl;
  if (tags != nullptr) options.tags = list.span();
  int64_t number = 0;
  const bool ok = Keep((self->handle->client.get()->*step)(ViewOf(key), options, {}), &number);
  Release(&list);
  if (!ok) {
    FailCall(self);
    RETURN_LONG(0);
  }
  RETURN_LONG(number);
}

// Commands that take a key and answer yes or no.
void AskKey(INTERNAL_FUNCTION_PARAMETERS,
            Result<bool> (Client::*ask)(std::string_view, CallOptions)) {
  zval* self_zval;
  zend_string* key;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(1))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_STR(key)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  if (self == nullptr) RETURN_THROWS();
  bool yes = false;
  if (!Keep((self->handle->client.get()->*ask)(ViewOf(key), {}), &yes)) FailCall(self);
  RETURN_BOOL(yes);
}

const char* TypeName(uint32_t flags) {
  switch (TypeOf(flags)) {
    case ValueType::kBytes:
      return "string";
    case ValueType::kInteger:
      return "int";
    case ValueType::kFloat:
      return "float";
    case ValueType::kFalse:
    case ValueType::kTrue:
      return "bool";
    case ValueType::kNull:
      return "null";
    case ValueType::kSerialized:
      return "serialized";
  }
  return "unknown";
}

void MetaToArray(const Meta& meta, zval* out) {
  array_init_size(out, 6);
  if (meta.ttl_left) {
    add_assoc_long(out, "ttl_ms", meta.ttl_left->count());
  } else {
    add_assoc_null(out, "ttl_ms");
  }
  add_assoc_long(out, "age_ms", meta.age.count());
  add_assoc_long(out, "size", static_cast<zend_long>(meta.size));
  add_assoc_long(out, "version", static_cast<zend_long>(meta.version));
  add_assoc_string(out, "type", TypeName(meta.flags));
  zval tags;
  array_init_size(&tags, static_cast<uint32_t>(meta.tags.size()));
  for (const std::string& tag : meta.tags) add_next_index_stringl(&tags, tag.data(), tag.size());
  add_assoc_zval(out, "tags", &tags);
}

}  // namespace
}  // namespace tagcache::php

using namespace tagcache::php;  // NOLINT: the functions below have C names of their own

ZEND_FUNCTION(tagcache_get) {
  zval* self_zval;
  zend_string* key;
  zval* fallback = nullptr;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(2))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_STR(key)
  Z_PARAM_OPTIONAL
  Z_PARAM_ZVAL(fallback)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  if (self == nullptr) RETURN_THROWS();
  tagcache::Stream& stream = ThisCall().stream;
  tagcache::StreamItem item;
  bool more = false;
  Decoded decoded = Decoded::kValue;
  bool ok =
      Keep(self->handle->client->StartGet(stream, ViewOf(key))) && Keep(stream.Next(&item), &more);
  const bool found = ok && more && item.found;
  if (found) decoded = Decode(item.value, self->handle->text, return_value);
  // The stream ends, and its connection is free, before user code may run.
  if (ok && more) {
    tagcache::StreamItem none;
    ok = Keep(stream.Next(&none), &more);
  }
  if (!ok) {
    if (found && decoded != Decoded::kBad) zval_ptr_dtor(return_value);
    ZVAL_NULL(return_value);
    FailCall(self);
  } else if (found && !FinishDecode(self, "get", ViewOf(key), decoded, return_value)) {
    ZVAL_NULL(return_value);
    ok = false;
  }
  if (EG(exception)) RETURN_THROWS();
  if ((!ok || !found) && fallback != nullptr) RETURN_COPY_DEREF(fallback);
}

ZEND_FUNCTION(tagcache_put) { WriteOne(INTERNAL_FUNCTION_PARAM_PASSTHRU, WriteKind::kPut); }
ZEND_FUNCTION(tagcache_add) { WriteOne(INTERNAL_FUNCTION_PARAM_PASSTHRU, WriteKind::kAdd); }
ZEND_FUNCTION(tagcache_replace) { WriteOne(INTERNAL_FUNCTION_PARAM_PASSTHRU, WriteKind::kReplace); }
ZEND_FUNCTION(tagcache_delete) {
  AskKey(INTERNAL_FUNCTION_PARAM_PASSTHRU, &tagcache::Client::Delete);
}
ZEND_FUNCTION(tagcache_has) { AskKey(INTERNAL_FUNCTION_PARAM_PASSTHRU, &tagcache::Client::Exists); }
ZEND_FUNCTION(tagcache_increment) {
  Step(INTERNAL_FUNCTION_PARAM_PASSTHRU, &tagcache::Client::Increment);
}
ZEND_FUNCTION(tagcache_decrement) {
  Step(INTERNAL_FUNCTION_PARAM_PASSTHRU, &tagcache::Client::Decrement);
}

ZEND_FUNCTION(tagcache_touch) {
  zval* self_zval;
  zend_string* key;
  zend_long ttl_ms = 0;
  bool ttl_null = true;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(2))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_STR(key)
  Z_PARAM_OPTIONAL
  Z_PARAM_LONG_OR_NULL(ttl_ms, ttl_null)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  tagcache::Ttl ttl;
  if (self == nullptr || !ReadTtl(ttl_ms, ttl_null, TAGCACHE_ARGUMENTS(2), &ttl)) RETURN_THROWS();
  bool there = false;
  if (!Keep(self->handle->client->Touch(ViewOf(key), ttl), &there)) FailCall(self);
  RETURN_BOOL(there);
}

ZEND_FUNCTION(tagcache_meta) {
  zval* self_zval;
  zend_string* key;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(1))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_STR(key)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  if (self == nullptr) RETURN_THROWS();
  if (!Keep(self->handle->client->GetMeta(ViewOf(key)), &ThisCall().meta)) {
    FailCall(self);
    RETURN_NULL();
  }
  if (ThisCall().meta) MetaToArray(*ThisCall().meta, return_value);
}
