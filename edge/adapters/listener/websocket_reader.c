#include "edge/adapters/listener/websocket_reader.h"

#include "edge/adapters/listener/websocket_closing.h"
#include "edge/adapters/listener/websocket_writer.h"
#include "edge/engineio/server.h"

#define MESSAGE_STEP 65536 // bytes by which an admitted client's message must grow in time

void websocket_drop_message(struct websocket_connection *connection)
{
    ws_receiver_fini(&connection->receiver);
    memory_budget_give(eio_server_memory(connection->engine.server), MEMORY_MESSAGES,
                       connection->held);
    connection->held = 0;
}

// Ends the session at once, and the connection by the closing handshake.
static void end(struct websocket_connection *connection, unsigned code)
{
    websocket_leave_engine(connection);
    websocket_drop_message(connection);
    if (!connection->close_code)
        websocket_close(connection, code);
}

static void on_event(struct websocket_connection *connection, enum ws_event event,
                     const struct ws_received *received)
{
    switch (event) {
    case WS_EVENT_MESSAGE:
        eio_websocket_on_message(&connection->engine,
                                 received->kind == WS_TEXT ? FRAME_TEXT : FRAME_BINARY,
                                 received->bytes);
        break;
    case WS_EVENT_PING:
        websocket_answer_ping(connection, received->bytes);
        break;
    case WS_EVENT_FAILED:
        metric_add(&connection->shared->metrics->websockets_failed, 1);
        // fall through
    case WS_EVENT_CLOSE:
        end(connection, received->code);
        break;
    case WS_EVENT_PONG:
    case WS_EVENT_NONE:
        break;
    }
}

// Strangers leave the last of the budget to clients that were let in.
static bool takes_more(const struct websocket_connection *connection, size_t bytes)
{
    struct memory_budget *memory = eio_server_memory(connection->engine.server);

    if (bytes > 0 && !eio_websocket_is_admitted(&connection->engine))
        return memory_budget_take_new(memory, MEMORY_MESSAGES, bytes);
    return memory_budget_take(memory, MEMORY_MESSAGES, bytes);
}

// Brings the charge to the budget up to date. False when the budget has no room.
static bool settle_held(struct websocket_connection *connection)
{
    struct memory_budget *memory = eio_server_memory(connection->engine.server);
    size_t held = ws_receiver_held(&connection->receiver);

    if (held < connection->held)
        memory_budget_give(memory, MEMORY_MESSAGES, connection->held - held);
    else if (!takes_more(connection, held - connection->held))
        return false;
    connection->held = held;
    return true;
}

static void wait_for_rest(struct websocket_connection *connection)
{
    connection->held_then = connection->held;
    deadline_arm(&connection->timeout, &connection->shared->message_due);
}

// An admitted client on a slow link may take its time, as long as its message grows by MESSAGE_STEP
// with each deadline. A stranger's message must be whole by the first one.
void websocket_on_message_late(struct deadline *deadline, void *arg)
{
    struct websocket_connection *connection =
        container_of(deadline, struct websocket_connection, timeout);
    const struct websocket_shared *shared = arg;

    if (eio_websocket_is_admitted(&connection->engine) &&
        connection->held >= connection->held_then + MESSAGE_STEP) {
        wait_for_rest(connection);
        return;
    }
    metric_add(&shared->metrics->messages_late, 1);
    end(connection, WS_CLOSE_POLICY);
}

// Called after each read. Charges a message that is not whole to the budget and sets its deadline;
// ends both once it is whole.
static void track_message(struct websocket_connection *connection)
{
    bool waits = ws_receiver_is_waiting(&connection->receiver);

    if (!waits && connection->held == 0 && !deadline_is_armed(&connection->timeout))
        return;
    if (!settle_held(connection))
        end(connection, WS_CLOSE_TRY_LATER);
    else if (!waits)
        deadline_cancel(&connection->timeout);
    else if (!deadline_is_armed(&connection->timeout))
        wait_for_rest(connection);
}

void websocket_read(struct websocket_connection *connection, struct ws_input input)
{
    struct ws_received received;
    enum ws_event event;

    do { // bytes behind a close are ignored
        if (connection->close_code)
            return;
        size_t max = eio_websocket_max_message(&connection->engine);
        event = ws_receiver_next(&connection->receiver, max, connection->shared->inflater, &input,
                                 &received);
        on_event(connection, event, &received);
    } while (event != WS_EVENT_NONE);
    track_message(connection);
    websocket_send_pong(connection);
}
