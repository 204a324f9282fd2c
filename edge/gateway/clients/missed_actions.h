// What services have done to a user while its client was away: the actions in the chain of the
// user's room since its session began. They are carried out at the recovery, so that the client
// comes back as if it had been there.
#pragma once

#include "edge/gateway/clients/recovery_attempt.h"

// Sets the end of each room that the user was taken out of and has not joined since. The rooms are
// those of the session. Otherwise returns why the session must not be recovered: RECOVERY_KICKED if
// the user was disconnected, RECOVERY_TOO_MUCH if there are more actions than events may be
// replayed.
NODISCARD enum recovery_result missed_actions_note(const struct recovery_attempt *attempt,
                                                   struct replay_room *rooms, size_t room_count);
// Takes the client out of the rooms with an end: here, where attempt->ended has them, and in the
// session store, and the other members get `user_left` unless they got it already.
void missed_actions_carry_out(struct recovery_attempt *attempt, const struct replay_room *rooms,
                              size_t room_count);
