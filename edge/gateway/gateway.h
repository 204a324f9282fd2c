// HomeTrip's behaviour on top of the Socket.IO library: authentication, the events that clients may
// send, the authorization of rooms, and the delivery of events.
//
//     clients ──▶ socketio ──▶ authentication ─▶ client ──▶ client_events ──▶ room_events ──┐
//                                                  ▲                                        ▼
//                                             token_expiry    delivery ◀── log_follower ◀── bus
//
// It owns the Socket.IO server. It never uses a socket or a broker itself: the ports call it with
// requests, the bus with envelopes.
#pragma once

#include "common/gateway_file/gateway_file.h"
#include "edge/gateway/clients/jwks_service.h"
#include "edge/gateway/clients/recovery_clients.h"
#include "edge/gateway/clients/session_store.h"
#include "edge/gateway/clients/token.h"
#include "edge/gateway/delivery/bus.h"
#include "edge/gateway/gateway_metrics.h"
#include "edge/gateway/presence/presence_store.h"
#include "edge/gateway/rooms/authorization.h"
#include "edge/gateway/web/client_bundle.h"
#include "edge/http/allowed_origins.h"
#include "edge/http/exchange.h"
#include "edge/socketio/options.h"

struct gateway;

struct gateway_options {
    struct sio_options socketio;
    struct token_options token;
    struct jwks_service *jwks; // borrowed; where a set of keys is fetched; NULL: nowhere
    uint32_t jwks_refresh_s;
    bool allow_anonymous;
    const char *token_cookie;        // name of the cookie with the token; NULL: none
    uint32_t max_sockets_per_user;   // at this edge; 0: no limit
    const struct gateway_file *file; // borrowed; no type of rooms is ROOM_JOIN_AS_SET
    struct authorization_requests_options room_services; // its types are those of the file
    struct recovery_options {
        struct session_store *store; // borrowed; NULL: recovery is off
        uint32_t window_s;           // how long a client may be disconnected
        size_t memory;               // bytes of the log that are kept in memory
        enum recovery_clients clients;
        uint32_t grant_s; // older authorizations of rooms are asked for again
    } recovery;
    struct presence_store *presence; // borrowed; NULL: no file can want presence
    const char *edge_id;
    unsigned shards;
    bool metrics_enabled, metrics_rooms;
    bool console_enabled;       // for development
    const char *event_bus_host; // for /health, until a heartbeat of the relay brings the address
    uint32_t event_bus_port;
    const struct allowed_origins *origins; // borrowed
    const struct client_bundle *bundle;    // borrowed; NULL: none
};

struct gateway_handlers {
    void (*on_drain)(void *arg);     // an operator wants this edge to drain
    void (*on_following)(void *arg); // called once, when every shard's log is followed
    // A set of keys was fetched that differs from the last one. The handler owns it, and gives it
    // to gateway_replace_keys(). Not needed without `jwks`.
    void (*on_key_set)(struct jwks *set, void *arg);
    void (*print_metrics)(struct buffer *out, void *arg);
    void *arg;
};

// Sets the handlers of `bus`, which must be started afterwards. Copies `options` and `handlers`
// except for what is marked as borrowed. Borrows bus, clock and metrics.
NODISCARD struct gateway *gateway_new(const struct gateway_options *options,
                                      const struct gateway_handlers *handlers, struct bus *bus,
                                      struct deadlines *clock, struct gateway_metrics *metrics,
                                      struct sio_metrics *socketio_metrics,
                                      struct eio_metrics *engine_metrics);
// All sessions must have ended.
void gateway_free(struct gateway *gateway);

struct eio_server *gateway_engine(struct gateway *gateway);

// Verifies tokens with these keys from now on, in place of all that it had before; `keys` is
// copied. Clients whose token was verified by a key that is gone are told that their token has
// expired, and closed, TOKEN_ENDS_EACH of them every TOKEN_ENDS_MS. Returns how many they are.
size_t gateway_replace_keys(struct gateway *gateway, const struct token_keys *keys);

// Uses this file from now on; borrowed. Nothing borrows the one before when this returns. Who is in
// a room stays in it; whatever is decided from now on is decided by this file, joins that wait for
// a service too. Not to be called by a part of the gateway. No type of rooms is ROOM_JOIN_AS_SET,
// and gateway_file_succeed() was called.
void gateway_replace_file(struct gateway *gateway, const struct gateway_file *file);

// Writes what the turn has queued and measures the latency of deliveries. Call once per turn.
// Returns false if work is left, for which the next turn must come without sleeping.
bool gateway_flush(struct gateway *gateway);

// For the client port; `gateway` is a struct gateway. The first answers a request, the second
// returns how many bytes its body may have, and the third returns the engine of the WebSockets at
// `path`, or NULL.
void gateway_on_http(struct http_exchange *exchange, void *gateway);
size_t gateway_body_max(const struct http_request *request, void *gateway);
struct eio_server *gateway_find_engine(struct span path, void *gateway);
