// What a client sends, judged packet by packet: by its type, and once it is expanded.
#include "edge/engineio/engineio_internal.h"

#define BARE_PACKET_MAX 128 // bytes behind a type that has no use for any, as pings bear a few

void eio_session_share_rate(struct eio_session *session, struct span key)
{
    if (session->rate_key == RATE_KEY_NONE)
        session->rate_key = rate_key_of(key);
}

bool session_packet_is_overweight(const struct eio_packet *packet)
{
    return packet->type != EIO_MESSAGE && packet->data.len > BARE_PACKET_MAX;
}

static struct rate_load load_of(const struct eio_packet *packet)
{
    bool is_message = packet->type == EIO_MESSAGE;

    return (struct rate_load){
        // A binary message is a part of what a text announced.
        .packets = is_message && packet->kind == FRAME_BINARY ? 0 : 1,
        .bytes = packet->data.len,
        .wants_answer = is_message || packet->type == EIO_PING,
    };
}

enum rate_verdict session_check_rate(struct eio_session *session, const struct eio_packet *packet)
{
    struct eio_server *server = session->server;
    uint64_t now_ms = deadlines_now(server->clock);
    struct rate_load load = load_of(packet);

    if (packet->type == EIO_CLOSE)
        return RATE_OK; // there is only one
    enum rate_verdict verdict =
        rate_check(&session->rate, session->admitted ? &server->rates : &server->stranger_rates,
                   &load, now_ms);

    if (verdict == RATE_OK && packet->type == EIO_MESSAGE && load.packets > 0 &&
        !rate_share_take(&server->shares, session->rate_key, now_ms))
        verdict = rate_refuse(&session->rate, &load, now_ms);
    if (verdict == RATE_OK)
        return RATE_OK;
    metric_add(&server->metrics->rate_refused, 1);
    if (verdict == RATE_EXCEEDED)
        eio_session_close(session, EIO_RATE_LIMIT);
    return verdict;
}
