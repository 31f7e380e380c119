#include "php-ext/ini_settings.h"

#include <cassert>
#include <string>

#include "php-ext/settings.h"

namespace tagcache::php {
namespace {

constexpr std::string_view kPrefix = "tagcache.";

// Settings are read when a client is made. Without a handler ini_restore() would do nothing.
PHP_INI_MH(AcceptSetting) { return SUCCESS; }

// phpinfo() and ini_get_all() are read by more people than a secret is meant for.
ZEND_INI_DISP(ShowWhetherSet) {
  const zend_string* value = type == ZEND_INI_DISPLAY_ORIG && ini_entry->modified
                                 ? ini_entry->orig_value
                                 : ini_entry->value;
  php_printf("%s", value != nullptr && ZSTR_LEN(value) > 0 ? "set" : "no value");
}

void RegisterSetting(const OptionInfo& option, const std::string& text, int module_number) {
  const std::string name = std::string(kPrefix) + std::string(option.name);
  zend_ini_entry_def setting[2] =
      {};  // an entry without a name ends the list; Zend copies both texts
  setting[0].name = name.c_str();
  setting[0].name_length = static_cast<uint16_t>(name.size());
  setting[0].value = text.c_str();
  setting[0].value_length = static_cast<uint32_t>(text.size());
  setting[0].on_modify = AcceptSetting;
  setting[0].displayer = option.secret ? ShowWhetherSet : nullptr;
  setting[0].modifiable = PHP_INI_ALL;
  zend_register_ini_entries(setting, module_number);
}

template <typename S>
void RegisterTable(std::span<const OptionRow<S>> table, const S& defaults, int module_number) {
  for (const OptionRow<S>& row : table) {
    RegisterSetting(row, FormatOption(row, row.get(defaults)), module_number);
  }
}

}  // namespace

void RegisterIniSettings(int module_number) {
  const Settings defaults;
  RegisterTable(OptionTable(), defaults.client, module_number);
  RegisterTable(ExtensionOptions(), defaults, module_number);
}

void WarnOfUnknownIniSettings() {
  zend_string* name;
  ZEND_HASH_FOREACH_STR_KEY(php_ini_get_configuration_hash(), name) {
    if (name == nullptr || !std::string_view(ZSTR_VAL(name), ZSTR_LEN(name)).starts_with(kPrefix)) {
      continue;
    }
    if (!zend_hash_exists(EG(ini_directives), name)) {
      zend_error(E_CORE_WARNING, "TagCache: the setting %s is not known", ZSTR_VAL(name));
    }
  }
  ZEND_HASH_FOREACH_END();
}

Status ForEachIniSetting(const std::function<Status(const OptionInfo&, std::string_view)>& set) {
  const auto read = [&set](const auto& table) -> Status {
    for (const OptionInfo& option : table) {
      char name[64];
      const int length = snprintf(name, sizeof(name), "%s%s", kPrefix.data(), option.name.data());
      const char* text = zend_ini_string_ex(name, static_cast<size_t>(length), 0, nullptr);
      assert(text != nullptr);  // RegisterIniSettings made it
      if (text == nullptr) continue;
      if (Status status = set(option, text); !status.ok()) return status;
    }
    return {};
  };
  if (Status status = read(OptionTable()); !status.ok()) return status;
  return read(ExtensionOptions());
}

}  // namespace tagcache::php
