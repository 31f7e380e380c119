#ifndef TAGCACHE_TESTS_HOSTILE_ATTACKS_H_
#define TAGCACHE_TESTS_HOSTILE_ATTACKS_H_

// What peers do who mean harm. Each goes on until it is stopped, and then lets go of everything.

#include <stop_token>

#include "tests/hostile/peer.h"

namespace tagcache::testing {

using Attack = void (*)(const Target& target, std::stop_token stop);

// connections.cc
void HoldConnections(const Target& target, std::stop_token stop);  // as many as there are, idle
void Reconnect(const Target& target, std::stop_token stop);        // connect, ask, close
void TrickleBytes(const Target& target, std::stop_token stop);     // a byte now and then, on many
void SendGarbage(const Target& target, std::stop_token stop);      // what is no protocol
void GuessPasswords(const Target& target, std::stop_token stop);
void PostFromBrowser(const Target& target, std::stop_token stop);  // HTTP that carries FLUSH

// memory.cc
void LeaveLargeValuesUnread(const Target& target, std::stop_token stop);  // while they are replaced
void LeaveTextValuesUnread(const Target& target, std::stop_token stop);
void LeaveMissesUnread(const Target& target, std::stop_token stop);  // MGETs of missing keys
void HoldRings(const Target& target, std::stop_token stop);  // of shared memory, full and unread
void SendHalfLines(const Target& target, std::stop_token stop);
void SendHalfMessages(const Target& target, std::stop_token stop);
void SendLargeBatches(const Target& target, std::stop_token stop);  // MDELETE of tens of megabytes
void FillAndFlush(const Target& target, std::stop_token stop);
void StoreManyTags(const Target& target, std::stop_token stop);  // that nothing else has

// turns.cc
void PipelineStats(const Target& target, std::stop_token stop);
void PipelineFlush(const Target& target, std::stop_token stop);
void PipelineScans(const Target& target, std::stop_token stop);  // of a prefix nobody has
void PipelineTagStats(const Target& target, std::stop_token stop);
void PipelineText(const Target& target, std::stop_token stop);       // reads as fast as it can
void DrainSharedMemory(const Target& target, std::stop_token stop);  // a reader of bulk values
void ListKeys(const Target& target, std::stop_token stop);           // text KEYS of a large tag
void GetEmptyKeys(const Target& target, std::stop_token stop);       // one MGET of millions
void InvalidatePieces(const Target& target, std::stop_token stop);   // one INV_KEYS of millions
void PutOneKeyOften(const Target& target, std::stop_token stop);     // one MPUT of millions
void PutManyKeys(const Target& target, std::stop_token stop);
void AppendWhileWritten(const Target& target, std::stop_token stop);

// What a scenario puts into the server before anybody attacks.
void FillTags(const Target& target);    // a hundred thousand tags of one entry each
void FillOneTag(const Target& target);  // 300,000 entries with one tag

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_HOSTILE_ATTACKS_H_
