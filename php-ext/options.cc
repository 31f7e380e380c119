#include "php-ext/options.h"

#include <cstring>
#include <string>
#include <string_view>

#include "php-ext/exceptions.h"
#include "php-ext/handle.h"

namespace tagcache::php {
namespace {

enum class Kind { kInteger, kSwitch, kString, kServers, kHost, kPort, kSocket, kOwn, kNotYet };

struct Row {
  const char* name;
  Kind kind;
};

// Every option, by the name it has in an array, in a DSN's query and, after "tagcache.", in the
// INI.
constexpr Row kRows[] = {
    {"servers", Kind::kServers},
    {"host", Kind::kHost},
    {"port", Kind::kPort},
    {"socket", Kind::kSocket},
    {"protocol", Kind::kString},
    {"timeout_ms", Kind::kInteger},
    {"connect_timeout_ms", Kind::kInteger},
    {"pool_size", Kind::kInteger},
    {"pool_min", Kind::kInteger},
    {"idle_timeout_ms", Kind::kInteger},
    {"idle_check_ms", Kind::kInteger},
    {"health_check_ms", Kind::kInteger},
    {"persistent", Kind::kOwn},
    {"retries", Kind::kInteger},
    {"backoff_ms", Kind::kInteger},
    {"backoff_max_ms", Kind::kInteger},
    {"tcp_nodelay", Kind::kSwitch},
    {"tcp_keepalive", Kind::kSwitch},
    {"send_buffer", Kind::kInteger},
    {"receive_buffer", Kind::kInteger},
    {"busy_poll_us", Kind::kInteger},
    {"username", Kind::kString},
    {"password", Kind::kString},
    {"client_name", Kind::kString},
    {"serializer", Kind::kOwn},
    {"compression", Kind::kOwn},
    {"prefix", Kind::kString},
    {"default_ttl_ms", Kind::kInteger},
    {"errors", Kind::kOwn},
    {"tls", Kind::kNotYet},
    {"compression_threshold", Kind::kNotYet},
    {"compression_level", Kind::kNotYet},
};

const Row* FindRow(std::string_view name) {
  for (const Row& row : kRows) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

bool RefuseUnknown(const char* name, size_t length) {
  std::string& known = Park().text;
  known.clear();
  for (const Row& row : kRows) {
    if (row.kind != Kind::kNotYet) known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  ThrowUsage("option '%.*s' is not known; known are %s", static_cast<int>(MIN(length, 64)), name,
             known.c_str());
  return false;
}

bool RefuseStatus() {
  ThrowUsage("%s", Park().status.message().c_str());
  return false;
}

// The address parts that arrays give one by one; put together when all options are read.
struct Address {
  zend_string* host = nullptr;
  zend_string* socket = nullptr;
  zend_long port = 0;
  bool servers = false;
};

bool SetLibraryOption(const char* name, std::string_view text) {
  return Keep(SetOption(Park().options, name, text)) || RefuseStatus();
}

// Options of the extension itself, from their text.
bool SetOwnOption(const char* name, std::string_view text, Settings* settings) {
  if (std::strcmp(name, "persistent") == 0) {
    settings->persistent = text == "1" || text == "true" || text == "on";
    if (settings->persistent || text == "0" || text == "false" || text == "off") return true;
    ThrowUsage("option persistent: '%.*s' is not allowed, it is 1, 0, true, false, on or off",
               static_cast<int>(MIN(text.size(), 64)), text.data());
    return false;
  }
  if (std::strcmp(name, "errors") == 0) {
    settings->silent = text == "silent";
    if (settings->silent || text == "exception") return true;
    ThrowUsage("option errors: '%.*s' is not allowed, it is exception or silent",
               static_cast<int>(MIN(text.size(), 64)), text.data());
    return false;
  }
  const bool serializer = std::strcmp(name, "serializer") == 0;
  const std::string_view supported = serializer ? "php" : "none";
  if (text == supported) return true;
  const bool later = serializer ? text == "igbinary" || text == "msgpack" || text == "json"
                                : text == "lz4" || text == "zstd";
  ThrowUsage("option %s: '%.*s' is not %s, it is %s", name, static_cast<int>(MIN(text.size(), 64)),
             text.data(), later ? "supported by this version" : "allowed", supported.data());
  return false;
}

bool SetText(const Row& row, std::string_view text, Settings* settings) {
  switch (row.kind) {
    case Kind::kOwn:
      return SetOwnOption(row.name, text, settings);
    case Kind::kNotYet:
      ThrowUsage("option %s: this version does not support it", row.name);
      return false;
    case Kind::kServers:
      return Keep(ParseDsn(text, Park().options), &Park().options) || RefuseStatus();
    case Kind::kInteger:
    case Kind::kSwitch:
    case Kind::kString:
      return SetLibraryOption(row.name, text);
    case Kind::kHost:
    case Kind::kPort:
    case Kind::kSocket:
      ThrowUsage("option %s: give it in the address of the DSN or in an array", row.name);
      return false;
  }
  return false;
}

bool RefuseType(const Row& row, zval* value, const char* wanted) {
  ThrowUsage("option %s must be of type %s, %s given", row.name, wanted,
             zend_zval_type_name(value));
  return false;
}

bool SetServers(const Row& row, zval* value) {
  std::string& list = Park().text;
  list.clear();
  if (Z_TYPE_P(value) == IS_STRING) {
    list.assign(Z_STRVAL_P(value), Z_STRLEN_P(value));
  } else if (Z_TYPE_P(value) == IS_ARRAY) {
    zval* server;
    ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(value), server) {
      ZVAL_DEREF(server);
      if (Z_TYPE_P(server) != IS_STRING) return RefuseType(row, server, "array of strings");
      if (!list.empty()) list += ',';
      list.append(Z_STRVAL_P(server), Z_STRLEN_P(server));
    }
    ZEND_HASH_FOREACH_END();
  } else {
    return RefuseType(row, value, "array|string");
  }
  if (list.find('?') != std::string::npos) {
    ThrowUsage("option servers: addresses have no query here; give '%s' its options in the array",
               list.c_str());
    return false;
  }
  return Keep(ParseDsn(list, Park().options), &Park().options) || RefuseStatus();
}

bool SetInteger(const Row& row, zval* value) {
  if (Z_TYPE_P(value) != IS_LONG) return RefuseType(row, value, "int");
  char digits[MAX_LENGTH_OF_LONG + 1];
  const int length = snprintf(digits, sizeof(digits), ZEND_LONG_FMT, Z_LVAL_P(value));
  return SetLibraryOption(row.name, {digits, static_cast<size_t>(length)});
}

bool SetZval(const Row& row, zval* value, Settings* settings, Address* address) {
  const bool is_bool = Z_TYPE_P(value) == IS_TRUE || Z_TYPE_P(value) == IS_FALSE;
  const bool wants_bool = row.kind == Kind::kSwitch || std::strcmp(row.name, "persistent") == 0;
  if (wants_bool) {
    if (!is_bool) return RefuseType(row, value, "bool");
    return SetText(row, Z_TYPE_P(value) == IS_TRUE ? "1" : "0", settings);
  }
  switch (row.kind) {
    case Kind::kServers:
      address->servers = true;
      return SetServers(row, value);
    case Kind::kInteger:
      return SetInteger(row, value);
    case Kind::kPort:
      if (Z_TYPE_P(value) != IS_LONG) return RefuseType(row, value, "int");
      address->port = Z_LVAL_P(value);
      if (address->port >= 1 && address->port <= 65535) return true;
      ThrowUsage("option port: " ZEND_LONG_FMT " is not allowed, it is from 1 to 65535",
                 address->port);
      return false;
    case Kind::kHost:
    case Kind::kSocket:
      if (Z_TYPE_P(value) != IS_STRING) return RefuseType(row, value, "string");
      (row.kind == Kind::kHost ? address->host : address->socket) = Z_STR_P(value);
      return true;
    case Kind::kNotYet:
      return SetText(row, "", settings);
    case Kind::kOwn:
    case Kind::kString:
    case Kind::kSwitch:
      if (Z_TYPE_P(value) != IS_STRING) return RefuseType(row, value, "string");
      return SetText(row, {Z_STRVAL_P(value), Z_STRLEN_P(value)}, settings);
  }
  return false;
}

bool SetAddress(const Address& address) {
  if (address.host == nullptr && address.socket == nullptr && address.port == 0) return true;
  if (address.servers ||
      (address.socket != nullptr && (address.host != nullptr || address.port != 0))) {
    ThrowUsage("options servers, socket, and host with port exclude each other: give one of them");
    return false;
  }
  std::string& dsn = Park().text;
  if (address.socket != nullptr) {
    dsn = "unix://" + std::string(ZSTR_VAL(address.socket), ZSTR_LEN(address.socket));
  } else {
    std::string host = address.host == nullptr
                           ? "127.0.0.1"
                           : std::string(ZSTR_VAL(address.host), ZSTR_LEN(address.host));
    if (host.find(':') != std::string::npos && host[0] != '[') host = "[" + host + "]";
    dsn = "tcp://" + host;
    if (address.port != 0) dsn += ":" + std::to_string(address.port);
  }
  return Keep(ParseDsn(dsn, Park().options), &Park().options) || RefuseStatus();
}

bool ReadArray(HashTable* array, Settings* settings) {
  Address address;
  zend_string* name;
  zend_ulong index;
  zval* value;
  ZEND_HASH_FOREACH_KEY_VAL(array, index, name, value) {
    ZVAL_DEREF(value);
    if (name == nullptr) {
      ThrowUsage("option " ZEND_ULONG_FMT " has no name: options are name => value", index);
      return false;
    }
    const Row* row = FindRow({ZSTR_VAL(name), ZSTR_LEN(name)});
    if (row == nullptr) return RefuseUnknown(ZSTR_VAL(name), ZSTR_LEN(name));
    if (!SetZval(*row, value, settings, &address)) return false;
  }
  ZEND_HASH_FOREACH_END();
  return SetAddress(address);
}

// Takes the options of the extension itself out of a DSN's query; the library reads the rest.
bool ReadDsn(std::string_view dsn, Settings* settings) {
  std::string& kept = Park().text;
  const size_t question = dsn.find('?');
  kept = dsn.substr(0, question);
  char separator = '?';
  std::string_view query = question == dsn.npos ? std::string_view() : dsn.substr(question + 1);
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view part = query.substr(0, end);
    query = end == query.npos ? std::string_view() : query.substr(end + 1);
    const std::string_view name = part.substr(0, part.find('='));
    const Row* row = FindRow(name);
    if (row == nullptr && !name.empty()) return RefuseUnknown(name.data(), name.size());
    if (row != nullptr && (row->kind == Kind::kOwn || row->kind == Kind::kNotYet)) {
      const std::string_view text =
          part.size() > name.size() ? part.substr(name.size() + 1) : std::string_view();
      if (!SetText(*row, text, settings)) return false;
      continue;
    }
    kept += separator;
    kept += part;
    separator = '&';
  }
  return Keep(ParseDsn(kept, Park().options), &Park().options) || RefuseStatus();
}

bool ReadIni(Settings* settings) {
  for (const Row& row : kRows) {
    char name[64];
    const int length = snprintf(name, sizeof(name), "tagcache.%s", row.name);
    const char* text = zend_ini_string_ex(name, static_cast<size_t>(length), 0, nullptr);
    // Empty is the setting's way to say: not given. Names without a setting read as null.
    if (text == nullptr || *text == '\0') continue;
    if (!SetText(row, text, settings)) return false;
  }
  return true;
}

}  // namespace

bool ReadOptions(HashTable* array, zend_string* dsn, Settings* settings) {
  Park().options = Options();
  if (!ReadIni(settings)) return false;
  if (array != nullptr) return ReadArray(array, settings);
  if (dsn != nullptr) return ReadDsn({ZSTR_VAL(dsn), ZSTR_LEN(dsn)}, settings);
  return true;
}

}  // namespace tagcache::php
