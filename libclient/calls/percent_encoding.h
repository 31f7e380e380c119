#ifndef TAGCACHE_LIBCLIENT_CALLS_PERCENT_ENCODING_H_
#define TAGCACHE_LIBCLIENT_CALLS_PERCENT_ENCODING_H_

// Bytes as "%" and two hexadecimal digits, as in a DSN.
// Ownership: results own their bytes. Threads: any. Errors: PercentDecode alone has one.

#include <string>
#include <string_view>

namespace tagcache {

// false: a '%' is not followed by two hexadecimal digits.
bool PercentDecode(std::string_view text, std::string* out);

// Encodes each byte that is one of `special`.
std::string PercentEncode(std::string_view bytes, std::string_view special);

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_CALLS_PERCENT_ENCODING_H_
