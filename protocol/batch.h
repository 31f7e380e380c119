#ifndef TAGCACHE_PROTOCOL_BATCH_H_
#define TAGCACHE_PROTOCOL_BATCH_H_

// The keys or items of a request that names many, while they are still bytes. A batch may have
// millions of elements; whoever carries it out reads it a slice at a time, so that it costs no
// memory but its own bytes, and so that other work can be done between two slices.
//
//   | count | element | element | element | element |       what the peer sent
//            \_______________/ \__________________/
//               were read             bytes, left
//
// A batch is a cursor: a copy of it reads the same elements again. First CheckBatch goes through
// all of it, so that nothing of a malformed batch is carried out, and then a copy is read.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/status_code.h"

namespace tagcache::protocol {

struct PutItem;
struct Scratch;

// A slice ends after so many elements, or at the first element behind so many bytes.
inline constexpr size_t kSliceElements = 512;
inline constexpr size_t kSliceBytes = 256 * 1024;

struct Batch {
  enum class Form : uint8_t {
    kNone,    // the request has no batch
    kKeys,    // of the binary codec: shorts
    kItems,   // of the binary codec: the items of MPUT
    kPieces,  // of the text codec: keys between commas, with blanks around them
  };
  Form form = Form::kNone;
  std::string_view bytes;  // that were not read yet
  size_t left = 0;         // elements in them; kPieces: 1 until the end was read

  bool AtEnd() const { return left == 0; }
};

// What CheckBatch found in a slice.
struct BatchCheck {
  StatusCode error = StatusCode::kOk;  // kBadRequest: the bytes are not what the batch says
  std::string_view detail;             // of the error, for a person
  std::string_view long_key;           // the first key over `max_key` bytes; empty: there is none
  size_t elements = 0;
};
// Reads a slice and only checks it. REQUIRES: !batch.AtEnd().
BatchCheck CheckBatch(Batch& batch, size_t max_key, Scratch& scratch);

// Reads a slice. A slice of kPieces may be empty. The views are valid while the bytes and `scratch`
// are. REQUIRES: CheckBatch found nothing wrong; the batch has that form; !batch.AtEnd().
std::span<const std::string_view> ReadKeys(Batch& batch, Scratch& scratch);
std::span<const PutItem> ReadItems(Batch& batch, Scratch& scratch);

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_BATCH_H_
