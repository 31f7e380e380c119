#include <tagcache/client.h>

#include <cstdio>

int main(int, char** argv) {
  auto client = tagcache::Client::Create({.servers = {argv[1]}});
  if (!client.ok() || !(*client)->Put("greeting", {"hello"}).ok()) return 1;
  auto value = (*client)->Get("greeting");
  std::puts(value.ok() && value->has_value() ? (**value).bytes.c_str() : "?");
  return 0;
}
