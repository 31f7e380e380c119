#ifndef TAGCACHE_PROTOCOL_BODY_READER_H_
#define TAGCACHE_PROTOCOL_BODY_READER_H_

// Reads the fields of a binary body, as binary_fields.h describes them. Private to protocol/.
//
// The first thing that is wrong is latched: from then on everything reads as zero or empty, and
// error() says what it was. Never reads outside the body.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "protocol/batch.h"
#include "protocol/binary_fields.h"
#include "protocol/frame.h"
#include "protocol/message.h"

namespace tagcache::protocol {

class BodyReader {
 public:
  // `known_options` are the bits that an options byte may have. With `batch` the elements of a list
  // of keys or items are not read but left there.
  BodyReader(std::string_view body, uint8_t known_options, Scratch& scratch, Batch* batch = nullptr)
      : at_(body.data()),
        end_(at_ + body.size()),
        known_(known_options),
        scratch_(scratch),
        batch_(batch) {
    scratch.views.clear();
    scratch.lists.clear();
  }

  // The vocabulary of binary_fields.h.

  template <typename T>
  void Number(T& value) {
    if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(Take<std::underlying_type_t<T>>());
    } else {
      value = Take<T>();
    }
  }
  template <typename OnWire, typename T>
  void NumberAs(T& value) {
    value = Take<OnWire>();
  }
  void Options() {
    Number(options_);
    if ((options_ & ~known_) != 0) Fail(kOptionBits);
  }
  bool Has(uint8_t option) const { return (options_ & option) != 0; }
  void Flag(uint8_t option, bool& flag) { flag = Has(option); }
  void Ttl(TtlMs& ttl) { ttl = Take<uint64_t>(); }
  void Short(std::string_view& bytes) { bytes = TakeShort(); }
  void Long(std::string_view& bytes) { bytes = TakeBytes(Take<uint32_t>()); }
  void Keys(std::span<const std::string_view>& keys) {
    const size_t count = TakeCount<uint32_t>(2);
    if (batch_ != nullptr) return Leave(Batch::Form::kKeys, count);
    Views(count, &keys);
  }
  void TagList(Tags& tags) { Views(TakeCount<uint16_t>(2), &tags); }
  void TagList(std::optional<Tags>& tags) { TagList(tags.emplace()); }
  // Into the front of Scratch::items, which never shrinks here: making items anew would cost as
  // much as reading them.
  void Items(std::span<const PutItem>& items) {
    const size_t count = TakeCount<uint32_t>(kMinItem);
    if (batch_ != nullptr) return Leave(Batch::Form::kItems, count);
    if (scratch_.items.size() < count) scratch_.items.resize(count);
    items = std::span(scratch_.items).first(count);
    for (size_t i = 0; i < count && ok(); ++i) ReadItem(scratch_.items[i]);
  }

  // A slice (batch.h) of the elements of a batch, of which `left` follow. Ends with FinishSlice.
  std::span<const std::string_view> KeySlice(size_t left) {
    scratch_.views.resize(std::min(left, kSliceElements));
    size_t n = 0;
    for (const char* from = at_; n < scratch_.views.size() && InSlice(from);) {
      scratch_.views[n++] = TakeShort();
    }
    return std::span(scratch_.views).first(n);
  }
  std::span<const PutItem> ItemSlice(size_t left) {
    const size_t most = std::min(left, kSliceElements);
    if (scratch_.items.size() < most) scratch_.items.resize(most);
    size_t n = 0;
    for (const char* from = at_; n < most && InSlice(from);) ReadItem(scratch_.items[n++]);
    return std::span(scratch_.items).first(n);
  }
  // Leaves in *rest what was not read. Empty, or what is wrong. `last`: nothing may be left.
  std::string_view FinishSlice(bool last, std::string_view* rest) {
    *rest = {at_, left()};
    if (!last && ok()) end_ = at_;
    return Finish();
  }

  template <typename Count, typename T, typename Describe>
  void List(std::span<const T>& list, std::vector<T> Scratch::*memory, size_t smallest,
            Describe describe) {
    std::vector<T>& elements = scratch_.*memory;
    elements.resize(TakeCount<Count>(smallest));
    for (T& element : elements) describe(*this, element);
    list = elements;
  }
  void Require(bool holds, std::string_view error) {
    if (!holds) Fail(error);
  }
  void RestIsForLater() {
    if (ok()) at_ = end_;
  }

  // Ends the reading: everything was read, and lists point to where they are. Empty, or what is
  // wrong.
  std::string_view Finish() {
    if (at_ != end_) Fail(kTrailing);
    if (!ok()) return error_;
    for (const auto& [list, first, count] : scratch_.lists) {
      *list = Tags(scratch_.views).subspan(first, count);
    }
    return {};
  }
  bool ok() const { return error_.empty(); }

 private:
  static constexpr std::string_view kCutOff = "the body ends before its last field does";
  static constexpr std::string_view kTrailing = "bytes follow the last field of the body";
  static constexpr std::string_view kHostileCount =
      "a list says it is longer than the rest of the body";
  static constexpr std::string_view kOptionBits =
      "an option bit is set that this command does not know";

  template <typename T>
  T Take() {
    if (left() < sizeof(T)) {
      Fail(kCutOff);
      return 0;
    }
    const T value = LoadLittle<T>(at_);
    at_ += sizeof(T);
    return value;
  }
  std::string_view TakeBytes(size_t n) {
    if (left() < n) {
      Fail(kCutOff);
      return {};
    }
    at_ += n;
    return {at_ - n, n};
  }
  std::string_view TakeShort() { return TakeBytes(Take<uint16_t>()); }
  // A count of elements of at least `smallest` bytes each. What the body has no room for is refused
  // before anything is allocated for it.
  template <typename T>
  size_t TakeCount(size_t smallest) {
    const size_t count = Take<T>();
    if (count <= left() / smallest) return count;
    Fail(kHostileCount);
    return 0;
  }
  // Reads into Scratch::views, which may move while it grows: Finish sets the list.
  void Views(size_t count, Tags* list) {
    const size_t first = scratch_.views.size();
    scratch_.views.resize(first + count);
    std::string_view* out = scratch_.views.data() + first;
    for (size_t i = 0; i < count; ++i) out[i] = TakeShort();
    scratch_.lists.push_back({list, first, count});
  }
  void Fail(std::string_view error) {
    if (ok()) error_ = error;
    at_ = end_;
  }
  void ReadItem(PutItem& item) {
    known_ = kHasTtl | kHasTags;
    item.ttl.reset();
    item.tags = {};
    DescribeItem(*this, item);
  }
  bool InSlice(const char* from) const {
    return ok() && static_cast<size_t>(at_ - from) < kSliceBytes;
  }
  void Leave(Batch::Form form, size_t count) {
    if (!ok()) return;
    *batch_ = {form, {at_, left()}, count};
    if (count > 0) at_ = end_;
  }
  size_t left() const { return static_cast<size_t>(end_ - at_); }

  const char* at_;
  const char* end_;
  std::string_view error_;
  uint8_t options_ = kOptionsOfNoByte;
  uint8_t known_;
  Scratch& scratch_;
  Batch* batch_;
};

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_BODY_READER_H_
