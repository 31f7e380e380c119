// The table of options in docs/php.md is the one of the code.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "php-ext/settings.h"

namespace tagcache::php {
namespace {

// A cell of the table; of code where it has any text.
std::string Cell(std::string_view text, std::string_view mark) {
  std::ostringstream cell;
  if (!text.empty()) cell << mark << text << mark << ' ';
  cell << "| ";
  return cell.str();
}

std::string Row(const OptionInfo& option, const std::string& setting, const std::string& value) {
  const bool is_switch = option.kind == OptionKind::kSwitch;
  std::ostringstream row;
  row << "| " << Cell(option.name, "`") << Cell(setting, "`") << Cell(value, "`")
      << Cell(is_switch ? "bool" : AllowedValues(option), "") << option.doc << " |\n";
  return row.str();
}

template <typename S>
std::string Rows(std::span<const OptionRow<S>> table, const S& defaults) {
  std::string rows;
  for (const auto& row : table) {
    rows += Row(row, "tagcache." + std::string(row.name), FormatOption(row, row.get(defaults)));
  }
  return rows;
}

std::string TableOfTheCode() {
  const Settings defaults;
  std::string table =
      "| option | INI setting | default | what it may be | what it is |\n"
      "| --- | --- | --- | --- | --- |\n";
  table += Rows(OptionTable(), defaults.client);
  for (const auto& row : AddressOptions()) table += Row(row, "", "");
  return table + Rows(ExtensionOptions(), defaults);
}

TEST(OptionDocs, TableOfThePageIsThatOfTheCode) {
  std::ifstream file(TAGCACHE_SOURCE_DIR "/docs/php.md");
  std::stringstream page;
  page << file.rdbuf();
  const std::string text = page.str();
  const size_t begin = text.find("| option |");
  ASSERT_NE(begin, std::string::npos);
  const std::string table = text.substr(begin, text.find("\n\n", begin) + 1 - begin);
  EXPECT_EQ(table, TableOfTheCode()) << "docs/php.md is to have this table:\n" << TableOfTheCode();
}

TEST(OptionDocs, DefaultsOfTheExtensionAreAccepted) {
  const Settings defaults;
  EXPECT_TRUE(ValidateOptions(defaults.client).ok());
  for (const auto& row : ExtensionOptions()) {
    EXPECT_TRUE(CheckOption(row, row.get(defaults)).ok()) << row.name;
  }
}

}  // namespace
}  // namespace tagcache::php
