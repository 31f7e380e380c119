#include "php-ext/client_object.h"

#include "php-ext/exceptions.h"

namespace tagcache::php {

zend_class_entry* client_ce;

namespace {

zend_object_handlers handlers;

ClientObject* FromZend(zend_object* object) {
  return reinterpret_cast<ClientObject*>(reinterpret_cast<char*>(object) -
                                         offsetof(ClientObject, std));
}

zend_object* Create(zend_class_entry* ce) {
  auto* self = static_cast<ClientObject*>(zend_object_alloc(sizeof(ClientObject), ce));
  self->handle = nullptr;
  self->silent = false;
  ZVAL_NULL(&self->last_error);
  zend_object_std_init(&self->std, ce);
  object_properties_init(&self->std, ce);
  self->std.handlers = &handlers;
  return &self->std;
}

void Free(zend_object* object) {
  ClientObject* self = FromZend(object);
  if (self->handle != nullptr) ReleaseHandle(self->handle);
  self->handle = nullptr;
  zval_ptr_dtor(&self->last_error);
  zend_object_std_dtor(object);
}

// What var_dump shows; never a password.
HashTable* DebugInfo(zend_object* object, int* is_temporary) {
  const ClientObject* self = FromZend(object);
  HashTable* info = zend_array_dup(zend_std_get_properties(object));
  *is_temporary = 1;
  zval value;
  if (self->handle == nullptr) {
    ZVAL_FALSE(&value);
    zend_hash_str_update(info, "constructed", sizeof("constructed") - 1, &value);
    return info;
  }
  ZVAL_STRINGL(&value, self->handle->servers.data(), self->handle->servers.size());
  zend_hash_str_update(info, "servers", sizeof("servers") - 1, &value);
  ZVAL_STRING(&value, self->handle->text ? "text" : "binary");
  zend_hash_str_update(info, "protocol", sizeof("protocol") - 1, &value);
  ZVAL_BOOL(&value, self->handle->persistent);
  zend_hash_str_update(info, "persistent", sizeof("persistent") - 1, &value);
  ZVAL_STRING(&value, self->silent ? "silent" : "exception");
  zend_hash_str_update(info, "errors", sizeof("errors") - 1, &value);
  return info;
}

HashTable* GarbageOf(zend_object* object, zval** table, int* count) {
  ClientObject* self = FromZend(object);
  *table = &self->last_error;
  *count = 1;
  return zend_std_get_properties(object);
}

}  // namespace

void RegisterClientClass() {
  client_ce->create_object = Create;
  handlers = *zend_get_std_object_handlers();
  handlers.offset = offsetof(ClientObject, std);
  handlers.free_obj = Free;
  handlers.clone_obj = nullptr;
  handlers.get_debug_info = DebugInfo;
  handlers.get_gc = GarbageOf;
}

ClientObject* ObjectOf(zval* self) {
  if (EXPECTED(Z_OBJ_HT_P(self) == &handlers)) return FromZend(Z_OBJ_P(self));
  zend_throw_error(nullptr, "The class %s is disabled", ZSTR_VAL(Z_OBJCE_P(self)->name));
  return nullptr;
}

ClientObject* BeginCall(zval* zself) {
  ClientObject* self = ObjectOf(zself);
  if (self == nullptr) return nullptr;
  if (self->handle == nullptr) {
    ThrowUsage("this %s was never constructed: its constructor must run first",
               ZSTR_VAL(Z_OBJCE_P(zself)->name));
    return nullptr;
  }
  // Open only if a long jump left it: no user code runs while a stream is read. Its connection is
  // what this call may be waiting for.
  ThisCall().stream.Close();
  if (Z_TYPE(self->last_error) != IS_NULL) {
    zval old;
    ZVAL_COPY_VALUE(&old, &self->last_error);
    ZVAL_NULL(&self->last_error);
    zval_ptr_dtor(&old);
  }
  return self;
}

void FailCallWith(ClientObject* self, zval* exception) {
  if (!self->silent) {
    zend_throw_exception_object(exception);
    return;
  }
  zval old;
  ZVAL_COPY_VALUE(&old, &self->last_error);
  ZVAL_COPY_VALUE(&self->last_error, exception);
  zval_ptr_dtor(&old);
}

void FailCall(ClientObject* self) {
  const Status& status = ThisCall().status;
  zval exception;
  MakeException(&exception, status);
  FailCallWith(self, &exception);
}

}  // namespace tagcache::php
