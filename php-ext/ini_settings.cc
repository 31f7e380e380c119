#include "php-ext/ini_settings.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <mutex>
#include <string>
#include <vector>

#include "php-ext/settings.h"

namespace tagcache::php {
namespace {

constexpr std::string_view kPrefix = "tagcache.";

// phpinfo() is read by more people than a secret is meant for.
ZEND_INI_DISP(ShowWhetherSet) {
  const zend_string* value = type == ZEND_INI_DISPLAY_ORIG && ini_entry->modified
                                 ? ini_entry->orig_value
                                 : ini_entry->value;
  php_printf("%s", value != nullptr && ZSTR_LEN(value) > 0 ? "set" : "no value");
}

// ini_get() and ini_get_all() show what an entry holds. So the entry of a secret holds a mask, and
// the mask names the place of the secret in this list. Masks are what PHP copies to threads, puts
// back at the end of a request and frees: none of that has to be followed here. The list grows by
// the different secrets that a process is configured with, and is never shortened.
constexpr std::string_view kMask = "*** ";
std::mutex secrets_mutex;
std::vector<std::string> secrets;  // GUARDED_BY(secrets_mutex)

std::string MaskOf(std::string_view secret) {
  const std::lock_guard lock(secrets_mutex);
  auto found = std::find(secrets.begin(), secrets.end(), secret);
  if (found == secrets.end()) found = secrets.insert(secrets.end(), std::string(secret));
  return std::string(kMask) + std::to_string(found - secrets.begin());
}

// What a mask stands for; text that is no mask stands for itself.
std::string Unmasked(std::string_view text) {
  if (!text.starts_with(kMask)) return std::string(text);
  size_t place = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + kMask.size(), end, place);
  const std::lock_guard lock(secrets_mutex);
  if (error != std::errc() || stopped != end || place >= secrets.size()) return std::string(text);
  return secrets[place];
}

void MaskValue(zend_string** value) {
  if (*value == nullptr || ZSTR_LEN(*value) == 0) return;
  const std::string mask = MaskOf(Unmasked({ZSTR_VAL(*value), ZSTR_LEN(*value)}));
  if (mask == std::string_view(ZSTR_VAL(*value), ZSTR_LEN(*value))) return;
  zend_string* const masked = zend_string_init(mask.data(), mask.size(), true);
  zend_string_release(*value);
  *value = masked;
}

// Settings are read when a client is made. Without a handler ini_restore() would do nothing.
PHP_INI_MH(AcceptSetting) { return SUCCESS; }

// The same for a secret. Zend would now put the value that a script gives into the entry; the mask
// goes there in its place, and Zend sees a failure, so that ini_set() takes effect and returns
// false.
PHP_INI_MH(AcceptSecret) {
  const std::string_view value = new_value != nullptr
                                     ? std::string_view(ZSTR_VAL(new_value), ZSTR_LEN(new_value))
                                     : std::string_view();
  if (stage != PHP_INI_STAGE_RUNTIME || value.empty() || value.starts_with(kMask)) return SUCCESS;
  zend_string* masked = zend_string_copy(new_value);
  MaskValue(&masked);
  if (entry->modified && entry->orig_value != entry->value) zend_string_release(entry->value);
  entry->value = masked;
  return FAILURE;
}

std::string SettingName(const OptionInfo& option) {
  return std::string(kPrefix) + std::string(option.name);
}

template <typename S>
void MaskTable(std::span<const OptionRow<S>> table) {
  for (const OptionInfo& option : table) {
    if (!option.secret) continue;
    const std::string name = SettingName(option);
    auto* const entry = static_cast<zend_ini_entry*>(
        zend_hash_str_find_ptr(EG(ini_directives), name.data(), name.size()));
    if (entry == nullptr) continue;
    if (entry->orig_value != nullptr && entry->orig_value != entry->value) {
      MaskValue(&entry->orig_value);
    }
    MaskValue(&entry->value);
  }
}

void RegisterSetting(const OptionInfo& option, const std::string& text, int module_number) {
  const std::string name = SettingName(option);
  zend_ini_entry_def setting[2] =
      {};  // an entry without a name ends the list; Zend copies both texts
  setting[0].name = name.c_str();
  setting[0].name_length = static_cast<uint16_t>(name.size());
  setting[0].value = text.c_str();
  setting[0].value_length = static_cast<uint32_t>(text.size());
  setting[0].on_modify = option.secret ? AcceptSecret : AcceptSetting;
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

void MaskSecretIniSettings() {
  MaskTable(OptionTable());
  MaskTable(ExtensionOptions());
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
      const std::string value = option.secret ? Unmasked(text) : std::string(text);
      if (Status status = set(option, value); !status.ok()) return status;
    }
    return {};
  };
  if (Status status = read(OptionTable()); !status.ok()) return status;
  return read(ExtensionOptions());
}

}  // namespace tagcache::php
