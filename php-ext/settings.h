#ifndef TAGCACHE_PHP_EXT_SETTINGS_H_
#define TAGCACHE_PHP_EXT_SETTINGS_H_

// What a TagCache object is made with: the options of the client library and the extension's own,
// the latter as rows of the same shape as tagcache/option_table.h. No Zend here: a test compares
// the rows with docs/php.md.
//
// An option of the library is a row of its table and nothing here. An option of the extension is a
// field of Settings and a row of kExtensionOptions.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tagcache/option_table.h"
#include "tagcache/options.h"

namespace tagcache::php {

enum class ErrorMode : uint8_t { kException, kSilent };
enum class SerializerChoice : uint8_t { kPhp };
enum class CompressionChoice : uint8_t { kNone };

inline constexpr std::string_view kErrors[] = {"exception", "silent"};
inline constexpr std::string_view kSerializers[] = {"php"};
inline constexpr std::string_view kCompressions[] = {"none"};

struct Settings {
  Options client = {.client_name = "php"};
  bool persistent = true;
  SerializerChoice serializer = SerializerChoice::kPhp;
  CompressionChoice compression = CompressionChoice::kNone;
  ErrorMode errors = ErrorMode::kException;
};

// An address in pieces; empty strings and zero: not given.
struct Address {
  std::string host;
  uint16_t port = 0;
  std::string socket;
};

inline constexpr OptionRow<Settings> kExtensionOptions[] = {
    OptionFor<&Settings::persistent>(
        {.name = "persistent", .doc = "[keep the connections across requests](#under-fpm)"}),
    OptionFor<&Settings::serializer>(
        {.name = "serializer",
         .choices = kSerializers,
         .doc = "for arrays and objects; igbinary, msgpack and json are not in this version"}),
    OptionFor<&Settings::compression>(
        {.name = "compression",
         .choices = kCompressions,
         .doc = "lz4 and zstd are not in this version, nor their options"}),
    OptionFor<&Settings::errors>(
        {.name = "errors", .choices = kErrors, .doc = "[what an error does](#errors)"}),
};

// In arrays alone: a DSN has its address in front, and the INI has tagcache.servers.
inline constexpr OptionRow<Address> kAddressOptions[] = {
    OptionFor<&Address::host>({.name = "host",
                               .least = 1,
                               .most = 255,
                               .doc = "instead of `servers`: a TCP address; without `port` its "
                                      "port is 1984"}),
    OptionFor<&Address::port>(
        {.name = "port", .least = 1, .most = 65535, .doc = "with `host`; alone, of 127.0.0.1"}),
    OptionFor<&Address::socket>({.name = "socket",
                                 .least = 1,
                                 .most = 4096,
                                 .doc = "instead of `servers`: the path of a Unix socket"}),
};

inline std::span<const OptionRow<Settings>> ExtensionOptions() { return kExtensionOptions; }
inline std::span<const OptionRow<Address>> AddressOptions() { return kAddressOptions; }

}  // namespace tagcache::php

#endif  // TAGCACHE_PHP_EXT_SETTINGS_H_
