#ifndef TAGCACHE_LIBCLIENT_CALLS_BULK_DELETE_H_
#define TAGCACHE_LIBCLIENT_CALLS_BULK_DELETE_H_

// MDELETE of any number of keys, each with the result that a DELETE of it alone would have.
//
// Threads: one at a time. Errors: Status; std::bad_alloc.

#include "libclient/calls/client_core.h"
#include "libclient/calls/key_list.h"
#include "tagcache/client.h"

namespace tagcache {

// `keys` are as they go on the wire. *report is complete if this succeeds.
Status DeleteKeys(ClientCore& core, const CallContext& call, const KeyList& keys,
                  DeleteReport* report);

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_CALLS_BULK_DELETE_H_
