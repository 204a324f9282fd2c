#include "edge/gateway/clients/token_refresh.h"

#include "common/clock.h"
#include "common/json_view.h"
#include "edge/gateway/rooms/claim_rooms.h"

static int64_t time_of_day_s(void)
{
    return (int64_t)(clock_wall_ms() / 1000);
}

static void refuse(struct token_refresh *refresh, const struct client *client, struct ack ack,
                   enum token_status status)
{
    client_ack_error(refresh->acks, client, ack, token_status_str(status));
}

// A token of another user is refused: the client's rooms and session belong to its user.
static void swap(struct token_refresh *refresh, struct client *client, struct ack ack,
                 struct identity *fresh)
{
    int64_t now_s = time_of_day_s();

    if (!span_eq(fresh->user, client->identity->user)) {
        identity_free(fresh);
        client_ack_error(refresh->acks, client, ack, "Token belongs to another user");
        return;
    }
    struct identity *former = client->identity;
    client->identity = fresh;
    claim_rooms_change(refresh->joins, client, former);
    identity_free(former);
    metric_add(&refresh->metrics->tokens_refreshed, 1);
    client_ack_refreshed(refresh->acks, client, ack, now_s);
    token_expiry_swap(refresh->expiry, &client->alarm, fresh->life, now_s);
}

static void on_wait_over(struct client *client, void *arg)
{
    struct token_refresh *refresh = arg;
    struct key_wait *wait = client->key_wait;
    struct ack ack = wait->ack;
    struct identity *fresh;
    enum token_status status = authenticate_object(
        refresh->authentication, buffer_span(&wait->object), time_of_day_s(), &fresh);

    key_wait_free(wait);
    if (status == TOKEN_OK && !sio_socket_is_connected(client->socket))
        identity_free(fresh); // it ends in this turn
    else if (status == TOKEN_OK)
        swap(refresh, client, ack, fresh);
    else
        refuse(refresh, client, ack, status);
}

// False if the token cannot wait.
static bool wait(struct token_refresh *refresh, struct client *client, struct ack ack,
                 struct span object)
{
    if (!key_waits_may_begin(refresh->waits, object.len))
        return false;
    key_wait_begin(refresh->waits, client, object.len, on_wait_over, refresh);
    client->key_wait->ack = ack;
    buffer_append(&client->key_wait->object, object);
    return true;
}

static void give_up_wait(struct token_refresh *refresh, struct client *client)
{
    if (!client->key_wait)
        return;
    struct ack ack = client->key_wait->ack;
    key_wait_free(client->key_wait);
    refuse(refresh, client, ack, TOKEN_UNKNOWN_KEY);
}

void token_refresh_handle(struct token_refresh *refresh, struct client *client,
                          const struct sio_event *event)
{
    struct json_walk args = json_walk_over(event->args);
    struct json_view first = {0};
    struct ack ack = ack_of(event);
    struct identity *fresh;
    enum token_status status = TOKEN_MISSING;

    give_up_wait(refresh, client);
    if (json_walk_element(&args, &first) && first.kind == JSON_KIND_OBJECT)
        status = authenticate_object(refresh->authentication, first.raw, time_of_day_s(), &fresh);
    if (status == TOKEN_OK)
        swap(refresh, client, ack, fresh);
    else if (status != TOKEN_UNKNOWN_KEY || !wait(refresh, client, ack, first.raw))
        refuse(refresh, client, ack, status);
}
