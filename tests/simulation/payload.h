#ifndef TAGCACHE_TESTS_SIMULATION_PAYLOAD_H_
#define TAGCACHE_TESTS_SIMULATION_PAYLOAD_H_

// Values that contain the key and the write they belong to, their own size, and a checksum over all
// of it. So a test recognizes a value that reached the wrong request or was put together from two.
//
//   "<key index>|<caller>|<write>|<size>|" filler checksum (16 hex digits)

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace tagcache::simulation {

struct Payload {
  uint64_t key = 0;
  uint64_t caller = 0;
  uint64_t write = 0;  // unique in a schedule
};

inline constexpr size_t kChecksumSize = 16;
inline constexpr size_t kMinPayload = 96;

inline uint64_t Checksum(std::string_view bytes) {
  uint64_t sum = 0x9E3779B97F4A7C15u ^ bytes.size();
  while (bytes.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    sum = (sum ^ word) * 0xD6E8FEB86659FD93u;
    sum ^= sum >> 32;
    bytes.remove_prefix(8);
  }
  for (const char byte : bytes) sum = (sum ^ static_cast<uint8_t>(byte)) * 0x100000001B3u;
  return sum ^ sum >> 29;
}

inline std::string ChecksumText(std::string_view bytes) {
  char digits[kChecksumSize + 1];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(Checksum(bytes)));
  return digits;
}

// REQUIRES: size >= kMinPayload. `one_line`: of the bytes that the text codec can not carry, only
// TABs.
inline std::string MakePayload(const Payload& payload, size_t size, bool one_line) {
  char head[kMinPayload];
  const int head_size = std::snprintf(head, sizeof head, "%llu|%llu|%llu|%zu|",
                                      static_cast<unsigned long long>(payload.key),
                                      static_cast<unsigned long long>(payload.caller),
                                      static_cast<unsigned long long>(payload.write), size);
  std::string bytes(size - kChecksumSize, '\0');
  std::memcpy(bytes.data(), head, static_cast<size_t>(head_size));
  uint64_t word = payload.write * 0x9E3779B97F4A7C15u + payload.key;
  for (size_t i = static_cast<size_t>(head_size); i < bytes.size(); i += 8) {
    word = word * 0x5851F42D4C957F2Du + 0x14057B7EF767814Fu;
    uint64_t filler = word;
    if (one_line) filler = (word >> 2 & 0x3F3F3F3F3F3F3F3Fu) + 0x2020202020202020u;
    std::memcpy(bytes.data() + i, &filler, std::min<size_t>(8, bytes.size() - i));
  }
  if (one_line) bytes[static_cast<size_t>(head_size)] = '\t';
  return bytes + ChecksumText(bytes);
}

// nullopt: these bytes are not a whole payload.
inline std::optional<Payload> ReadPayload(std::string_view bytes) {
  if (bytes.size() < kMinPayload) return std::nullopt;
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumSize);
  if (ChecksumText(body) != bytes.substr(body.size())) return std::nullopt;
  uint64_t numbers[4] = {};
  std::string_view rest = body;
  for (uint64_t& number : numbers) {
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc() || end == rest.data() + rest.size() || *end != '|') {
      return std::nullopt;
    }
    rest.remove_prefix(static_cast<size_t>(end - rest.data()) + 1);
  }
  if (numbers[3] != bytes.size()) return std::nullopt;
  return Payload{numbers[0], numbers[1], numbers[2]};
}

}  // namespace tagcache::simulation

#endif  // TAGCACHE_TESTS_SIMULATION_PAYLOAD_H_
