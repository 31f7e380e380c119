#include "profiling/load/dialect.h"

#include <cstdint>

#include "protocol/binary_codec.h"
#include "protocol/buffer.h"
#include "protocol/frame.h"

namespace tagcache::profiling {
namespace {

std::string Text(size_t number) { return std::to_string(number); }

// "$length CR LF bytes CR LF"
std::string Resp(std::string_view bytes) {
  return "$" + Text(bytes.size()) + "\r\n" + std::string(bytes) + "\r\n";
}

Exchange RedisSet(std::string_view key, std::string_view value) {
  return {"*3\r\n" + Resp("SET") + Resp(key) + Resp(value), "+OK\r\n"};
}

Exchange RedisGets(std::span<const std::string_view> keys, std::string_view value, Shape shape) {
  Exchange all;
  if (shape == Shape::kBulk) {
    all.request = "*" + Text(keys.size() + 1) + "\r\n" + Resp("MGET");
    all.reply = "*" + Text(keys.size()) + "\r\n";
  }
  for (const std::string_view key : keys) {
    if (shape == Shape::kPipelined) all.request += "*2\r\n" + Resp("GET");
    all.Append({Resp(key), Resp(value)});
  }
  return all;
}

Exchange MemcachedSet(std::string_view key, std::string_view value) {
  return {"set " + std::string(key) + " 0 0 " + Text(value.size()) + "\r\n" + std::string(value) +
              "\r\n",
          "STORED\r\n"};
}

Exchange MemcachedGets(std::span<const std::string_view> keys, std::string_view value,
                       Shape shape) {
  Exchange all;
  if (shape == Shape::kBulk) all.request = "get";
  for (const std::string_view each : keys) {
    const std::string key(each);
    all.request += shape == Shape::kBulk ? " " + key : "get " + key + "\r\n";
    all.reply += "VALUE " + key + " 0 " + Text(value.size()) + "\r\n" + std::string(value) + "\r\n";
    if (shape == Shape::kPipelined) all.reply += "END\r\n";
  }
  if (shape == Shape::kBulk) all.Append({"\r\n", "END\r\n"});
  return all;
}

// Every exchange has the same IDs, because a connection sends nothing until all of them are
// answered.
Exchange Frames(const protocol::Request& request, protocol::Response response) {
  protocol::Buffer asked, answered;
  protocol::EncodeRequest(request, protocol::kBaseMaxFrame, asked);
  response.op = request.op;
  response.id = request.id;
  protocol::EncodeResponse(response, protocol::kBaseMaxFrame, answered);
  return {std::string(asked.view()), std::string(answered.view())};
}

Exchange TagcachedSet(std::string_view key, std::string_view value) {
  protocol::Request request;
  request.op = protocol::Op::kPut;
  request.id = 1;
  request.key = key;
  request.value = value;
  return Frames(request, {});
}

std::string ValuesFrame(size_t count, std::string_view value) {
  protocol::Buffer out;
  protocol::FrameWriter writer(out, protocol::kResponseMagic,
                               static_cast<uint8_t>(protocol::Op::kMGet), 1,
                               protocol::StatusCode::kOk, protocol::kBaseMaxFrame);
  for (size_t i = 0; i < count; ++i) {
    protocol::WriteValueHead(writer, protocol::Reply::kValues, 1, 0,
                             static_cast<uint32_t>(value.size()));
    writer.Bytes(value);
  }
  writer.Finish();
  return std::string(out.view());
}

Exchange TagcachedGets(std::span<const std::string_view> keys, std::string_view value,
                       Shape shape) {
  protocol::Request request;
  if (shape == Shape::kBulk) {
    request.op = protocol::Op::kMGet;
    request.id = 1;
    request.keys = keys;
    protocol::Buffer asked;
    protocol::EncodeRequest(request, protocol::kBaseMaxFrame, asked);
    return {std::string(asked.view()), ValuesFrame(keys.size(), value)};
  }
  request.op = protocol::Op::kGet;
  protocol::Response response;
  response.value = value;
  Exchange all;
  for (const std::string_view key : keys) {
    ++request.id;
    request.key = key;
    all.Append(Frames(request, response));
  }
  return all;
}

}  // namespace

const Dialect kRedis = {RedisSet, RedisGets};
const Dialect kMemcached = {MemcachedSet, MemcachedGets};
const Dialect kTagcached = {TagcachedSet, TagcachedGets};

}  // namespace tagcache::profiling
