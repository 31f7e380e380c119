#ifndef TAGCACHE_TESTS_SUPPORT_STOPPED_SERVER_H_
#define TAGCACHE_TESTS_SUPPORT_STOPPED_SERVER_H_

// Stopping a server so that it really stands: a signal takes effect some time after it was sent.

#include <signal.h>
#include <sys/wait.h>

#include "tests/support/server_process.h"

namespace tagcache::testing {

inline void Stop(ServerProcess& server) {
  server.Signal(SIGSTOP);
  siginfo_t info;
  waitid(P_PID, static_cast<id_t>(server.pid()), &info, WSTOPPED);
}

inline void GoOn(ServerProcess& server) { server.Signal(SIGCONT); }

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_SUPPORT_STOPPED_SERVER_H_
