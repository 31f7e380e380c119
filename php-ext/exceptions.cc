#include "php-ext/exceptions.h"

#include <cstdarg>

namespace tagcache::php {

zend_class_entry* exception_ce;
zend_class_entry* connection_exception_ce;
zend_class_entry* timeout_exception_ce;
zend_class_entry* protocol_exception_ce;
zend_class_entry* server_exception_ce;
zend_class_entry* usage_exception_ce;

zend_class_entry* ExceptionOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kConnection:
      return connection_exception_ce;
    case ErrorCode::kTimeout:
      return timeout_exception_ce;
    case ErrorCode::kProtocol:
      return protocol_exception_ce;
    case ErrorCode::kServer:
      return server_exception_ce;
    case ErrorCode::kUsage:
      return usage_exception_ce;
    case ErrorCode::kNoMemory:
    case ErrorCode::kOk:
      return exception_ce;
  }
  return exception_ce;
}

void MakeException(zval* exception, zend_class_entry* ce, std::string_view message,
                   ServerError code) {
  object_init_ex(exception, ce);
  zend_update_property_stringl(zend_ce_exception, Z_OBJ_P(exception), "message",
                               sizeof("message") - 1, message.data(), message.size());
  if (code == ServerError::kNone) return;
  zend_update_property_long(zend_ce_exception, Z_OBJ_P(exception), "code", sizeof("code") - 1,
                            static_cast<zend_long>(code));
}

void MakeException(zval* exception, const Status& status) {
  MakeException(exception, ExceptionOf(status.code()), status.message(), status.server_error());
}

void ThrowUsage(const char* format, ...) {
  va_list args;
  va_start(args, format);
  zend_string* message = zend_vstrpprintf(0, format, args);
  va_end(args);
  zval exception;
  MakeException(&exception, usage_exception_ce, {ZSTR_VAL(message), ZSTR_LEN(message)});
  zend_string_release(message);
  zend_throw_exception_object(&exception);
}

}  // namespace tagcache::php
