// The parts of the gateway. gateway.c puts them together, gateway_handlers.c connects them with
// sockets, bus and session store, and gateway_replace_file.c gives them another file.
#pragma once

#include "edge/gateway/announcements.h"
#include "edge/gateway/client_connect.h"
#include "edge/gateway/client_disconnect.h"
#include "edge/gateway/client_events.h"
#include "edge/gateway/clients/departure.h"
#include "edge/gateway/clients/recovery.h"
#include "edge/gateway/clients/sessions.h"
#include "edge/gateway/clients/token_notices.h"
#include "edge/gateway/control_commands.h"
#include "edge/gateway/delivery/log_follower.h"
#include "edge/gateway/delivery/relay_status.h"
#include "edge/gateway/gateway.h"
#include "edge/gateway/web/http_routes.h"
#include "edge/gateway/web/origin_guard.h"
#include "edge/gateway/web/token_cookie.h"

struct gateway {
    char *edge_id;
    struct origin_guard origins;
    struct token_cookie cookie;
    struct gateway_handlers handlers;
    struct gateway_metrics *metrics;
    struct bus *bus;
    struct sio_server *socketio;
    struct sio_namespace *nsp;
    struct token_verifier *verifier;
    struct jwks_refresh *jwks; // NULL: no set of keys is fetched
    struct key_waits key_waits;
    struct revocations *revocations;
    struct token_expiry *expiry;
    struct token_notices notices;
    struct client_connect connect;
    struct client_disconnect disconnect;
    struct authorization *authorization;
    struct delivery delivery;
    struct sessions sessions;
    struct regrants regrants;
    struct recovery recovery;
    struct departures departures;
    uint32_t recovery_window_s; // 0: recovery is off
    struct room_events room_events;
    struct presence *presence; // NULL: nothing of the kind is kept
    struct client_acks acks;
    struct client_uplink uplink;
    struct joins joins;
    struct client_events events;
    struct log_follower *follower;
    struct relay_status relay;
    struct user_commands user_commands;
    struct control_commands commands;
    struct http_routes routes;
    struct announcements announcements;
    unsigned shards;
    bool found_log;
    struct position
        lost[SHARDS_MAX]; // losses that the session store was not there to note; or none
};

// gateway_handlers.c: what sockets, the bus and the session store report, handed on to the part
// that deals with it.
struct sio_handlers gateway_socket_handlers(struct gateway *gateway);
struct bus_control_handlers gateway_control_handlers(struct gateway *gateway);
// `delivery` and its tail must be there already.
struct log_follower_handlers gateway_follower_handlers(struct gateway *gateway);
struct sessions_handlers gateway_sessions_handlers(struct gateway *gateway);

struct jwks_refresh_handlers gateway_jwks_handlers(struct gateway *gateway);

// For the session store's on_up; `gateway` is a struct gateway.
void gateway_on_store_up(bool may_lack, void *gateway);

// gateway_replace_file.c: lends the file to the parts that are not made with it.
void gateway_lend_file(struct gateway *gateway, const struct gateway_file *file);
