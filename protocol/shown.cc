#include "protocol/shown.h"

namespace tagcache::protocol {

void AppendShown(std::string_view bytes, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : bytes.substr(0, kShownBytes)) {
    if (c >= ' ' && c <= '~' && c != '\\' && c != '\'') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
  }
  if (bytes.size() > kShownBytes) out += "...";
}

}  // namespace tagcache::protocol
