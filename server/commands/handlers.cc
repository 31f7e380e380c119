#include "server/commands/handlers.h"

#include <utility>

namespace tagcache::server {
namespace {

using protocol::Op;

constexpr std::pair<Op, Handler> kRows[] = {
    {Op::kHello, HandleHello},
    {Op::kAuth, HandleAuth},
    {Op::kPing, HandlePing},
    {Op::kGet, HandleGet},
    {Op::kPut, HandlePut},
    {Op::kAdd, HandleAdd},
    {Op::kReplace, HandleReplace},
    {Op::kDelete, HandleDelete},
    {Op::kExists, HandleExists},
    {Op::kTouch, HandleTouch},
    {Op::kIncrement, HandleIncrement},
    {Op::kDecrement, HandleIncrement},
    {Op::kMeta, HandleMeta},
    {Op::kGetLease, HandleGetLease},
    {Op::kGetAndTouch, HandleGetAndTouch},
    {Op::kCompareAndSet, HandleCompareAndSet},
    {Op::kCompareAndDelete, HandleCompareAndDelete},
    {Op::kAppend, HandleAppend},
    {Op::kPrepend, HandlePrepend},
    {Op::kMGet, HandleMGet},
    {Op::kMPut, HandleMPut},
    {Op::kMDelete, HandleMDelete},
    {Op::kInvalidateTag, HandleInvalidateTag},
    {Op::kInvalidateTags, HandleInvalidateTags},
    {Op::kInvalidateKeys, HandleInvalidateKeys},
    {Op::kKeysByTag, HandleKeysByTag},
    {Op::kSearch, HandleSearch},
    {Op::kScan, HandleScan},
    {Op::kDeletePrefix, HandleDeletePrefix},
    {Op::kTagStats, HandleTagStats},
    {Op::kStats, HandleStats},
    {Op::kFlush, HandleFlush},
};

}  // namespace

constinit const HandlerTable kHandlers = [] {
  HandlerTable table{};
  for (const auto& [op, handler] : kRows) table[static_cast<uint8_t>(op)] = handler;
  return table;
}();

}  // namespace tagcache::server
