#!/usr/bin/env python3
"""Tokens that should let nobody in, and rooms that nobody should get into."""

import json
import time

from edge import SECRET, encode
from suite import OPEN, HostileTest, SocketClient, WEBSOCKET, WEBSOCKET_3, add_rows, main, token

NOW = int(time.time())
HS256 = {"alg": "HS256", "typ": "JWT"}


def unsigned(claims=None, header=None):
    return encode(header or {"alg": "none"}) + "." + encode(claims or {"id": "u1"}) + "."


def raw(payload):
    """A well-signed token with these bytes as its payload."""
    return token(payload.encode())


def tampered():
    head, body, mark = token().split(".")
    return ".".join([head, encode({"id": "admin"}), mark])


def refusal(words):
    return '44{"message":"Authentication error: %s"}' % words


MALFORMED, INVALID = refusal("jwt malformed"), refusal("invalid token")
ALGORITHM, SIGNATURE = refusal("invalid algorithm"), refusal("invalid signature")
UNSIGNED = refusal("jwt signature is required")
MISSING = refusal("No token provided")
WELCOME = "40{*"

DEEP_ID = '{"id":' + '{"a":' * 6000 + "1" + "}" * 6000 + "}"

# The value of auth.token, and the answer.
TOKENS = [
    ("token: none", None, MISSING),
    ("token: empty", "", MISSING),
    ("token: number", 1, MALFORMED),
    ("token: array", ["x"], MALFORMED),
    ("token: object", {"toString": "x"}, MALFORMED),
    ("token: switch", True, MALFORMED),
    ("token: one word", "x", MALFORMED),
    ("token: dots", "..", INVALID),
    ("token: a thousand dots", "." * 1000, MALFORMED),
    ("token: four parts", token() + ".x", MALFORMED),
    ("token: 60 KB", token({"id": "u1", "x": "x" * 45000}), MALFORMED),
    ("token: 60 KB of rubbish", "x" * 60000, MALFORMED),
    ("token: NUL", token() + "\x00", MALFORMED),
    ("token: blanks around it", f" {token()} ", INVALID),
    ("token: Bearer before it", "Bearer " + token(), INVALID),
    ("token: padding", token().replace(".", "=.", 1), INVALID),
    ("token: newline within", token().replace(".", "\n.", 1), INVALID),

    ("algorithm: none", unsigned(), UNSIGNED),
    ("algorithm: None", unsigned(header={"alg": "None"}), UNSIGNED),
    ("algorithm: nOnE with a signature", token(header={"alg": "nOnE"}), ALGORITHM),
    ("algorithm: none of HS256", unsigned(header=HS256), UNSIGNED),
    ("algorithm: not there", token(header={"typ": "JWT"}), ALGORITHM),
    ("algorithm: null", token(header={"alg": None}), ALGORITHM),
    ("algorithm: array", token(header={"alg": ["HS256"]}), ALGORITHM),
    ("algorithm: HS512", token(header={"alg": "HS512"}), ALGORITHM),
    ("algorithm: RS256", token(header={"alg": "RS256"}), ALGORITHM),
    ("algorithm: small letters", token(header={"alg": "hs256"}), ALGORITHM),
    ("algorithm: twice", token(header=b'{"alg":"none","alg":"HS256"}'), WELCOME),
    ("header: no JSON", token(header=b"garbage"), INVALID),
    ("header: array", token(header=b"[]"), INVALID),
    ("header: nested 3,000 deep", token(header=b"[" * 3000), INVALID),
    ("header: key by path", token(header={**HS256, "kid": "../../../dev/null"}), WELCOME),
    ("header: key by injection", token(header={**HS256, "kid": "x' UNION SELECT 'k"}), WELCOME),
    ("header: key by address", token({"id": "a"}, {**HS256, "jku": "http://127.0.0.1:1/", "x5u": "x"}), WELCOME),
    ("header: a key of its own", token({"id": "a"}, {**HS256, "jwk": {"kty": "oct", "k": "AA"}}, "\x00"), SIGNATURE),
    ("header: critical extension", token(header={**HS256, "crit": ["exp"]}), INVALID),

    ("signature: another secret", token(secret="another"), SIGNATURE),
    ("signature: empty secret", token(secret=""), SIGNATURE),
    ("signature: none", token().rsplit(".", 1)[0] + ".", UNSIGNED),
    ("signature: short", token()[:-1], SIGNATURE),
    ("signature: of other claims", tampered(), SIGNATURE),

    ("claims: no JSON", raw("garbage"), INVALID),
    ("claims: array", raw("[]"), INVALID),
    ("claims: nothing", raw("{}"), INVALID),
    ("claims: id nested 10,000 deep", token(DEEP_ID[:5500].encode()), INVALID),
    ("claims: token of an id nested 6,000 deep", raw(DEEP_ID), MALFORMED),
    ("claims: id of an object", raw('{"id":{"a":1}}'), INVALID),
    ("claims: id of an array", raw('{"id":["u1"]}'), INVALID),
    ("claims: id of a fraction", raw('{"id":1.5}'), INVALID),
    ("claims: id of a switch", raw('{"id":true}'), INVALID),
    ("claims: id too large", raw('{"id":1e400}'), INVALID),
    ("claims: id of NUL", raw('{"id":"u\\u0000"}'), INVALID),
    ("claims: id of an escape character", raw('{"id":"u\\u001b[31m"}'), INVALID),
    ("claims: id of 257 bytes", token({"id": "x" * 257}), INVALID),
    ("claims: id that looks like a room", token({"id": "conversation:1"}), WELCOME),
    ("claims: expired", token({"id": "a", "exp": NOW - 1}), refusal("jwt expired")),
    ("claims: exp negative", token({"id": "a", "exp": -1}), refusal("jwt expired")),
    ("claims: exp of text", token({"id": "a", "exp": str(NOW + 999)}), INVALID),
    ("claims: exp of null", token({"id": "a", "exp": None}), INVALID),
    ("claims: exp of a fraction", token({"id": "a", "exp": NOW + 999.5}), WELCOME),
    ("claims: exp past 2^63", raw('{"id":"a","exp":9223372036854775808}'), "4[04]{*"),
    ("claims: exp of 1e308", raw('{"id":"a","exp":1e308}'), "4[04]{*"),
    ("claims: nbf ahead", token({"id": "a", "nbf": NOW + 999}), refusal("jwt not active")),
    ("claims: nbf of text", token({"id": "a", "nbf": "0"}), INVALID),
    ("claims: iat ahead", token({"id": "a", "iat": NOW + 999}), WELCOME),
    ("claims: aud of an array", token({"id": "a", "aud": ["x", 1, None]}), WELCOME),
    ("claims: half a login", token({"id": "a", "requires2FA": True}), refusal("second factor required")),
    ("claims: half a login in words", token({"id": "a", "requires2FA": "false"}), refusal("second factor required")),
    ("claims: __proto__", raw('{"__proto__":{"id":"admin"}}'), INVALID),
]

# The same at the handshake of revision 3, in the query.
QUERIES = [
    ("query: good", token(), "40"),
    ("query: garbage", "x", '44"Authentication error: jwt malformed"'),
    ("query: broken escape", token() + "%z", "44*"),
    ("query: unsigned", unsigned(), '44"Authentication error: jwt signature is required"'),
]

MISSING_ROOM = '{"error":"Missing roomType or roomId"}'
BAD_TYPE, BAD_ID = '{"error":"Invalid roomType"}', '{"error":"Invalid roomId"}'
NOT_IN, JOINED = '{"error":"Not in room"}', '{"success":true,*'


def room(kind, name):
    return json.dumps({"roomType": kind, "roomId": name})


def room_as_written(name):
    return '{"roomType":"conversation","roomId":' + name + "}"


# The event, its payload as it is written, and the ack.
ROOMS = [
    ("room: nothing", "join_room", "{}", MISSING_ROOM),
    ("room: null", "join_room", "null", MISSING_ROOM),
    ("room: text", "join_room", '"conversation:1"', MISSING_ROOM),
    ("room: array", "join_room", '["conversation","1"]', MISSING_ROOM),
    ("room: no id", "join_room", '{"roomType":"conversation"}', MISSING_ROOM),
    ("room: empty id", "join_room", room("conversation", ""), MISSING_ROOM),
    ("room: of another user", "join_room", room("user", "u2"), BAD_TYPE),
    ("room: of another user by its type", "join_room", room("user:u2", "x"), BAD_TYPE),
    ("room: type with NUL", "join_room", room("conversation\x00", "1"), BAD_ID),
    ("room: type in capitals", "join_room", room("Conversation", "1"), BAD_TYPE),
    ("room: type __proto__", "join_room", room("__proto__", "1"), BAD_TYPE),
    ("room: type of an array", "join_room", room(["conversation"], "1"), BAD_TYPE),
    ("room: id of an object", "join_room", room("conversation", {"a": 1}), BAD_ID),
    ("room: id of an array", "join_room", room("conversation", ["1"]), BAD_ID),
    ("room: id of a switch", "join_room", room("conversation", True), BAD_ID),
    ("room: id with NUL", "join_room", room("conversation", "a\x00b"), BAD_ID),
    ("room: id with a newline", "join_room", room("conversation", "a\nb"), BAD_ID),
    ("room: id with DEL", "join_room", room("conversation", "a\x7f"), BAD_ID),
    ("room: id of 256 bytes", "join_room", room("conversation", "x" * 256), JOINED),
    ("room: id of 257 bytes", "join_room", room("conversation", "x" * 257), BAD_ID),
    ("room: id of 900 KB", "join_room", room("conversation", "x" * 900000), BAD_ID),
    ("room: id with a colon", "join_room", room("conversation", "1:2"), JOINED),
    ("room: id with a hash", "join_room", room("conversation", "#"), JOINED),
    ("room: id of look-alikes", "join_room", room("conversation", "\u0430\u202e\u200b"), JOINED),
    ("room: id of a lone surrogate", "join_room", room_as_written('"\\ud800"'), "*"),
    ("room: id of zero below zero", "join_room", room_as_written("-0"), "*"),
    ("room: id of infinity", "join_room", room_as_written("1e400"), "*"),
    ("room: id of many digits", "join_room", room_as_written("1" * 200), "*"),
    ("room: both twice", "join_room",
     '{"roomType":"user","roomId":"u2","roomType":"conversation","roomId":"1"}', "*"),
    ("room: leave one's own", "leave_room", room("user", "u1"), BAD_TYPE),
    ("room: type where one is not", "typing", room("conversation", "elsewhere"), NOT_IN),
    ("room: stop typing where one is not", "stop_typing", room("notification", "x"), NOT_IN),
    ("refresh: nothing", "refresh_token", "null", '{"error":"No token provided"}'),
    ("refresh: garbage", "refresh_token", '{"token":"x"}', '{"error":"jwt malformed"}'),
    ("refresh: unsigned", "refresh_token", json.dumps({"token": unsigned()}),
     '{"error":"jwt signature is required"}'),
    ("refresh: of another user", "refresh_token", json.dumps({"token": token({"id": "u2"})}),
     '{"error":"Token belongs to another user"}'),
]


class Access(HostileTest):
    settings = {"MAX_ROOMS_PER_SOCKET": "5"}

    def tokens(self, value, answer):
        auth = {} if value is None else {"token": value}
        with SocketClient(self.server, connect=False) as client:
            client.send_all(["40" + json.dumps(auth)])
            heard = client.hear()
            self.assertTrue(self.fits_answer(answer, heard), f"{heard} is not {answer}")
            if heard.startswith("40"):
                client.skip_to('42["connected"*')
            self.assertEnds(client, OPEN)

    @staticmethod
    def fits_answer(pattern, text):
        if pattern == "4[04]{*":  # in or out, but not undecided
            return text.startswith(("40{", "44{"))
        return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern

    def queries(self, value, answer):
        with SocketClient(self.server, f"{WEBSOCKET_3}&token={value}", connect=False) as client:
            heard = client.hear()
            self.assertTrue(self.fits_answer(answer, heard), heard)

    def query_of_revision_4(self):
        with SocketClient(self.server, f"{WEBSOCKET}&token={token()}", connect=False) as client:
            client.say("40")
            self.assertEqual(client.hear(), MISSING)

    def rooms(self, event, payload, ack):
        with SocketClient(self.server) as client:
            client.send_all([f'425["{event}",{payload}]'])
            heard = client.hear()
            self.assertTrue(self.fits_answer(f"435[{ack}" + ("" if ack.endswith("*") else "]"),
                                             heard), heard)
            self.assertEnds(client, OPEN)

    def test_room_id_nested_100_000_deep(self):
        with SocketClient(self.server) as client:
            client.send_all(['425["join_room",' + room_as_written("[" * 100000 + "]" * 100000) + "]"])
            self.assertEnds(client, 1002)

    def test_rooms_over_the_limit(self):
        with SocketClient(self.server) as client:
            client.send_all([f'42{i}["join_room",{room("conversation", str(i))}]' for i in range(6)])
            heard = [client.hear() for _ in range(6)]
            self.assertEqual([text for text in heard if "success" in text], heard[:4])
            self.assertEqual(heard[4:], [f'43{i}[{{"error":"Too many rooms"}}]' for i in (4, 5)])

    def test_nobody_hears_what_was_refused(self):
        with SocketClient(self.server) as one, SocketClient(self.server) as other:
            other.say('421["join_room",' + room("conversation", "quiet") + "]")
            other.skip_to("431*")
            one.say('421["typing",' + room("conversation", "quiet") + "]")
            one.skip_to(f"431[{NOT_IN}]")
            self.assertEnds(other, OPEN)


add_rows(Access, TOKENS, Access.tokens)
add_rows(Access, QUERIES, Access.queries)
add_rows(Access, [("query: of revision 4 is not looked at",)], Access.query_of_revision_4)
add_rows(Access, ROOMS, Access.rooms)

if __name__ == "__main__":
    main()
