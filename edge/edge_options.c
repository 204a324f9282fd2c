#include "edge/edge_options.h"

#include "edge/edge_limits.h"
#include "edge/gateway/clients/client_session.h"

#define MAX_NAMESPACES 8

struct sio_options options_of_socketio(const struct edge_settings *s, uint32_t connections,
                                       struct memory_budget *memory)
{
    return (struct sio_options){
        .engine =
            {
                .ping_interval_ms = (uint32_t)s->ping_interval_ms,
                .ping_timeout_ms = (uint32_t)s->ping_timeout_ms,
                .upgrade_timeout_ms = (uint32_t)s->upgrade_timeout_ms,
                .max_payload = (uint32_t)s->max_payload,
                .max_outbox_bytes = (uint32_t)s->max_outbox_bytes,
                .flush_hold_ms = (uint32_t)s->flush_hold_ms,
                .max_sessions = connections,
                .max_sessions_per_address = (uint32_t)s->max_connections_per_address,
                .max_packets_per_payload = (uint32_t)s->max_packets_per_payload,
                .max_packets_per_second = (uint32_t)s->max_events_per_second,
                .max_bytes_per_second = (uint32_t)s->max_bytes_per_second,
                .max_packets_per_second_together = (uint32_t)s->max_events_per_second_per_user,
                .allow_eio3 = s->allow_eio3,
                .memory = memory,
                .compression = {.enabled = s->ws_compression,
                                .threshold = (uint32_t)s->ws_compression_threshold,
                                .window_bits = (unsigned)s->ws_compression_window_bits},
            },
        .connect_timeout_ms = (uint32_t)s->connect_timeout_ms,
        .max_rooms_per_socket = (uint32_t)s->max_rooms_per_socket,
        .max_namespaces_per_client = MAX_NAMESPACES,
        .max_deliveries_per_room_per_second = (uint32_t)s->max_room_deliveries_per_second,
        .room_note_bytes =
            (uint32_t)room_note_bytes(s->recovery_window > 0 ? (unsigned)s->bus_shards : 0),
    };
}

struct listener_options options_of_listener(const struct edge_settings *s, uint32_t connections,
                                            struct allowed_origins *origins,
                                            struct memory_budget *memory)
{
    return (struct listener_options){
        .host = s->service_host,
        .port = (uint16_t)s->port,
        .share_port = s->share_port,
        .head_timeout_ms = (uint32_t)s->head_timeout_ms,
        // TCP must not give up a client before the heartbeats do: a client whose network comes
        // back before that still receives what was sent meanwhile.
        .unacked_ms = (uint32_t)(s->ping_interval_ms + s->ping_timeout_ms),
        .max_body = (uint32_t)s->max_payload,
        .max_connections = connections,
        .max_connections_per_address = (uint32_t)s->max_connections_per_address,
        .fd_reserve = count_reserve_files(),
        .origins = origins,
        .proxies = s->proxies,
        .memory = memory,
    };
}

// A file may be replaced by one with types that let in by this way; clients have their tokens then
// from before.
static bool may_need(const struct edge_settings *s, enum room_join join)
{
    return s->gateway_file.path || room_types_count(s->file->rooms, join) > 0;
}

struct token_options options_of_tokens(const struct edge_settings *s)
{
    return (struct token_options){
        .algorithms = s->algorithms,
        .keys =
            {
                .secret = s->jwt_secret,
                .previous_secret = s->jwt_secret_previous,
                .public_key = s->public_key,
                .key_set = s->key_set,
            },
        .issuers = s->jwt_issuer,
        .audiences = s->jwt_audience,
        .clock_tolerance_s = (uint32_t)s->jwt_clock_tolerance,
        .keep_rooms = may_need(s, ROOM_JOIN_CLAIMS),
        .keep_token = may_need(s, ROOM_JOIN_SERVICE),
    };
}

struct authorization_client_options options_of_authorization_client(const struct edge_settings *s)
{
    return (struct authorization_client_options){
        .types = s->file->rooms,
        .tls = s->authorization_tls,
        .concurrency = (unsigned)s->authorization_concurrency,
    };
}

struct authorization_requests_options
options_of_authorization_requests(const struct edge_settings *s,
                                  struct authorization_service *service)
{
    return (struct authorization_requests_options){
        .service = service,
        .types = s->file->rooms,
        .timeout_ms = (uint32_t)s->authorization_timeout_ms,
        .concurrency = (uint32_t)s->authorization_concurrency,
        .max_waiters = (size_t)s->authorization_queue,
        .cache_size = (size_t)s->authorization_cache_size,
        .cache_ms = (uint32_t)s->authorization_cache_seconds * 1000,
    };
}

struct recovery_options options_of_recovery(const struct edge_settings *s,
                                            struct session_store *store)
{
    return (struct recovery_options){
        .store = store,
        .window_s = (uint32_t)s->recovery_window,
        .memory = (size_t)s->recovery_memory,
        .clients = (enum recovery_clients)s->recovery_clients,
        .grant_s = (uint32_t)s->recovery_grant_seconds,
    };
}
