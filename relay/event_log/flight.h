// Parts of a batch on their way to Redis: several are sent one after the other, and their answers
// read later, in the same order.
//
// A part that is refused must not be followed by the next one, or the log would have a hole that no
// last id shows. So the script of a part is told which event is before it in its shard while that
// one is in flight, and refuses too if the log lacks it. Private to this folder.
#pragma once

#include "relay/event_log/batch.h"
#include "relay/event_log/event_log.h"

struct answers {
    bool lost;      // the connection is lost: not all answers came
    bool no_script; // Redis has forgotten the script
    bool full;      // Redis has no memory left
    bool failed;    // Redis refused for another reason, or too few replicas have the batch
    bool refused;   // an id is not above the last one, or an event before it is missing
};

bool answers_are_good(const struct answers *answers);

// Sends the next part of the batch: what was not sent over this connection or, if nothing is in
// flight, what is not in the log. The batch is in doubt until all answers have come.
void flight_send(struct event_log *log, struct batch *batch);

// Waits for the answers of the oldest flight, takes them and those that have come with them, and
// marks what is in the log. Takes those of all flights with `all`, or if any answer is not good. If
// that takes longer than a second, ends the connection: the log tells what is in it.
struct answers flight_land(struct event_log *log, bool all);
