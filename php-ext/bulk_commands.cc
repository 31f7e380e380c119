// Commands on any number of keys, each one exchange with the server and one crossing of the
// boundary.

#include "php-ext/arguments.h"
#include "php-ext/client_object.h"
#include "php-ext/exceptions.h"
#include "php-ext/functions.h"
#include "php-ext/value.h"

namespace tagcache::php {
namespace {

// Values taken from a stream by one call.
constexpr size_t kAtOnce = 64;

// Puts the values of ThisCall().stream into an array under the caller's own keys, in their order.
//
// Values that only user code can finish are left packed, and their places are noted: user code must
// not run while an answer is being read. The array has its size from the start and never grows, so
// the places stay valid.
class ResultFiller {
 public:
  ResultFiller(HashTable* keys, bool text, zval* result) : keys_(keys), text_(text) {
    array_init_size(result, zend_hash_num_elements(keys));
    // A mixed hash from the start: a packed one would be converted, and its places would move.
    zend_hash_real_init_mixed(Z_ARRVAL_P(result));
    result_ = Z_ARRVAL_P(result);
  }

  // false: a value can not be read; ThisCall().status has the reason, Key() its key.
  bool Take(std::span<const StreamItem> items) {
    // One check of the memory serves all the small values of this call.
    const bool fits = FitsMemory(0) && !text_;
    for (const StreamItem& item : items) {
      for (; position_ < item.index; ++position_) keys_.Forward();
      if (!item.found) continue;
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
  zval** packed_ = nullptr;  // request memory: a long jump frees it
  size_t packed_count_ = 0;
  size_t packed_capacity_ = 0;
};

std::string_view ViewOfKey(zval* key, char* digits) {
  if (Z_TYPE_P(key) == IS_STRING) return ViewOf(Z_STR_P(key));
  const int length = snprintf(digits, MAX_LENGTH_OF_LONG + 1, ZEND_LONG_FMT, Z_LVAL_P(key));
  return {digits, static_cast<size_t>(length)};
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
    if (!FinishDecode(self, "mGet", ViewOfPlace(place, digits), Decoded::kPacked, place)) {
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
    for (const StreamItem& item : std::span(items, count)) {
      if (item.error == nullptr) continue;
      ThisCall().status = *item.error;
      stream.Close();
      FailCall(self);
      return false;
    }
    if (filler.Take({items, count})) continue;
    stream.Close();
    char digits[MAX_LENGTH_OF_LONG + 1];
    return FinishDecode(self, "mGet", ViewOfKey(filler.Key(), digits), Decoded::kBad, nullptr);
  }
}

// The items of an mSet: request memory, freed by Release or with the request.
struct Items {
  PutItem* puts;
  Encoded* encoded;
  char (*digits)[MAX_LENGTH_OF_LONG + 1];
  size_t count;
};

void Release(Items* items) {
  for (size_t i = 0; i < items->count; ++i) Release(&items->encoded[i]);
  efree(items->puts);
  efree(items->encoded);
  efree(items->digits);
}

// false with an exception thrown. Runs user code, before anything is sent. The array is the
// caller's by value: user code that changes its variable changes a copy.
bool ReadItems(HashTable* array, bool text, const WriteOptions& options, Items* items) {
  const size_t size = zend_hash_num_elements(array);
  items->puts = static_cast<PutItem*>(safe_emalloc(size, sizeof(PutItem), 1));
  items->encoded = static_cast<Encoded*>(safe_emalloc(size, sizeof(Encoded), 1));
  items->digits =
      static_cast<char(*)[MAX_LENGTH_OF_LONG + 1]>(safe_emalloc(size, sizeof(*items->digits), 1));
  items->count = 0;
  zend_string* name;
  zend_ulong index;
  zval* value;
  ZEND_HASH_FOREACH_KEY_VAL(array, index, name, value) {
    const size_t i = items->count;
    PutItem& put = *new (&items->puts[i]) PutItem;
    put.options = options;
    if (name != nullptr) {
      put.key = ViewOf(name);
    } else {
      zval key;
      ZVAL_LONG(&key, static_cast<zend_long>(index));
      put.key = ViewOfKey(&key, items->digits[i]);
    }
    if (!Encode(value, text, put.key, &items->encoded[i])) {
      Release(items);
      return false;
    }
    put.value = items->encoded[i].view;
    ++items->count;
  }
  ZEND_HASH_FOREACH_END();
  return true;
}

// ThisCall().text = the message that names how many were refused and the first of them.
void DescribeRefused(ClientObject* self, const Items& items) {
  constexpr size_t kNamed = 3;
  const PutReport& report = ThisCall().report;
  std::string& text = ThisCall().text;
  text = "mSet on " + self->handle->servers + ": " + std::to_string(report.refused.size()) +
         " of " + std::to_string(items.count) + " items are not stored: ";
  for (size_t i = 0; i < report.refused.size() && i < kNamed; ++i) {
    const Refusal& refusal = report.refused[i];
    if (i > 0) text += "; ";
    text += "'" + ShownKey(items.puts[refusal.index].key) + "': " + refusal.status.message();
  }
  if (report.refused.size() > kNamed) text += "; ...";
}

void FailRefused(ClientObject* self, const Items& items) {
  DescribeRefused(self, items);
  zval exception, refused;
  MakeException(&exception, server_exception_ce, ThisCall().text);
  array_init_size(&refused, static_cast<uint32_t>(ThisCall().report.refused.size()));
  for (const Refusal& refusal : ThisCall().report.refused) {
    zval reason;
    ZVAL_STRINGL(&reason, refusal.status.message().data(), refusal.status.message().size());
    const std::string_view key = items.puts[refusal.index].key;
    zend_symtable_str_update(Z_ARRVAL(refused), key.data(), key.size(), &reason);
  }
  zend_update_property(server_exception_ce, Z_OBJ(exception), "refused", sizeof("refused") - 1,
                       &refused);
  zval_ptr_dtor(&refused);
  FailCallWith(self, &exception);
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
  if (self == nullptr || !CheckKeys(keys, TAGCACHE_ARGUMENTS(1))) RETURN_THROWS();
  if (zend_hash_num_elements(keys) == 0) RETURN_EMPTY_ARRAY();
  {
    ArrayKeys source(keys);
    if (!Keep(self->handle->client->StartMultiGet(ThisCall().stream, source))) {
      FailCall(self);
      RETURN_EMPTY_ARRAY();
    }
  }
  ResultFiller filler(keys, self->handle->text, return_value);
  const bool filled = Fill(self, filler) && UnpackAll(self, filler);
  filler.Release();
  if (filled) return;
  // What was read so far may hold packed strings: it is no answer.
  zend_array_destroy(Z_ARRVAL_P(return_value));
  RETVAL_EMPTY_ARRAY();
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
      !ReadItems(array, self->handle->text, options, &items)) {
    RETURN_THROWS();
  }
  // After ReadItems: it may run user code.
  if (!ReadStrings(tags, TAGCACHE_ARGUMENTS(3), &list)) {
    Release(&items);
    RETURN_THROWS();
  }
  for (size_t i = 0; i < items.count; ++i) items.puts[i].options.tags = list.span();
  const bool ok =
      Keep(self->handle->client->MultiPut({items.puts, items.count}), &ThisCall().report);
  if (!ok) {
    FailCall(self);
  } else if (!ThisCall().report.refused.empty()) {
    FailRefused(self, items);
  }
  Release(&items);
  Release(&list);
  RETURN_LONG(ok ? static_cast<zend_long>(ThisCall().report.stored) : 0);
}

ZEND_FUNCTION(tagcache_mdelete) {
  zval* self_zval;
  HashTable* keys;
  ZEND_PARSE_PARAMETERS_START(TAGCACHE_ARGUMENTS(1), TAGCACHE_ARGUMENTS(1))
  TAGCACHE_PARAM_SELF(self_zval)
  Z_PARAM_ARRAY_HT(keys)
  ZEND_PARSE_PARAMETERS_END();

  ClientObject* self = BeginCall(self_zval);
  if (self == nullptr || !CheckKeys(keys, TAGCACHE_ARGUMENTS(1))) RETURN_THROWS();
  ArrayKeys source(keys);
  tagcache::DeleteReport& report = ThisCall().deleted;
  if (!Keep(self->handle->client->MultiDelete(source), &report)) {
    report = tagcache::DeleteReport();
    FailCall(self);
  } else if (!report.refused.empty()) {
    ThisCall().status = report.refused.front().status;
    FailCall(self);
  }
  RETURN_LONG(static_cast<zend_long>(report.deleted));
}
