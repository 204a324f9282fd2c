// Finds the point of the log at which a client goes on: it missed the events of its rooms above it.
//
// The point is a cut. A room starts at the cut or at the position at which the client joined it,
// whichever is later. For a recovery the edge must have delivered past all of these, and its tail
// must reach back to them.
#pragma once

#include "edge/gateway/clients/recovery_attempt.h"

// The client's offset, raised to what its last edge had delivered at the last touch if the client
// has everything that it had been sent by then: it lacks nothing up to there. Shards of which
// neither is known are 0-0.
struct cut resume_point_find(const struct recovery_attempt *attempt);

// The functions below use attempt->start, the result of resume_point_find().

// True if this edge has not delivered up to the start and to all joins yet. A client let in now
// would get events again that it has, and events of rooms from before it joined them.
bool resume_point_is_ahead(const struct recovery_attempt *attempt);
// True if the tail has every event that the client missed, and none of them was lost.
bool resume_point_is_remembered(const struct recovery_attempt *attempt);
// Sets attempt->replay to the missed events, and carries out the missed actions. Otherwise returns
// why there is no recovery: RECOVERY_KICKED, or RECOVERY_TOO_MUCH if events or actions exceed
// recovery->limits.
NODISCARD enum recovery_result resume_point_make_replay(struct recovery_attempt *attempt);
