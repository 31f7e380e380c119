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

// A setting that nothing reads is a mistake that nobody would notice.
void WarnOfUnknownIniSettings();

// Calls `set` with each option and its setting's text; ends with the first error.
Status ForEachIniSetting(const std::function<Status(const OptionInfo&, std::string_view)>& set);

}  // namespace tagcache::php

#endif  // TAGCACHE_PHP_EXT_INI_SETTINGS_H_
