#ifndef TAGCACHE_PROTOCOL_TEXT_FIELDS_H_
#define TAGCACHE_PROTOCOL_TEXT_FIELDS_H_

// Which part of a line each field of a request is, for reading (LineReader in text_codec.cc),
// writing (LineWriter there) and checking (LineCheck in text_check.cc). Each of the three has a
// method for every part of a line, which returns its Result: a status, nothing, or the reason why
// the line cannot carry the field. `R` is a Request, const where it is only read.
//
// Private to protocol/. Grammar: docs/protocol.md.

#include "protocol/command.h"
#include "protocol/message.h"

namespace tagcache::protocol {

template <typename Line, typename R>
[[gnu::always_inline]] inline typename Line::Result DescribeTextField(Line& line, Field field,
                                                                      R& request) {
  switch (field) {
    case Field::kKey:
      return line.Key(request);
    case Field::kTag:
      return line.Tag(request);
    case Field::kKeys:
      return line.Keys(request);
    case Field::kTags:
      return line.TagList(request);
    case Field::kTtl:
      return line.Ttl(request);
    case Field::kBy:
      return line.By(request);
    case Field::kValue:
      return line.Value(request);
    case Field::kCredentials:
      return line.Credentials(request);
    // The line has no place for these: they have the one value that older servers gave them.
    case Field::kInitial:
      return line.template Implied<Field::kInitial>(request);
    case Field::kValueFlags:
      return line.template Implied<Field::kValueFlags>(request);
    case Field::kCursor:
      return line.template Implied<Field::kCursor>(request);
    case Field::kLimit:
      return line.template Implied<Field::kLimit>(request);
    case Field::kToken:
      return line.template Implied<Field::kToken>(request);
    case Field::kMode:  // is in the verb
    case Field::kOptions:
    case Field::kPrefix:  // and what follows: of commands without a verb
    case Field::kVersion:
    case Field::kLease:
    case Field::kHello:
    case Field::kItems:
    case Field::kEnd:
      break;
  }
  return typename Line::Result();
}

}  // namespace tagcache::protocol

#endif  // TAGCACHE_PROTOCOL_TEXT_FIELDS_H_
