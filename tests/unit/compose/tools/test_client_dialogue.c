// The dialogue is judged by its transcript: every callback writes one line.
#include "compose/tools/client_dialogue.h"

#include <inttypes.h>

#include "tests/unit/unit.h"

static void on_send(void *arg, struct span text)
{
    buffer_printf(arg, "send " SPAN_FMT "\n", SPAN_ARG(text));
}

static void on_open(void *arg, uint64_t interval_ms, uint64_t timeout_ms)
{
    buffer_printf(arg, "open %" PRIu64 " %" PRIu64 "\n", interval_ms, timeout_ms);
}

static void on_ping(void *arg)
{
    buffer_printf(arg, "ping\n");
}

static void on_connected(void *arg, const char *sid, bool recovered)
{
    buffer_printf(arg, "connected %s%s\n", sid, recovered ? " recovered" : "");
}

static void on_event(void *arg, struct span name, struct span args, struct span position)
{
    buffer_printf(arg, "event " SPAN_FMT " " SPAN_FMT, SPAN_ARG(name), SPAN_ARG(args));
    if (position.len > 0)
        buffer_printf(arg, " at " SPAN_FMT, SPAN_ARG(position));
    buffer_append_char(arg, '\n');
}

static void on_joined(void *arg, const char *room, bool joined, struct span answer)
{
    buffer_printf(arg, "%s %s " SPAN_FMT "\n", joined ? "joined" : "not joined", room,
                  SPAN_ARG(answer));
}

static void on_refused(void *arg, const char *reason)
{
    buffer_printf(arg, "refused %s\n", reason);
}

static void on_broken(void *arg, const char *reason)
{
    buffer_printf(arg, "broken %s\n", reason);
}

static const struct client_callbacks callbacks = {
    on_send, on_open, on_ping, on_connected, on_event, on_joined, on_refused, on_broken,
};

struct row {
    const char *name;
    const char *texts; // what comes in, a line each; "-" is a new connection
    const char *transcript;
};

#define OPEN      "0{\"sid\":\"e\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":60000}"
#define OPENED    "open 25000 60000\nsend 40{\"token\":\"t\"}\n"
#define CONNECTED OPEN "\n40{\"sid\":\"s\"}\n"
#define JOINED                                                                                     \
    OPENED "connected s\n"                                                                         \
           "send 420[\"join_room\",{\"roomType\":\"conversation\",\"roomId\":\"4:2\"}]\n"
#define RECOVERABLE OPEN "\n40{\"sid\":\"s\",\"pid\":\"p\"}\n"
#define AGAIN       "send 420[\"join_room\",{\"roomType\":\"conversation\",\"roomId\":\"4:2\"}]\n"

static const struct row rows[] = {
    {"connect and join", CONNECTED, JOINED},
    {"the join's answer", CONNECTED "430[{\"success\":true}]",
     JOINED "joined conversation:4:2 [{\"success\":true}]\n"},
    {"the join's refusal", CONNECTED "430[{\"error\":\"Forbidden\"}]",
     JOINED "not joined conversation:4:2 [{\"error\":\"Forbidden\"}]\n"},
    {"an answer to nothing", CONNECTED "431[]",
     JOINED "broken an acknowledgement answers nothing that was asked\n"},
    {"ping", CONNECTED "2", JOINED "ping\nsend 3\n"},
    {"noop", CONNECTED "6", JOINED},
    {"event", CONNECTED "42[\"e\",{\"a\":[1,2]}]", JOINED "event \"e\" [{\"a\":[1,2]}]\n"},
    {"event without arguments", CONNECTED "42[\"e\"]", JOINED "event \"e\" []\n"},
    {"event with several", CONNECTED "42[ \"e\" , 1 ,\"x\" ]", JOINED "event \"e\" [ 1 ,\"x\" ]\n"},
    {"quotes in the name", CONNECTED "42[\"a\\\"],\",1]", JOINED "event \"a\\\"],\" [1]\n"},
    {"event with an acknowledgement", CONNECTED "4217[\"e\",1]",
     JOINED "send 4317[]\nevent \"e\" [1]\n"},
    {"binary event", CONNECTED "451-[\"e\",{\"_placeholder\":true,\"num\":0}]",
     JOINED "event \"e\" [{\"_placeholder\":true,\"num\":0}]\n"},
    {"binary event without a count", CONNECTED "45[\"e\"]",
     JOINED "broken a binary event without its number of attachments\n"},
    {"a number of 64 bits and more passes", CONNECTED "42[\"e\",99999999999999999999]",
     JOINED "event \"e\" [99999999999999999999]\n"},
    {"refused", OPEN "\n44{\"message\":\"Authentication error: jwt expired\"}",
     OPENED "refused Authentication error: jwt expired\n"},
    {"refused without words", OPEN "\n44", OPENED "refused no reason given\n"},
    {"disconnected", CONNECTED "41", JOINED "refused the server has disconnected this client\n"},
    {"closed", CONNECTED "1", JOINED "broken the server has closed the connection\n"},
    {"no open packet", "40", "broken the server does not speak Engine.IO 4\n"},
    {"open packet without intervals", "0{}",
     "broken the server's first packet is not Engine.IO 4\n"},
    {"CONNECT reply without sid", OPEN "\n40",
     OPENED "broken the server's CONNECT reply has no sid\n"},
    {"event that is an object", CONNECTED "42{\"e\":1}",
     JOINED "broken an event is not a JSON array with a name\n"},
    {"event without a name", CONNECTED "42[1]",
     JOINED "broken an event is not a JSON array with a name\n"},
    {"event cut off", CONNECTED "42[\"e",
     JOINED "broken an event is not a JSON array with a name\n"},
    {"name cut off by the bracket", CONNECTED "42[\"e]",
     JOINED "broken an event is not a JSON array with a name\n"},
    {"unknown packet", CONNECTED "9", JOINED "broken an Engine.IO packet of unknown type\n"},
    {"unknown message", CONNECTED "49", JOINED "broken a Socket.IO packet of unknown type\n"},
    {"a position is taken off", RECOVERABLE "42[\"e\",{\"a\":\"b,c\"},\"17-4\"]",
     JOINED "event \"e\" [{\"a\":\"b,c\"}] at \"17-4\"\n"},
    {"a position alone", RECOVERABLE "42[\"e\",\"17-4\"]", JOINED "event \"e\" [] at \"17-4\"\n"},
    {"without recovery a text stays", CONNECTED "42[\"e\",\"17-4\"]",
     JOINED "event \"e\" [\"17-4\"]\n"},
    {"a last argument that is no text stays", RECOVERABLE "42[\"e\",\"a\",1]",
     JOINED "event \"e\" [\"a\",1]\n"},
    {"a comma inside the last argument", RECOVERABLE "42[\"e\",{\"a\":1,\"b\":\"x\"}]",
     JOINED "event \"e\" [{\"a\":1,\"b\":\"x\"}]\n"},
    {"recovered", RECOVERABLE "42[\"e\",\"17-4\"]\n-\n" OPEN "\n40{\"sid\":\"s\",\"pid\":\"p\"}",
     JOINED "event \"e\" [] at \"17-4\"\nopen 25000 60000\n"
            "send 40{\"token\":\"t\",\"pid\":\"p\",\"offset\":\"17-4\"}\n"
            "connected s recovered\n" AGAIN},
    {"not recovered",
     RECOVERABLE "42[\"e\",\"17-4\"]\n-\n" OPEN "\n40{\"sid\":\"z\",\"pid\":\"q\"}",
     JOINED "event \"e\" [] at \"17-4\"\nopen 25000 60000\n"
            "send 40{\"token\":\"t\",\"pid\":\"p\",\"offset\":\"17-4\"}\n"
            "connected z\n" AGAIN},
};

static void speaks(void **state)
{
    static char *const rooms[] = {(char *)"conversation:4:2"};
    const struct row *row = *state;
    struct buffer transcript = {0};
    struct client_dialogue *dialogue =
        client_dialogue_new("t", rooms, ARRAY_LEN(rooms), &callbacks, &transcript);
    struct span rest = span_of(row->texts), line;

    while (span_take_until(&rest, '\n', &line)) {
        if (span_is(line, "-")) {
            client_dialogue_restart(dialogue);
        } else if (line.len > 0) {
            struct span text = exact_copy(line);
            client_dialogue_take(dialogue, text);
            free((void *)text.ptr);
        }
    }
    assert_span(buffer_span(&transcript), row->transcript);
    client_dialogue_free(dialogue);
    buffer_fini(&transcript);
}

static void connects_without_token(void **state)
{
    struct buffer transcript = {0};
    struct client_dialogue *dialogue = client_dialogue_new(NULL, NULL, 0, &callbacks, &transcript);

    (void)state;
    client_dialogue_take(dialogue, span_of(OPEN));
    assert_span(buffer_span(&transcript), "open 25000 60000\nsend 40{}\n");
    client_dialogue_free(dialogue);
    buffer_fini(&transcript);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, speaks);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(connects_without_token);
    return cmocka_run_group_tests_name("client_dialogue", tests, NULL, NULL);
}
