// TagCache from C++: put, get, many at once, tags. Usage: quickstart [tcp://127.0.0.1:1984]
#include <tagcache/client.h>

#include <cstdio>
#include <string_view>
#include <vector>

int main(int argc, char** argv) {
  auto options = tagcache::ParseDsn(argc > 1 ? argv[1] : "tcp://127.0.0.1:1984?timeout_ms=250");
  if (!options.ok()) return std::puts(options.status().message().c_str()), 2;
  auto created = tagcache::Client::Create(*options);
  if (!created.ok()) return std::puts(created.status().message().c_str()), 2;
  tagcache::Client& cache = **created;

  const std::vector<std::string_view> tags = {"products", "category:books"};
  const auto put = cache.Put("book:1", {"Dune"}, {.ttl = std::chrono::minutes(5), .tags = tags});
  if (!put.ok()) return std::puts(put.message().c_str()), 1;
  const tagcache::PutItem more[] = {{"book:2", {"Emma"}, {.tags = tags}}, {"pen:1", {"blue"}, {}}};
  const auto stored = cache.MultiPut(more);
  std::printf("stored %zu more\n", stored.ok() ? stored.value().stored : 0);

  const auto title = cache.Get("book:1");  // an error, a miss, or a value
  if (title.ok() && *title) std::printf("book:1 is %s\n", title.value()->bytes.c_str());

  const auto gone = cache.InvalidateTag("category:books");
  std::printf("invalidated %llu\n", gone.ok() ? static_cast<unsigned long long>(*gone) : 0ull);

  const std::vector<std::string_view> keys = {"book:1", "book:2", "pen:1"};
  const auto values = cache.MultiGet(keys);
  if (!values.ok()) return std::puts(values.status().message().c_str()), 1;
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto& value = values->values[i];
    std::printf("%s: %s\n", keys[i].data(), value ? value->bytes.c_str() : "(miss)");
  }
  return 0;
}
