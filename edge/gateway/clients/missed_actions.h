// What services have done to a user while its client was away: the actions in the chain of the
// user's room since its session began. They are carried out at the recovery, so that the client
// comes back as if it had been there.
//
// A room of the session is a stay, from the join on. An action that takes the user out ends the
// stay, one that lets it in begins another one, perhaps in the same room. Of each the replay has
// what the room said meanwhile. In the room "*" it was all the time.
#pragma once

#include "edge/gateway/clients/recovery_attempt.h"

// The stays of a client in rooms, in the order in which they began.
struct stays {
    struct replay_room *rooms;
    struct stay *stays; // of each of the rooms, what else is to know
    size_t count, cap;
    struct position acted; // the newest action that lets the user in; none: the session's stays
};

void stays_fini(struct stays *stays);

// Sets the zeroed `stays` to those of the session's rooms, with the ends and further ones that
// actions have made. Otherwise returns why the session must not be recovered: RECOVERY_KICKED if
// the user was disconnected, RECOVERY_TOO_MUCH if there are more actions than events may be
// replayed. The names are valid until the session's rooms or the tail change.
NODISCARD enum recovery_result missed_actions_note(const struct recovery_attempt *attempt,
                                                   struct stays *stays);
// Takes the client out of the rooms in which it has no stay any more: here, where attempt->ended
// has them, and in the session store, and the other members get `user_left` unless they got it
// already. Puts those that it was let into into the session.
void missed_actions_carry_out(struct recovery_attempt *attempt, const struct stays *stays);
