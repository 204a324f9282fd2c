#include "tests/unit/fake_engine.h"
#include "tests/unit/unit.h"

// A session as a dialogue: each step is something that happens to the server, or what must have
// been seen of it by then. A '$' in a text stands for the session's id.
enum act {
    END = 0,
    OPENS,        // WebSocket `who` with the query `text` is taken
    IS_TURNED,    // … is not taken
    SAYS,         // it brings a text message, `number` times (0: once)
    SENDS,        // … a binary message
    WROTE,        // what it was given to write since the last such step
    CLOSED,       // it was closed with the code `number`
    STAYS,        // it was not closed
    GONE,         // its connection ends
    FILLS,        // it has a backlog from now on
    DRAINS,       // … no more, and says so if it was asked to
    TAKES,        // of each write it takes `number` bytes at most; 0: all again
    GETS,         // exchange `who` is a GET with the query `text`
    POSTS,        // … a POST of `text` to the session
    POSTS_BINARY, // … of the type application/octet-stream
    POSTS_NOTHING,
    PUTS,
    WAITS,        // it has no reply yet
    REPLIES,      // it was answered with the status `number` and the body `text`
    ABORTS,       // its client went away
    SERVER_SENDS, // `number` times (0: once)
    SERVER_SENDS_BINARY,
    SERVER_CLOSES, // with the reason `number`
    SHARES,        // the session shares its rate under the key `text`
    TURN,          // the loop's turn ends, after `number` milliseconds
    COUNTED,       // so many packets were refused
    HEARD,         // what the layer above was told since the last such step
};

struct step {
    enum act act;
    const char *text;
    int who, number;
};

#define STEPS_MAX 32

struct dialogue {
    const char *name;
    struct step steps[STEPS_MAX];
};

#define INTERVAL 300
#define TIMEOUT  200
#define UPGRADE  1000
#define OUTBOX   500 // two frames of 101 bytes with all that they hold, but not three
#define LINGER   5000

static const struct eio_options options = {
    .ping_interval_ms = INTERVAL,
    .ping_timeout_ms = TIMEOUT,
    .upgrade_timeout_ms = UPGRADE,
    .max_payload = 1000,
    .max_outbox_bytes = OUTBOX,
    .allow_eio3 = true,
};

#define WEBSOCKET "EIO=4&transport=websocket"
#define POLLING   "EIO=4&transport=polling"
#define TO_SID    "EIO=4&transport=polling&sid=$"
#define PROBE     "EIO=4&transport=websocket&sid=$"
#define SAID_OPEN(upgrades)                                                                        \
    "0{\"sid\":\"$\",\"upgrades\":[" upgrades                                                      \
    "],\"pingInterval\":300,\"pingTimeout\":200,\"maxPayload\":1000}"
#define WS_OPEN      SAID_OPEN("") "|"
#define POLLING_OPEN SAID_OPEN("\"websocket\"")

#define HUNDRED                                                                                    \
    "4"                                                                                            \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"  \
    "123456789"

#define FIVE                                                                                       \
    "4a\x1e"                                                                                       \
    "4a\x1e"                                                                                       \
    "4a\x1e"                                                                                       \
    "4a\x1e"                                                                                       \
    "4a"
#define FIFTEEN FIVE "\x1e" FIVE "\x1e" FIVE
#define SIXTEEN                                                                                    \
    FIFTEEN "\x1e"                                                                                 \
            "4a"
#define TEN_REFUSED                                                                                \
    "refused: refused: refused: refused: refused: refused: refused: refused: refused: refused: "

// clang-format off
// How most dialogues begin.
#define ON_WEBSOCKET {OPENS, WEBSOCKET}, {TURN}, {WROTE, WS_OPEN}, {HEARD, "open "}
#define ON_POLLING   {GETS, POLLING}, {REPLIES, POLLING_OPEN, .number = 200}, {TURN}, {HEARD, "open "}

// A step leaves out what it does not need.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

static const struct dialogue dialogues[] = {
    // handshakes
    {"WebSocket opens", {ON_WEBSOCKET, {STAYS}}},
    {"polling opens", {ON_POLLING}},
    {"nothing is written before the turn ends", {{OPENS, WEBSOCKET}, {WROTE, ""}, {TURN}, {WROTE, WS_OPEN}, {TURN}, {WROTE, ""}}},
    {"an empty sid is a handshake", {{GETS, POLLING "&sid="}, {REPLIES, POLLING_OPEN, .number = 200}}},

    // messages
    {"text on a WebSocket", {ON_WEBSOCKET, {SAYS, "4hi"}, {HEARD, "text:hi "}}},
    {"empty text on a WebSocket", {ON_WEBSOCKET, {SAYS, "4"}, {HEARD, "text: "}, {TURN}, {STAYS}}},
    {"binary on a WebSocket", {ON_WEBSOCKET, {SENDS, "\x01\x02"}, {HEARD, "bin:\x01\x02 "}}},
    {"empty binary on a WebSocket", {ON_WEBSOCKET, {SENDS, ""}, {HEARD, "bin: "}, {TURN}, {STAYS}}},
    {"base64 on a WebSocket", {ON_WEBSOCKET, {SAYS, "bAQI="}, {HEARD, "bin:\x01\x02 "}}},
    {"to a WebSocket", {ON_WEBSOCKET, {SERVER_SENDS, "4hi"}, {TURN}, {WROTE, "4hi|"}}},
    {"binary to a WebSocket", {ON_WEBSOCKET, {SERVER_SENDS_BINARY, "x"}, {TURN}, {WROTE, "bin:x|"}}},
    {"several in one write", {ON_WEBSOCKET, {SERVER_SENDS, "4a"}, {SERVER_SENDS_BINARY, "x"}, {SERVER_SENDS, "4b"}, {TURN}, {WROTE, "4a+bin:x+4b|"}}},
    {"in the turn of the handshake", {{OPENS, WEBSOCKET}, {SERVER_SENDS, "4a"}, {TURN}, {WROTE, SAID_OPEN("") "+4a|"}}},
    {"posted", {ON_POLLING, {POSTS, "4hi", 1}, {REPLIES, "ok", 1, 200}, {HEARD, "text:hi "}}},
    {"several posted at once", {ON_POLLING, {POSTS, "4a\x1e" "bAQI=\x1e" "4b", 1}, {REPLIES, "ok", 1, 200}, {HEARD, "text:a bin:\x01\x02 text:b "}}},
    {"to a waiting poll", {ON_POLLING, {GETS, TO_SID, 1}, {WAITS, .who = 1}, {SERVER_SENDS, "4hi"}, {WAITS, .who = 1}, {TURN}, {REPLIES, "4hi", 1, 200}}},
    {"to the next poll", {ON_POLLING, {SERVER_SENDS, "4hi"}, {TURN}, {GETS, TO_SID, 1}, {REPLIES, "4hi", 1, 200}}},
    {"several in one reply", {ON_POLLING, {SERVER_SENDS, "4a"}, {SERVER_SENDS_BINARY, "\x01\x02"}, {SERVER_SENDS, "4b"}, {TURN}, {GETS, TO_SID, 1}, {REPLIES, "4a\x1e" "bAQI=\x1e" "4b", 1, 200}}},
    {"each message once", {ON_POLLING, {SERVER_SENDS, "4a"}, {GETS, TO_SID, 1}, {REPLIES, "4a", 1, 200}, {GETS, TO_SID, 2}, {WAITS, .who = 2}, {TURN}, {WAITS, .who = 2}, {SERVER_SENDS, "4b"}, {TURN}, {REPLIES, "4b", 2, 200}}},
    {"posted while a poll waits", {ON_POLLING, {GETS, TO_SID, 1}, {POSTS, "4hi", 2}, {REPLIES, "ok", 2, 200}, {TURN}, {WAITS, .who = 1}, {HEARD, "text:hi "}}},

    // heartbeats
    {"no ping too soon", {ON_WEBSOCKET, {TURN, .number = INTERVAL - 1}, {WROTE, ""}}},
    {"ping at its time", {ON_WEBSOCKET, {TURN, .number = INTERVAL}, {WROTE, "2|"}, {TURN, .number = TIMEOUT - 1}, {STAYS}, {WROTE, ""}}},
    {"pong asks for the next ping", {ON_WEBSOCKET, {TURN, .number = INTERVAL}, {WROTE, "2|"}, {TURN, .number = 100}, {SAYS, "3"}, {TURN, .number = INTERVAL - 1}, {WROTE, ""}, {TURN, .number = 1}, {WROTE, "2|"}, {STAYS}}},
    {"no pong ends it", {ON_WEBSOCKET, {TURN, .number = INTERVAL}, {WROTE, "2|"}, {TURN, .number = TIMEOUT}, {CLOSED, .number = 0}, {HEARD, "close:ping timeout "}}},
    {"a message is no pong", {ON_WEBSOCKET, {TURN, .number = INTERVAL}, {TURN, .number = 100}, {SAYS, "4hi"}, {HEARD, "text:hi "}, {TURN, .number = 100}, {CLOSED, .number = 0}, {HEARD, "close:ping timeout "}}},
    {"a pong unasked for", {ON_WEBSOCKET, {SAYS, "3"}, {TURN}, {STAYS}, {WROTE, ""}}},
    {"ping to a waiting poll", {ON_POLLING, {GETS, TO_SID, 1}, {TURN, .number = INTERVAL}, {REPLIES, "2", 1, 200}, {POSTS, "3", 2}, {REPLIES, "ok", 2, 200}, {TURN, .number = TIMEOUT}, {GETS, TO_SID, 3}, {WAITS, .who = 3}, {TURN, .number = INTERVAL - TIMEOUT}, {REPLIES, "2", 3, 200}}},
    {"a client that never polls", {ON_POLLING, {TURN, .number = INTERVAL}, {TURN, .number = TIMEOUT}, {HEARD, "close:ping timeout "}, {GETS, TO_SID, 1}, {REPLIES, "{\"code\":1,\"message\":\"Session ID unknown\"}", 1, 400}}},
    {"a waiting poll is released at a missing pong", {ON_POLLING, {TURN, .number = INTERVAL}, {GETS, TO_SID, 1}, {REPLIES, "2", 1, 200}, {GETS, TO_SID, 2}, {TURN, .number = TIMEOUT}, {REPLIES, "1", 2, 200}, {HEARD, "close:ping timeout "}}},
    {"ping of a client", {ON_WEBSOCKET, {SAYS, "2"}, {TURN}, {CLOSED, .number = 1002}, {HEARD, "close:parse error "}}},
    {"posted ping", {ON_POLLING, {POSTS, "2", 1}, {TURN}, {HEARD, "close:parse error "}}},

    // packets without a meaning, and none
    {"open, upgrade and noop of a client", {ON_WEBSOCKET, {SAYS, "0"}, {SAYS, "5"}, {SAYS, "6"}, {TURN}, {STAYS}, {HEARD, ""}}},
    {"empty text", {ON_WEBSOCKET, {SAYS, ""}, {TURN}, {CLOSED, .number = 1002}, {HEARD, "close:parse error "}}},
    {"unknown type", {ON_WEBSOCKET, {SAYS, "7"}, {TURN}, {CLOSED, .number = 1002}, {HEARD, "close:parse error "}}},
    {"broken base64", {ON_WEBSOCKET, {SAYS, "b!"}, {TURN}, {CLOSED, .number = 1002}, {HEARD, "close:parse error "}}},
    {"nothing is heard after an error", {ON_WEBSOCKET, {SAYS, "7"}, {SAYS, "4hi"}, {SENDS, "x"}, {SAYS, "7"}, {TURN}, {HEARD, "close:parse error "}}},
    {"unknown type posted", {ON_POLLING, {POSTS, "abc", 1}, {REPLIES, "", 1, 400}, {TURN}, {HEARD, "close:parse error "}}},
    {"message before an error", {ON_POLLING, {POSTS, "4a\x1e" "9\x1e" "4b", 1}, {REPLIES, "", 1, 400}, {TURN}, {HEARD, "text:a close:parse error "}}},
    {"separator alone posted", {ON_POLLING, {POSTS, "\x1e", 1}, {REPLIES, "", 1, 400}, {TURN}, {HEARD, "close:parse error "}}},
    {"separator at the end", {ON_POLLING, {POSTS, "4a\x1e", 1}, {REPLIES, "", 1, 400}, {TURN}, {HEARD, "text:a close:parse error "}}},
    {"empty POST", {ON_POLLING, {POSTS, "", 1}, {REPLIES, "", 1, 400}, {TURN}, {HEARD, "close:parse error "}}},
    {"POST without a body", {ON_POLLING, {POSTS_NOTHING, .who = 1}, {REPLIES, "", 1, 400}, {TURN}, {HEARD, "close:parse error "}}},
    {"broken base64 posted", {ON_POLLING, {POSTS, "bAQI=!", 1}, {REPLIES, "", 1, 400}, {TURN}, {HEARD, "close:parse error "}}},
    {"octet-stream posted", {ON_POLLING, {GETS, TO_SID, 1}, {POSTS_BINARY, "\1\2\xff\4x", 2}, {REPLIES, "", 2, 400}, {TURN}, {REPLIES, "1", 1, 200}, {HEARD, "close:parse error "}}},
    {"unknown method", {ON_POLLING, {GETS, TO_SID, 1}, {PUTS, TO_SID, 2}, {REPLIES, "", 2, 500}, {TURN}, {WAITS, .who = 1}, {HEARD, ""}}},
    {"second GET", {ON_POLLING, {GETS, TO_SID, 1}, {GETS, TO_SID, 2}, {REPLIES, "", 2, 400}, {TURN}, {REPLIES, "1", 1, 200}, {HEARD, "close:parse error "}, {GETS, TO_SID, 3}, {REPLIES, "{\"code\":1,\"message\":\"Session ID unknown\"}", 3, 400}}},
    {"GET while the handshake waits for nothing", {ON_POLLING, {GETS, TO_SID, 1}, {WAITS, .who = 1}}},

    // how it ends
    {"close packet", {ON_WEBSOCKET, {SAYS, "1"}, {TURN}, {CLOSED, .number = 1000}, {HEARD, "close:transport close "}}},
    {"close packet overtakes the poll", {ON_POLLING, {POSTS, "1", 1}, {REPLIES, "ok", 1, 200}, {GETS, TO_SID, 2}, {TURN}, {REPLIES, "6", 2, 200}, {HEARD, "close:transport close "}, {GETS, TO_SID, 3}, {REPLIES, "{\"code\":1,\"message\":\"Session ID unknown\"}", 3, 400}}},
    {"poll in the turn in which another was given up", {ON_POLLING, {GETS, TO_SID, 1}, {ABORTS, .who = 1}, {GETS, TO_SID, 2}, {REPLIES, "{\"code\":1,\"message\":\"Session ID unknown\"}", 2, 400}, {TURN}, {HEARD, "close:transport close "}}},
    {"close packet posted", {ON_POLLING, {GETS, TO_SID, 1}, {POSTS, "1", 2}, {REPLIES, "ok", 2, 200}, {TURN}, {REPLIES, "6", 1, 200}, {HEARD, "close:transport close "}}},
    {"messages behind a close packet", {ON_POLLING, {POSTS, "1\x1e" "4a", 1}, {REPLIES, "ok", 1, 200}, {TURN}, {HEARD, "close:transport close "}}},
    {"WebSocket vanishes", {ON_WEBSOCKET, {GONE}, {HEARD, ""}, {TURN}, {HEARD, "close:transport close "}}},
    {"poll is given up", {ON_POLLING, {GETS, TO_SID, 1}, {ABORTS, .who = 1}, {TURN}, {HEARD, "close:transport close "}, {GETS, TO_SID, 2}, {REPLIES, "{\"code\":1,\"message\":\"Session ID unknown\"}", 2, 400}}},
    {"handshake is given up", {{GETS, POLLING}, {TURN}, {GETS, TO_SID, 1}, {SERVER_SENDS, "4lost"}, {ABORTS, .who = 1}, {TURN}, {HEARD, "open close:transport close "}}},
    {"gone between end and turn", {ON_POLLING, {POSTS, "9", 1}, {GETS, TO_SID, 2}, {REPLIES, "{\"code\":1,\"message\":\"Session ID unknown\"}", 2, 400}, {TURN}, {HEARD, "close:parse error "}}},
    {"closed from above", {ON_WEBSOCKET, {SERVER_CLOSES, .number = EIO_FORCED_CLOSE}, {STAYS}, {TURN}, {CLOSED, .number = 1000}, {HEARD, "close:forced close "}}},
    {"closed twice", {ON_WEBSOCKET, {SERVER_CLOSES, .number = EIO_FORCED_CLOSE}, {SERVER_CLOSES, .number = EIO_PARSE_ERROR}, {TURN}, {CLOSED, .number = 1000}, {HEARD, "close:forced close "}}},
    {"closed at shutdown", {ON_WEBSOCKET, {SERVER_CLOSES, .number = EIO_SHUTTING_DOWN}, {TURN}, {CLOSED, .number = 1001}, {HEARD, "close:server shutting down "}}},
    {"last words on a WebSocket", {ON_WEBSOCKET, {SERVER_SENDS, "4a"}, {SERVER_SENDS, "4b"}, {SERVER_CLOSES, .number = EIO_FORCED_CLOSE}, {SERVER_SENDS, "4late"}, {TURN}, {WROTE, "4a+4b|"}, {CLOSED, .number = 1000}}},
    {"last words that a backlog keeps", {ON_WEBSOCKET, {FILLS}, {SERVER_SENDS, "4a"}, {SERVER_CLOSES, .number = EIO_FORCED_CLOSE}, {TURN}, {WROTE, ""}, {CLOSED, .number = 1000}, {HEARD, "close:forced close "}}},
    {"words before a ping timeout", {ON_WEBSOCKET, {TURN, .number = INTERVAL}, {WROTE, "2|"}, {FILLS}, {SERVER_SENDS, "4a"}, {TURN, .number = TIMEOUT}, {WROTE, ""}, {CLOSED, .number = 0}, {HEARD, "close:ping timeout "}}},
    {"closed while a poll waits", {ON_POLLING, {GETS, TO_SID, 1}, {SERVER_CLOSES, .number = EIO_FORCED_CLOSE}, {TURN}, {REPLIES, "1", 1, 200}, {HEARD, "close:forced close "}, {GETS, TO_SID, 2}, {REPLIES, "{\"code\":1,\"message\":\"Session ID unknown\"}", 2, 400}}},
    {"last words to a waiting poll", {ON_POLLING, {GETS, TO_SID, 1}, {SERVER_SENDS, "4a"}, {SERVER_SENDS, "4b"}, {SERVER_CLOSES, .number = EIO_FORCED_CLOSE}, {TURN}, {REPLIES, "4a\x1e" "4b", 1, 200}, {HEARD, "close:forced close "}, {GETS, TO_SID, 2}, {REPLIES, "1", 2, 200}}},
    {"last words to the next poll", {ON_POLLING, {SERVER_SENDS, "4a"}, {SERVER_CLOSES, .number = EIO_FORCED_CLOSE}, {TURN}, {HEARD, "close:forced close "}, {TURN, .number = LINGER - 1}, {GETS, TO_SID, 1}, {REPLIES, "4a", 1, 200}, {GETS, TO_SID, 2}, {REPLIES, "1", 2, 200}, {GETS, TO_SID, 3}, {REPLIES, "{\"code\":1,\"message\":\"Session ID unknown\"}", 3, 400}, {TURN, .number = LINGER}, {HEARD, ""}}},
    {"last words at shutdown", {ON_POLLING, {SERVER_SENDS, "4a"}, {SERVER_CLOSES, .number = EIO_SHUTTING_DOWN}, {TURN}, {GETS, TO_SID, 1}, {REPLIES, "4a", 1, 200}, {GETS, TO_SID, 2}, {REPLIES, "1", 2, 200}}},
    {"last words that nobody asks for", {ON_POLLING, {SERVER_SENDS, "4a"}, {SERVER_CLOSES, .number = EIO_FORCED_CLOSE}, {TURN}, {HEARD, "close:forced close "}, {TURN, .number = LINGER}, {GETS, TO_SID, 1}, {REPLIES, "{\"code\":1,\"message\":\"Session ID unknown\"}", 1, 400}, {HEARD, ""}}},
    {"last words that are left at the end", {ON_POLLING, {SERVER_SENDS, "4a"}, {SERVER_CLOSES, .number = EIO_FORCED_CLOSE}, {TURN}}},
    {"no last words after an error", {ON_POLLING, {SERVER_SENDS, "4a"}, {POSTS, "9", 1}, {TURN}, {GETS, TO_SID, 2}, {REPLIES, "{\"code\":1,\"message\":\"Session ID unknown\"}", 2, 400}}},
    {"posted after the last words", {ON_POLLING, {SERVER_SENDS, "4a"}, {SERVER_CLOSES, .number = EIO_FORCED_CLOSE}, {TURN}, {HEARD, "close:forced close "}, {POSTS, "4hi", 1}, {REPLIES, "ok", 1, 200}, {POSTS, "9", 2}, {REPLIES, "", 2, 400}, {TURN}, {HEARD, ""}, {GETS, TO_SID, 3}, {REPLIES, "4a", 3, 200}, {GETS, TO_SID, 4}, {REPLIES, "1", 4, 200}}},
    {"upgrade of one that lingers", {ON_POLLING, {SERVER_SENDS, "4a"}, {SERVER_CLOSES, .number = EIO_FORCED_CLOSE}, {TURN}, {IS_TURNED, PROBE}, {GETS, TO_SID, 1}, {REPLIES, "4a", 1, 200}, {GETS, TO_SID, 2}, {REPLIES, "1", 2, 200}}},

    // upgrade
    {"upgrade", {ON_POLLING, {OPENS, PROBE}, {SAYS, "2probe"}, {WROTE, "3probe|"}, {SAYS, "5"}, {TURN}, {SERVER_SENDS, "4a"}, {TURN}, {WROTE, "4a|"}, {SAYS, "4hi"}, {HEARD, "text:hi "}, {GETS, TO_SID, 1}, {REPLIES, "{\"code\":3,\"message\":\"Bad request\"}", 1, 400}, {POSTS, "4x", 2}, {REPLIES, "{\"code\":3,\"message\":\"Bad request\"}", 2, 400}}},
    {"upgrade while a poll waits", {ON_POLLING, {GETS, TO_SID, 1}, {OPENS, PROBE}, {TURN}, {WAITS, .who = 1}, {SAYS, "2probe"}, {REPLIES, "6", 1, 200}, {SAYS, "5"}, {TURN}, {SERVER_SENDS, "4a"}, {TURN}, {WROTE, "3probe|4a|"}}},
    {"messages that wait when it is probed", {ON_POLLING, {GETS, TO_SID, 1}, {OPENS, PROBE}, {SERVER_SENDS, "4a"}, {SAYS, "2probe"}, {REPLIES, "4a\x1e" "6", 1, 200}, {SAYS, "5"}, {TURN}, {WROTE, "3probe|"}}},
    {"messages between probe and upgrade", {ON_POLLING, {GETS, TO_SID, 1}, {OPENS, PROBE}, {SAYS, "2probe"}, {REPLIES, "6", 1, 200}, {SERVER_SENDS, "4a"}, {SERVER_SENDS_BINARY, "x"}, {TURN}, {WROTE, "3probe|"}, {SERVER_SENDS, "4b"}, {SAYS, "5"}, {SERVER_SENDS, "4c"}, {TURN}, {WROTE, "4a+bin:x+4b+4c|"}}},
    {"a poll between probe and upgrade", {ON_POLLING, {OPENS, PROBE}, {SAYS, "2probe"}, {SERVER_SENDS, "4a"}, {GETS, TO_SID, 1}, {REPLIES, "4a\x1e" "6", 1, 200}, {GETS, TO_SID, 2}, {REPLIES, "6", 2, 200}, {SERVER_SENDS, "4b"}, {SAYS, "5"}, {TURN}, {WROTE, "3probe|4b|"}}},
    {"posted between probe and upgrade", {ON_POLLING, {OPENS, PROBE}, {SAYS, "2probe"}, {POSTS, "4a", 1}, {REPLIES, "ok", 1, 200}, {SAYS, "5"}, {SAYS, "4b"}, {HEARD, "text:a text:b "}}},
    {"poll still held at the upgrade", {ON_POLLING, {GETS, TO_SID, 1}, {OPENS, PROBE}, {SERVER_SENDS, "4a"}, {SAYS, "5"}, {REPLIES, "4a\x1e" "6", 1, 200}, {SERVER_SENDS, "4b"}, {TURN}, {WROTE, "4b|"}}},
    {"ping before the upgrade, pong behind it", {ON_POLLING, {TURN, .number = INTERVAL}, {OPENS, PROBE}, {SAYS, "2probe"}, {SAYS, "5"}, {TURN}, {WROTE, "3probe|2|"}, {SAYS, "3"}, {TURN, .number = TIMEOUT}, {STAYS}, {TURN, .number = INTERVAL - TIMEOUT}, {WROTE, "2|"}}},
    {"probed twice", {ON_POLLING, {OPENS, PROBE}, {SAYS, "2probe"}, {SAYS, "2probe"}, {WROTE, "3probe|3probe|"}, {SAYS, "5"}, {TURN}, {STAYS}}},
    {"second WebSocket with the sid", {ON_POLLING, {OPENS, PROBE}, {IS_TURNED, PROBE, 1}, {SAYS, "2probe"}, {SAYS, "5"}, {TURN}, {STAYS}, {SERVER_SENDS, "4a"}, {TURN}, {WROTE, "3probe|4a|"}}},
    {"WebSocket with the sid of one upgraded", {ON_POLLING, {OPENS, PROBE}, {SAYS, "5"}, {TURN}, {IS_TURNED, PROBE, 1}, {SAYS, "4a"}, {HEARD, "text:a "}, {STAYS}}},
    {"WebSocket with the sid of a WebSocket", {ON_WEBSOCKET, {IS_TURNED, PROBE, 1}, {SAYS, "4a"}, {HEARD, "text:a "}}},
    {"WebSocket with an unknown sid", {{IS_TURNED, "EIO=4&transport=websocket&sid=x"}, {HEARD, ""}}},
    {"message before the upgrade", {ON_POLLING, {OPENS, PROBE}, {SAYS, "4hi"}, {CLOSED, .number = 1000}, {HEARD, ""}, {GETS, TO_SID, 1}, {SERVER_SENDS, "4a"}, {TURN}, {REPLIES, "4a", 1, 200}}},
    {"binary before the upgrade", {ON_POLLING, {OPENS, PROBE}, {SENDS, "2probe"}, {CLOSED, .number = 1000}, {HEARD, ""}}},
    {"garbage before the upgrade", {ON_POLLING, {OPENS, PROBE}, {SAYS, "abc"}, {CLOSED, .number = 1000}, {SAYS, "5"}, {SAYS, "4hi"}, {HEARD, ""}, {GONE}, {TURN}, {POSTS, "4hi", 1}, {HEARD, "text:hi "}}},
    {"ping that is no probe", {ON_POLLING, {OPENS, PROBE}, {SAYS, "2"}, {CLOSED, .number = 1000}, {TURN}, {HEARD, ""}}},
    {"probe of something longer", {ON_POLLING, {OPENS, PROBE}, {SAYS, "2probes"}, {CLOSED, .number = 1000}}},
    {"probe on a WebSocket of its own", {ON_WEBSOCKET, {SAYS, "2probe"}, {TURN}, {CLOSED, .number = 1002}, {HEARD, "close:parse error "}}},
    {"upgrade that does not come", {ON_POLLING, {OPENS, PROBE}, {SAYS, "2probe"}, {TURN, .number = INTERVAL}, {POSTS, "3", 1}, {TURN, .number = INTERVAL}, {POSTS, "3", 1}, {TURN, .number = INTERVAL}, {POSTS, "3", 1}, {STAYS}, {TURN, .number = UPGRADE - 3 * INTERVAL}, {CLOSED, .number = 1000}, {HEARD, ""}, {SERVER_SENDS, "4a"}, {GETS, TO_SID, 2}, {REPLIES, "2\x1e" "2\x1e" "2\x1e" "4a", 2, 200}, {GETS, TO_SID, 3}, {WAITS, .who = 3}}},
    {"another upgrade after one that failed", {ON_POLLING, {OPENS, PROBE}, {SAYS, "9"}, {GONE}, {OPENS, PROBE, 1}, {SAYS, "2probe", 1}, {SAYS, "5", 1}, {SERVER_SENDS, "4a"}, {TURN}, {WROTE, "3probe|4a|", 1}}},
    {"client vanishes in mid-upgrade", {ON_POLLING, {OPENS, PROBE}, {SAYS, "2probe"}, {GONE}, {TURN}, {HEARD, ""}, {GETS, TO_SID, 1}, {WAITS, .who = 1}, {SERVER_SENDS, "4a"}, {TURN}, {REPLIES, "4a", 1, 200}}},
    {"poll is given up in mid-upgrade", {ON_POLLING, {GETS, TO_SID, 1}, {OPENS, PROBE}, {ABORTS, .who = 1}, {TURN}, {CLOSED, .number = 1000}, {HEARD, "close:transport close "}}},
    {"session ends in mid-upgrade", {ON_POLLING, {OPENS, PROBE}, {SAYS, "2probe"}, {SERVER_CLOSES, .number = EIO_FORCED_CLOSE}, {SAYS, "5"}, {TURN}, {CLOSED, .number = 1000}, {HEARD, "close:forced close "}, {SAYS, "4hi"}, {HEARD, ""}}},
    {"session with words left ends in mid-upgrade", {ON_POLLING, {OPENS, PROBE}, {SAYS, "2probe"}, {WROTE, "3probe|"}, {SERVER_SENDS, "4a"}, {SERVER_CLOSES, .number = EIO_FORCED_CLOSE}, {SAYS, "5"}, {TURN}, {WROTE, ""}, {CLOSED, .number = 1000}, {GETS, TO_SID, 1}, {REPLIES, "4a", 1, 200}, {GETS, TO_SID, 2}, {REPLIES, "1", 2, 200}}},
    {"upgrade lasts", {ON_POLLING, {OPENS, PROBE}, {SAYS, "2probe"}, {SAYS, "5"}, {TURN, .number = INTERVAL}, {SAYS, "3"}, {TURN, .number = INTERVAL}, {SAYS, "3"}, {TURN, .number = INTERVAL}, {SAYS, "3"}, {TURN, .number = UPGRADE - 3 * INTERVAL}, {STAYS}, {HEARD, ""}}},
    {"session ends after its WebSocket", {ON_POLLING, {OPENS, PROBE}, {SAYS, "5"}, {GONE}, {SERVER_SENDS, "4a"}, {TURN}, {HEARD, "close:transport close "}, {GETS, TO_SID, 1}, {REPLIES, "{\"code\":1,\"message\":\"Session ID unknown\"}", 1, 400}}},
    {"probe to a WebSocket with a backlog", {ON_POLLING, {OPENS, PROBE}, {FILLS}, {SAYS, "2probe"}, {CLOSED, .number = 1000}, {HEARD, ""}}},
    {"writable while it probes", {ON_POLLING, {OPENS, PROBE}, {SERVER_SENDS, "4a"}, {FILLS}, {DRAINS}, {TURN}, {WROTE, ""}, {GETS, TO_SID, 1}, {REPLIES, "4a", 1, 200}}},

    // backlog
    {"a backlog waits", {ON_WEBSOCKET, {FILLS}, {SERVER_SENDS, "4a"}, {TURN}, {SERVER_SENDS, "4b"}, {TURN}, {WROTE, ""}, {DRAINS}, {WROTE, ""}, {TURN}, {WROTE, "4a+4b|"}}},
    {"a backlog at the handshake", {{OPENS, WEBSOCKET}, {FILLS}, {TURN}, {WROTE, ""}, {DRAINS}, {TURN}, {WROTE, WS_OPEN}}},
    {"gone with a backlog", {ON_WEBSOCKET, {FILLS}, {SERVER_SENDS, "4a"}, {TURN}, {GONE}, {TURN}, {HEARD, "close:transport close "}}},
    {"slow consumer", {ON_WEBSOCKET, {FILLS},
        {SERVER_SENDS, HUNDRED}, {TURN},
        {SERVER_SENDS, HUNDRED}, {TURN}, {STAYS}, {HEARD, ""},
        {SERVER_SENDS, HUNDRED}, {TURN},
        {CLOSED, .number = 0}, {WROTE, ""}, {HEARD, "close:slow consumer "}}},
    {"client that polls too slowly", {ON_POLLING,
        {SERVER_SENDS, HUNDRED}, {TURN},
        {SERVER_SENDS, HUNDRED}, {TURN}, {HEARD, ""},
        {SERVER_SENDS, HUNDRED}, {TURN},
        {HEARD, "close:slow consumer "}, {GETS, TO_SID, 1}, {REPLIES, "{\"code\":1,\"message\":\"Session ID unknown\"}", 1, 400}}},
    {"a rush that the WebSocket takes", {ON_WEBSOCKET, {SERVER_SENDS, HUNDRED}, {SERVER_SENDS, HUNDRED}, {SERVER_SENDS, HUNDRED}, {SERVER_SENDS, HUNDRED}, {TURN}, {STAYS}, {WROTE, HUNDRED "+" HUNDRED "|" HUNDRED "+" HUNDRED "|"}}},
    {"a rush that a waiting poll takes", {ON_POLLING, {GETS, TO_SID, 1}, {SERVER_SENDS, HUNDRED}, {SERVER_SENDS, HUNDRED}, {SERVER_SENDS, HUNDRED}, {REPLIES, HUNDRED "\x1e" HUNDRED, 1, 200}, {GETS, TO_SID, 2}, {REPLIES, HUNDRED, 2, 200}, {HEARD, ""}}},
    {"a rush of which the WebSocket takes a part", {ON_WEBSOCKET, {TAKES, .number = 150}, {SERVER_SENDS, HUNDRED}, {SERVER_SENDS, HUNDRED}, {SERVER_SENDS, HUNDRED}, {SERVER_SENDS, HUNDRED}, {SERVER_SENDS, HUNDRED}, {TURN}, {CLOSED, .number = 0}, {HEARD, "close:slow consumer "}}},
    {"many small ones hold more than their bytes", {ON_WEBSOCKET, {FILLS}, {SERVER_SENDS, "4"}, {SERVER_SENDS, "4"}, {SERVER_SENDS, "4"}, {SERVER_SENDS, "4"}, {TURN}, {STAYS}, {SERVER_SENDS, "4"}, {SERVER_SENDS, "4"}, {TURN}, {CLOSED, .number = 0}, {HEARD, "close:slow consumer "}}},

    // frames of which the socket takes a part
    {"cut within a frame", {ON_WEBSOCKET, {TAKES, .number = 3}, {SERVER_SENDS, "4abc"}, {TURN}, {WROTE, "|"}, {TAKES}, {TURN}, {WROTE, ""}, {DRAINS}, {TURN}, {WROTE, "4abc|"}}},
    {"cut within its header", {ON_WEBSOCKET, {TAKES, .number = 1}, {SERVER_SENDS, "4abc"}, {TURN}, {TAKES}, {DRAINS}, {TURN}, {WROTE, "|4abc|"}}},
    {"cut many times", {ON_WEBSOCKET, {TAKES, .number = 2}, {SERVER_SENDS, "4abc"}, {TURN}, {DRAINS}, {TURN}, {DRAINS}, {TURN}, {WROTE, "||4abc|"}}},
    {"cut in the second of three", {ON_WEBSOCKET, {TAKES, .number = 6}, {SERVER_SENDS, "4a"}, {SERVER_SENDS, "4b"}, {SERVER_SENDS, "4c"}, {TURN}, {WROTE, "4a|"}, {TAKES}, {SERVER_SENDS, "4d"}, {DRAINS}, {TURN}, {WROTE, "4b|4c+4d|"}}},
    {"cut between two", {ON_WEBSOCKET, {TAKES, .number = 4}, {SERVER_SENDS, "4a"}, {SERVER_SENDS, "4b"}, {TURN}, {WROTE, "4a|"}, {TAKES}, {DRAINS}, {TURN}, {WROTE, "4b|"}}},
    {"cut within the handshake", {{OPENS, WEBSOCKET}, {TAKES, .number = 10}, {TURN}, {SERVER_SENDS, "4a"}, {TAKES}, {DRAINS}, {TURN}, {WROTE, "|" SAID_OPEN("") "|4a|"}}},
    {"cut binary of revision 3", {{OPENS, "EIO=3&transport=websocket"}, {TURN}, {WROTE, WS_OPEN}, {TAKES, .number = 3}, {SERVER_SENDS_BINARY, "xy"}, {SERVER_SENDS, "4b"}, {TURN}, {TAKES}, {DRAINS}, {TURN}, {WROTE, "|bin:\x04xy|4b|"}}},
    {"cut answer to a probe", {ON_POLLING, {OPENS, PROBE}, {TAKES, .number = 3}, {SAYS, "2probe"}, {WROTE, "|"}, {TAKES}, {DRAINS}, {WROTE, "3probe|"}, {SAYS, "5"}, {SERVER_SENDS, "4a"}, {TURN}, {WROTE, "4a|"}}},
    {"cut answer to a probe, and the upgrade", {ON_POLLING, {OPENS, PROBE}, {TAKES, .number = 3}, {SAYS, "2probe"}, {SAYS, "5"}, {SERVER_SENDS, "4a"}, {TURN}, {WROTE, "|"}, {TAKES}, {DRAINS}, {TURN}, {WROTE, "3probe|4a|"}}},
    {"closed with a cut frame", {ON_WEBSOCKET, {TAKES, .number = 3}, {SERVER_SENDS, "4abc"}, {TURN}, {SERVER_CLOSES, .number = EIO_FORCED_CLOSE}, {TURN}, {CLOSED, .number = 1000}}},
    {"gone with a cut frame", {ON_WEBSOCKET, {TAKES, .number = 3}, {SERVER_SENDS, "4abc"}, {TURN}, {GONE}, {TURN}, {HEARD, "close:transport close "}}},

    {"one message over the limit", {ON_WEBSOCKET,
        {SERVER_SENDS, HUNDRED
                           "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
                           "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"},
        {TURN}, {STAYS}, {HEARD, ""}}},

    // revision 3
    {"revision 3: the client pings", {{OPENS, "EIO=3&transport=websocket"}, {TURN}, {WROTE, WS_OPEN}, {TURN, .number = INTERVAL + TIMEOUT - 1}, {WROTE, ""}, {SAYS, "2abc"}, {TURN}, {WROTE, "3abc|"}, {TURN, .number = INTERVAL + TIMEOUT - 1}, {STAYS}, {TURN, .number = 1}, {CLOSED, .number = 0}, {HEARD, "open close:ping timeout "}}},
    {"revision 3: pong of a client", {{OPENS, "EIO=3&transport=websocket"}, {TURN}, {SAYS, "3"}, {TURN}, {CLOSED, .number = 1002}, {HEARD, "open close:parse error "}}},
    {"revision 3: polling", {{GETS, "EIO=3&transport=polling"}, {TURN}, {POSTS, "3:4hi2:4\xe2\x82\xac", 1}, {REPLIES, "ok", 1, 200}, {HEARD, "open text:hi text:\xe2\x82\xac "}, {SERVER_SENDS, "4\xe2\x82\xac"}, {GETS, TO_SID, 2}, {REPLIES, "2:4\xe2\x82\xac", 2, 200}}},
    {"revision 3: binary on a WebSocket", {{OPENS, "EIO=3&transport=websocket"}, {TURN}, {WROTE, WS_OPEN}, {SENDS, "\x04hi"}, {HEARD, "open bin:hi "}, {SERVER_SENDS, "4a"}, {SERVER_SENDS_BINARY, "x"}, {SERVER_SENDS, "4b"}, {TURN}, {WROTE, "4a|bin:\x04x|4b|"}}},
    {"base64 asked for on a WebSocket", {{OPENS, WEBSOCKET "&b64=1"}, {TURN}, {WROTE, WS_OPEN}, {SERVER_SENDS_BINARY, "\x01\x02"}, {TURN}, {WROTE, "bAQI=|"}}},
};

// What a client may send: 10 packets at once, one more each second.
static const struct dialogue metered[] = {
    {"noops within the rate", {ON_WEBSOCKET, {SAYS, "6", .number = 10}, {TURN}, {STAYS}}},
    {"noops over it are passed over", {ON_WEBSOCKET, {SAYS, "6", .number = 1010}, {TURN}, {STAYS}}},
    {"but not for ever",
     {ON_WEBSOCKET,
      {SAYS, "6", .number = 1011},
      {TURN},
      {CLOSED, .number = 1008},
      {HEARD, "close:rate limit "}}},
    {"pongs count", {ON_WEBSOCKET, {SAYS, "3", .number = 1011}, {TURN}, {CLOSED, .number = 1008}}},
    {"messages count",
     {ON_WEBSOCKET,
      {SAYS, "4", .number = 10},
      {HEARD, "text: text: text: text: text: text: text: text: text: text: "},
      {SAYS, "4", .number = 100},
      {HEARD, TEN_REFUSED TEN_REFUSED TEN_REFUSED TEN_REFUSED TEN_REFUSED TEN_REFUSED TEN_REFUSED TEN_REFUSED TEN_REFUSED TEN_REFUSED},
      {TURN},
      {STAYS},
      {SAYS, "4"},
      {TURN},
      {CLOSED, .number = 1008},
      {HEARD, "close:rate limit "}}},
    {"pings of revision 3 over the rate get no answer",
     {{OPENS, "EIO=3&transport=websocket"},
      {TURN},
      {WROTE, WS_OPEN},
      {SAYS, "2", .number = 12},
      {TURN},
      {WROTE, "3+3+3+3+3+3+3+3+3+3|"},
      {STAYS},
      {SAYS, "2", .number = 99},
      {TURN},
      {CLOSED, .number = 1008}}},
    {"a goodbye is always taken",
     {ON_WEBSOCKET,
      {SAYS, "6", .number = 20},
      {SAYS, "1"},
      {TURN},
      {CLOSED, .number = 1000},
      {HEARD, "close:transport close "}}},
    {"a second brings one more",
     {ON_WEBSOCKET,
      {SAYS, "4", .number = 10},
      {HEARD, "text: text: text: text: text: text: text: text: text: text: "},
      {TURN, .number = 299},
      {SAYS, "3"},
      {TURN, .number = 1},
      {SAYS, "3"},
      {STAYS}}},
    {"bytes count",
     {ON_WEBSOCKET,
      {SAYS, "4" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED},
      {SAYS, "4" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED},
      {TURN},
      {STAYS},
      {SAYS, "4" HUNDRED HUNDRED HUNDRED},
      {TURN},
      {STAYS},
      {COUNTED, .number = 1}}},
    {"posted noops count",
     {ON_POLLING,
      {POSTS,
       "6\x1e"
       "6\x1e"
       "6\x1e"
       "6\x1e"
       "6\x1e"
       "6\x1e"
       "6\x1e"
       "6\x1e"
       "6\x1e"
       "6\x1e"
       "6",
       1},
      {REPLIES, "ok", 1, 200},
      {COUNTED, .number = 1}}},
};

#define MEMBER(who, key) {OPENS, WEBSOCKET, who}, {SHARES, key}

// What all sessions of a key may send together: 10 packets at once, one more each second.
static const struct dialogue shared[] = {
    {"a session of its own", {{OPENS, WEBSOCKET}, {SAYS, "4", .number = 20}, {COUNTED}}},
    {"alone with its key",
     {MEMBER(0, "u"), {SAYS, "4", .number = 10}, {COUNTED}, {SAYS, "4"}, {COUNTED, .number = 1}}},
    {"two of a key",
     {MEMBER(0, "u"),
      MEMBER(1, "u"),
      {SAYS, "4", 0, 5},
      {SAYS, "4", 1, 6},
      {SAYS, "4", 0, 1},
      {COUNTED, .number = 2}}},
    {"two of two keys",
     {MEMBER(0, "u"), MEMBER(1, "v"), {SAYS, "4", 0, 10}, {SAYS, "4", 1, 10}, {COUNTED}}},
    {"one that comes when another has sent",
     {MEMBER(0, "u"), {SAYS, "4", 0, 10}, MEMBER(1, "u"), {SAYS, "4", 1}, {COUNTED, .number = 1}}},
    {"one that leaves and comes back",
     {MEMBER(0, "u"),
      {SAYS, "4", 0, 10},
      {GONE},
      {TURN},
      MEMBER(1, "u"),
      {SAYS, "4", 1},
      {COUNTED, .number = 1}}},
    {"or a second later",
     {MEMBER(0, "u"),
      {SAYS, "4", 0, 10},
      {GONE},
      {TURN, .number = 1000},
      MEMBER(1, "u"),
      {SAYS, "4", 1, 2},
      {COUNTED, .number = 1}}},
    {"the first key stays",
     {MEMBER(0, "u"),
      {SAYS, "4", 0, 10},
      {SHARES, "v"},
      {SAYS, "4"},
      {COUNTED, .number = 1}}},
    {"noops are each one's own", {MEMBER(0, "u"), {SAYS, "6", .number = 20}, {COUNTED}}},
    {"so are attachments", {MEMBER(0, "u"), {SENDS, "x", .number = 20}, {COUNTED}}},
};

// Of one polling answer; with an outbox that holds more.
static const struct dialogue crowded[] = {
    {"16 packets in one answer, the rest with the next poll", {ON_POLLING, {SERVER_SENDS, "4a", .number = 20}, {TURN}, {GETS, TO_SID, 1}, {REPLIES, SIXTEEN, 1, 200}, {SERVER_SENDS, "4b"}, {TURN}, {GETS, TO_SID, 2}, {REPLIES, "4a\x1e" "4a\x1e" "4a\x1e" "4a\x1e" "4b", 2, 200}, {GETS, TO_SID, 3}, {WAITS, .who = 3}}},
    {"16 packets to a waiting poll", {ON_POLLING, {GETS, TO_SID, 1}, {SERVER_SENDS, "4a", .number = 17}, {TURN}, {REPLIES, SIXTEEN, 1, 200}, {GETS, TO_SID, 2}, {REPLIES, "4a", 2, 200}}},
    {"last words of several answers", {ON_POLLING, {SERVER_SENDS, "4a", .number = 18}, {SERVER_CLOSES, .number = EIO_FORCED_CLOSE}, {TURN}, {GETS, TO_SID, 1}, {REPLIES, SIXTEEN, 1, 200}, {GETS, TO_SID, 2}, {REPLIES, "4a\x1e" "4a", 2, 200}, {GETS, TO_SID, 3}, {REPLIES, "1", 3, 200}}},
    {"an upgrade takes what no answer had room for", {ON_POLLING, {GETS, TO_SID, 1}, {SERVER_SENDS, "4a", .number = 17}, {OPENS, PROBE}, {SAYS, "2probe"}, {REPLIES, FIFTEEN "\x1e" "6", 1, 200}, {SAYS, "5"}, {TURN}, {WROTE, "3probe|4a+4a|"}}},
};

// With data that its type has no use for.
static const struct dialogue overweight[] = {
    {"a noop with a few bytes",
     {ON_WEBSOCKET,
      {SAYS, "6"
             "abc"},
      {TURN},
      {STAYS}}},
    {"a long noop", {ON_WEBSOCKET, {SAYS, "6" HUNDRED HUNDRED}, {TURN}, {CLOSED, .number = 1002}}},
    {"a long open", {ON_WEBSOCKET, {SAYS, "0" HUNDRED HUNDRED}, {TURN}, {CLOSED, .number = 1002}}},
    {"a long upgrade",
     {ON_WEBSOCKET, {SAYS, "5" HUNDRED HUNDRED}, {TURN}, {CLOSED, .number = 1002}}},
    {"a long pong", {ON_WEBSOCKET, {SAYS, "3" HUNDRED HUNDRED}, {TURN}, {CLOSED, .number = 1002}}},
    {"a long goodbye",
     {ON_WEBSOCKET, {SAYS, "1" HUNDRED HUNDRED}, {TURN}, {CLOSED, .number = 1002}}},
    {"a long ping of revision 3",
     {{OPENS, "EIO=3&transport=websocket"},
      {TURN},
      {WROTE, WS_OPEN},
      {SAYS, "2" HUNDRED HUNDRED},
      {TURN},
      {WROTE, ""},
      {CLOSED, .number = 1002}}},
    {"a long noop in binary of revision 3",
     {{OPENS, "EIO=3&transport=websocket"},
      {TURN},
      {SENDS, "\x06" HUNDRED HUNDRED},
      {TURN},
      {CLOSED, .number = 1002}}},
    {"a long noop posted",
     {ON_POLLING, {POSTS, "6" HUNDRED HUNDRED, 1}, {TURN}, {HEARD, "close:parse error "}}},
    {"a long message", {ON_WEBSOCKET, {SAYS, HUNDRED HUNDRED}, {TURN}, {STAYS}}},
    {"an upgrade with much behind it",
     {ON_POLLING,
      {OPENS, PROBE},
      {SAYS, "2probe"},
      {SAYS, "5" HUNDRED HUNDRED},
      {CLOSED, .number = 1000},
      {HEARD, ""}}},
    {"a probe that asks again and again",
     {ON_POLLING,
      {OPENS, PROBE},
      {SAYS, "2probe", .number = 5},
      {WROTE, "3probe|3probe|3probe|3probe|"},
      {CLOSED, .number = 1000},
      {HEARD, ""}}},
};
// clang-format on

static void check_that(bool ok, const char *what, const struct step *step)
{
    if (!ok)
        fail_msg("step {%d, \"%s\", %d, %d}: %s", step->act, step->text ? step->text : "",
                 step->who, step->number, what);
}

// Compares, and forgets what was seen so far.
static void check_seen(struct buffer *seen, struct span expected, const struct step *step)
{
    if (!span_eq(buffer_span(seen), expected))
        fail_msg("step {%d, \"%s\", %d, %d}: seen \"%.*s\"", step->act,
                 step->text ? step->text : "", step->who, step->number, (int)seen->len, seen->ptr);
    buffer_clear(seen);
}

static void request(struct fake_engine *fake, const struct step *step, enum http_method method,
                    const char *content_type, struct span text)
{
    struct span query = method == HTTP_POST ? fake_with_sid(fake, TO_SID) : text;
    struct span body = method == HTTP_POST ? text : (struct span){NULL, 0};

    fake_request(fake, step->who, method, query, body, content_type);
    if (method == HTTP_POST)
        free((void *)query.ptr);
}

static void check_reply(struct fake_exchange *exchange, struct span body, const struct step *step)
{
    check_that(!exchange->waits, "no reply", step);
    check_that((int)exchange->status == step->number, "another status", step);
    check_seen(&exchange->body, body, step);
}

// What a client or the server does.
static void act(struct fake_engine *fake, const struct step *step, struct span text)
{
    struct fake_websocket *websocket = &fake->websockets[step->who];

    switch (step->act) {
    case OPENS:
    case IS_TURNED:
        check_that(fake_websocket_open(fake, step->who, text) == (step->act == OPENS),
                   "taken or not", step);
        break;
    case SAYS:
    case SENDS:
        for (int i = 0; i < step->number || i == 0; i++)
            fake_websocket_says(fake, step->who, step->act == SAYS ? FRAME_TEXT : FRAME_BINARY,
                                text);
        break;
    case GONE:
        fake_websocket_gone(fake, step->who);
        break;
    case FILLS:
        websocket->backlog = true;
        break;
    case DRAINS:
        fake_websocket_drained(fake, step->who);
        break;
    case TAKES:
        websocket->takes_less = step->number > 0;
        websocket->takes = (size_t)step->number;
        break;
    case GETS:
        request(fake, step, HTTP_GET, NULL, text);
        break;
    case POSTS:
        request(fake, step, HTTP_POST, "text/plain;charset=UTF-8", text);
        break;
    case POSTS_BINARY:
        request(fake, step, HTTP_POST, "application/octet-stream", text);
        break;
    case POSTS_NOTHING:
        request(fake, step, HTTP_POST, NULL, (struct span){NULL, 0});
        break;
    case PUTS:
        request(fake, step, HTTP_OTHER, NULL, text);
        break;
    case ABORTS:
        fake_abort(fake, step->who);
        break;
    case SERVER_SENDS:
    case SERVER_SENDS_BINARY:
        for (int i = 0; i < step->number || i == 0; i++)
            fake_send(fake, step->act == SERVER_SENDS ? FRAME_TEXT : FRAME_BINARY, text);
        break;
    case SERVER_CLOSES:
        eio_session_close(fake->session, (enum eio_close_reason)step->number);
        break;
    case SHARES:
        eio_session_share_rate(fake->session, text);
        break;
    default:
        fake_turn(fake, (uint64_t)step->number);
        break;
    }
}

static void play(struct fake_engine *fake, const struct step *step)
{
    struct fake_websocket *websocket = &fake->websockets[step->who];
    struct fake_exchange *exchange = &fake->exchanges[step->who];
    struct span text = fake_with_sid(fake, step->text ? step->text : "");

    switch (step->act) {
    case WROTE:
        check_seen(&websocket->wrote, text, step);
        break;
    case CLOSED:
        check_that(websocket->closed, "not closed", step);
        check_that((int)websocket->close_code == step->number, "another code", step);
        break;
    case STAYS:
        check_that(websocket->open && !websocket->closed, "closed", step);
        break;
    case WAITS:
        check_that(exchange->waits, "answered", step);
        break;
    case REPLIES:
        check_reply(exchange, text, step);
        break;
    case COUNTED:
        check_that(metric_get(&fake->metrics.rate_refused) == (uint64_t)step->number,
                   "another number was refused", step);
        break;
    case HEARD:
        check_seen(&fake->heard, text, step);
        break;
    default:
        act(fake, step, text);
        break;
    }
    free((void *)text.ptr);
}

static void play_all(const struct dialogue *dialogue, const struct eio_options *with)
{
    struct fake_engine *fake = fake_engine_new(with);

    for (size_t i = 0; i < STEPS_MAX && dialogue->steps[i].act != END; i++)
        play(fake, &dialogue->steps[i]);
    fake_engine_free(fake);
}

static void plays_out(void **state)
{
    play_all(*state, &options);
}

static void plays_out_within_limits(void **state)
{
    struct eio_options limited = options;

    limited.max_packets_per_second = 1;
    limited.max_bytes_per_second = 1000;
    limited.max_outbox_bytes = 5000;
    play_all(*state, &limited);
}

static void plays_out_together(void **state)
{
    struct eio_options limited = options;

    limited.max_packets_per_second_together = 1;
    play_all(*state, &limited);
}

static void plays_out_with_room(void **state)
{
    struct eio_options roomy = options;

    roomy.max_outbox_bytes = 1 << 20;
    play_all(*state, &roomy);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(dialogues) + ARRAY_LEN(metered) + ARRAY_LEN(shared) +
                            ARRAY_LEN(crowded) + ARRAY_LEN(overweight)];
    size_t count = 0;

    ADD_ROWS(tests, count, dialogues, plays_out);
    ADD_ROWS(tests, count, metered, plays_out_within_limits);
    ADD_ROWS(tests, count, shared, plays_out_together);
    ADD_ROWS(tests, count, crowded, plays_out_with_room);
    ADD_ROWS(tests, count, overweight, plays_out);
    return cmocka_run_group_tests_name("engine.io session", tests, NULL, NULL);
}
