#include "protocol/batch.h"

#include <algorithm>
#include <cassert>

#include "protocol/body_reader.h"
#include "protocol/message.h"
#include "protocol/text_line.h"

namespace tagcache::protocol {
namespace {

// Takes the next piece, without the blanks around it. It may be empty.
std::string_view TakePiece(Batch& batch) {
  const size_t comma = batch.bytes.find(',');
  const std::string_view piece = Trim(batch.bytes.substr(0, comma));
  if (comma == std::string_view::npos) {
    batch.bytes = {};
    batch.left = 0;
  } else {
    batch.bytes.remove_prefix(comma + 1);
  }
  return piece;
}

// Calls visit for the pieces of a slice that are not empty.
template <typename Visit>
void ForEachPiece(Batch& batch, Visit visit) {
  const size_t at_start = batch.bytes.size();
  for (size_t n = 0; n < kSliceElements && !batch.AtEnd();) {
    if (at_start - batch.bytes.size() >= kSliceBytes) return;
    const std::string_view piece = TakePiece(batch);
    if (piece.empty()) continue;
    visit(piece);
    ++n;
  }
}

void NoteKey(std::string_view key, size_t max_key, BatchCheck& check) {
  ++check.elements;
  if (key.size() > max_key && check.long_key.empty()) check.long_key = key;
}

}  // namespace

BatchCheck CheckBatch(Batch& batch, size_t max_key, Scratch& scratch) {
  assert(!batch.AtEnd());
  BatchCheck check;
  if (batch.form == Batch::Form::kPieces) {
    ForEachPiece(batch, [&](std::string_view piece) { NoteKey(piece, max_key, check); });
    return check;
  }
  BodyReader reader(batch.bytes, 0, scratch);
  if (batch.form == Batch::Form::kKeys) {
    for (const std::string_view key : reader.KeySlice(batch.left)) NoteKey(key, max_key, check);
  } else {
    // An item whose key is too long is refused by itself.
    check.elements = reader.ItemSlice(batch.left).size();
  }
  batch.left -= std::min(batch.left, check.elements);
  check.detail = reader.FinishSlice(batch.AtEnd(), &batch.bytes);
  if (!check.detail.empty()) check.error = StatusCode::kBadRequest;
  return check;
}

std::span<const std::string_view> ReadKeys(Batch& batch, Scratch& scratch) {
  assert(!batch.AtEnd());
  if (batch.form == Batch::Form::kPieces) {
    scratch.views.clear();
    ForEachPiece(batch, [&](std::string_view piece) { scratch.views.push_back(piece); });
    return scratch.views;
  }
  assert(batch.form == Batch::Form::kKeys);
  BodyReader reader(batch.bytes, 0, scratch);
  const auto keys = reader.KeySlice(batch.left);
  batch.left -= keys.size();
  [[maybe_unused]] const auto wrong = reader.FinishSlice(batch.AtEnd(), &batch.bytes);
  assert(wrong.empty() && "CheckBatch went through the same bytes");
  return keys;
}

std::span<const PutItem> ReadItems(Batch& batch, Scratch& scratch) {
  assert(!batch.AtEnd() && batch.form == Batch::Form::kItems);
  BodyReader reader(batch.bytes, 0, scratch);
  const auto items = reader.ItemSlice(batch.left);
  batch.left -= items.size();
  [[maybe_unused]] const auto wrong = reader.FinishSlice(batch.AtEnd(), &batch.bytes);
  assert(wrong.empty() && "CheckBatch went through the same bytes");
  return items;
}

}  // namespace tagcache::protocol
