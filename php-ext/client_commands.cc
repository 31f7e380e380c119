// The life of a client, and commands on the server as a whole.

#include "php-ext/client_object.h"
#include "php-ext/exceptions.h"
#include "php-ext/functions.h"
#include "php-ext/options.h"

namespace tagcache::php {
namespace {

// Gives an object its client. false with an exception thrown; the object is then as it was.
bool Construct(zval* self_zval, HashTable* array, zend_string* dsn) {
  ClientObject* self = ObjectOf(self_zval);
  if (self == nullptr) return false;
  if (self->handle != nullptr) {
    ThrowUsage("this %s is constructed already", ZSTR_VAL(Z_OBJCE_P(self_zval)->name));
    return false;
  }
  if (!ReadOptions(array, dsn)) return false;
  Handle* handle = AcquireHandle();
  if (handle == nullptr) {
    ThrowUsage("%s", ThisCall().status.message().c_str());
    return false;
  }
  self->handle = handle;
  self->silent = ThisCall().settings.errors == ErrorMode::kSilent;
  return true;
}

// A statistic comes as text; a number becomes one.
void AddStat(zval* array, const std::string& name, const std::string& text) {
  zend_long integer;
  double number;
  zval value;
  switch (is_numeric_string(text.data(), text.size(), &integer, &number, false)) {
    case IS_LONG:
      ZVAL_LONG(&value, integer);
      break;
    case IS_DOUBLE:
      ZVAL_DOUBLE(&value, number);
      break;
    default:
      ZVAL_STRINGL(&value, text.data(), text.size());
  }
  zend_hash_str_update(Z_ARRVAL_P(array), name.data(), name.size(), &value);
}

void AddClientStats(zval* array, const Handle& handle) {
  const PoolStats pool = handle.client->pool_stats();
  const struct {
    const char* name;
    uint64_t value;
  } rows[] = {
      {"connections_opened", pool.connections_opened},
      {"connections_open", pool.connections_open},
      {"connect_failures", pool.connect_failures},
      {"connections_reused", pool.connections_reused},
      {"health_checks", pool.health_checks},
      {"health_check_failures", pool.health_check_failures},
      {"fail_fast", pool.fail_fast},
      {"retries", pool.retries},
      {"timeouts", pool.timeouts},
      {"late_replies", pool.late_replies},
      {"pool_waits", pool.pool_waits},
      {"objects", handle.users},
      {"persistent_clients", State().persistent.size()},
  };
  zval client;
  array_init(&client);
  add_assoc_stringl(&client, "servers", handle.servers.data(), handle.servers.size());
  add_assoc_bool(&client, "persistent", handle.persistent);
  for (const auto& row : rows) add_assoc_long(&client, row.name, static_cast<zend_long>(row.value));
  add_assoc_zval(array, "client", &client);
}

// Begins a call that takes nothing but its object. nullptr with an exception thrown.
ClientObject* BeginPlainCall(INTERNAL_FUNCTION_PARAMETERS) {
  zval* self_zval;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(0), TAGCACHE_ARGUMENTS(0))
  TAGCACHE_PARAM_SELF(self_zval)
  ZEND_PARSE_PARAMETERS_END_EX(return nullptr);
  return BeginCall(self_zval);
}

}  // namespace
}  // namespace tagcache::php

using namespace tagcache::php;  // NOLINT: the functions below have C names of their own

ZEND_METHOD(TagCache, __construct) {
  HashTable* array = nullptr;
  zend_string* dsn = nullptr;
  ZEND_PARSE_PARAMETERS_START(0, 1)
  Z_PARAM_OPTIONAL
  Z_PARAM_ARRAY_HT_OR_STR(array, dsn)
  ZEND_PARSE_PARAMETERS_END();
  Construct(ZEND_THIS, array, dsn);
}

// The function makes a TagCache, the method an object of the class that it was called on. A
// subclass with a constructor of its own is made by that one.
ZEND_FUNCTION(tagcache_create) {
  HashTable* array = nullptr;
  zend_string* dsn = nullptr;
  ZEND_PARSE_PARAMETERS_START(0, 1)
  Z_PARAM_OPTIONAL
  Z_PARAM_ARRAY_HT_OR_STR_OR_NULL(array, dsn)
  ZEND_PARSE_PARAMETERS_END();
  const bool is_method = EX(func)->common.scope != nullptr;
  zend_class_entry* ce = is_method ? zend_get_called_scope(execute_data) : client_ce;
  if (object_init_ex(return_value, ce) != SUCCESS) RETURN_THROWS();
  zend_function* constructor = Z_OBJ_HT_P(return_value)->get_constructor(Z_OBJ_P(return_value));
  if (constructor != nullptr && constructor->type == ZEND_USER_FUNCTION) {
    const uint32_t given = array != nullptr || dsn != nullptr ? 1 : 0;
    zend_call_known_function(constructor, Z_OBJ_P(return_value), ce, nullptr, given,
                             ZEND_CALL_ARG(execute_data, 1), nullptr);
    if (!EG(exception)) return;
  } else if (!EG(exception) && Construct(return_value, array, dsn)) {
    return;
  }
  zval_ptr_dtor(return_value);
  ZVAL_NULL(return_value);
}

ZEND_FUNCTION(tagcache_stats) {
  ClientObject* self = BeginPlainCall(INTERNAL_FUNCTION_PARAM_PASSTHRU);
  if (self == nullptr) RETURN_THROWS();
  array_init(return_value);
  if (Keep(self->handle->client->Stats(ThisCallOptions()), &ThisCall().stats)) {
    for (const auto& [name, text] : ThisCall().stats) AddStat(return_value, name, text);
  } else {
    FailCall(self);
  }
  AddClientStats(return_value, *self->handle);
}

ZEND_FUNCTION(tagcache_flush) {
  ClientObject* self = BeginPlainCall(INTERNAL_FUNCTION_PARAM_PASSTHRU);
  if (self == nullptr) RETURN_THROWS();
  uint64_t count = 0;
  if (!Keep(self->handle->client->Flush(ThisCallOptions()), &count)) FailCall(self);
  RETURN_LONG(static_cast<zend_long>(count));
}

ZEND_FUNCTION(tagcache_ping) {
  ClientObject* self = BeginPlainCall(INTERNAL_FUNCTION_PARAM_PASSTHRU);
  if (self == nullptr) RETURN_THROWS();
  std::chrono::nanoseconds took{0};
  if (!Keep(self->handle->client->Ping(ThisCallOptions()), &took)) FailCall(self);
  RETURN_DOUBLE(static_cast<double>(took.count()) / 1e6);
}

ZEND_FUNCTION(tagcache_close) {
  ClientObject* self = BeginPlainCall(INTERNAL_FUNCTION_PARAM_PASSTHRU);
  if (self == nullptr) RETURN_THROWS();
  self->handle->client->CloseConnections();
}

ZEND_FUNCTION(tagcache_last_error) {
  zval* self_zval;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(0), TAGCACHE_ARGUMENTS(0))
  TAGCACHE_PARAM_SELF(self_zval)
  ZEND_PARSE_PARAMETERS_END();
  ClientObject* self = ObjectOf(self_zval);
  if (self == nullptr) RETURN_THROWS();
  RETURN_COPY(&self->last_error);
}

ZEND_METHOD(TagCacheException, getRefused) {
  ZEND_PARSE_PARAMETERS_NONE();
  zval scratch;
  zval* refused = zend_read_property(exception_ce, Z_OBJ_P(ZEND_THIS), "refused",
                                     sizeof("refused") - 1, true, &scratch);
  RETURN_COPY_DEREF(refused);
}
