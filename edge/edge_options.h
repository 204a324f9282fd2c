// What the settings mean for the parts of the edge.
#pragma once

#include "edge/adapters/services/authorization_client.h"
#include "edge/edge_settings.h"
#include "edge/gateway/gateway.h"

// For up to `connections` clients. Borrows `memory`.
struct sio_options options_of_socketio(const struct edge_settings *settings, uint32_t connections,
                                       struct memory_budget *memory);
struct token_options options_of_tokens(const struct edge_settings *settings);

// For ROOM_AUTHORIZATION=service. They borrow the settings.
struct http_authority_options options_of_authority(const struct edge_settings *settings);
struct room_inquiry_options options_of_inquiry(const struct edge_settings *settings,
                                               struct room_authority *authority);
// `store` is NULL when nothing is recovered.
struct recovery_options options_of_recovery(const struct edge_settings *s,
                                            struct session_store *store);
