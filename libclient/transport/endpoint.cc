#include "libclient/transport/endpoint.h"

#include <sys/un.h>

#include <charconv>
#include <cstdint>
#include <optional>

#include "tagcache/options.h"

namespace tagcache {
namespace {

constexpr std::string_view kDefaultPort = "1984";
constexpr std::string_view kHidden = "***";
constexpr size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;

Status Refuse(std::string_view address, std::string_view why) {
  return Status(ErrorCode::kUsage, "server '" + ShownServer(address) + "': " + std::string(why));
}

// What stands where a port stands may be a password: "tcp://user:password".
std::string ShownPort(std::string_view port) {
  const bool digits = port.find_first_not_of("0123456789") == std::string_view::npos;
  return digits ? std::string(port) : std::string(kHidden);
}

bool IsPort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

std::optional<std::string_view> After(std::string_view text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return std::nullopt;
  return text.substr(prefix.size());
}

Result<Endpoint> ParseUnix(Endpoint::Kind kind, std::string_view address, std::string_view path) {
  if (path.empty() || path[0] != '/') {
    return Refuse(address, "the path of a Unix socket is absolute: " +
                               std::string(address.substr(0, address.size() - path.size())) +
                               "/path");
  }
  if (path.size() > kMaxPath) {
    return Refuse(address, "the path is " + std::to_string(path.size()) +
                               " bytes long, the system allows " + std::to_string(kMaxPath));
  }
  if (path.find('\0') != std::string_view::npos) return Refuse(address, "the path holds a NUL");
  Endpoint endpoint;
  endpoint.kind = kind;
  endpoint.path = path;
  endpoint.name = ShownServer(address);
  return endpoint;
}

Result<Endpoint> ParseTcp(std::string_view address, std::string_view rest) {
  std::string_view host = rest;
  std::string_view port = kDefaultPort;
  size_t host_end = rest.rfind(':');
  if (!rest.empty() && rest[0] == '[') {
    const size_t bracket = rest.find(']');
    if (bracket == std::string_view::npos) return Refuse(address, "the '[' is not closed");
    host = rest.substr(1, bracket - 1);
    host_end = bracket + 1 < rest.size() ? bracket + 1 : std::string_view::npos;
    if (host_end != std::string_view::npos && rest[host_end] != ':') {
      return Refuse(address, "after the ']' only a ':' and a port may follow");
    }
  } else if (host_end != std::string_view::npos) {
    host = rest.substr(0, host_end);
    if (host.find(':') != std::string_view::npos) {
      return Refuse(address, "an IPv6 address stands in brackets: tcp://[::1]:1984");
    }
  }
  if (host_end != std::string_view::npos) port = rest.substr(host_end + 1);
  if (host.empty()) return Refuse(address, "the host is missing: tcp://host:port");
  if (host.find_first_of("/?@, \t\r\n") != std::string_view::npos ||
      host.find('\0') != std::string_view::npos) {
    return Refuse(
        address,
        "the host may not hold '/', '?', '@', ',' or blanks (credentials are the options username "
        "and password)");
  }
  if (!IsPort(port)) {
    return Refuse(address, "port '" + ShownPort(port) + "' is not a number from 1 to 65535");
  }
  Endpoint endpoint;
  endpoint.host = host;
  endpoint.port = port;
  endpoint.name = address;
  return endpoint;
}

}  // namespace

std::string ShownServer(std::string_view address) {
  const size_t scheme_end = address.find("://");
  const size_t start = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  std::string shown(address.substr(0, start));
  std::string_view rest = address.substr(start);
  const bool path = rest.substr(0, 1) == "/" && (shown == "unix://" || shown == "shm://");
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos && !path) {
    shown += kHidden;
    rest.remove_prefix(at);
  }
  const size_t question = rest.find('?');
  const std::string_view place = rest.substr(0, question);
  const size_t colon = place.rfind(':');
  if (path || colon == std::string_view::npos || place.find(']', colon) != place.npos) {
    shown += place;
  } else {
    shown.append(place.substr(0, colon + 1)).append(ShownPort(place.substr(colon + 1)));
  }
  if (question != std::string_view::npos) shown.append("?").append(kHidden);
  return shown;
}

Result<Endpoint> ParseEndpoint(std::string_view address) {
  if (const auto rest = After(address, "tcp://")) return ParseTcp(address, *rest);
  if (const auto path = After(address, "unix://")) {
    return ParseUnix(Endpoint::Kind::kUnix, address, *path);
  }
  if (const auto path = After(address, "shm://")) {
    return ParseUnix(Endpoint::Kind::kShm, address, *path);
  }
  if (After(address, "tls://")) {
    return Refuse(
        address,
        "this version does not support tls://; it takes tcp://host:port, unix:///path and "
        "shm:///path");
  }
  return Refuse(address, "an address is tcp://host:port, unix:///path or shm:///path");
}

}  // namespace tagcache
