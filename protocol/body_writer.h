#ifndef TAGCACHE_PROTOCOL_BODY_WRITER_H_
#define TAGCACHE_PROTOCOL_BODY_WRITER_H_

// Writes the fields of a binary body, as binary_fields.h describes them. Private to protocol/.
//
// REQUIRES: strings and counts fit their widths (CheckRequest).

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/binary_fields.h"
#include "protocol/frame.h"
#include "protocol/message.h"

namespace tagcache::protocol {

// A FrameWriter with the words of binary_fields.h that it does not have itself.
class BodyWriter : public FrameWriter {
 public:
  // `options` is the options byte, which says what optional fields the body has.
  BodyWriter(Buffer& out, uint8_t magic, uint8_t opcode, uint64_t id, StatusCode status,
             uint32_t max_frame, uint8_t options)
      : FrameWriter(out, magic, opcode, id, status, max_frame), options_(options) {}

  template <typename OnWire, typename T>
  void NumberAs(T value) {
    Number(static_cast<OnWire>(value));
  }
  void Options() { Number(options_); }
  bool Has(uint8_t option) const { return (options_ & option) != 0; }
  void Flag(uint8_t, bool) {}  // the options byte has it
  void Ttl(const TtlMs& ttl) {
    assert(ttl);
    Number(*ttl);
  }
  void Keys(std::span<const std::string_view> keys) { Views<uint32_t>(keys); }
  void TagList(Tags tags) { Views<uint16_t>(tags); }
  void TagList(const std::optional<Tags>& tags) { Views<uint16_t>(tags.value_or(Tags())); }
  void Items(std::span<const PutItem> items) {
    Number(static_cast<uint32_t>(items.size()));
    for (const PutItem& item : items) {
      if (item.tags.empty() && WritePlainItem(item)) continue;
      options_ =
          static_cast<uint8_t>((item.ttl ? kHasTtl : 0) | (item.tags.empty() ? 0 : kHasTags));
      DescribeItem(*this, item);
    }
  }
  template <typename Count, typename T, typename Describe>
  void List(std::span<const T> list, std::vector<T> Scratch::*, size_t, Describe describe) {
    Number(static_cast<Count>(list.size()));
    for (const T& element : list) describe(*this, element);
  }
  void Require(bool, std::string_view) {}  // the reader refuses it
  void RestIsForLater() {}

 private:
  template <typename Count>
  void Views(std::span<const std::string_view> list) {
    assert(static_cast<Count>(list.size()) == list.size());
    Number(static_cast<Count>(list.size()));
    Shorts(list);
  }
  bool WritePlainItem(const PutItem& item);

  uint8_t options_;
};

// DescribeItem in one step, for an item without tags that fits into the open frame: bulk writes are
// made of these. false: it does not fit, and nothing was written.
inline bool BodyWriter::WritePlainItem(const PutItem& item) {
  const size_t ttl = item.ttl ? sizeof(uint64_t) : 0;
  char* to = Extend(kMinItem + ttl + item.key.size() + item.value.size());
  if (to == nullptr) return false;
  *to++ = item.ttl ? kHasTtl : 0;
  StoreLittle(static_cast<uint16_t>(item.key.size()), to);
  to = std::copy(item.key.begin(), item.key.end(), to + sizeof(uint16_t));
  if (item.ttl) StoreLittle(*item.ttl, to);
  StoreLittle(item.flags, to + ttl);
  StoreLittle(static_cast<uint32_t>(item.value.size()), to + ttl + sizeof(uint32_t));
  std::copy(item.value.begin(), item.value.end(), to + ttl + 2 * sizeof(uint32_t));
  return true;
}

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_BODY_WRITER_H_
