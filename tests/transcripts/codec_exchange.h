#ifndef TAGCACHE_TESTS_TRANSCRIPTS_CODEC_EXCHANGE_H_
#define TAGCACHE_TESTS_TRANSCRIPTS_CODEC_EXCHANGE_H_

// From a step of a transcript to bytes of a codec, and from an answer's bytes to what the step
// expects: a status and named fields.

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/binary_codec.h"
#include "protocol/command.h"
#include "protocol/text_codec.h"
#include "tests/transcripts/peer.h"
#include "tests/transcripts/transcript.h"

namespace tagcache::transcripts {

// ValueType::kInteger: what a step creates, where a transcript does not say otherwise.
inline constexpr uint32_t kIntegerFlags = 1;

// What a server answered, in the words of the format.
struct Answer {
  std::string status;
  Datum fields = Datum(Datum::Kind::kRecord);
  bool explains = true;  // a line of the text codec has no room for a message

  void Set(std::string name, Datum value) {
    fields.fields.emplace_back(std::move(name), std::move(value));
  }
};

inline const protocol::Command* FindCommandNamed(std::string_view name) {
  for (const protocol::Command& command : protocol::Commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

// A step as a request; the step outlives it.
class StepRequest {
 public:
  explicit StepRequest(const Step& step) {
    const protocol::Command* const command = FindCommandNamed(step.name);
    if (command == nullptr) Fail(step, "there is no command " + step.name);
    request_.op = command->op;
    request_.by = 1;
    request_.hello.max_frame = protocol::kBaseMaxFrame;
    for (const auto& [name, value] : step.fields.fields) {
      if (!SetText(name, value) && !SetNumber(name, value) && !SetList(step, name, value)) {
        Fail(step, name + " is no field of a request, or has another type");
      }
    }
    const bool steps = protocol::HasField(*command, protocol::Field::kBy);
    if (step.fields.Find("initial") == nullptr) {
      request_.initial = command->op == protocol::Op::kDecrement ? -request_.by : request_.by;
    }
    if (steps && step.fields.Find("flags") == nullptr) request_.flags = kIntegerFlags;
  }
  StepRequest(const StepRequest&) = delete;

  protocol::Request& request() { return request_; }

 private:
  [[noreturn]] static void Fail(const Step& step, const std::string& what) {
    throw ParseError("line " + std::to_string(step.line) + ": " + what);
  }

  bool SetText(const std::string& name, const Datum& value) {
    if (name == "mode" && value.kind == Datum::Kind::kWord) {
      request_.mode = value.text == "all" ? protocol::Mode::kAll : protocol::Mode::kAny;
      return value.text == "all" || value.text == "any";
    }
    if (name == "stale" && value.kind == Datum::Kind::kWord) {
      request_.stale_ok = value.text == "yes";
      return value.text == "yes" || value.text == "no";
    }
    if (name == "at_creation" && value.kind == Datum::Kind::kWord) {
      request_.ttl_at_creation = value.text == "yes";
      return value.text == "yes" || value.text == "no";
    }
    std::string_view* target = nullptr;
    if (name == "key" || name == "tag" || name == "prefix") target = &request_.key;
    if (name == "value") target = &request_.value;
    if (name == "client") target = &request_.hello.name;
    if (name == "user") target = &request_.user;
    if (name == "password") target = &request_.password;
    if (target == nullptr || value.kind != Datum::Kind::kBytes) return false;
    *target = value.text;
    return true;
  }
  bool SetNumber(const std::string& name, const Datum& value) {
    if (value.kind != Datum::Kind::kNumber) return false;
    const int64_t number = value.number;
    if (name == "ttl") {
      request_.ttl = static_cast<uint64_t>(number);
    } else if (name == "flags") {
      request_.flags = static_cast<uint32_t>(number);
    } else if (name == "by") {
      request_.by = number;
    } else if (name == "initial") {
      request_.initial = number;
    } else if (name == "cursor") {
      request_.cursor = static_cast<uint64_t>(number);
    } else if (name == "limit") {
      request_.limit = static_cast<uint32_t>(number);
    } else if (name == "version") {
      request_.version = static_cast<uint64_t>(number);
    } else if (name == "token") {
      request_.token = static_cast<uint64_t>(number);
    } else if (name == "lease") {
      request_.lease_ms = static_cast<uint32_t>(number);
    } else if (name == "wait") {
      request_.wait_ms = static_cast<uint32_t>(number);
    } else if (name == "features") {
      request_.hello.features = static_cast<uint32_t>(number);
    } else if (name == "max_frame") {
      request_.hello.max_frame = static_cast<uint32_t>(number);
    } else if (name == "min_version") {
      request_.hello.min_version = static_cast<uint8_t>(number);
    } else if (name == "max_version") {
      request_.hello.max_version = static_cast<uint8_t>(number);
    } else {
      return false;
    }
    return true;
  }
  bool SetList(const Step& step, const std::string& name, const Datum& value) {
    if (value.kind != Datum::Kind::kList) return false;
    if (name == "tags") {
      tags_ = Views(value);
      request_.tags = protocol::Tags(tags_);
    } else if (name == "keys") {
      keys_ = Views(value);
      request_.keys = keys_;
    } else if (name == "items") {
      for (const Datum& item : value.list) AddItem(step, item);
      request_.items = items_;
    } else {
      return false;
    }
    return true;
  }
  void AddItem(const Step& step, const Datum& item) {
    const Datum* const key = item.Find("key");
    const Datum* const value = item.Find("value");
    if (key == nullptr || value == nullptr) Fail(step, "an item has no key or no value");
    protocol::PutItem put;
    put.key = key->text;
    put.value = value->text;
    if (const Datum* ttl = item.Find("ttl")) put.ttl = static_cast<uint64_t>(ttl->number);
    if (const Datum* flags = item.Find("flags")) put.flags = static_cast<uint32_t>(flags->number);
    if (const Datum* tags = item.Find("tags")) {
      item_tags_.push_back(Views(*tags));
      put.tags = item_tags_.back();
    }
    items_.push_back(put);
  }
  static std::vector<std::string_view> Views(const Datum& list) {
    std::vector<std::string_view> views;
    for (const Datum& item : list.list) views.push_back(item.text);
    return views;
  }

  protocol::Request request_;
  std::vector<std::string_view> tags_;
  std::vector<std::string_view> keys_;
  std::vector<protocol::PutItem> items_;
  std::deque<std::vector<std::string_view>> item_tags_;
};

inline void DescribeLease(const protocol::Response& response, Answer* answer) {
  switch (response.lease) {
    case protocol::LeaseKind::kNothing:
      return answer->Set("kind", Datum::Word("nothing"));
    case protocol::LeaseKind::kValue:
    case protocol::LeaseKind::kStaleValue: {
      const bool stale = response.lease == protocol::LeaseKind::kStaleValue;
      answer->Set("kind", Datum::Word(stale ? "stale" : "value"));
      answer->Set("value", Datum::Bytes(response.value));
      return answer->Set("flags", Datum::Number(response.flags));
    }
    case protocol::LeaseKind::kToken:
      return answer->Set("kind", Datum::Word("token"));
  }
}

// The fields of an answer that is no error, but for its values.
inline void Describe(const protocol::Response& response, protocol::Reply reply, Answer* answer) {
  const auto list = [](const auto& views) {
    std::vector<Datum> items;
    for (const std::string_view view : views) items.push_back(Datum::Bytes(view));
    // Keys and tags come in no order that a transcript could know.
    std::sort(items.begin(), items.end(),
              [](const Datum& a, const Datum& b) { return a.text < b.text; });
    return Datum::List(std::move(items));
  };
  switch (reply) {
    case protocol::Reply::kNothing:
    case protocol::Reply::kValues:
      return;
    case protocol::Reply::kHello:
      answer->Set("version", Datum::Number(response.hello.max_version));
      answer->Set("features", Datum::Number(response.hello.features));
      return answer->Set("max_frame", Datum::Number(response.hello.max_frame));
    case protocol::Reply::kValue:
      answer->Set("value", Datum::Bytes(response.value));
      return answer->Set("flags", Datum::Number(response.flags));
    case protocol::Reply::kNumber:
      return answer->Set("number", Datum::Number(response.number));
    case protocol::Reply::kPutReport: {
      std::vector<Datum> refused;
      for (const protocol::RefusedItem& item : response.refused) {
        Datum record(Datum::Kind::kRecord);
        record.fields.emplace_back("index", Datum::Number(item.index));
        record.fields.emplace_back("status", Datum::Word(protocol::NameOf(item.status)));
        refused.push_back(std::move(record));
      }
      answer->Set("stored", Datum::Number(response.number));
      return answer->Set("refused", Datum::List(std::move(refused)));
    }
    case protocol::Reply::kKeyPage:
      answer->Set("keys", list(response.keys));
      answer->Set("count", Datum::Number(static_cast<int64_t>(response.keys.size())));
      return answer->Set("last", Datum::Word(response.cursor == 0 ? "yes" : "no"));
    case protocol::Reply::kLease:
      return DescribeLease(response, answer);
    case protocol::Reply::kProgress:
      answer->Set("number", Datum::Number(response.number));
      return answer->Set("last", Datum::Word(response.cursor == 0 ? "yes" : "no"));
    case protocol::Reply::kTagStats: {
      std::vector<Datum> rows;
      for (const protocol::TagUsage& usage : response.tag_stats) {
        Datum row(Datum::Kind::kRecord);
        row.fields.emplace_back("tag", Datum::Bytes(usage.tag));
        row.fields.emplace_back("keys", Datum::Number(static_cast<int64_t>(usage.keys)));
        rows.push_back(std::move(row));
      }
      return answer->Set("tags", Datum::List(std::move(rows)));
    }
    case protocol::Reply::kMeta:
      answer->Set("ttl_left", Datum::Number(response.meta.ttl_left_ms));
      answer->Set("age", Datum::Number(static_cast<int64_t>(response.meta.age_ms)));
      answer->Set("size", Datum::Number(static_cast<int64_t>(response.meta.size)));
      answer->Set("flags", Datum::Number(response.meta.flags));
      return answer->Set("tags", list(response.meta.tags));
    case protocol::Reply::kStats:
      for (const auto& [name, value] : response.stats) {
        answer->Set(std::string(name), Datum::Bytes(value));
      }
      return;
  }
}

inline Answer Broken(const std::string& what) {
  Answer answer;
  answer.status = what;
  return answer;
}

inline Answer TextAnswer(protocol::Op op, std::string line) {
  if (line.empty() || line.back() != '\n') return Broken("(no answer: '" + line + "')");
  line.pop_back();
  protocol::Scratch scratch;
  protocol::Response response;
  if (!protocol::DecodeTextResponse(op, line, scratch, &response)) {
    return Broken("(no answer to this command: '" + line + "')");
  }
  Answer answer;
  answer.explains = false;
  answer.status = protocol::NameOf(response.status);
  if (response.status == protocol::StatusCode::kOk) {
    Describe(response, protocol::CommandOf(op).reply, &answer);
  }
  return answer;
}

// One whole message of the binary codec, its frames put together.
struct Message {
  uint8_t opcode = 0;
  uint64_t id = 0;
  protocol::StatusCode status = protocol::StatusCode::kOk;
  std::string body;
};

// Reads frames of any messages until that of `id` is complete; others are kept for their turn.
class MessageReader {
 public:
  std::optional<Message> Read(Peer& peer, uint64_t id) {
    for (;;) {
      const auto found = complete_.find(id);
      if (found != complete_.end()) {
        Message message = std::move(found->second);
        complete_.erase(found);
        return message;
      }
      if (!ReadFrame(peer)) return std::nullopt;
    }
  }
  // The next message, whatever its ID.
  std::optional<Message> ReadAny(Peer& peer) {
    while (complete_.empty()) {
      if (!ReadFrame(peer)) return std::nullopt;
    }
    Message message = std::move(complete_.begin()->second);
    complete_.erase(complete_.begin());
    return message;
  }

 private:
  bool ReadFrame(Peer& peer) {
    std::string head = peer.Read(protocol::kHeaderSize);
    if (head.size() < protocol::kHeaderSize) return false;
    // A header alone is enough to know the body's size; then the frame is parsed as a whole.
    const auto* at = reinterpret_cast<const unsigned char*>(head.data()) + 4;
    const size_t length = at[0] | at[1] << 8 | at[2] << 16 | static_cast<size_t>(at[3]) << 24;
    const std::string frame = head + peer.Read(length);
    protocol::FrameHeader header;
    protocol::StatusCode error = protocol::StatusCode::kOk;
    if (protocol::ReadFrame(frame, protocol::kResponseMagic, UINT32_MAX, &header, &error) !=
        protocol::FrameState::kDone) {
      return false;
    }
    Message& message = open_[header.id];
    message.opcode = header.opcode;
    message.id = header.id;
    message.status = header.status;
    message.body.append(frame, protocol::kHeaderSize);
    if (header.more) return true;
    complete_[header.id] = std::move(message);
    open_.erase(header.id);
    return true;
  }

  std::map<uint64_t, Message> open_;
  std::map<uint64_t, Message> complete_;
};

inline std::optional<Datum> ReadValues(std::string_view body) {
  std::vector<Datum> values;
  while (!body.empty()) {
    protocol::ValueItem item;
    size_t used = 0;
    if (protocol::ReadValueItem(body, &item, &used) != protocol::FrameState::kDone) {
      return std::nullopt;
    }
    if (!item.found) {
      values.push_back(Datum::Word("miss"));
    } else if (item.flags == 0) {
      values.push_back(Datum::Bytes(item.value));
    } else {
      Datum record(Datum::Kind::kRecord);
      record.fields.emplace_back("value", Datum::Bytes(item.value));
      record.fields.emplace_back("flags", Datum::Number(item.flags));
      values.push_back(std::move(record));
    }
    body.remove_prefix(used);
  }
  return Datum::List(std::move(values));
}

inline Answer BinaryAnswer(protocol::Op op, const std::optional<Message>& message) {
  if (!message) return Broken("(no answer)");
  if (message->opcode != static_cast<uint8_t>(op)) return Broken("(another command's opcode)");
  protocol::Scratch scratch;
  protocol::Response response;
  if (!protocol::DecodeResponse(message->opcode, message->id, message->status, message->body,
                                scratch, &response)) {
    return Broken("(the body does not parse)");
  }
  Answer answer;
  answer.status = protocol::NameOf(response.status);
  if (protocol::IsError(response.status)) {
    answer.Set("message", Datum::Bytes(response.message));
  } else if (response.status == protocol::StatusCode::kOk) {
    const protocol::Reply reply = protocol::CommandOf(op).reply;
    Describe(response, reply, &answer);
    if (reply == protocol::Reply::kValues) {
      std::optional<Datum> values = ReadValues(message->body);
      if (!values) return Broken("(the values do not parse)");
      answer.Set("values", std::move(*values));
    }
  }
  return answer;
}

// Empty, or in what the answer differs from the step.
inline std::string Difference(const Step& expected, const Answer& answer) {
  if (expected.name != answer.status) {
    std::string what = "expected " + expected.name + ", got " + answer.status;
    if (const Datum* message = answer.fields.Find("message")) what += " " + Show(*message);
    return what;
  }
  for (const auto& [name, value] : expected.fields.fields) {
    const Datum* const actual = answer.fields.Find(name);
    if (name == "message" && !answer.explains) continue;
    if (actual == nullptr) return "the answer has no " + name;
    const bool part = name == "message";
    if (part ? actual->text.find(value.text) == std::string::npos : !Matches(value, *actual)) {
      return name + ": expected " + Show(value) + ", got " + Show(*actual);
    }
  }
  // What a transcript leaves out is not checked, but the point of an answer must not be left out.
  for (const char* name : {"value", "values", "number", "keys", "stored", "kind"}) {
    const bool said = expected.fields.Find(name) != nullptr ||
                      (expected.fields.Find("count") != nullptr && name == std::string("keys"));
    if (answer.fields.Find(name) != nullptr && !said) {
      return std::string("the transcript does not say ") + name;
    }
  }
  return {};
}

}  // namespace tagcache::transcripts

#endif  // TAGCACHE_TESTS_TRANSCRIPTS_CODEC_EXCHANGE_H_
