#include "edge/gateway/clients/token_notices.h"

#include <inttypes.h>

#include "edge/gateway/clients/client.h"

static void on_expiring(struct token_alarm *alarm, int64_t left_s, void *arg)
{
    struct token_notices *notices = arg;
    struct client *client = container_of(alarm, struct client, alarm);

    metric_add(&notices->metrics->tokens_expiring, 1);
    buffer_clear(&notices->text);
    buffer_printf(&notices->text, "{\"expiresIn\":%" PRId64 "}", left_s);
    delivery_emit(notices->delivery, client->socket, SPAN_LIT("token_expiring_soon"),
                  buffer_span(&notices->text));
}

static bool is_void(const struct token_alarm *alarm, void *arg)
{
    const struct token_notices *notices = arg;
    const struct client *client = container_of(alarm, struct client, alarm);

    return !token_verifier_stands_by(notices->verifier, client->identity);
}

// Closes the transport, not the socket: official clients reconnect by themselves only after the
// loss of a transport, and then send a new token.
static void on_expired(struct token_alarm *alarm, void *arg)
{
    struct token_notices *notices = arg;
    struct client *client = container_of(alarm, struct client, alarm);

    metric_add(is_void(alarm, notices) ? &notices->metrics->tokens_withdrawn
                                       : &notices->metrics->tokens_expired,
               1);
    delivery_emit(notices->delivery, client->socket, SPAN_LIT("token_expired"), SPAN_LIT("{}"));
    sio_socket_close_transport(client->socket, EIO_FORCED_CLOSE);
}

struct token_expiry_handlers token_notices_handlers(struct token_notices *notices)
{
    return (struct token_expiry_handlers){
        .on_expiring = on_expiring, .on_expired = on_expired, .is_void = is_void, .arg = notices};
}

void token_notices_fini(struct token_notices *notices)
{
    buffer_fini(&notices->text);
}
