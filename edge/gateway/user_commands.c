#define LOG_MODULE "gateway"

#include "edge/gateway/user_commands.h"

#include "common/clock.h"
#include "common/log.h"
#include "edge/gateway/clients/client.h"
#include "edge/gateway/rooms/room_name.h"
#include "edge/socketio/connect.h"
#include "edge/socketio/namespace.h"

// What a command or an action does at this edge, and how many sockets it has met.
struct progress {
    struct user_commands *commands;
    struct span room;                // leave, join
    const struct envelope *envelope; // of an action
    uint64_t now_ms;
    uint32_t sockets;
};

static void answer(struct user_commands *commands, uint64_t ask, uint32_t sockets)
{
    if (ask == 0)
        return;
    buffer_clear(&commands->text);
    control_encode(
        &(struct control){
            .kind = CONTROL_KICKED, .ask = ask, .edge = commands->edge_id, .sockets = sockets},
        &commands->text);
    bus_publish_control(commands->bus, buffer_span(&commands->text));
}

static void each_socket(struct progress *progress, struct span user,
                        void (*visit)(struct sio_socket *socket, void *progress))
{
    struct user_commands *commands = progress->commands;

    if (user.len > 0)
        sio_namespace_each_in(commands->nsp, room_name_of_user(user, &commands->text), visit,
                              progress);
}

void user_commands_fini(struct user_commands *commands)
{
    buffer_fini(&commands->text);
}

// ---- kick

static void kick(struct sio_socket *socket, void *arg)
{
    ((struct progress *)arg)->sockets++;
    sio_socket_disconnect(socket);
}

static void refuse_recovery(struct recovery_attempt *attempt, void *arg)
{
    (void)arg;
    recovery_attempt_refuse(attempt, RECOVERY_KICKED);
}

void user_commands_kick(struct user_commands *commands, const struct control *command)
{
    struct progress progress = {.commands = commands};

    each_socket(&progress, command->user, kick);
    if (commands->recovery)
        recovery_each_attempt_of(commands->recovery, command->user, refuse_recovery, NULL);
    metric_add(&commands->metrics->kicked, progress.sockets);
    log_info("kicked a user user=" SPAN_FMT " sockets=%u", SPAN_ARG(command->user),
             progress.sockets);
    answer(commands, command->ask, progress.sockets);
}

// ---- revoke

static bool is_revoked(const struct progress *progress, const struct client *client)
{
    return revocations_cover(progress->commands->revocations, client->identity->user,
                             client->identity->life, progress->now_ms);
}

static void disconnect_revoked(struct sio_socket *socket, void *arg)
{
    struct progress *progress = arg;

    if (!is_revoked(progress, sio_socket_data(socket)))
        return;
    progress->sockets++;
    sio_socket_disconnect(socket);
}

// Its token was checked before the revocation.
static void refuse_revoked(struct recovery_attempt *attempt, void *arg)
{
    struct progress *progress = arg;

    if (!is_revoked(progress, attempt->client))
        return;
    progress->sockets++;
    metric_add(&progress->commands->metrics->auth_refused[TOKEN_REVOKED], 1);
    recovery_attempt_settle(attempt);
    buffer_clear(&progress->commands->text);
    buffer_printf(&progress->commands->text, "Authentication error: %s",
                  token_status_str(TOKEN_REVOKED));
    sio_socket_refuse(attempt->client->socket, buffer_span(&progress->commands->text));
}

static uint32_t revoke(struct user_commands *commands, struct span user, uint64_t at_ms,
                       uint64_t until_ms)
{
    struct progress progress = {.commands = commands, .now_ms = clock_wall_ms()};

    if (!revocations_add(commands->revocations, user, at_ms, until_ms, progress.now_ms))
        return 0;
    each_socket(&progress, user, disconnect_revoked);
    if (commands->recovery)
        recovery_each_attempt_of(commands->recovery, user, refuse_revoked, &progress);
    metric_add(&commands->metrics->revoked, progress.sockets);
    if (progress.sockets > 0)
        log_info("disconnected a user whose tokens are revoked user=" SPAN_FMT " sockets=%u",
                 SPAN_ARG(user), progress.sockets);
    return progress.sockets;
}

void user_commands_revoke(struct user_commands *commands, const struct control *command)
{
    uint32_t sockets = revoke(commands, command->user, command->at_ms, command->until_ms);

    answer(commands, command->ask, sockets);
}

void user_commands_on_revocation(struct user_commands *commands, struct span user, uint64_t at_ms,
                                 uint64_t until_ms)
{
    (void)revoke(commands, user, at_ms, until_ms);
    revocations_note_stored(commands->revocations, user, at_ms, until_ms);
}

static void store_again(struct span user, uint64_t at_ms, uint64_t until_ms, uint64_t last_ms,
                        void *arg)
{
    const struct user_commands *commands = arg;

    bus_store_revocation(commands->bus, user, at_ms, until_ms, last_ms);
    metric_add(&commands->metrics->revocations_restored, 1);
}

void user_commands_on_revocations_read(struct user_commands *commands)
{
    revocations_each_unstored(commands->revocations, clock_wall_ms(), store_again, commands);
}

// ---- leave

static void leave(struct sio_socket *socket, void *arg)
{
    struct progress *progress = arg;
    struct client *client = sio_socket_data(socket);

    progress->sockets += joins_include(client, progress->room);
    joins_leave(progress->commands->joins, client, (struct ack){0}, progress->room);
}

static void leave_before_recovery(struct recovery_attempt *attempt, void *arg)
{
    struct progress *progress = arg;

    claimed_session_note_taken(&attempt->session,
                               (struct session_taken){progress->room, clock_wall_ms()});
    progress->sockets += recovery_attempt_leave(attempt, progress->room);
}

void user_commands_leave(struct user_commands *commands, const struct control *command)
{
    struct progress progress = {.commands = commands, .room = command->room};

    if (room_name_is_user(command->room))
        return;
    authorization_forget(commands->joins->authorization, command->user, command->room);
    each_socket(&progress, command->user, leave);
    if (commands->recovery)
        recovery_each_attempt_of(commands->recovery, command->user, leave_before_recovery,
                                 &progress);
    metric_add(&commands->metrics->removed, progress.sockets);
    log_info("took a user out of a room user=" SPAN_FMT " room=" SPAN_FMT " sockets=%u",
             SPAN_ARG(command->user), SPAN_ARG(command->room), progress.sockets);
    answer(commands, command->ask, progress.sockets);
}

// ---- actions of services

static void expel(struct sio_socket *socket, void *arg)
{
    struct progress *progress = arg;
    struct client *client = sio_socket_data(socket);

    progress->sockets += joins_include(client, progress->room);
    joins_expel(progress->commands->joins, client, progress->room);
}

static void take_out(struct progress *progress, struct span user)
{
    struct user_commands *commands = progress->commands;

    progress->room = progress->envelope->leaves;
    authorization_forget(commands->joins->authorization, user, progress->room);
    each_socket(progress, user, expel);
    metric_add(&commands->metrics->expelled, progress->sockets);
}

// The client gets the event of the action too, so it is in the room as of the entry before.
static struct room_note note_of(const struct client_session *session,
                                const struct envelope *envelope)
{
    struct room_note note = client_session_note(session);

    note.joined.at[shard_of_room(envelope->room, note.joined.shards)] = envelope->prev;
    note.by_action = true;
    return note;
}

// The session came from an edge that was further. The client may have left the room there.
static bool has_been_through(const struct client *client, const struct envelope *action)
{
    return client->session && position_compare(action->position, client->session->acted) <= 0;
}

static void admit(struct sio_socket *socket, void *arg)
{
    struct progress *progress = arg;
    struct client *client = sio_socket_data(socket);
    struct room_note note = {0};

    if (has_been_through(client, progress->envelope))
        return;
    if (client->session) {
        client->session->acted = progress->envelope->position;
        note = note_of(client->session, progress->envelope);
    }
    if (joins_admit(progress->commands->joins, client, progress->room, &note))
        progress->sockets++;
    else
        metric_add(&progress->commands->metrics->not_admitted, 1);
}

static void let_in(struct progress *progress, struct span user)
{
    struct user_commands *commands = progress->commands;
    const struct authorization *authorization = commands->joins->authorization;

    progress->room = progress->envelope->enters;
    if (!authorization_knows(authorization, progress->room))
        return;
    authorization_forget(commands->joins->authorization, user, progress->room);
    each_socket(progress, user, admit);
    metric_add(&commands->metrics->admitted, progress->sockets);
}

static void disconnect(struct progress *progress, struct span user)
{
    each_socket(progress, user, kick);
    metric_add(&progress->commands->metrics->disconnected, progress->sockets);
}

// Clients that wait for their session find the action in the log, see missed_actions.h.
void user_commands_act(const struct envelope *envelope, void *arg)
{
    struct progress progress = {.commands = arg, .envelope = envelope};

    if (!room_name_is_user(envelope->room))
        return;
    struct span user = span_skip(envelope->room, strlen("user:"));
    if (envelope->leaves.len > 0 && !room_name_is_user(envelope->leaves))
        take_out(&progress, user);
    else if (envelope->enters.len > 0)
        let_in(&progress, user);
    else if (envelope->disconnects)
        disconnect(&progress, user);
    log_debug("carried out an action of a service user=" SPAN_FMT " room=" SPAN_FMT " sockets=%u",
              SPAN_ARG(user), SPAN_ARG(progress.room), progress.sockets);
}
