// What the settings mean for the parts of the edge.
#pragma once

#include "edge/adapters/services/authorization_client.h"
#include "edge/edge_settings.h"
#include "edge/gateway/gateway.h"
#include "edge/socketio/options.h"

// For up to `connections` clients. Borrows `memory`.
struct sio_options options_of_socketio(const struct edge_settings *settings, uint32_t connections,
                                       struct memory_budget *memory);
struct token_options options_of_tokens(const struct edge_settings *settings);

// For ROOM_AUTHORIZATION=service. They borrow the settings.
struct authorization_client_options
options_of_authorization_client(const struct edge_settings *settings);
struct authorization_requests_options
options_of_authorization_requests(const struct edge_settings *settings,
                                  struct authorization_service *service);
// `store` is NULL when nothing is recovered.
struct recovery_options options_of_recovery(const struct edge_settings *s,
                                            struct session_store *store);
