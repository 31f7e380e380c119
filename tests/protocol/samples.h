#ifndef TAGCACHE_TESTS_PROTOCOL_SAMPLES_H_
#define TAGCACHE_TESTS_PROTOCOL_SAMPLES_H_

// Messages of every command, with the awkward cases: empty keys, tags and values, every byte there
// is, repeated tags, lists of none, numbers at their ends.

#include <vector>

#include "protocol/message.h"

namespace tagcache::protocol {

// They borrow from static storage. Every command occurs at least once.
std::vector<Request> SampleRequests();
// All replies but kValues, every status an answer can have, and errors, also of later versions.
std::vector<Response> SampleResponses();

}  // namespace tagcache::protocol

#endif  // TAGCACHE_TESTS_PROTOCOL_SAMPLES_H_
