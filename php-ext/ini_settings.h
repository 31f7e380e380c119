#ifndef TAGCACHE_PHP_EXT_INI_SETTINGS_H_
#define TAGCACHE_PHP_EXT_INI_SETTINGS_H_

// The INI settings: one for each row of the tables of options, "tagcache." and the option's name,
// with the option's default.

#include <functional>
#include <string_view>

#include "php-ext/php_tagcache.h"
#include "tagcache/option_table.h"

namespace tagcache::php {

void RegisterIniSettings(int module_number);

// Puts a mask in the place of each secret that was configured since the last call. To be called
// when the settings are registered, and at the start of a request, which may have settings of its
// own.
void MaskSecretIniSettings();

// A setting that nothing reads is a mistake that nobody would notice.
void WarnOfUnknownIniSettings();

// Calls `set` with each option and its setting's text; ends with the first error.
Status ForEachIniSetting(const std::function<Status(const OptionInfo&, std::string_view)>& set);

}  // namespace tagcache::php

#endif  // TAGCACHE_PHP_EXT_INI_SETTINGS_H_
