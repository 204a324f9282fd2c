// Parses the member "rooms" of the gateway's file.
#pragma once

#include "common/gateway_file/file_reader.h"
#include "common/gateway_file/room_types.h"

// Adds the types to `into`, which must be empty.
NODISCARD bool room_types_parse(struct file_reader *r, struct json_view rooms,
                                struct room_types *into);
