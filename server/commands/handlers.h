#ifndef TAGCACHE_SERVER_COMMANDS_HANDLERS_H_
#define TAGCACHE_SERVER_COMMANDS_HANDLERS_H_

// The handlers of the commands. Adding a command adds a row in protocol/command.cc, a handler here
// and a row in handlers.cc; see docs/adding-a-command.md.

#include "server/commands/call.h"

namespace tagcache::server {

// connection_commands.cc
void HandleHello(Call& call);
void HandleAuth(Call& call);
void HandlePing(Call& call);

// value_commands.cc
void HandleGet(Call& call);
void HandlePut(Call& call);
void HandleAdd(Call& call);
void HandleReplace(Call& call);
void HandleDelete(Call& call);
void HandleExists(Call& call);
void HandleTouch(Call& call);
void HandleIncrement(Call& call);  // INCREMENT and DECREMENT
void HandleMeta(Call& call);
void HandleGetAndTouch(Call& call);
void HandleCompareAndSet(Call& call);
void HandleCompareAndDelete(Call& call);
void HandleAppend(Call& call);
void HandlePrepend(Call& call);

// lease_commands.cc
void HandleGetLease(Call& call);

// batch_commands.cc
void HandleMGet(Call& call);
void HandleMPut(Call& call);
void HandleMDelete(Call& call);

// tag_commands.cc
void HandleInvalidateTag(Call& call);
void HandleInvalidateTags(Call& call);
void HandleInvalidateKeys(Call& call);
void HandleKeysByTag(Call& call);
void HandleSearch(Call& call);
void HandleTagStats(Call& call);

// prefix_commands.cc
void HandleScan(Call& call);
void HandleDeletePrefix(Call& call);

// admin_commands.cc
void HandleStats(Call& call);
void HandleFlush(Call& call);

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_COMMANDS_HANDLERS_H_
