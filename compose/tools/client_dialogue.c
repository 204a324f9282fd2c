#include "compose/tools/client_dialogue.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "common/json_string.h"
#include "common/mem.h"

#define NUMBER_MAX 999999999 // largest number of attachments, or of an acknowledgement

struct client_dialogue {
    const char *token;
    char *const *rooms;
    size_t room_count;
    const struct client_callbacks *callbacks;
    void *arg;
    bool open;
    bool connected;
    char *session_id;  // "pid" of the last CONNECT reply; NULL: no recovery
    char *position;    // position of the last event, a JSON string
    struct buffer out; // packet that is being written
};

struct client_dialogue *client_dialogue_new(const char *token, char *const *rooms,
                                            size_t room_count,
                                            const struct client_callbacks *callbacks, void *arg)
{
    struct client_dialogue *dialogue = mem_zalloc(sizeof(*dialogue));

    dialogue->token = token;
    dialogue->rooms = rooms;
    dialogue->room_count = room_count;
    dialogue->callbacks = callbacks;
    dialogue->arg = arg;
    return dialogue;
}

void client_dialogue_free(struct client_dialogue *dialogue)
{
    if (!dialogue)
        return;
    free(dialogue->session_id);
    free(dialogue->position);
    buffer_fini(&dialogue->out);
    free(dialogue);
}

void client_dialogue_restart(struct client_dialogue *dialogue)
{
    dialogue->open = false;
    dialogue->connected = false;
}

static void broken(struct client_dialogue *dialogue, const char *reason)
{
    dialogue->callbacks->on_broken(dialogue->arg, reason);
}

static void send_out(struct client_dialogue *dialogue)
{
    dialogue->callbacks->send(dialogue->arg, buffer_span(&dialogue->out));
}

static void append_member(struct buffer *out, const char *name, struct span json)
{
    if (json.len == 0)
        return;
    if (out->ptr[out->len - 1] != '{')
        buffer_append_char(out, ',');
    buffer_printf(out, "\"%s\":", name);
    buffer_append(out, json);
}

static void append_text_member(struct buffer *out, const char *name, const char *text)
{
    struct buffer json = {0};

    if (text)
        json_string_append(&json, span_of(text));
    append_member(out, name, buffer_span(&json));
    buffer_fini(&json);
}

static void send_connect(struct client_dialogue *dialogue)
{
    struct buffer *out = &dialogue->out;

    buffer_clear(out);
    buffer_append(out, SPAN_LIT("40{"));
    append_text_member(out, "token", dialogue->token);
    if (dialogue->session_id && dialogue->position) {
        append_text_member(out, "pid", dialogue->session_id);
        append_member(out, "offset", span_of(dialogue->position));
    }
    buffer_append_char(out, '}');
    send_out(dialogue);
}

// The join of room i has the acknowledgement id i.
static void send_joins(struct client_dialogue *dialogue)
{
    struct buffer *out = &dialogue->out;

    for (size_t i = 0; i < dialogue->room_count; i++) {
        struct span id = span_of(dialogue->rooms[i]), type;
        if (!span_take_until(&id, ':', &type))
            continue;
        buffer_clear(out);
        buffer_printf(out, "42%zu[\"join_room\",{\"roomType\":", i);
        json_string_append(out, type);
        buffer_append(out, SPAN_LIT(",\"roomId\":"));
        json_string_append(out, id);
        buffer_append(out, SPAN_LIT("}]"));
        send_out(dialogue);
    }
}

static uint64_t get_ms(const json_t *object, const char *name)
{
    json_int_t ms = json_integer_value(json_object_get(object, name));

    return ms > 0 ? (uint64_t)ms : 0;
}

static void take_open(struct client_dialogue *dialogue, struct span body)
{
    json_t *open = json_loadb(body.ptr, body.len, 0, NULL);
    uint64_t interval = get_ms(open, "pingInterval"), timeout = get_ms(open, "pingTimeout");

    json_decref(open);
    if (interval == 0 || timeout == 0) {
        broken(dialogue, "the server's first packet is not Engine.IO 4");
        return;
    }
    dialogue->open = true;
    dialogue->callbacks->on_open(dialogue->arg, interval, timeout);
    send_connect(dialogue);
}

static void take_connected(struct client_dialogue *dialogue, struct span body)
{
    json_t *reply = json_loadb(body.ptr, body.len, 0, NULL);
    const char *sid = json_string_value(json_object_get(reply, "sid"));
    const char *pid = json_string_value(json_object_get(reply, "pid"));
    bool recovered = pid && dialogue->session_id && strcmp(pid, dialogue->session_id) == 0;

    if (!sid) {
        broken(dialogue, "the server's CONNECT reply has no sid");
    } else {
        dialogue->connected = true;
        if (!recovered) {
            free(dialogue->session_id);
            dialogue->session_id = mem_strdup(pid);
        }
        dialogue->callbacks->on_connected(dialogue->arg, sid, recovered);
        send_joins(dialogue);
    }
    json_decref(reply);
}

static void take_refusal(struct client_dialogue *dialogue, struct span body)
{
    json_t *error = json_loadb(body.ptr, body.len, 0, NULL);
    const char *message = json_string_value(json_object_get(error, "message"));

    dialogue->callbacks->on_refused(dialogue->arg, message ? message : "no reason given");
    json_decref(error);
}

// Returns where the JSON string that begins at `at` ends.
static size_t end_of_string(struct span json, size_t at)
{
    for (at++; at < json.len && json.ptr[at] != '"'; at++)
        at += json.ptr[at] == '\\';
    return at < json.len ? at + 1 : json.len;
}

// Returns where the last comma between elements of the array is, or 0.
static size_t find_last_comma(struct span array)
{
    size_t comma = 0, depth = 0;

    for (size_t i = 0; i < array.len; i++) {
        char c = array.ptr[i];
        if (c == '"')
            i = end_of_string(array, i) - 1;
        else if (c == '[' || c == '{')
            depth++;
        else if (c == ']' || c == '}')
            depth--;
        else if (c == ',' && depth == 1)
            comma = i;
    }
    return comma;
}

// A server with recovery adds its position, a string, to the arguments of each event. Takes it off
// `args` and keeps it.
static struct span split_position(struct client_dialogue *dialogue, struct span *args)
{
    size_t comma = find_last_comma(*args);
    struct span last = span_skip(*args, comma + 1);

    last = span_trim((struct span){last.ptr, last.len - 1});
    if (!dialogue->session_id || last.len < 2 || last.ptr[0] != '"')
        return (struct span){NULL, 0};
    free(dialogue->position);
    dialogue->position = span_dup(last);
    args->len = comma > 0 ? comma : 1;
    return last;
}

// Finds the name, with its quotes, in ["name", …]. The event is printed as it came, so no more of
// the JSON is checked.
static bool find_name(struct span event, struct span *name)
{
    size_t begin = 1;

    if (event.len < 4 || event.ptr[0] != '[' || event.ptr[event.len - 1] != ']')
        return false;
    while (begin < event.len && strchr(" \t\r\n", event.ptr[begin]))
        begin++;
    if (begin == event.len || event.ptr[begin] != '"')
        return false;
    *name = (struct span){event.ptr + begin, end_of_string(event, begin) - begin};
    return begin + name->len < event.len;
}

static void take_event(struct client_dialogue *dialogue, struct span event)
{
    struct buffer args = {0};
    struct span name;

    if (!find_name(event, &name)) {
        broken(dialogue, "an event is not a JSON array with a name");
        return;
    }
    struct span rest = span_trim(span_skip(event, (size_t)(name.ptr + name.len - event.ptr)));
    buffer_append_char(&args, '[');
    buffer_append(&args, span_skip(rest, rest.ptr[0] == ',' ? 1 : 0));

    struct span array = buffer_span(&args), position = split_position(dialogue, &array);
    if (position.len > 0) {
        position = span_of(dialogue->position);
        args.len = array.len;
        buffer_append_char(&args, ']');
    }
    dialogue->callbacks->on_event(dialogue->arg, name, buffer_span(&args), position);
    buffer_fini(&args);
}

static void take_acknowledgement(struct client_dialogue *dialogue, struct span body)
{
    uint64_t id;

    if (!span_take_uint(&body, NUMBER_MAX, &id) || id >= dialogue->room_count) {
        broken(dialogue, "an acknowledgement answers nothing that was asked");
        return;
    }
    json_t *answer = json_loadb(body.ptr, body.len, 0, NULL);
    bool joined = json_is_true(json_object_get(json_array_get(answer, 0), "success"));

    dialogue->callbacks->on_joined(dialogue->arg, dialogue->rooms[id], joined, body);
    json_decref(answer);
}

// Answers an event that asks for an acknowledgement with an empty one.
static void acknowledge(struct client_dialogue *dialogue, uint64_t id)
{
    buffer_clear(&dialogue->out);
    buffer_printf(&dialogue->out, "43%" PRIu64 "[]", id);
    send_out(dialogue);
}

// `body` is what follows the type of a Socket.IO packet.
static void take_message(struct client_dialogue *dialogue, char type, struct span body)
{
    uint64_t number;

    switch (type) {
    case '0':
        take_connected(dialogue, body);
        return;
    case '1':
        dialogue->callbacks->on_refused(dialogue->arg, "the server has disconnected this client");
        return;
    case '5': // binary attachments follow as frames and are not shown
        if (!span_take_uint(&body, NUMBER_MAX, &number) || body.len == 0 || body.ptr[0] != '-') {
            broken(dialogue, "a binary event without its number of attachments");
            return;
        }
        body = span_skip(body, 1);
        // fall through
    case '2':
        if (span_take_uint(&body, NUMBER_MAX, &number))
            acknowledge(dialogue, number);
        take_event(dialogue, body);
        return;
    case '3':
        take_acknowledgement(dialogue, body);
        return;
    case '4':
        take_refusal(dialogue, body);
        return;
    default:
        broken(dialogue, "a Socket.IO packet of unknown type");
    }
}

void client_dialogue_take(struct client_dialogue *dialogue, struct span text)
{
    char type = text.len > 0 ? text.ptr[0] : '\0';

    if (!dialogue->open) {
        if (type == '0')
            take_open(dialogue, span_skip(text, 1));
        else
            broken(dialogue, "the server does not speak Engine.IO 4");
        return;
    }
    switch (type) {
    case '1':
        broken(dialogue, "the server has closed the connection");
        return;
    case '2':
        dialogue->callbacks->on_ping(dialogue->arg);
        dialogue->callbacks->send(dialogue->arg, SPAN_LIT("3"));
        return;
    case '4':
        if (text.len > 1)
            take_message(dialogue, text.ptr[1], span_skip(text, 2));
        return;
    case '6':
        return;
    default:
        broken(dialogue, "an Engine.IO packet of unknown type");
    }
}
