// The Lua scripts that Redis runs for an edge's presence. A relay's is in proto/presence.c, and
// what they share in proto/presence_script.h.
#pragma once

// KEYS: the users of the edge, its rooms, the uplink, its bytes, and the hash of each change. ARGV:
// the edge, the prefix of the edges that are alive, the limits of the uplink, exchange and routing
// keys of the events about users, the time, then of each change the name, the count, and what it
// is: "u" of a user, "U" of one of whom services are told, "X" of one whose end they are told in
// any case, "r" of a room, "t" of one whose members are told, "T" if they are told in any case.
// Answers what is told for each change, and how many events the uplink did not take.
extern const char presence_write_script[];

// KEYS: the edges with presence. ARGV: the edge. The value is when it was heard last, with a word
// before it once a relay has begun to take out what it has written (proto/presence.h).
extern const char presence_beat_script[];
