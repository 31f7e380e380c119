// The module: what PHP calls when it loads the extension, when a request begins and ends, and when
// it leaves.

#include "php-ext/client_object.h"
#include "php-ext/exceptions.h"
#include "php-ext/functions.h"
#include "php-ext/handle.h"
#include "php-ext/ini_settings.h"
#include "php-ext/php_tagcache.h"

extern "C" {
#include "ext/spl/spl_exceptions.h"
#include "ext/standard/info.h"
#include "zend_attributes.h"
}

// The generated code marks parameters as secret. It is C, where a void* becomes any pointer.
#if PHP_VERSION_ID >= 80200
static void zend_add_parameter_attribute(void* function, uint32_t offset, zend_string* name,
                                         uint32_t argc) {
  zend_add_parameter_attribute(static_cast<zend_function*>(function), offset, name, argc);
}
#else
#define zend_add_parameter_attribute(...)  // PHP 8.1 does not know the attribute
#endif

#include "tagcache_arginfo.h"

ZEND_DECLARE_MODULE_GLOBALS(tagcache)

using namespace tagcache::php;  // NOLINT: the module's functions have C names of their own

static PHP_GINIT_FUNCTION(tagcache) {
#if defined(COMPILE_DL_TAGCACHE) && defined(ZTS)
  ZEND_TSRMLS_CACHE_UPDATE();
#endif
  tagcache_globals->state = new ThreadState;
}

static PHP_GSHUTDOWN_FUNCTION(tagcache) {
  // A stream belongs to a client: it goes first.
  tagcache_globals->state->call.stream.Close();
  delete tagcache_globals->state;
}

static PHP_MINIT_FUNCTION(tagcache) {
  RegisterIniSettings(module_number);
  MaskSecretIniSettings();
  WarnOfUnknownIniSettings();
  exception_ce = register_class_TagCacheException(spl_ce_RuntimeException);
  connection_exception_ce = register_class_TagCacheConnectionException(exception_ce);
  timeout_exception_ce = register_class_TagCacheTimeoutException(exception_ce);
  protocol_exception_ce = register_class_TagCacheProtocolException(exception_ce);
  server_exception_ce = register_class_TagCacheServerException(exception_ce);
  usage_exception_ce = register_class_TagCacheUsageException(exception_ce);
  client_ce = register_class_TagCache();
  register_tagcache_symbols(module_number);
  RegisterClientClass();
  return SUCCESS;
}

static PHP_MSHUTDOWN_FUNCTION(tagcache) {
  UNREGISTER_INI_ENTRIES();
  return SUCCESS;
}

static PHP_RINIT_FUNCTION(tagcache) {
  MaskSecretIniSettings();
  return SUCCESS;
}

static PHP_RSHUTDOWN_FUNCTION(tagcache) {
  // The request's objects are destroyed by now, or will release their clients without a call. A
  // stream that a long jump left open must not reach the next request.
  ThisCall().stream.Close();
  return SUCCESS;
}

static PHP_MINFO_FUNCTION(tagcache) {
  php_info_print_table_start();
  php_info_print_table_row(2, "TagCache", "enabled");
  php_info_print_table_row(2, "Version", PHP_TAGCACHE_VERSION);
  char count[24];
  snprintf(count, sizeof(count), "%zu", State().persistent.size());
  php_info_print_table_row(2, "Persistent clients of this worker", count);
  php_info_print_table_end();
  if (!State().persistent.empty()) {
    php_info_print_table_start();
    php_info_print_table_header(4, "Persistent client", "Objects", "Connections open", "Reused");
    for (const auto& [key, handle] : State().persistent) {
      const tagcache::PoolStats pool = handle->client->pool_stats();
      char users[24], open[24], reused[24];
      snprintf(users, sizeof(users), "%zu", handle->users);
      snprintf(open, sizeof(open), "%llu", static_cast<unsigned long long>(pool.connections_open));
      snprintf(reused, sizeof(reused), "%llu",
               static_cast<unsigned long long>(pool.connections_reused));
      php_info_print_table_row(4, handle->servers.c_str(), users, open, reused);
    }
    php_info_print_table_end();
  }
  DISPLAY_INI_ENTRIES();
}

zend_module_entry tagcache_module_entry = {
    STANDARD_MODULE_HEADER,
    "tagcache",
    ext_functions,
    PHP_MINIT(tagcache),
    PHP_MSHUTDOWN(tagcache),
    PHP_RINIT(tagcache),
    PHP_RSHUTDOWN(tagcache),
    PHP_MINFO(tagcache),
    PHP_TAGCACHE_VERSION,
    PHP_MODULE_GLOBALS(tagcache),
    PHP_GINIT(tagcache),
    PHP_GSHUTDOWN(tagcache),
    nullptr,
    STANDARD_MODULE_PROPERTIES_EX,
};

#ifdef COMPILE_DL_TAGCACHE
#ifdef ZTS
ZEND_TSRMLS_CACHE_DEFINE()
#endif
extern "C" {
ZEND_GET_MODULE(tagcache)
}
#endif
