// Commands on one key.

#include "php-ext/arguments.h"
#include "php-ext/client_object.h"
#include "php-ext/exceptions.h"
#include "php-ext/functions.h"
#include "php-ext/value.h"

namespace tagcache::php {

bool FinishDecode(ClientObject* self, std::string_view key, Decoded decoded, zval* value) {
  if (decoded == Decoded::kValue) return true;
  if (decoded == Decoded::kPacked && Unpack(value, self->handle->text)) return true;
  if (EG(exception)) return false;
  Status& status = ThisCall().status;
  status = Status(status.code(), std::string(OperationName()) + " '" + ShownKey(key) + "' on " +
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
      return Keep(client.Put(key, value, options, ThisCallOptions()));
    case WriteKind::kAdd:
      return Keep(client.Add(key, value, options, ThisCallOptions()), stored);
    case WriteKind::kReplace:
      return Keep(client.Replace(key, value, options, ThisCallOptions()), stored);
  }
  return false;
}

// What a write is made of, from its arguments; plain memory.
struct WriteArguments {
  Name key;
  Prepared value;
  StringList tags;
};

// false with an exception thrown. Runs user code; the tags are read last, for it may change them.
// `key_argument` is the key's position in the function's list.
bool ReadWrite(zval* key, uint32_t key_argument, zval* value, HashTable* tags,
               WriteArguments* write) {
  if (!ReadName(key, key_argument, &write->key)) return false;
  if (!Prepare(value, write->key.view, &write->value)) {
    Release(&write->key);
    return false;
  }
  if (ReadStrings(tags, key_argument + 2, &write->tags)) return true;
  Release(&write->value);
  Release(&write->key);
  return false;
}

void Release(WriteArguments* write) {
  Release(&write->tags);
  Release(&write->value);
  Release(&write->key);
}

void WriteOne(INTERNAL_FUNCTION_PARAMETERS, WriteKind kind) {
  zval* self_zval;
  zval* key;
  zval* value;
  HashTable* tags = nullptr;
  zend_long ttl_ms = 0;
  bool ttl_null = true;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(2), TAGCACHE_ARGUMENTS(4))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_ZVAL(key)
  Z_PARAM_ZVAL(value)
  Z_PARAM_OPTIONAL
  Z_PARAM_ARRAY_HT_OR_NULL(tags)
  Z_PARAM_LONG_OR_NULL(ttl_ms, ttl_null)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  if (self == nullptr) RETURN_THROWS();
  WriteOptions options;
  WriteArguments write;
  if (!ReadTtl(ttl_ms, ttl_null, TAGCACHE_ARGUMENTS(4), &options.ttl) ||
      !ReadWrite(key, TAGCACHE_ARGUMENTS(1), value, tags, &write)) {
    RETURN_THROWS();
  }
  Encoded encoded;
  Encode(&write.value.value, write.value.serialized, self->handle->text, &encoded);
  options.tags = write.tags.span();
  bool stored = false;
  const bool ok =
      Store(*self->handle->client, kind, write.key.view, encoded.view, options, &stored);
  Release(&encoded);
  Release(&write);
  if (!ok) {
    FailCall(self);
    RETURN_FALSE;
  }
  RETURN_BOOL(stored);
}

void Step(INTERNAL_FUNCTION_PARAMETERS,
          Result<int64_t> (Client::*step)(std::string_view, const IncrementOptions&, CallOptions)) {
  zval* self_zval;
  zval* key;
  zend_long by = 1;
  zend_long initial = 0;
  bool initial_null = true;
  HashTable* tags = nullptr;
  zend_long ttl_ms = 0;
  bool ttl_null = true;
  bool touch = false;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(6))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_ZVAL(key)
  Z_PARAM_OPTIONAL
  Z_PARAM_LONG(by)
  Z_PARAM_LONG_OR_NULL(initial, initial_null)
  Z_PARAM_ARRAY_HT_OR_NULL(tags)
  Z_PARAM_LONG_OR_NULL(ttl_ms, ttl_null)
  Z_PARAM_BOOL(touch)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  if (self == nullptr) RETURN_THROWS();
  IncrementOptions options;
  options.by = by;
  if (!initial_null) options.initial = initial;
  options.touch = touch;
  Name name;
  StringList list;
  Ttl ttl;
  if (!ReadTtl(ttl_ms, ttl_null, TAGCACHE_ARGUMENTS(5), &ttl) ||
      !ReadName(key, TAGCACHE_ARGUMENTS(1), &name)) {
    RETURN_THROWS();
  }
  if (!ReadStrings(tags, TAGCACHE_ARGUMENTS(4), &list)) {
    Release(&name);
    RETURN_THROWS();
  }
  if (!ttl_null) options.ttl = ttl;
  if (tags != nullptr) options.tags = list.span();
  int64_t number = 0;
  const bool ok =
      Keep((self->handle->client.get()->*step)(name.view, options, ThisCallOptions()), &number);
  Release(&list);
  Release(&name);
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
  zval* key;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(1))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_ZVAL(key)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  Name name;
  if (self == nullptr || !ReadName(key, TAGCACHE_ARGUMENTS(1), &name)) RETURN_THROWS();
  bool yes = false;
  const bool ok = Keep((self->handle->client.get()->*ask)(name.view, ThisCallOptions()), &yes);
  Release(&name);
  if (!ok) FailCall(self);
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

// The value of a key. false: a miss, or the call has failed; *value is then null.
bool ReadOne(ClientObject* self, std::string_view key, zval* value) {
  Stream& stream = ThisCall().stream;
  StreamItem item;
  bool more = false;
  Decoded decoded = Decoded::kValue;
  bool ok = Keep(self->handle->client->StartGet(stream, key, ThisCallOptions())) &&
            Keep(stream.Next(&item), &more);
  const bool found = ok && more && item.found;
  if (found) decoded = Decode(item.value, self->handle->text, value);
  // The stream ends, and its connection is free, before user code may run.
  if (ok && more) {
    StreamItem none;
    ok = Keep(stream.Next(&none), &more);
  }
  if (!ok) {
    if (found && decoded != Decoded::kBad) zval_ptr_dtor(value);
    FailCall(self);
  } else if (found && FinishDecode(self, key, decoded, value)) {
    return true;
  }
  ZVAL_NULL(value);
  return false;
}

}  // namespace
}  // namespace tagcache::php

using namespace tagcache::php;  // NOLINT: the functions below have C names of their own

ZEND_FUNCTION(tagcache_get) {
  zval* self_zval;
  zval* key;
  zval* fallback = nullptr;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(2))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_ZVAL(key)
  Z_PARAM_OPTIONAL
  Z_PARAM_ZVAL(fallback)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  Name name;
  if (self == nullptr || !ReadName(key, TAGCACHE_ARGUMENTS(1), &name)) RETURN_THROWS();
  const bool found = ReadOne(self, name.view, return_value);
  Release(&name);
  if (EG(exception)) RETURN_THROWS();
  if (!found && fallback != nullptr) RETURN_COPY_DEREF(fallback);
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
  zval* key;
  zend_long ttl_ms = 0;
  bool ttl_null = true;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(2))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_ZVAL(key)
  Z_PARAM_OPTIONAL
  Z_PARAM_LONG_OR_NULL(ttl_ms, ttl_null)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  tagcache::Ttl ttl;
  Name name;
  if (self == nullptr || !ReadTtl(ttl_ms, ttl_null, TAGCACHE_ARGUMENTS(2), &ttl) ||
      !ReadName(key, TAGCACHE_ARGUMENTS(1), &name)) {
    RETURN_THROWS();
  }
  bool there = false;
  const bool ok = Keep(self->handle->client->Touch(name.view, ttl, ThisCallOptions()), &there);
  Release(&name);
  if (!ok) FailCall(self);
  RETURN_BOOL(there);
}

ZEND_FUNCTION(tagcache_meta) {
  zval* self_zval;
  zval* key;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(1))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_ZVAL(key)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  Name name;
  if (self == nullptr || !ReadName(key, TAGCACHE_ARGUMENTS(1), &name)) RETURN_THROWS();
  const bool ok =
      Keep(self->handle->client->GetMeta(name.view, ThisCallOptions()), &ThisCall().meta);
  Release(&name);
  if (!ok) {
    FailCall(self);
    RETURN_NULL();
  }
  if (ThisCall().meta) MetaToArray(*ThisCall().meta, return_value);
}
