#include "edge/gateway/clients/client_ack.h"

#include <inttypes.h>

#include "common/json_string.h"

static void send_ack(const struct client *client, struct ack ack, struct span args)
{
    if (ack.wanted)
        sio_socket_ack(client->socket, ack.id, args);
}

void client_acks_fini(struct client_acks *acks)
{
    buffer_fini(&acks->message);
    buffer_fini(&acks->text);
}

void client_ack_success(const struct client *client, struct ack ack)
{
    send_ack(client, ack, SPAN_LIT("{\"success\":true}"));
}

void client_ack_room(struct client_acks *acks, const struct client *client, struct ack ack,
                     const char *done, struct span room)
{
    if (!ack.wanted)
        return;
    buffer_clear(&acks->message);
    buffer_printf(&acks->message, "%s " SPAN_FMT, done, SPAN_ARG(room));
    buffer_clear(&acks->text);
    buffer_append(&acks->text, SPAN_LIT("{\"success\":true,\"message\":"));
    json_string_append(&acks->text, buffer_span(&acks->message));
    buffer_append_char(&acks->text, '}');
    send_ack(client, ack, buffer_span(&acks->text));
}

void client_ack_refreshed(struct client_acks *acks, const struct client *client, struct ack ack,
                          int64_t now_s)
{
    int64_t expires_at_s = client->identity->life.expires_at_s;

    buffer_clear(&acks->text);
    buffer_append(&acks->text, SPAN_LIT("{\"success\":true,\"expiresIn\":"));
    if (expires_at_s == TOKEN_ENDLESS)
        buffer_append(&acks->text, SPAN_LIT("null"));
    else
        buffer_printf(&acks->text, "%" PRId64, expires_at_s - now_s);
    buffer_append_char(&acks->text, '}');
    send_ack(client, ack, buffer_span(&acks->text));
}

void client_ack_error(struct client_acks *acks, const struct client *client, struct ack ack,
                      const char *error)
{
    metric_add(&acks->metrics->events_refused, 1);
    if (!ack.wanted)
        return;
    buffer_clear(&acks->text);
    buffer_append(&acks->text, SPAN_LIT("{\"error\":"));
    json_string_append(&acks->text, span_of(error));
    buffer_append_char(&acks->text, '}');
    send_ack(client, ack, buffer_span(&acks->text));
}
