#include "server/session/codec.h"

#include <cassert>

#include "server/session/binary_wire.h"
#include "server/session/text_wire.h"

namespace tagcache::server {
namespace {

constexpr Codec kCodecs[] = {
    {"binary", BinaryWire::Recognize, MakeWire<BinaryWire>},
    {"text", TextWire::Recognize, MakeWire<TextWire>},
};

}  // namespace

std::span<const Codec> Codecs() { return kCodecs; }

const Codec* ChooseCodec(std::span<const Codec> codecs, std::string_view bytes) {
  if (bytes.empty()) return nullptr;
  const std::string_view prefix = bytes.substr(0, kMaxPrefix);
  for (const Codec& codec : codecs) {
    switch (codec.recognize(prefix)) {
      case Recognition::kNo:
        break;
      case Recognition::kYes:
        return &codec;
      case Recognition::kNeedMore:
        if (prefix.size() < kMaxPrefix) return nullptr;
        break;
    }
  }
  assert(bytes.size() < kMaxPrefix && "the last row of the table accepts any bytes");
  return nullptr;
}

}  // namespace tagcache::server
