#ifndef TAGCACHE_PROTOCOL_TEXT_CODEC_H_
#define TAGCACHE_PROTOCOL_TEXT_CODEC_H_

// The tab-delimited codec: one request a line, one answer a line, in order. Grammar:
// docs/protocol.md. Nothing here throws but std::bad_alloc from the buffers handed in.

#include <cstddef>
#include <span>
#include <string_view>

#include "protocol/buffer.h"
#include "protocol/message.h"

namespace tagcache::protocol {

// Finds the line at the front of `bytes`. true: *line is the line without its CRs and LF, and *used
// its size with them. `searched` remembers how far an incomplete line was searched: start with 0;
// it is reset when a line is found.
bool ReadLine(std::string_view bytes, size_t* searched, std::string_view* line, size_t* used);

// Decodes a non-empty line. On false *error is what the answer names.
bool DecodeTextRequest(std::string_view line, Scratch& scratch, Request* request, StatusCode* error,
                       Lists lists = Lists::kDecoded);
// The command that a line asks for, without decoding its fields; nullptr: it is no verb.
const Command* CommandOfLine(std::string_view line);

// Appends the answer to `request`, whatever its status. A value or key that a line cannot carry (an
// LF, a trailing CR; in a list also a TAB or comma) is not sent; the answer is kUnrepresentable.
void EncodeTextResponse(const Request& request, const Response& response, Buffer& out);
// The answer to KEYS_BY_TAG in parts: kTextKeys, then the lists of keys with a comma between them,
// then an LF. false: a line cannot carry one of the keys, and nothing was appended.
inline constexpr std::string_view kTextKeys = "KEYS\t";
bool AppendTextKeys(std::span<const std::string_view> keys, Buffer& out);
// What precedes a value in the answer to GET; an LF follows it. For callers that send the value
// without copying it.
inline constexpr std::string_view kTextValue = "VALUE\t";
// Whether a line can carry the value.
bool FitsTextAnswer(std::string_view value);
// The answer to a request that did not decode: "ERR name".
void EncodeTextError(StatusCode status, Buffer& out);

// Appends a request. REQUIRES: CheckTextRequest(request) is empty.
void EncodeTextRequest(const Request& request, Buffer& out);
// Empty, or why the text protocol can not carry the request ("the key holds a TAB", "the text
// protocol has no TOUCH command"). A constant string or one kept in the command table.
std::string_view CheckTextRequest(const Request& request);

// Decodes the line that answers `op`. Errors of the server come back as a status, with the words
// after "ERR " as message. false: the line is not an answer to op.
bool DecodeTextResponse(Op op, std::string_view line, Scratch& scratch, Response* response);

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_TEXT_CODEC_H_
