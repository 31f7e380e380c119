#include "server/session/codec.h"

#include <cassert>

#include "server/session/binary_wire.h"
#include "server/session/text_wire.h"

namespace tagcache::server {
namespace {

// What the first line of HTTP begins with. A verb of the text codec is followed by a TAB or by the
// end of its line, so none of them begins so.
constexpr std::string_view kHttp[] = {"GET /",    "POST ",    "HEAD ",  "PUT ",   "DELETE ",
                                      "OPTIONS ", "CONNECT ", "TRACE ", "PATCH ", "Host:"};

Recognition RecognizeHttp(std::string_view prefix) {
  Recognition answer = Recognition::kNo;
  for (const std::string_view begin : kHttp) {
    if (prefix.starts_with(begin)) return Recognition::kYes;
    if (begin.starts_with(prefix)) answer = Recognition::kNeedMore;
  }
  return answer;
}

constexpr Codec kCodecs[] = {
    {"binary", BinaryWire::Recognize, MakeWire<BinaryWire>},
    {"http", RecognizeHttp, nullptr},
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
