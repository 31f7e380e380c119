// Commands on any number of keys, each one exchange with the server and one crossing of the
// boundary.

#include <algorithm>
#include <chrono>

#include "php-ext/arguments.h"
#include "php-ext/client_object.h"
#include "php-ext/exceptions.h"
#include "php-ext/functions.h"
#include "php-ext/value.h"

extern "C" {
#include "zend_smart_str.h"
}

namespace tagcache::php {
namespace {

// Values taken from a stream by one call.
constexpr size_t kAtOnce = 64;
// Items of an mSet that are given to the library at a time. Up to so many are one exchange with the
// server; of more, this bounds what is held beside the caller's array.
constexpr size_t kItemsAtOnce = 16 * 1024;

std::string_view ViewOfKey(zval* key, char* digits) {
  if (Z_TYPE_P(key) == IS_STRING) return ViewOf(Z_STR_P(key));
  return FormatInteger(Z_LVAL_P(key), digits);
}

// The items of a bulk call that were refused; request memory.
struct Refusals {
  zval reasons;    // array, key => reason; undefined while there are none
  smart_str text;  // names the first of them
  size_t count;
  ErrorCode first_code;
  ServerError first_error;
};

void Append(smart_str* text, std::string_view bytes) {
  smart_str_appendl(text, bytes.data(), bytes.size());
}

void Add(Refusals* refusals, std::string_view key, const Status& status) {
  constexpr size_t kNamed = 3;
  if (refusals->count == 0) {
    array_init(&refusals->reasons);
    refusals->first_code = status.code();
    refusals->first_error = status.server_error();
  }
  if (refusals->count < kNamed) {
    ThisCall().text = (refusals->count > 0 ? "; '" : "'") + ShownKey(key) + "': ";
    Append(&refusals->text, ThisCall().text);
    Append(&refusals->text, status.message());
  } else if (refusals->count == kNamed) {
    Append(&refusals->text, "; ...");
  }
  ++refusals->count;
  zval reason;
  ZVAL_STRINGL(&reason, status.message().data(), status.message().size());
  zend_symtable_str_update(Z_ARRVAL(refusals->reasons), key.data(), key.size(), &reason);
}

void Release(Refusals* refusals) {
  zval_ptr_dtor(&refusals->reasons);
  ZVAL_UNDEF(&refusals->reasons);
  smart_str_free(&refusals->text);
}

// Fails the call if items were refused, of `total` in all; `outcome` is what did not happen to
// them. Releases the refusals.
void FailRefused(ClientObject* self, Refusals* refusals, size_t total, zend_class_entry* ce,
                 const char* outcome) {
  if (refusals->count == 0) return;
  smart_str_0(&refusals->text);
  std::string& text = ThisCall().text;
  text = std::string(OperationName()) + " on " + self->handle->servers + ": " +
         std::to_string(refusals->count) + " of " + std::to_string(total) + outcome +
         ZSTR_VAL(refusals->text.s);
  zval exception;
  MakeException(&exception, ce, text, refusals->first_error);
  zend_update_property(exception_ce, Z_OBJ(exception), "refused", sizeof("refused") - 1,
                       &refusals->reasons);
  Release(refusals);
  FailCallWith(self, &exception);
}

// Puts the values of ThisCall().stream into an array under the caller's own keys, in their order.
//
// Values that only user code can finish are left packed, and their places are noted: user code must
// not run while an answer is being read. The array has its size from the start and never grows, so
// the places stay valid.
class ResultFiller {
 public:
  ResultFiller(HashTable* keys, bool text, zval* result, Refusals* refusals)
      : keys_(keys), text_(text), refusals_(refusals) {
    array_init_size(result, zend_hash_num_elements(keys));
    // A mixed hash from the start: a packed one would be converted, and its places would move.
    zend_hash_real_init_mixed(Z_ARRVAL_P(result));
    result_ = Z_ARRVAL_P(result);
  }

  // false: a value can not be read; ThisCall().status has the reason, Key() its key.
  bool Take(std::span<const StreamItem> items) {
    // One check of the memory serves all the small values of this call.
    const bool fits = !text_ && FitsMemory(items.size() * kSmall);
    for (const StreamItem& item : items) {
      for (; position_ < item.index; ++position_) keys_.Forward();
      if (!item.found) {
        if (UNEXPECTED(item.error != nullptr)) Refuse(*item.error);
        continue;
      }
      zval* place = PlaceOf(Key());
      // A key asked for twice has its value already.
      if (Z_TYPE_P(place) != IS_NULL) continue;
      const ValueView& value = item.value;
      if (fits && value.flags == kPlain && value.bytes.size() <= kSmall) {
        ZVAL_STRINGL_FAST(place, value.bytes.data(), value.bytes.size());
        continue;
      }
      const Decoded decoded = Decode(value, text_, place);
      if (decoded == Decoded::kPacked) Note(place);
      if (decoded == Decoded::kBad) return false;
    }
    return true;
  }

  zval* Key() { return keys_.element(); }

  size_t packed_count() const { return packed_count_; }
  zval* packed(size_t i) const { return packed_[i]; }
  void Release() {
    if (packed_ != nullptr) efree(packed_);
    packed_ = nullptr;
  }

 private:
  // PHP's rule for keys: "123" is the integer 123.
  zval* PlaceOf(zval* key) {
    zend_ulong index;
    if (Z_TYPE_P(key) == IS_LONG) return zend_hash_index_lookup(result_, Z_LVAL_P(key));
    if (ZEND_HANDLE_NUMERIC_STR(Z_STRVAL_P(key), Z_STRLEN_P(key), index)) {
      return zend_hash_index_lookup(result_, index);
    }
    return zend_hash_lookup(result_, Z_STR_P(key));
  }

  void Refuse(const Status& error) {
    char digits[MAX_LENGTH_OF_LONG + 1];
    Add(refusals_, ViewOfKey(Key(), digits), error);
  }

  void Note(zval* place) {
    if (packed_count_ == packed_capacity_) {
      packed_capacity_ = packed_capacity_ == 0 ? 64 : packed_capacity_ * 2;
      packed_ = static_cast<zval**>(safe_erealloc(packed_, packed_capacity_, sizeof(zval*), 0));
    }
    packed_[packed_count_++] = place;
  }

  static constexpr uint32_t kPlain = MakeFlags(ValueType::kBytes);
  static constexpr size_t kSmall = 16 * 1024;

  ArrayWalk keys_;
  HashTable* result_;
  size_t position_ = 0;  // of keys_
  bool text_;
  Refusals* refusals_;
  zval** packed_ = nullptr;  // request memory: a long jump frees it
  size_t packed_count_ = 0;
  size_t packed_capacity_ = 0;
};

// The key of an array's element.
std::string_view ViewOfKey(const ArrayWalk& walk, char* digits) {
  zend_string* name;
  zend_ulong index;
  walk.ReadKey(&name, &index);
  return name != nullptr ? ViewOf(name) : FormatInteger(static_cast<zend_long>(index), digits);
}

// The key of a bucket of the result.
std::string_view ViewOfPlace(zval* place, char* digits) {
  const auto* bucket = reinterpret_cast<const Bucket*>(place);
  if (bucket->key != nullptr) return ViewOf(bucket->key);
  zval key;
  ZVAL_LONG(&key, static_cast<zend_long>(bucket->h));
  return ViewOfKey(&key, digits);
}

bool UnpackAll(ClientObject* self, ResultFiller& filler) {
  for (size_t i = 0; i < filler.packed_count(); ++i) {
    zval* place = filler.packed(i);
    char digits[MAX_LENGTH_OF_LONG + 1];
    if (!FinishDecode(self, ViewOfPlace(place, digits), Decoded::kPacked, place)) {
      return false;
    }
  }
  return true;
}

// Reads the stream to its end. false: the call has failed.
bool Fill(ClientObject* self, ResultFiller& filler) {
  Stream& stream = ThisCall().stream;
  StreamItem items[kAtOnce];
  size_t count = 0;
  while (true) {
    if (!Keep(stream.NextItems(items), &count)) {
      FailCall(self);
      return false;
    }
    if (count == 0) return true;
    if (filler.Take({items, count})) continue;
    stream.Close();
    char digits[MAX_LENGTH_OF_LONG + 1];
    return FinishDecode(self, ViewOfKey(filler.Key(), digits), Decoded::kBad, nullptr);
  }
}

// The items of an mSet. Where no value needs it, nothing is prepared: values are read in place.
struct Items {
  HashTable* array;
  zval* prepared;  // by position, Z_EXTRA says whether it is a serialized form; or nullptr
  size_t count;    // of prepared
};

void Release(Items* items) {
  for (size_t i = 0; i < items->count; ++i) zval_ptr_dtor(&items->prepared[i]);
  if (items->prepared != nullptr) efree(items->prepared);
  items->prepared = nullptr;
}

bool AnyNeedsPreparing(HashTable* array) {
  for (ArrayWalk walk(array); walk.element() != nullptr; walk.Forward()) {
    if (NeedsPreparing(walk.element())) return true;
  }
  return false;
}

// false with an exception thrown. Runs user code, before anything is sent. The array is the call's
// by value, so that user code which changes the caller's variable changes a copy; and each value is
// held, for it may be behind a reference.
bool PrepareItems(HashTable* array, Items* items) {
  *items = {array, nullptr, 0};
  if (!AnyNeedsPreparing(array)) return true;
  items->prepared =
      static_cast<zval*>(safe_emalloc(zend_hash_num_elements(array), sizeof(zval), 0));
  for (ArrayWalk walk(array); walk.element() != nullptr; walk.Forward()) {
    char digits[MAX_LENGTH_OF_LONG + 1];
    Prepared prepared;
    if (!Prepare(walk.element(), ViewOfKey(walk, digits), &prepared)) {
      Release(items);
      return false;
    }
    zval* const place = &items->prepared[items->count++];
    ZVAL_COPY_VALUE(place, &prepared.value);
    Z_EXTRA_P(place) = prepared.serialized;
  }
  return true;
}

// What the library is given at a time; request memory.
struct Chunk {
  PutItem* puts;
  Encoded* encoded;
  char (*digits)[MAX_LENGTH_OF_LONG + 1];
  size_t capacity;
  size_t size;
};

Chunk MakeChunk(size_t items) {
  Chunk chunk = {nullptr, nullptr, nullptr, MIN(items, kItemsAtOnce), 0};
  const size_t capacity = chunk.capacity;
  chunk.puts = static_cast<PutItem*>(safe_emalloc(capacity, sizeof(PutItem), 1));
  chunk.encoded = static_cast<Encoded*>(safe_emalloc(capacity, sizeof(Encoded), 1));
  chunk.digits = static_cast<char(*)[MAX_LENGTH_OF_LONG + 1]>(
      safe_emalloc(capacity, sizeof(*chunk.digits), 1));
  return chunk;
}

void Empty(Chunk* chunk) {
  for (size_t i = 0; i < chunk->size; ++i) Release(&chunk->encoded[i]);
  chunk->size = 0;
}

void Release(Chunk* chunk) {
  Empty(chunk);
  efree(chunk->puts);
  efree(chunk->encoded);
  efree(chunk->digits);
}

// The next items from `position` on, which *walk is at.
void Fill(const Items& items, size_t position, bool text, const WriteOptions& options,
          ArrayWalk* walk, Chunk* chunk) {
  Empty(chunk);
  for (; chunk->size < chunk->capacity && walk->element() != nullptr; walk->Forward()) {
    const size_t i = chunk->size;
    const zval* value = walk->element();
    bool serialized = false;
    if (items.prepared != nullptr) {
      value = &items.prepared[position + i];
      serialized = Z_EXTRA_P(value) != 0;
    }
    Encode(value, serialized, text, &chunk->encoded[i]);
    PutItem& put = *new (&chunk->puts[i]) PutItem;
    put.key = ViewOfKey(*walk, chunk->digits[i]);
    put.value = chunk->encoded[i].view;
    put.options = options;
    ++chunk->size;
  }
}

// All items, chunk by chunk, within the one deadline of the call. false: the call has failed.
bool PutItems(ClientObject* self, const Items& items, const WriteOptions& options, size_t* stored,
              Refusals* refusals) {
  using Clock = std::chrono::steady_clock;
  using std::chrono::milliseconds;
  Client& client = *self->handle->client;
  const Clock::time_point start = Clock::now();
  Chunk chunk = MakeChunk(zend_hash_num_elements(items.array));
  ArrayWalk walk(items.array);
  bool ok = true;
  for (size_t position = 0; ok && walk.element() != nullptr; position += chunk.size) {
    Fill(items, position, self->handle->text, options, &walk, &chunk);
    CallOptions call = ThisCallOptions();
    const auto elapsed = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
    call.timeout = std::max(client.options().timeout - elapsed, milliseconds(1));
    PutReport& report = ThisCall().report;
    ok = Keep(client.MultiPut({chunk.puts, chunk.size}, call), &report);
    if (!ok) break;
    *stored += report.stored;
    for (const Refusal& refusal : report.refused) {
      Add(refusals, chunk.puts[refusal.index].key, refusal.status);
    }
  }
  Release(&chunk);
  if (!ok) FailCall(self);
  return ok;
}

// The values of the keys, as ReadNames returned them; an empty array where the call has failed.
void ReadMany(ClientObject* self, HashTable* keys, zval* result) {
  ZVAL_EMPTY_ARRAY(result);
  if (zend_hash_num_elements(keys) == 0) return;
  {
    ArrayKeys source(keys);
    if (!Keep(self->handle->client->StartMultiGet(ThisCall().stream, source, ThisCallOptions()))) {
      return FailCall(self);
    }
  }
  Refusals refusals = {};
  ResultFiller filler(keys, self->handle->text, result, &refusals);
  const bool filled = Fill(self, filler) && UnpackAll(self, filler);
  filler.Release();
  if (filled) {
    return FailRefused(self, &refusals, zend_hash_num_elements(keys),
                       ExceptionOf(refusals.first_code), " keys are refused: ");
  }
  Release(&refusals);
  // What was read so far may hold packed strings: it is no answer.
  zend_array_destroy(Z_ARRVAL_P(result));
  ZVAL_EMPTY_ARRAY(result);
}

// Fails a call of which some keys were refused; `refused` is in their order.
void FailRefusedKeys(ClientObject* self, HashTable* keys, const std::vector<Refusal>& refused) {
  Refusals refusals = {};
  ArrayWalk walk(keys);
  size_t position = 0;
  for (const Refusal& refusal : refused) {
    for (; position < refusal.index; ++position) walk.Forward();
    char digits[MAX_LENGTH_OF_LONG + 1];
    Add(&refusals, ViewOfKey(walk.element(), digits), refusal.status);
  }
  FailRefused(self, &refusals, zend_hash_num_elements(keys), ExceptionOf(refusals.first_code),
              " keys are refused: ");
}

}  // namespace
}  // namespace tagcache::php

using namespace tagcache::php;  // NOLINT: the functions below have C names of their own

ZEND_FUNCTION(tagcache_mget) {
  zval* self_zval;
  HashTable* keys;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(1))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_ARRAY_HT(keys)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  HashTable* made;
  if (self == nullptr || (keys = ReadNames(keys, TAGCACHE_ARGUMENTS(1), &made)) == nullptr) {
    RETURN_THROWS();
  }
  ReadMany(self, keys, return_value);
  ReleaseNames(made);
}

ZEND_FUNCTION(tagcache_mput) {
  zval* self_zval;
  HashTable* array;
  zend_long ttl_ms = 0;
  bool ttl_null = true;
  HashTable* tags = nullptr;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(3))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_ARRAY_HT(array)
  Z_PARAM_OPTIONAL
  Z_PARAM_LONG_OR_NULL(ttl_ms, ttl_null)
  Z_PARAM_ARRAY_HT_OR_NULL(tags)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  if (self == nullptr) RETURN_THROWS();
  tagcache::WriteOptions options;
  StringList list;
  Items items;
  if (!ReadTtl(ttl_ms, ttl_null, TAGCACHE_ARGUMENTS(2), &options.ttl) ||
      !PrepareItems(array, &items)) {
    RETURN_THROWS();
  }
  // After PrepareItems: it may run user code.
  if (!ReadStrings(tags, TAGCACHE_ARGUMENTS(3), &list)) {
    Release(&items);
    RETURN_THROWS();
  }
  options.tags = list.span();
  size_t stored = 0;
  Refusals refusals = {};
  if (PutItems(self, items, options, &stored, &refusals)) {
    FailRefused(self, &refusals, zend_hash_num_elements(array), server_exception_ce,
                " items are not stored: ");
  } else {
    stored = 0;
    Release(&refusals);
  }
  Release(&items);
  Release(&list);
  RETURN_LONG(static_cast<zend_long>(stored));
}

ZEND_FUNCTION(tagcache_mdelete) {
  zval* self_zval;
  HashTable* keys;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(1))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_ARRAY_HT(keys)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  HashTable* made;
  if (self == nullptr || (keys = ReadNames(keys, TAGCACHE_ARGUMENTS(1), &made)) == nullptr) {
    RETURN_THROWS();
  }
  ArrayKeys source(keys);
  tagcache::DeleteReport& report = ThisCall().deleted;
  report = tagcache::DeleteReport();
  if (Keep(self->handle->client->MultiDelete(source, ThisCallOptions()), &report)) {
    FailRefusedKeys(self, keys, report.refused);
  } else {
    FailCall(self);
  }
  ReleaseNames(made);
  RETURN_LONG(static_cast<zend_long>(report.deleted));
}
