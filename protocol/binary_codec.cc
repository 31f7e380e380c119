#include "protocol/binary_codec.h"

#include <algorithm>
#include <array>
#include <limits>

namespace tagcache::protocol {
namespace {

constexpr size_t kMaxShort = std::numeric_limits<uint16_t>::max();
constexpr size_t kMaxLong = std::numeric_limits<uint32_t>::max();
// The least an item of MPUT takes: options, empty key, value flags and length.
constexpr size_t kMinItem = 1 + 2 + 4 + 4;
// The least a tag's statistics take: an empty tag and four numbers.
constexpr size_t kMinTagUsage = 2 + 4 * 8;

constexpr std::string_view kCutOff = "the body ends before its last field does";
constexpr std::string_view kTrailing = "bytes follow the last field of the body";
constexpr std::string_view kHostileCount = "a list says it is longer than the rest of the body";
constexpr std::string_view kOptionBits = "an option bit is set that this command does not know";
constexpr std::string_view kBadMode = "the mode is neither 0 (any) nor 1 (all)";
constexpr std::string_view kNoToken = "the lease token is 0, which no lease has";
constexpr std::string_view kBadLeaseKind = "the answer is of no known kind";
constexpr std::string_view kBadVersions = "the lowest version is above the highest";
constexpr std::string_view kNoCommand = "there is no command with this opcode";

// The option bits a row can follow up on. All others are reserved.
uint8_t KnownOptions(const Command& command) {
  // Read off the table once: it is asked for with each request.
  static const auto known = [] {
    std::array<uint8_t, 256> bits{};
    for (size_t opcode = 0; opcode < bits.size(); ++opcode) {
      const Command* row = FindCommand(static_cast<uint8_t>(opcode));
      if (row == nullptr) continue;
      bits[opcode] = (HasField(*row, Field::kTtl) ? kHasTtl : 0) |
                     (HasField(*row, Field::kTags) ? kHasTags : 0) |
                     (HasField(*row, Field::kToken) ? kHasToken : 0) |
                     (HasField(*row, Field::kLease) ? kStaleOk : 0);
    }
    return bits;
  }();
  return known[static_cast<uint8_t>(command.op)];
}

// Takes fields off the front of a body. The first thing that is wrong is latched: from then on
// everything reads as zero or empty, and error() says what it was.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  template <typename T>
  T Number() {
    if (left() < sizeof(T)) {
      Fail(kCutOff);
      return 0;
    }
    const T value = LoadLittle<T>(at_);
    at_ += sizeof(T);
    return value;
  }
  std::string_view Bytes(size_t n) {
    if (left() < n) {
      Fail(kCutOff);
      return {};
    }
    at_ += n;
    return {at_ - n, n};
  }
  std::string_view Short() { return Bytes(Number<uint16_t>()); }
  std::string_view Long() { return Bytes(Number<uint32_t>()); }
  std::string_view Rest() { return Bytes(left()); }
  // A count of elements of at least `smallest` bytes each. What the body has no room for is refused
  // before anything is allocated for it.
  template <typename T>
  size_t Count(size_t smallest) {
    const size_t count = Number<T>();
    if (count <= left() / smallest) return count;
    Fail(kHostileCount);
    return 0;
  }
  void Fail(std::string_view error) {
    if (ok()) error_ = error;
    at_ = end_;
  }

  size_t left() const { return static_cast<size_t>(end_ - at_); }
  bool ok() const { return error_.empty(); }
  std::string_view error() const { return error_; }

 private:
  const char* at_;
  const char* end_;
  std::string_view error_;
};

// A list in Scratch::views, which may move while it grows: a span is made of it at the end.
struct Slice {
  size_t first = 0;
  size_t count = 0;
  Tags Of(const std::vector<std::string_view>& views) const {
    return Tags(views.data() + first, count);
  }
};

Slice ReadViews(Reader& reader, size_t count, std::vector<std::string_view>& views) {
  const Slice slice = {views.size(), count};
  views.resize(slice.first + count);
  std::string_view* out = views.data() + slice.first;
  for (size_t i = 0; i < count; ++i) out[i] = reader.Short();
  return slice;
}

Slice ReadKeys(Reader& reader, Scratch& scratch) {
  return ReadViews(reader, reader.Count<uint32_t>(2), scratch.views);
}

Slice ReadTags(Reader& reader, Scratch& scratch) {
  return ReadViews(reader, reader.Count<uint16_t>(2), scratch.views);
}

uint8_t ReadOptions(Reader& reader, uint8_t known) {
  const uint8_t options = reader.Number<uint8_t>();
  if ((options & ~known) != 0) reader.Fail(kOptionBits);
  return options;
}

// Into the front of Scratch::items, which never shrinks here: making items anew would cost as much
// as reading them. Returns how many there are.
size_t ReadItems(Reader& reader, Scratch& scratch) {
  const size_t count = reader.Count<uint32_t>(kMinItem);
  if (scratch.items.size() < count) {
    scratch.items.resize(count);
    scratch.item_tags.resize(count);
  }
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    PutItem& item = scratch.items[i];
    const uint8_t options = ReadOptions(reader, kHasTtl | kHasTags);
    item.key = reader.Short();
    item.ttl = (options & kHasTtl) != 0 ? TtlMs(reader.Number<uint64_t>()) : std::nullopt;
    Slice tags;
    if ((options & kHasTags) != 0) tags = ReadTags(reader, scratch);
    scratch.item_tags[i] = {tags.first, tags.count};
    item.flags = reader.Number<uint32_t>();
    item.value = reader.Long();
  }
  return count;
}

Hello ReadHelloRest(Reader& reader, uint8_t min_version, uint8_t max_version) {
  Hello hello;
  hello.min_version = min_version;
  hello.max_version = max_version;
  hello.features = reader.Number<uint32_t>();
  hello.max_frame = reader.Number<uint32_t>();
  hello.name = reader.Short();
  return hello;
}

// Reads the fields of one row in their order.
class RequestReader {
 public:
  RequestReader(const Command& command, std::string_view body, Scratch& scratch, Request* request)
      : command_(command), reader_(body), scratch_(scratch), request_(*request) {}

  // Empty, or what is wrong.
  std::string_view Run() {
    for (const Field field : command_.fields) {
      if (field == Field::kEnd || !reader_.ok()) break;
      Read(field);
    }
    // What follows in a HELLO is for versions to come.
    if (reader_.left() > 0 && command_.op != Op::kHello) reader_.Fail(kTrailing);
    if (!reader_.ok()) return reader_.error();
    request_.keys = keys_.Of(scratch_.views);
    if (has_tags_) request_.tags = tags_.Of(scratch_.views);
    const std::span<PutItem> items = std::span(scratch_.items).first(items_);
    for (size_t i = 0; i < items.size(); ++i) {
      const auto& [first, count] = scratch_.item_tags[i];
      items[i].tags = Slice{first, count}.Of(scratch_.views);
    }
    request_.items = items;
    return {};
  }

 private:
  void Read(Field field);
  void ReadHello() {
    const uint8_t min_version = reader_.Number<uint8_t>();
    const uint8_t max_version = reader_.Number<uint8_t>();
    if (min_version > max_version) reader_.Fail(kBadVersions);
    request_.hello = ReadHelloRest(reader_, min_version, max_version);
  }
  void ReadToken() {
    if ((options_ & kHasToken) == 0) return;
    request_.token = reader_.Number<uint64_t>();
    if (request_.token == 0) reader_.Fail(kNoToken);
  }
  void ReadLease() {
    request_.stale_ok = (options_ & kStaleOk) != 0;
    request_.lease_ms = reader_.Number<uint32_t>();
    request_.wait_ms = reader_.Number<uint32_t>();
  }
  void ReadMode() {
    const uint8_t mode = reader_.Number<uint8_t>();
    if (mode > static_cast<uint8_t>(Mode::kAll)) return reader_.Fail(kBadMode);
    request_.mode = static_cast<Mode>(mode);
  }

  const Command& command_;
  Reader reader_;
  Scratch& scratch_;
  Request& request_;
  // Rows without options always hold their optional fields.
  uint8_t options_ = kHasTtl | kHasTags;
  Slice keys_;
  Slice tags_;
  bool has_tags_ = false;
  size_t items_ = 0;
};

void RequestReader::Read(Field field) {
  switch (field) {
    case Field::kEnd:
      return;
    case Field::kHello:
      return ReadHello();
    case Field::kCredentials:
      request_.user = reader_.Short();
      request_.password = reader_.Short();
      return;
    case Field::kOptions:
      options_ = ReadOptions(reader_, KnownOptions(command_));
      return;
    case Field::kKey:
    case Field::kTag:
    case Field::kPrefix:
      request_.key = reader_.Short();
      return;
    case Field::kKeys:
      keys_ = ReadKeys(reader_, scratch_);
      return;
    case Field::kTags:
      has_tags_ = (options_ & kHasTags) != 0;
      if (has_tags_) tags_ = ReadTags(reader_, scratch_);
      return;
    case Field::kTtl:
      if ((options_ & kHasTtl) != 0) request_.ttl = reader_.Number<uint64_t>();
      return;
    case Field::kToken:
      return ReadToken();
    case Field::kVersion:
      request_.version = reader_.Number<uint64_t>();
      return;
    case Field::kLease:
      return ReadLease();
    case Field::kValueFlags:
      request_.flags = reader_.Number<uint32_t>();
      return;
    case Field::kValue:
      request_.flags = reader_.Number<uint32_t>();
      request_.value = reader_.Long();
      return;
    case Field::kItems:
      items_ = ReadItems(reader_, scratch_);
      return;
    case Field::kBy:
      request_.by = reader_.Number<int64_t>();
      return;
    case Field::kInitial:
      request_.initial = reader_.Number<int64_t>();
      return;
    case Field::kMode:
      return ReadMode();
    case Field::kCursor:
      request_.cursor = reader_.Number<uint64_t>();
      return;
    case Field::kLimit:
      request_.limit = reader_.Number<uint32_t>();
      return;
  }
}

void WriteKeys(FrameWriter& writer, std::span<const std::string_view> keys) {
  writer.U32(static_cast<uint32_t>(keys.size()));
  writer.Shorts(keys);
}

void WriteTags(FrameWriter& writer, Tags tags) {
  writer.U16(static_cast<uint16_t>(tags.size()));
  writer.Shorts(tags);
}

// An item without tags that fits into the open frame. false: it does not.
bool WritePlainItem(FrameWriter& writer, const PutItem& item) {
  const size_t ttl = item.ttl ? sizeof(uint64_t) : 0;
  char* to = writer.Extend(kMinItem + ttl + item.key.size() + item.value.size());
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

void WriteItem(FrameWriter& writer, const PutItem& item) {
  if (item.tags.empty() && WritePlainItem(writer, item)) return;
  writer.U8((item.ttl ? kHasTtl : 0) | (item.tags.empty() ? 0 : kHasTags));
  writer.Short(item.key);
  if (item.ttl) writer.U64(*item.ttl);
  if (!item.tags.empty()) WriteTags(writer, item.tags);
  writer.U32(item.flags);
  writer.Long(item.value);
}

void WriteField(FrameWriter& writer, Field field, uint8_t options, const Request& request) {
  switch (field) {
    case Field::kEnd:
      return;
    case Field::kHello:
      writer.U8(request.hello.min_version);
      writer.U8(request.hello.max_version);
      writer.U32(request.hello.features);
      writer.U32(request.hello.max_frame);
      return writer.Short(request.hello.name);
    case Field::kCredentials:
      writer.Short(request.user);
      return writer.Short(request.password);
    case Field::kOptions:
      return writer.U8(options);
    case Field::kKey:
    case Field::kTag:
    case Field::kPrefix:
      return writer.Short(request.key);
    case Field::kKeys:
      return WriteKeys(writer, request.keys);
    case Field::kTags:
      if ((options & kHasTags) != 0) WriteTags(writer, request.tags.value_or(Tags()));
      return;
    case Field::kTtl:
      if ((options & kHasTtl) != 0) writer.U64(*request.ttl);
      return;
    case Field::kToken:
      if ((options & kHasToken) != 0) writer.U64(request.token);
      return;
    case Field::kVersion:
      return writer.U64(request.version);
    case Field::kLease:
      writer.U32(request.lease_ms);
      return writer.U32(request.wait_ms);
    case Field::kValueFlags:
      return writer.U32(request.flags);
    case Field::kValue:
      writer.U32(request.flags);
      return writer.Long(request.value);
    case Field::kItems:
      writer.U32(static_cast<uint32_t>(request.items.size()));
      for (const PutItem& item : request.items) WriteItem(writer, item);
      return;
    case Field::kBy:
      return writer.U64(static_cast<uint64_t>(request.by));
    case Field::kInitial:
      return writer.U64(static_cast<uint64_t>(request.initial));
    case Field::kMode:
      return writer.U8(static_cast<uint8_t>(request.mode));
    case Field::kCursor:
      return writer.U64(request.cursor);
    case Field::kLimit:
      return writer.U32(request.limit);
  }
}

// The option bits that say which optional fields follow, and those that say all by themselves. Rows
// without an options byte hold all of their fields.
uint8_t OptionsOf(const Command& command, const Request& request) {
  if (!HasField(command, Field::kOptions)) return kHasTags;
  return KnownOptions(command) &
         ((request.ttl ? kHasTtl : 0) | (request.tags ? kHasTags : 0) |
          (request.token != 0 ? kHasToken : 0) | (request.stale_ok ? kStaleOk : 0));
}

StatusCode CheckTags(Tags tags) {
  if (tags.size() > kMaxShort) return StatusCode::kTooManyTags;
  for (const std::string_view tag : tags) {
    if (tag.size() > kMaxShort) return StatusCode::kTagTooLong;
  }
  return StatusCode::kOk;
}

StatusCode CheckItem(const PutItem& item) {
  if (item.key.size() > kMaxShort) return StatusCode::kKeyTooLong;
  if (item.value.size() > kMaxLong) return StatusCode::kValueTooLarge;
  return CheckTags(item.tags);
}

void WriteMeta(FrameWriter& writer, const MetaReply& meta) {
  writer.U64(static_cast<uint64_t>(meta.ttl_left_ms));
  writer.U64(meta.age_ms);
  writer.U64(meta.size);
  writer.U64(meta.version);
  writer.U32(meta.flags);
  WriteTags(writer, meta.tags);
}

void WriteLease(FrameWriter& writer, const Response& response) {
  const auto kind = static_cast<uint8_t>(response.lease);
  switch (response.lease) {
    case LeaseKind::kNothing:
      return writer.U8(kind);
    case LeaseKind::kValue:
    case LeaseKind::kStaleValue:
      WriteValueHead(writer, Reply::kLease, kind, response.flags,
                     static_cast<uint32_t>(response.value.size()));
      return writer.Bytes(response.value);
    case LeaseKind::kToken:
      writer.U8(kind);
      return writer.U64(response.token);
  }
}

void WriteTagStats(FrameWriter& writer, std::span<const TagUsage> tags) {
  writer.U32(static_cast<uint32_t>(tags.size()));
  for (const TagUsage& usage : tags) {
    writer.Short(usage.tag);
    writer.U64(usage.keys);
    writer.U64(usage.bytes);
    writer.U64(usage.hits);
    writer.U64(usage.invalidations);
  }
}

void WriteReply(FrameWriter& writer, Reply reply, const Response& response) {
  switch (reply) {
    case Reply::kNothing:
    case Reply::kValues:
      return;
    case Reply::kHello:
      writer.U8(response.hello.max_version);
      writer.U32(response.hello.features);
      writer.U32(response.hello.max_frame);
      return writer.Short(response.hello.name);
    case Reply::kValue:
      WriteValueHead(writer, reply, 1, response.flags,
                     static_cast<uint32_t>(response.value.size()));
      return writer.Bytes(response.value);
    case Reply::kNumber:
      return writer.U64(static_cast<uint64_t>(response.number));
    case Reply::kPutReport:
      writer.U32(static_cast<uint32_t>(response.number));
      writer.U32(static_cast<uint32_t>(response.refused.size()));
      for (const RefusedItem& item : response.refused) {
        writer.U32(item.index);
        writer.U8(static_cast<uint8_t>(item.status));
      }
      return;
    case Reply::kKeyPage:
      writer.U64(response.cursor);
      return WriteKeys(writer, response.keys);
    case Reply::kMeta:
      return WriteMeta(writer, response.meta);
    case Reply::kLease:
      return WriteLease(writer, response);
    case Reply::kProgress:
      writer.U64(static_cast<uint64_t>(response.number));
      return writer.U64(response.cursor);
    case Reply::kTagStats:
      return WriteTagStats(writer, response.tag_stats);
    case Reply::kStats:
      writer.U16(static_cast<uint16_t>(response.stats.size()));
      for (const auto& [name, value] : response.stats) {
        writer.Short(name);
        writer.Short(value);
      }
      return;
  }
}

void ReadMeta(Reader& reader, Scratch& scratch, MetaReply* meta) {
  meta->ttl_left_ms = reader.Number<int64_t>();
  meta->age_ms = reader.Number<uint64_t>();
  meta->size = reader.Number<uint64_t>();
  meta->version = reader.Number<uint64_t>();
  meta->flags = reader.Number<uint32_t>();
  meta->tags = ReadTags(reader, scratch).Of(scratch.views);
}

void ReadPutReport(Reader& reader, Scratch& scratch, Response* response) {
  response->number = reader.Number<uint32_t>();
  scratch.refused.resize(reader.Count<uint32_t>(5));
  for (RefusedItem& item : scratch.refused) {
    item.index = reader.Number<uint32_t>();
    item.status = static_cast<StatusCode>(reader.Number<uint8_t>());
  }
  response->refused = scratch.refused;
}

void ReadStats(Reader& reader, Scratch& scratch, Response* response) {
  scratch.stats.resize(reader.Count<uint16_t>(4));
  for (auto& [name, value] : scratch.stats) {
    name = reader.Short();
    value = reader.Short();
  }
  response->stats = scratch.stats;
}

void ReadLeaseReply(Reader& reader, Response* response) {
  response->lease = static_cast<LeaseKind>(reader.Number<uint8_t>());
  switch (response->lease) {
    case LeaseKind::kNothing:
      return;
    case LeaseKind::kValue:
    case LeaseKind::kStaleValue:
      response->flags = reader.Number<uint32_t>();
      response->value = reader.Long();
      return;
    case LeaseKind::kToken:
      response->token = reader.Number<uint64_t>();
      return;
  }
  reader.Fail(kBadLeaseKind);
}

void ReadTagStats(Reader& reader, Scratch& scratch, Response* response) {
  scratch.tag_stats.resize(reader.Count<uint32_t>(kMinTagUsage));
  for (TagUsage& usage : scratch.tag_stats) {
    usage.tag = reader.Short();
    usage.keys = reader.Number<uint64_t>();
    usage.bytes = reader.Number<uint64_t>();
    usage.hits = reader.Number<uint64_t>();
    usage.invalidations = reader.Number<uint64_t>();
  }
  response->tag_stats = scratch.tag_stats;
}

void ReadReply(Reader& reader, Reply reply, Scratch& scratch, Response* response) {
  switch (reply) {
    case Reply::kNothing:
      return;
    case Reply::kHello: {
      const uint8_t version = reader.Number<uint8_t>();
      response->hello = ReadHelloRest(reader, version, version);
      if (reader.ok()) reader.Rest();  // for versions to come
      return;
    }
    case Reply::kValue:
      response->flags = reader.Number<uint32_t>();
      response->value = reader.Long();
      return;
    case Reply::kValues:
      reader.Rest();
      return;
    case Reply::kNumber:
      response->number = reader.Number<int64_t>();
      return;
    case Reply::kPutReport:
      return ReadPutReport(reader, scratch, response);
    case Reply::kKeyPage:
      response->cursor = reader.Number<uint64_t>();
      response->keys = ReadKeys(reader, scratch).Of(scratch.views);
      return;
    case Reply::kMeta:
      return ReadMeta(reader, scratch, &response->meta);
    case Reply::kLease:
      return ReadLeaseReply(reader, response);
    case Reply::kProgress:
      response->number = reader.Number<int64_t>();
      response->cursor = reader.Number<uint64_t>();
      return;
    case Reply::kTagStats:
      return ReadTagStats(reader, scratch, response);
    case Reply::kStats:
      return ReadStats(reader, scratch, response);
  }
}

}  // namespace

void EncodeRequest(const Request& request, uint64_t id, uint32_t max_frame, Buffer& out) {
  const Command& command = CommandOf(request.op);
  const uint8_t options = OptionsOf(command, request);
  FrameWriter writer(out, kRequestMagic, static_cast<uint8_t>(request.op), id, StatusCode::kOk,
                     max_frame);
  for (const Field field : command.fields) {
    if (field == Field::kEnd) break;
    WriteField(writer, field, options, request);
  }
  writer.Finish();
}

StatusCode CheckRequest(const Request& request) {
  if (request.key.size() > kMaxShort) {
    return HasField(CommandOf(request.op), Field::kTag) ? StatusCode::kTagTooLong
                                                        : StatusCode::kKeyTooLong;
  }
  if (request.value.size() > kMaxLong) return StatusCode::kValueTooLarge;
  if (request.keys.size() > kMaxLong || request.items.size() > kMaxLong ||
      request.user.size() > kMaxShort || request.password.size() > kMaxShort ||
      request.hello.name.size() > kMaxShort) {
    return StatusCode::kBadRequest;
  }
  for (const std::string_view key : request.keys) {
    if (key.size() > kMaxShort) return StatusCode::kKeyTooLong;
  }
  for (const PutItem& item : request.items) {
    if (const StatusCode code = CheckItem(item); code != StatusCode::kOk) return code;
  }
  return CheckTags(request.tags.value_or(Tags()));
}

bool DecodeRequest(uint8_t opcode, uint64_t id, std::string_view body, Scratch& scratch,
                   Request* request, StatusCode* error, std::string_view* detail) {
  *request = Request();
  request->op = static_cast<Op>(opcode);
  request->id = id;
  const Command* command = FindCommand(opcode);
  if (command == nullptr) {
    *error = StatusCode::kUnknownCommand;
    *detail = kNoCommand;
    return false;
  }
  scratch.views.clear();
  *detail = RequestReader(*command, body, scratch, request).Run();
  if (detail->empty()) return true;
  *error = StatusCode::kBadRequest;
  return false;
}

void EncodeResponse(const Response& response, uint32_t max_frame, Buffer& out) {
  FrameWriter writer(out, kResponseMagic, static_cast<uint8_t>(response.op), response.id,
                     response.status, max_frame);
  if (IsError(response.status)) {
    writer.Bytes(response.message);
  } else if (response.status == StatusCode::kOk) {
    WriteReply(writer, CommandOf(response.op).reply, response);
  }
  writer.Finish();
}

bool DecodeResponse(uint8_t opcode, uint64_t id, StatusCode status, std::string_view body,
                    Scratch& scratch, Response* response) {
  *response = Response();
  response->op = static_cast<Op>(opcode);
  response->id = id;
  response->status = status;
  if (IsError(status)) {
    response->message = body;
    return true;
  }
  const Command* command = FindCommand(opcode);
  if (command == nullptr) return false;
  if (status == StatusCode::kNotFound || status == StatusCode::kExists) return body.empty();
  if (status != StatusCode::kOk) return false;
  scratch.views.clear();
  scratch.refused.clear();
  scratch.stats.clear();
  scratch.tag_stats.clear();
  Reader reader(body);
  ReadReply(reader, command->reply, scratch, response);
  return reader.ok() && reader.left() == 0;
}

}  // namespace tagcache::protocol
