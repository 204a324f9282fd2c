// What a gateway file inherits from the one whose place it takes in a running process: since when
// each type of rooms has its rules. What somebody was allowed before that counts no more.
#pragma once

#include "common/gateway_file/gateway_file.h"

// `fresh` is used after `old`, from `now_ms` on, in ms since 1970. No type of either is
// ROOM_JOIN_AS_SET.
void gateway_file_succeed(struct gateway_file *fresh, const struct gateway_file *old,
                          uint64_t now_ms);
// True if who may join rooms of the type is found out in the same way, of the same service.
bool room_type_joins_alike(const struct room_type *type, const struct room_type *other);
// True if that holds of all types, and each has its place and its claim in both.
bool room_types_join_alike(const struct room_types *types, const struct room_types *others);
