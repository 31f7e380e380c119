#include "php-ext/options.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "php-ext/arguments.h"
#include "php-ext/exceptions.h"
#include "php-ext/handle.h"
#include "php-ext/ini_settings.h"

// Everything but ReadOptions returns a Status and calls nothing of Zend that allocates: C++ objects
// are on the stack here, and a long jump would leak them (see README.md).

namespace tagcache::php {
namespace {

// Options, and words of options, that a later version has.
constexpr std::string_view kLater[] = {
    "tls",
    "compression_threshold",
    "compression_level",
    "serializer=igbinary",
    "serializer=msgpack",
    "serializer=json",
    "compression=lz4",
    "compression=zstd",
};

bool IsLater(std::string_view option) {
  return std::find(std::begin(kLater), std::end(kLater), option) != std::end(kLater);
}

Status Refuse(std::string message) { return Status(ErrorCode::kUsage, std::move(message)); }

Status RefuseName(std::string_view name) {
  if (IsLater(name)) {
    return Refuse("option " + std::string(name) + ": this version does not support it");
  }
  std::string known;
  const auto add = [&known](const auto& table) {
    for (const auto& row : table) known += (known.empty() ? "" : ", ") + std::string(row.name);
  };
  add(OptionTable());
  add(AddressOptions());
  add(ExtensionOptions());
  return Refuse("option '" + ShownKey(name) + "' is not known; known are " + known);
}

Status RefuseType(const OptionInfo& option, const zval* value, const char* wanted) {
  return Refuse("option " + std::string(option.name) + " must be of type " + wanted + ", " +
                zend_zval_type_name(value) + " given");
}

// The value of text; what a later version will take is refused with a message of its own.
Result<OptionValue> ValueOfText(const OptionInfo& option, std::string_view text) {
  if (option.kind == OptionKind::kChoice &&
      IsLater(std::string(option.name) + '=' + std::string(text))) {
    return Refuse("option " + std::string(option.name) + ": '" + std::string(text) +
                  "' is not supported by this version, it is " + AllowedValues(option));
  }
  return ParseOption(option, text);
}

// A string is a list with commas. Nothing else in it is special: it is not a DSN.
std::vector<std::string> SplitAtCommas(std::string_view list) {
  std::vector<std::string> pieces;
  for (;;) {
    const size_t end = list.find(',');
    pieces.emplace_back(list.substr(0, end));
    if (end == list.npos) return pieces;
    list.remove_prefix(end + 1);
  }
}

Result<OptionValue> ValueOfServers(const OptionInfo& option, zval* value) {
  if (Z_TYPE_P(value) == IS_STRING) return OptionValue(SplitAtCommas(ViewOf(Z_STR_P(value))));
  if (Z_TYPE_P(value) != IS_ARRAY) return RefuseType(option, value, "array|string");
  std::vector<std::string> servers;
  zval* server;
  ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(value), server) {
    ZVAL_DEREF(server);
    if (Z_TYPE_P(server) != IS_STRING) return RefuseType(option, server, "array of strings");
    servers.emplace_back(ViewOf(Z_STR_P(server)));
  }
  ZEND_HASH_FOREACH_END();
  return OptionValue(std::move(servers));
}

Result<OptionValue> ValueOfZval(const OptionInfo& option, zval* value) {
  switch (option.kind) {
    case OptionKind::kNumber:
      if (Z_TYPE_P(value) != IS_LONG) return RefuseType(option, value, "int");
      return OptionValue(int64_t{Z_LVAL_P(value)});
    case OptionKind::kSwitch:
      if (Z_TYPE_P(value) != IS_TRUE && Z_TYPE_P(value) != IS_FALSE) {
        return RefuseType(option, value, "bool");
      }
      return OptionValue(Z_TYPE_P(value) == IS_TRUE);
    case OptionKind::kText:
      if (Z_TYPE_P(value) != IS_STRING) return RefuseType(option, value, "string");
      return OptionValue(std::string(ViewOf(Z_STR_P(value))));
    case OptionKind::kChoice:
      if (Z_TYPE_P(value) != IS_STRING) return RefuseType(option, value, "string");
      return ValueOfText(option, ViewOf(Z_STR_P(value)));
    case OptionKind::kServers:
      return ValueOfServers(option, value);
  }
  return RefuseName(option.name);
}

template <typename S>
Status Set(const OptionRow<S>& row, S& target, Result<OptionValue> value) {
  if (!value.ok()) return value.status();
  return SetOptionValue(row, target, std::move(value).value());
}

// Sets the option to what `value_of` makes of its row.
template <typename F>
Status SetByName(std::string_view name, F value_of) {
  Settings& settings = ThisCall().settings;
  if (const auto* const row = FindOption(OptionTable(), name)) {
    return Set(*row, settings.client, value_of(*row));
  }
  if (const auto* const row = FindOption(ExtensionOptions(), name)) {
    return Set(*row, settings, value_of(*row));
  }
  return RefuseName(name);
}

Status SetText(std::string_view name, std::string_view text) {
  if (FindOption(AddressOptions(), name) != nullptr) {
    return Refuse("option " + std::string(name) +
                  ": give it in the address of the DSN or in an array");
  }
  return SetByName(name, [text](const OptionInfo& option) { return ValueOfText(option, text); });
}

Status SetZval(std::string_view name, zval* value) {
  const auto value_of = [value](const OptionInfo& option) { return ValueOfZval(option, value); };
  if (const auto* const row = FindOption(AddressOptions(), name)) {
    return Set(*row, ThisCall().address, value_of(*row));
  }
  return SetByName(name, value_of);
}

// An address in pieces becomes the one of the list.
Status SetAddress(bool servers_given) {
  const Address& address = ThisCall().address;
  const bool tcp = !address.host.empty() || address.port != 0;
  const bool unix_socket = !address.socket.empty();
  if (!tcp && !unix_socket) return {};
  if (servers_given || (tcp && unix_socket)) {
    return Refuse(
        "options servers, socket, and host with port exclude each other: give one of them");
  }
  std::string server;
  if (unix_socket) {
    server = "unix://" + address.socket;
  } else {
    server = address.host.empty() ? "127.0.0.1" : address.host;
    if (server.find(':') != server.npos && server[0] != '[') server = "[" + server + "]";
    server = "tcp://" + server;
    if (address.port != 0) server += ":" + std::to_string(address.port);
  }
  ThisCall().settings.client.servers = {std::move(server)};
  return {};
}

Status ReadArray(HashTable* array) {
  zend_string* name;
  zend_ulong index;
  zval* value;
  ZEND_HASH_FOREACH_KEY_VAL(array, index, name, value) {
    ZVAL_DEREF(value);
    if (name == nullptr) {
      return Refuse("option " + std::to_string(index) + " has no name: options are name => value");
    }
    if (Status status = SetZval(ViewOf(name), value); !status.ok()) return status;
  }
  ZEND_HASH_FOREACH_END();
  return SetAddress(zend_hash_str_exists(array, "servers", sizeof("servers") - 1));
}

Status ReadIni() {
  return ForEachIniSetting([](const OptionInfo& option, std::string_view text) -> Status {
    // `tagcache.persistent = Off` arrives as an empty text. Of other options empty is not given.
    if (text.empty() && option.kind != OptionKind::kSwitch) return {};
    return SetText(option.name, text.empty() ? "0" : text);
  });
}

Status Read(HashTable* array, zend_string* dsn) {
  ThisCall().settings = Settings();
  ThisCall().address = Address();
  Status status = ReadIni();
  if (status.ok() && array != nullptr) status = ReadArray(array);
  if (status.ok() && dsn != nullptr) status = ForEachDsnPart(ViewOf(dsn), SetText);
  if (status.ok()) status = ValidateOptions(ThisCall().settings.client);
  return status;
}

}  // namespace

bool ReadOptions(HashTable* array, zend_string* dsn) {
  if (Keep(Read(array, dsn))) return true;
  ThrowUsage("%s", ThisCall().status.message().c_str());
  return false;
}

}  // namespace tagcache::php
