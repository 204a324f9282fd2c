#include "edge/edge_metrics.h"

#define MEMORY(field)   offsetof(struct edge_metrics, memory.field)
#define RELOADS(field)  offsetof(struct edge_metrics, reloads.field)
#define PORT(field)     offsetof(struct edge_metrics, port.field)
#define ENGINE(field)   offsetof(struct edge_metrics, engine.field)
#define SOCKETIO(field) offsetof(struct edge_metrics, socketio.field)
#define CLIENTS(field)  offsetof(struct edge_metrics, gateway.clients.field)
#define ROOMS(field)    offsetof(struct edge_metrics, gateway.rooms.field)
#define UPLINK(field)   offsetof(struct edge_metrics, gateway.uplink.field)
#define JWKS(field)     offsetof(struct edge_metrics, gateway.jwks.field)
#define WAITS(field)    offsetof(struct edge_metrics, gateway.key_waits.field)
#define PRESENCE(field) offsetof(struct edge_metrics, gateway.presence.field)
#define DELIVERY(field) offsetof(struct edge_metrics, gateway.delivery.field)
#define REDIS(field)    offsetof(struct redis_bus_metrics, field)

#define COUNTER METRIC_COUNTER
#define GAUGE   METRIC_GAUGE
#define INFO    METRIC_INFO
#define COUNTS  METRIC_COUNTS
#define MILLIS  METRIC_MILLISECONDS

#define HELD          "ws_edge_memory_bytes"
#define NOT_HELD      "ws_edge_memory_refused_total"
#define PAUSES        "ws_edge_accept_paused_total"
#define PAUSED        "ws_edge_accept_paused"
#define REFUSED       "ws_edge_handshakes_refused_total"
#define CLOSED        "ws_edge_sessions_closed_total"
#define UNAUTH        "ws_edge_auth_refused_total"
#define EVENTS        "ws_edge_events_total"
#define OWN           "ws_edge_own_events_refused_total"
#define UNTOLD        "ws_edge_uplink_refused_total"
#define JOINS         "ws_edge_joins_refused_total"
#define FETCHES       "ws_edge_jwks_fetches_total"
#define OPENED        "ws_edge_handshakes_total"
#define ASKS          "ws_edge_authorization_asks_total"
#define HELD_HELP     "Bytes that clients occupy, by use"
#define NOT_HELD_HELP "Requests for memory refused because MAX_MEMORY_BYTES had no room, by use"
#define PAUSES_HELP   "Times that the edge stopped accepting connections, by reason"
#define PAUSED_HELP   "1 while the edge does not accept connections, by reason"
#define LEFT_OUT      "ws_edge_log_lines_left_out_total"
#define LEFT_OUT_HELP                                                                              \
    "Log lines about clients that were suppressed because there were too many of their kind"
#define LATENCY "ws_edge_delivery_latency_seconds"
#define REFUSED_HELP                                                                               \
    "Handshakes and requests refused by the Engine.IO server, by error code or limit"
#define RELOADS_HELP                                                                               \
    "Times that SIGHUP, or files of keys or certificates that have changed, were obeyed; "         \
    "refused: a part of what "                                                                     \
    "was read was wrong"
#define CLOSED_HELP     "Sessions that ended, by reason"
#define UNAUTH_HELP     "Clients refused at CONNECT, by reason"
#define EVENTS_HELP     "Events from clients, by name"
#define OWN_HELP        "Events of GATEWAY_FILE that were refused, by the limit that they exceeded"
#define UNTOLD_HELP     "Events of clients for services that were refused, by reason"
#define JOINS_HELP      "Refused joins, by reason"
#define FETCHES_HELP    "Fetches of the key set of JWT_JWKS_URL, by result"
#define OPENED_HELP     "Opened sessions, by first transport"
#define ASKS_HELP       "Authorization requests to services, by answer"
#define RECOVERIES_HELP "Clients that asked to recover a session, by result"
#define LATENCY_HELP                                                                               \
    "Time from taking the event by the relay, or from the request of the client, until the write " \
    "to a recipient"

// clang-format off
#define ACTIONS_HELP "Sockets that an action of a service has taken out of a room, let into one, or disconnected"
#define RECOVERY(result, index) {"ws_edge_recoveries_total", "result=\"" result "\"", COUNTER, CLIENTS(recoveries[index]), RECOVERIES_HELP}
#define ASK(service, result, field) {ASKS, "service=\"" service "\",result=\"" result "\"", COUNTER, ROOMS(field), ASKS_HELP}
#define ASKS_OF(name, service) \
    ASK(name, "yes", asks[service][SERVICE_ANSWER_YES]), \
    ASK(name, "no", asks[service][SERVICE_ANSWER_NO]), \
    ASK(name, "bad token", asks[service][SERVICE_ANSWER_BAD_TOKEN]), \
    ASK(name, "error", asks[service][SERVICE_ANSWER_ERROR]), \
    ASK(name, "unreachable", asks[service][SERVICE_ANSWER_UNREACHABLE]), \
    ASK(name, "timeout", asks[service][SERVICE_ANSWER_TIMEOUT])

static const struct metric_info table[] = {
    {"ws_edge_build_info", "version=\"" GATEWAY_VERSION "\"", INFO, 0, "Always 1; the label says which version this is"},

    {"ws_edge_memory_max_bytes", NULL, GAUGE, MEMORY(limit), "Bytes that all clients together may occupy"},
    {HELD, "use=\"outboxes\"", GAUGE, MEMORY(used[MEMORY_OUTBOXES]), HELD_HELP},
    {HELD, "use=\"messages\"", GAUGE, MEMORY(used[MEMORY_MESSAGES]), HELD_HELP},
    {HELD, "use=\"handshakes\"", GAUGE, MEMORY(used[MEMORY_HANDSHAKES]), HELD_HELP},
    {HELD, "use=\"http\"", GAUGE, MEMORY(used[MEMORY_HTTP]), HELD_HELP},
    {NOT_HELD, "use=\"outboxes\"", COUNTER, MEMORY(refused[MEMORY_OUTBOXES]), NOT_HELD_HELP},
    {NOT_HELD, "use=\"messages\"", COUNTER, MEMORY(refused[MEMORY_MESSAGES]), NOT_HELD_HELP},
    {NOT_HELD, "use=\"handshakes\"", COUNTER, MEMORY(refused[MEMORY_HANDSHAKES]), NOT_HELD_HELP},
    {NOT_HELD, "use=\"http\"", COUNTER, MEMORY(refused[MEMORY_HTTP]), NOT_HELD_HELP},

    {"ws_edge_connections", NULL, GAUGE, PORT(connections), "Open connections of all kinds"},
    {"ws_edge_connections_max", NULL, GAUGE, PORT(connections_max), "Largest number of open connections; 0 before the port opens"},
    {"ws_edge_connections_accepted_total", NULL, COUNTER, PORT(accepted), "Connections accepted"},
    {"ws_edge_connections_evicted_total", NULL, COUNTER, PORT(evicted), "Idle connections closed for new ones, because MAX_CONNECTIONS or MAX_CONNECTIONS_PER_ADDRESS were open"},
    {"ws_edge_connections_refused_total", NULL, COUNTER, PORT(refused_address), "Connections refused because their address had MAX_CONNECTIONS_PER_ADDRESS"},
    {PAUSES, "reason=\"full\"", COUNTER, PORT(accept_pauses[ACCEPT_FULL]), PAUSES_HELP},
    {PAUSES, "reason=\"files\"", COUNTER, PORT(accept_pauses[ACCEPT_NO_FILES]), PAUSES_HELP},
    {PAUSES, "reason=\"memory\"", COUNTER, PORT(accept_pauses[ACCEPT_NO_MEMORY]), PAUSES_HELP},
    {PAUSED, "reason=\"full\"", GAUGE, PORT(accept_paused[ACCEPT_FULL]), PAUSED_HELP},
    {PAUSED, "reason=\"files\"", GAUGE, PORT(accept_paused[ACCEPT_NO_FILES]), PAUSED_HELP},
    {PAUSED, "reason=\"memory\"", GAUGE, PORT(accept_paused[ACCEPT_NO_MEMORY]), PAUSED_HELP},
    {"ws_edge_heads_refused_total", NULL, COUNTER, PORT(heads_refused), "Malformed or oversized request heads"},
    {"ws_edge_head_timeouts_total", NULL, COUNTER, PORT(head_timeouts), "Connections closed because their request head was not complete in time"},
    {"ws_edge_http_requests_total", NULL, COUNTER, PORT(http_requests), "Plain HTTP requests"},
    {"ws_edge_http_aborted_total", NULL, COUNTER, PORT(http_aborted), "Waiting requests whose client closed the connection"},
    {"ws_edge_http_bodies_too_large_total", NULL, COUNTER, PORT(body_too_large), "Requests refused for the size of their body"},
    {"ws_edge_websockets", NULL, GAUGE, PORT(websockets), "Open WebSockets"},
    {"ws_edge_websocket_messages_late_total", NULL, COUNTER, PORT(messages_late), "WebSockets closed because a message was not complete in time"},
    {"ws_edge_websockets_failed_total", NULL, COUNTER, PORT(websockets_failed), "WebSockets closed because their client violated the WebSocket protocol"},
    {"ws_edge_websockets_compressed_total", NULL, COUNTER, ENGINE(websockets_compressed), "WebSockets opened with permessage-deflate"},
    {"ws_edge_compression_saved_bytes_total", NULL, COUNTER, ENGINE(bytes_saved), "Bytes that permessage-deflate saved"},

    {"ws_edge_sessions", NULL, GAUGE, ENGINE(sessions), "Open Engine.IO sessions"},
    {"ws_edge_sessions_websocket", NULL, GAUGE, ENGINE(sessions_websocket), "Open Engine.IO sessions on a WebSocket"},
    {OPENED, "transport=\"polling\"", COUNTER, ENGINE(handshakes_polling), OPENED_HELP},
    {OPENED, "transport=\"websocket\"", COUNTER, ENGINE(handshakes_websocket), OPENED_HELP},
    {REFUSED, "code=\"0\"", COUNTER, ENGINE(refused[0]), REFUSED_HELP},
    {REFUSED, "code=\"1\"", COUNTER, ENGINE(refused[1]), REFUSED_HELP},
    {REFUSED, "code=\"2\"", COUNTER, ENGINE(refused[2]), REFUSED_HELP},
    {REFUSED, "code=\"3\"", COUNTER, ENGINE(refused[3]), REFUSED_HELP},
    {REFUSED, "code=\"4\"", COUNTER, ENGINE(refused[4]), REFUSED_HELP},
    {REFUSED, "code=\"5\"", COUNTER, ENGINE(refused[5]), REFUSED_HELP},
    {REFUSED, "code=\"full\"", COUNTER, ENGINE(refused_full), REFUSED_HELP},
    {REFUSED, "code=\"memory\"", COUNTER, ENGINE(refused_memory), REFUSED_HELP},
    {REFUSED, "code=\"address\"", COUNTER, ENGINE(refused_address), REFUSED_HELP},
    {REFUSED, "code=\"draining\"", COUNTER, ENGINE(refused_draining), REFUSED_HELP},
    {"ws_edge_payloads_too_long_total", NULL, COUNTER, ENGINE(payloads_too_long), "POSTs with more packets than allowed; each ends its session"},
    {"ws_edge_upgrades_total", NULL, COUNTER, ENGINE(upgrades), "Completed upgrades from polling to WebSocket"},
    {"ws_edge_upgrades_failed_total", NULL, COUNTER, ENGINE(upgrades_failed), "Upgrades that were not completed"},
    {CLOSED, "reason=\"transport close\"", COUNTER, ENGINE(closed[EIO_TRANSPORT_CLOSE]), CLOSED_HELP},
    {CLOSED, "reason=\"transport error\"", COUNTER, ENGINE(closed[EIO_TRANSPORT_ERROR]), CLOSED_HELP},
    {CLOSED, "reason=\"ping timeout\"", COUNTER, ENGINE(closed[EIO_PING_TIMEOUT]), CLOSED_HELP},
    {CLOSED, "reason=\"parse error\"", COUNTER, ENGINE(closed[EIO_PARSE_ERROR]), CLOSED_HELP},
    {CLOSED, "reason=\"forced close\"", COUNTER, ENGINE(closed[EIO_FORCED_CLOSE]), CLOSED_HELP},
    {CLOSED, "reason=\"slow consumer\"", COUNTER, ENGINE(closed[EIO_SLOW_CONSUMER]), CLOSED_HELP},
    {CLOSED, "reason=\"shutting down\"", COUNTER, ENGINE(closed[EIO_SHUTTING_DOWN]), CLOSED_HELP},
    {CLOSED, "reason=\"rate limit\"", COUNTER, ENGINE(closed[EIO_RATE_LIMIT]), CLOSED_HELP},
    {CLOSED, "reason=\"memory limit\"", COUNTER, ENGINE(closed[EIO_MEMORY_LIMIT]), CLOSED_HELP},
    {"ws_edge_messages_received_total", NULL, COUNTER, ENGINE(messages_in), "Messages from clients"},
    {"ws_edge_received_bytes_total", NULL, COUNTER, ENGINE(bytes_in), "Bytes of messages from clients"},
    {"ws_edge_write_frames", NULL, COUNTS, ENGINE(frames_per_write), "Packets in one write or polling reply to a client"},
    {"ws_edge_flushes_held_total", NULL, COUNTER, ENGINE(flushes_held), "Times that a busy edge held deliveries back to share writes"},
    {"ws_edge_writes_saved_total", NULL, COUNTER, ENGINE(writes_saved), "Writes saved by holding deliveries back"},
    {"ws_edge_sent_bytes_total", NULL, COUNTER, ENGINE(bytes_out), "Bytes of packets to clients"},

    {"ws_edge_sockets", NULL, GAUGE, SOCKETIO(sockets), "Connected Socket.IO clients"},
    {"ws_edge_connects_total", NULL, COUNTER, SOCKETIO(connects), "Clients accepted at CONNECT"},
    {"ws_edge_connect_seconds", NULL, MILLIS, SOCKETIO(connect_ms), "Time from the opening of a session until its client was accepted, including a round trip to the client"},
    {"ws_edge_connects_refused_total", NULL, COUNTER, SOCKETIO(connects_refused), "Clients refused at CONNECT"},
    {"ws_edge_connect_timeouts_total", NULL, COUNTER, SOCKETIO(connect_timeouts), "Clients closed because they did not connect to the namespace in time"},
    {"ws_edge_events_received_total", NULL, COUNTER, SOCKETIO(events_in), "Events from clients"},
    {"ws_edge_acks_received_total", NULL, COUNTER, SOCKETIO(acks_in), "Acks from clients"},
    {"ws_edge_bad_packets_total", NULL, COUNTER, SOCKETIO(bad_packets), "Malformed or forbidden packets; each closes its client"},
    {"ws_edge_rate_refused_total", NULL, COUNTER, ENGINE(rate_refused), "Packets and attachments refused because of rate limits"},
    {"ws_edge_deliveries_total", NULL, COUNTER, SOCKETIO(deliveries), "Frames queued for clients"},

    {UNAUTH, "reason=\"no token\"", COUNTER, CLIENTS(auth_refused[TOKEN_MISSING]), UNAUTH_HELP},
    {UNAUTH, "reason=\"malformed\"", COUNTER, CLIENTS(auth_refused[TOKEN_MALFORMED]), UNAUTH_HELP},
    {UNAUTH, "reason=\"invalid\"", COUNTER, CLIENTS(auth_refused[TOKEN_INVALID]), UNAUTH_HELP},
    {UNAUTH, "reason=\"unsigned\"", COUNTER, CLIENTS(auth_refused[TOKEN_UNSIGNED]), UNAUTH_HELP},
    {UNAUTH, "reason=\"signature\"", COUNTER, CLIENTS(auth_refused[TOKEN_BAD_SIGNATURE]), UNAUTH_HELP},
    {UNAUTH, "reason=\"unknown key\"", COUNTER, CLIENTS(auth_refused[TOKEN_UNKNOWN_KEY]), UNAUTH_HELP},
    {UNAUTH, "reason=\"algorithm\"", COUNTER, CLIENTS(auth_refused[TOKEN_BAD_ALGORITHM]), UNAUTH_HELP},
    {UNAUTH, "reason=\"expired\"", COUNTER, CLIENTS(auth_refused[TOKEN_EXPIRED]), UNAUTH_HELP},
    {UNAUTH, "reason=\"not active\"", COUNTER, CLIENTS(auth_refused[TOKEN_NOT_ACTIVE]), UNAUTH_HELP},
    {UNAUTH, "reason=\"audience\"", COUNTER, CLIENTS(auth_refused[TOKEN_BAD_AUDIENCE]), UNAUTH_HELP},
    {UNAUTH, "reason=\"issuer\"", COUNTER, CLIENTS(auth_refused[TOKEN_BAD_ISSUER]), UNAUTH_HELP},
    {UNAUTH, "reason=\"half login\"", COUNTER, CLIENTS(auth_refused[TOKEN_HALF_LOGIN]), UNAUTH_HELP},
    {UNAUTH, "reason=\"revoked\"", COUNTER, CLIENTS(auth_refused[TOKEN_REVOKED]), UNAUTH_HELP},
    {FETCHES, "result=\"good\"", COUNTER, JWKS(fetches[JWKS_FETCH_GOOD]), FETCHES_HELP},
    {FETCHES, "result=\"unreachable\"", COUNTER, JWKS(fetches[JWKS_FETCH_UNREACHABLE]), FETCHES_HELP},
    {FETCHES, "result=\"timeout\"", COUNTER, JWKS(fetches[JWKS_FETCH_TIMEOUT]), FETCHES_HELP},
    {FETCHES, "result=\"status\"", COUNTER, JWKS(fetches[JWKS_FETCH_STATUS]), FETCHES_HELP},
    {FETCHES, "result=\"unusable\"", COUNTER, JWKS(fetches[JWKS_FETCH_UNUSABLE]), FETCHES_HELP},
    {"ws_edge_jwks_keys", NULL, GAUGE, JWKS(keys), "Keys in the set of JWT_JWKS_URL that is in use"},
    {"ws_edge_jwks_fetched_timestamp_seconds", NULL, GAUGE, JWKS(fetched_s), "When the key set of JWT_JWKS_URL was last fetched well, in seconds since 1970; 0: not yet"},
    {"ws_edge_jwks_tokens_waiting", NULL, GAUGE, WAITS(waiting), "Tokens that wait for the key that they name to be fetched"},
    {"ws_edge_jwks_tokens_waited_total", NULL, COUNTER, WAITS(begun), "Tokens that waited for the key that they name to be fetched"},
    {"ws_edge_jwks_tokens_left_out_total", NULL, COUNTER, WAITS(left_out), "Tokens with an unknown key that could not wait, because the set had just been fetched or too many waited"},
    {LEFT_OUT, "module=\"gateway\"", COUNTER, CLIENTS(log_left_out), LEFT_OUT_HELP},
    {LEFT_OUT, "module=\"socketio\"", COUNTER, SOCKETIO(log_left_out), LEFT_OUT_HELP},
    {"ws_edge_users_over_limit_total", NULL, COUNTER, CLIENTS(users_over_limit), "Clients refused because their user had MAX_SOCKETS_PER_USER at this edge"},
    {EVENTS, "event=\"join_room\"", COUNTER, CLIENTS(events[EVENT_JOIN_ROOM]), EVENTS_HELP},
    {EVENTS, "event=\"leave_room\"", COUNTER, CLIENTS(events[EVENT_LEAVE_ROOM]), EVENTS_HELP},
    {EVENTS, "event=\"typing\"", COUNTER, CLIENTS(events[EVENT_TYPING]), EVENTS_HELP},
    {EVENTS, "event=\"stop_typing\"", COUNTER, CLIENTS(events[EVENT_STOP_TYPING]), EVENTS_HELP},
    {EVENTS, "event=\"refresh_token\"", COUNTER, CLIENTS(events[EVENT_REFRESH_TOKEN]), EVENTS_HELP},
    {EVENTS, "event=\"own\"", COUNTER, CLIENTS(events[EVENT_OWN]), EVENTS_HELP},
    {"ws_edge_events_unknown_total", NULL, COUNTER, CLIENTS(events[EVENT_KINDS]), "Events from clients with an unknown name"},
    {"ws_edge_events_refused_total", NULL, COUNTER, CLIENTS(events_refused), "Events from clients answered with an error"},
    {OWN, "reason=\"size\"", COUNTER, CLIENTS(own_too_big), OWN_HELP},
    {OWN, "reason=\"rate\"", COUNTER, CLIENTS(own_too_many), OWN_HELP},
    {OWN, "reason=\"room\"", COUNTER, CLIENTS(own_left_out), OWN_HELP},
    {"ws_edge_uplink_events_total", NULL, COUNTER, UPLINK(added), "Events of clients for services that Redis has taken"},
    {UNTOLD, "reason=\"full\"", COUNTER, UPLINK(full), UNTOLD_HELP},
    {UNTOLD, "reason=\"unavailable\"", COUNTER, UPLINK(unavailable), UNTOLD_HELP},
    {UNTOLD, "reason=\"too many\"", COUNTER, UPLINK(too_many), UNTOLD_HELP},
    {"ws_edge_uplink_pending", NULL, GAUGE, UPLINK(pending), "Events of clients for services that Redis has not answered yet"},
    {"ws_edge_typing_left_out_total", NULL, COUNTER, CLIENTS(typing_left_out), "Typing events dropped because their room exceeded its limit"},
    {JOINS, "reason=\"forbidden\"", COUNTER, ROOMS(joins_forbidden), JOINS_HELP},
    {JOINS, "reason=\"unavailable\"", COUNTER, ROOMS(joins_unavailable), JOINS_HELP},
    {JOINS, "reason=\"too many rooms\"", COUNTER, ROOMS(joins_over_limit), JOINS_HELP},
    {"ws_edge_claim_rooms_left_out_total", NULL, COUNTER, ROOMS(claims_left_out), "Rooms named by a claim of a token that its client could not enter"},
    ASKS_OF("messages", ROOM_SERVICE_MESSAGES),
    ASKS_OF("notifications", ROOM_SERVICE_NOTIFICATIONS),
    ASKS_OF("own", ROOM_SERVICE_OWN),
    {"ws_edge_authorization_ask_seconds", NULL, MILLIS, ROOMS(ask_ms), "Time from the first join that waits for an authorization request until its answer"},
    {"ws_edge_authorization_asks_under_way", NULL, GAUGE, ROOMS(asks_under_way), "Authorization requests that services have not answered yet"},
    {"ws_edge_authorization_joins_waiting", NULL, GAUGE, ROOMS(joins_waiting), "Joins that wait for a service"},
    {"ws_edge_authorization_joins_merged_total", NULL, COUNTER, ROOMS(joins_merged), "Joins that waited for the authorization request of another join"},
    {"ws_edge_authorization_joins_overflowed_total", NULL, COUNTER, ROOMS(joins_overflowed), "Joins answered Authorization unavailable because too many waited"},
    {"ws_edge_authorization_cache_hits_total", NULL, COUNTER, ROOMS(answer_cache_hits), "Joins authorized or refused from the cache"},
    {"ws_edge_authorization_cache_entries", NULL, GAUGE, ROOMS(answer_cache_entries), "Cached answers of services"},
    {"ws_edge_tokens_expiring_total", NULL, COUNTER, CLIENTS(tokens_expiring), "Clients warned that their token expires soon"},
    {"ws_edge_tokens_expired_total", NULL, COUNTER, CLIENTS(tokens_expired), "Clients closed because their token expired"},
    {"ws_edge_tokens_withdrawn_total", NULL, COUNTER, CLIENTS(tokens_withdrawn), "Clients closed because the key that had verified their token was taken away"},
    {"ws_edge_tokens_refreshed_total", NULL, COUNTER, CLIENTS(tokens_refreshed), "Tokens replaced by refresh_token"},
    RECOVERY("recovered", RECOVERY_DONE),
    RECOVERY("unknown", RECOVERY_UNKNOWN),
    RECOVERY("foreign", RECOVERY_FOREIGN),
    RECOVERY("kicked", RECOVERY_KICKED),
    RECOVERY("offset", RECOVERY_OFFSET),
    RECOVERY("stale", RECOVERY_STALE),
    RECOVERY("reach", RECOVERY_REACH),
    RECOVERY("ahead", RECOVERY_AHEAD),
    RECOVERY("away", RECOVERY_AWAY),
    RECOVERY("too much", RECOVERY_TOO_MUCH),
    RECOVERY("too often", RECOVERY_TOO_OFTEN),
    RECOVERY("restored", RECOVERY_RESTORED),
    RECOVERY("overtaken", RECOVERY_OVERTAKEN),
    {"ws_edge_recovery_queued_total", NULL, COUNTER, CLIENTS(claims_queued), "Recoveries that had to wait because 256 claims were open"},
    {"ws_edge_recovery_replayed_total", NULL, COUNTER, CLIENTS(replayed), "Missed events sent to recovered clients"},
    {"ws_edge_recovery_expelled_total", NULL, COUNTER, CLIENTS(regrants_refused), "Recovered clients removed from a room because they may no longer be in it"},
    {"ws_edge_recovery_reach_seconds", NULL, GAUGE, DELIVERY(reach_s), "How many seconds back the log is in memory without gaps; while nothing was dropped, the time that recovery needs"},
    {"ws_edge_recovery_memory_bytes", NULL, GAUGE, DELIVERY(tail.bytes), "Bytes of the log in memory"},
    {"ws_edge_recovery_memory_entries", NULL, GAUGE, DELIVERY(tail.entries), "Events of the log in memory"},
    {"ws_edge_recovery_breaks_total", NULL, COUNTER, DELIVERY(tail.breaks), "Times that the part of the log in memory was cleared because the log had a gap"},
    {"ws_edge_session_writes_total", NULL, COUNTER, CLIENTS(sessions.writes), "Writes to recoverable sessions in Redis"},
    {"ws_edge_session_writes_refused_total", NULL, COUNTER, CLIENTS(sessions.refused), "Writes refused because another connection had claimed the session"},
    {"ws_edge_session_writes_given_up_total", NULL, COUNTER, CLIENTS(sessions.given_up), "Joins and leaves that Redis did not store within 5 s"},
    {"ws_edge_sessions_restored_total", NULL, COUNTER, CLIENTS(sessions.restored), "Sessions written again because Redis had lost them"},
    {"ws_edge_sessions_rewritten_total", NULL, COUNTER, CLIENTS(sessions.rewritten), "Sessions written again because Redis was restarted or replaced"},
    {"ws_edge_kicked_total", NULL, COUNTER, CLIENTS(kicked), "Sockets disconnected by a kick"},
    {"ws_edge_revoked_total", NULL, COUNTER, CLIENTS(revoked), "Sockets disconnected because their token was revoked"},
    {"ws_edge_removed_total", NULL, COUNTER, CLIENTS(removed), "Sockets taken out of a room by ws-control leave"},
    {"ws_edge_actions_total", "action=\"leave\"", COUNTER, CLIENTS(expelled), ACTIONS_HELP},
    {"ws_edge_actions_total", "action=\"join\"", COUNTER, CLIENTS(admitted), ACTIONS_HELP},
    {"ws_edge_actions_total", "action=\"disconnect\"", COUNTER, CLIENTS(disconnected), ACTIONS_HELP},
    {"ws_edge_actions_left_out_total", NULL, COUNTER, CLIENTS(not_admitted), "Sockets that a service could not let into a room, because they were in MAX_ROOMS_PER_SOCKET rooms"},
    {"ws_edge_revocations", NULL, GAUGE, CLIENTS(revocations), "Users whose older tokens are refused"},
    {"ws_edge_revocations_left_out_total", NULL, COUNTER, CLIENTS(revocations_left_out), "Revocations that this edge did not take because it has 10,000"},
    {"ws_edge_revocations_restored_total", NULL, COUNTER, CLIENTS(revocations_restored), "Revocations written again because Redis had lost them"},
    {"ws_edge_rooms", NULL, GAUGE, ROOMS(rooms), "Rooms with members at this edge"},
    {"ws_edge_presence_entries", NULL, GAUGE, PRESENCE(entries), "Users and rooms of this edge whose presence is kept in Redis"},
    {"ws_edge_presence_unwritten", NULL, GAUGE, PRESENCE(unwritten), "Users and rooms with a change that Redis does not have yet"},
    {"ws_edge_presence_writes_total", NULL, COUNTER, PRESENCE(writes), "Changes of presence that Redis has taken"},
    {"ws_edge_presence_failed_total", NULL, COUNTER, PRESENCE(failed), "Changes of presence that Redis refused or did not answer; they are written again"},
    {"ws_edge_presence_rewritten_total", NULL, COUNTER, PRESENCE(rewritten), "Users and rooms written again because Redis may lack them"},
    {"ws_edge_user_events_lost_total", NULL, COUNTER, PRESENCE(lost), "Times that services could not be told of a user, because the uplink was full"},
    {"ws_edge_room_counts_total", NULL, COUNTER, PRESENCE(told), "Times that the members of a room were told how many they are"},

    {"ws_edge_envelopes_total", NULL, COUNTER, DELIVERY(envelopes), "Envelopes received from the bus"},
    {"ws_edge_envelopes_malformed_total", NULL, COUNTER, DELIVERY(envelopes_malformed), "Envelopes and control messages that could not be decoded"},
    {"ws_edge_envelopes_own_total", NULL, COUNTER, DELIVERY(envelopes_own), "Envelopes skipped because this edge had published them"},
    {"ws_edge_envelopes_delivered_total", NULL, COUNTER, DELIVERY(envelopes_delivered), "Envelopes for rooms with members at this edge"},
    {LATENCY, "origin=\"relay\"", MILLIS, DELIVERY(latency_of_relay), LATENCY_HELP},
    {LATENCY, "origin=\"edge\"", MILLIS, DELIVERY(latency_of_edges), LATENCY_HELP},
    {"ws_edge_duplicates_total", NULL, COUNTER, DELIVERY(duplicates), "Envelopes skipped because they had been delivered already"},
    {"ws_edge_gaps_total", NULL, COUNTER, DELIVERY(gaps), "Times that the edge missed a publication and read the log"},
    {"ws_edge_log_reads_total", NULL, COUNTER, DELIVERY(log_reads), "Pages read from the log"},
    {"ws_edge_log_entries_total", NULL, COUNTER, DELIVERY(log_entries), "Entries read from the log"},
    {"ws_edge_log_pauses_total", NULL, COUNTER, DELIVERY(log_pauses), "Times that reading the log waited for slow clients"},
    {"ws_edge_held_bytes", NULL, GAUGE, DELIVERY(held_bytes), "Bytes of envelopes held back while the log is read"},
    {"ws_edge_held_dropped_total", NULL, COUNTER, DELIVERY(held_dropped), "Times that held-back envelopes were dropped because they exceeded 8 MB; they are read from the log instead"},
    {"ws_edge_losses_total", NULL, COUNTER, DELIVERY(losses), "Times that the log no longer had missed events"},
    {"ws_edge_loss_disconnects_total", NULL, COUNTER, DELIVERY(loss_disconnects), "Clients closed because they may have missed events"},
    {"ws_edge_following", NULL, GAUGE, DELIVERY(following), "1 while the edge follows the log of every shard"},
    {"ws_edge_heartbeats_total", NULL, COUNTER, DELIVERY(heartbeats), "Heartbeats received from the relay"},

    {"ws_edge_reloads_total", "result=\"done\"", COUNTER, RELOADS(done), RELOADS_HELP},
    {"ws_edge_reloads_total", "result=\"refused\"", COUNTER, RELOADS(refused), RELOADS_HELP},
};

// For each server of REDIS_NODES.
static const struct metric_info redis_table[] = {
    {"ws_edge_redis_connected", NULL, GAUGE, REDIS(connected), "1 while connected to Redis"},
    {"ws_edge_redis_connects_total", NULL, COUNTER, REDIS(connects), "Connections made to Redis"},
    {"ws_edge_redis_failures_total", NULL, COUNTER, REDIS(failures), "Times that the connection to Redis was lost or failed"},
    {"ws_edge_redis_refusals_total", NULL, COUNTER, REDIS(refusals), "Commands that Redis refused, for example because it was out of memory"},
    {"ws_edge_published_total", NULL, COUNTER, REDIS(published), "Envelopes published for other edges"},
    {"ws_edge_published_bytes_total", NULL, COUNTER, REDIS(publish_bytes), "Bytes of published envelopes"},
    {"ws_edge_publish_dropped_total", NULL, COUNTER, REDIS(publish_dropped), "Envelopes not published because Redis was down or behind"},
    {"ws_edge_publish_failed_total", NULL, COUNTER, REDIS(publish_failed), "Envelopes not published because Redis refused them"},
    {"ws_edge_publish_pending_bytes", NULL, GAUGE, REDIS(pending_bytes), "Bytes published that Redis has not confirmed yet"},
};
// clang-format on

void edge_metrics_print(const struct edge_metrics *metrics, struct buffer *out)
{
    metrics_print(table, ARRAY_LEN(table), metrics, out);
    metrics_print_each(redis_table, ARRAY_LEN(redis_table), metrics->redis,
                       sizeof(metrics->redis[0]), metrics->redis_nodes, "node", out);
}
