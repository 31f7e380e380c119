#ifndef TAGCACHE_LIBCLIENT_TRANSPORT_SOCKET_POLL_H_
#define TAGCACHE_LIBCLIENT_TRANSPORT_SOCKET_POLL_H_

// Sleeping until a socket is ready. By poll, which knows no highest descriptor (select ends at
// 1023).

#include "libclient/transport/io_result.h"

namespace tagcache {

// Sleeps until one of the events `wanted` (POLLIN, POLLOUT) is there or the deadline has passed;
// *got is what poll returned. A signal does not end the sleep.
IoResult PollSocket(int fd, short wanted, TimePoint deadline, short* got);

// The result of a call of recv.
IoResult FromReceive(long n);

// Lets the other thread of a core go on while this one spins.
inline void Relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_TRANSPORT_SOCKET_POLL_H_
