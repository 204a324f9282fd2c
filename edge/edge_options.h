// Translates the settings into the options of the edge's parts. Options borrow the texts of the
// settings.
#pragma once

#include "edge/adapters/listener/listener.h"
#include "edge/adapters/services/authorization_client.h"
#include "edge/edge_settings.h"
#include "edge/gateway/gateway.h"
#include "edge/socketio/options.h"

// `connections`: the limit of clients at one time. Borrows `memory`.
struct sio_options options_of_socketio(const struct edge_settings *settings, uint32_t connections,
                                       struct memory_budget *memory);
// As above. Borrows `origins`.
struct listener_options options_of_listener(const struct edge_settings *settings,
                                            uint32_t connections, struct allowed_origins *origins,
                                            struct memory_budget *memory);
struct token_options options_of_tokens(const struct edge_settings *settings);

// The next two are for services that say who may join; if there are none, `service` is NULL.
struct authorization_client_options
options_of_authorization_client(const struct edge_settings *settings);
struct authorization_requests_options
options_of_authorization_requests(const struct edge_settings *settings,
                                  struct authorization_service *service);
// `store` is NULL when recovery is off (RECOVERY_WINDOW=0).
struct recovery_options options_of_recovery(const struct edge_settings *s,
                                            struct session_store *store);
