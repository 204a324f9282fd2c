#include "edge/gateway/clients/client_ack.h"

#include <inttypes.h>

static void answer(const struct client *client, struct ack ack, struct span args)
{
    if (ack.wanted)
        sio_socket_ack(client->socket, ack.id, args);
}

void client_answers_fini(struct client_answers *answers)
{
    buffer_fini(&answers->message);
    buffer_fini(&answers->text);
}

void client_answer_success(const struct client *client, struct ack ack)
{
    answer(client, ack, SPAN_LIT("{\"success\":true}"));
}

void client_answer_room(struct client_answers *answers, const struct client *client, struct ack ack,
                        const char *done, struct span room)
{
    if (!ack.wanted)
        return;
    buffer_clear(&answers->message);
    buffer_printf(&answers->message, "%s " SPAN_FMT, done, SPAN_ARG(room));
    buffer_clear(&answers->text);
    buffer_append(&answers->text, SPAN_LIT("{\"success\":true,\"message\":"));
    buffer_append_json(&answers->text, buffer_span(&answers->message));
    buffer_append_char(&answers->text, '}');
    answer(client, ack, buffer_span(&answers->text));
}

void client_answer_refreshed(struct client_answers *answers, const struct client *client,
                             struct ack ack, int64_t now_s)
{
    int64_t expires_at_s = client->identity->life.expires_at_s;

    buffer_clear(&answers->text);
    buffer_append(&answers->text, SPAN_LIT("{\"success\":true,\"expiresIn\":"));
    if (expires_at_s == TOKEN_ENDLESS)
        buffer_append(&answers->text, SPAN_LIT("null"));
    else
        buffer_printf(&answers->text, "%" PRId64, expires_at_s - now_s);
    buffer_append_char(&answers->text, '}');
    answer(client, ack, buffer_span(&answers->text));
}

void client_answer_error(struct client_answers *answers, const struct client *client,
                         struct ack ack, const char *error)
{
    metric_add(&answers->metrics->events_refused, 1);
    if (!ack.wanted)
        return;
    buffer_clear(&answers->text);
    buffer_append(&answers->text, SPAN_LIT("{\"error\":"));
    buffer_append_json(&answers->text, span_of(error));
    buffer_append_char(&answers->text, '}');
    answer(client, ack, buffer_span(&answers->text));
}
