// The parts of the API that its files share. Private to relay/api.
#pragma once

#include "common/side_port.h"
#include "relay/api/api_commands.h"
#include "relay/api/api_key_file.h"
#include "relay/api/api_options.h"
#include "relay/rabbitmq/publisher.h"

struct api {
    struct api_options options;
    char exchange[UINT8_MAX + 1]; // that events are published to
    struct token_rate rate;
    struct api_key_file *keys;
    struct publisher *publisher;
    struct api_commands *commands; // about users and edges
    // What asks Redis alone, and slow commands must not hold up: the names of events, and presence.
    struct api_commands *names;
    struct side_port *port;
};
